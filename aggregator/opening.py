"""What is fixed when a phase attempt opens, and how patient an aggregator is with it."""

from dataclasses import dataclass

from hourglass.certificate.curves import AnyTable
from hourglass.certificate.slots import ObservationSlot
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.events import PhaseStarted
from hourglass.workflow.identifiers import Address, ChainTime, InputsHash, OperatorSetId, PhaseIndex
from hourglass.workflow.phases import PLANS, PhasePlan


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient an aggregator is, in seconds of loop time."""

    solicit_s: float = 2.0
    """Between asking again those who have not answered."""
    turn_s: float = 5.0
    """Between one aggregator's turn to submit and the next one's."""
    gather_s: float = 0.1
    """For the last observations, once a quorum has observed: the more are in it, the better the value."""
    gather_any_s: float = 1.0
    """The same where any positive stake suffices: the first answer must not be the only one that counts."""
    recall_s: float = 5.0
    """For journals to answer about a tick that is over, before it counts as missed: after a restart."""
    resubmit_s: float = 3.0
    """After a submission that failed for a reason that may pass."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Everything about the phase attempt that is fixed when it opens, all of it from the chain."""

    me: Address
    slot: ObservationSlot
    started: PhaseStarted
    started_at: ChainTime
    """When the attempt opened, by the chain's clock."""
    phase: PhaseDefinition
    payload: bytes
    dependency_results: tuple[tuple[PhaseIndex, bytes | None], ...]
    trigger_data: bytes | None
    table: AnyTable
    aggregators: tuple[Address, ...]

    @property
    def operator_set(self) -> OperatorSetId:
        """Who works the phase."""
        return self.started.operator_set

    @property
    def inputs_hash(self) -> InputsHash:
        """What every signature over the phase commits to."""
        return self.started.inputs_hash

    @property
    def plan(self) -> PhasePlan:
        """How its type is worked."""
        return PLANS[self.phase.phase_type]

    @property
    def length_s(self) -> int:
        """From the attempt's start to its deadline: its timeout, unless the execution's own deadline comes first."""
        return self.started.deadline - self.started_at
