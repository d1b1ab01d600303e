"""Follows one contract's events: none skipped, none repeated, a reorg told as an event of its own.

`Trail` decides what to ask for next; this asks, retries while the endpoint fails, and hands on what came.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog

from hourglass.chain.port import Block, LoggedEvent
from hourglass.chain.trail import LookBack, Rest, TakeBlock, TakeRange, Trail
from hourglass.errors import ChainError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import BlockNumber

RETRY_CEILING_S = 5.0
"""An endpoint that is down is asked this often at least, so that work resumes soon after it is back."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reorged:
    """Every event delivered from this block on never happened. What stands instead follows."""

    first_removed: BlockNumber


@dataclass(frozen=True, slots=True)
class HeadAdvanced:
    """Every event up to this block, the newest wanted one, has been delivered. It carries the chain's time."""

    block: Block


E = TypeVar("E")
"""An event and where it stands, of whichever contract."""
Logged = TypeVar("Logged", covariant=True)

WatchEvent = LoggedEvent | Reorged | HeadAdvanced
"""Of a state machine."""


class Followed(Protocol[Logged]):
    """A contract's events, block by block: a `port.Chain`'s state machine, or a mailbox. See there."""

    async def head(self) -> Block:
        """The newest block."""
        ...

    async def block(self, number: BlockNumber) -> Block | None:
        """A block by its number."""
        ...

    async def events(self, first: BlockNumber, last: BlockNumber) -> tuple[Logged, ...]:
        """In these blocks, both included."""
        ...

    async def events_of(self, block: Block) -> tuple[Logged, ...]:
        """In exactly this block."""
        ...


async def watch(
    chain: Followed[E], first: BlockNumber, poll_interval_s: float, confirmations: int = 0
) -> AsyncGenerator[E | Reorged | HeadAdvanced, None]:
    """Everything from block `first` on, for ever; blocks count once `confirmations` more stand on them.

    Never raises for a failing endpoint: it asks again, ever more slowly. A reorg deeper than is remembered
    removes everything, from `first` on.
    """
    watcher = _Watcher(chain, Trail(first), confirmations)
    pause = poll_interval_s
    while True:
        try:
            seen = await watcher.advance()
        except ChainError as error:
            if pause == poll_interval_s:
                log.warning("chain watcher waits", reason=error.reason.code, detail=error.detail)
            watcher.give_up_step()
            await asyncio.sleep(pause)
            pause = min(pause * 2, max(RETRY_CEILING_S, poll_interval_s))
            continue
        pause = poll_interval_s
        for one in seen:
            yield one
        if watcher.caught_up:
            await asyncio.sleep(poll_interval_s)


@dataclass(slots=True)
class _Watcher(Generic[E]):
    chain: Followed[E]
    trail: Trail
    confirmations: int
    head: Block | None = None
    """The head that is being caught up with; None once that is done."""
    announced: Block | None = None

    @property
    def caught_up(self) -> bool:
        return self.head is None

    def give_up_step(self) -> None:
        """The endpoint failed: look at its head anew, and ask for less at once."""
        self.head = None
        self.trail.shrink_range()

    async def advance(self) -> tuple[E | Reorged | HeadAdvanced, ...]:
        """One step towards the head. Changes nothing if it raises ChainError."""
        if self.head is None:
            self.head = await self.chain.head()
        target = BlockNumber(self.head.number - self.confirmations)
        match self.trail.step(self.head, target):
            case TakeRange(first, last):
                return await self._take_range(first, last)
            case TakeBlock(number):
                return await self._take_block(number, self.head)
            case LookBack():
                return await self._look_back(self.head)
            case Rest():
                self.head = None
                return self._announce()

    async def _take_range(
        self, first: BlockNumber, last: BlockNumber
    ) -> tuple[E | Reorged | HeadAdvanced, ...]:
        assert self.head is not None
        if not self.trail.follows(await self._block(first)):
            return await self._look_back(self.head)
        events = await self.chain.events(first, last)
        self.trail.extend(await self._block(last))
        self.trail.grow_range()
        return events

    async def _take_block(self, number: BlockNumber, head: Block) -> tuple[E | Reorged | HeadAdvanced, ...]:
        block = head if number == head.number else await self._block(number)
        if not self.trail.follows(block):
            return await self._look_back(head)
        events = await self.chain.events_of(block)
        self.trail.extend(block)
        return events

    async def _look_back(self, head: Block) -> tuple[E | Reorged | HeadAdvanced, ...]:
        tip = self.trail.tip
        ancestor = None
        for kept in list(self.trail.kept_until(head.number)):
            if (await self._block(kept.number)).hash == kept.hash:
                ancestor = kept
                break
        if tip is None or ancestor == next(self.trail.kept_until(head.number), None):
            # Nothing of what the head can tell contradicts us; it may have moved meanwhile, so look anew.
            self.head = None
            return ()
        return (Reorged(self.trail.cut(ancestor)),)

    async def _block(self, number: BlockNumber) -> Block:
        block = await self.chain.block(number)
        if block is None:
            raise ChainError(Reason.CHAIN_UNREACHABLE, f"It shows a later head, but not block {number}.")
        return block

    def _announce(self) -> tuple[E | Reorged | HeadAdvanced, ...]:
        tip = self.trail.tip
        if tip is None or tip == self.announced:
            return ()
        self.announced = tip
        return (HeadAdvanced(tip),)
