"""Ready-made values for tests: five operators with keys and stakes, their table, slots, and messages about them."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agent.signer import OperatorKeys
from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend, sign
from hourglass.bls.signer import LocalBlsSigner
from hourglass.certificate.digests import (
    certificate_digest,
    inputs_hash,
    message_hash,
    observation_digest,
    proposal_digest,
    series_proposal_digest,
)
from hourglass.certificate.ecdsa import address_of, sign_digest
from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.operators import Operator, OperatorTable
from hourglass.certificate.slots import ObservationSlot, Slot
from hourglass.certificate.ticks import CertifiedTick, TickScope, bitmap
from hourglass.chain.port import Account, ChainView
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.events import PhaseStarted
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    BasisPoints,
    BlockNumber,
    ChainId,
    ChainTime,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    Round,
    StakeWeight,
    Tick,
    WorkflowId,
)
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import TickValue, encode_continuous
from messages.requests import PhaseRequest, Proposal, SeriesProposal, TickCertificate
from messages.responses import Attestation, Observation, Refusal

BACKEND = default_backend()
WEIGHTS = (400, 250, 150, 120, 80)
SECRETS = tuple(bytes([n]) * 32 for n in range(1, 6))
KEYS = tuple(SecretKey(1_000 + n) for n in range(5))
OPERATORS = tuple(address_of(secret) for secret in SECRETS)
AGGREGATORS = tuple(Account(address_of(bytes([n]) * 32), bytes([n]) * 32) for n in (101, 102))
SET = OperatorSetId(Address(b"\xa5" * 20), 1)
CHAIN_ID = ChainId(31_337)
MACHINE = Address(b"\x5a" * 20)
TIMESTAMP = ReferenceTimestamp(1_700_000_000)
STARTED_AT = ChainTime(1_700_000_100)
TIMEOUT_S = 600
DEADLINE = ChainTime(STARTED_AT + TIMEOUT_S)
THRESHOLD = BasisPoints(6_667)
PAYLOAD = b"payload"
INPUTS = inputs_hash(PAYLOAD, ())
EXECUTION = ExecutionId(b"\x0e" * 32)
OBSERVATION_SLOT = ObservationSlot(CHAIN_ID, MACHINE, EXECUTION, PhaseIndex(0), Attempt(1), Tick(0))
SLOT = OBSERVATION_SLOT.in_round(Round(0))
TABLE = OperatorTable(
    SET,
    TIMESTAMP,
    0,
    tuple(
        Operator(address, public.g1, public.g2, (StakeWeight(weight),))
        for address, public, weight in zip(
            OPERATORS, (key.public_key(BACKEND) for key in KEYS), WEIGHTS, strict=True
        )
    ),
)


def operator_keys(number: int) -> OperatorKeys:
    """All that one of the operators signs with."""
    account = Account(OPERATORS[number], SECRETS[number])
    return OperatorKeys(account, {SET: LocalBlsSigner(KEYS[number], BACKEND)})


def phase(phase_type: PhaseType = PhaseType.IMMEDIATE, **changes: Any) -> PhaseDefinition:
    """A phase definition."""
    made = PhaseDefinition("work", phase_type, TIMEOUT_S, (), b"", 1, b"", 0, THRESHOLD)
    return replace(made, **changes)


INTERVAL_S, UPDATES = 50, 12
"""Of the CONTINUOUS phase: its last tick is due after 550 of 600 seconds."""


def continuous(**changes: Any) -> PhaseDefinition:
    """A CONTINUOUS phase."""
    metadata = encode_continuous(INTERVAL_S, UPDATES, "stake_weighted_median")
    return phase(PhaseType.CONTINUOUS, **{"metadata": metadata, **changes})


STARTED = PhaseStarted(EXECUTION, PhaseIndex(0), Attempt(1), SET, TIMESTAMP, DEADLINE, INPUTS)


def view(phase_type: PhaseType = PhaseType.IMMEDIATE, **changes: Any) -> ChainView:
    """The phase as the contract holds it."""
    made = ChainView(
        as_of=ChainTime(STARTED_AT + 1),
        execution_status=ExecutionStatus.RUNNING,
        workflow_id=WorkflowId(b"\x0f" * 32),
        definition_hash=b"\x0d" * 32,
        phase_type=phase_type,
        status=PhaseStatus.ACTIVE,
        attempt=Attempt(1),
        operator_set=SET,
        consensus_threshold=THRESHOLD,
        reference_timestamp=TIMESTAMP,
        started_at=STARTED_AT,
        deadline=DEADLINE,
        block=BlockNumber(12),
        started_block=BlockNumber(10),
        inputs_hash=INPUTS,
        result=b"",
        result_hash=bytes(32),
        aggregators=tuple(one.address for one in AGGREGATORS),
    )
    return replace(made, **changes)


def request(**changes: Any) -> PhaseRequest:
    """An aggregator's request to work the phase."""
    made = PhaseRequest(
        OBSERVATION_SLOT, SET, TIMESTAMP, INPUTS, PAYLOAD, (), None, (), AGGREGATORS[0].address
    )
    return replace(made, **changes)


def observation(number: int, value: int, **changes: Any) -> SignedObservation:
    """Operator `number`'s observation of an integer, properly signed; then changed, which makes it a forgery."""
    data = value.to_bytes(32, "big", signed=True)
    signature = sign_digest(SECRETS[number], observation_digest(OBSERVATION_SLOT, SET, INPUTS, data))
    return replace(SignedObservation(OPERATORS[number], data, signature), **changes)


def observation_message(number: int, value: int, **changes: Any) -> Observation:
    """The same as a message."""
    return replace(Observation(OBSERVATION_SLOT, SET, INPUTS, observation(number, value)), **changes)


def proposal_of(by: Account, observations: tuple[SignedObservation, ...], round: int = 0) -> Proposal:
    """`by`'s proposal of exactly these observations, properly signed."""
    slot = OBSERVATION_SLOT.in_round(Round(round))
    signature = sign_digest(by.secret, proposal_digest(slot, SET, INPUTS, observations))
    return Proposal(slot, SET, INPUTS, observations, by.address, signature)


def proposal(by: Account, values: dict[int, int], round: int = 0, **changes: Any) -> Proposal:
    """`by`'s proposal of these operators' observations, properly signed; then changed."""
    observations = (observation(number, value) for number, value in values.items())
    made = proposal_of(by, tuple(sorted(observations, key=lambda one: one.operator)), round)
    return replace(made, **changes)


def attestation(number: int, result: bytes, slot: Slot = SLOT, **changes: Any) -> Attestation:
    """Operator `number`'s attestation of a result, properly signed; then changed."""
    digest = certificate_digest(TIMESTAMP, message_hash(slot, SET, INPUTS, result))
    signature = sign(KEYS[number], digest, BACKEND).to_bytes()
    made = Attestation(slot, SET, OPERATORS[number], INPUTS, TIMESTAMP, result, signature)
    return replace(made, **changes)


def refusal(number: int, code: str, **changes: Any) -> Refusal:
    """Operator `number`'s refusal."""
    return replace(Refusal(OBSERVATION_SLOT, SET, OPERATORS[number], code, ""), **changes)


SCOPE = TickScope(OBSERVATION_SLOT, INPUTS, TABLE, THRESHOLD)


def certified_tick(
    tick: int,
    value: int,
    signers: Sequence[int] = range(5),
    round: int = 0,
    stop: bool = False,
    **changes: Any,
) -> CertifiedTick:
    """A tick's value with these operators' summed signature; then changed."""
    data = TickValue(stop, value.to_bytes(32, "big", signed=True)).encode()
    made = CertifiedTick(Tick(tick), Round(round), data, bitmap(signers, len(OPERATORS)), b"")
    digest = SCOPE.digest(made)
    signature = BACKEND.g1_sum([sign(KEYS[number], digest, BACKEND) for number in signers])
    return replace(replace(made, signature=signature.to_bytes()), **changes)


def tick_certificate(tick: int, value: int, **changes: Any) -> TickCertificate:
    """The same as a message."""
    return TickCertificate(OBSERVATION_SLOT, SET, INPUTS, certified_tick(tick, value, **changes))


def series_proposal(
    by: Account, certified: Sequence[CertifiedTick], ticks: int, round: int = 0, **changes: Any
) -> SeriesProposal:
    """`by`'s proposal of a series of these ticks, properly signed; then changed."""
    slot = OBSERVATION_SLOT.in_round(Round(round))
    digest = series_proposal_digest(
        slot, SET, INPUTS, ticks, [(one.tick, one.round, one.value) for one in certified]
    )
    made = SeriesProposal(
        slot, SET, INPUTS, ticks, tuple(certified), by.address, sign_digest(by.secret, digest)
    )
    return replace(made, **changes)
