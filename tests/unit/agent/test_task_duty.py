"""A plain task is worked like an IMMEDIATE phase, and believed no further than the mailbox says the same."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import samples
import task_samples

from agent.checks import Identity
from agent.duty import Duty
from agent.events import (
    Attest,
    Attested,
    ChainViewed,
    HandlerReturned,
    Note,
    ProposalReceived,
    Publish,
    Recall,
    Recalled,
    RequestReceived,
    RunHandler,
    ViewChain,
)
from agent.journal import Journal
from agent.signer import Signer
from hourglass.bls.curve import G1Point
from hourglass.bls.signatures import verify
from hourglass.certificate.digests import certificate_digest, task_message_hash
from hourglass.certificate.slots import Kind
from hourglass.chain.tasks import TaskStatus
from hourglass.errors import SignerError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import ChainTime, OperatorSetId
from messages.requests import PhaseRequest


def duty(me: Identity = task_samples.ME) -> Duty:
    return Duty(me, task_samples.OBSERVATION_SLOT, samples.SET)


def asked(made: Duty, request: PhaseRequest) -> None:
    assert made.receive(RequestReceived(request)) == (Recall(task_samples.OBSERVATION_SLOT),)
    assert made.receive(Recalled(None, ())) == (ViewChain(request),)


def refused_with(effects: tuple[Any, ...]) -> Reason:
    (note,) = [effect for effect in effects if isinstance(effect, Note)]
    return note.objection.reason


def test_a_task_is_checked_worked_signed_and_answered_in_that_order() -> None:
    made, request, found = duty(), task_samples.request(), task_samples.evidence()
    asked(made, request)
    assert made.receive(ChainViewed(request, found, 1.0)) == (RunHandler(request, found),)
    (attest,) = made.receive(HandlerReturned(request, found, b"result"))
    assert attest == Attest(
        task_samples.SLOT, samples.SET, task_samples.STARTED.inputs_hash, samples.TIMESTAMP, b"result"
    )
    answer = samples.attestation(0, b"result", task_samples.SLOT)
    assert made.receive(Attested(answer)) == (Publish(answer),)
    assert made.receive(RequestReceived(request)) == (Publish(answer),), "again, and not signed anew"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"status": TaskStatus.VERIFIED}, Reason.PHASE_NOT_OPEN),
        ({"status": TaskStatus.EXPIRED}, Reason.PHASE_NOT_OPEN),
        ({"as_of": ChainTime(samples.DEADLINE + 1)}, Reason.DEADLINE_PASSED),
        ({"payload": b"another"}, Reason.INPUTS_MISMATCH),
        ({"operator_set": OperatorSetId(samples.SET.avs, 9)}, Reason.WRONG_OPERATOR_SET),
        ({"reference_timestamp": samples.TIMESTAMP + 1}, Reason.WRONG_REFERENCE_TIMESTAMP),
    ],
)
def test_what_the_mailbox_says_otherwise_is_not_worked(changes: dict[str, Any], reason: Reason) -> None:
    made, request = duty(), task_samples.request()
    asked(made, request)
    found = task_samples.evidence(**changes)
    assert refused_with(made.receive(ChainViewed(request, found, 1.0))) is reason


def test_an_altered_payload_is_not_worked() -> None:
    made, request = duty(), task_samples.request(payload=b"altered")
    asked(made, request)
    assert (
        refused_with(made.receive(ChainViewed(request, task_samples.evidence(), 1.0)))
        is Reason.INPUTS_MISMATCH
    )


def test_a_task_of_another_mailbox_or_without_one_is_not_looked_at() -> None:
    elsewhere = replace(task_samples.OBSERVATION_SLOT, state_machine=samples.MACHINE)
    request = task_samples.request(slot=elsewhere)
    assert refused_with(Duty(task_samples.ME, elsewhere, samples.SET).receive(RequestReceived(request))) is (
        Reason.WRONG_CONTRACT
    ), "a state machine's address makes no task of a phase"
    without = Identity(samples.OPERATORS[0], samples.CHAIN_ID, samples.MACHINE)
    assert (
        refused_with(duty(without).receive(RequestReceived(task_samples.request()))) is Reason.WRONG_CONTRACT
    )
    as_phase = replace(task_samples.OBSERVATION_SLOT, kind=Kind.PHASE)
    request = task_samples.request(slot=as_phase)
    assert refused_with(Duty(task_samples.ME, as_phase, samples.SET).receive(RequestReceived(request))) is (
        Reason.WRONG_CONTRACT
    ), "a mailbox's address makes no phase of a task"


def test_nobody_proposes_for_a_task() -> None:
    made = duty()
    proposal = samples.proposal(samples.AGGREGATORS[0], {0: 1, 1: 1, 2: 1}, slot=task_samples.SLOT)
    assert made.receive(ProposalReceived(proposal)) == (ViewChain(proposal),)
    found = task_samples.evidence()
    proposal = replace(proposal, inputs_hash=task_samples.STARTED.inputs_hash)
    assert refused_with(made.receive(ChainViewed(proposal, found, 1.0))) is Reason.WRONG_ROUND


def test_the_signature_is_over_the_mailbox_s_message_hash_and_stands_in_the_journal(tmp_path: Path) -> None:
    slot, inputs = task_samples.SLOT, task_samples.STARTED.inputs_hash
    with Journal.open(tmp_path / "journal") as journal:
        signer = Signer(journal, samples.operator_keys(0))
        answer = signer.attest(slot, samples.SET, inputs, samples.TIMESTAMP, b"result")
        digest = certificate_digest(samples.TIMESTAMP, task_message_hash(task_samples.TASK_HASH, b"result"))
        key = samples.KEYS[0].public_key(samples.BACKEND)
        assert verify(key.g2, digest, G1Point.from_bytes(answer.signature), samples.BACKEND)
        with pytest.raises(SignerError) as caught:
            signer.attest(slot, samples.SET, inputs, samples.TIMESTAMP, b"another")
        assert caught.value.reason is Reason.WOULD_EQUIVOCATE
    with Journal.open(tmp_path / "journal") as journal:
        signer = Signer(journal, samples.operator_keys(0))
        assert signer.recall(task_samples.OBSERVATION_SLOT) == (None, (answer,))
        assert signer.recall(task_samples.OBSERVATION_SLOT)[1][0].slot.kind is Kind.TASK
