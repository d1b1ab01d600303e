"""A plain task's session: it asks, tallies, certifies and submits as a phase's does, and a mailbox keeps the time."""

from typing import Any

import bn254
import pytest
import samples
import task_samples
from structlog.testing import capture_logs

from aggregator.config import AggregatorConfig
from aggregator.driver import Driver, Edges
from aggregator.events import (
    AttestationReceived,
    Certified,
    Certify,
    ClockMoved,
    CloseOnChain,
    Note,
    Opened,
    Publish,
    RefusalReceived,
    Submit,
    Woken,
)
from aggregator.journey import Journey
from aggregator.opening import Pace
from aggregator.session import PhaseSession
from hourglass.certificate.certificates import certify
from hourglass.certificate.digests import task_message_hash
from hourglass.certificate.slots import Kind
from hourglass.chain.calldata import receiver_of
from hourglass.chain.port import Call, Receipt, SubmitTaskResult
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import ChainTime
from hourglass.workflow.turns import submission_order

ADDRESSES = tuple(one.address for one in samples.AGGREGATORS)
FIRST = submission_order(ADDRESSES, task_samples.TASK_HASH, task_samples.SLOT.phase_index)[0]


class SilentBus:
    """Takes everything, and tells nobody."""

    async def publish(self, subject: str, data: bytes) -> None:
        pass


def session() -> PhaseSession:
    return PhaseSession(task_samples.opening(FIRST), Pace())


def of(kind: type[Any], effects: tuple[Any, ...]) -> list[Any]:
    return [effect for effect in effects if isinstance(effect, kind)]


def attest(to: PhaseSession, number: int, result: bytes = b"result") -> tuple[Any, ...]:
    answer = samples.attestation(
        number, result, task_samples.SLOT, inputs_hash=task_samples.STARTED.inputs_hash
    )
    return to.receive(AttestationReceived(answer), 0.0)


def decided(made: PhaseSession) -> tuple[Any, ...]:
    made.receive(Opened(), 0.0)
    effects: tuple[Any, ...] = ()
    for number in (0, 1, 2):
        effects = attest(made, number)
    (wish,) = of(Certify, effects)
    assert wish.message_hash == task_message_hash(task_samples.TASK_HASH, b"result")
    points = bn254.points_of(wish.signatures)
    certificate = certify(samples.TABLE, wish.message_hash, points, samples.BACKEND)
    return made.receive(Certified(wish.slot, wish.digest, certificate, tuple(wish.signatures)), 0.0)


def test_everybody_is_asked_with_the_payload_as_it_is() -> None:
    (publish,) = of(Publish, session().receive(Opened(), 0.0))
    assert publish.message.slot.kind is Kind.TASK
    assert publish.message.payload == task_samples.PAYLOAD
    assert publish.message.dependency_results == ()


def test_a_quorum_of_stake_is_certified_and_submitted() -> None:
    (submit,) = of(Submit, decided(session()))
    assert submit.result == b"result"


async def test_the_submission_goes_to_the_mailbox() -> None:
    sent: list[Call] = []

    async def send(call: Call) -> Receipt:
        sent.append(call)
        raise NotImplementedError

    made = session()
    (submit,) = of(Submit, decided(made))
    nothing: Any = None
    driver = Driver(made, Edges(nothing, send, nothing, samples.BACKEND), Journey())
    with pytest.raises(NotImplementedError):
        await driver._perform(submit)
    (call,) = sent
    assert call == SubmitTaskResult(
        task_samples.MAILBOX, task_samples.TASK_HASH, b"result", submit.certificate
    )
    assert receiver_of(call, samples.MACHINE) == task_samples.MAILBOX


def test_an_expired_task_is_reported_with_who_was_silent_and_nothing_is_sent() -> None:
    made = session()
    made.receive(Opened(), 0.0)
    attest(made, 0)
    made.receive(
        RefusalReceived(
            samples.refusal(1, Reason.HANDLER_TIMED_OUT.code, slot=task_samples.OBSERVATION_SLOT)
        ),
        0.0,
    )
    effects = made.receive(ClockMoved(ChainTime(samples.DEADLINE + 1)), 9.0)
    assert not of(CloseOnChain, effects), "a mailbox needs nobody to tell it the time"
    notes = {(note.operator, note.reason) for note in of(Note, effects)}
    assert notes == {
        (None, Reason.TASK_EXPIRED),
        *((samples.OPERATORS[number], Reason.NO_ANSWER) for number in (2, 3, 4)),
    }
    assert made.receive(Woken(), 100.0) == ()


async def test_what_is_said_as_a_session_closes_is_heard() -> None:
    bus: Any = SilentBus()
    nothing: Any = None
    driver = Driver(session(), Edges(bus, nothing, nothing, samples.BACKEND), Journey())
    with capture_logs() as heard:
        driver.put(Opened())
        driver.put(ClockMoved(ChainTime(samples.DEADLINE + 1)))
        driver.close()
        await driver.run()
    reasons = [one["reason"] for one in heard]
    assert reasons == ["task_expired", *["no_answer"] * 5]


def test_a_deadline_itself_is_still_in_time() -> None:
    made = session()
    made.receive(Opened(), 0.0)
    assert not of(Note, made.receive(ClockMoved(samples.DEADLINE), 9.0))


def test_tasks_are_served_only_where_a_mailbox_is_named() -> None:
    chain = {"rpc_url": "http://localhost", "chain_id": 1, "state_machine": str(samples.MACHINE)}
    settings = {"chain": chain, "bus": {}, "key": {"file": "key"}, "tasks": {"avss": [str(samples.SET.avs)]}}
    with pytest.raises(ValueError, match="task_mailbox"):
        AggregatorConfig.model_validate(settings)
    settings["chain"] = chain | {"task_mailbox": str(task_samples.MAILBOX)}
    assert AggregatorConfig.model_validate(settings).tasks is not None
