"""`hourglass workflow graph` on a definition alone."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

from hourglass.cli.app import app
from hourglass.cli.module import load_workflow
from hourglass.errors import ConfigError, DefinitionError
from hourglass.workflow.drawing import mermaid
from hourglass.workflow.drawing_svg import svg

MODULE = """
from hourglass import Context, Workflow
workflow = Workflow("w")
@workflow.immediate(operator_set=1, threshold=6667, timeout={timeout})
async def only(ctx: Context) -> int:
    return 1
"""


@pytest.fixture
def spec(tmp_path: Path) -> str:
    (tmp_path / "module.py").write_text(MODULE.format(timeout=60), "utf-8")
    return f"{tmp_path / 'module.py'}:workflow"


def test_mermaid_is_printed_as_it_is(spec: str) -> None:
    result = CliRunner().invoke(app, ["workflow", "graph", spec])
    assert result.exit_code == 0
    assert result.stdout == mermaid(load_workflow(spec).compile())


def test_an_svg_is_printed_or_written(spec: str, tmp_path: Path) -> None:
    drawn = svg(load_workflow(spec).compile())
    assert CliRunner().invoke(app, ["workflow", "graph", spec, "--format", "svg"]).stdout == drawn
    result = CliRunner().invoke(
        app, ["workflow", "graph", spec, "-f", "svg", "--out", str(tmp_path / "w.svg")]
    )
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "w.svg").read_text("utf-8") == drawn
    assert ElementTree.fromstring(drawn).tag.endswith("svg")


def test_what_can_t_be_written_is_refused_with_the_file_s_name(spec: str) -> None:
    result = CliRunner().invoke(app, ["workflow", "graph", spec, "--out", "/nowhere/w.mmd"])
    assert isinstance(result.exception, ConfigError)
    assert "/nowhere/w.mmd: No such file" in result.exception.detail


def test_an_impossible_workflow_is_not_drawn(tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(MODULE.format(timeout=10**7), "utf-8")
    result = CliRunner().invoke(app, ["workflow", "graph", f"{tmp_path / 'module.py'}:workflow"])
    assert isinstance(result.exception, DefinitionError)
