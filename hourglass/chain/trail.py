"""Which blocks were followed, and what to do about the next head. Pure: the watcher asks, this decides.

Far behind the head, blocks are taken in ranges, by number: nothing replaces them any more. Near it, one by one, by
hash, each the child of the one before, so that every reorg is noticed and no event is read from a block that was
replaced between two requests.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from hourglass.chain.port import Block
from hourglass.workflow.history import MAX_REWIND_BLOCKS
from hourglass.workflow.identifiers import BlockNumber

SETTLED_DEPTH = 64
"""Blocks below the head that are taken by number: two epochs of Ethereum, after which a block is final."""
MAX_KEPT = MAX_REWIND_BLOCKS
"""Whoever folds what the watcher says can rewind so far; to know more blocks would help nobody."""
FIRST_RANGE = 1_000
MAX_RANGE = 10_000
"""Blocks per request: what common endpoints allow without asking for a paid plan."""


@dataclass(frozen=True, slots=True)
class TakeRange:
    """Read the events of these settled blocks by number, then remember `last`."""

    first: BlockNumber
    last: BlockNumber


@dataclass(frozen=True, slots=True)
class TakeBlock:
    """Read this one block and its events by hash."""

    number: BlockNumber


@dataclass(frozen=True, slots=True)
class LookBack:
    """The head contradicts what was delivered: find the newest delivered block that still stands."""


@dataclass(frozen=True, slots=True)
class Rest:
    """Everything up to the target has been delivered, as far as this head can tell."""


Step = TakeRange | TakeBlock | LookBack | Rest


@dataclass(slots=True)
class Trail:
    """The blocks delivered so far, newest last: every one near the head, only the ends of ranges before."""

    first: BlockNumber
    range_size: int = FIRST_RANGE
    _blocks: deque[Block] = field(default_factory=lambda: deque(maxlen=MAX_KEPT))

    @property
    def tip(self) -> Block | None:
        """The newest delivered block; None before the first, or when a reorg removed all that is known."""
        return self._blocks[-1] if self._blocks else None

    @property
    def next_block(self) -> BlockNumber:
        """The first block not delivered."""
        return self.first if self.tip is None else BlockNumber(self.tip.number + 1)

    def step(self, head: Block, target: BlockNumber) -> Step:
        """What to do next, when the chain's newest block is `head` and blocks up to `target` are wanted."""
        after = self.next_block
        if after > target:
            return LookBack() if self._contradicts(head) else Rest()
        settled = min(target, head.number - SETTLED_DEPTH)
        if after <= settled:
            return TakeRange(after, BlockNumber(min(settled, after + self.range_size - 1)))
        return TakeBlock(after)

    def _contradicts(self, head: Block) -> bool:
        """Another block stands where this one was delivered. A lower head alone proves nothing: an endpoint
        may lag, and a chain that shrank contradicts us with its next block."""
        if self.tip is None or head.number > self.tip.number:
            return False
        kept = next(self.kept_until(head.number), None)
        return kept is not None and (kept.number < head.number or kept.hash != head.hash)

    def kept_until(self, number: BlockNumber) -> Iterator[Block]:
        """The delivered blocks that are remembered, up to this number, newest first."""
        return (block for block in reversed(self._blocks) if block.number <= number)

    def follows(self, block: Block) -> bool:
        """May this block come next? Only a child of the newest delivered one."""
        return self.tip is None or block.parent_hash == self.tip.hash

    def extend(self, block: Block) -> None:
        """This block's events, and all before it, have been delivered."""
        self._blocks.append(block)

    def cut(self, ancestor: Block | None) -> BlockNumber:
        """Forget all that came after this block, which still stands; None if none does. The first removed."""
        while self.tip is not None and self.tip != ancestor:
            self._blocks.pop()
        return self.next_block

    def grow_range(self) -> None:
        """The endpoint answered: ask for more at once."""
        self.range_size = min(self.range_size * 2, MAX_RANGE)

    def shrink_range(self) -> None:
        """The endpoint refused, for whatever reason: ask for less."""
        self.range_size = max(self.range_size // 4, 1)
