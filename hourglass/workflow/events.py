"""What the contract says happened: one frozen value per event of `WorkflowStateMachine`.

These are facts, folded by `hourglass.workflow.execution.apply`. Names and meanings are the contract's.
"""

from dataclasses import dataclass

from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    ChainTime,
    ExecutionId,
    InputsHash,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    Round,
    WorkflowId,
)


@dataclass(frozen=True, slots=True)
class WorkflowRegistered:
    """A definition was stored. Its phases are read with `Chain.workflow`."""

    workflow_id: WorkflowId
    creator: Address
    name: str
    version: int
    definition_hash: bytes


@dataclass(frozen=True, slots=True)
class WorkflowExecutionStarted:
    """An execution began; its root phases start in the same transaction."""

    execution_id: ExecutionId
    workflow_id: WorkflowId
    initiator: Address
    payload: bytes


@dataclass(frozen=True, slots=True)
class PhaseStarted:
    """A phase attempt opened; everything that a signature over it commits to is fixed here.

    The contract says `ConditionalTriggerSet` instead where the attempt waits for its trigger first.
    """

    execution_id: ExecutionId
    phase_index: PhaseIndex
    attempt: Attempt
    operator_set: OperatorSetId
    reference_timestamp: ReferenceTimestamp
    deadline: ChainTime
    inputs_hash: InputsHash
    waiting: bool = False
    """It takes no result until `ConditionalTriggerActivated`."""


@dataclass(frozen=True, slots=True)
class ConditionalTriggerActivated:
    """A source opened a waiting phase's gate; its data is among the phase's inputs from now on."""

    execution_id: ExecutionId
    phase_index: PhaseIndex
    attempt: Attempt
    source: Address
    data: bytes
    inputs_hash: InputsHash


@dataclass(frozen=True, slots=True)
class PhaseCompleted:
    """The contract took a certificate. `result` is what every later phase computes from."""

    execution_id: ExecutionId
    phase_index: PhaseIndex
    attempt: Attempt
    round: Round
    result: bytes
    signed_weight: int
    total_weight: int
    submitter: Address


@dataclass(frozen=True, slots=True)
class PhaseFailed:
    """A phase could not start: its operator set had no usable table. `error` is the contract's error."""

    execution_id: ExecutionId
    phase_index: PhaseIndex
    attempt: Attempt
    error: str


@dataclass(frozen=True, slots=True)
class PhaseTimedOut:
    """Somebody told the contract that an active phase's deadline had passed."""

    execution_id: ExecutionId
    phase_index: PhaseIndex
    attempt: Attempt
    deadline: ChainTime


@dataclass(frozen=True, slots=True)
class PhaseSkipped:
    """The condition did not hold by the deadline, and the definition goes on without the phase."""

    execution_id: ExecutionId
    phase_index: PhaseIndex
    attempt: Attempt


@dataclass(frozen=True, slots=True)
class PhaseFellBack:
    """A phase failed for good; another one stands in for it and starts next."""

    execution_id: ExecutionId
    phase_index: PhaseIndex
    fallback_phase: PhaseIndex


@dataclass(frozen=True, slots=True)
class PhaseGivenUp:
    """A phase failed for good; its dependents go on without its result."""

    execution_id: ExecutionId
    phase_index: PhaseIndex


@dataclass(frozen=True, slots=True)
class WorkflowCompleted:
    """All phases are resolved."""

    execution_id: ExecutionId


@dataclass(frozen=True, slots=True)
class WorkflowFailed:
    """The execution ended without completing: a phase timed out or could not start."""

    execution_id: ExecutionId
    phase_index: PhaseIndex


@dataclass(frozen=True, slots=True)
class WorkflowCancelled:
    """Its initiator ended the execution."""

    execution_id: ExecutionId
    initiator: Address


ExecutionEvent = (
    WorkflowExecutionStarted
    | PhaseStarted
    | ConditionalTriggerActivated
    | PhaseCompleted
    | PhaseFailed
    | PhaseTimedOut
    | PhaseSkipped
    | PhaseFellBack
    | PhaseGivenUp
    | WorkflowCompleted
    | WorkflowFailed
    | WorkflowCancelled
)
"""What an execution is folded from."""

WorkflowEvent = WorkflowRegistered | ExecutionEvent
