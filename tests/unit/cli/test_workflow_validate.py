"""`hourglass workflow validate` on a definition alone: what it prints, and with which exit code it ends."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hourglass.cli.app import app
from hourglass.cli.output import out
from hourglass.errors import ConfigError

HEAD = """
from hourglass import Context, Workflow, always
workflow = Workflow("[bold]w[/bold]")
"""
FINE = """
@workflow.immediate(operator_set=1, threshold="66.67%", timeout=60)
async def plain(ctx: Context) -> int:
    return 1
"""
ODD = """
@workflow.conditional(operator_set=1, threshold="none", timeout=60, when=always(), triggered_by="source")
async def gate(ctx: Context) -> int:
    return 1
"""
IMPOSSIBLE = """
@workflow.immediate(operator_set=1, threshold="66.67%", timeout=60, after=["nobody"])
async def orphan(ctx: Context) -> int:
    return 1
"""
TOO_LONG = """
@workflow.immediate(operator_set=1, threshold="66.67%", timeout=10**7)
async def slow(ctx: Context) -> int:
    return 1
"""


class Author:
    """Writes a module, and has it checked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def validates(self, *parts: str, output: str = "table", options: tuple[str, ...] = ()) -> Any:
        path = self.folder / "module.py"
        path.write_text(HEAD + "".join(parts), "utf-8")
        arguments = ["workflow", "validate", f"{path}:workflow", "-n", "none", "-o", output, *options]
        return CliRunner().invoke(app, arguments)


@pytest.fixture
def author(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Author:
    # Wide enough for every sentence to stand on one line, wherever the tests run.
    monkeypatch.setattr(out, "width", 200)
    return Author(tmp_path)


def test_a_definition_that_the_contract_would_take_ends_with_0(author: Author) -> None:
    result = author.validates(FINE)
    assert result.exit_code == 0
    assert "✓ The contract would take it." in result.stdout
    assert "0 errors, 0 warnings." in result.stdout


def test_warnings_alone_end_with_0_too(author: Author) -> None:
    result = author.validates(FINE, ODD)
    assert result.exit_code == 0
    assert (
        "! Its threshold is none: any one operator with stake decides what the result is. (any_stake)"
        in result.stdout
    )
    assert "0 errors, 2 warnings." in result.stdout


def test_a_source_that_is_named_opens_the_gate(author: Author) -> None:
    named = ("--trigger-source", "0x" + "11" * 20)
    assert "no_trigger_source" in author.validates(ODD).stdout
    assert "no_trigger_source" not in author.validates(ODD, options=named).stdout


@pytest.mark.parametrize(("wrong", "rule"), [(IMPOSSIBLE, ""), (TOO_LONG, "TimeoutOutOfRange")])
def test_what_the_contract_would_refuse_ends_with_1_and_has_its_name(
    author: Author, wrong: str, rule: str
) -> None:
    result = author.validates(wrong, output="json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert (report["valid"], report["errors"], report["phases"]) == (False, 1, [])
    (found,) = report["findings"]
    assert (found["severity"], found["rule"]) == ("error", rule)


def test_a_program_reads_phases_with_their_findings(author: Author) -> None:
    report = json.loads(author.validates(FINE, ODD, output="json").stdout)
    assert report["workflow"] == "[bold]w[/bold]"
    assert [(one["phase"], one["name"], one["type"]) for one in report["phases"]] == [
        (0, "plain", "IMMEDIATE"),
        (1, "gate", "CONDITIONAL"),
    ]
    assert [one["rule"] for one in report["phases"][1]["findings"]] == ["any_stake", "no_trigger_source"]
    assert (report["network"], report["creator"], report["costs"]) == (None, None, None)


def test_a_name_s_mark_up_is_shown_as_it_is(author: Author) -> None:
    assert "Workflow [bold]w[/bold]" in author.validates(FINE).stdout


def test_a_module_without_such_a_workflow_is_the_user_s_mistake(author: Author, tmp_path: Path) -> None:
    author.validates(FINE)
    result = CliRunner().invoke(
        app, ["workflow", "validate", f"{tmp_path / 'module.py'}:other", "-n", "none"]
    )
    assert isinstance(result.exception, ConfigError)
    assert "has no workflow 'other'; it has workflow" in result.exception.detail


@pytest.mark.parametrize(
    "command",
    ["validate", "graph", "trigger", "approve", "cancel", "register", "execute"],
)
def test_every_workflow_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, ["workflow", command, "--help"])
    assert result.exit_code == 0
    assert "Usage:" in result.stdout


@pytest.mark.parametrize("command", ["show", "claim", "withdraw"])
def test_every_command_about_fees_explains_itself(command: str) -> None:
    assert "Usage:" in CliRunner().invoke(app, ["fees", command, "--help"]).stdout
