"""What the watcher asks for next, and what it delivers, on chains of every shape."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend
from hourglass.certificate.ecdsa import address_of
from hourglass.certificate.operators import Operator
from hourglass.chain.memory import MemoryChain
from hourglass.chain.memory_ledger import Ledger
from hourglass.chain.memory_rules import Home
from hourglass.chain.port import (
    Account,
    Block,
    ExecuteWorkflow,
    LoggedEvent,
    RegisterWorkflow,
    TransactionPlan,
)
from hourglass.chain.trail import MAX_RANGE, SETTLED_DEPTH, LookBack, Rest, TakeBlock, TakeRange, Trail
from hourglass.chain.watcher import HeadAdvanced, Reorged, WatchEvent, watch
from hourglass.errors import ChainError
from hourglass.reasons import Reason
from hourglass.workflow.definition import PhaseDefinition, WorkflowDefinition
from hourglass.workflow.identifiers import (
    Address,
    BasisPoints,
    BlockNumber,
    ChainId,
    ChainTime,
    OperatorSetId,
    StakeWeight,
    WorkflowId,
)
from hourglass.workflow.phases import PhaseType

ZERO = BlockNumber(0)
TIMEOUT_S = 20.0
POLL_S = 0.0
"""Loop time between two looks: none, so that a test waits for nothing."""


def block(number: int, fork: int = 0, parent_fork: int | None = None) -> Block:
    parent = bytes([fork if parent_fork is None else parent_fork]) + (number - 1).to_bytes(
        4, "big", signed=True
    )
    return Block(BlockNumber(number), bytes([fork]) + number.to_bytes(4, "big"), parent, ChainTime(number))


def trail_to(last: int) -> Trail:
    trail = Trail(ZERO)
    for number in range(last + 1):
        trail.extend(block(number))
    return trail


# ── Deciding ──────────────────────────────────────────────────────────────────────────────────────────


def test_far_behind_the_head_blocks_are_taken_in_ranges() -> None:
    assert Trail(ZERO, range_size=100).step(block(5_000), BlockNumber(5_000)) == TakeRange(
        ZERO, BlockNumber(99)
    )


def test_a_range_ends_where_blocks_may_still_be_replaced() -> None:
    head = block(SETTLED_DEPTH + 9)
    assert Trail(ZERO).step(head, head.number) == TakeRange(ZERO, BlockNumber(9))


def test_near_the_head_blocks_are_taken_one_by_one() -> None:
    head = block(SETTLED_DEPTH - 1)
    assert Trail(ZERO).step(head, head.number) == TakeBlock(ZERO)
    assert trail_to(20).step(block(21), BlockNumber(21)) == TakeBlock(BlockNumber(21))


def test_at_the_head_there_is_nothing_to_do() -> None:
    assert trail_to(20).step(block(20), BlockNumber(20)) == Rest()


def test_unconfirmed_blocks_are_not_taken() -> None:
    assert trail_to(20).step(block(23), BlockNumber(20)) == Rest()


def test_another_block_in_the_place_of_a_delivered_one_makes_it_look_back() -> None:
    assert trail_to(20).step(block(20, fork=1), BlockNumber(20)) == LookBack()
    assert trail_to(20).step(block(18, fork=1), BlockNumber(18)) == LookBack()


def test_an_endpoint_that_lags_is_no_reorg() -> None:
    assert trail_to(20).step(block(17), BlockNumber(17)) == Rest()


def test_only_a_child_of_the_newest_delivered_block_follows() -> None:
    assert trail_to(20).follows(block(21))
    assert not trail_to(20).follows(block(21, fork=1))
    assert trail_to(20).follows(block(21, fork=1, parent_fork=0))


def test_cutting_forgets_what_came_after_the_block_that_stands() -> None:
    trail = trail_to(20)
    assert trail.cut(block(15)) == 16
    assert trail.tip == block(15)
    assert trail.cut(None) == 0
    assert trail.tip is None


@given(st.lists(st.booleans(), max_size=40))
def test_ranges_stay_between_one_block_and_the_most_that_endpoints_allow(answers: list[bool]) -> None:
    trail = Trail(ZERO)
    for answered in answers:
        if answered:
            trail.grow_range()
        else:
            trail.shrink_range()
        assert 1 <= trail.range_size <= MAX_RANGE


# ── Delivering ────────────────────────────────────────────────────────────────────────────────────────

ADMIN = Account(address_of(b"\x11" * 32), b"\x11" * 32)
HOME = Home(ChainId(1), Address(b"\xaa" * 20), Address(b"\xbb" * 20), ADMIN.address)
KEY = SecretKey(5).public_key(default_backend())
DEFINITION = WorkflowDefinition(
    "w", (PhaseDefinition("a", PhaseType.IMMEDIATE, 600, (), b"", 1, b"", 0, BasisPoints(1)),)
)
PLAN_GAS, PLAN_FEE = 1_000_000, 10**11


@dataclass
class Story:
    """A chain that changes while it is watched: before each of the watcher's requests, perhaps."""

    ledger: Ledger
    workflow: WorkflowId
    changes: list[tuple[str, int]]
    executed: int = 0
    seen: set[str] = field(default_factory=set)
    """Which kinds of changes came to pass."""

    def __post_init__(self) -> None:
        self.endpoint = MemoryChain(self.ledger, self.before)

    async def before(self, _method: str) -> None:
        if not self.changes:
            self.endpoint.lag = 0
            return
        kind, amount = self.changes.pop()
        match kind:
            case "execute":
                for _ in range(amount):
                    self.executed += 1
                    self.send(ExecuteWorkflow(self.workflow, self.executed.to_bytes(4, "big")))
            case "mine":
                for _ in range(amount):
                    self.ledger.mine()
            case "reorg" | "reorg and keep":
                depth = min(amount, self.ledger.head.number - 2)
                if depth > 0:
                    self.ledger.reorg(depth, keep_transactions=kind.endswith("keep"), grow=amount % 2)
            case "reorg while away":
                self.ledger.reorg(min(amount, self.ledger.head.number - 2) or 1, grow=SETTLED_DEPTH + amount)
            case "lag":
                self.endpoint.lag = amount
            case "fail":
                raise ChainError(Reason.CHAIN_UNREACHABLE, "for the test")

    def send(self, call: ExecuteWorkflow | RegisterWorkflow) -> None:
        nonce = self.ledger.next_nonce(ADMIN.address)
        self.ledger.take(call, TransactionPlan(nonce, PLAN_GAS, PLAN_FEE, 1), ADMIN)


def story(changes: list[tuple[str, int]]) -> Story:
    ledger = Ledger(HOME, (ADMIN.address,))
    operator = Operator(Address(b"\x01" * 20), KEY.g1, KEY.g2, (StakeWeight(1),))
    ledger.publish_table(OperatorSetId(HOME.avs, 1), [operator])
    told = Story(ledger, WorkflowId(b""), changes)
    told.send(RegisterWorkflow(DEFINITION))
    (told.workflow,) = ledger.newest.state.workflows
    return told


@dataclass(slots=True)
class Fold:
    """What somebody knows who believes the watcher."""

    events: list[LoggedEvent] = field(default_factory=list)

    def take(self, seen: WatchEvent) -> None:
        match seen:
            case LoggedEvent():
                place = (seen.block, seen.log_index)
                assert not self.events or place > (self.events[-1].block, self.events[-1].log_index)
                self.events.append(seen)
            case Reorged(first_removed):
                self.events = [one for one in self.events if one.block < first_removed]
            case HeadAdvanced():
                pass


def canonical(ledger: Ledger) -> list[LoggedEvent]:
    blocks = (ledger.mined(number) for number in range(ledger.head.number + 1))
    return [event for block in blocks if block is not None for event in block.events]


async def fold_until_quiet(told: Story) -> Fold:
    """Follow until nothing changes any more and the newest block, mined by the last change, is announced."""
    fold = Fold()
    async with asyncio.timeout(TIMEOUT_S), aclosing(watch(told.endpoint, ZERO, POLL_S)) as events:
        async for seen in events:
            fold.take(seen)
            told.seen.add(type(seen).__name__)
            quiet = not told.changes and told.endpoint.lag == 0
            if quiet and isinstance(seen, HeadAdvanced) and seen.block == told.ledger.head:
                return fold
    raise AssertionError("the watcher ended")


CHANGES = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(st.just("execute"), st.integers(1, 2)),
            st.tuples(st.just("mine"), st.integers(1, 90)),
            st.tuples(st.sampled_from(["reorg", "reorg and keep"]), st.integers(1, 12)),
            st.tuples(st.just("reorg while away"), st.integers(1, 3)),
            st.tuples(st.just("lag"), st.integers(0, 6)),
            st.tuples(st.just("fail"), st.just(1)),
        ),
        st.integers(0, 12),
    ),
    max_size=20,
).map(lambda told: [one for change, rests in told for one in (change, *[("rest", 0)] * rests)])
"""Changes, told from the end, with time for the watcher to catch up after some of them."""


@settings(max_examples=150, deadline=None)
@given(CHANGES)
def test_folding_what_is_delivered_gives_the_canonical_chains_events(changes: list[tuple[str, int]]) -> None:
    # Told from the end: the last change is one more block, whose announcement ends the watching.
    told = story([("execute", 1), *changes])
    fold = asyncio.run(fold_until_quiet(told))
    assert fold.events == canonical(told.ledger)


def test_blocks_that_were_delivered_and_then_replaced_are_taken_back() -> None:
    rest = [("rest", 0)] * 40
    told = story([("execute", 1), ("reorg", 2), *rest, ("execute", 1), ("execute", 1)])
    fold = asyncio.run(fold_until_quiet(told))
    assert "Reorged" in told.seen
    assert fold.events == canonical(told.ledger)


def test_an_endpoint_that_fails_again_and_again_costs_time_and_nothing_else() -> None:
    told = story([("execute", 2), *[("fail", 1)] * 20, ("execute", 1)])
    assert asyncio.run(fold_until_quiet(told)).events == canonical(told.ledger)


def test_watching_from_a_later_block_delivers_what_came_from_there_on() -> None:
    told = story([])
    for _ in range(5):
        told.send(ExecuteWorkflow(told.workflow, b""))
    first = BlockNumber(told.ledger.head.number - 2)

    async def watched() -> list[WatchEvent]:
        seen: list[WatchEvent] = []
        async with aclosing(watch(told.endpoint, first, POLL_S)) as events:
            async for one in events:
                seen.append(one)
                if isinstance(one, HeadAdvanced):
                    break
        return seen

    *delivered, head = asyncio.run(watched())
    assert delivered == [one for one in canonical(told.ledger) if one.block >= first]
    assert head == HeadAdvanced(told.ledger.head)


def test_unconfirmed_events_wait_until_enough_blocks_stand_on_theirs() -> None:
    told = story([])
    told.send(ExecuteWorkflow(told.workflow, b""))
    started_in = told.ledger.head

    async def watched() -> list[HeadAdvanced]:
        heads: list[HeadAdvanced] = []
        async with aclosing(watch(told.endpoint, ZERO, POLL_S, confirmations=2)) as events:
            async for one in events:
                if isinstance(one, HeadAdvanced):
                    heads.append(one)
                    told.ledger.mine()
                if isinstance(one, LoggedEvent) and one.block == started_in.number:
                    break
        return heads

    heads = asyncio.run(watched())
    assert [one.block.number for one in heads] == [started_in.number - 2, started_in.number - 1]
