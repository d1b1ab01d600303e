"""Digests, tables, tallies, quorums and certificates: their laws."""

from dataclasses import fields, replace
from typing import Any

import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from hourglass.bls.curve import G1Point
from hourglass.bls.signatures import sign
from hourglass.certificate.certificates import certify, verify_certificate
from hourglass.certificate.digests import (
    certificate_digest,
    inputs_hash,
    message_hash,
    observation_digest,
    phase_message_hash,
)
from hourglass.certificate.ecdsa import is_authentic, recover_signer, sign_digest
from hourglass.certificate.evidence import Equivocation
from hourglass.certificate.operators import merkle_levels, merkle_root
from hourglass.certificate.quorum import missing_stake, quorum_reached, verifier_accepts
from hourglass.certificate.slots import Kind, Slot
from hourglass.certificate.tally import (
    MAX_DIGESTS_PER_ROUND,
    MAX_ROUNDS_PER_OPERATOR,
    Put,
    Tally,
)
from hourglass.workflow.identifiers import (
    Address,
    BasisPoints,
    Digest,
    InputsHash,
    MessageHash,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    StakeWeight,
)

weights = st.lists(st.integers(0, 10**30).map(StakeWeight), min_size=1, max_size=3)


@pytest.mark.parametrize("field", [field.name for field in fields(Slot)])
def test_every_field_of_a_slot_is_in_the_message_hash(field: str) -> None:
    other: Any = {
        "chain_id": 1,
        "state_machine": Address(b"\x01" * 20),
        "execution_id": b"\x01" * 32,
        "kind": Kind.TASK,
    }.get(field, 9)
    changed = replace(samples.SLOT, **{field: other})
    assert message_hash(changed, samples.SET, samples.INPUTS, b"r") != message_hash(
        samples.SLOT, samples.SET, samples.INPUTS, b"r"
    )


def test_set_inputs_result_and_timestamp_are_in_the_digest() -> None:
    base = phase_message_hash(samples.SLOT, samples.SET, samples.INPUTS, b"r")
    assert base != phase_message_hash(samples.SLOT, OperatorSetId(samples.SET.avs, 2), samples.INPUTS, b"r")
    assert base != phase_message_hash(samples.SLOT, samples.SET, InputsHash(bytes(32)), b"r")
    assert base != phase_message_hash(samples.SLOT, samples.SET, samples.INPUTS, b"s")
    assert certificate_digest(samples.TIMESTAMP, base) != certificate_digest(ReferenceTimestamp(1), base)


@given(st.binary(max_size=40), st.lists(st.tuples(st.integers(0, 63), st.binary(max_size=40)), max_size=4))
def test_inputs_hash_commits_to_payload_order_and_every_result(
    payload: bytes, results: list[tuple[int, bytes]]
) -> None:
    pairs = [(PhaseIndex(index), result) for index, result in results]
    base = inputs_hash(payload, pairs)
    assert inputs_hash(payload + b"x", pairs) != base
    assert inputs_hash(payload, [*pairs, (PhaseIndex(64), b"")]) != base
    for place, (index, result) in enumerate(pairs):
        altered = [*pairs[:place], (index, result + b"x"), *pairs[place + 1 :]]
        assert inputs_hash(payload, altered) != base


@given(st.binary(min_size=32, max_size=32), st.integers(0, 64), st.integers(0, 7))
def test_an_altered_signature_recovers_to_somebody_else_or_to_nobody(
    raw: bytes, place: int, bit: int
) -> None:
    digest = Digest(raw)
    signature = bytearray(sign_digest(samples.SECRETS[0], digest))
    assert recover_signer(digest, bytes(signature)) == samples.OPERATORS[0]
    signature[place] ^= 1 << bit
    assert recover_signer(digest, bytes(signature)) != samples.OPERATORS[0]


@given(st.binary(max_size=70))
def test_any_bytes_as_a_signature_are_survived(signature: bytes) -> None:
    assert recover_signer(Digest(bytes(32)), signature) is None or len(signature) == 65


def test_an_observation_is_its_operator_s_for_one_slot_set_and_inputs() -> None:
    seen = samples.observation(0, 7)
    assert is_authentic(seen, samples.OBSERVATION_SLOT, samples.SET, samples.INPUTS)
    assert not is_authentic(seen, samples.OBSERVATION_SLOT, samples.SET, InputsHash(bytes(32)))
    assert not is_authentic(
        replace(seen, operator=samples.OPERATORS[1]), samples.OBSERVATION_SLOT, samples.SET, samples.INPUTS
    )
    assert observation_digest(
        samples.OBSERVATION_SLOT, samples.SET, samples.INPUTS, b"a"
    ) != observation_digest(samples.OBSERVATION_SLOT, samples.SET, samples.INPUTS, b"b")


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=64))
def test_every_proof_of_every_tree_leads_to_its_root(leaves: list[bytes]) -> None:
    levels = merkle_levels(leaves)
    for index, leaf in enumerate(leaves):
        proof = b"".join(level[(index >> depth) ^ 1] for depth, level in enumerate(levels[:-1]))
        assert merkle_root(leaf, index, proof) == levels[-1][0]


@given(weights, st.integers(0, 10_000).map(BasisPoints), st.data())
def test_our_threshold_is_never_laxer_than_the_verifier_s(
    total: list[StakeWeight], threshold: BasisPoints, data: st.DataObject
) -> None:
    signed = [StakeWeight(data.draw(st.integers(0, whole))) for whole in total]
    if quorum_reached(signed, total, threshold):
        assert verifier_accepts(signed, total, threshold)
        assert any(signed)


@given(st.integers(1, 10**30), st.integers(1, 10_000), st.data())
def test_missing_stake_is_exactly_what_is_missing(total: int, threshold: int, data: st.DataObject) -> None:
    signed = StakeWeight(data.draw(st.integers(1, total)))
    whole, bps = StakeWeight(total), BasisPoints(threshold)
    missing = missing_stake(signed, whole, bps)
    assert quorum_reached((StakeWeight(signed + missing),), (whole,), bps)
    if missing:
        assert not quorum_reached((StakeWeight(signed + missing - 1),), (whole,), bps)


DIGESTS = [Digest(bytes([n]) * 32) for n in range(2)]
POINT = samples.TABLE.operators[0].pubkey_g1
answers = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), max_size=20)


@given(answers, st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter_to_the_stake(
    given_: list[tuple[int, int]], chance: object
) -> None:
    shuffled = list(given_)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    tallies = []
    for order in (given_, shuffled):
        tally = Tally(samples.TABLE, samples.THRESHOLD)
        for operator, chosen in order:
            tally.put(samples.OPERATORS[operator], DIGESTS[chosen], 0, POINT)
        tallies.append(tally)
    for digest in DIGESTS:
        assert tallies[0].stake_of(digest) == tallies[1].stake_of(digest)
    assert tallies[0].quorum() == tallies[1].quorum()


@given(answers)
def test_stake_is_counted_once_per_operator_and_digest(given_: list[tuple[int, int]]) -> None:
    tally = Tally(samples.TABLE, samples.THRESHOLD)
    for operator, answer in given_:
        tally.put(samples.OPERATORS[operator], DIGESTS[answer], 0, POINT)
    for number, digest in enumerate(DIGESTS):
        signers = {operator for operator, chosen in given_ if chosen == number}
        assert tally.stake_of(digest) == (sum(samples.WEIGHTS[one] for one in signers),)


def test_an_operator_s_latest_rounds_are_kept_so_that_a_lost_round_never_blocks_a_later_one() -> None:
    tally = Tally(samples.TABLE, samples.THRESHOLD)
    rounds = [Digest(bytes([n]) * 32) for n in range(12)]
    for number, digest in enumerate(rounds):
        for operator in samples.OPERATORS[:2]:
            assert tally.put(operator, digest, number, POINT) is Put.COUNTED
    assert tally.digests == tuple(rounds[-MAX_ROUNDS_PER_OPERATOR:])
    assert tally.put(samples.OPERATORS[0], rounds[0], 0, POINT) is Put.FLOODING, "a lost cause"
    assert tally.put(samples.OPERATORS[2], rounds[-1], 11, POINT) is Put.COUNTED
    assert tally.quorum() == rounds[-1]


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 3)), max_size=60))
def test_the_running_stake_is_that_of_the_signers_whatever_was_dropped(
    given_: list[tuple[int, int, int]],
) -> None:
    tally = Tally(samples.TABLE, samples.THRESHOLD)
    for operator, round, kind in given_:
        digest = Digest(bytes([round, kind]) * 16)
        if kind == 3:
            tally.drop(samples.OPERATORS[operator], digest)
        else:
            tally.put(samples.OPERATORS[operator], digest, round, POINT)
    for digest in tally.digests:
        assert tally.stake_of(digest) == samples.TABLE.weight_of(tally.signers_of(digest))
    kept = sum(len(tally.signers_of(digest)) for digest in tally.digests)
    assert kept <= len(samples.OPERATORS) * MAX_ROUNDS_PER_OPERATOR * MAX_DIGESTS_PER_ROUND


def test_a_tally_says_what_became_of_each_answer() -> None:
    tally = Tally(samples.TABLE, samples.THRESHOLD)
    first, second = DIGESTS[:2]
    assert tally.put(samples.OPERATORS[0], first, 0, POINT) is Put.COUNTED
    assert tally.put(samples.OPERATORS[0], first, 0, POINT) is Put.DUPLICATE
    assert tally.put(samples.OPERATORS[0], second, 0, POINT) is Put.CONFLICTING
    assert tally.put(samples.OPERATORS[0], Digest(b"\x09" * 32), 0, POINT) is Put.FLOODING, (
        "a third in one round"
    )
    assert tally.put(Address(b"\x99" * 20), first, 0, POINT) is Put.NOT_A_MEMBER
    tally.freeze(first)
    assert tally.put(samples.OPERATORS[1], first, 0, POINT) is Put.LATE


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 4), min_size=1))
def test_a_certificate_of_any_signers_is_accepted_with_exactly_their_stake(signers: set[int]) -> None:
    message = MessageHash(b"\x07" * 32)
    digest = certificate_digest(samples.TIMESTAMP, message)
    signatures = {samples.OPERATORS[n]: sign(samples.KEYS[n], digest, samples.BACKEND) for n in signers}
    certificate = certify(samples.TABLE, message, signatures, samples.BACKEND)
    stake = sum(samples.WEIGHTS[n] for n in signers)
    assert verify_certificate(certificate, samples.TABLE, samples.BACKEND) == (stake,)
    indices = [witness.operator_index for witness in certificate.non_signer_witnesses]
    assert indices == sorted(set(range(5)) - signers)


def test_a_dropped_signature_is_counted_again_once_it_is_valid() -> None:
    tally = Tally(samples.TABLE, samples.THRESHOLD)
    for operator in samples.OPERATORS[:3]:
        tally.put(operator, DIGESTS[0], 0, POINT)
    assert tally.quorum() == DIGESTS[0]
    tally.drop(samples.OPERATORS[0], DIGESTS[0])
    assert tally.quorum() is None
    assert samples.OPERATORS[0] not in tally.answered
    assert tally.put(samples.OPERATORS[0], DIGESTS[0], 0, POINT) is Put.COUNTED
    assert tally.quorum() == DIGESTS[0]


def test_an_equivocation_is_provable_and_an_honest_operator_cannot_be_framed() -> None:
    first, second = samples.attestation(0, b"a"), samples.attestation(0, b"b")
    points = (G1Point.from_bytes(first.signature), G1Point.from_bytes(second.signature))
    proof = Equivocation(
        samples.OPERATORS[0],
        samples.SLOT,
        samples.SET,
        samples.INPUTS,
        samples.TIMESTAMP,
        (b"a", b"b"),
        points,
    )
    key = samples.TABLE.operators[0].pubkey_g2
    assert proof.verify(key, samples.BACKEND)
    assert not proof.verify(samples.TABLE.operators[1].pubkey_g2, samples.BACKEND)
    assert not replace(proof, results=(b"a", b"a")).verify(key, samples.BACKEND)
    assert not replace(proof, results=(b"a", b"c")).verify(key, samples.BACKEND)
