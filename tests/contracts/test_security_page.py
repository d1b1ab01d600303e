"""Each test that docs/security.md names is there: a claim without its test would be a promise."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"`((?:test|testFuzz|invariant)_\w+)`")
DEFINED = re.compile(r"\b(?:function|def)\s+((?:test|testFuzz|invariant)_\w+)\s*\(")


def test_every_test_that_the_security_page_names_exists() -> None:
    named = set(NAMED.findall((ROOT / "docs" / "security.md").read_text("utf-8")))
    sources = [*(ROOT / "contracts" / "test").rglob("*.sol"), *(ROOT / "tests").rglob("*.py")]
    defined = {name for source in sources for name in DEFINED.findall(source.read_text("utf-8"))}
    assert len(named) > 30
    assert named - defined == set()
