"""A workflow as the contract holds it: plain values, and the rules that make one possible."""

from dataclasses import dataclass

from hourglass.workflow.identifiers import Address, BasisPoints, OperatorSetId, PhaseIndex, WorkflowId
from hourglass.workflow.phases import PhaseType


@dataclass(frozen=True, slots=True)
class PhaseDefinition:
    """The contract's `PhaseDefinition`, field for field and in its order."""

    name: str
    phase_type: PhaseType
    timeout_s: int
    dependencies: tuple[PhaseIndex, ...]
    trigger_condition: bytes
    operator_set_id: int
    metadata: bytes
    required_stake: int
    consensus_threshold: BasisPoints


@dataclass(frozen=True, slots=True)
class WorkflowDefinition:
    """A name and its phases: what an author compiles to and a creator registers."""

    name: str
    phases: tuple[PhaseDefinition, ...]


@dataclass(frozen=True, slots=True)
class RegisteredWorkflow:
    """A definition as it stands on-chain."""

    workflow_id: WorkflowId
    creator: Address
    version: int
    definition_hash: bytes
    avs: Address
    """The AVS whose operator sets the phases name."""
    definition: WorkflowDefinition

    def operator_set(self, phase_index: PhaseIndex) -> OperatorSetId:
        return OperatorSetId(self.avs, self.definition.phases[phase_index].operator_set_id)
