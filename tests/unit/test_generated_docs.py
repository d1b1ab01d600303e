"""The generated pages say what the code says now, and leave nothing out."""

import importlib
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_hash.auto import keccak

import hourglass
from hourglass.workflow.phases import PLANS
from hourglass.workflow.reducers import Reducer

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ABI = ROOT / "hourglass" / "chain" / "abi"
SELECTOR_BYTES = 4


@pytest.fixture(scope="module")
def generator() -> Iterator[Any]:
    """docs/generate.py, which is in no package; its folder is on the path for as long as a script's would be."""
    sys.path.insert(0, str(DOCS))
    try:
        yield importlib.import_module("generate")
    finally:
        sys.path.remove(str(DOCS))


def compiled_errors() -> Iterator[tuple[str, str]]:
    """(signature, selector) of every custom error in the committed ABIs."""
    for path in sorted(ABI.glob("*.json")):
        for entry in json.loads(path.read_text("utf-8"))["abi"]:
            if entry["type"] == "error":
                signature = f"{entry['name']}({','.join(one['type'] for one in entry['inputs'])})"
                yield signature, "0x" + keccak(signature.encode("ascii"))[:SELECTOR_BYTES].hex()


def test_every_generated_page_is_current(generator: Any) -> None:
    assert len(generator.PAGES) == 7
    stale = [page for page, write in generator.PAGES.items() if (DOCS / page).read_text("utf-8") != write()]
    assert stale == [], "run `make docs`"


# ── Custom errors ─────────────────────────────────────────────────────────────────────────────────────


def test_every_custom_error_of_every_contract_is_on_the_errors_page() -> None:
    page = (DOCS / "reference" / "errors.md").read_text("utf-8")
    compiled = dict(compiled_errors())
    assert len(compiled) > 50
    missing = [signature for signature, selector in compiled.items() if selector not in page]
    assert missing == []


def test_the_errors_page_reads_each_error_as_the_compiler_does(generator: Any) -> None:
    compiled = dict(compiled_errors())
    read = {one.signature: one.selector for one in generator.errors.documented()}
    assert compiled.items() - read.items() == set()


def test_every_error_on_the_page_says_what_it_means_in_a_sentence(generator: Any) -> None:
    documented = list(generator.errors.documented())
    assert len(documented) > 100
    wordless = [one.name for one in documented if len(one.notice.split()) < 4 or not one.notice.endswith(".")]
    assert wordless == []


def test_an_error_of_whose_meaning_nobody_speaks_stops_the_writing(generator: Any, tmp_path: Path) -> None:
    path = tmp_path / "Silent.sol"
    path.write_text("interface Silent {\n    error Wordless();\n}\n", "utf-8")
    with pytest.raises(LookupError, match="Wordless"):
        list(generator.errors.Section("Silent", "", (str(path),)).errors())


def test_whatever_python_refuses_by_a_rule_of_the_contract_the_contract_has(generator: Any) -> None:
    rules = generator.errors.python_rules()
    assert len(rules) > 30
    names = {signature.partition("(")[0] for signature in dict(compiled_errors())}
    assert rules.keys() - names == set()


@pytest.mark.parametrize(
    "source",
    [
        "error Two(uint256 a,\n",
        "error Odd(Unknown what);",
        "error Unnamed(uint256);",
        "error Many(uint256[] all);",
    ],
)
def test_an_error_that_the_reader_does_not_understand_is_not_passed_over(
    generator: Any, source: str, tmp_path: Path
) -> None:
    path = tmp_path / "Odd.sol"
    path.write_text(source, "utf-8")
    with pytest.raises(SyntaxError, match=r"Odd\.sol:1"):
        generator.errors.errors_in(path)


def test_a_notice_of_several_lines_and_its_parameters_are_read_with_their_own_error(
    generator: Any, tmp_path: Path
) -> None:
    path = tmp_path / "Few.sol"
    path.write_text(
        "interface Few {\n    // Group\n\n    /// @notice First line,\n    ///         second.\n"
        "    /// @param a What it is.\n    error One(uint256 a);\n    error Two(PhaseStatus actual);\n}\n",
        "utf-8",
    )
    one, two = generator.errors.errors_in(path)
    assert (one.group, one.notice, one.parameters[0].words) == ("Group", "First line, second.", "What it is.")
    assert (two.notice, two.signature) == ("", "Two(uint8)")


# ── Phases, reducers, conditions ──────────────────────────────────────────────────────────────────────


def test_every_phase_type_has_its_row() -> None:
    page = (DOCS / "reference" / "phases.md").read_text("utf-8")
    assert [kind for kind in PLANS if f"| {kind.value} {kind.name} | {PLANS[kind].work} |" not in page] == []


def test_every_reducer_that_authors_import_is_on_the_reducers_page(generator: Any) -> None:
    shown = dict(generator.reducers.shown())
    exported = {name for name in hourglass.__all__ if isinstance(getattr(hourglass, name), Reducer)}
    assert exported - shown.keys() == set()
    page = (DOCS / "reference" / "reducers.md").read_text("utf-8")
    assert [name for name, rule in shown.items() if f"| `{rule.name}` |" not in page] == []


def test_no_two_reducers_have_one_name_on_chain(generator: Any) -> None:
    names = [rule.name for _, rule in generator.reducers.shown()]
    assert len(names) == len(set(names))


def test_every_reducer_says_who_can_move_it(generator: Any) -> None:
    rows = [
        line
        for line in generator.reducers.page().splitlines()
        if line.startswith("| `") and "import" not in line
    ]
    assert rows
    told = re.compile(r"liar|Holders of|Fewer than half|As `weighted_vote`")
    assert [row for row in rows if not told.search(row)] == []


def test_every_way_to_write_a_condition_has_its_example(generator: Any) -> None:
    triggers = generator.triggers
    assert sorted(map(triggers.called, triggers.EXAMPLES)) == sorted(triggers.constructors())
    assert {type(triggers.made(example)) for example in triggers.EXAMPLES} == {
        *(leaf.python_type for leaf in triggers.LEAVES.values()),
        *triggers.VALUES.values(),
    }
