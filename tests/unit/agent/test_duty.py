"""What an operator does about a phase: a duty, driven by hand."""

from dataclasses import replace
from typing import Any

import pytest
import samples

from agent.checks import Evidence, Identity, Objection
from agent.duty import Duty
from agent.events import (
    Attest,
    Attested,
    ChainNotViewed,
    ChainViewed,
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
    SigningRefused,
    ViewChain,
)
from hourglass.reasons import Reason
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import Address, ChainId, ChainTime, InputsHash, OperatorSetId, Round
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.turns import proposer, round_patience_s
from messages.responses import Refusal

ME = Identity(samples.OPERATORS[0], samples.CHAIN_ID, samples.MACHINE)
NOTHING = Recalled(None, ())


def evidence(phase_type: PhaseType = PhaseType.IMMEDIATE, **changes: Any) -> Evidence:
    return Evidence(samples.view(phase_type, **changes), samples.TABLE, samples.phase(phase_type))


def new_duty() -> Duty:
    return Duty(ME, samples.OBSERVATION_SLOT, samples.SET)


def asked(duty: Duty) -> None:
    request = samples.request()
    assert duty.receive(RequestReceived(request)) == (Recall(samples.OBSERVATION_SLOT),)
    assert duty.receive(NOTHING) == (ViewChain(request),)


def refused_with(effects: tuple[Any, ...]) -> Reason:
    (note,) = [effect for effect in effects if isinstance(effect, Note)]
    return note.objection.reason


def turn_of(round: int) -> Any:
    addresses = [one.address for one in samples.AGGREGATORS]
    whose = proposer(addresses, samples.EXECUTION, samples.OBSERVATION_SLOT.phase_index, Round(round))
    return next(one for one in samples.AGGREGATORS if one.address == whose)


def test_an_immediate_phase_is_checked_worked_signed_and_answered_in_that_order() -> None:
    duty, found = new_duty(), evidence()
    asked(duty)
    request = samples.request()
    assert duty.receive(ChainViewed(request, found, 1.0)) == (RunHandler(request, found),)
    (attest,) = duty.receive(HandlerReturned(request, found, b"result"))
    assert attest == Attest(samples.SLOT, samples.SET, samples.INPUTS, samples.TIMESTAMP, b"result")
    signed = samples.attestation(0, b"result")
    assert duty.receive(Attested(signed)) == (Publish(signed),)


def test_a_coordination_phase_observes_first_and_attests_to_what_a_proposal_reduces_to() -> None:
    duty, found = new_duty(), evidence(PhaseType.COORDINATION)
    asked(duty)
    request = samples.request()
    duty.receive(ChainViewed(request, found, 1.0))
    (observe,) = duty.receive(HandlerReturned(request, found, b"\x07"))
    assert observe == Observe(samples.OBSERVATION_SLOT, samples.SET, samples.INPUTS, b"\x07")
    mine = samples.observation_message(0, 7)
    assert duty.receive(Observed(mine)) == (Publish(mine),)

    proposed = samples.proposal(turn_of(0), {0: 7, 1: 8, 2: 9})
    assert duty.receive(ProposalReceived(proposed)) == (ViewChain(proposed),)
    assert duty.receive(ChainViewed(proposed, found, 1.0)) == (Reduce(proposed, found),)
    assert duty.receive(Reduced(proposed, found, b"\x08")) == (
        Attest(samples.SLOT, samples.SET, samples.INPUTS, samples.TIMESTAMP, b"\x08"),
    )


def test_a_message_that_names_another_set_first_does_not_choose_what_is_signed() -> None:
    other = OperatorSetId(samples.SET.avs, 2)
    duty, found, request = Duty(ME, samples.OBSERVATION_SLOT, other), evidence(), samples.request()
    asked(duty)
    duty.receive(ChainViewed(request, found, 1.0))
    (attest,) = duty.receive(HandlerReturned(request, found, b"result"))
    assert isinstance(attest, Attest)
    assert attest.operator_set == samples.SET


def test_a_repeated_request_is_answered_from_memory_without_working_again() -> None:
    duty = new_duty()
    asked(duty)
    signed = samples.attestation(0, b"result")
    duty.receive(Attested(signed))
    assert duty.receive(RequestReceived(samples.request())) == (Publish(signed),)


def test_after_a_restart_the_journal_answers_attestations_before_the_observation() -> None:
    duty = new_duty()
    duty.receive(RequestReceived(samples.request()))
    first = samples.attestation(0, b"a")
    second = samples.attestation(0, b"b", samples.OBSERVATION_SLOT.in_round(Round(1)))
    mine = samples.observation_message(0, 7)
    assert duty.receive(Recalled(mine, (first, second))) == (Publish(first), Publish(second), Publish(mine))


def test_a_request_while_the_handler_runs_starts_it_no_second_time() -> None:
    duty, found = new_duty(), evidence()
    asked(duty)
    request = samples.request()
    duty.receive(ChainViewed(request, found, 1.0))
    assert duty.receive(RequestReceived(request)) == ()
    assert duty.receive(ChainViewed(request, found, 1.0)) == ()


def test_a_handler_that_failed_is_run_again_when_asked_again() -> None:
    duty, found = new_duty(), evidence()
    asked(duty)
    request = samples.request()
    duty.receive(ChainViewed(request, found, 1.0))
    effects = duty.receive(HandlerGaveUp(Objection(Reason.HANDLER_FAILED, "down")))
    assert refused_with(effects) is Reason.HANDLER_FAILED
    assert isinstance(effects[1], Publish)
    assert isinstance(effects[1].message, Refusal)
    assert duty.receive(RequestReceived(request)) == (ViewChain(request),)


def test_a_request_that_wants_others_only_is_left_to_them() -> None:
    assert new_duty().receive(RequestReceived(samples.request(wanted=(samples.OPERATORS[1],)))) == ()


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"execution_status": ExecutionStatus.FAILED}, Reason.PHASE_NOT_OPEN),
        ({"status": PhaseStatus.COMPLETED}, Reason.PHASE_NOT_OPEN),
        ({"as_of": ChainTime(samples.DEADLINE + 1)}, Reason.DEADLINE_PASSED),
        ({"attempt": 2}, Reason.WRONG_ATTEMPT),
        ({"operator_set": OperatorSetId(Address(b"\x01" * 20), 1)}, Reason.WRONG_OPERATOR_SET),
        ({"inputs_hash": InputsHash(b"\x01" * 32)}, Reason.INPUTS_MISMATCH),
        ({"reference_timestamp": 5}, Reason.WRONG_REFERENCE_TIMESTAMP),
    ],
)
def test_what_the_chain_does_not_confirm_is_refused(changed: dict[str, Any], reason: Reason) -> None:
    duty = new_duty()
    asked(duty)
    effects = duty.receive(ChainViewed(samples.request(), evidence(**changed), 1.0))
    assert refused_with(effects) is reason
    assert not any(isinstance(effect, RunHandler) for effect in effects)


def test_an_altered_payload_is_refused_although_its_hash_was_copied() -> None:
    duty = new_duty()
    forged = samples.request(payload=b"other")
    duty.receive(RequestReceived(forged))
    duty.receive(NOTHING)
    assert refused_with(duty.receive(ChainViewed(forged, evidence(), 1.0))) is Reason.INPUTS_MISMATCH


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("chain_id", ChainId(1), Reason.WRONG_CHAIN),
        ("state_machine", Address(b"\x01" * 20), Reason.WRONG_CONTRACT),
    ],
)
def test_a_request_of_another_chain_or_contract_is_not_even_looked_up(
    field: str, value: object, reason: Reason
) -> None:
    changed: dict[str, Any] = {field: value}
    elsewhere = replace(samples.OBSERVATION_SLOT, **changed)
    duty = Duty(ME, elsewhere, samples.SET)
    effects = duty.receive(RequestReceived(samples.request(slot=elsewhere)))
    assert refused_with(effects) is reason
    assert len(effects) == 1, "no aggregator waits for this refusal"


def test_an_operator_outside_the_table_does_not_work() -> None:
    stranger = Identity(Address(b"\x99" * 20), samples.CHAIN_ID, samples.MACHINE)
    duty = Duty(stranger, samples.OBSERVATION_SLOT, samples.SET)
    duty.receive(RequestReceived(samples.request()))
    duty.receive(NOTHING)
    assert refused_with(duty.receive(ChainViewed(samples.request(), evidence(), 1.0))) is Reason.NOT_A_MEMBER


def test_an_unreachable_chain_is_refused_for_now_and_asked_again_later() -> None:
    duty = new_duty()
    asked(duty)
    effects = duty.receive(ChainNotViewed(samples.request(), Objection(Reason.CHAIN_UNREACHABLE)))
    assert refused_with(effects) is Reason.CHAIN_UNREACHABLE
    assert duty.receive(RequestReceived(samples.request())) == (ViewChain(samples.request()),)


def test_a_refused_signature_is_told_and_nothing_is_published_in_its_place() -> None:
    duty = new_duty()
    asked(duty)
    effects = duty.receive(SigningRefused(Objection(Reason.WOULD_EQUIVOCATE)))
    assert refused_with(effects) is Reason.WOULD_EQUIVOCATE
    assert all(not isinstance(e, Publish) or isinstance(e.message, Refusal) for e in effects)


def judged(proposed: Any, elapsed_s: float = 1.0, **changes: Any) -> tuple[Any, ...]:
    duty, found = new_duty(), evidence(PhaseType.COORDINATION, **changes)
    assert duty.receive(ProposalReceived(proposed)) == (ViewChain(proposed),)
    return duty.receive(ChainViewed(proposed, found, elapsed_s))


def test_a_proposal_by_an_aggregator_whose_turn_it_is_not_is_refused() -> None:
    other = next(one for one in samples.AGGREGATORS if one != turn_of(0))
    assert refused_with(judged(samples.proposal(other, {0: 7, 1: 8, 2: 9}))) is Reason.WRONG_PROPOSER


def test_a_proposal_whose_signature_is_another_s_is_refused() -> None:
    other = next(one for one in samples.AGGREGATORS if one != turn_of(0))
    forged = samples.proposal(other, {0: 7, 1: 8, 2: 9}, aggregator=turn_of(0).address)
    assert refused_with(judged(forged)) is Reason.WRONG_PROPOSER


def test_a_proposal_with_too_little_stake_behind_it_is_refused() -> None:
    weak = samples.proposal(turn_of(0), {1: 8, 2: 9, 3: 9, 4: 9})
    assert refused_with(judged(weak)) is Reason.NOT_ENOUGH_OBSERVATIONS


def test_an_observation_that_its_operator_never_made_is_noticed() -> None:
    forged = samples.observation(0, 7)
    forged = replace(forged, value=(8).to_bytes(32, "big"))
    observations = (forged, samples.observation(1, 8), samples.observation(2, 9))
    proposed = samples.proposal_of(turn_of(0), observations)
    assert refused_with(judged(proposed)) is Reason.FORGED_OBSERVATION


def test_an_observation_counted_twice_is_noticed() -> None:
    twice = (samples.observation(1, 8),) * 3
    assert refused_with(judged(samples.proposal_of(turn_of(0), twice))) is Reason.DUPLICATE_OBSERVATION


def test_a_proposal_from_the_future_is_refused_and_taken_when_its_time_has_come() -> None:
    patience = round_patience_s(samples.TIMEOUT_S)
    early = samples.proposal(turn_of(3), {0: 7, 1: 8, 2: 9}, round=3)
    assert refused_with(judged(early)) is Reason.WRONG_ROUND
    (effect,) = judged(early, elapsed_s=3.0 * patience)
    assert isinstance(effect, Reduce)


def test_a_proposal_for_a_phase_that_takes_none_is_refused() -> None:
    duty = new_duty()
    proposed = samples.proposal(turn_of(0), {0: 7, 1: 8, 2: 9})
    duty.receive(ProposalReceived(proposed))
    assert refused_with(duty.receive(ChainViewed(proposed, evidence(), 1.0))) is Reason.WRONG_ROUND


def test_a_second_different_proposal_in_one_round_is_refused_and_named() -> None:
    duty, found = new_duty(), evidence(PhaseType.COORDINATION)
    first = samples.proposal(turn_of(0), {0: 7, 1: 8, 2: 9})
    second = samples.proposal(turn_of(0), {0: 7, 1: 8, 3: 9})
    duty.receive(ChainViewed(first, found, 1.0))
    assert refused_with(duty.receive(ChainViewed(second, found, 1.0))) is Reason.SECOND_PROPOSAL
    (again,) = duty.receive(ChainViewed(first, found, 1.0))
    assert isinstance(again, Reduce)


def test_a_later_round_is_taken_although_an_earlier_one_was_signed() -> None:
    duty, found = new_duty(), evidence(PhaseType.COORDINATION)
    duty.receive(Attested(samples.attestation(0, b"a")))
    later = samples.proposal(turn_of(1), {0: 7, 1: 8, 2: 9}, round=1)
    assert duty.receive(ProposalReceived(later)) == (ViewChain(later),)
    (effect,) = duty.receive(ChainViewed(later, found, 20.0))
    assert isinstance(effect, Reduce)


def test_a_reducer_that_fails_is_told_and_the_round_stays_open() -> None:
    duty, found = new_duty(), evidence(PhaseType.COORDINATION)
    first = samples.proposal(turn_of(0), {0: 7, 1: 8, 2: 9})
    duty.receive(ChainViewed(first, found, 1.0))
    effects = duty.receive(ReducerGaveUp(first, Objection(Reason.REDUCER_FAILED)))
    assert refused_with(effects) is Reason.REDUCER_FAILED
    other = samples.proposal(turn_of(0), {0: 7, 1: 8, 3: 9})
    (effect,) = duty.receive(ChainViewed(other, found, 1.0))
    assert isinstance(effect, Reduce)
