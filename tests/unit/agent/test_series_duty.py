"""What an operator does about a CONTINUOUS phase: its ticks and its series, driven by hand."""

from dataclasses import replace
from typing import Any

import pytest
import samples

from agent.checks import Evidence, Identity
from agent.duty import Duty
from agent.events import (
    Attest,
    ChainViewed,
    Event,
    Note,
    Observe,
    Publish,
    Recall,
    Recalled,
    Reduce,
    RequestReceived,
    RunHandler,
    SeriesProposed,
    TickReceived,
    TicksVerified,
    VerifyTicks,
    ViewChain,
)
from agent.events import ProposalReceived as Proposed
from hourglass.certificate.ticks import CertifiedTick
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import ChainTime, Round, Tick
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import decode_series
from hourglass.workflow.turns import proposer
from messages.requests import SeriesProposal
from messages.responses import Refusal

ME = Identity(samples.OPERATORS[0], samples.CHAIN_ID, samples.MACHINE)
AGGREGATOR = next(
    one
    for one in samples.AGGREGATORS
    if one.address
    == proposer(
        [account.address for account in samples.AGGREGATORS],
        samples.EXECUTION,
        samples.OBSERVATION_SLOT.phase_index,
        Round(0),
    )
)
OVER = samples.STARTED_AT + 11 * samples.INTERVAL_S + 25


def evidence(after_s: int = 1, **changes: Any) -> Evidence:
    view = samples.view(PhaseType.CONTINUOUS, as_of=ChainTime(samples.STARTED_AT + after_s), **changes)
    return Evidence(view, samples.TABLE, samples.continuous())


def at(time: int) -> Evidence:
    return evidence(time - samples.STARTED_AT)


def duty(tick: int = 0) -> Duty:
    return Duty(ME, samples.OBSERVATION_SLOT.at_tick(Tick(tick)), samples.SET)


def tell(made: Duty, event: Event) -> tuple[Any, ...]:
    return made.receive(event)


def asked(made: Duty, found: Evidence) -> tuple[Any, ...]:
    request = samples.request(slot=made.slot)
    assert tell(made, RequestReceived(request)) == (Recall(made.slot),)
    assert tell(made, Recalled(None, ())) == (ViewChain(request),)
    return tell(made, ChainViewed(request, found, 0.0))


def reason_of(effects: tuple[Any, ...]) -> Reason:
    (note,) = [effect for effect in effects if isinstance(effect, Note)]
    return note.objection.reason


def proposed(
    made: Duty, certified: list[CertifiedTick], ticks: int, found: Evidence | None = None, **changes: Any
) -> tuple[Any, ...]:
    proposal = samples.series_proposal(AGGREGATOR, certified, ticks, **changes)
    assert tell(made, SeriesProposed(proposal)) == (ViewChain(proposal),)
    return tell(made, ChainViewed(proposal, found or at(OVER), 0.0))


def whole(missing: tuple[int, ...] = ()) -> list[CertifiedTick]:
    return [samples.certified_tick(tick, 100 + tick) for tick in range(1, 13) if tick not in missing]


# ── Ticks ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_due_tick_is_observed_in_its_own_slot() -> None:
    made = duty(3)
    (run,) = asked(made, evidence(2 * samples.INTERVAL_S))
    assert isinstance(run, RunHandler)
    assert run.request.slot.tick == 3


@pytest.mark.parametrize(
    ("tick", "after_s", "reason"),
    [
        (3, 2 * samples.INTERVAL_S - 1, Reason.TICK_NOT_DUE),
        (3, 3 * samples.INTERVAL_S, Reason.TICK_MISSED),
        (13, 599, Reason.TICK_NOT_DUE),
        (12, 11 * samples.INTERVAL_S + 25, Reason.TICK_MISSED),
    ],
)
def test_a_tick_is_worked_in_its_own_time_and_no_other(tick: int, after_s: int, reason: Reason) -> None:
    effects = asked(duty(tick), evidence(after_s))
    assert reason_of(effects) is reason
    assert isinstance(effects[-1].message, Refusal)


def test_other_phases_have_no_ticks() -> None:
    found = Evidence(
        samples.view(PhaseType.COORDINATION), samples.TABLE, samples.phase(PhaseType.COORDINATION)
    )
    assert reason_of(asked(duty(1), found)) is Reason.WRONG_TICK


def test_the_series_needs_no_handler() -> None:
    assert asked(duty(), evidence()) == ()


def test_a_proposal_for_the_series_slot_is_no_proposal_of_observations() -> None:
    made = duty()
    proposal = samples.proposal(AGGREGATOR, {0: 1, 1: 2, 2: 3})
    tell(made, Proposed(proposal))
    assert reason_of(tell(made, ChainViewed(proposal, evidence(), 0.0))) is Reason.WRONG_ROUND


# ── The series ────────────────────────────────────────────────────────────────────────────────────────


def test_a_whole_series_is_verified_at_once_and_signed() -> None:
    made, certified = duty(), whole()
    (verify,) = proposed(made, certified, 12)
    assert isinstance(verify, VerifyTicks)
    assert verify.ticks == tuple(certified)
    (attest,) = tell(made, TicksVerified(verify.about, verify.evidence, True))
    assert isinstance(attest, Attest)
    assert attest.slot == samples.SLOT
    series = decode_series(attest.result)
    assert series.count == series.ticks == 12
    assert not series.stopped


def test_a_tick_that_was_seen_certified_is_not_verified_again() -> None:
    made, certified = duty(), whole()
    for one in certified[:-1]:
        certificate = samples.tick_certificate(one.tick, 100 + one.tick)
        assert tell(made, TickReceived(certificate)) == (ViewChain(certificate),)
        (verify,) = tell(made, ChainViewed(certificate, at(OVER), 0.0))
        assert tell(made, TicksVerified(verify.about, verify.evidence, True)) == ()
        assert tell(made, TickReceived(certificate)) == ()
    (verify,) = proposed(made, certified, 12)
    assert verify.ticks == (certified[-1],)


def test_a_series_may_not_call_a_tick_missed_that_this_agent_saw_certified() -> None:
    made = duty()
    certificate = samples.tick_certificate(4, 104)
    tell(made, TickReceived(certificate))
    (verify,) = tell(made, ChainViewed(certificate, at(OVER), 0.0))
    tell(made, TicksVerified(verify.about, verify.evidence, True))
    assert reason_of(proposed(made, whole(missing=(4,)), 12)) is Reason.TICK_LEFT_OUT


def test_an_agent_that_saw_nothing_believes_a_missed_tick() -> None:
    (verify,) = proposed(made := duty(), whole(missing=(4, 12)), 12)
    (attest,) = tell(made, TicksVerified(verify.about, verify.evidence, True))
    assert decode_series(attest.result).missed == (4, 12)


def test_ticks_that_are_not_signed_are_neither_kept_nor_attested() -> None:
    made = duty()
    certificate = samples.tick_certificate(4, 104)
    tell(made, TickReceived(certificate))
    (verify,) = tell(made, ChainViewed(certificate, at(OVER), 0.0))
    assert reason_of(tell(made, TicksVerified(verify.about, verify.evidence, False))) is (
        Reason.TICK_NOT_CERTIFIED
    )
    (verify,) = proposed(made, whole(missing=(4,)), 12)
    effects = tell(made, TicksVerified(verify.about, verify.evidence, False))
    assert not [effect for effect in effects if isinstance(effect, Attest)]
    assert reason_of(effects) is Reason.TICK_NOT_CERTIFIED


def test_a_quorum_s_wish_to_stop_ends_the_series_at_once() -> None:
    certified = [samples.certified_tick(1, 101), samples.certified_tick(2, 102, stop=True)]
    made = duty()
    (verify,) = proposed(made, certified, 2, evidence(samples.INTERVAL_S + 1))
    (attest,) = tell(made, TicksVerified(verify.about, verify.evidence, True))
    assert decode_series(attest.result).stopped


@pytest.mark.parametrize(
    ("certified", "ticks", "time", "reason"),
    [
        (whole()[:3], 3, OVER, Reason.WRONG_SERIES),
        (whole(missing=(12,)), 12, OVER - 1, Reason.SERIES_NOT_OVER),
        (whole()[::-1], 12, OVER, Reason.WRONG_SERIES),
        ([*whole(), samples.certified_tick(12, 112)], 12, OVER, Reason.WRONG_SERIES),
        (
            [samples.certified_tick(1, 1, stop=True), samples.certified_tick(2, 2)],
            2,
            OVER,
            Reason.WRONG_SERIES,
        ),
        ([samples.certified_tick(13, 1)], 13, OVER, Reason.WRONG_TICK),
        ([samples.certified_tick(1, 1, signers=(3, 4))], 12, OVER, Reason.TICK_NOT_CERTIFIED),
        ([replace(samples.certified_tick(1, 1), value=b"\x02")], 12, OVER, Reason.WRONG_SERIES),
    ],
)
def test_a_series_that_its_ticks_do_not_make_is_refused_with_its_own_reason(
    certified: list[CertifiedTick], ticks: int, time: int, reason: Reason
) -> None:
    assert reason_of(proposed(duty(), certified, ticks, at(time))) is reason


def test_a_series_from_another_aggregator_than_the_round_s_is_refused() -> None:
    other = next(one for one in samples.AGGREGATORS if one != AGGREGATOR)
    made, proposal = duty(), samples.series_proposal(other, whole(), 12)
    tell(made, SeriesProposed(proposal))
    assert reason_of(tell(made, ChainViewed(proposal, at(OVER), 0.0))) is Reason.WRONG_PROPOSER


def test_a_second_series_in_one_round_is_refused_and_the_first_stands() -> None:
    made = duty()
    (verify,) = proposed(made, whole(), 12)
    tell(made, TicksVerified(verify.about, verify.evidence, True))
    (verify,) = proposed(made, whole(missing=(5,)), 12)
    effects = tell(made, TicksVerified(verify.about, verify.evidence, True))
    assert reason_of(effects) is Reason.SECOND_PROPOSAL
    assert not [effect for effect in effects if isinstance(effect, Attest)]


def test_a_tick_is_agreed_on_like_an_observation() -> None:
    made = duty(2)
    found = evidence(samples.INTERVAL_S + 1)
    slot = made.slot
    proposal = replace(samples.proposal(AGGREGATOR, {0: 1, 1: 2, 2: 3}), slot=slot.in_round(Round(0)))
    tell(made, Proposed(proposal))
    # Signed for another slot: every observation in it, and the proposal itself, is worthless here.
    assert reason_of(tell(made, ChainViewed(proposal, found, 0.0))) is Reason.WRONG_PROPOSER
    assert not isinstance(tell(made, RequestReceived(samples.request(slot=slot))), Reduce | Observe | Publish)


def test_what_is_proposed_twice_is_answered_twice_and_signed_once() -> None:
    made = duty()
    (verify,) = proposed(made, whole(), 12)
    (attest,) = tell(made, TicksVerified(verify.about, verify.evidence, True))
    again = proposed(made, whole(), 12)
    assert again == (verify,)
    assert isinstance(verify.about, SeriesProposal)
    assert tell(made, TicksVerified(verify.about, verify.evidence, True)) == (attest,)
