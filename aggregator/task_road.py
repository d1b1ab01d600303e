"""The road of plain tasks: `TaskMailbox`'s events, folded into the tasks that still take a result."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from aggregator.opening import Opening
from aggregator.road import OpenWork
from hourglass.certificate.slots import ObservationSlot
from hourglass.chain.mailbox_port import LoggedTaskEvent, TaskMailbox
from hourglass.chain.port import Chain
from hourglass.chain.task_book import TaskBook
from hourglass.chain.task_phase import definition_of, slot_of, started_by
from hourglass.chain.tasks import TaskEvent
from hourglass.chain.watcher import HeadAdvanced, Reorged, watch
from hourglass.errors import ChainError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, BlockNumber, ChainTime


@dataclass(slots=True)
class TaskRoad:
    """A `Road`. `me` is the aggregator's own address; `avss`: whose tasks it serves."""

    chain: Chain
    mailbox: TaskMailbox
    me: Address
    avss: frozenset[Address]
    book: TaskBook = field(default_factory=TaskBook)

    @property
    def name(self) -> str:
        """For logs."""
        return "tasks"

    async def first_block(self) -> BlockNumber:
        """Tasks from before it have expired."""
        return await self.mailbox.start_block()

    def watch(
        self, first: BlockNumber, poll_interval_s: float, confirmations: int
    ) -> AsyncIterator[LoggedTaskEvent | Reorged | HeadAdvanced]:
        """The mailbox's events."""
        return watch(self.mailbox, first, poll_interval_s, confirmations)

    def take(self, block: BlockNumber, event: TaskEvent) -> None:
        """Fold one event, if it is about an AVS that is served: the mailbox is everybody's."""
        if event.operator_set.avs in self.avss:
            self.book.add(block, event)

    def rewind(self, first_removed: BlockNumber) -> None:
        """After a reorg."""
        self.book.rewind(first_removed)

    def forget(self) -> None:
        """Begin again."""
        self.book = TaskBook()

    def open_work(self, chain_time: ChainTime) -> Iterable[OpenWork]:
        """Every task that takes a result. The mailbox says nothing when one expires: the clock does."""
        mailbox = self.mailbox
        return (
            OpenWork(slot_of(mailbox.chain_id, mailbox.address, task), started_by(task))
            for task in self.book.open_tasks(chain_time)
        )

    async def read_opening(self, work: OpenWork) -> Opening:
        """The task as the mailbox holds it."""
        task = await self.mailbox.task(work.slot.execution_id)
        if task is None:
            raise ChainError(Reason.TASK_UNKNOWN, "The endpoint does not hold this task any more.")
        return Opening(
            me=self.me,
            slot=work.slot,
            started=work.started,
            started_at=task.created_at,
            phase=definition_of(task),
            payload=task.payload,
            dependency_results=(),
            trigger_data=None,
            table=await self.chain.operator_table(task.operator_set, task.reference_timestamp),
            aggregators=await self.chain.aggregators(),
        )

    def why_homeless(self, slot: ObservationSlot) -> Reason:
        """Why no session takes an answer for this slot."""
        if slot.chain_id != self.mailbox.chain_id:
            return Reason.WRONG_CHAIN
        if slot.state_machine != self.mailbox.address:
            return Reason.WRONG_CONTRACT
        return Reason.PHASE_NOT_OPEN if self.book.known(slot.execution_id) else Reason.TASK_UNKNOWN
