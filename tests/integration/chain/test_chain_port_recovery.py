"""What the port promises of attempts, failure policies, cancellation and pause: of the twin and a real chain alike."""

from collections.abc import Sequence

import pytest

from hourglass.certificate.digests import inputs_hash
from hourglass.chain.port import (
    Call,
    CancelExecution,
    CheckPhaseTimeout,
    ExecuteWorkflow,
    RegisterWorkflow,
    SetPaused,
)
from hourglass.errors import RevertedError
from hourglass.reasons import Reason
from hourglass.testing.worlds import (
    FIRST,
    ONE_PHASE,
    OTHER,
    OTHER_SET,
    SECOND,
    STRANGER,
    TIMEOUT_S,
    World,
    phase,
)
from hourglass.workflow.definition import FailurePolicy, PhaseDefinition, TriggerMode, WorkflowDefinition
from hourglass.workflow.events import (
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
    WorkflowFailed,
)
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import Attempt, ExecutionId, PhaseIndex
from hourglass.workflow.phases import PhaseType

CONTINUE, FALLBACK = FailurePolicy.CONTINUE, FailurePolicy.FALLBACK
THIRD, FOURTH = PhaseIndex(2), PhaseIndex(3)
ONE, TWO = Attempt(1), Attempt(2)


def falling(name: str, to: int, *after: int, operator_set: int = OTHER_SET) -> PhaseDefinition:
    return phase(name, *after, on_failure=FALLBACK, fallback_phase=PhaseIndex(to), operator_set=operator_set)


async def told(world: World, execution: ExecutionId, index: PhaseIndex) -> Sequence[WorkflowEvent]:
    """What happens when somebody tells the contract of this phase's deadline, which has passed."""
    receipt = await world.send(CheckPhaseTimeout(execution, index), STRANGER)
    return [logged.event for logged in receipt.events]


async def submitted(
    world: World, execution: ExecutionId, index: PhaseIndex, result: bytes = b"r"
) -> list[WorkflowEvent]:
    receipt = await world.send(await world.submission(execution, index, result))
    return [logged.event for logged in receipt.events]


async def resolved(world: World, execution: ExecutionId) -> tuple[ExecutionStatus, set[int]]:
    found = await world.chain.execution(execution)
    assert found is not None
    return found.status, set(found.resolved)


# ── Attempts ──────────────────────────────────────────────────────────────────────────────────────────


async def test_another_attempt_has_its_whole_time_the_newest_table_and_the_same_inputs(world: World) -> None:
    execution = await world.started(WorkflowDefinition("w", (phase("a", max_attempts=2),)))
    before, stale = await world.view(execution, FIRST), await world.submission(execution, FIRST, b"r")
    await world.republish(before.operator_set, [(1,), (2,), (3,), (4,), (0,)], 0)
    await world.advance(TIMEOUT_S + 1)
    timed_out, started = await told(world, execution, FIRST)
    after = await world.view(execution, FIRST)
    assert timed_out == PhaseTimedOut(execution, FIRST, ONE, before.deadline)
    assert started == PhaseStarted(
        execution,
        FIRST,
        TWO,
        before.operator_set,
        after.reference_timestamp,
        after.deadline,
        before.inputs_hash,
    )
    assert (after.status, after.attempt, after.inputs_hash) == (PhaseStatus.ACTIVE, TWO, before.inputs_hash)
    assert after.deadline == after.started_at + TIMEOUT_S > before.deadline
    assert after.reference_timestamp > before.reference_timestamp
    assert after.started_block > before.started_block
    with pytest.raises(RevertedError) as refused:
        await world.send(stale)
    assert refused.value.error_name == "InvalidReferenceTimestamp", "it was signed for the first attempt"
    completed, ended = await submitted(world, execution, FIRST)
    assert isinstance(completed, PhaseCompleted)
    assert (completed.attempt, completed.total_weight) == (TWO, 10)
    assert ended == WorkflowCompleted(execution)


async def test_a_certificate_of_an_earlier_attempt_is_worth_nothing_though_the_table_is_the_same(
    world: World,
) -> None:
    execution = await world.started(WorkflowDefinition("w", (phase("a", max_attempts=2),)))
    stale = await world.submission(execution, FIRST, b"r")
    await world.advance(TIMEOUT_S + 1)
    await told(world, execution, FIRST)
    with pytest.raises(RevertedError) as refused:
        await world.send(stale)
    assert refused.value.error_name == "InvalidMessageHash"


async def test_the_last_attempt_that_times_out_ends_the_execution(world: World) -> None:
    execution = await world.started(WorkflowDefinition("w", (phase("a", max_attempts=3), phase("b"))))
    for attempt in (1, 2):
        await world.advance(TIMEOUT_S + 1)
        assert [type(event) for event in await told(world, execution, FIRST)] == [PhaseTimedOut, PhaseStarted]
        assert (await world.view(execution, FIRST)).attempt == attempt + 1
    await world.advance(TIMEOUT_S + 1)
    view = await world.view(execution, FIRST)
    assert list(await told(world, execution, FIRST)) == [
        PhaseTimedOut(execution, FIRST, Attempt(3), view.deadline),
        WorkflowFailed(execution, FIRST),
    ]


async def test_after_the_execution_s_deadline_there_is_no_other_attempt(world: World) -> None:
    definition = WorkflowDefinition("w", (phase("a", max_attempts=9, on_failure=CONTINUE),), TIMEOUT_S + 50)
    execution = await world.started(definition)
    await world.advance(TIMEOUT_S + 1)
    await told(world, execution, FIRST)
    found, view = await world.chain.execution(execution), await world.view(execution, FIRST)
    assert found is not None
    assert (view.attempt, view.deadline) == (2, found.deadline), "cut short"
    await world.advance(60)
    assert list(await told(world, execution, FIRST)) == [
        PhaseTimedOut(execution, FIRST, TWO, view.deadline),
        WorkflowFailed(execution, FIRST),
    ]


# ── Failure policies ──────────────────────────────────────────────────────────────────────────────────


async def test_dependents_go_on_without_the_result_of_a_phase_that_is_given_up(world: World) -> None:
    definition = WorkflowDefinition("w", (phase("a", on_failure=CONTINUE), phase("b"), phase("c", 1, 0)))
    execution = await world.started(definition)
    await submitted(world, execution, SECOND)
    await world.advance(TIMEOUT_S + 1)
    timed_out, given_up, started = await told(world, execution, FIRST)
    assert isinstance(timed_out, PhaseTimedOut)
    assert given_up == PhaseGivenUp(execution, FIRST)
    assert isinstance(started, PhaseStarted)
    assert started.inputs_hash == inputs_hash(b"payload", [(SECOND, b"r"), (FIRST, None)])
    assert await resolved(world, execution) == (ExecutionStatus.RUNNING, {0, 1})
    assert (await world.view(execution, FIRST)).status is PhaseStatus.TIMED_OUT
    assert (await submitted(world, execution, THIRD))[-1] == WorkflowCompleted(execution)


async def test_an_execution_whose_last_phase_is_given_up_has_completed(world: World) -> None:
    execution = await world.started(WorkflowDefinition("w", (phase("a", on_failure=CONTINUE),)))
    await world.advance(TIMEOUT_S + 1)
    events = await told(world, execution, FIRST)
    assert list(events[1:]) == [PhaseGivenUp(execution, FIRST), WorkflowCompleted(execution)]
    assert await resolved(world, execution) == (ExecutionStatus.COMPLETED, {0})


async def test_a_fallback_stands_in_and_its_result_is_the_phase_s(world: World) -> None:
    phases = (
        phase("a", on_failure=FALLBACK, fallback_phase=SECOND),
        phase("b", threshold=1),
        phase("c", 0),
    )
    execution = await world.started(WorkflowDefinition("w", phases))
    assert (await world.view(execution, SECOND)).status is PhaseStatus.PENDING
    await world.advance(TIMEOUT_S + 1)
    _, fell_back, started = await told(world, execution, FIRST)
    assert fell_back == PhaseFellBack(execution, FIRST, SECOND)
    assert isinstance(started, PhaseStarted)
    assert (started.phase_index, started.attempt) == (SECOND, ONE)
    assert await resolved(world, execution) == (ExecutionStatus.RUNNING, set())
    _, started = await submitted(world, execution, SECOND, b"instead")
    assert isinstance(started, PhaseStarted)
    assert started.phase_index == THIRD
    assert started.inputs_hash == inputs_hash(b"payload", [(FIRST, b"instead")])
    assert await resolved(world, execution) == (ExecutionStatus.RUNNING, {0, 1})
    assert (await world.view(execution, FIRST)).status is PhaseStatus.TIMED_OUT
    assert (await submitted(world, execution, THIRD))[-1] == WorkflowCompleted(execution)


async def test_an_execution_completes_though_a_fallback_was_never_needed(world: World) -> None:
    phases = (phase("a", on_failure=FALLBACK, fallback_phase=SECOND), phase("b"))
    execution = await world.started(WorkflowDefinition("w", phases))
    assert (await submitted(world, execution, FIRST))[-1] == WorkflowCompleted(execution)
    assert await resolved(world, execution) == (ExecutionStatus.COMPLETED, {0})
    assert (await world.view(execution, SECOND)).status is PhaseStatus.PENDING


async def test_a_fallback_that_fails_too_has_its_own_policy(world: World) -> None:
    for policy, ending in ((CONTINUE, WorkflowCompleted), (FailurePolicy.FAIL_EXECUTION, WorkflowFailed)):
        last = phase("c", on_failure=policy)
        phases = (
            phase("a", on_failure=FALLBACK, fallback_phase=SECOND),
            phase("b", on_failure=FALLBACK, fallback_phase=THIRD),
            last,
        )
        execution = await world.started(WorkflowDefinition(policy.name, phases))
        for index in (FIRST, SECOND, THIRD):
            await world.advance(TIMEOUT_S + 1)
            events = await told(world, execution, index)
        assert isinstance(events[-1], ending)
        everyone = {0, 1, 2} if policy is CONTINUE else set()
        assert (await resolved(world, execution))[1] == everyone


# ── Phases that can't start ───────────────────────────────────────────────────────────────────────────


async def test_a_later_phase_that_cannot_start_fails_the_execution_and_keeps_the_result(world: World) -> None:
    later = phase("b", 0, operator_set=OTHER_SET, stake=1)
    execution = await world.started(WorkflowDefinition("w", (phase("a"), later)))
    await world.republish(OTHER, [(1,)], TIMEOUT_S // 2)
    events = await submitted(world, execution, FIRST)
    assert events[1:] == [
        PhaseFailed(execution, SECOND, ONE, "TableStale"),
        WorkflowFailed(execution, SECOND),
    ]
    kept, failed = await world.view(execution, FIRST), await world.view(execution, SECOND)
    assert (kept.status, kept.result) == (PhaseStatus.COMPLETED, b"r")
    assert (failed.status, failed.attempt, failed.deadline) == (PhaseStatus.FAILED, ONE, 0)
    assert await resolved(world, execution) == (ExecutionStatus.FAILED, {0})


async def test_whatever_cannot_start_is_told_in_one_go_and_the_rest_goes_on(world: World) -> None:
    """A chain of fallbacks and phases to be given up, none of which has a usable table."""
    phases = (
        phase("a"),
        falling("b", 2, 0),
        phase("c", 0, on_failure=CONTINUE, operator_set=OTHER_SET),
        phase("d", 1, on_failure=CONTINUE, operator_set=OTHER_SET),
        phase("e", 0),
        phase("f", 3),
    )
    execution = await world.started(WorkflowDefinition("w", phases))
    await world.republish(OTHER, [(1,)], TIMEOUT_S // 2)
    events = (await submitted(world, execution, FIRST))[1:]
    b, c, d, e, f = (PhaseIndex(index) for index in range(1, 6))
    assert events[:3] == [
        PhaseFailed(execution, b, ONE, "TableStale"),
        PhaseFellBack(execution, b, c),
        PhaseFailed(execution, c, ONE, "TableStale"),
    ]
    assert events[3] == PhaseGivenUp(execution, c)
    assert {type(event) for event in events[4:]} == {PhaseFailed, PhaseGivenUp, PhaseStarted}
    started = {event.phase_index: event for event in events if isinstance(event, PhaseStarted)}
    assert set(started) == {e, f}
    assert started[f].inputs_hash == inputs_hash(b"payload", [(d, None)])
    assert await resolved(world, execution) == (ExecutionStatus.RUNNING, {0, 1, 2, 3})


async def test_an_attempt_that_cannot_start_is_the_last(world: World) -> None:
    definition = WorkflowDefinition("w", (phase("a", max_attempts=5, operator_set=OTHER_SET),))
    execution = await world.started(definition)
    before = await world.view(execution, FIRST)
    await world.republish(OTHER, [(1,)], TIMEOUT_S // 2)
    await world.advance(TIMEOUT_S + 1)
    assert list(await told(world, execution, FIRST)) == [
        PhaseTimedOut(execution, FIRST, ONE, before.deadline),
        PhaseFailed(execution, FIRST, TWO, "TableStale"),
        WorkflowFailed(execution, FIRST),
    ]
    view = await world.view(execution, FIRST)
    assert (view.status, view.attempt, view.deadline) == (PhaseStatus.FAILED, TWO, before.deadline)


# ── Skipping ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("mode", TriggerMode)
async def test_a_condition_that_has_not_held_by_the_deadline_skips_the_phase(
    world: World, mode: TriggerMode
) -> None:
    gated = phase("a", kind=PhaseType.CONDITIONAL, trigger_mode=mode, skip_if_unmet=True, max_attempts=4)
    execution = await world.started(WorkflowDefinition("w", (gated, phase("b", 0))))
    await world.advance(TIMEOUT_S + 1)
    skipped, started = await told(world, execution, FIRST)
    assert skipped == PhaseSkipped(execution, FIRST, ONE)
    assert isinstance(started, PhaseStarted)
    assert started.inputs_hash == inputs_hash(b"payload", [(FIRST, None)])
    assert (await world.view(execution, FIRST)).status is PhaseStatus.SKIPPED
    assert await resolved(world, execution) == (ExecutionStatus.RUNNING, {0})


# ── Cancellation and pause ────────────────────────────────────────────────────────────────────────────


async def test_an_execution_is_cancelled_by_whoever_started_it_and_by_nobody_else(world: World) -> None:
    workflow = await world.registered(ONE_PHASE)
    execution = await world.executed(workflow, b"theirs", STRANGER)
    submission = await world.submission(execution, FIRST, b"r")
    with pytest.raises(RevertedError) as refused:
        await world.send(CancelExecution(execution))
    assert (refused.value.error_name, refused.value.reason) == ("NotTheInitiator", Reason.UNAUTHORIZED)
    receipt = await world.send(CancelExecution(execution), STRANGER)
    assert [one.event for one in receipt.events] == [WorkflowCancelled(execution, STRANGER.address)]
    assert await resolved(world, execution) == (ExecutionStatus.CANCELLED, set())
    calls: tuple[Call, ...] = (CancelExecution(execution), submission)
    for call in calls:
        with pytest.raises(RevertedError) as ended:
            await world.send(call, STRANGER)
        assert ended.value.error_name == "ExecutionNotRunning"
        assert ended.value.reason is Reason.EXECUTION_CANCELLED
    with pytest.raises(RevertedError) as unknown:
        await world.send(CancelExecution(ExecutionId(b"\x09" * 32)))
    assert unknown.value.error_name == "UnknownExecution"


async def test_while_paused_nothing_begins_and_no_result_is_taken_but_deadlines_and_ends_go_on(
    world: World,
) -> None:
    workflow = await world.registered(WorkflowDefinition("w", (phase("a", max_attempts=2),)))
    first, second = [await world.executed(workflow, bytes([number])) for number in (1, 2)]
    submission = await world.submission(first, FIRST, b"r")
    with pytest.raises(RevertedError) as unauthorized:
        await world.send(SetPaused(True), STRANGER)
    assert unauthorized.value.reason is Reason.UNAUTHORIZED
    assert (await world.send(SetPaused(True))).succeeded
    for call in (RegisterWorkflow(ONE_PHASE), ExecuteWorkflow(workflow, b""), submission, SetPaused(True)):
        with pytest.raises(RevertedError) as refused:
            await world.send(call)
        assert (refused.value.error_name, refused.value.reason) == ("EnforcedPause", Reason.PAUSED)
    assert (await world.send(CancelExecution(second))).succeeded
    await world.advance(TIMEOUT_S + 1)
    assert isinstance((await told(world, first, FIRST))[-1], PhaseStarted), "another attempt is due"
    assert (await world.send(SetPaused(False))).succeeded
    with pytest.raises(RevertedError) as running:
        await world.send(SetPaused(False))
    assert running.value.error_name == "ExpectedPause"
    assert (await submitted(world, first, FIRST))[-1] == WorkflowCompleted(first)
