"""Whatever operators, other aggregators and the chain's clock do to an aggregator, in whatever order."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import bn254
import pytest
import samples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from aggregator import driver as driving
from aggregator.driver import Driver, Edges
from aggregator.events import (
    AttestationReceived,
    BadSigners,
    Certified,
    Certify,
    ClockMoved,
    CloseOnChain,
    Effect,
    Event,
    Note,
    ObservationReceived,
    Opened,
    ProposalSigned,
    Publish,
    RefusalReceived,
    SignProposal,
    SignSeries,
    SubmissionFailed,
    SubmissionMined,
    Submit,
    Woken,
)
from aggregator.journey import Journey
from aggregator.node import Node
from aggregator.opening import Opening, Pace
from aggregator.phase_road import PhaseRoad
from aggregator.session import PhaseSession
from aggregator.sessions import Sessions
from aggregator.snapshot import snapshot
from hourglass.certificate.certificates import certify
from hourglass.certificate.digests import observation_digest
from hourglass.certificate.ecdsa import sign_digest
from hourglass.certificate.observations import SignedObservation
from hourglass.reasons import Reason
from hourglass.workflow.definition import MAX_OBSERVATION_BYTES
from hourglass.workflow.identifiers import Address, BasisPoints, ChainTime, Round, Tick
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import TickValue
from hourglass.workflow.turns import submission_order
from messages.requests import PhaseRequest, Proposal, SeriesProposal, TickCertificate
from messages.responses import Observation

ADDRESSES = tuple(one.address for one in samples.AGGREGATORS)
FIRST, SECOND = submission_order(ADDRESSES, samples.EXECUTION, samples.OBSERVATION_SLOT.phase_index)
PACE = Pace(solicit_s=2.0, turn_s=5.0, gather_s=0.1, recall_s=5.0)
BLOCK_S = 12
TIMEOUT_S = 120
"""A round of such a phase has half a block's time."""


def session(
    me: Address = FIRST, continuous: bool = True, length_s: int = 600, **changes: Any
) -> PhaseSession:
    deadline = ChainTime(samples.STARTED_AT + length_s)
    return PhaseSession(
        Opening(
            me=me,
            slot=samples.OBSERVATION_SLOT,
            started=replace(samples.STARTED, deadline=deadline),
            started_at=samples.STARTED_AT,
            phase=samples.continuous(**changes) if continuous else samples.phase(PhaseType.COORDINATION),
            payload=samples.PAYLOAD,
            dependency_results=(),
            trigger_data=None,
            table=samples.TABLE,
            aggregators=ADDRESSES,
        ),
        PACE,
    )


def clock(made: PhaseSession, after_s: int, now: float) -> tuple[Any, ...]:
    return made.receive(ClockMoved(ChainTime(samples.STARTED_AT + after_s)), now)


def of(kind: type[Any], effects: tuple[Any, ...]) -> list[Any]:
    return [effect for effect in effects if isinstance(effect, kind)]


def value_of(tick: int, stop: bool = False) -> bytes:
    return TickValue(stop, (100 + tick).to_bytes(32, "big")).encode()


def observation(number: int, tick: int, value: int = 7) -> Observation:
    slot = samples.OBSERVATION_SLOT.at_tick(Tick(tick))
    data = TickValue(False, value.to_bytes(32, "big")).encode()
    digest = observation_digest(slot, samples.SET, samples.INPUTS, data)
    signed = SignedObservation(samples.OPERATORS[number], data, sign_digest(samples.SECRETS[number], digest))
    return Observation(slot, samples.SET, samples.INPUTS, signed)


def attested(number: int, tick: int, value: bytes, round: int = 0) -> AttestationReceived:
    slot = samples.OBSERVATION_SLOT.at_tick(Tick(tick)).in_round(Round(round))
    return AttestationReceived(samples.attestation(number, value, slot))


def certified(wish: Certify) -> Certified:
    certificate = certify(samples.TABLE, wish.message_hash, bn254.points_of(wish.signatures), samples.BACKEND)
    return Certified(wish.slot, wish.digest, certificate, tuple(wish.signatures))


def certify_tick(made: PhaseSession, tick: int, now: float, stop: bool = False) -> tuple[Any, ...]:
    effects: tuple[Any, ...] = ()
    for number in (0, 1, 2):
        effects = made.receive(attested(number, tick, value_of(tick, stop)), now)
    (wish,) = of(Certify, effects)
    return made.receive(certified(wish), now)


def signed(effect: SignProposal | SignSeries) -> ProposalSigned:
    """Our own proposal; its signature is the agents' business."""
    if isinstance(effect, SignSeries):
        series = SeriesProposal(
            effect.slot, samples.SET, samples.INPUTS, effect.ticks, effect.certified, FIRST, bytes(65)
        )
        return ProposalSigned(series)
    return ProposalSigned(
        Proposal(effect.slot, samples.SET, samples.INPUTS, effect.observations, FIRST, bytes(65))
    )


# ── Series ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_series_is_over_in_time_when_the_execution_s_deadline_cuts_its_schedule_short() -> None:
    made = session(length_s=120)
    for tick in (1, 2, 3):
        clock(made, (tick - 1) * samples.INTERVAL_S, now=float(tick))
        effects = certify_tick(made, tick, now=float(tick))
    (wish,) = of(SignSeries, effects)
    assert wish.ticks == 3
    assert len(wish.certified) == 3


def test_no_operator_can_certify_a_tick_that_the_series_has_no_room_for() -> None:
    made = session(consensus_threshold=BasisPoints(0))
    clock(made, 0, now=0.0)
    over = TickValue(False, bytes(MAX_OBSERVATION_BYTES)).encode()
    effects = made.receive(attested(4, 1, over), 0.0)
    assert of(Note, effects)[0].reason is Reason.WRONG_SERIES
    assert not of(Certify, made.receive(Woken(), 10.0))


def over_without_tick_2() -> PhaseSession:
    """Its node was cut off while tick 2 was certified elsewhere."""
    made = session()
    for tick in range(1, 13):
        now = 10.0 * tick
        clock(made, (tick - 1) * samples.INTERVAL_S, now)
        if tick != 2:
            certify_tick(made, tick, now)
    assert made.ticking is not None
    assert made.ticking.given_up == {2}
    return made


LEFT_OUT = Reason.TICK_LEFT_OUT.code


def test_a_tick_that_was_certified_elsewhere_is_recalled_when_somebody_says_that_it_is_left_out() -> None:
    made = over_without_tick_2()
    effects = made.receive(RefusalReceived(samples.refusal(0, LEFT_OUT)), 130.0)
    asked = [one.message.slot.tick for one in of(Publish, effects) if isinstance(one.message, PhaseRequest)]
    assert [tick for tick in asked if tick] == [2]
    effects = certify_tick(made, 2, now=130.5)
    assert [one.message for one in of(Publish, effects) if isinstance(one.message, TickCertificate)]
    # The series that left it out stands in its round; whose turn it is next knows better.
    (wish,) = of(SignSeries, clock(made, 11 * samples.INTERVAL_S + 40, now=131.0))
    assert [one.tick for one in wish.certified] == list(range(1, 13))


def test_who_calls_ticks_left_out_that_never_were_certified_holds_nothing_up() -> None:
    made = over_without_tick_2()
    for step in range(200):
        made.receive(RefusalReceived(samples.refusal(4, LEFT_OUT)), 130.0 + step / 10)
    assert made.ticking is not None
    assert made.ticking.given_up == {2}
    (wish,) = of(SignSeries, clock(made, 11 * samples.INTERVAL_S + 45, now=160.0))
    assert [one.tick for one in wish.certified] == [1, *range(3, 13)]


def test_a_stranger_recalls_nothing() -> None:
    made = over_without_tick_2()
    stranger = replace(samples.refusal(0, LEFT_OUT), operator=Address(b"\x77" * 20))
    made.receive(RefusalReceived(stranger), 130.0)
    assert sorted(made.collections) == [0, 12]


# ── Rounds ────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("me", [FIRST, SECOND])
def test_either_of_two_aggregators_gets_its_turn_where_a_block_is_two_rounds_long(me: Address) -> None:
    """It has restarted; the other one is down. By the chain's clock alone every look falls into the other's turn."""
    made = session(me, continuous=False, length_s=TIMEOUT_S)
    proposals: list[SignProposal] = []
    for block in range(3, 6):
        now = 100.0 + block * BLOCK_S
        effects = clock(made, block * BLOCK_S, now)
        for number in range(5):
            effects += made.receive(ObservationReceived(samples.observation_message(number, 7)), now)
        proposals += of(SignProposal, effects)
    assert proposals


def test_a_proposal_goes_on_being_sent_when_its_round_is_past_and_the_next_one_s_proposer_is_down() -> None:
    made = session(FIRST, continuous=False, length_s=TIMEOUT_S)
    effects = clock(made, 0, now=0.0)
    for number in range(5):
        effects += made.receive(ObservationReceived(samples.observation_message(number, 7)), 0.0)
    (wish,) = of(SignProposal, effects)
    made.receive(signed(wish), 0.0)
    effects = made.receive(Woken(), 7.0)
    assert [one.message.slot.round for one in of(Publish, effects) if isinstance(one.message, Proposal)] == [
        0
    ]


def test_a_jump_over_many_rounds_gives_one_proposal_and_not_one_for_each() -> None:
    made = session(FIRST, continuous=False, length_s=TIMEOUT_S)
    clock(made, 0, now=0.0)
    for number in range(4):
        made.receive(ObservationReceived(samples.observation_message(number, 7)), 0.0)
    effects = clock(made, 100, now=0.2)
    assert len(of(SignProposal, effects)) == 1
    assert not of(SignProposal, made.receive(Woken(), 0.3))


# ── Floods ────────────────────────────────────────────────────────────────────────────────────────────


def driver(made: PhaseSession) -> Driver:
    nothing: Any = None
    return Driver(made, Edges(nothing, nothing, samples.AGGREGATORS[0], samples.BACKEND), Journey())


def test_a_flood_of_answers_drowns_neither_the_clock_nor_what_became_of_own_effects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(driving, "MAX_INBOX", 4)
    made = driver(session())
    for _ in range(10):
        made.put(RefusalReceived(samples.refusal(0, "anything")))
    assert made.dropped == 6
    facts: list[Event] = [Woken(), ClockMoved(ChainTime(1)), SubmissionFailed(Reason.CHAIN_UNREACHABLE, "")]
    for fact in facts:
        made.put(fact)
    waiting = [made._inbox.get_nowait() for _ in range(made._inbox.qsize())]
    assert waiting[4:] == facts
    assert made.dropped == 6


@contextmanager
def node() -> Iterator[Node]:
    nothing: Any = None
    yield Node(nothing, Sessions(PhaseRoad(nothing, samples.OPERATORS[0]), nothing, PACE))


async def test_a_session_that_is_over_and_fails_does_not_end_the_hearing_of_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: PhaseSession, __: Event, ___: float) -> tuple[Effect, ...]:
        raise ZeroDivisionError

    with node() as made:
        made.phases._remember(samples.OBSERVATION_SLOT, driver(session()))
        monkeypatch.setattr(PhaseSession, "receive", fail)
        made._route(RefusalReceived(samples.refusal(0, "anything")), "subject")
        assert not made.phases.remembered
    await asyncio.sleep(0)


# ── Any order ─────────────────────────────────────────────────────────────────────────────────────────

RESULTS = [*(value_of(tick) for tick in (1, 2)), value_of(3, stop=True), b"", b"\7", b"series", bytes(900)]
TICKS = st.sampled_from([0, 1, 2, 3, 11, 12, 13, 2**32 - 1])


class AnyOrder(RuleBasedStateMachine):
    """Answers, clocks and outcomes in any order: a session never raises, decides once, keeps within its bounds."""

    threshold = samples.THRESHOLD
    continuous = True
    length_s = 600

    def __init__(self) -> None:
        super().__init__()
        self.session = session(
            continuous=self.continuous, length_s=self.length_s, consensus_threshold=self.threshold
        )
        self.now = 0.0
        self.time = 0
        self.wishes: list[Effect] = []
        self.series_proposed: list[SignSeries] = []
        self.decided: Any = None
        self.hear(Opened())
        self.hear(ClockMoved(samples.STARTED_AT))

    def hear(self, event: Event) -> None:
        effects = self.session.receive(event, self.now)
        for effect in effects:
            assert not isinstance(effect, Submit) or self.session.decision is not None
            assert not isinstance(effect, CloseOnChain) or self.session.past_deadline
        self.wishes += of(Certify, effects) + of(SignProposal, effects) + of(SignSeries, effects)
        self.series_proposed += of(SignSeries, effects)

    @rule(number=st.integers(0, 4), tick=TICKS, value=st.integers(0, 2))
    def observe(self, number: int, tick: int, value: int) -> None:
        self.hear(ObservationReceived(observation(number, tick, value)))

    @rule(
        numbers=st.sampled_from([(0, 1, 2), (0, 1, 2, 3, 4), (4,), (2, 3)]),
        tick=TICKS,
        round=st.integers(0, 3),
        result=st.integers(0, len(RESULTS) - 1),
        comes_true=st.booleans(),
    )
    def attest(self, numbers: tuple[int, ...], tick: int, round: int, result: int, comes_true: bool) -> None:
        for number in numbers:
            self.hear(attested(number, tick, RESULTS[result], round))
        if comes_true:
            self.come_true(-1, True)

    @rule(seconds=st.sampled_from([1, 50, 50, 50, 100]), stop=st.booleans(), holds=st.booleans())
    def work_a_tick(self, seconds: int, stop: bool, holds: bool) -> None:
        """As it should be; then time passes."""
        tick = 0 if self.session.ticking is None else 1 + max(0, self.time) // samples.INTERVAL_S
        self.attest((0, 1, 2), tick, 0, 2 if stop else 0, holds)
        self.pass_time(seconds, 0.2)

    @rule(number=st.integers(0, 4), tick=TICKS, code=st.sampled_from([LEFT_OUT, "", "tick_missed"]))
    def refuse(self, number: int, tick: int, code: str) -> None:
        slot = samples.OBSERVATION_SLOT.at_tick(Tick(tick))
        self.hear(RefusalReceived(samples.refusal(number, code, slot=slot)))

    @rule(seconds=st.sampled_from([-50, 1, 12, 50, 50, 150]), loop_s=st.sampled_from([0.0, 0.2, 3.0, 20.0]))
    def pass_time(self, seconds: int, loop_s: float) -> None:
        self.now += loop_s
        self.time += seconds
        self.hear(ClockMoved(ChainTime(samples.STARTED_AT + self.time)))

    @rule(loop_s=st.sampled_from([0.0, 0.2, 3.0, 20.0]))
    def wake(self, loop_s: float) -> None:
        self.now += loop_s
        self.hear(Woken())

    @rule(place=st.integers(0, 10**6), holds=st.booleans())
    def come_true(self, place: int, holds: bool) -> None:
        if not self.wishes:
            return
        effect = self.wishes.pop(place % len(self.wishes))
        match effect:
            case Certify(slot, digest, _, signatures):
                bad = BadSigners(slot, digest, tuple(signatures)[:1])
                self.hear(certified(effect) if holds else bad)
            case SignProposal() | SignSeries():
                self.hear(signed(effect))

    @rule(reason=st.sampled_from([Reason.CHAIN_UNREACHABLE, Reason.TRANSACTION_FAILED]))
    def fail(self, reason: Reason) -> None:
        self.hear(SubmissionFailed(reason, ""))

    @rule()
    def be_mined(self) -> None:
        self.hear(SubmissionMined())

    @invariant()
    def it_can_be_shown(self) -> None:
        snapshot(self.session)

    @invariant()
    def it_decides_once(self) -> None:
        decision = self.session.decision
        assert self.decided is None or decision is self.decided
        self.decided = decision

    @invariant()
    def series_are_proposed_of_ticks_that_are_over(self) -> None:
        ticking = self.session.ticking
        for wish in self.series_proposed:
            assert ticking is not None
            assert wish.ticks <= ticking.schedule.ticks
            ticks = [one.tick for one in wish.certified]
            assert ticks == sorted(set(ticks))
            assert all(1 <= tick <= wish.ticks for tick in ticks)
        self.series_proposed.clear()

    @invariant()
    def memory_is_bounded(self) -> None:
        assert len(self.session.collections) <= samples.UPDATES + 1
        for collection in self.session.collections.values():
            assert len(collection.tally.digests) <= 5 * 8
            assert len(collection.observations) <= 5


class AnyOrderAnyStake(AnyOrder):
    """Where any one operator's stake suffices."""

    threshold = BasisPoints(0)


class AnyOrderCutShort(AnyOrder):
    """Where the execution's deadline comes first."""

    length_s = 120


class AnyOrderOnce(AnyOrder):
    """Where there are no ticks."""

    continuous = False


LIMITS = settings(max_examples=30, stateful_step_count=40, deadline=None)
TestAnyOrder = AnyOrder.TestCase
TestAnyOrder.settings = LIMITS
TestAnyOrderAnyStake = AnyOrderAnyStake.TestCase
TestAnyOrderAnyStake.settings = LIMITS
TestAnyOrderCutShort = AnyOrderCutShort.TestCase
TestAnyOrderCutShort.settings = LIMITS
TestAnyOrderOnce = AnyOrderOnce.TestCase
TestAnyOrderOnce.settings = LIMITS
