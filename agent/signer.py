"""The only one who signs with the operator's keys: one digest per slot, for ever, and only through the journal.

It computes every digest itself, from the slot and the result: a digest handed to it could hide anything. A signature
is journaled, on disk, before it is released; the same request again gives the same signature; another result for the
same slot is refused, after a crash as well. Its methods block for the time of an fsync, and of a remote signer's
answer: call them in a thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from agent.journal import Journal
from hourglass.bls.signer import BlsSigner
from hourglass.certificate.digests import (
    certificate_digest,
    ecdsa_certificate_digest,
    message_hash,
    observation_digest,
)
from hourglass.certificate.ecdsa_signer import EcdsaSigner
from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import ObservationSlot, Slot
from hourglass.errors import SignerError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, Digest, InputsHash, OperatorSetId, ReferenceTimestamp
from messages.responses import Attestation, Observation

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OperatorKeys:
    """All that one operator signs with, wherever each key is kept."""

    account: EcdsaSigner
    """Names the operator, and signs its observations."""
    bls: Mapping[OperatorSetId, BlsSigner] = field(default_factory=dict)
    """One for each of its BN254 sets: a key is registered once, so two sets have two keys."""
    ecdsa: Mapping[OperatorSetId, EcdsaSigner] = field(default_factory=dict)
    """One for each of its ECDSA sets."""


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs as one operator."""

    journal: Journal
    _keys: OperatorKeys

    @property
    def operator(self) -> Address:
        """Who signs."""
        return self._keys.account.address

    def recall(self, slot: ObservationSlot) -> tuple[Observation | None, tuple[Attestation, ...]]:
        """What was signed in this slot and its rounds, ready to be said again. Raises SignerError."""
        return self.journal.observation(slot), self.journal.attestations(slot)

    def observe(
        self, slot: ObservationSlot, operator_set: OperatorSetId, inputs: InputsHash, value: bytes
    ) -> Observation:
        """The signed observation of this slot: of this value, or the one that was made before. Raises SignerError."""
        signature = self._keys.account.sign(observation_digest(slot, operator_set, inputs, value))
        signed = SignedObservation(self.operator, value, signature)
        return self.journal.record_observation(Observation(slot, operator_set, inputs, signed))

    def attest(
        self,
        slot: Slot,
        operator_set: OperatorSetId,
        inputs: InputsHash,
        reference_timestamp: ReferenceTimestamp,
        result: bytes,
        ecdsa_domain: bytes | None = None,
    ) -> Attestation:
        """The attestation of this result in this slot. `ecdsa_domain`: the verifier's domain separator, of an ECDSA
        set; None of a BN254 one.

        Raises SignerError(WOULD_EQUIVOCATE) if another digest was signed there, JOURNAL_UNAVAILABLE if the
        signature cannot be put on disk, KEY_MISSING for a set that this operator has no key for, and a remote
        signer's own: SIGNER_UNREACHABLE, SIGNER_REFUSED, SIGNER_FALSE.
        """
        about = message_hash(slot, operator_set, inputs, result)
        if ecdsa_domain is None:
            digest = certificate_digest(reference_timestamp, about)
        else:
            digest = ecdsa_certificate_digest(ecdsa_domain, reference_timestamp, about)
        entry = self.journal.attestation(slot)
        if entry is None:
            # Asked first, so that no second digest ever reaches a key, least of all one on another machine.
            signature = self._sign(digest, operator_set, with_bls=ecdsa_domain is None)
            made = Attestation(
                slot, operator_set, self.operator, inputs, reference_timestamp, result, signature
            )
            entry = self.journal.record_attestation(digest, made)
        if entry.digest != digest:
            self._refuse(slot, entry.digest, digest)
        return entry.attestation

    def _sign(self, digest: Digest, operator_set: OperatorSetId, *, with_bls: bool) -> bytes:
        keys = self._keys
        if with_bls and operator_set in keys.bls:
            return keys.bls[operator_set].sign(digest).to_bytes()
        if not with_bls and operator_set in keys.ecdsa:
            return keys.ecdsa[operator_set].sign(digest)
        curve = "BN254" if with_bls else "ECDSA"
        raise SignerError(Reason.KEY_MISSING, f"Operator set {operator_set} signs with {curve} keys.")

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
