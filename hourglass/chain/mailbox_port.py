"""A TaskMailbox as the rest of the system sees it. What `port.Chain` does not promise, this does not either."""

from dataclasses import dataclass
from typing import Protocol

from hourglass.chain.port import Block
from hourglass.chain.tasks import TaskEvent, TaskHash, TaskView
from hourglass.workflow.identifiers import Address, BlockNumber, ChainId, TxHash


@dataclass(frozen=True, slots=True)
class LoggedTaskEvent:
    """A mailbox's event and where it stands."""

    block: BlockNumber
    block_hash: bytes
    log_index: int
    tx_hash: TxHash
    event: TaskEvent


class TaskMailbox(Protocol):
    """One mailbox on one chain. Its transactions are `port.Call`s and go through the same sender as all others."""

    @property
    def chain_id(self) -> ChainId:
        """Of the chain that it is on."""
        ...

    @property
    def address(self) -> Address:
        """The mailbox's own."""
        ...

    async def start_block(self) -> BlockNumber:
        """No task that was created before it can still be open: its time is over. Raises ChainError."""
        ...

    async def head(self) -> Block:
        """The newest block. Raises ChainError."""
        ...

    async def block(self, number: BlockNumber) -> Block | None:
        """A block by its number; None beyond the head. Raises ChainError."""
        ...

    async def events(self, first: BlockNumber, last: BlockNumber) -> tuple[LoggedTaskEvent, ...]:
        """`TaskCreated` and `TaskVerified` in these blocks, both included, in order. Raises ChainError."""
        ...

    async def events_of(self, block: Block) -> tuple[LoggedTaskEvent, ...]:
        """The same in exactly this block, by its hash. Raises ChainError if the endpoint does not hold it."""
        ...

    async def task(self, task_hash: TaskHash) -> TaskView | None:
        """The task as of one block; None if there is none of this hash. Raises ChainError."""
        ...
