"""What a phase session hears and wishes: its events are facts, its effects are wishes.

Anything slow or unsafe is an effect, performed by the node; its outcome comes back as an event.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hourglass.certificate.curves import AnyCertificate, Signature
from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import Slot
from hourglass.certificate.ticks import CertifiedTick
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, ChainTime, Digest, MessageHash, Round, Tick
from messages.requests import PhaseRequest, Proposal, SeriesProposal, TickCertificate
from messages.responses import Attestation, Observation, Refusal

# ── Events: facts ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Opened:
    """The session begins; also after a restart."""


@dataclass(frozen=True, slots=True)
class ObservationReceived:
    """An operator observed."""

    message: Observation


@dataclass(frozen=True, slots=True)
class AttestationReceived:
    """An operator signed."""

    message: Attestation


@dataclass(frozen=True, slots=True)
class RefusalReceived:
    """An operator says why it does not sign."""

    message: Refusal


@dataclass(frozen=True, slots=True)
class Certified:
    """One pairing held: this certificate is valid."""

    slot: Slot
    digest: Digest
    certificate: AnyCertificate
    signers: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class BadSigners:
    """The sum did not verify; these are the signatures that are invalid."""

    slot: Slot
    digest: Digest
    operators: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class ProposalSigned:
    """Our own proposal, ready to send."""

    proposal: Proposal | SeriesProposal


@dataclass(frozen=True, slots=True)
class ClockMoved:
    """The chain's clock."""

    chain_time: ChainTime


@dataclass(frozen=True, slots=True)
class SubmissionFailed:
    """A transaction of this session did not do what it was for."""

    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class SubmissionMined:
    """A transaction of this session is in a block. A reorg may take it out again before anybody has seen it."""


@dataclass(frozen=True, slots=True)
class Woken:
    """Some time has passed: what is missing now?"""


Event = (
    Opened
    | ObservationReceived
    | AttestationReceived
    | RefusalReceived
    | Certified
    | BadSigners
    | ProposalSigned
    | ClockMoved
    | SubmissionFailed
    | SubmissionMined
    | Woken
)

# ── Effects: wishes ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Publish:
    """Send to the operator set."""

    message: PhaseRequest | Proposal | SeriesProposal | TickCertificate


@dataclass(frozen=True, slots=True)
class SignProposal:
    """Sign a proposal with this aggregator's key; comes back as `ProposalSigned`."""

    slot: Slot
    observations: tuple[SignedObservation, ...]


@dataclass(frozen=True, slots=True)
class SignSeries:
    """Sign a proposal of a series with this aggregator's key; comes back as `ProposalSigned`."""

    slot: Slot
    ticks: Tick
    certified: tuple[CertifiedTick, ...]


@dataclass(frozen=True, slots=True)
class Certify:
    """Sum, check once, and build the certificate; comes back as `Certified` or `BadSigners`."""

    slot: Slot
    digest: Digest
    message_hash: MessageHash
    signatures: Mapping[Address, Signature]


@dataclass(frozen=True, slots=True)
class Submit:
    """Send the certificate to the contract; a failure comes back as `SubmissionFailed`."""

    round: Round
    result: bytes
    certificate: AnyCertificate


@dataclass(frozen=True, slots=True)
class CloseOnChain:
    """Tell the contract that the deadline has passed."""


@dataclass(frozen=True, slots=True)
class WakeAfter:
    """Send `Woken` in this many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Note:
    """Tell whoever watches why an operator's answer, or our own step, did not count."""

    operator: Address | None
    reason: Reason
    detail: str = ""


Effect = Publish | SignProposal | SignSeries | Certify | Submit | CloseOnChain | WakeAfter | Note
Effects = tuple[Effect, ...]
