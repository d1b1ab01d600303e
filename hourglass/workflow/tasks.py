"""What the author of a plain task's handler is given: the task, and nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from hourglass.workflow.identifiers import Address, ChainTime, ExecutionId


@dataclass(frozen=True, slots=True)
class TaskContext:
    """One TaskMailbox task. Its handler must compute the same bytes on every operator: use nothing but what is here."""

    task_hash: ExecutionId
    """32 bytes: binds chain, mailbox, operator set and payload."""
    payload: bytes
    """What `createTask` was called with, untouched."""
    operator: Address
    """Who is running this. The result must not depend on it."""
    deadline: ChainTime
    """After it the mailbox takes no result."""


TaskHandler = Callable[[TaskContext], Awaitable[bytes]]
