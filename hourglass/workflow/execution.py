"""One run of a workflow, as a fold over what the contract says happened.

The contract decides; this only follows. Restart means folding again, a reorg means folding again from an
earlier block, and the result equals the contract's own state. What the contract will do next is in `recovery`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from types import MappingProxyType

from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.events import (
    ConditionalTriggerActivated,
    ExecutionEvent,
    PhaseCompleted,
    PhaseFailed,
    PhaseFellBack,
    PhaseGivenUp,
    PhaseSkipped,
    PhaseStarted,
    PhaseTimedOut,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowExecutionStarted,
    WorkflowFailed,
)
from hourglass.workflow.identifiers import Address, ChainTime, ExecutionId, PhaseIndex, WorkflowId


class PhaseStatus(IntEnum):
    """Numbered as the contract numbers them."""

    PENDING = 0
    """Waits for the phases it depends on, or to stand in for another one."""
    ACTIVE = 1
    """Open: operators work and sign, a result is taken until the deadline."""
    COMPLETED = 2
    """A certified result is on-chain."""
    FAILED = 3
    """It could not start: its operator set had no usable stake table."""
    CONDITIONAL_WAITING = 4
    """Waits for a source to show that its condition holds."""
    TIMED_OUT = 5
    """The deadline passed without a certificate. Computed from the clock, never waited for."""
    SKIPPED = 6
    """Its condition did not hold by the deadline, and the definition goes on without it."""


class ExecutionStatus(IntEnum):
    """Numbered as the contract numbers them."""

    NONE = 0
    """The contract does not know it."""
    RUNNING = 1
    """At least one phase is open."""
    COMPLETED = 2
    """Every phase is resolved: completed, skipped, or given up as its definition says."""
    FAILED = 3
    """A phase failed for good, or the overall deadline passed: no further result is taken."""
    CANCELLED = 4
    """Its initiator ended it."""


OPEN = frozenset({PhaseStatus.ACTIVE, PhaseStatus.CONDITIONAL_WAITING})
"""The statuses that end at the deadline."""

TRANSITIONS: Mapping[PhaseStatus, frozenset[PhaseStatus]] = MappingProxyType(
    {
        PhaseStatus.PENDING: OPEN | {PhaseStatus.FAILED},
        PhaseStatus.ACTIVE: frozenset({PhaseStatus.COMPLETED, PhaseStatus.TIMED_OUT, PhaseStatus.SKIPPED}),
        PhaseStatus.CONDITIONAL_WAITING: frozenset(
            {PhaseStatus.ACTIVE, PhaseStatus.TIMED_OUT, PhaseStatus.SKIPPED}
        ),
        # Another attempt, or none for want of a table.
        PhaseStatus.TIMED_OUT: OPEN | {PhaseStatus.FAILED},
        PhaseStatus.COMPLETED: frozenset(),
        PhaseStatus.FAILED: frozenset(),
        PhaseStatus.SKIPPED: frozenset(),
    }
)
"""Every step that a phase can take. Nothing else is ever stored, by the contract or by us."""

EXECUTION_TRANSITIONS: Mapping[ExecutionStatus, frozenset[ExecutionStatus]] = MappingProxyType(
    {
        ExecutionStatus.NONE: frozenset({ExecutionStatus.RUNNING}),
        ExecutionStatus.RUNNING: frozenset(
            {ExecutionStatus.COMPLETED, ExecutionStatus.FAILED, ExecutionStatus.CANCELLED}
        ),
        ExecutionStatus.COMPLETED: frozenset(),
        ExecutionStatus.FAILED: frozenset(),
        ExecutionStatus.CANCELLED: frozenset(),
    }
)
"""Every step that an execution can take."""


class IllegalTransitionError(ValueError):
    """Events that no contract of ours emits in this order: another contract, or blocks were skipped."""


@dataclass(frozen=True, slots=True)
class PhaseState:
    """One phase of one execution. `started` is None until an attempt opened, `completed` until its end."""

    status: PhaseStatus = PhaseStatus.PENDING
    started: PhaseStarted | None = None
    """The latest attempt, with the inputs' hash as it is now."""
    completed: PhaseCompleted | None = None
    trigger_data: bytes | None = None
    """What a source opened its gate with."""
    given_up: bool = False
    """It failed for good, and its dependents go on without it."""
    fallback: PhaseIndex | None = None
    """It failed for good, and this one stands in for it."""


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
        """The phases with an attempt that has not ended, deadlines aside."""
        if self.status is not ExecutionStatus.RUNNING:
            return ()
        return tuple(sorted(i for i, phase in self.phases.items() if phase.status in OPEN))

    def is_resolved(self, index: PhaseIndex) -> bool:
        """Does nobody wait for this phase any longer? It completed, was skipped or given up, or its fallback was."""
        phase = self.phase(index)
        if phase.fallback is not None:
            return self.is_resolved(phase.fallback)
        return phase.given_up or phase.status in (PhaseStatus.COMPLETED, PhaseStatus.SKIPPED)

    def results(self, indices: tuple[PhaseIndex, ...]) -> tuple[tuple[PhaseIndex, bytes | None], ...]:
        """The results of these phases, a fallback's in its phase's place; None of one that ended without.

        Raises IllegalTransitionError for a phase that is not resolved.
        """
        return tuple((index, self._result(index)) for index in indices)

    def _result(self, index: PhaseIndex) -> bytes | None:
        phase = self.phase(index)
        if phase.fallback is not None:
            return self._result(phase.fallback)
        if not self.is_resolved(index):
            raise IllegalTransitionError(f"phase {index} is not resolved")
        return phase.completed.result if phase.completed is not None else None


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
        case WorkflowCompleted():
            return _end(execution, ExecutionStatus.COMPLETED)
        case WorkflowFailed():
            return _end(execution, ExecutionStatus.FAILED)
        case WorkflowCancelled():
            return _end(execution, ExecutionStatus.CANCELLED)
        case _:
            after = _after(execution.phase(event.phase_index), event)
            return replace(execution, phases={**execution.phases, event.phase_index: after})


PhaseEvent = (
    PhaseStarted
    | ConditionalTriggerActivated
    | PhaseCompleted
    | PhaseFailed
    | PhaseTimedOut
    | PhaseSkipped
    | PhaseFellBack
    | PhaseGivenUp
)


def _after(phase: PhaseState, event: PhaseEvent) -> PhaseState:
    match event:
        case PhaseStarted(waiting=True):
            return _move(phase, event, PhaseStatus.CONDITIONAL_WAITING, started=event)
        case PhaseStarted():
            return _move(phase, event, PhaseStatus.ACTIVE, started=event)
        case ConditionalTriggerActivated(data=data, inputs_hash=inputs):
            if phase.started is None:
                raise IllegalTransitionError(f"phase {event.phase_index} is triggered before it started")
            started = replace(phase.started, inputs_hash=inputs, waiting=False)
            return _move(phase, event, PhaseStatus.ACTIVE, started=started, trigger_data=data)
        case PhaseCompleted():
            return _move(phase, event, PhaseStatus.COMPLETED, completed=event)
        case PhaseFailed():
            return _move(phase, event, PhaseStatus.FAILED)
        case PhaseTimedOut():
            return _move(phase, event, PhaseStatus.TIMED_OUT)
        case PhaseSkipped():
            return _move(phase, event, PhaseStatus.SKIPPED)
        case PhaseFellBack(fallback_phase=fallback):
            return _settle(phase, event, fallback=fallback)
        case PhaseGivenUp():
            return _settle(phase, event, given_up=True)


def _move(phase: PhaseState, event: PhaseEvent, status: PhaseStatus, **changes: object) -> PhaseState:
    if status not in TRANSITIONS[phase.status] or phase.given_up or phase.fallback is not None:
        raise IllegalTransitionError(
            f"phase {event.phase_index} goes from {phase.status.name} to {status.name}"
        )
    return replace(phase, status=status, **changes)  # type: ignore[arg-type]


def _settle(phase: PhaseState, event: PhaseEvent, **changes: object) -> PhaseState:
    """A phase that failed for good stays what it is; what follows from it is decided here, once."""
    if phase.status not in (PhaseStatus.TIMED_OUT, PhaseStatus.FAILED):
        raise IllegalTransitionError(f"phase {event.phase_index} is given up while {phase.status.name}")
    if phase.given_up or phase.fallback is not None:
        raise IllegalTransitionError(f"phase {event.phase_index} is given up twice")
    return replace(phase, **changes)  # type: ignore[arg-type]


def _end(execution: Execution, status: ExecutionStatus) -> Execution:
    if status not in EXECUTION_TRANSITIONS[execution.status]:
        raise IllegalTransitionError(f"an execution goes from {execution.status.name} to {status.name}")
    return replace(execution, status=status)


def startable(execution: Execution, definition: WorkflowDefinition) -> tuple[PhaseIndex, ...]:
    """The PENDING phases whose dependencies are all resolved: what the contract starts next.

    Fallbacks are not among them: they start when the phase that they stand in for has failed.
    """
    if execution.status is not ExecutionStatus.RUNNING:
        return ()
    return tuple(
        PhaseIndex(index)
        for index, phase in enumerate(definition.phases)
        if index not in definition.fallbacks
        and execution.phase(PhaseIndex(index)).status is PhaseStatus.PENDING
        and all(execution.is_resolved(i) for i in phase.dependencies)
    )


def status_at(phase: PhaseState, now: ChainTime) -> PhaseStatus:
    """The phase's status by the chain's clock: an open phase past its deadline is TIMED_OUT already."""
    if phase.status in OPEN and phase.started is not None and now > phase.started.deadline:
        return PhaseStatus.TIMED_OUT
    return phase.status
