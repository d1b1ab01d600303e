"""Executions as folds over events, and what a reorg takes back."""

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.events import (
    PhaseCompleted,
    PhaseStarted,
    PhaseTimedOut,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowExecutionStarted,
    WorkflowFailed,
)
from hourglass.workflow.execution import (
    TRANSITIONS,
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
    PhaseIndex,
    Round,
    WorkflowId,
)

WORKFLOW = WorkflowId(b"\x0f" * 32)


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


@pytest.mark.parametrize(
    "events",
    [
        (opened(0),),
        (began(), began()),
        (began(), completed(0)),
        (began(), opened(0), opened(0)),
        (began(), opened(0), completed(0), completed(0)),
    ],
)
def test_events_that_no_contract_of_ours_emits_are_noticed(events: tuple[WorkflowEvent, ...]) -> None:
    with pytest.raises(IllegalTransitionError):
        folded(*events)


def test_every_status_has_its_row_and_ends_have_no_way_out() -> None:
    assert set(TRANSITIONS) == set(PhaseStatus)
    for end in (PhaseStatus.COMPLETED, PhaseStatus.FAILED, PhaseStatus.TIMED_OUT):
        assert not TRANSITIONS[end]


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
