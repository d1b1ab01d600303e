"""Whatever aggregators, other operators and the chain's endpoint do to an operator, in whatever order."""

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import samples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent import node as agent_node
from agent.checks import Evidence, Identity, Objection
from agent.duty import Duty
from agent.events import (
    Attest,
    Attested,
    ChainNotViewed,
    ChainViewed,
    Effect,
    Event,
    HandlerGaveUp,
    HandlerReturned,
    Note,
    Observe,
    Observed,
    ProposalReceived,
    Publish,
    Recall,
    Recalled,
    Reduce,
    Reduced,
    ReducerGaveUp,
    RequestReceived,
    RunHandler,
    SeriesProposed,
    SigningRefused,
    TickReceived,
    TicksVerified,
    VerifyTicks,
    ViewChain,
)
from agent.handlers import Handlers
from agent.journal import Journal
from agent.signer import Signer
from hourglass.certificate.slots import Slot
from hourglass.certificate.ticks import CertifiedTick
from hourglass.chain.port import Account
from hourglass.errors import SignerError
from hourglass.reasons import Reason
from hourglass.workflow.definition import MAX_OBSERVATION_BYTES
from hourglass.workflow.identifiers import (
    Attempt,
    BasisPoints,
    ChainTime,
    ExecutionId,
    ReferenceTimestamp,
    Round,
    Tick,
)
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import TickValue
from hourglass.workflow.series_end import largest_value
from hourglass.workflow.turns import proposer
from messages.responses import Attestation

ME = Identity(samples.OPERATORS[0], samples.CHAIN_ID, samples.MACHINE)
OVER = samples.STARTED_AT + 11 * samples.INTERVAL_S + 25


def whose(round: int) -> Account:
    addresses = [account.address for account in samples.AGGREGATORS]
    turn = proposer(addresses, samples.EXECUTION, samples.OBSERVATION_SLOT.phase_index, Round(round))
    return next(one for one in samples.AGGREGATORS if one.address == turn)


def evidence(time: int = OVER, threshold: int = samples.THRESHOLD, **changes: Any) -> Evidence:
    view = samples.view(
        PhaseType.CONTINUOUS,
        **{"as_of": ChainTime(time), "consensus_threshold": BasisPoints(threshold), **changes},
    )
    return Evidence(view, samples.TABLE, samples.continuous())


def series_duty() -> Duty:
    return Duty(ME, samples.OBSERVATION_SLOT, samples.SET)


def proposed(
    made: Duty, certified: list[CertifiedTick], ticks: int, found: Evidence, round: int = 0
) -> tuple[Any, ...]:
    proposal = samples.series_proposal(whose(round), certified, ticks, round)
    assert made.receive(SeriesProposed(proposal)) == (ViewChain(proposal),)
    return made.receive(ChainViewed(proposal, found, 0.0))


def reason_of(effects: tuple[Any, ...]) -> Reason:
    (note,) = [effect for effect in effects if isinstance(effect, Note)]
    return note.objection.reason


def show(made: Duty, one: CertifiedTick, found: Evidence, valid: bool = True) -> None:
    """Let it see a tick's certificate."""
    certificate = replace(samples.tick_certificate(one.tick, 0), certified=one)
    made.receive(TickReceived(certificate))
    (verify,) = made.receive(ChainViewed(certificate, found, 0.0))
    assert isinstance(verify, VerifyTicks)
    made.receive(TicksVerified(verify.about, found, valid))


# ── Series ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_tick_that_is_seen_certified_while_a_series_is_verified_cannot_be_left_out_of_it() -> None:
    made = series_duty()
    (verify,) = proposed(made, [samples.certified_tick(1, 1)], 12, evidence())
    show(made, samples.certified_tick(4, 4), evidence())
    effects = made.receive(TicksVerified(verify.about, evidence(), True))
    assert reason_of(effects) is Reason.TICK_LEFT_OUT
    assert not [effect for effect in effects if isinstance(effect, Attest)]


@pytest.mark.parametrize("stop", [False, True])
def test_no_tick_before_its_time_ends_a_series_however_little_stake_suffices(stop: bool) -> None:
    tick = samples.certified_tick(12, 1, signers=(4,), stop=stop)
    effects = proposed(series_duty(), [tick], 12, evidence(samples.STARTED_AT + 1, threshold=0))
    assert reason_of(effects) is Reason.TICK_NOT_DUE


def test_a_certificate_that_outruns_this_agent_s_endpoint_is_kept_all_the_same() -> None:
    made = series_duty()
    show(made, samples.certified_tick(4, 4), evidence(samples.STARTED_AT + 3 * samples.INTERVAL_S - 1))
    assert reason_of(proposed(made, [], 12, evidence())) is Reason.TICK_LEFT_OUT


def test_a_tick_too_large_for_the_series_is_not_believed_and_no_series_with_it_is_signed() -> None:
    room = largest_value(samples.UPDATES)
    assert room >= MAX_OBSERVATION_BYTES, "twelve ticks leave more room than an observation has"
    most, over = (
        replace(samples.certified_tick(12, 0), value=TickValue(False, bytes(size)).encode())
        for size in (MAX_OBSERVATION_BYTES - 1, MAX_OBSERVATION_BYTES)
    )
    (verify,) = proposed(series_duty(), [most], 12, evidence())
    assert isinstance(verify, VerifyTicks)
    assert reason_of(proposed(series_duty(), [over], 12, evidence())) is Reason.WRONG_SERIES


def test_what_was_certified_before_a_reorg_under_another_table_neither_counts_nor_binds() -> None:
    made = series_duty()
    later = ReferenceTimestamp(samples.TIMESTAMP + 60)
    again = replace(
        evidence(reference_timestamp=later), table=replace(samples.TABLE, reference_timestamp=later)
    )
    old = samples.certified_tick(4, 4)
    show(made, old, evidence())
    # It is no tick of the attempt as it stands now: its signature has to be looked at again …
    (verify,) = proposed(made, [old], 12, again)
    assert verify.ticks == (old,)
    # … and where nobody could certify it again, the series goes on without it.
    other = samples.certified_tick(5, 5)
    (verify,) = proposed(made, [other], 12, again, round=1)
    (attest,) = made.receive(TicksVerified(verify.about, again, True))
    assert isinstance(attest, Attest)


# ── Memory ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_request_is_let_go_as_soon_as_the_journal_has_answered() -> None:
    made = series_duty()
    made.receive(RequestReceived(samples.request(payload=bytes(100_000))))
    made.receive(Recalled(None, ()))
    assert made._request is None


@contextmanager
def node(group: asyncio.TaskGroup) -> Iterator[agent_node.Node]:
    """A node whose chain, bus and performer are not there: whatever needs them fails."""
    with tempfile.TemporaryDirectory() as folder, Journal.open(Path(folder) / "journal") as journal:
        signer = Signer(journal, samples.operator_keys(0))
        nothing: Any = None
        yield agent_node.Node(ME, nothing, nothing, signer, Handlers(nothing, 1.0), group)


async def test_slots_that_do_not_exist_do_not_make_a_node_forget_certified_ticks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(agent_node, "MAX_DUTIES", 8)
    async with asyncio.TaskGroup() as group:
        with node(group) as made:
            kept = made._duty(samples.OBSERVATION_SLOT, samples.SET)
            show(kept, samples.certified_tick(4, 4), evidence())
            for number in range(100):
                invented = replace(
                    samples.OBSERVATION_SLOT, execution_id=ExecutionId(number.to_bytes(32, "big"))
                )
                made._duty(invented, samples.SET)
            assert made.duties[samples.OBSERVATION_SLOT] is kept
            assert len(made.duties) == len(made._seen_at) == 8


async def test_a_duty_that_fails_takes_no_other_along(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Duty, __: Event) -> tuple[Effect, ...]:
        raise ZeroDivisionError

    monkeypatch.setattr(Duty, "receive", fail)
    async with asyncio.TaskGroup() as group:
        with node(group) as made:
            duty = made._duty(samples.OBSERVATION_SLOT, samples.SET)
            await made._feed(duty, Recalled(None, ()))
            assert not made.duties


# ── Any order ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass
class Bench:
    """Duties of every slot of one phase attempt, on one journal, with what they wish for still to be done."""

    signer: Signer
    duties: dict[int, Duty] = field(default_factory=dict)
    wishes: list[tuple[Duty, Effect]] = field(default_factory=list)
    signed: dict[Slot, bytes] = field(default_factory=dict)

    def duty(self, tick: int) -> Duty:
        slot = samples.OBSERVATION_SLOT.at_tick(Tick(tick))
        return self.duties.setdefault(tick, Duty(ME, slot, samples.SET))

    def tell(self, duty: Duty, event: Event) -> None:
        for effect in duty.receive(event):
            if isinstance(effect, Publish) and isinstance(effect.message, Attestation):
                self._released(effect.message)
            self.wishes.append((duty, effect))

    def _released(self, said: Attestation) -> None:
        """What leaves the operator: per slot one result and one signature, for ever."""
        assert self.signed.setdefault(said.slot, said.signature) == said.signature

    def outcome(self, effect: Effect, found: Evidence, good: bool, value: bytes) -> Event | None:
        objection = Objection(Reason.CHAIN_UNREACHABLE)
        match effect:
            case Recall(slot):
                return Recalled(*self.signer.recall(slot))
            case ViewChain(about):
                return ChainViewed(about, found, 0.0) if good else ChainNotViewed(about, objection)
            case VerifyTicks(about, seen, _):
                return TicksVerified(about, seen, good)
            case RunHandler(request, seen):
                return HandlerReturned(request, seen, value) if good else HandlerGaveUp(objection)
            case Reduce(proposal, seen):
                return Reduced(proposal, seen, value) if good else ReducerGaveUp(proposal, objection)
            case Observe(slot, operator_set, inputs, seen_value):
                return Observed(self.signer.observe(slot, operator_set, inputs, seen_value))
            case Attest(slot, operator_set, inputs, timestamp, result, None):
                try:
                    return Attested(self.signer.attest(slot, operator_set, inputs, timestamp, result))
                except SignerError as error:
                    return SigningRefused(Objection(error.reason, error.detail))
            case _:
                return None


TICKS = [
    samples.certified_tick(tick, tick, round=round, stop=tick == 3)
    for tick in (1, 2, 3, 12)
    for round in (0, 1)
]
SERIES: list[tuple[tuple[CertifiedTick, ...], int]] = [
    ((TICKS[0], TICKS[4]), 3),
    ((TICKS[0], TICKS[2], TICKS[4]), 3),
    ((TICKS[1], TICKS[4]), 3),
    ((TICKS[0], TICKS[6]), 12),
    ((TICKS[6],), 12),
    ((), 12),
    ((), 3),
    ((TICKS[0], TICKS[0]), 12),
]
EARLY, LATE = evidence(samples.STARTED_AT + 1), evidence()
AGREEING = Evidence(
    samples.view(PhaseType.COORDINATION), samples.TABLE, samples.phase(PhaseType.COORDINATION)
)
ALONE = Evidence(samples.view(), samples.TABLE, samples.phase())
CHAINS = {
    "late": LATE,
    "early": EARLY,
    "coordination": AGREEING,
    "immediate": ALONE,
    "any stake": evidence(threshold=0),
    "attempt 2": evidence(attempt=Attempt(2)),
    "past deadline": evidence(samples.DEADLINE + 1),
    "cut short": evidence(samples.STARTED_AT + 120, deadline=ChainTime(samples.STARTED_AT + 130)),
}
"""What the chain may say from one look to the next. It may even change the phase's type: nothing here knows better."""
VALUES = [TickValue(False, bytes(32)).encode(), TickValue(True, b"\1" * 32).encode(), b"", b"\7"]


@dataclass(frozen=True)
class After:
    """What becomes of its wishes: how many come true at once, and what chain and handler say."""

    steps: int
    chain: str
    good: bool
    value: bytes


AFTER = st.builds(
    After,
    st.integers(0, 5),
    st.sampled_from(sorted(CHAINS)),
    st.sampled_from([True, True, True, False]),
    st.sampled_from(VALUES),
)


class AnyOrder(RuleBasedStateMachine):
    """Messages, outcomes, reorgs and restarts in any order: a duty never raises, and never signs twice in a slot."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        journal = self.stack.enter_context(Journal.open(Path(folder) / "journal"))
        signer = Signer(journal, samples.operator_keys(0))
        self.bench = Bench(signer)

    def teardown(self) -> None:
        self.stack.close()

    @rule(tick=st.sampled_from([0, 1, 2, 3, 12, 13]), wanted=st.booleans(), after=AFTER)
    def request(self, tick: int, wanted: bool, after: After) -> None:
        duty = self.bench.duty(tick)
        others = () if wanted else samples.OPERATORS[1:]
        self.hear(duty, RequestReceived(samples.request(slot=duty.slot, wanted=others)), after)

    @rule(which=st.integers(0, len(TICKS) - 1), after=AFTER)
    def certificate(self, which: int, after: After) -> None:
        one = TICKS[which]
        message = replace(samples.tick_certificate(one.tick, 0), certified=one)
        self.hear(self.bench.duty(0), TickReceived(message), after)

    @rule(which=st.integers(0, len(SERIES) - 1), round=st.integers(0, 2), after=AFTER)
    def series(self, which: int, round: int, after: After) -> None:
        message = samples.series_proposal(whose(round), *SERIES[which], round)
        self.hear(self.bench.duty(0), SeriesProposed(message), after)

    @rule(
        tick=st.sampled_from([0, 0, 1, 3]),
        round=st.integers(0, 2),
        who=st.sampled_from([(0, 1, 2), (0, 1, 2, 3, 4), (2, 3), (0, 0, 1)]),
        after=AFTER,
    )
    def proposal(self, tick: int, round: int, who: tuple[int, ...], after: After) -> None:
        duty = self.bench.duty(tick)
        message = samples.proposal_of(
            whose(round), tuple(samples.observation(one, one) for one in who), round
        )
        message = replace(message, slot=duty.slot.in_round(Round(round)))
        self.hear(duty, ProposalReceived(message), after)

    @rule(places=st.lists(st.integers(0, 10**6), min_size=1, max_size=12), after=AFTER)
    def perform(self, places: list[int], after: After) -> None:
        """What was wished for earlier comes true, or not, in another order."""
        for place in places:
            self.come_true(place, after)

    def hear(self, duty: Duty, event: Event, after: After) -> None:
        self.bench.tell(duty, event)
        for _ in range(after.steps):
            self.come_true(-1, after)

    def come_true(self, place: int, after: After) -> None:
        wishes = [wish for wish in self.bench.wishes if not isinstance(wish[1], Note | Publish)]
        if not wishes:
            return
        duty, effect = wishes[place if place < 0 else place % len(wishes)]
        self.bench.wishes.remove((duty, effect))
        event = self.bench.outcome(effect, CHAINS[after.chain], after.good, after.value)
        if event is not None:
            self.bench.tell(duty, event)

    @rule(tick=st.sampled_from([0, 1, 2, 3]))
    def restart(self, tick: int) -> None:
        """The duty is made anew; what the old one wished for may still come true."""
        self.bench.duties.pop(tick, None)

    @invariant()
    def what_was_signed_is_what_the_journal_says(self) -> None:
        for slot, signature in self.bench.signed.items():
            _, attestations = self.bench.signer.recall(slot.observation_slot)
            assert [one.signature for one in attestations if one.slot == slot] == [signature]


TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
