"""What aggregators say to agents."""

from dataclasses import dataclass

from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import ObservationSlot, Slot
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
    dependency_results: tuple[tuple[PhaseIndex, bytes], ...]
    """In the order of the definition's dependencies."""
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
