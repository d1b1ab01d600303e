"""What aggregators say to agents."""

from dataclasses import dataclass

from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import ObservationSlot, Slot
from hourglass.certificate.ticks import CertifiedTick
from hourglass.workflow.identifiers import (
    Address,
    InputsHash,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
)


@dataclass(frozen=True, slots=True)
class PhaseRequest:
    """Work this phase attempt and answer, or answer again. It carries the inputs; the chain holds their hash."""

    slot: ObservationSlot
    operator_set: OperatorSetId
    reference_timestamp: ReferenceTimestamp
    inputs_hash: InputsHash
    payload: bytes
    dependency_results: tuple[tuple[PhaseIndex, bytes | None], ...]
    """In the order of the definition's dependencies; None of one that ended without a result."""
    trigger_data: bytes | None
    """What a source opened a CONDITIONAL phase's gate with; None if nobody had to."""
    wanted: tuple[Address, ...]
    """Who is asked; empty means everybody."""
    aggregator: Address
    """Who asks. For logs only: whether to follow a request depends on the chain alone."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """Agree on what these observations reduce to. It names no value: every agent computes it."""

    slot: Slot
    operator_set: OperatorSetId
    inputs_hash: InputsHash
    observations: tuple[SignedObservation, ...]
    aggregator: Address
    signature: bytes
    """65 bytes, the proposing aggregator's, over `digests.proposal_digest`."""


@dataclass(frozen=True, slots=True)
class TickCertificate:
    """A CONTINUOUS phase's tick has its quorum. Agents keep it, so that no series can leave the tick out."""

    slot: ObservationSlot
    """The series' own, tick 0."""
    operator_set: OperatorSetId
    inputs_hash: InputsHash
    certified: CertifiedTick


@dataclass(frozen=True, slots=True)
class SeriesProposal:
    """Agree on the series of these certified ticks; every tick up to the last one that is not among them was missed."""

    slot: Slot
    """Tick 0, and the round."""
    operator_set: OperatorSetId
    inputs_hash: InputsHash
    ticks: int
    """How many ticks the series covers."""
    certified: tuple[CertifiedTick, ...]
    """In rising order of ticks."""
    aggregator: Address
    signature: bytes
    """65 bytes, the proposing aggregator's, over `digests.series_proposal_digest`."""
