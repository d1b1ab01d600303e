"""All executions of one state machine, with enough memory to take back what a reorg removed."""

from collections import deque
from dataclasses import dataclass, field

from hourglass.workflow.events import WorkflowEvent, WorkflowRegistered
from hourglass.workflow.execution import Execution, ExecutionStatus, apply
from hourglass.workflow.identifiers import BlockNumber, ExecutionId

MAX_REWIND_BLOCKS = 256
"""Deeper reorgs than this are no reorgs but another chain: whoever follows must begin again."""


class RewindError(ValueError):
    """A reorg reaches further back than is remembered."""


@dataclass(slots=True)
class History:
    """The fold over every execution, and what each event replaced in the latest `MAX_REWIND_BLOCKS`."""

    executions: dict[ExecutionId, Execution] = field(default_factory=dict)
    running: dict[ExecutionId, Execution] = field(default_factory=dict)
    """Those of `executions` that still run: all that anybody has to look at after each block."""
    _replaced: deque[tuple[BlockNumber, ExecutionId, Execution | None]] = field(default_factory=deque)
    _forgotten_through: BlockNumber = BlockNumber(-1)

    def add(self, block: BlockNumber, event: WorkflowEvent) -> None:
        """One more event. Raises IllegalTransitionError for one that cannot follow."""
        if isinstance(event, WorkflowRegistered):
            return
        before = self.executions.get(event.execution_id)
        self._store(event.execution_id, apply(before, event))
        self._replaced.append((block, event.execution_id, before))
        while self._replaced[0][0] < block - MAX_REWIND_BLOCKS:
            self._forgotten_through = self._replaced.popleft()[0]

    def rewind(self, first_removed: BlockNumber) -> None:
        """Forget everything from this block on. Raises RewindError if that is further back than is kept."""
        if first_removed <= self._forgotten_through:
            raise RewindError(f"block {first_removed} is more than {MAX_REWIND_BLOCKS} blocks back")
        while self._replaced and self._replaced[-1][0] >= first_removed:
            _, execution_id, before = self._replaced.pop()
            self._store(execution_id, before)

    def _store(self, execution_id: ExecutionId, execution: Execution | None) -> None:
        if execution is None:
            self.executions.pop(execution_id, None)
        else:
            self.executions[execution_id] = execution
        if execution is not None and execution.status is ExecutionStatus.RUNNING:
            self.running[execution_id] = execution
        else:
            self.running.pop(execution_id, None)
