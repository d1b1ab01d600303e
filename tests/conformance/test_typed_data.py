"""Our EIP-712 digests against eth_account's encoder, which builds them from the declared types."""

from typing import Any

import pytest
import samples
from eth_account.messages import SignableMessage, _hash_eip191_message, encode_typed_data
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from hourglass.certificate.digests import (
    approval_digest,
    ecdsa_key_registration_digest,
    key_registration_digest,
    observation_digest,
    proposal_digest,
    series_proposal_digest,
)
from hourglass.certificate.ecdsa import recover_signer, sign_digest
from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import ObservationSlot
from hourglass.chain.signing import EthAccount
from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    ChainId,
    Digest,
    ExecutionId,
    InputsHash,
    OperatorSetId,
    PhaseIndex,
    Round,
    Tick,
)

addresses = st.binary(min_size=20, max_size=20).map(Address)
words = st.binary(min_size=32, max_size=32)
uint32s = st.integers(0, 2**32 - 1)
sets = st.builds(OperatorSetId, addresses, uint32s)
inputs = words.map(InputsHash)
slots = st.builds(
    ObservationSlot,
    st.integers(0, 2**64 - 1).map(ChainId),
    addresses,
    words.map(ExecutionId),
    uint32s.map(PhaseIndex),
    uint32s.map(Attempt),
    uint32s.map(Tick),
)


def typed(
    name: str, version: str, chain_id: int, contract: Address, declared: str, **message: Any
) -> SignableMessage:
    """The typed data of a struct declared as in Solidity: `Name(type field,…)`."""
    struct, _, fields = declared.rstrip(")").partition("(")
    members = [dict(zip(("type", "name"), field.split(), strict=True)) for field in fields.split(",")]
    assert [member["name"] for member in members] == list(message)
    return encode_typed_data(
        {"name": name, "version": version, "chainId": chain_id, "verifyingContract": str(contract)},
        {struct: members},
        message,
    )


def digest_of(message: SignableMessage) -> bytes:
    """What is signed."""
    return bytes(_hash_eip191_message(message))


def observation_of(
    slot: ObservationSlot, operator_set: OperatorSetId, inputs: InputsHash, value: bytes
) -> SignableMessage:
    """An observation as typed data."""
    return typed(
        "Hourglass Workflow",
        "1",
        slot.chain_id,
        slot.state_machine,
        "Observation(bytes32 operatorSetKey,bytes32 executionId,uint32 phaseIndex,uint32 attempt,"
        "uint32 tick,bytes32 inputsHash,bytes32 valueHash)",
        operatorSetKey=operator_set.key,
        executionId=slot.execution_id,
        phaseIndex=slot.phase_index,
        attempt=slot.attempt,
        tick=slot.tick,
        inputsHash=inputs,
        valueHash=keccak(value),
    )


@settings(max_examples=100, deadline=None)
@given(slots, sets, inputs, st.binary(max_size=64))
def test_observations(
    slot: ObservationSlot, operator_set: OperatorSetId, inputs: InputsHash, value: bytes
) -> None:
    expected = digest_of(observation_of(slot, operator_set, inputs, value))
    assert observation_digest(slot, operator_set, inputs, value) == expected


@settings(max_examples=100, deadline=None)
@given(
    slots,
    uint32s.map(Round),
    sets,
    inputs,
    st.lists(st.tuples(addresses, st.binary(max_size=40)), max_size=5),
)
def test_proposals(
    slot: ObservationSlot,
    round: Round,
    operator_set: OperatorSetId,
    inputs: InputsHash,
    seen: list[tuple[Address, bytes]],
) -> None:
    pairs = b"".join(keccak(bytes(12) + who + keccak(value)) for who, value in seen)
    expected = typed(
        "Hourglass Workflow",
        "1",
        slot.chain_id,
        slot.state_machine,
        "Proposal(bytes32 operatorSetKey,bytes32 executionId,uint32 phaseIndex,uint32 attempt,uint32 tick,"
        "uint32 round,bytes32 inputsHash,bytes32 observationsHash)",
        operatorSetKey=operator_set.key,
        executionId=slot.execution_id,
        phaseIndex=slot.phase_index,
        attempt=slot.attempt,
        tick=slot.tick,
        round=round,
        inputsHash=inputs,
        observationsHash=keccak(pairs),
    )
    observations = [SignedObservation(who, value, b"") for who, value in seen]
    assert proposal_digest(slot.in_round(round), operator_set, inputs, observations) == digest_of(expected)


@settings(max_examples=100, deadline=None)
@given(
    slots,
    uint32s.map(Round),
    sets,
    inputs,
    uint32s,
    st.lists(st.tuples(uint32s.map(Tick), uint32s.map(Round), st.binary(max_size=40)), max_size=5),
)
def test_series_proposals(
    slot: ObservationSlot,
    round: Round,
    operator_set: OperatorSetId,
    inputs: InputsHash,
    ticks: int,
    certified: list[tuple[Tick, Round, bytes]],
) -> None:
    each = b"".join(
        keccak(tick.to_bytes(32, "big") + of.to_bytes(32, "big") + keccak(value))
        for tick, of, value in certified
    )
    expected = typed(
        "Hourglass Workflow",
        "1",
        slot.chain_id,
        slot.state_machine,
        "SeriesProposal(bytes32 operatorSetKey,bytes32 executionId,uint32 phaseIndex,uint32 attempt,"
        "uint32 round,bytes32 inputsHash,uint32 ticks,bytes32 certifiedHash)",
        operatorSetKey=operator_set.key,
        executionId=slot.execution_id,
        phaseIndex=slot.phase_index,
        attempt=slot.attempt,
        round=round,
        inputsHash=inputs,
        ticks=ticks,
        certifiedHash=keccak(each),
    )
    digest = series_proposal_digest(slot.in_round(round), operator_set, inputs, ticks, certified)
    assert digest == digest_of(expected)


@settings(max_examples=100, deadline=None)
@given(slots)
def test_approvals(slot: ObservationSlot) -> None:
    """What a wallet shows whoever approves that a conditional phase goes on."""
    expected = typed(
        "Hourglass Workflow",
        "1",
        slot.chain_id,
        slot.state_machine,
        "TriggerApproval(bytes32 executionId,uint32 phaseIndex,uint32 attempt)",
        executionId=slot.execution_id,
        phaseIndex=slot.phase_index,
        attempt=slot.attempt,
    )
    assert approval_digest(slot) == digest_of(expected)


@settings(max_examples=100, deadline=None)
@given(addresses, st.integers(0, 2**64 - 1), addresses, sets, st.binary(min_size=192, max_size=192))
def test_key_registrations(
    registrar: Address, chain_id: int, operator: Address, operator_set: OperatorSetId, key_data: bytes
) -> None:
    expected = typed(
        "EigenLayer",
        "1",
        chain_id,
        registrar,
        "BN254KeyRegistration(address operator,address avs,uint32 operatorSetId,bytes keyData)",
        operator=str(operator),
        avs=str(operator_set.avs),
        operatorSetId=operator_set.number,
        keyData=key_data,
    )
    digest = key_registration_digest(registrar, ChainId(chain_id), operator, operator_set, key_data)
    assert digest == digest_of(expected)


@settings(max_examples=100, deadline=None)
@given(addresses, st.integers(0, 2**64 - 1), addresses, sets, addresses)
def test_key_registrations_of_accounts(
    registrar: Address, chain_id: int, operator: Address, operator_set: OperatorSetId, key: Address
) -> None:
    expected = typed(
        "EigenLayer",
        "1",
        chain_id,
        registrar,
        "ECDSAKeyRegistration(address operator,address avs,uint32 operatorSetId,address keyAddress)",
        operator=str(operator),
        avs=str(operator_set.avs),
        operatorSetId=operator_set.number,
        keyAddress=str(key),
    )
    digest = ecdsa_key_registration_digest(registrar, ChainId(chain_id), operator, operator_set, key)
    assert digest == digest_of(expected)


@pytest.mark.parametrize("number", range(len(samples.SECRETS)))
def test_a_wallet_s_signature_is_recovered_here_and_ours_there(number: int) -> None:
    message = observation_of(samples.OBSERVATION_SLOT, samples.SET, samples.INPUTS, b"seen")
    digest = observation_digest(samples.OBSERVATION_SLOT, samples.SET, samples.INPUTS, b"seen")
    secret, operator = samples.SECRETS[number], samples.OPERATORS[number]
    theirs = EthAccount.sign_message(message, secret).signature
    ours = sign_digest(secret, digest)
    assert recover_signer(digest, bytes(theirs)) == operator
    assert EthAccount.recover_message(message, signature=ours) == str(operator)
    assert ours == bytes(theirs), "both are deterministic, RFC 6979"


def test_the_other_signature_of_the_same_pair_is_refused() -> None:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    digest = Digest(bytes(range(32)))
    signature = sign_digest(samples.SECRETS[0], digest)
    high = (order - int.from_bytes(signature[32:64], "big")).to_bytes(32, "big")
    mirrored = signature[:32] + high + bytes([27 + 28 - signature[64]])
    assert recover_signer(digest, signature) == samples.OPERATORS[0]
    assert recover_signer(digest, mirrored) is None, "ecrecover takes it, EIP-2 does not"
