"""Which attempts ended at their deadlines."""

from dataclasses import replace
from typing import Any

from samples import DEADLINE, EXECUTION, INPUTS, STARTED

from hourglass.chain.port import LoggedEvent
from hourglass.cli.attempts import ended_attempts
from hourglass.workflow.events import (
    ConditionalTriggerActivated,
    PhaseCompleted,
    PhaseSkipped,
    PhaseTimedOut,
    WorkflowCancelled,
    WorkflowFailed,
)
from hourglass.workflow.identifiers import Address, Attempt, BlockNumber, ChainTime, PhaseIndex, Round, TxHash

PHASE = PhaseIndex(0)
WHO = Address(b"\x77" * 20)
EARLY, LATE = ChainTime(DEADLINE), ChainTime(DEADLINE + 1)


def logged(*events: Any) -> list[LoggedEvent]:
    return [
        LoggedEvent(BlockNumber(number), b"\x01" * 32, 0, TxHash(b"\x02" * 32), event)
        for number, event in enumerate(events, start=10)
    ]


def timed_out(attempt: int = 1) -> PhaseTimedOut:
    return PhaseTimedOut(EXECUTION, PHASE, Attempt(attempt), DEADLINE)


def test_each_attempt_that_timed_out_is_there_with_the_blocks_of_its_start_and_end() -> None:
    again = replace(STARTED, attempt=Attempt(2))
    ended = ended_attempts(
        logged(STARTED, timed_out(), again, timed_out(2), WorkflowFailed(EXECUTION, PHASE)), LATE
    )
    assert [(one.started.attempt, one.block, one.told) for one in ended] == [(1, 10, 11), (2, 12, 13)]


def test_a_deadline_that_is_over_counts_though_nobody_told_the_contract() -> None:
    (one,) = ended_attempts(logged(STARTED), LATE)
    assert one.told is None
    assert ended_attempts(logged(STARTED), EARLY) == [], "the deadline's own second still takes a result"


def test_what_completed_was_skipped_or_was_cancelled_did_not_time_out() -> None:
    completed = PhaseCompleted(EXECUTION, PHASE, Attempt(1), Round(0), b"", 1, 1, WHO)
    for end in (completed, PhaseSkipped(EXECUTION, PHASE, Attempt(1)), WorkflowCancelled(EXECUTION, WHO)):
        assert ended_attempts(logged(STARTED, end), LATE) == []


def test_an_attempt_waits_until_its_gate_opens() -> None:
    waiting = replace(STARTED, waiting=True)
    opened = ConditionalTriggerActivated(EXECUTION, PHASE, Attempt(1), WHO, b"data", INPUTS)
    (shut,) = ended_attempts(logged(waiting, timed_out()), LATE)
    (open_,) = ended_attempts(logged(waiting, opened, timed_out()), LATE)
    assert shut.started.waiting
    assert not open_.started.waiting
