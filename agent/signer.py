"""The only holder of the operator's keys. It signs one digest per slot, for ever, and only through its journal.

It computes every digest itself, from the slot and the result: a digest handed to it could hide anything. A signature
is journaled, on disk, before it is released; the same request again gives the same signature; another result for the
same slot is refused, after a crash as well. Its methods block for the time of an fsync: call them in a thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from agent.journal import Journal
from hourglass.bls.curve import Backend
from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import sign
from hourglass.certificate.digests import certificate_digest, observation_digest, phase_message_hash
from hourglass.certificate.ecdsa import address_of, sign_digest
from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import ObservationSlot, Slot
from hourglass.errors import SignerError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, InputsHash, OperatorSetId, ReferenceTimestamp
from messages.responses import Attestation, Observation

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs as one operator: results with its BLS key of the phase's set, observations with its secp256k1 key."""

    journal: Journal
    _keys: Mapping[OperatorSetId, SecretKey]
    """One for each of its sets: a key is registered once, so two sets have two keys."""
    _secret: bytes
    backend: Backend

    @property
    def operator(self) -> Address:
        """Who signs."""
        return address_of(self._secret)

    def recall(self, slot: ObservationSlot) -> tuple[Observation | None, tuple[Attestation, ...]]:
        """What was signed in this slot and its rounds, ready to be said again. Raises SignerError."""
        return self.journal.observation(slot), self.journal.attestations(slot)

    def observe(
        self, slot: ObservationSlot, operator_set: OperatorSetId, inputs: InputsHash, value: bytes
    ) -> Observation:
        """The signed observation of this slot: of this value, or the one that was made before. Raises SignerError."""
        signature = sign_digest(self._secret, observation_digest(slot, operator_set, inputs, value))
        signed = SignedObservation(self.operator, value, signature)
        return self.journal.record_observation(Observation(slot, operator_set, inputs, signed))

    def attest(
        self,
        slot: Slot,
        operator_set: OperatorSetId,
        inputs: InputsHash,
        reference_timestamp: ReferenceTimestamp,
        result: bytes,
    ) -> Attestation:
        """The attestation of this result in this slot.

        Raises SignerError(WOULD_EQUIVOCATE) if another digest was signed there, JOURNAL_UNAVAILABLE if the
        signature cannot be put on disk, KEY_MISSING for a set that this operator has no key for.
        """
        if operator_set not in self._keys:
            raise SignerError(Reason.KEY_MISSING, f"Operator set {operator_set}.")
        message_hash = phase_message_hash(slot, operator_set, inputs, result)
        digest = certificate_digest(reference_timestamp, message_hash)
        signature = sign(self._keys[operator_set], digest, self.backend).to_bytes()
        attestation = Attestation(
            slot, operator_set, self.operator, inputs, reference_timestamp, result, signature
        )
        entry = self.journal.record_attestation(digest, attestation)
        if entry.digest != digest:
            self._refuse(slot, entry.digest, digest)
        return entry.attestation

    def _refuse(self, slot: Slot, signed: bytes, asked: bytes) -> None:
        where = f"execution 0x{slot.execution_id.hex()}, phase {slot.phase_index}, round {slot.round}"
        log.error(
            "refused to sign a second digest for one slot",
            reason=Reason.WOULD_EQUIVOCATE.code,
            execution=slot.execution_id.hex(),
            phase=slot.phase_index,
            round=slot.round,
            signed=signed.hex(),
            asked=asked.hex(),
        )
        raise SignerError(Reason.WOULD_EQUIVOCATE, f"In {where}.")

    def __repr__(self) -> str:
        return f"Signer({self.operator})"
