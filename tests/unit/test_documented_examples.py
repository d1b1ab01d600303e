"""What the documentation shows does what it says: its Python runs, its commands exist, its settings are accepted.

Every block marked `python` is executed, a page's blocks in one namespace and in order; a block that begins with a
comment that names a file can be imported by later ones. Workflows then compile, and tests in the page pass. Blocks
marked `python compile-only` need more than a page can bring.
"""

import asyncio
import inspect
import json
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main
import yaml
from pydantic import BaseModel, ValidationError

from agent.config import AgentConfig
from aggregator.config import AggregatorConfig
from hourglass import Workflow
from hourglass.cli.app import app
from hourglass.cli.network import NetworkConfig

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```([^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\w+)\.py\n")
SETTINGS: tuple[type[BaseModel], ...] = (AgentConfig, AggregatorConfig, NetworkConfig)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    marked: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path, *marked: str) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in BLOCK.finditer(text):
        if found[1] in marked:
            yield Block(page, text.count("\n", 0, found.start()) + 2, found[1], found[2])


def with_blocks(*marked: str) -> pytest.MarkDecorator:
    """Parametrize by the pages that have such blocks."""
    pages = [page for page in PAGES if any(blocks(page, *marked))]
    assert pages
    return pytest.mark.parametrize("page", pages, ids=lambda page: str(page.relative_to(ROOT)))


@with_blocks("python")
def test_the_python_of_a_page_runs_as_it_stands_there(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("page")
    for block in blocks(page, "python"):
        code = compile("\n" * (block.line - 1) + block.text, str(page), "exec")
        exec(code, module.__dict__)
        if (named := FILE.match(block.text)) is not None:
            file = ModuleType(named[1])
            file.__dict__.update(module.__dict__)
            monkeypatch.setitem(sys.modules, named[1], file)
    defined = dict(module.__dict__)
    for workflow in (one for one in defined.values() if isinstance(one, Workflow)):
        assert workflow.compile().phases
    for test in (one for name, one in defined.items() if name.startswith("test_")):
        if inspect.iscoroutinefunction(test):
            asyncio.run(test())
        else:
            test()


@with_blocks("python", "python compile-only")
def test_what_a_page_marks_as_python_is_python(page: Path) -> None:
    for block in blocks(page, "python", "python compile-only"):
        compile(block.text, str(block), "exec")


def test_the_guide_for_authors_shows_every_decorator_and_a_network_in_a_test() -> None:
    guide = ROOT / "docs" / "developers" / "write-a-workflow.md"
    shown = "".join(block.text for block in blocks(guide, "python"))
    for one in ("immediate", "coordination", "continuous", "conditional", "aggregation", "combine"):
        assert f".{one}(" in shown
    assert "async def test_" in shown
    assert "memory_network(" in shown


# ── Commands ──────────────────────────────────────────────────────────────────────────────────────────


@with_blocks("sh")
def test_every_command_that_a_page_shows_exists_with_its_options(page: Path) -> None:
    for block in blocks(page, "sh"):
        for line in block.text.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["hourglass"]:
                _check_command(words[1:], f"{block}: {line}")


def _check_command(words: list[str], where: str) -> None:
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        assert words, where
        assert words[0] in command.commands, where
        command, words = command.commands[words[0]], words[1:]
    known = {spelling for one in command.params for spelling in (*one.opts, *one.secondary_opts)}
    assert {word for word in words if word.startswith("-")} <= known, where


# ── Settings ──────────────────────────────────────────────────────────────────────────────────────────


@with_blocks("yaml")
def test_every_file_of_settings_that_a_page_shows_is_one_of_some_node(page: Path) -> None:
    for block in blocks(page, "yaml"):
        settings = yaml.safe_load(block.text)
        assert any(_takes(model, settings) for model in SETTINGS), block


def _takes(model: type[BaseModel], settings: Any) -> bool:
    try:
        model.model_validate(settings)
    except ValidationError:
        return False
    return True


# ── Figures ───────────────────────────────────────────────────────────────────────────────────────────


def test_the_gas_that_the_first_page_names_is_what_was_measured() -> None:
    measured = json.loads((ROOT / "contracts" / "snapshots" / "gas.json").read_text("utf-8"))
    gas = int(measured["submitPhaseResult, last phase, all signed"])
    assert f"| `submitPhaseResult`, everybody signed, 32-byte result | {gas:,} gas |" in PAGES[0].read_text(
        "utf-8"
    )
