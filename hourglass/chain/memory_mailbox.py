"""The twin of a TaskMailbox: on the same ledger, blocks and clock as the state machine: reorgs take both back."""

from collections.abc import Iterator
from dataclasses import dataclass

from hourglass.chain.mailbox_port import LoggedTaskEvent
from hourglass.chain.memory import MemoryChain
from hourglass.chain.memory_tasks import MAILBOX, view
from hourglass.chain.port import Block
from hourglass.chain.tasks import TaskHash, TaskView
from hourglass.workflow.identifiers import Address, BlockNumber, ChainId, TxHash


@dataclass(slots=True)
class MemoryMailbox:
    """A `mailbox_port.TaskMailbox`, through one endpoint."""

    chain: MemoryChain

    @property
    def chain_id(self) -> ChainId:
        """The ledger's."""
        return self.chain.chain_id

    @property
    def address(self) -> Address:
        """The only one there is here."""
        return MAILBOX

    async def start_block(self) -> BlockNumber:
        """Genesis."""
        return await self.chain.start_block()

    async def head(self) -> Block:
        """The newest block that the endpoint shows."""
        return await self.chain.head()

    async def block(self, number: BlockNumber) -> Block | None:
        """A block by its number."""
        return await self.chain.block(number)

    async def events(self, first: BlockNumber, last: BlockNumber) -> tuple[LoggedTaskEvent, ...]:
        """What the endpoint shows of these blocks."""
        head = await self.chain.head()
        numbers = range(first, min(last, head.number) + 1)
        return tuple(event for number in numbers for event in self._events_in(BlockNumber(number)))

    async def events_of(self, block: Block) -> tuple[LoggedTaskEvent, ...]:
        """This very block's. Raises ChainError if the endpoint does not show it."""
        await self.chain.events_of(block)
        return tuple(self._events_in(block.number))

    def _events_in(self, number: BlockNumber) -> Iterator[LoggedTaskEvent]:
        mined = self.chain.ledger.mined(number)
        if mined is None:
            return
        index = 0
        for kept in mined.state.tasks.values():
            for event, block in ((kept.created, kept.created_in), (kept.verified, kept.verified_in)):
                if event is not None and block == number:
                    tx_hash = TxHash(event.task_hash)
                    yield LoggedTaskEvent(number, mined.header.hash, index, tx_hash, event)
                    index += 1

    async def task(self, task_hash: TaskHash) -> TaskView | None:
        """The task as of the newest block that the endpoint shows."""
        head = await self.chain.head()
        mined = self.chain.ledger.mined(head.number)
        return None if mined is None else view(mined.state, mined.header, task_hash)
