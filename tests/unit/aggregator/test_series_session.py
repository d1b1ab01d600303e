"""How an aggregator brings a CONTINUOUS phase to its end: tick by tick, driven by hand."""

from dataclasses import replace
from typing import Any

import bn254
import samples

from aggregator.events import (
    AttestationReceived,
    BadSigners,
    Certified,
    Certify,
    ClockMoved,
    CloseOnChain,
    Note,
    ObservationReceived,
    Opened,
    ProposalSigned,
    Publish,
    SignProposal,
    SignSeries,
    Submit,
    Woken,
)
from aggregator.opening import Opening, Pace
from aggregator.session import PhaseSession
from hourglass.certificate.certificates import certify
from hourglass.certificate.digests import observation_digest
from hourglass.certificate.ecdsa import sign_digest
from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.ticks import are_signed
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import BasisPoints, ChainTime, Round, Tick
from hourglass.workflow.series import TickValue
from messages.requests import PhaseRequest, SeriesProposal, TickCertificate
from messages.responses import Attestation, Observation

FIRST = samples.AGGREGATORS[0].address
PACE = Pace(solicit_s=2.0, turn_s=5.0, gather_s=0.1, recall_s=5.0)


def session(**changes: Any) -> PhaseSession:
    return PhaseSession(
        Opening(
            me=FIRST,
            slot=samples.OBSERVATION_SLOT,
            started=samples.STARTED,
            started_at=samples.STARTED_AT,
            phase=samples.continuous(**changes),
            payload=samples.PAYLOAD,
            dependency_results=(),
            trigger_data=None,
            table=samples.TABLE,
            aggregators=(FIRST,),
        ),
        PACE,
    )


def of(kind: type[Any], effects: tuple[Any, ...]) -> list[Any]:
    return [effect for effect in effects if isinstance(effect, kind)]


def sent(kind: type[Any], effects: tuple[Any, ...]) -> list[Any]:
    return [effect.message for effect in of(Publish, effects) if isinstance(effect.message, kind)]


def clock(made: PhaseSession, after_s: int, now: float = 0.0) -> tuple[Any, ...]:
    return made.receive(ClockMoved(ChainTime(samples.STARTED_AT + after_s)), now)


def tick_slot(tick: int) -> Any:
    return samples.OBSERVATION_SLOT.at_tick(Tick(tick))


def observe(made: PhaseSession, number: int, tick: int, value: int, now: float = 0.0) -> tuple[Any, ...]:
    slot = tick_slot(tick)
    data = TickValue(False, value.to_bytes(32, "big")).encode()
    digest = observation_digest(slot, samples.SET, samples.INPUTS, data)
    signed = SignedObservation(samples.OPERATORS[number], data, sign_digest(samples.SECRETS[number], digest))
    return made.receive(ObservationReceived(Observation(slot, samples.SET, samples.INPUTS, signed)), now)


def attestation(number: int, tick: int, value: bytes, round: int = 0) -> Attestation:
    return samples.attestation(number, value, tick_slot(tick).in_round(Round(round)))


def value_of(tick: int, stop: bool = False) -> bytes:
    return TickValue(stop, (100 + tick).to_bytes(32, "big")).encode()


def certified(made: PhaseSession, wish: Certify, now: float = 0.0) -> tuple[Any, ...]:
    certificate = certify(samples.TABLE, wish.message_hash, bn254.points_of(wish.signatures), samples.BACKEND)
    return made.receive(Certified(wish.slot, wish.digest, certificate, tuple(wish.signatures)), now)


def answer(
    made: PhaseSession, tick: int, result: bytes, numbers: tuple[int, ...] = (0, 1, 2), now: float = 0.0
) -> tuple[Any, ...]:
    """These operators attest, and what comes of it is certified."""
    effects: tuple[Any, ...] = ()
    for number in numbers:
        effects = made.receive(AttestationReceived(attestation(number, tick, result)), now)
    (wish,) = of(Certify, effects)
    return certified(made, wish, now)


def test_each_tick_is_asked_for_when_it_is_due_and_not_before() -> None:
    made = session()
    made.receive(Opened(), 0.0)
    assert [request.slot.tick for request in sent(PhaseRequest, clock(made, 0))] == [1]
    assert not sent(PhaseRequest, clock(made, samples.INTERVAL_S - 1))
    assert [request.slot.tick for request in sent(PhaseRequest, clock(made, samples.INTERVAL_S))] == [2]


def test_a_tick_is_agreed_on_certified_and_told_to_all() -> None:
    made = session()
    clock(made, 0)
    for number in range(5):
        effects = observe(made, number, 1, 100 + number)
    (wish,) = of(SignProposal, effects)
    assert wish.slot.tick == 1
    assert len(wish.observations) == 5
    (certificate,) = sent(TickCertificate, answer(made, 1, value_of(1)))
    assert certificate.slot == samples.OBSERVATION_SLOT
    assert certificate.certified.tick == 1
    assert are_signed([certificate.certified], samples.SCOPE, samples.BACKEND, bytes(16))
    assert not of(Submit, made.receive(Woken(), 100.0))


def test_a_tick_without_a_quorum_is_missed_once_and_said_so() -> None:
    made = session()
    clock(made, 0)
    made.receive(AttestationReceived(attestation(4, 1, value_of(1))), 0.0)
    effects = clock(made, samples.INTERVAL_S, now=PACE.recall_s)
    missed = [note for note in of(Note, effects) if note.reason is Reason.TICK_MISSED]
    assert len(missed) == 1
    assert {note.operator for note in of(Note, effects) if note.reason is Reason.NO_ANSWER} == set(
        samples.OPERATORS[:4]
    )
    assert not [
        note
        for note in of(Note, clock(made, samples.INTERVAL_S + 1, 6.0))
        if note.reason is Reason.TICK_MISSED
    ]


def test_the_whole_series_is_proposed_signed_and_submitted_once() -> None:
    made = session()
    for tick in range(1, 12):
        clock(made, (tick - 1) * samples.INTERVAL_S, now=float(tick))
        answer(made, tick, value_of(tick), now=float(tick))
    clock(made, 11 * samples.INTERVAL_S, now=12.0)
    effects = answer(made, 12, value_of(12), now=12.0)
    (wish,) = of(SignSeries, effects)
    assert wish.ticks == 12
    assert [one.tick for one in wish.certified] == list(range(1, 13))
    assert wish.slot.tick == 0
    proposal = SeriesProposal(
        wish.slot, samples.SET, samples.INPUTS, wish.ticks, wish.certified, FIRST, b"\0" * 65
    )
    assert sent(SeriesProposal, made.receive(ProposalSigned(proposal), 12.0)) == [proposal]
    for number in range(3):
        effects = made.receive(AttestationReceived(samples.attestation(number, b"series", wish.slot)), 12.1)
    (certify_,) = of(Certify, effects)
    (submit,) = of(Submit, certified(made, certify_, 12.1))
    assert submit.result == b"series"
    assert not of(Submit, made.receive(Woken(), 20.0))


def test_an_early_stop_ends_the_series_with_its_tick() -> None:
    made = session()
    clock(made, 0)
    answer(made, 1, value_of(1))
    clock(made, samples.INTERVAL_S)
    (wish,) = of(SignSeries, answer(made, 2, value_of(2, stop=True)))
    assert wish.ticks == 2
    assert not sent(PhaseRequest, clock(made, 2 * samples.INTERVAL_S, 0.1))


def test_made_anew_in_the_middle_it_asks_for_every_tick_again_and_goes_on_at_the_right_one() -> None:
    made = session()
    effects = clock(made, 4 * samples.INTERVAL_S + 3, now=50.0)
    assert [request.slot.tick for request in sent(PhaseRequest, effects)] == [1, 2, 3, 4, 5]
    for tick in (1, 2, 4):
        answer(made, tick, value_of(tick), now=50.5)
    # Tick 3 had no quorum when it was due; nobody's journal knows of it.
    made.receive(Woken(), 52.0)
    assert made.ticking is not None
    assert not made.ticking.given_up
    made.receive(Woken(), 50.0 + PACE.recall_s)
    assert made.ticking.given_up == {3}
    assert sorted(made.ticking.certified) == [1, 2, 4]
    assert 5 in made.collections


def test_the_series_waits_for_ticks_that_may_still_be_recalled() -> None:
    made = session()
    over = 11 * samples.INTERVAL_S + 30
    clock(made, over, now=50.0)
    effects = answer(made, 12, value_of(12), now=50.0)
    assert not of(SignSeries, effects)
    (wish,) = of(SignSeries, made.receive(Woken(), 50.0 + PACE.recall_s))
    assert [one.tick for one in wish.certified] == [12]


def test_bad_signers_of_a_tick_are_dropped_and_the_tick_goes_on_without_them() -> None:
    made = session()
    clock(made, 0)
    for number in (0, 1, 2):
        effects = made.receive(AttestationReceived(attestation(number, 1, value_of(1))), 0.0)
    (wish,) = of(Certify, effects)
    effects = made.receive(BadSigners(wish.slot, wish.digest, (samples.OPERATORS[2],)), 0.0)
    assert of(Note, effects)[0].reason is Reason.INVALID_SIGNATURE
    effects = made.receive(AttestationReceived(attestation(3, 1, value_of(1))), 0.0)
    assert sent(TickCertificate, certified(made, of(Certify, effects)[0]))


def test_bytes_that_are_no_tick_s_value_never_count() -> None:
    made = session()
    clock(made, 0)
    effects = made.receive(AttestationReceived(attestation(0, 1, b"\x07rubbish")), 0.0)
    assert of(Note, effects)[0].reason is Reason.WRONG_SERIES


def test_an_answer_for_a_tick_that_is_not_being_worked_says_why() -> None:
    made = session()
    clock(made, samples.INTERVAL_S * 3)
    for tick, reason in ((9, Reason.TICK_NOT_DUE), (0, Reason.SERIES_NOT_OVER)):
        effects = made.receive(AttestationReceived(attestation(0, tick, value_of(1))), 0.0)
        assert of(Note, effects)[0].reason is reason


def test_without_a_threshold_everybody_has_a_moment_before_one_answer_decides() -> None:
    made = session(consensus_threshold=BasisPoints(0))
    clock(made, 0)
    assert not of(Certify, made.receive(AttestationReceived(attestation(4, 1, value_of(9))), 0.0))
    for number in (0, 1):
        made.receive(AttestationReceived(attestation(number, 1, value_of(1))), 0.2)
    (wish,) = of(Certify, made.receive(Woken(), PACE.gather_any_s))
    assert set(wish.signatures) == {samples.OPERATORS[0], samples.OPERATORS[1]}


def test_a_phase_that_waits_for_its_trigger_asks_nobody_and_ends_at_its_deadline() -> None:
    made = session()
    made.opening = replace(made.opening, started=replace(samples.STARTED, waiting=True))
    made.receive(Opened(), 0.0)
    assert not of(Publish, clock(made, 1))
    assert of(CloseOnChain, clock(made, samples.TIMEOUT_S + 1))
