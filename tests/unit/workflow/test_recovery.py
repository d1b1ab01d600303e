"""What follows a missed deadline, case by case."""

from dataclasses import replace

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from hourglass.workflow.definition import PhaseOptions, TriggerMode
from hourglass.workflow.execution import PhaseState, PhaseStatus
from hourglass.workflow.identifiers import Attempt, ChainTime
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.recovery import AfterDeadline, after_deadline

NOW = ChainTime(samples.DEADLINE + 1)


def state(attempt: int = 1, status: PhaseStatus = PhaseStatus.ACTIVE) -> PhaseState:
    return PhaseState(status, replace(samples.STARTED, attempt=Attempt(attempt)))


def after(
    options: PhaseOptions,
    phase: PhaseState,
    kind: PhaseType = PhaseType.IMMEDIATE,
    execution_deadline: int | None = None,
) -> AfterDeadline:
    deadline = None if execution_deadline is None else ChainTime(execution_deadline)
    return after_deadline(samples.phase(kind, options=options), phase, NOW, deadline)


def test_without_options_a_phase_has_one_attempt_and_then_has_failed() -> None:
    assert after(PhaseOptions(), state()) is AfterDeadline.FAIL


@given(allowed=st.integers(0, 16), used=st.integers(1, 16))
def test_attempts_follow_each_other_until_they_are_used_up(allowed: int, used: int) -> None:
    expected = AfterDeadline.RETRY if used < max(allowed, 1) else AfterDeadline.FAIL
    assert after(PhaseOptions(max_attempts=allowed), state(used)) is expected


@pytest.mark.parametrize("options", [PhaseOptions(max_attempts=3), PhaseOptions(skip_if_unmet=True)])
def test_after_the_execution_s_own_deadline_nothing_follows_but_at_it_something_may(
    options: PhaseOptions,
) -> None:
    kind = PhaseType.CONDITIONAL
    assert after(options, state(), kind, NOW - 1) is AfterDeadline.END_EXECUTION
    assert after(options, state(), kind, NOW) is not AfterDeadline.END_EXECUTION


@pytest.mark.parametrize(
    ("mode", "status", "expected"),
    [
        (TriggerMode.OPERATORS, PhaseStatus.ACTIVE, AfterDeadline.SKIP),
        (TriggerMode.SOURCE, PhaseStatus.CONDITIONAL_WAITING, AfterDeadline.SKIP),
        # Its condition held: what timed out is the work.
        (TriggerMode.SOURCE, PhaseStatus.ACTIVE, AfterDeadline.RETRY),
    ],
)
def test_a_phase_is_skipped_only_if_its_condition_may_not_have_held(
    mode: TriggerMode, status: PhaseStatus, expected: AfterDeadline
) -> None:
    options = PhaseOptions(max_attempts=2, trigger_mode=mode, skip_if_unmet=True)
    assert after(options, state(status=status), PhaseType.CONDITIONAL) is expected


def test_a_waiting_phase_that_may_not_be_skipped_waits_again() -> None:
    options = PhaseOptions(max_attempts=2, trigger_mode=TriggerMode.SOURCE)
    waiting = state(status=PhaseStatus.CONDITIONAL_WAITING)
    assert after(options, waiting, PhaseType.CONDITIONAL) is AfterDeadline.RETRY
    last = state(attempt=2, status=PhaseStatus.CONDITIONAL_WAITING)
    assert after(options, last, PhaseType.CONDITIONAL) is AfterDeadline.FAIL
