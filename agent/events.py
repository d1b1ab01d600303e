"""What a duty hears and wishes: its events are facts, its effects are wishes.

Anything slow or unsafe is an effect, performed by the node; its outcome comes back as an event.
"""

from dataclasses import dataclass

from agent.checks import Evidence, Objection
from hourglass.certificate.slots import ObservationSlot, Slot
from hourglass.workflow.identifiers import InputsHash, OperatorSetId, ReferenceTimestamp
from messages.requests import PhaseRequest, Proposal
from messages.responses import Attestation, Observation, Refusal

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
class Recalled:
    """What the journal holds for this duty."""

    observation: Observation | None
    attestations: tuple[Attestation, ...]


@dataclass(frozen=True, slots=True)
class ChainViewed:
    """The chain's word on a message; `elapsed_s` since the phase started, by the later of this node's clocks."""

    about: PhaseRequest | Proposal
    evidence: Evidence
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class ChainNotViewed:
    """The chain gave no evidence: unknown phase, unreachable endpoint, unusable table."""

    about: PhaseRequest | Proposal
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

    about: PhaseRequest | Proposal


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


@dataclass(frozen=True, slots=True)
class Publish:
    """Send to the aggregators."""

    message: Observation | Attestation | Refusal


@dataclass(frozen=True, slots=True)
class Note:
    """Tell the operator, in log and metrics, why something was not done."""

    objection: Objection


Effect = Recall | ViewChain | RunHandler | Reduce | Observe | Attest | Publish | Note
Effects = tuple[Effect, ...]
