"""One tick of a CONTINUOUS phase with its quorum: what makes a series provable, value by value.

A tick is certified off-chain. Whoever has the operator table can check it, the on-chain verifier included:
`certificate` gives the very certificate that the contract's verifier takes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hourglass.bls.curve import G2_GENERATOR, Backend, G1Point
from hourglass.bls.hashing import hash_to_g1
from hourglass.certificate.certificates import Certificate, NonSignerWitness
from hourglass.certificate.curves import AnyCertificate, AnyTable
from hourglass.certificate.digests import phase_message_hash
from hourglass.certificate.ecdsa import SIGNATURE_BYTES, recover_signer
from hourglass.certificate.ecdsa_table import EcdsaCertificate, EcdsaOperatorTable
from hourglass.certificate.quorum import quorum_reached
from hourglass.certificate.slots import ObservationSlot
from hourglass.workflow.identifiers import (
    BasisPoints,
    Digest,
    InputsHash,
    MessageHash,
    Round,
    StakeWeight,
    Tick,
)

COEFFICIENT_BYTES = 16
"""128 bits: whoever forges a tick guesses its coefficient once in 2^128."""


@dataclass(frozen=True, slots=True)
class CertifiedTick:
    """A tick's value, the quorum's summed signature over it, and who signed."""

    tick: Tick
    round: Round
    value: bytes
    """An encoded `hourglass.workflow.series.TickValue`."""
    signers: bytes
    """A bitmap over the table's indices: operator i is bit i % 8 of byte i // 8. No longer than the table needs."""
    signature: bytes
    """Unchecked. BN254: a G1 point. ECDSA: 65 bytes for each signer, in rising order of their keys' addresses."""


@dataclass(frozen=True, slots=True)
class TickScope:
    """What all ticks of one phase attempt have in common, and their signatures commit to."""

    slot: ObservationSlot
    """The series' own, tick 0."""
    inputs: InputsHash
    table: AnyTable
    threshold: BasisPoints

    def message_hash(self, one: CertifiedTick) -> MessageHash:
        """What the tick's certificate is about."""
        slot = self.slot.at_tick(one.tick).in_round(one.round)
        return phase_message_hash(slot, self.table.operator_set, self.inputs, one.value)

    def digest(self, one: CertifiedTick) -> Digest:
        """What the tick's signers signed."""
        return self.table.digest(self.message_hash(one))


def bitmap(indices: Sequence[int], size: int) -> bytes:
    """The bitmap of these indices for a table of this size."""
    bits = bytearray((size + 7) // 8)
    for index in indices:
        bits[index // 8] |= 1 << index % 8
    return bytes(bits)


def indices_in(signers: bytes, size: int) -> tuple[int, ...] | None:
    """The indices in a bitmap, rising; None if it is not one for a table of this size."""
    if len(signers) != (size + 7) // 8:
        return None
    indices = tuple(i for i in range(len(signers) * 8) if signers[i // 8] >> i % 8 & 1)
    return indices if not indices or indices[-1] < size else None


def has_quorum(one: CertifiedTick, scope: TickScope) -> bool:
    """Is there enough stake behind it? Says nothing about the signature."""
    table = scope.table
    indices = indices_in(one.signers, len(table.operators))
    if not indices:
        return False
    signed = tuple(
        StakeWeight(sum(table.operators[index].weights[column] for index in indices))
        for column in range(len(table.total_weights))
    )
    return quorum_reached(signed, table.total_weights, scope.threshold)


def are_signed(ticks: Sequence[CertifiedTick], scope: TickScope, backend: Backend, entropy: bytes) -> bool:
    """Do all their signatures verify? On BN254 one product of pairings, whatever their number.

    `entropy`: `COEFFICIENT_BYTES` per tick, unpredictable to whoever made them. Each tick has `has_quorum`.
    False also for a signature that is no point.
    """
    if len(entropy) < len(ticks) * COEFFICIENT_BYTES:
        raise ValueError("too little entropy for so many ticks")
    if isinstance(scope.table, EcdsaOperatorTable):
        return all(_is_signed_by_each(one, scope, scope.table) for one in ticks)
    signatures, pairs = [], []
    for one in ticks:
        indices = indices_in(one.signers, len(scope.table.operators))
        if not indices:
            return False
        try:
            signature = G1Point.from_bytes(one.signature)
        except ValueError:
            return False
        key = backend.g2_sum([scope.table.operators[index].pubkey_g2 for index in indices])
        if signature.is_identity or key.is_identity:
            return False
        signatures.append(signature)
        pairs.append((hash_to_g1(scope.digest(one)), key))
    if not pairs:
        return True
    coefficients = [
        # Odd, so that none is zero.
        int.from_bytes(entropy[start : start + COEFFICIENT_BYTES], "big") | 1
        for start in range(0, len(ticks) * COEFFICIENT_BYTES, COEFFICIENT_BYTES)
    ]
    left = backend.g1_combine(signatures, coefficients)
    right = [
        (-backend.g1_combine([point], [coefficient]), key)
        for (point, key), coefficient in zip(pairs, coefficients, strict=True)
    ]
    return backend.pairing_is_one([(left, G2_GENERATOR), *right])


def _is_signed_by_each(one: CertifiedTick, scope: TickScope, table: EcdsaOperatorTable) -> bool:
    indices = indices_in(one.signers, len(table.operators))
    if not indices or len(one.signature) != len(indices) * SIGNATURE_BYTES:
        return False
    keys = sorted(table.operators[index].key for index in indices)
    digest = scope.digest(one)
    return all(
        recover_signer(digest, one.signature[place * SIGNATURE_BYTES : (place + 1) * SIGNATURE_BYTES]) == key
        for place, key in enumerate(keys)
    )


def certificate(one: CertifiedTick, scope: TickScope, backend: Backend) -> AnyCertificate:
    """The certificate that the on-chain verifier takes for this tick. Raises ValueError for a bad bitmap or point."""
    table = scope.table
    indices = indices_in(one.signers, len(table.operators))
    if not indices:
        raise ValueError("nobody signed this tick")
    message_hash = scope.message_hash(one)
    if isinstance(table, EcdsaOperatorTable):
        return EcdsaCertificate(table.reference_timestamp, message_hash, one.signature)
    signers = set(indices)
    return Certificate(
        reference_timestamp=table.reference_timestamp,
        message_hash=message_hash,
        signature=G1Point.from_bytes(one.signature),
        apk=backend.g2_sum([table.operators[index].pubkey_g2 for index in indices]),
        non_signer_witnesses=tuple(
            NonSignerWitness(index, table.proof(index), operator.info)
            for index, operator in enumerate(table.operators)
            if index not in signers
        ),
    )
