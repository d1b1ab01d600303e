"""All tasks of a mailbox that may still take a result, with enough memory to take back what a reorg removed. Pure."""

from dataclasses import dataclass, field

from hourglass.chain.tasks import TaskCreated, TaskEvent, TaskHash, TaskVerified
from hourglass.workflow.history import MAX_REWIND_BLOCKS, RewindError
from hourglass.workflow.identifiers import BlockNumber, ChainTime


@dataclass(slots=True)
class TaskBook:
    """The fold over a mailbox's events. What is over is forgotten once no reorg can bring it back."""

    _created: dict[TaskHash, tuple[BlockNumber, TaskCreated]] = field(default_factory=dict)
    _verified: dict[TaskHash, BlockNumber] = field(default_factory=dict)
    _newest: BlockNumber = BlockNumber(0)
    _forgotten_through: BlockNumber = BlockNumber(-1)
    """The last block of which something has been forgotten."""

    def add(self, block: BlockNumber, event: TaskEvent) -> None:
        """One more event. The answer to a task that was created before the first block is nobody's concern."""
        self._newest = block
        match event:
            case TaskCreated():
                self._created[event.task_hash] = (block, event)
            case TaskVerified():
                if event.task_hash in self._created:
                    self._verified[event.task_hash] = block

    def rewind(self, first_removed: BlockNumber) -> None:
        """Everything from this block on never happened. Raises RewindError if that is further back than is kept."""
        if first_removed <= self._forgotten_through:
            raise RewindError(f"block {first_removed} is more than {MAX_REWIND_BLOCKS} blocks back")
        for task_hash in [one for one, block in self._verified.items() if block >= first_removed]:
            del self._verified[task_hash]
        for task_hash in [one for one, (block, _) in self._created.items() if block >= first_removed]:
            del self._created[task_hash]

    def open_tasks(self, chain_time: ChainTime) -> tuple[TaskCreated, ...]:
        """Those that take a result now: created, not answered, and in time. In the order of their creation."""
        self._forget(chain_time)
        return tuple(
            task
            for _, task in self._created.values()
            if task.task_hash not in self._verified and chain_time <= task.deadline
        )

    def known(self, task_hash: TaskHash) -> bool:
        """Is it remembered, open or not?"""
        return task_hash in self._created

    def _forget(self, chain_time: ChainTime) -> None:
        settled_by = self._newest - MAX_REWIND_BLOCKS
        over = [
            (task_hash, block)
            for task_hash, (block, task) in self._created.items()
            if self._verified.get(task_hash, block) < settled_by
            and (task_hash in self._verified or chain_time > task.deadline)
        ]
        for task_hash, block in over:
            del self._created[task_hash]
            self._forgotten_through = max(self._forgotten_through, self._verified.pop(task_hash, block))
