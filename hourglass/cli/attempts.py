"""Which phase attempts ended at their deadlines, by what the contract said. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from hourglass.chain.port import LoggedEvent
from hourglass.workflow.events import (
    ConditionalTriggerActivated,
    PhaseCompleted,
    PhaseFailed,
    PhaseSkipped,
    PhaseStarted,
    PhaseTimedOut,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowFailed,
)
from hourglass.workflow.identifiers import BlockNumber, ChainTime, ExecutionId, PhaseIndex


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt that ended without a result."""

    started: PhaseStarted
    """`waiting` as it was at the end."""
    block: BlockNumber
    """In which it started."""
    told: BlockNumber | None = None
    """In which the contract was told; None: nobody has told it yet."""


def ended_attempts(events: Iterable[LoggedEvent], now: ChainTime) -> list[Attempt]:
    """Every attempt that timed out, in the order in which they started.

    Also those whose deadline is over by the chain's clock while the contract has not been told. A skipped phase did
    not time out: its definition goes on without it.
    """
    running: dict[tuple[ExecutionId, PhaseIndex], Attempt] = {}
    ended: list[Attempt] = []
    for logged in events:
        match logged.event:
            case PhaseStarted() as started:
                running[started.execution_id, started.phase_index] = Attempt(started, logged.block)
            case ConditionalTriggerActivated(execution_id, phase_index):
                attempt = running[execution_id, phase_index]
                opened = replace(attempt.started, waiting=False)
                running[execution_id, phase_index] = replace(attempt, started=opened)
            case PhaseTimedOut(execution_id, phase_index):
                attempt = running.pop((execution_id, phase_index))
                ended.append(replace(attempt, told=logged.block))
            case PhaseCompleted() | PhaseSkipped() | PhaseFailed() as over:
                running.pop((over.execution_id, over.phase_index), None)
            case WorkflowCompleted() | WorkflowFailed() | WorkflowCancelled() as over:
                running = {key: one for key, one in running.items() if key[0] != over.execution_id}
            case _:
                pass
    untold = [one for one in running.values() if one.started.deadline < now]
    return sorted((*ended, *untold), key=lambda one: one.block)
