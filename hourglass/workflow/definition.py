"""A workflow as the contract holds it: plain values. What makes one possible is in `validation`."""

from dataclasses import dataclass, field
from enum import IntEnum

from hourglass.workflow.identifiers import Address, BasisPoints, OperatorSetId, PhaseIndex, WorkflowId
from hourglass.workflow.phases import PhaseType


class FailurePolicy(IntEnum):
    """What follows when a phase has used up its attempts, or can't start. Numbered as the contract numbers them."""

    FAIL_EXECUTION = 0
    CONTINUE = 1
    """Its dependents go on without its result."""
    FALLBACK = 2
    """Another phase stands in for it."""


NOBODY = PhaseIndex(0)
"""Where no fallback is meant."""


class TriggerMode(IntEnum):
    """Who says that a conditional phase's condition holds. Numbered as the contract numbers them."""

    OPERATORS = 0
    """They watch it themselves, and sign only if it holds."""
    SOURCE = 1
    """An authorised source calls `trigger`, and the contract checks its data."""


@dataclass(frozen=True, slots=True)
class PhaseOptions:
    """The contract's `PhaseOptions`: what a phase has beyond the plain definition. The default is all zero."""

    avs: Address | None = None
    """Whose operator set works the phase; None: the state machine's own AVS."""
    max_attempts: int = 0
    """0 counts as 1."""
    on_failure: FailurePolicy = FailurePolicy.FAIL_EXECUTION
    fallback_phase: PhaseIndex = NOBODY
    """With FALLBACK: who stands in. Otherwise 0."""
    trigger_mode: TriggerMode = TriggerMode.OPERATORS
    skip_if_unmet: bool = False

    @property
    def attempts(self) -> int:
        """How often the phase may start."""
        return max(1, self.max_attempts)


@dataclass(frozen=True, slots=True)
class PhaseDefinition:
    """The contract's `PhaseDefinition`, field for field and in its order, and its options."""

    name: str
    phase_type: PhaseType
    timeout_s: int
    dependencies: tuple[PhaseIndex, ...]
    trigger_condition: bytes
    operator_set_id: int
    metadata: bytes
    required_stake: int
    consensus_threshold: BasisPoints
    options: PhaseOptions = field(default_factory=PhaseOptions)


@dataclass(frozen=True, slots=True)
class WorkflowDefinition:
    """A name and its phases: what an author compiles to and a creator registers."""

    name: str
    phases: tuple[PhaseDefinition, ...]
    execution_timeout_s: int = 0
    """From an execution's start to its overall deadline; 0: none."""

    @property
    def fallbacks(self) -> frozenset[PhaseIndex]:
        """The phases that start only in another one's place."""
        return frozenset(
            phase.options.fallback_phase
            for phase in self.phases
            if phase.options.on_failure is FailurePolicy.FALLBACK
        )

    @property
    def is_plain(self) -> bool:
        """Is there nothing beyond the plain definitions? Then `registerWorkflow` registers it."""
        return self.execution_timeout_s == 0 and all(phase.options == PhaseOptions() for phase in self.phases)


@dataclass(frozen=True, slots=True)
class RegisteredWorkflow:
    """A definition as it stands on-chain."""

    workflow_id: WorkflowId
    creator: Address
    version: int
    definition_hash: bytes
    avs: Address
    """The AVS whose operator sets the phases name, where they name no other."""
    authorized_triggers: tuple[Address, ...]
    """Who may open the gates of its conditional phases, beside the contract's own sources."""
    definition: WorkflowDefinition

    def operator_set(self, phase_index: PhaseIndex) -> OperatorSetId:
        """The operator set that works this phase."""
        phase = self.definition.phases[phase_index]
        return OperatorSetId(phase.options.avs or self.avs, phase.operator_set_id)


MAX_PAYLOAD_BYTES = 8_192
MAX_STORED_RESULT_BYTES = 4_096
"""A longer result stands on-chain by its hash alone; its bytes are in the event."""
MAX_RESULT_BYTES = 16_384
"""63 dependencies' results, a payload and a trigger's data fit into one message of a mebibyte."""
MAX_OBSERVATION_BYTES = 896
"""So that a proposal of 1,024 observations fits into one message of a mebibyte."""
MAX_TRIGGER_DATA_BYTES = 4_096
MAX_PHASES = 64
