"""What follows when a phase fails, over real processes and a real chain whose clock is moved by hand."""

from pathlib import Path

from play import Start

from hourglass.chain.port import CancelExecution
from hourglass.chain.sender import TransactionSender
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus

SETS = (1, 2)


async def test_a_phase_is_tried_again_and_then_another_stands_in(start: Start, workflows: Path) -> None:
    spec = f"{workflows / 'policies.py'}:fallback"
    play = await start(spec, operator_sets=SETS)
    execution = await play.execute(spec)
    await play.until_active(execution, 0)
    await play.network.anvil.increase_time(31)

    async def second_attempt() -> bool:
        return (await play.phase(execution, 0)).attempt == 2

    await play.until("the second attempt", second_attempt)
    await play.network.anvil.increase_time(31)
    assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
    assert (await play.phase(execution, 0)).status is PhaseStatus.TIMED_OUT
    assert int.from_bytes((await play.phase(execution, 2)).result, "big") == 14


async def test_a_workflow_goes_on_without_what_failed_or_was_skipped(start: Start, workflows: Path) -> None:
    spec = f"{workflows / 'policies.py'}:going_on"
    play = await start(spec, operator_sets=SETS)
    execution = await play.execute(spec)
    await play.until_active(execution, 1)
    await play.network.anvil.increase_time(31)
    assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
    assert (await play.phase(execution, 0)).status is PhaseStatus.TIMED_OUT
    assert (await play.phase(execution, 1)).status is PhaseStatus.SKIPPED
    assert (await play.phase(execution, 2)).result == b"rare gave one: False"


async def test_the_overall_deadline_ends_an_execution_whatever_attempts_are_left(
    start: Start, workflows: Path
) -> None:
    spec = f"{workflows / 'policies.py'}:limited"
    play = await start(spec)
    execution = await play.execute(spec)
    await play.until_active(execution, 0)
    view = await play.chain.execution(execution)
    assert view is not None
    assert view.deadline == view.started_at + 60
    await play.network.anvil.increase_time(61)
    assert await play.until_ended(execution) is ExecutionStatus.FAILED
    assert (await play.phase(execution, 0)).attempt == 1


async def test_its_initiator_may_cancel_an_execution(start: Start, workflows: Path) -> None:
    spec = f"{workflows / 'policies.py'}:limited"
    play = await start(spec)
    execution = await play.execute(spec)
    await play.until_active(execution, 0)
    sender = TransactionSender(play.chain, play.network.deployment.admin)
    await sender.send(CancelExecution(execution))
    assert await play.until_ended(execution) is ExecutionStatus.CANCELLED
