"""What agents say to aggregators."""

from dataclasses import dataclass

from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import ObservationSlot, Slot
from hourglass.workflow.identifiers import Address, InputsHash, OperatorSetId, ReferenceTimestamp


@dataclass(frozen=True, slots=True)
class Observation:
    """What this operator saw, under its own signature."""

    slot: ObservationSlot
    operator_set: OperatorSetId
    inputs_hash: InputsHash
    observation: SignedObservation

    @property
    def operator(self) -> Address:
        """Who observed."""
        return self.observation.operator


@dataclass(frozen=True, slots=True)
class Attestation:
    """One operator's BLS signature over one digest, with the result that it is over."""

    slot: Slot
    operator_set: OperatorSetId
    operator: Address
    inputs_hash: InputsHash
    reference_timestamp: ReferenceTimestamp
    result: bytes
    signature: bytes
    """Unchecked: 64 bytes, a G1 point, or 65 of an ECDSA operator set."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why this operator does not sign. It binds nobody; it is for whoever asks why."""

    slot: ObservationSlot
    operator_set: OperatorSetId
    operator: Address
    reason_code: str
    """Of `hourglass.reasons`, perhaps of a later release's."""
    detail: str
