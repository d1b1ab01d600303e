"""The one closed list."""

from pathlib import Path

import pytest

from hourglass.errors import DefinitionError, HourglassError
from hourglass.reasons import Reason, reason_by_code

SOURCES = [
    path
    for folder in ("hourglass", "agent", "aggregator", "messages")
    for path in (Path(__file__).parents[2] / folder).rglob("*.py")
    if path.name != "reasons.py"
]


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained_and_says_what_to_do(reason: Reason) -> None:
    assert reason.code == reason.code.lower()
    for text in (reason.summary, reason.cause, reason.advice):
        assert text.endswith(".")
        assert len(text) > 10
    assert reason_by_code(reason.code) is reason


def test_no_reason_is_there_that_nothing_gives() -> None:
    text = "".join(path.read_text("utf-8") for path in SOURCES)
    unused = [reason.name for reason in Reason if f"Reason.{reason.name}" not in text]
    assert unused == []


def test_a_code_of_a_later_release_is_no_error() -> None:
    assert reason_by_code("moon_phase") is None


def test_an_error_says_what_happened_and_what_to_do_next() -> None:
    error = HourglassError(Reason.LATE, "By 3 s.")
    assert str(error) == f"{Reason.LATE.summary} By 3 s. → {Reason.LATE.advice}"
    assert isinstance(DefinitionError("x"), ValueError)
