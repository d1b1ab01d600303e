"""Certificates as EigenLayer's `BN254CertificateVerifier` takes them: built, encoded, and checked by its rules.

The verifier counts everybody as a signer who is not listed as a non-signer, subtracts the listed keys from the
set's aggregate, and checks one pairing. So a forgotten witness fails the pairing rather than lowering the weight.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from eth_abi.abi import decode as abi_decode
from eth_abi.abi import encode as abi_encode
from eth_abi.exceptions import DecodingError

from hourglass.bls.curve import G1_GENERATOR, G2_GENERATOR, Backend, G1Point, G2Point
from hourglass.bls.signatures import verify
from hourglass.certificate.digests import certificate_digest
from hourglass.certificate.operators import OperatorInfo, OperatorTable, merkle_root
from hourglass.errors import PointError, RefusedError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import WORD_BYTES, Address, MessageHash, ReferenceTimestamp, StakeWeight

CERTIFICATE_ABI = (
    "(uint32,bytes32,(uint256,uint256),(uint256[2],uint256[2]),"
    "(uint32,bytes,((uint256,uint256),uint256[]))[])"
)


@dataclass(frozen=True, slots=True)
class NonSignerWitness:
    """`BN254OperatorInfoWitness`: proof that a non-signer is in the table, with which key and weights."""

    operator_index: int
    operator_info_proof: bytes
    operator_info: OperatorInfo


@dataclass(frozen=True, slots=True)
class Certificate:
    """`BN254Certificate`. Witnesses stand in strictly rising order of their indices."""

    reference_timestamp: ReferenceTimestamp
    message_hash: MessageHash
    signature: G1Point
    apk: G2Point
    non_signer_witnesses: tuple[NonSignerWitness, ...]

    @property
    def signature_bytes(self) -> bytes:
        """The summed signature alone, 64 bytes."""
        return self.signature.to_bytes()

    def encode(self) -> bytes:
        """abi.encode(certificate)."""
        return bytes(abi_encode([CERTIFICATE_ABI], [self.as_tuple()]))

    def as_tuple(self) -> tuple[object, ...]:
        """As the ABI takes it."""
        apk = self.apk.words
        return (
            self.reference_timestamp,
            self.message_hash,
            (self.signature.x, self.signature.y),
            (apk[:2], apk[2:]),
            [
                (
                    witness.operator_index,
                    witness.operator_info_proof,
                    (
                        (witness.operator_info.pubkey.x, witness.operator_info.pubkey.y),
                        witness.operator_info.weights,
                    ),
                )
                for witness in self.non_signer_witnesses
            ],
        )

    @classmethod
    def decode(cls, data: bytes) -> "Certificate":
        """From abi.encode(certificate); its points are not checked. Raises eth_abi's DecodingError."""
        try:
            ((timestamp, message_hash, signature, (x, y), witnesses),) = abi_decode([CERTIFICATE_ABI], data)
        except OverflowError as error:
            raise DecodingError("a length in it is larger than any memory") from error
        return cls(
            timestamp,
            message_hash,
            G1Point(*signature),
            G2Point(*x, *y),
            tuple(
                NonSignerWitness(index, proof, OperatorInfo(G1Point(*key), tuple(weights)))
                for index, proof, (key, weights) in witnesses
            ),
        )


def certify(
    table: OperatorTable, message_hash: MessageHash, signatures: Mapping[Address, G1Point], backend: Backend
) -> Certificate:
    """The certificate of these signers. Neither checks the signatures nor the threshold: one pairing does.

    Raises ValueError if nobody signed, KeyError for a signer who is no member.
    """
    if not signatures:
        raise ValueError("a certificate needs a signer")
    signers = {table.operator(address).address for address in signatures}
    absent = [index for index, operator in enumerate(table.operators) if operator.address not in signers]
    if len(absent) <= len(signers):
        keys = [table.aggregate_g2, *(-table.operators[index].pubkey_g2 for index in absent)]
    else:
        keys = [table.operator(address).pubkey_g2 for address in signatures]
    return Certificate(
        reference_timestamp=table.reference_timestamp,
        message_hash=message_hash,
        signature=backend.g1_sum(list(signatures.values())),
        apk=backend.g2_sum(keys),
        non_signer_witnesses=tuple(
            NonSignerWitness(index, table.proof(index), table.operators[index].info) for index in absent
        ),
    )


def verify_certificate(
    certificate: Certificate, table: OperatorTable, backend: Backend
) -> tuple[StakeWeight, ...]:
    """The signed weights, if the verifier would accept; its checks in its order. The points may be any numbers.

    Raises RefusedError(CERTIFICATE_REJECTED) whose detail is the verifier's error name.
    """
    _check_witnesses(certificate, table)
    _check_points(certificate, backend)
    absent = [witness.operator_info for witness in certificate.non_signer_witnesses]
    signed = tuple(
        StakeWeight(total - sum(info.weights[column] for info in absent))
        for column, total in enumerate(table.total_weights)
    )
    signer_key = backend.g1_sum([table.aggregate_g1, *(-info.pubkey for info in absent)])
    digest = certificate_digest(certificate.reference_timestamp, certificate.message_hash)
    if signer_key.is_identity and certificate.apk.is_identity and certificate.signature.is_identity:
        # Nobody signed, and zero equals zero: the verifier accepts this with a weight of 0.
        return signed
    if not (
        verify(certificate.apk, digest, certificate.signature, backend)
        and _same_key(signer_key, certificate.apk, backend)
    ):
        raise _rejected("VerificationFailed")
    return signed


def _check_witnesses(certificate: Certificate, table: OperatorTable) -> None:
    if certificate.reference_timestamp != table.reference_timestamp:
        raise _rejected("ReferenceTimestampDoesNotExist")
    previous = -1
    for witness in certificate.non_signer_witnesses:
        if witness.operator_index <= previous:
            raise _rejected("NonSignerIndicesNotSorted")
        previous = witness.operator_index
        if witness.operator_index >= len(table.operators):
            raise _rejected("InvalidOperatorIndex")
        if len(witness.operator_info_proof) % WORD_BYTES:
            raise _rejected("InvalidProofLength")
        leaf = witness.operator_info.leaf()
        expected_length = len(table.proof(witness.operator_index))
        if (
            len(witness.operator_info_proof) != expected_length
            or merkle_root(leaf, witness.operator_index, witness.operator_info_proof) != table.root
        ):
            raise _rejected("VerificationFailed")


def _check_points(certificate: Certificate, backend: Backend) -> None:
    """The identity passes here: it signs nothing, which the pairing says. A witness' point is a leaf's of the tree."""
    if not certificate.signature.is_identity:
        try:
            certificate.signature.check()
        except PointError as error:
            raise _rejected("InvalidPoint") from error
    if not certificate.apk.is_identity:
        try:
            certificate.apk.check(backend)
        except PointError as error:
            raise _rejected("VerificationFailed") from error


def _same_key(g1: G1Point, g2: G2Point, backend: Backend) -> bool:
    """e(g1, G2) = e(G1, g2): one secret behind both. The contract folds this into its gamma check."""
    return backend.pairing_is_one([(g1, G2_GENERATOR), (-G1_GENERATOR, g2)])


def _rejected(error: str) -> RefusedError:
    return RefusedError(Reason.CERTIFICATE_REJECTED, error)
