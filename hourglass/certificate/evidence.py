"""Proof that an operator signed two results for one slot."""

from dataclasses import dataclass

from hourglass.bls.curve import Backend, G1Point, G2Point
from hourglass.bls.signatures import verify
from hourglass.certificate.digests import certificate_digest, message_hash
from hourglass.certificate.slots import Slot
from hourglass.workflow.identifiers import Address, InputsHash, OperatorSetId, ReferenceTimestamp


@dataclass(frozen=True, slots=True)
class Equivocation:
    """Two results, both signed by one operator for one slot. Anybody can check it with the operator's key."""

    operator: Address
    slot: Slot
    operator_set: OperatorSetId
    inputs_hash: InputsHash
    reference_timestamp: ReferenceTimestamp
    results: tuple[bytes, bytes]
    signatures: tuple[G1Point, G1Point]

    def verify(self, public_key: G2Point, backend: Backend) -> bool:
        """Are the results different and both signatures this key's?"""
        first, second = self.results
        return first != second and all(
            verify(public_key, self._digest(result), signature, backend)
            for result, signature in zip(self.results, self.signatures, strict=True)
        )

    def _digest(self, result: bytes) -> bytes:
        about = message_hash(self.slot, self.operator_set, self.inputs_hash, result)
        return certificate_digest(self.reference_timestamp, about)
