"""The page for AVSs that come from Hourglass leaves out nothing of theirs, and names nothing that is not there."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
import typer
from pydantic import BaseModel
from vectors import load

from agent.config import AgentConfig
from aggregator.config import AggregatorConfig
from hourglass.cli.app import app
from hourglass.cli.devkit.call import VERBS
from hourglass.cli.devkit.context import ProjectSettings
from hourglass.reasons import Reason
from hourglass.workflow import events

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "from-hourglass.md").read_text("utf-8")
DEVKIT = (ROOT / "docs" / "developers" / "devkit.md").read_text("utf-8")
CODE = re.compile(r"`([^`\n]+)`")
DEFINED = re.compile(r"\bdef\s+(test_\w+)\s*\(")
ROW = re.compile(r"^\| (\d+) \|", re.MULTILINE)
FAULTS = 30


def section(title: str) -> str:
    """What stands under a heading, to the next of its rank."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def named(text: str) -> set[str]:
    return set(CODE.findall(text))


def test_every_fault_stands_in_its_order_with_tests_that_are_there() -> None:
    faults = section("What goes wrong, and what happens here instead")
    assert [int(number) for number in ROW.findall(faults)] == list(range(1, FAULTS + 1))
    defined = {
        name
        for source in (ROOT / "tests").rglob("*.py")
        for name in DEFINED.findall(source.read_text("utf-8"))
    }
    for row in (line for line in faults.splitlines() if ROW.match(line)):
        shown = named(row.rsplit("|", 2)[1])
        assert shown, row
        assert shown - defined == set()


def test_every_event_and_error_of_the_mailbox_has_its_row() -> None:
    mailbox = load("abi_identifiers")["contracts"]["ITaskMailbox"]
    for kind, title in (("events", "Events"), ("errors", "Errors")):
        names = {signature.partition("(")[0] for signature in mailbox[kind]}
        assert len(names) > 5
        assert names - named(section(title)) == set()


def test_every_event_of_ours_is_named() -> None:
    ours = {
        name
        for name, one in vars(events).items()
        if isinstance(one, type) and one.__module__ == events.__name__
    }
    assert len(ours) > 10
    assert ours - named(section("Events")) == set()


def commands(command: Any, path: str) -> Iterator[str]:
    yield path
    for name, child in getattr(command, "commands", {}).items():
        yield from commands(child, f"{path} {name}")


@pytest.mark.parametrize("page", [PAGE, DEVKIT], ids=["from-hourglass", "devkit"])
def test_every_command_that_is_named_is_there(page: str) -> None:
    known = set(commands(typer.main.get_command(app), "hourglass"))
    shown = {one for one in named(page) if one.startswith("hourglass ")}
    words = {one.partition(" --")[0] for one in shown}
    assert len(words) > 2
    assert words - known == set()


def test_every_word_of_a_call_and_every_script_is_on_the_devkit_page() -> None:
    scripts = {path.name for path in (ROOT / "deploy" / "devkit" / ".devkit" / "scripts").iterdir()}
    assert scripts - named(DEVKIT) == set()
    for word, verb in VERBS.items():
        assert f"workflow={word}" in DEVKIT
        for pair in (*verb.arguments, *verb.options, *verb.flags):
            assert f"`{pair}`" in DEVKIT, f"{word}: {pair}"


def settings(model: type[BaseModel], path: str = "") -> Iterator[str]:
    """Every setting's path; [] behind what there are several of."""
    for name, one in model.model_fields.items():
        kinds = (one.annotation, *get_args(one.annotation))
        several = get_origin(one.annotation) is tuple
        here = f"{path}{name}"
        yield here
        for part in kinds:
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from settings(part, f"{here}{'[]' if several else ''}.")


def test_every_setting_that_is_named_is_there() -> None:
    known = {path for model in (AgentConfig, AggregatorConfig, ProjectSettings) for path in settings(model)}
    leaves = {path.rpartition(".")[2] for path in known}
    tables = [line for line in section("Settings").splitlines() if line.startswith("| ")]
    shown = {one for line in tables for one in CODE.findall(line.split(" | ", 1)[1])}
    ours = {one for one in shown if re.fullmatch(r"[a-z_\d]+(\[\])?(\.[A-Za-z_\d]+(\[\])?)*", one)}
    assert len(ours) > 15
    assert {one for one in ours if one not in known and one not in leaves} == {"release"}


def test_every_reason_that_is_named_is_one() -> None:
    codes = {reason.code for reason in Reason}
    errors = {one for one in named(PAGE) if re.fullmatch(r"(task|table|certificate|result)_[a-z_]+", one)}
    shown = errors - {"task_id", "task_mailbox"}
    assert shown
    assert shown - codes == set()
