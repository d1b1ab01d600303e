"""Three sources, one line of time."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from samples import DEADLINE, EXECUTION, OPERATORS, STARTED

from hourglass.chain.port import LoggedEvent
from hourglass.cli.timeline import (
    Entry,
    Source,
    concerns,
    entries_of_answers,
    entry_of_event,
    entry_of_line,
    merged,
)
from hourglass.reasons import Reason
from hourglass.workflow.events import PhaseCompleted, PhaseTimedOut, WorkflowRegistered
from hourglass.workflow.identifiers import (
    Attempt,
    BlockNumber,
    ExecutionId,
    PhaseIndex,
    Round,
    TxHash,
    WorkflowId,
)

NAMES = {str(OPERATORS[0]): "operator-1"}
OTHER = ExecutionId(b"\x0a" * 32)
PHASE = PhaseIndex(0)


def event(what: Any, at: int = 1_700_000_100) -> Entry:
    logged = LoggedEvent(BlockNumber(7), b"\x01" * 32, 0, TxHash(b"\x02" * 32), what)
    return entry_of_event(logged, at, NAMES)


def line(**said: Any) -> str:
    base = {
        "event": "The handler failed.",
        "timestamp": "2023-11-14T22:15:01.250000Z",
        "execution": EXECUTION.hex(),
    }
    return json.dumps({**base, **said})


TIMED_OUT = event(PhaseTimedOut(EXECUTION, PHASE, Attempt(1), DEADLINE), 1_700_000_701)


def test_an_event_says_what_when_where_and_in_which_transaction() -> None:
    row = event(STARTED).row()
    assert row["time"] == "2023-11-14T22:15:00Z"
    assert (row["what"], row["phase"], row["attempt"], row["block"]) == ("PhaseStarted", 0, 1, 7)
    assert row["execution"] == "0x" + EXECUTION.hex()
    assert row["transaction"] == "0x" + "02" * 32
    assert f"deadline {DEADLINE}" in row["detail"]
    assert "waiting" not in row["detail"]


def test_accounts_have_their_names_and_long_results_are_cut() -> None:
    done = event(PhaseCompleted(EXECUTION, PHASE, Attempt(1), Round(0), b"\x11" * 100, 9, 10, OPERATORS[0]))
    assert done.who == "operator-1"
    assert "… (100 bytes)" in done.detail
    assert "signed weight 9, total weight 10" in done.detail
    registered = WorkflowRegistered(WorkflowId(b"\x0f" * 32), OPERATORS[1], "oracle", 1, b"\x0d" * 32)
    assert event(registered).execution_id is None


def test_every_answer_of_an_operator_is_an_entry_of_its_own() -> None:
    operator = {"operator": str(OPERATORS[0]), "observed": "0x05", "signed": ["0xaa"], "reason": "late"}
    phases = [{"phase": 0, "attempt": 1, "operators": [operator]}]
    said = entries_of_answers(EXECUTION, phases, NAMES)
    assert [one.what for one in said] == ["Observed", "Attested", "NotCounted"]
    assert {one.who for one in said} == {"operator-1"}
    assert said[2].detail.startswith("late: " + Reason.LATE.summary)
    assert all(one.at is None for one in said), "nobody dated them"


def test_a_line_of_a_log_is_an_entry_if_it_is_about_an_execution() -> None:
    entry = entry_of_line(line(reason="handler_failed", detail="boom", phase=0), "operator-5")
    assert entry is not None
    assert (entry.execution_id, entry.phase, entry.who) == (EXECUTION, 0, "operator-5")
    assert (entry.reason, entry.detail) == ("handler_failed", "handler_failed: boom")
    assert entry.time == "2023-11-14T22:15:01.250Z"


@given(
    st.one_of(
        st.text(), st.sampled_from(["{}", "[]", "17", "null", '{"execution": null}', line(execution="zz")])
    )
)
def test_whatever_else_is_in_a_log_is_passed_over(text: str) -> None:
    assert entry_of_line(text, "node") is None


def test_answers_stand_before_what_ended_their_attempt_and_at_the_end_while_it_is_open() -> None:
    def answer(attempt: int) -> Entry:
        return Entry(None, Source.AGGREGATOR, EXECUTION, PHASE, attempt, "Attested")

    timeline = merged([event(STARTED), TIMED_OUT], [answer(2), answer(1)], [])
    assert [(one.what, one.attempt) for one in timeline] == [
        ("PhaseStarted", 1),
        ("Attested", 1),
        ("PhaseTimedOut", 1),
        ("Attested", 2),
    ]


def test_lines_stand_by_their_clocks_behind_the_event_of_the_same_second() -> None:
    def said(at: float) -> Entry:
        return Entry(at, Source.LOG, EXECUTION, PHASE, None, f"at {at}")

    timeline = merged(
        [event(STARTED), TIMED_OUT], [], [said(1_700_000_800.0), said(1_700_000_100.0), said(5.0)]
    )
    assert [one.what for one in timeline] == [
        "at 5.0",
        "PhaseStarted",
        "at 1700000100.0",
        "PhaseTimedOut",
        "at 1700000800.0",
    ]


def test_a_phase_is_shown_with_what_happened_to_its_whole_execution_and_nobody_elses() -> None:
    whole = Entry(1.0, Source.CHAIN, EXECUTION, None, None, "WorkflowExecutionStarted")
    mine, next_ = (Entry(1.0, Source.CHAIN, EXECUTION, PhaseIndex(n), 1, "PhaseStarted") for n in (0, 1))
    theirs = Entry(1.0, Source.CHAIN, OTHER, PHASE, 1, "PhaseStarted")
    chosen = [one for one in (whole, mine, next_, theirs) if concerns(one, frozenset({EXECUTION}), PHASE)]
    assert chosen == [whole, mine]
    everything = [one for one in (whole, mine, next_, theirs) if concerns(one, frozenset({EXECUTION}), None)]
    assert everything == [whole, mine, next_]
