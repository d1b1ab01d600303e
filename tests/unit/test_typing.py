"""The author's API is typed: the checker takes the right use and refuses the wrong one."""

from pathlib import Path

import pytest
from mypy import api

HEAD = """
from hourglass import Context, Workflow, Weighed, reducer, stake_weighted_median
from collections.abc import Sequence
wf = Workflow("w")

@wf.coordination(operator_set=1, threshold="66.67%", timeout=60, reduce=stake_weighted_median)
async def agree(ctx: Context) -> int:
    return 1
"""
RIGHT = """
@wf.immediate(after=[agree], operator_set=1, threshold=6667, timeout=60)
async def update(ctx: Context) -> bytes:
    value: int = ctx.result(agree)
    return b"%d" % value
"""
WRONG = {
    "a result used as another type": """
@wf.immediate(after=[agree], operator_set=1, threshold=6667, timeout=60)
async def update(ctx: Context) -> bytes:
    value: str = ctx.result(agree)
    return value.encode()
""",
    "a reducer of another type": """
@wf.coordination(operator_set=1, threshold=6667, timeout=60, reduce=stake_weighted_median)
async def text(ctx: Context) -> str:
    return "x"
""",
    "a handler that is not async": """
@wf.immediate(operator_set=1, threshold=6667, timeout=60)
def update(ctx: Context) -> bytes:
    return b""
""",
    "a missing timeout": """
@wf.immediate(operator_set=1, threshold=6667)
async def update(ctx: Context) -> bytes:
    return b""
""",
}


def checked(tmp_path: Path, source: str) -> tuple[str, int]:
    file = tmp_path / "mine.py"
    file.write_text(HEAD + source)
    said, _, code = api.run(["--strict", "--cache-dir", str(tmp_path / "cache"), str(file)])
    return said, code


@pytest.mark.timeout(180)
def test_the_right_use_passes_and_each_wrong_one_is_refused_where_it_is(tmp_path: Path) -> None:
    said, code = checked(tmp_path, RIGHT)
    assert code == 0, said
    for why, source in WRONG.items():
        said, code = checked(tmp_path, source)
        assert code == 1, f"{why}: {said}"
        assert "mine.py" in said
