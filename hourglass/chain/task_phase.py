"""A TaskMailbox task as the IMMEDIATE phase that it is. Pure.

Whoever asks, works, signs and tallies a phase can do so with a task: what they need to know of it is said here in a
phase's terms. What is signed differs (`digests.message_hash`), and the contract that takes it.
"""

from eth_hash.auto import keccak

from hourglass.certificate.digests import inputs_hash
from hourglass.certificate.slots import ObservationSlot, task_slot
from hourglass.chain.port import ChainView
from hourglass.chain.tasks import TaskCreated, TaskStatus, TaskView
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.events import PhaseStarted
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import (
    WORD_BYTES,
    Address,
    Attempt,
    BasisPoints,
    BlockNumber,
    ChainId,
    PhaseIndex,
    WorkflowId,
)
from hourglass.workflow.phases import PhaseType

NO_WORKFLOW = WorkflowId(bytes(WORD_BYTES))
"""Of which no definition is: whose code runs follows from the operator's own configuration."""
ANY_STAKE = BasisPoints(0)

_STATUS = {
    TaskStatus.NONE: (ExecutionStatus.FAILED, PhaseStatus.PENDING),
    TaskStatus.CREATED: (ExecutionStatus.RUNNING, PhaseStatus.ACTIVE),
    TaskStatus.VERIFIED: (ExecutionStatus.COMPLETED, PhaseStatus.COMPLETED),
    TaskStatus.EXPIRED: (ExecutionStatus.FAILED, PhaseStatus.TIMED_OUT),
}


def slot_of(chain_id: ChainId, mailbox: Address, task: TaskCreated) -> ObservationSlot:
    """Where operators sign its result."""
    return task_slot(chain_id, mailbox, task.task_hash)


def started_by(task: TaskCreated) -> PhaseStarted:
    """What a contract would have said if the task were a phase."""
    return PhaseStarted(
        execution_id=task.task_hash,
        phase_index=PhaseIndex(0),
        attempt=Attempt(0),
        operator_set=task.operator_set,
        reference_timestamp=task.reference_timestamp,
        deadline=task.deadline,
        inputs_hash=inputs_hash(task.payload, ()),
    )


def definition_of(task: TaskView) -> PhaseDefinition:
    """The phase that an author would have written for it."""
    return PhaseDefinition(
        name="task",
        phase_type=PhaseType.IMMEDIATE,
        timeout_s=task.deadline - task.created_at,
        dependencies=(),
        trigger_condition=b"",
        operator_set_id=task.operator_set.number,
        metadata=b"",
        required_stake=0,
        consensus_threshold=ANY_STAKE if task.threshold is None else task.threshold,
    )


def view_of(task: TaskView) -> ChainView:
    """What an agent judges a request by. Nobody proposes for a task, so it lists no aggregators."""
    execution_status, status = _STATUS[task.status]
    return ChainView(
        as_of=task.as_of,
        execution_status=execution_status,
        workflow_id=NO_WORKFLOW,
        definition_hash=bytes(WORD_BYTES),
        phase_type=PhaseType.IMMEDIATE,
        status=status,
        attempt=Attempt(0),
        operator_set=task.operator_set,
        consensus_threshold=ANY_STAKE if task.threshold is None else task.threshold,
        reference_timestamp=task.reference_timestamp,
        started_at=task.created_at,
        deadline=task.deadline,
        block=task.block,
        started_block=BlockNumber(0),
        inputs_hash=inputs_hash(task.payload, ()),
        result=task.result,
        result_hash=bytes(keccak(task.result)) if task.status is TaskStatus.VERIFIED else bytes(WORD_BYTES),
        aggregators=(),
    )
