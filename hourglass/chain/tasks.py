"""TaskMailbox tasks as plain values: what the contract says happened, and what it holds. Pure.

The facts are EigenLayer's `ITaskMailbox`. A task is worked as an IMMEDIATE phase: `task_phase` says as which one.
"""

from dataclasses import dataclass
from enum import IntEnum

from hourglass.certificate.operators import CurveType
from hourglass.workflow.identifiers import (
    Address,
    BasisPoints,
    BlockNumber,
    ChainTime,
    ExecutionId,
    OperatorSetId,
    ReferenceTimestamp,
)

TaskHash = ExecutionId
"""What names a task; in a slot it stands where an execution's id does."""


class TaskStatus(IntEnum):
    """Numbered as the mailbox numbers them. EXPIRED is never stored: it follows from the clock."""

    NONE = 0
    CREATED = 1
    VERIFIED = 2
    EXPIRED = 3


@dataclass(frozen=True, slots=True)
class TaskCreated:
    """A task was created. `deadline`: after it the mailbox takes no result."""

    creator: Address
    task_hash: TaskHash
    operator_set: OperatorSetId
    reference_timestamp: ReferenceTimestamp
    refund_collector: Address
    avs_fee: int
    deadline: ChainTime
    payload: bytes


@dataclass(frozen=True, slots=True)
class TaskVerified:
    """The mailbox took a result."""

    aggregator: Address
    """Who sent it."""
    task_hash: TaskHash
    operator_set: OperatorSetId
    certificate: bytes
    """As it was sent, ABI-encoded."""
    result: bytes


TaskEvent = TaskCreated | TaskVerified


@dataclass(frozen=True, slots=True)
class TaskView:
    """A task as the mailbox holds it, read at one block."""

    as_of: ChainTime
    """Timestamp of the block that answered."""
    block: BlockNumber
    """The block that answered."""
    task_hash: TaskHash
    status: TaskStatus
    creator: Address
    created_at: ChainTime
    deadline: ChainTime
    operator_set: OperatorSetId
    reference_timestamp: ReferenceTimestamp
    payload: bytes
    result: bytes
    curve: CurveType
    threshold: BasisPoints | None
    """None where the operator set's tasks need no consensus: any positive stake."""
    hook: Address
    fee_token: Address
    avs_fee: int
    refund_collector: Address
    is_fee_refunded: bool
