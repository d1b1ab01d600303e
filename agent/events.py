"""What a duty hears and wishes: its events are facts, its effects are wishes.

Anything slow or unsafe is an effect, performed by the node; its outcome comes back as an event.
"""

from dataclasses import dataclass

from agent.checks import Evidence, Objection
from hourglass.certificate.slots import ObservationSlot, Slot
from hourglass.certificate.ticks import CertifiedTick
from hourglass.workflow.identifiers import InputsHash, OperatorSetId, ReferenceTimestamp
from messages.requests import PhaseRequest, Proposal, SeriesProposal, TickCertificate
from messages.responses import Attestation, Observation, Refusal

Looked = PhaseRequest | Proposal | TickCertificate | SeriesProposal
"""What a duty looks at the chain for."""

# ── Events: facts ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class RequestReceived:
    """An aggregator asks this operator to work the phase, perhaps again."""

    request: PhaseRequest


@dataclass(frozen=True, slots=True)
class ProposalReceived:
    """An aggregator proposes a set of observations to agree on."""

    proposal: Proposal


@dataclass(frozen=True, slots=True)
class TickReceived:
    """An aggregator shows that a tick has its quorum."""

    certificate: TickCertificate


@dataclass(frozen=True, slots=True)
class SeriesProposed:
    """An aggregator proposes the series of a CONTINUOUS phase."""

    proposal: SeriesProposal


@dataclass(frozen=True, slots=True)
class TicksVerified:
    """Whether the signatures of the ticks hold that a message claims to be certified."""

    about: TickCertificate | SeriesProposal
    evidence: Evidence
    valid: bool


@dataclass(frozen=True, slots=True)
class ConditionJudged:
    """Whether the phase's condition holds; `objection` says why not."""

    request: PhaseRequest
    evidence: Evidence
    objection: Objection | None


@dataclass(frozen=True, slots=True)
class Recalled:
    """What the journal holds for this duty."""

    observation: Observation | None
    attestations: tuple[Attestation, ...]


@dataclass(frozen=True, slots=True)
class ChainViewed:
    """The chain's word on a message; `known_s`: how long this node has known of the slot, by its own clock."""

    about: Looked
    evidence: Evidence
    known_s: float


@dataclass(frozen=True, slots=True)
class ChainNotViewed:
    """The chain gave no evidence: unknown phase, unreachable endpoint, unusable table."""

    about: Looked
    objection: Objection


@dataclass(frozen=True, slots=True)
class HandlerReturned:
    """The AVS's code gave its value, encoded."""

    request: PhaseRequest
    evidence: Evidence
    value: bytes


@dataclass(frozen=True, slots=True)
class HandlerGaveUp:
    """The AVS's code failed, hung, crashed or returned the wrong type."""

    objection: Objection


@dataclass(frozen=True, slots=True)
class Reduced:
    """A proposal's observations, reduced to the agreed value, encoded."""

    proposal: Proposal
    evidence: Evidence
    value: bytes


@dataclass(frozen=True, slots=True)
class ReducerGaveUp:
    """The reducer could not agree on a value."""

    proposal: Proposal
    objection: Objection


@dataclass(frozen=True, slots=True)
class Observed:
    """The signer journaled and signed an observation: this one, or the one it had before."""

    observation: Observation


@dataclass(frozen=True, slots=True)
class Attested:
    """The signer journaled and signed a result: now, or before."""

    attestation: Attestation


@dataclass(frozen=True, slots=True)
class SigningRefused:
    """The signer must not or cannot sign."""

    objection: Objection


Event = (
    RequestReceived
    | ProposalReceived
    | TickReceived
    | SeriesProposed
    | TicksVerified
    | ConditionJudged
    | Recalled
    | ChainViewed
    | ChainNotViewed
    | HandlerReturned
    | HandlerGaveUp
    | Reduced
    | ReducerGaveUp
    | Observed
    | Attested
    | SigningRefused
)

# ── Effects: wishes ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Recall:
    """Look into the journal; comes back as `Recalled`."""

    slot: ObservationSlot


@dataclass(frozen=True, slots=True)
class ViewChain:
    """Read phase and table; comes back as `ChainViewed` or `ChainNotViewed`."""

    about: Looked


@dataclass(frozen=True, slots=True)
class WatchCondition:
    """See whether the phase's condition holds; comes back as `ConditionJudged`."""

    request: PhaseRequest
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class VerifyTicks:
    """Check these ticks' summed signatures, one product of pairings for all; comes back as `TicksVerified`."""

    about: TickCertificate | SeriesProposal
    evidence: Evidence
    ticks: tuple[CertifiedTick, ...]


@dataclass(frozen=True, slots=True)
class RunHandler:
    """Run the AVS's code; comes back as `HandlerReturned` or `HandlerGaveUp`."""

    request: PhaseRequest
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Reduce:
    """Run the phase's reducer; comes back as `Reduced` or `ReducerGaveUp`."""

    proposal: Proposal
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Observe:
    """Journal and sign an observation; comes back as `Observed` or `SigningRefused`."""

    slot: ObservationSlot
    operator_set: OperatorSetId
    inputs_hash: InputsHash
    value: bytes


@dataclass(frozen=True, slots=True)
class Attest:
    """Journal and sign a result; comes back as `Attested` or `SigningRefused`."""

    slot: Slot
    operator_set: OperatorSetId
    inputs_hash: InputsHash
    reference_timestamp: ReferenceTimestamp
    result: bytes
    ecdsa_domain: bytes | None = None
    """Of an ECDSA operator set: its verifier's domain separator."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Send to the aggregators."""

    message: Observation | Attestation | Refusal


@dataclass(frozen=True, slots=True)
class Note:
    """Tell the operator, in log and metrics, why something was not done."""

    objection: Objection


Effect = (
    Recall
    | ViewChain
    | WatchCondition
    | VerifyTicks
    | RunHandler
    | Reduce
    | Observe
    | Attest
    | Publish
    | Note
)
Effects = tuple[Effect, ...]
