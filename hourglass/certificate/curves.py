"""What differs between the two curves that operator sets sign on, in one place: reading a signature, finding the bad
ones, and making a certificate. Whoever tallies needs to know no more than this.

| | BN254 | ECDSA |
|---|---|---|
| a signature | a G1 point, 64 bytes | r ‖ s ‖ v, 65 bytes |
| checked | all at once, one pairing | one by one, an ecrecover each |
| a certificate | the sum, and a witness for everybody who did not sign | all of them, in order of their keys |
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import assert_never

from hourglass.bls.blame import find_invalid
from hourglass.bls.curve import Backend, G1Point
from hourglass.bls.signatures import verify
from hourglass.certificate.certificates import Certificate, certify, verify_certificate
from hourglass.certificate.ecdsa import SIGNATURE_BYTES, recover_signer
from hourglass.certificate.ecdsa_table import (
    EcdsaCertificate,
    EcdsaOperatorTable,
    certify_ecdsa,
    verify_ecdsa_certificate,
)
from hourglass.certificate.operators import OperatorTable
from hourglass.errors import PointError
from hourglass.workflow.identifiers import Address, Digest, MessageHash, StakeWeight

AnyTable = OperatorTable | EcdsaOperatorTable
AnyCertificate = Certificate | EcdsaCertificate
Signature = G1Point | bytes
"""As `read_signature` gave it for the same table: a point for BN254, 65 bytes for ECDSA."""

Entropy = Callable[[int], bytes]
"""So many bytes that no signer can foresee."""


@dataclass(frozen=True, slots=True)
class BadSignatures:
    """No certificate came of it, since these operators' signatures are invalid; none, if keys cancel out."""

    operators: tuple[Address, ...]


def read_signature(table: AnyTable, data: bytes) -> Signature:
    """A signature as it travelled, unverified. Raises PointError if it can be none on this table's curve."""
    match table:
        case OperatorTable():
            return G1Point.from_bytes(data)
        case EcdsaOperatorTable():
            if len(data) != SIGNATURE_BYTES:
                raise PointError(f"An ECDSA signature has {SIGNATURE_BYTES} bytes, this has {len(data)}.")
            return data
        case _:
            assert_never(table)


def certify_or_blame(
    table: AnyTable,
    message_hash: MessageHash,
    signatures: Mapping[Address, Signature],
    backend: Backend,
    entropy: Entropy,
) -> AnyCertificate | BadSignatures:
    """A certificate that the verifier accepts, or whose signatures stand in its way.

    Raises ValueError if nobody signed, KeyError for a signer who is no member.
    """
    digest = table.digest(message_hash)
    match table:
        case OperatorTable():
            points = {who: one for who, one in signatures.items() if isinstance(one, G1Point)}
            certificate = certify(table, message_hash, points, backend)
            if verify(certificate.apk, digest, certificate.signature, backend):
                return certificate
            operators = tuple(points)
            entries = [(table.operator(who).pubkey_g2, points[who]) for who in operators]
            bad = find_invalid(backend, digest, entries, entropy)
            return BadSignatures(tuple(operators[index] for index in bad))
        case EcdsaOperatorTable():
            raw = {who: one for who, one in signatures.items() if isinstance(one, bytes)}
            wrong = tuple(who for who, one in raw.items() if not _is_by(table, who, digest, one))
            return BadSignatures(wrong) if wrong else certify_ecdsa(table, message_hash, raw)
        case _:
            assert_never(table)


def verify_any(certificate: AnyCertificate, table: AnyTable, backend: Backend) -> tuple[StakeWeight, ...]:
    """The signed weights, if the verifier of this table would accept.

    Raises RefusedError(CERTIFICATE_REJECTED) whose detail is the verifier's error name.
    """
    match table, certificate:
        case OperatorTable(), Certificate():
            return verify_certificate(certificate, table, backend)
        case EcdsaOperatorTable(), EcdsaCertificate():
            return verify_ecdsa_certificate(certificate, table)
        case _:
            raise TypeError(f"a {type(certificate).__name__} is for another curve than {table.curve.name}")


def decode_certificate(table: AnyTable, data: bytes) -> AnyCertificate:
    """From its ABI encoding, as this table's verifier takes it. Raises eth_abi's DecodingError."""
    return Certificate.decode(data) if isinstance(table, OperatorTable) else EcdsaCertificate.decode(data)


def _is_by(table: EcdsaOperatorTable, who: Address, digest: Digest, signature: bytes) -> bool:
    return recover_signer(digest, signature) == table.operator(who).key
