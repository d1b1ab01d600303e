"""What the two roads to the chain have in common: phases go by `WorkflowStateMachine`, plain tasks by `TaskMailbox`.

A road folds its contract's events, says what takes a result at the moment, and reads what a session needs to open.
From there on a task is worked as the IMMEDIATE phase that it is: nobody who tallies, certifies or signs asks which of
the two it was.
"""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from aggregator.opening import Opening
from hourglass.certificate.slots import ObservationSlot
from hourglass.chain.mailbox_port import LoggedTaskEvent
from hourglass.chain.watcher import WatchEvent
from hourglass.reasons import Reason
from hourglass.workflow.events import PhaseStarted
from hourglass.workflow.identifiers import BlockNumber, ChainTime


@dataclass(frozen=True, slots=True)
class OpenWork:
    """A phase attempt, or a task, that takes a result."""

    slot: ObservationSlot
    started: PhaseStarted


class Road(Protocol):
    """One contract's work. Owned by the event loop; pure but for what it reads."""

    @property
    def name(self) -> str:
        """For logs."""
        ...

    async def first_block(self) -> BlockNumber:
        """Nothing that could still be open happened before it. Raises ChainError."""
        ...

    def watch(
        self, first: BlockNumber, poll_interval_s: float, confirmations: int
    ) -> AsyncIterator[WatchEvent | LoggedTaskEvent]:
        """Its contract's events from there on, for ever."""
        ...

    def take(self, block: BlockNumber, event: Any) -> None:
        """Fold one of its contract's events. Raises IllegalTransitionError if it fits no history."""
        ...

    def rewind(self, first_removed: BlockNumber) -> None:
        """Everything from this block on never happened. Raises RewindError if that is too long ago."""
        ...

    def forget(self) -> None:
        """Begin again, with no history."""
        ...

    def open_work(self, chain_time: ChainTime) -> Iterable[OpenWork]:
        """What takes a result now, or waits for its gate to open."""
        ...

    async def read_opening(self, work: OpenWork) -> Opening:
        """All that a session of it needs. Raises ChainError."""
        ...

    def why_homeless(self, slot: ObservationSlot) -> Reason:
        """Why no session takes an answer for this slot."""
        ...
