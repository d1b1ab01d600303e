"""What went wrong in Hourglass, and the tests that would notice it here: `audit_trail.json`.

It has the fixes of Hourglass' audits, by the number of the change; faults that are still in its aggregator; and what
cannot happen here, with the reason.
"""

import ast
import json
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
TRAIL: dict[str, dict[str, list[str]]] = json.loads(
    Path(__file__).with_name("audit_trail.json").read_text("utf-8")
)
FAULTS = TRAIL["fixed"] | TRAIL["still there"]
AUDITED = (137, 139, 141, 145, 147, 152, 153, *range(156, 163), *range(164, 168), 169, *range(171, 176))
LATER = (181, 185, 187, 195, 196, 199, 205, 206, 214, 225)
STILL_THERE = range(1, 23)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_hourglass_has_tests_of_ours(fault: str) -> None:
    assert FAULTS[fault]
    for named in FAULTS[fault]:
        file, _, test = named.partition("::")
        assert test in _tests_in(TESTS / file), f"{named} is no test: say which one took its place"


def test_the_list_has_all_that_was_found() -> None:
    listed = _numbers(" ".join([*TRAIL["fixed"], *TRAIL["elsewhere"]]), "#")
    assert listed >= {*AUDITED, *LATER}
    assert {number for fault in TRAIL["still there"] for number in _numbers(fault)} == set(STILL_THERE)
    assert all(TRAIL["elsewhere"].values()), "each says why"


def _numbers(text: str, sign: str = "") -> set[int]:
    words = [word.strip("(),") for word in text.split()]
    return {
        int(word.removeprefix(sign))
        for word in words
        if word.startswith(sign) and word.removeprefix(sign).isdigit()
    }


@cache
def _tests_in(file: Path) -> frozenset[str]:
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse(file.read_text("utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, functions))
