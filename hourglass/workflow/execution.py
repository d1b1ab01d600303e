"""One run of a workflow, as a fold over what the contract says happened.

The contract decides; this only follows. Restart means folding again, a reorg means folding again from an
earlier block, and the result equals the contract's own state. `startable` and `timed_out` are the same rules
as the contract's, for whoever has to predict it: the in-memory chain and the tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from types import MappingProxyType

from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.events import (
    PhaseCompleted,
    PhaseFailed,
    PhaseStarted,
    PhaseTimedOut,
    WorkflowCompleted,
    WorkflowExecutionStarted,
    WorkflowFailed,
)
from hourglass.workflow.identifiers import Address, ChainTime, ExecutionId, PhaseIndex, WorkflowId


class PhaseStatus(IntEnum):
    """Numbered as the contract numbers them."""

    PENDING = 0
    """Waits for the phases it depends on."""
    ACTIVE = 1
    """Open: operators work and sign, a result is taken until the deadline."""
    COMPLETED = 2
    """A certified result is on-chain."""
    FAILED = 3
    """It could not start: its operator set had no usable stake table."""
    CONDITIONAL_WAITING = 4
    """Waits for its trigger condition."""
    TIMED_OUT = 5
    """The deadline passed without a certificate. Computed from the clock, never waited for."""


class ExecutionStatus(IntEnum):
    """Numbered as the contract numbers them."""

    NONE = 0
    """The contract does not know it."""
    RUNNING = 1
    """At least one phase is active."""
    COMPLETED = 2
    """Every phase has completed."""
    FAILED = 3
    """A phase failed or timed out: no further result is taken."""


TRANSITIONS: Mapping[PhaseStatus, frozenset[PhaseStatus]] = MappingProxyType(
    {
        PhaseStatus.PENDING: frozenset({PhaseStatus.ACTIVE, PhaseStatus.FAILED}),
        PhaseStatus.ACTIVE: frozenset({PhaseStatus.COMPLETED, PhaseStatus.TIMED_OUT}),
        PhaseStatus.COMPLETED: frozenset(),
        PhaseStatus.FAILED: frozenset(),
        PhaseStatus.CONDITIONAL_WAITING: frozenset(),
        PhaseStatus.TIMED_OUT: frozenset(),
    }
)
"""Every step that a phase can take. Nothing else is ever stored, by the contract or by us."""


class IllegalTransitionError(ValueError):
    """Events that no contract of ours emits in this order: another contract, or blocks were skipped."""


@dataclass(frozen=True, slots=True)
class PhaseState:
    """One phase of one execution. `started` is None until its attempt opened, `completed` until its end."""

    status: PhaseStatus = PhaseStatus.PENDING
    started: PhaseStarted | None = None
    completed: PhaseCompleted | None = None


@dataclass(frozen=True, slots=True)
class Execution:
    """One run. `phases` holds only those that something happened to; the others are PENDING."""

    execution_id: ExecutionId
    workflow_id: WorkflowId
    initiator: Address
    payload: bytes
    status: ExecutionStatus = ExecutionStatus.RUNNING
    phases: Mapping[PhaseIndex, PhaseState] = field(default_factory=dict)

    def phase(self, index: PhaseIndex) -> PhaseState:
        """The phase's state; PENDING if nothing happened to it yet."""
        return self.phases.get(index, PhaseState())

    @property
    def open_phases(self) -> tuple[PhaseIndex, ...]:
        """The phases that take a result now, deadlines aside."""
        if self.status is not ExecutionStatus.RUNNING:
            return ()
        return tuple(sorted(i for i, phase in self.phases.items() if phase.status is PhaseStatus.ACTIVE))

    def results(self, indices: tuple[PhaseIndex, ...]) -> tuple[tuple[PhaseIndex, bytes], ...]:
        """The results of these phases, all of which have completed. Raises IllegalTransitionError if not."""
        return tuple((index, self._result(index)) for index in indices)

    def _result(self, index: PhaseIndex) -> bytes:
        completed = self.phase(index).completed
        if completed is None:
            raise IllegalTransitionError(f"phase {index} has not completed")
        return completed.result


ExecutionEvent = (
    WorkflowExecutionStarted
    | PhaseStarted
    | PhaseCompleted
    | PhaseFailed
    | PhaseTimedOut
    | WorkflowCompleted
    | WorkflowFailed
)


def apply(execution: Execution | None, event: ExecutionEvent) -> Execution:
    """The execution after one more of its events; None before the first.

    Raises IllegalTransitionError for an event that cannot follow.
    """
    match event:
        case WorkflowExecutionStarted(execution_id, workflow_id, initiator, payload):
            if execution is not None:
                raise IllegalTransitionError(f"execution {execution_id.hex()} starts twice")
            return Execution(execution_id, workflow_id, initiator, payload)
        case _ if execution is None:
            raise IllegalTransitionError(f"execution {event.execution_id.hex()} never started")
        case PhaseStarted():
            return _move(execution, event.phase_index, PhaseStatus.ACTIVE, started=event)
        case PhaseCompleted():
            return _move(execution, event.phase_index, PhaseStatus.COMPLETED, completed=event)
        case PhaseFailed():
            return _move(execution, event.phase_index, PhaseStatus.FAILED)
        case PhaseTimedOut():
            return _move(execution, event.phase_index, PhaseStatus.TIMED_OUT)
        case WorkflowCompleted():
            return replace(execution, status=ExecutionStatus.COMPLETED)
        case WorkflowFailed():
            return replace(execution, status=ExecutionStatus.FAILED)


def _move(
    execution: Execution,
    index: PhaseIndex,
    status: PhaseStatus,
    started: PhaseStarted | None = None,
    completed: PhaseCompleted | None = None,
) -> Execution:
    before = execution.phase(index)
    if status not in TRANSITIONS[before.status]:
        raise IllegalTransitionError(f"phase {index} goes from {before.status.name} to {status.name}")
    after = PhaseState(status, started or before.started, completed or before.completed)
    return replace(execution, phases={**execution.phases, index: after})


def startable(execution: Execution, definition: WorkflowDefinition) -> tuple[PhaseIndex, ...]:
    """The PENDING phases whose dependencies have all completed: what the contract starts next."""
    if execution.status is not ExecutionStatus.RUNNING:
        return ()
    return tuple(
        PhaseIndex(index)
        for index, phase in enumerate(definition.phases)
        if execution.phase(PhaseIndex(index)).status is PhaseStatus.PENDING
        and all(execution.phase(i).status is PhaseStatus.COMPLETED for i in phase.dependencies)
    )


def status_at(phase: PhaseState, now: ChainTime) -> PhaseStatus:
    """The phase's status by the chain's clock: an ACTIVE phase past its deadline is TIMED_OUT already."""
    if phase.status is PhaseStatus.ACTIVE and phase.started is not None and now > phase.started.deadline:
        return PhaseStatus.TIMED_OUT
    return phase.status
