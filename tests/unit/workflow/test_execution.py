"""Executions as folds over events, and what a reorg takes back."""

from dataclasses import replace

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from hourglass.workflow.definition import FailurePolicy, PhaseOptions, WorkflowDefinition
from hourglass.workflow.events import (
    ConditionalTriggerActivated,
    PhaseCompleted,
    PhaseFailed,
    PhaseFellBack,
    PhaseGivenUp,
    PhaseSkipped,
    PhaseStarted,
    PhaseTimedOut,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowExecutionStarted,
    WorkflowFailed,
)
from hourglass.workflow.execution import (
    EXECUTION_TRANSITIONS,
    TRANSITIONS,
    Execution,
    ExecutionStatus,
    IllegalTransitionError,
    PhaseStatus,
    apply,
    startable,
    status_at,
)
from hourglass.workflow.history import MAX_REWIND_BLOCKS, History
from hourglass.workflow.identifiers import (
    Attempt,
    BlockNumber,
    ChainTime,
    ExecutionId,
    InputsHash,
    PhaseIndex,
    Round,
    WorkflowId,
)

WORKFLOW = WorkflowId(b"\x0f" * 32)
A, B, C = PhaseIndex(0), PhaseIndex(1), PhaseIndex(2)
ONE, TWO = Attempt(1), Attempt(2)
TRIGGERED = InputsHash(b"\x77" * 32)


def began(execution: ExecutionId = samples.EXECUTION) -> WorkflowExecutionStarted:
    return WorkflowExecutionStarted(execution, WORKFLOW, samples.OPERATORS[0], samples.PAYLOAD)


def opened(index: int, execution: ExecutionId = samples.EXECUTION) -> PhaseStarted:
    return PhaseStarted(
        execution,
        PhaseIndex(index),
        Attempt(1),
        samples.SET,
        samples.TIMESTAMP,
        samples.DEADLINE,
        samples.INPUTS,
    )


def completed(index: int, result: bytes = b"r", execution: ExecutionId = samples.EXECUTION) -> PhaseCompleted:
    return PhaseCompleted(
        execution, PhaseIndex(index), Attempt(1), Round(0), result, 800, 1000, samples.OPERATORS[0]
    )


def waiting(index: int, attempt: int = 1) -> PhaseStarted:
    return replace(opened(index), attempt=Attempt(attempt), waiting=True)


def triggered(index: int, data: bytes = b"data") -> ConditionalTriggerActivated:
    return ConditionalTriggerActivated(
        samples.EXECUTION, PhaseIndex(index), ONE, samples.OPERATORS[1], data, TRIGGERED
    )


def timed_out(index: int, attempt: int = 1) -> PhaseTimedOut:
    return PhaseTimedOut(samples.EXECUTION, PhaseIndex(index), Attempt(attempt), samples.DEADLINE)


def failed(index: int, attempt: int = 1) -> PhaseFailed:
    return PhaseFailed(samples.EXECUTION, PhaseIndex(index), Attempt(attempt), "TableStale")


def skipped(index: int) -> PhaseSkipped:
    return PhaseSkipped(samples.EXECUTION, PhaseIndex(index), ONE)


def given_up(index: int) -> PhaseGivenUp:
    return PhaseGivenUp(samples.EXECUTION, PhaseIndex(index))


def fell_back(index: int, fallback: int) -> PhaseFellBack:
    return PhaseFellBack(samples.EXECUTION, PhaseIndex(index), PhaseIndex(fallback))


def execution_of(*events: WorkflowEvent) -> Execution:
    return folded(began(), *events).executions[samples.EXECUTION]


def folded(*events: WorkflowEvent) -> History:
    history = History()
    for number, event in enumerate(events):
        history.add(BlockNumber(number), event)
    return history


def test_an_execution_goes_from_start_to_completion() -> None:
    history = folded(
        began(), opened(0), completed(0), opened(1), completed(1), WorkflowCompleted(samples.EXECUTION)
    )
    execution = history.executions[samples.EXECUTION]
    assert execution.status is ExecutionStatus.COMPLETED
    assert execution.open_phases == ()
    assert execution.results((PhaseIndex(1), PhaseIndex(0))) == ((1, b"r"), (0, b"r"))
    assert history.running == {}


def test_open_phases_are_those_that_take_a_result() -> None:
    history = folded(began(), opened(0), opened(1), completed(0))
    assert history.executions[samples.EXECUTION].open_phases == (1,)
    history.add(BlockNumber(9), PhaseTimedOut(samples.EXECUTION, PhaseIndex(1), Attempt(1), samples.DEADLINE))
    history.add(BlockNumber(9), WorkflowFailed(samples.EXECUTION, PhaseIndex(1)))
    assert history.executions[samples.EXECUTION].open_phases == ()
    assert history.executions[samples.EXECUTION].status is ExecutionStatus.FAILED


def test_dependents_become_startable_when_all_they_depend_on_has_completed() -> None:
    definition = WorkflowDefinition(
        "w",
        (
            samples.phase(name="a"),
            samples.phase(name="b"),
            samples.phase(name="c", dependencies=(PhaseIndex(0), PhaseIndex(1))),
        ),
    )
    execution = folded(began()).executions[samples.EXECUTION]
    assert startable(execution, definition) == (0, 1)
    execution = folded(began(), opened(0), opened(1), completed(0)).executions[samples.EXECUTION]
    assert startable(execution, definition) == ()
    execution = apply(execution, completed(1))
    assert startable(execution, definition) == (2,)


def test_timed_out_is_computed_from_the_chain_s_clock() -> None:
    phase = folded(began(), opened(0)).executions[samples.EXECUTION].phase(PhaseIndex(0))
    assert status_at(phase, samples.DEADLINE) is PhaseStatus.ACTIVE
    assert status_at(phase, ChainTime(samples.DEADLINE + 1)) is PhaseStatus.TIMED_OUT


# ── Triggers ──────────────────────────────────────────────────────────────────────────────────────────


def test_a_phase_that_waits_takes_no_result_until_it_is_triggered() -> None:
    before = execution_of(waiting(0))
    assert before.phase(A).status is PhaseStatus.CONDITIONAL_WAITING
    assert before.open_phases == (A,), "its deadline runs all the same"
    with pytest.raises(IllegalTransitionError):
        apply(before, completed(0))
    after = apply(before, triggered(0)).phase(A)
    assert (after.status, after.trigger_data) == (PhaseStatus.ACTIVE, b"data")
    assert after.started == replace(opened(0), inputs_hash=TRIGGERED)


def test_what_opened_a_gate_stays_among_the_inputs_of_the_next_attempt() -> None:
    again = replace(opened(0), attempt=TWO, inputs_hash=TRIGGERED)
    phase = execution_of(waiting(0), triggered(0), timed_out(0), again).phase(A)
    assert (phase.status, phase.trigger_data, phase.started) == (PhaseStatus.ACTIVE, b"data", again)


def test_a_phase_that_waits_times_out_by_the_clock_too() -> None:
    phase = execution_of(waiting(0)).phase(A)
    assert status_at(phase, samples.DEADLINE) is PhaseStatus.CONDITIONAL_WAITING
    assert status_at(phase, ChainTime(samples.DEADLINE + 1)) is PhaseStatus.TIMED_OUT


# ── What follows a failure ────────────────────────────────────────────────────────────────────────────


def test_another_attempt_replaces_the_one_that_timed_out() -> None:
    again = replace(opened(0), attempt=TWO, deadline=ChainTime(samples.DEADLINE + 600))
    execution = execution_of(opened(0), timed_out(0), again)
    assert execution.phase(A).started == again
    assert execution.open_phases == (A,)
    assert not execution.is_resolved(A)


def test_nobody_waits_for_a_phase_that_was_skipped_or_given_up_and_its_result_is_none() -> None:
    for ending in ((opened(0), skipped(0)), (opened(0), timed_out(0), given_up(0)), (failed(0), given_up(0))):
        execution = execution_of(*ending)
        assert execution.is_resolved(A)
        assert execution.results((A,)) == ((A, None),)


def test_a_phase_that_failed_for_good_is_not_resolved_by_that_alone() -> None:
    for ending in ((opened(0), timed_out(0)), (failed(0),)):
        execution = execution_of(*ending)
        assert not execution.is_resolved(A)
        with pytest.raises(IllegalTransitionError):
            execution.results((A,))


def test_a_fallback_resolves_whom_it_stands_in_for_with_its_own_result() -> None:
    falls = (opened(0), timed_out(0), fell_back(0, 1), opened(1))
    assert not execution_of(*falls).is_resolved(A)
    done = execution_of(*falls, completed(1, b"instead"))
    assert done.is_resolved(A)
    assert done.results((A, B)) == ((A, b"instead"), (B, b"instead"))
    assert done.phase(A).status is PhaseStatus.TIMED_OUT, "it stays what it is"


def test_a_fallback_s_fallback_resolves_the_whole_chain() -> None:
    falls = (opened(0), timed_out(0), fell_back(0, 1), failed(1), fell_back(1, 2), opened(2))
    assert not execution_of(*falls).is_resolved(A)
    for ending, result in (((completed(2, b"last"),), b"last"), ((timed_out(2), given_up(2)), None)):
        done = execution_of(*falls, *ending)
        assert [done.is_resolved(index) for index in (A, B, C)] == [True] * 3
        assert done.results((A, B, C)) == ((A, result), (B, result), (C, result))


def test_a_fallback_starts_in_another_phase_s_place_and_never_by_itself() -> None:
    definition = WorkflowDefinition(
        "w",
        (
            samples.phase(
                name="a", options=PhaseOptions(on_failure=FailurePolicy.FALLBACK, fallback_phase=B)
            ),
            samples.phase(name="b"),
            samples.phase(name="c", dependencies=(A,)),
        ),
    )
    assert definition.fallbacks == {B}
    assert startable(execution_of(), definition) == (A,)
    falls = (opened(0), timed_out(0), fell_back(0, 1), opened(1))
    assert startable(execution_of(*falls), definition) == ()
    assert startable(execution_of(*falls, completed(1)), definition) == (C,)


def test_of_an_execution_that_has_ended_nothing_is_open_or_startable() -> None:
    definition = WorkflowDefinition("w", (samples.phase(name="a"), samples.phase(name="b")))
    for end, status in (
        (WorkflowFailed(samples.EXECUTION, A), ExecutionStatus.FAILED),
        (WorkflowCancelled(samples.EXECUTION, samples.OPERATORS[0]), ExecutionStatus.CANCELLED),
        (WorkflowCompleted(samples.EXECUTION), ExecutionStatus.COMPLETED),
    ):
        execution = execution_of(opened(0), end)
        assert (execution.status, execution.open_phases) == (status, ())
        assert startable(execution, definition) == ()
        with pytest.raises(IllegalTransitionError):
            apply(execution, end)


# ── Order ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "events",
    [
        (opened(0),),
        (began(), began()),
        (began(), completed(0)),
        (began(), opened(0), opened(0)),
        (began(), opened(0), completed(0), completed(0)),
        (began(), triggered(0)),
        (began(), opened(0), triggered(0)),
        (began(), waiting(0), triggered(0), triggered(0)),
        (began(), skipped(0)),
        (began(), opened(0), failed(0)),
        (began(), failed(0), opened(0)),
        (began(), opened(0), given_up(0)),
        (began(), opened(0), completed(0), given_up(0)),
        (began(), opened(0), fell_back(0, 1)),
        (began(), opened(0), timed_out(0), given_up(0), given_up(0)),
        (began(), opened(0), timed_out(0), given_up(0), opened(0)),
        (began(), opened(0), timed_out(0), fell_back(0, 1), fell_back(0, 2)),
        (began(), opened(0), timed_out(0), fell_back(0, 1), given_up(0)),
        (began(), opened(0), timed_out(0), fell_back(0, 1), opened(0)),
    ],
)
def test_events_that_no_contract_of_ours_emits_are_noticed(events: tuple[WorkflowEvent, ...]) -> None:
    with pytest.raises(IllegalTransitionError):
        folded(*events)


def test_every_status_has_its_row_and_ends_have_no_way_out() -> None:
    assert set(TRANSITIONS) == set(PhaseStatus)
    assert set(EXECUTION_TRANSITIONS) == set(ExecutionStatus)
    for end in (PhaseStatus.COMPLETED, PhaseStatus.FAILED, PhaseStatus.SKIPPED):
        assert not TRANSITIONS[end]
    for over in (ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED):
        assert not EXECUTION_TRANSITIONS[over]


# ── Histories ─────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(1, 3), min_size=1, max_size=30), st.data())
def test_rewinding_equals_never_having_seen(sizes: list[int], data: st.DataObject) -> None:
    blocks: list[list[WorkflowEvent]] = []
    for number, size in enumerate(sizes):
        execution = ExecutionId(number.to_bytes(32, "big"))
        story: list[WorkflowEvent] = [
            began(execution),
            opened(0, execution),
            completed(0, execution=execution),
        ]
        blocks.append(story[:size])
    cut = data.draw(st.integers(0, len(blocks)))
    whole, part = History(), History()
    for number, events in enumerate(blocks):
        for event in events:
            whole.add(BlockNumber(number), event)
            if number < cut:
                part.add(BlockNumber(number), event)
    whole.rewind(BlockNumber(cut))
    assert whole.executions == part.executions
    assert whole.running == part.running


def test_a_rewind_further_than_is_remembered_is_refused() -> None:
    history = folded(began())
    other = ExecutionId(b"\x01" * 32)
    history.add(BlockNumber(MAX_REWIND_BLOCKS + 1), began(other))
    history.rewind(BlockNumber(1))
    assert other not in history.executions
    with pytest.raises(ValueError, match="blocks back"):
        history.rewind(BlockNumber(0))
