"""How an aggregator brings a phase to its end: a session, driven by hand."""

from dataclasses import replace
from typing import Any

import bn254
import pytest
import samples

from aggregator.collection import Collection
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
    RefusalReceived,
    SignProposal,
    SubmissionFailed,
    SubmissionMined,
    Submit,
    WakeAfter,
    Woken,
)
from aggregator.opening import Opening, Pace
from aggregator.session import PhaseSession
from hourglass.certificate.certificates import certify
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    ChainId,
    ChainTime,
    InputsHash,
    OperatorSetId,
    Round,
    Tick,
)
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.turns import proposer, round_patience_s, submission_order
from messages.requests import PhaseRequest, Proposal

ADDRESSES = tuple(one.address for one in samples.AGGREGATORS)
FIRST = submission_order(ADDRESSES, samples.EXECUTION, samples.OBSERVATION_SLOT.phase_index)[0]
SECOND = next(one for one in ADDRESSES if one != FIRST)
PACE = Pace(solicit_s=2.0, turn_s=5.0, gather_s=0.1, resubmit_s=3.0)


def session(
    phase_type: PhaseType = PhaseType.IMMEDIATE, me: Address = FIRST, opened: bool = True
) -> PhaseSession:
    made = PhaseSession(
        Opening(
            me=me,
            slot=samples.OBSERVATION_SLOT,
            started=samples.STARTED,
            started_at=samples.STARTED_AT,
            phase=samples.phase(phase_type),
            payload=samples.PAYLOAD,
            dependency_results=(),
            trigger_data=None,
            table=samples.TABLE,
            aggregators=ADDRESSES,
        ),
        PACE,
    )
    if opened:
        made.receive(Opened(), 0.0)
    return made


def whole(of_session: PhaseSession) -> Collection:
    return of_session.collections[Tick(0)]


def of(kind: type[Any], effects: tuple[Any, ...]) -> list[Any]:
    return [effect for effect in effects if isinstance(effect, kind)]


def attest(to: PhaseSession, number: int, result: bytes = b"result", now: float = 0.0, **changes: Any) -> Any:
    return to.receive(AttestationReceived(samples.attestation(number, result, **changes)), now)


def observe(to: PhaseSession, number: int, value: int, now: float = 0.0, **changes: Any) -> Any:
    return to.receive(ObservationReceived(samples.observation_message(number, value, **changes)), now)


def certified(wish: Certify) -> Certified:
    certificate = certify(samples.TABLE, wish.message_hash, bn254.points_of(wish.signatures), samples.BACKEND)
    return Certified(wish.slot, wish.digest, certificate, tuple(wish.signatures))


def decided(made: PhaseSession, now: float = 0.0) -> tuple[Any, ...]:
    for number in (0, 1):
        attest(made, number, now=now)
    (wish,) = of(Certify, attest(made, 2, now=now))
    return made.receive(certified(wish), now)


def test_opening_asks_everybody_with_the_inputs() -> None:
    effects = session(opened=False).receive(Opened(), 0.0)
    (published,) = of(Publish, effects)
    assert isinstance(published.message, PhaseRequest)
    assert published.message.payload == samples.PAYLOAD
    assert published.message.inputs_hash == samples.INPUTS
    assert published.message.wanted == ()


def test_stake_counts_and_not_heads() -> None:
    made = session()
    for number in (1, 2, 3, 4):
        assert not of(Certify, attest(made, number)), "four of five operators hold only 60 %"
    (wish,) = of(Certify, attest(made, 0))
    assert len(wish.signatures) == 5


def test_a_quorum_is_certified_once_and_submitted() -> None:
    made = session()
    effects = decided(made)
    (submit,) = of(Submit, effects)
    assert submit.result == b"result"
    assert submit.round == 0
    assert made.decision is not None
    assert set(made.decision.signers) == set(samples.OPERATORS[:3])


def test_bad_signers_are_dropped_named_and_done_without() -> None:
    made = session()
    attest(made, 0)
    bad = samples.attestation(1, b"other").signature
    attest(made, 1, signature=bad)
    (wish,) = of(Certify, attest(made, 2))
    effects = made.receive(BadSigners(wish.slot, wish.digest, (samples.OPERATORS[1],)), 0.0)
    assert of(Note, effects)[0] == Note(samples.OPERATORS[1], Reason.INVALID_SIGNATURE)
    assert not of(Certify, effects)
    (again,) = of(Certify, attest(made, 3))
    assert set(again.signatures) == {samples.OPERATORS[n] for n in (0, 2, 3)}


def test_an_operator_whose_bad_signature_was_dropped_may_send_a_good_one() -> None:
    made = session()
    attest(made, 0)
    attest(made, 1, signature=samples.attestation(1, b"other").signature)
    (wish,) = of(Certify, attest(made, 2))
    made.receive(BadSigners(wish.slot, wish.digest, (samples.OPERATORS[1],)), 0.0)
    (again,) = of(Certify, attest(made, 1))
    assert samples.OPERATORS[1] in again.signatures


def test_competing_digests_are_kept_apart_and_the_loser_is_named() -> None:
    made = session()
    attest(made, 4, b"wrong")
    notes = of(Note, decided(made))
    assert notes == [Note(samples.OPERATORS[4], Reason.OUTVOTED)]
    assert len(whole(made).tally.digests) == 2


def test_what_comes_after_the_decision_is_late_or_outvoted_and_changes_nothing() -> None:
    made = session()
    decided(made)
    before = made.decision
    assert of(Note, attest(made, 3))[0].reason is Reason.LATE
    assert of(Note, attest(made, 4, b"wrong"))[0].reason is Reason.OUTVOTED
    assert made.decision == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"slot": replace(samples.SLOT, chain_id=ChainId(1))}, Reason.WRONG_CHAIN),
        ({"slot": replace(samples.SLOT, state_machine=Address(b"\x01" * 20))}, Reason.WRONG_CONTRACT),
        ({"slot": replace(samples.SLOT, attempt=Attempt(2))}, Reason.WRONG_ATTEMPT),
        ({"slot": replace(samples.SLOT, round=Round(1))}, Reason.WRONG_ROUND),
        ({"operator_set": OperatorSetId(Address(b"\x01" * 20), 1)}, Reason.WRONG_OPERATOR_SET),
        ({"inputs_hash": InputsHash(b"\x01" * 32)}, Reason.INPUTS_MISMATCH),
        ({"reference_timestamp": 7}, Reason.WRONG_REFERENCE_TIMESTAMP),
        ({"operator": Address(b"\x99" * 20)}, Reason.NOT_A_MEMBER),
        ({"signature": bytes(64)}, Reason.INVALID_POINT),
        ({"signature": b"\x01" * 64}, Reason.INVALID_POINT),
        ({"signature": b"\xff" * 64}, Reason.INVALID_POINT),
        ({"result": b"x" * 20_000}, Reason.RESULT_TOO_LARGE),
    ],
)
def test_a_bad_attestation_is_refused_with_its_own_reason_and_stops_nothing(
    changes: dict[str, Any], reason: Reason
) -> None:
    made = session()
    message = replace(samples.attestation(3, b"result"), **changes)
    effects = made.receive(AttestationReceived(message), 0.0)
    assert of(Note, effects)[0].reason is reason
    assert of(Submit, decided(made))


def test_the_same_attestation_twice_counts_once() -> None:
    made = session()
    for _ in range(3):
        attest(made, 0)
    assert whole(made).tally.stake_of(whole(made).tally.digests[0]) == (400,)


def test_two_digests_by_one_operator_in_one_slot_are_a_conflict() -> None:
    made = session()
    attest(made, 0, b"a")
    assert of(Note, attest(made, 0, b"b"))[0] == Note(samples.OPERATORS[0], Reason.CONFLICTING)
    assert whole(made).objections[samples.OPERATORS[0]] is Reason.CONFLICTING


def test_an_operator_cannot_fill_the_memory() -> None:
    made = session()
    notes = [of(Note, attest(made, 0, b"%d" % n)) for n in range(20)]
    assert notes[-1][0].reason is Reason.FLOODING
    assert len(whole(made).tally.digests) == 2


def test_refusals_are_remembered_until_an_answer_comes() -> None:
    made = session()
    (note,) = made.receive(RefusalReceived(samples.refusal(3, "handler_failed")), 0.0)
    assert note == Note(samples.OPERATORS[3], Reason.HANDLER_FAILED)
    assert whole(made).objections[samples.OPERATORS[3]] is Reason.HANDLER_FAILED
    attest(made, 3)
    assert samples.OPERATORS[3] not in whole(made).objections


def test_a_refusal_for_a_reason_of_a_later_release_is_not_lost() -> None:
    made = session()
    (note,) = made.receive(RefusalReceived(samples.refusal(3, "moon_phase", detail="waxing")), 0.0)
    assert note == Note(samples.OPERATORS[3], Reason.UNKNOWN_MESSAGE, "waxing")


def test_those_who_are_missing_are_asked_again_and_nobody_else() -> None:
    made = session()
    attest(made, 0)
    (wake,) = of(WakeAfter, session(opened=False).receive(Opened(), 0.0))
    assert wake.seconds == PACE.solicit_s
    (published,) = of(Publish, made.receive(Woken(), PACE.solicit_s))
    assert published.message.wanted == samples.OPERATORS[1:]


def test_the_second_aggregator_waits_its_turn() -> None:
    made = session(me=SECOND)
    effects = decided(made, now=1.0)
    assert not of(Submit, effects)
    (wake,) = of(WakeAfter, made.receive(Woken(), PACE.solicit_s))
    assert PACE.solicit_s + wake.seconds == 1.0 + PACE.turn_s
    assert of(Submit, made.receive(Woken(), 1.0 + PACE.turn_s))


def test_a_submission_that_failed_is_repeated_after_a_while() -> None:
    made = session()
    decided(made)
    effects = made.receive(SubmissionFailed(Reason.CHAIN_UNREACHABLE, ""), 1.0)
    assert not of(Submit, effects)
    assert of(Submit, made.receive(Woken(), 1.0 + PACE.resubmit_s))


def test_a_submission_that_a_reorg_takes_out_before_anybody_saw_it_is_sent_again() -> None:
    made = session()
    for number in (0, 1, 2):
        effects = attest(made, number)
    (wish,) = of(Certify, effects)
    assert of(Submit, made.receive(certified(wish), 0.0))
    made.receive(SubmissionMined(), 1.0)
    assert not of(Submit, made.receive(Woken(), 1.0 + PACE.resubmit_s - 0.1))
    assert of(Submit, made.receive(Woken(), 1.0 + PACE.resubmit_s))
    assert not of(Submit, made.receive(Woken(), 100.0)), "one at a time"


def test_after_the_deadline_the_contract_is_told_and_the_silent_are_named() -> None:
    made = session()
    attest(made, 1)
    effects = made.receive(ClockMoved(ChainTime(samples.DEADLINE + 1)), 3.0)
    assert of(CloseOnChain, effects)
    silent = {note.operator for note in of(Note, effects) if note.reason is Reason.NO_ANSWER}
    assert silent == {samples.OPERATORS[n] for n in (0, 2, 3, 4)}
    assert not of(CloseOnChain, made.receive(Woken(), 100.0)), "once"


def test_the_deadline_itself_still_counts() -> None:
    made = session()
    assert not of(CloseOnChain, made.receive(ClockMoved(samples.DEADLINE), 3.0))


# ── COORDINATION ──────────────────────────────────────────────────────────────────────────────────────


def proposing_session() -> PhaseSession:
    whose = proposer(ADDRESSES, samples.EXECUTION, samples.OBSERVATION_SLOT.phase_index, Round(0))
    return session(PhaseType.COORDINATION, me=whose)


def test_a_quorum_of_observations_is_proposed_by_the_round_s_own_aggregator() -> None:
    made = proposing_session()
    for number in (0, 1):
        assert not of(SignProposal, observe(made, number, 100 + number))
    effects = observe(made, 2, 102)
    assert not of(SignProposal, effects), "the last ones have a moment to arrive"
    (wish,) = of(SignProposal, made.receive(Woken(), PACE.gather_s))
    assert {one.operator for one in wish.observations} == set(samples.OPERATORS[:3])
    assert list(wish.observations) == sorted(wish.observations, key=lambda one: one.operator)


def test_when_all_have_observed_nobody_is_waited_for() -> None:
    made = proposing_session()
    for number in range(4):
        observe(made, number, 100)
    (wish,) = of(SignProposal, observe(made, 4, 100))
    assert len(wish.observations) == 5


def test_another_aggregator_does_not_propose_before_its_round() -> None:
    whose = proposer(ADDRESSES, samples.EXECUTION, samples.OBSERVATION_SLOT.phase_index, Round(0))
    other = next(one for one in ADDRESSES if one != whose)
    made = session(PhaseType.COORDINATION, me=other)
    for number in range(5):
        assert not of(SignProposal, observe(made, number, 100))
    later = next(
        r
        for r in range(1, 9)
        if proposer(ADDRESSES, samples.EXECUTION, samples.OBSERVATION_SLOT.phase_index, Round(r)) == other
    )
    (wish,) = of(SignProposal, made.receive(Woken(), 15.0 * later))
    assert wish.slot.round == later


def test_a_restarted_aggregator_does_not_propose_in_a_round_that_agents_have_signed_in() -> None:
    made = proposing_session()
    attest(made, 0, b"value")
    for number in range(5):
        assert not of(SignProposal, observe(made, number, 100))


def test_a_proposal_is_sent_again_with_every_solicitation_of_its_round() -> None:
    made = proposing_session()
    for number in range(5):
        effects = observe(made, number, 100)
    (wish,) = of(SignProposal, effects)
    sent = Proposal(wish.slot, samples.SET, samples.INPUTS, wish.observations, FIRST, b"")
    assert made.receive(ProposalSigned(sent), 0.0) == (Publish(sent),)
    assert Publish(sent) in made.receive(Woken(), PACE.solicit_s)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"slot": replace(samples.OBSERVATION_SLOT, attempt=Attempt(2))}, Reason.WRONG_ATTEMPT),
        ({"inputs_hash": InputsHash(b"\x01" * 32)}, Reason.INPUTS_MISMATCH),
        ({"observation": replace(samples.observation(3, 5), value=bytes(32))}, Reason.FORGED_OBSERVATION),
        (
            {"observation": replace(samples.observation(3, 5), operator=samples.OPERATORS[4])},
            Reason.FORGED_OBSERVATION,
        ),
        (
            {"observation": replace(samples.observation(3, 5), operator=Address(b"\x99" * 20))},
            Reason.NOT_A_MEMBER,
        ),
    ],
)
def test_a_bad_observation_is_refused_with_its_own_reason(changes: dict[str, Any], reason: Reason) -> None:
    made = proposing_session()
    effects = observe(made, 3, 5, **changes)
    assert of(Note, effects)[0].reason is reason
    assert not whole(made).observations


def test_two_different_observations_by_one_operator_are_a_conflict_and_the_first_stands() -> None:
    made = proposing_session()
    observe(made, 0, 1)
    assert of(Note, observe(made, 0, 2))[0].reason is Reason.CONFLICTING
    assert of(Note, observe(made, 0, 1))[0].reason is Reason.DUPLICATE
    assert whole(made).observations[samples.OPERATORS[0]].value == (1).to_bytes(32, "big")


def test_a_liar_s_attestation_does_not_keep_an_honest_aggregator_from_proposing() -> None:
    made = proposing_session()
    attest(made, 4, b"anything")
    for number in range(4):
        observe(made, number, 100)
    assert of(SignProposal, observe(made, 4, 100))


def test_an_attestation_of_a_far_round_is_refused() -> None:
    made = proposing_session()
    far = samples.OBSERVATION_SLOT.in_round(Round(9))
    assert of(Note, attest(made, 0, b"v", slot=far))[0].reason is Reason.WRONG_ROUND


def test_many_lost_rounds_do_not_keep_a_later_one_from_its_quorum() -> None:
    made = proposing_session()
    patience = round_patience_s(samples.TIMEOUT_S)
    for round in range(20):
        slot = samples.OBSERVATION_SLOT.in_round(Round(round))
        for number in (0, 1):
            assert not of(Certify, attest(made, number, b"v", now=float(round * patience), slot=slot))
    (wish,) = of(Certify, attest(made, 2, b"v", now=19.0 * patience, slot=slot))
    assert wish.slot.round == 19
    assert len(whole(made).tally.digests) <= 4


def test_the_same_value_in_another_round_is_late_and_not_outvoted() -> None:
    made = proposing_session()
    later = samples.OBSERVATION_SLOT.in_round(Round(1))
    for number in (0, 1):
        attest(made, number, b"v")
    (wish,) = of(Certify, attest(made, 2, b"v"))
    made.receive(certified(wish), 0.0)
    assert of(Note, attest(made, 3, b"v", slot=later))[0].reason is Reason.LATE
    assert of(Note, attest(made, 4, b"w", slot=later))[0].reason is Reason.OUTVOTED


def test_a_sum_that_fails_with_nobody_to_blame_waits_for_another_signer() -> None:
    made = session()
    for number in (0, 1):
        attest(made, number)
    (wish,) = of(Certify, attest(made, 2))
    effects = made.receive(BadSigners(wish.slot, wish.digest, ()), 0.0)
    assert not of(Certify, effects), "it would fail for ever"
    assert of(Certify, attest(made, 3))


def test_attestations_of_different_rounds_are_tallied_apart() -> None:
    made = proposing_session()
    later = samples.OBSERVATION_SLOT.in_round(Round(1))
    attest(made, 0, b"v", slot=samples.SLOT)
    attest(made, 1, b"v", slot=later)
    assert not of(Certify, attest(made, 2, b"v", slot=samples.SLOT))
    (wish,) = of(Certify, attest(made, 0, b"v", slot=later) + attest(made, 2, b"v", slot=later))
    assert wish.slot == later
