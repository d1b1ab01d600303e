"""Operator sets that sign with secp256k1 keys: their tables, and certificates as `ECDSACertificateVerifier` takes them.

A certificate names its signers by their signatures, in strictly rising order of key address, and their stake is summed:
nobody has to be proven absent. It costs an ecrecover per signer on-chain, so such sets are small.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError

from hourglass.certificate.digests import ecdsa_certificate_digest
from hourglass.certificate.ecdsa import SIGNATURE_BYTES, recover_signer
from hourglass.certificate.operators import CurveType, Membership
from hourglass.errors import RefusedError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import (
    Address,
    Digest,
    MessageHash,
    OperatorSetId,
    ReferenceTimestamp,
    StakeWeight,
)

ECDSA_CERTIFICATE_ABI = "(uint32,bytes32,bytes)"


@dataclass(frozen=True, slots=True)
class EcdsaOperator:
    """One row of a table. `weights` has one column per kind of stake."""

    address: Address
    """The operator."""
    key: Address
    """The address of the key that it registered for this set; often another than its own."""
    weights: tuple[StakeWeight, ...]


@dataclass(frozen=True)
class EcdsaOperatorTable(Membership[EcdsaOperator]):
    """One operator set's members, as of one reference timestamp. It never changes.

    Raises ValueError if no such table can be: no members, a member or key twice, columns of unequal number.
    """

    operator_set: OperatorSetId
    reference_timestamp: ReferenceTimestamp
    max_staleness_s: int
    """0: it never goes stale."""
    operators: tuple[EcdsaOperator, ...]
    domain_separator: bytes
    """32 bytes, of the verifier that takes this table's certificates."""

    def __post_init__(self) -> None:
        self.check_members()
        if len(self._by_key) != len(self.operators):
            raise ValueError("a key is in the table twice")

    @property
    def curve(self) -> CurveType:
        """ECDSA."""
        return CurveType.ECDSA

    @cached_property
    def _by_key(self) -> dict[Address, int]:
        return {operator.key: index for index, operator in enumerate(self.operators)}

    def holder_of(self, key: Address) -> EcdsaOperator | None:
        """Whose key it is; None for nobody's here."""
        index = self._by_key.get(key)
        return None if index is None else self.operators[index]

    def digest(self, message_hash: MessageHash) -> Digest:
        """What operators of this table sign for this message."""
        return ecdsa_certificate_digest(self.domain_separator, self.reference_timestamp, message_hash)


@dataclass(frozen=True, slots=True)
class EcdsaCertificate:
    """`ECDSACertificate`."""

    reference_timestamp: ReferenceTimestamp
    message_hash: MessageHash
    signatures: bytes
    """65 bytes r ‖ s ‖ v for each signer, in strictly rising order of their keys' addresses."""

    @property
    def signature_bytes(self) -> bytes:
        """The signatures alone."""
        return self.signatures

    def encode(self) -> bytes:
        """abi.encode(certificate)."""
        return bytes(
            abi_encode(
                [ECDSA_CERTIFICATE_ABI], [(self.reference_timestamp, self.message_hash, self.signatures)]
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> "EcdsaCertificate":
        """From abi.encode(certificate). Raises eth_abi's DecodingError."""
        try:
            ((timestamp, message_hash, signatures),) = abi_decode([ECDSA_CERTIFICATE_ABI], data)
        except OverflowError as error:
            raise DecodingError("a length in it is larger than any memory") from error
        return cls(timestamp, message_hash, signatures)


def certify_ecdsa(
    table: EcdsaOperatorTable, message_hash: MessageHash, signatures: Mapping[Address, bytes]
) -> EcdsaCertificate:
    """The certificate of these operators. It checks no signature.

    Raises ValueError if nobody signed, KeyError for a signer who is no member.
    """
    if not signatures:
        raise ValueError("a certificate needs a signer")
    in_order = sorted(signatures, key=lambda operator: table.operator(operator).key)
    return EcdsaCertificate(
        table.reference_timestamp, message_hash, b"".join(signatures[operator] for operator in in_order)
    )


def verify_ecdsa_certificate(
    certificate: EcdsaCertificate, table: EcdsaOperatorTable
) -> tuple[StakeWeight, ...]:
    """The signed weights, if the verifier would accept; its checks in its order.

    Raises RefusedError(CERTIFICATE_REJECTED) whose detail is the verifier's error name.
    """
    if certificate.reference_timestamp != table.reference_timestamp:
        raise _rejected("ReferenceTimestampDoesNotExist")
    signatures = certificate.signatures
    if not signatures or len(signatures) % SIGNATURE_BYTES:
        raise _rejected("InvalidSignatureLength")
    digest = table.digest(certificate.message_hash)
    keys: list[Address] = []
    for start in range(0, len(signatures), SIGNATURE_BYTES):
        key = recover_signer(digest, signatures[start : start + SIGNATURE_BYTES])
        if key is None:
            raise _rejected("InvalidSignature")
        if keys and key <= keys[-1]:
            raise _rejected("SignersNotOrdered")
        keys.append(key)
    signers: list[Address] = []
    for key in keys:
        holder = table.holder_of(key)
        if holder is None:
            raise _rejected("VerificationFailed")
        signers.append(holder.address)
    return table.weight_of(signers)


def _rejected(error: str) -> RefusedError:
    return RefusedError(Reason.CERTIFICATE_REJECTED, error)
