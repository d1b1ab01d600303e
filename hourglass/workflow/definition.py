"""A workflow as the contract holds it: plain values, and the rules that make one possible."""

from dataclasses import dataclass

from hourglass.errors import DefinitionError
from hourglass.workflow.identifiers import Address, BasisPoints, OperatorSetId, PhaseIndex, WorkflowId
from hourglass.workflow.phases import PLANS, PhaseType


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
        """The operator set that works this phase."""
        return OperatorSetId(self.avs, self.definition.phases[phase_index].operator_set_id)


# The contract's limits: what it would refuse is refused here first, with a better sentence.
MAX_NAME_BYTES = 64
MAX_PHASES = 64
MAX_METADATA_BYTES = 1_024
MAX_TIMEOUT_S = 7 * 24 * 3_600
MAX_PAYLOAD_BYTES = 8_192
MAX_RESULT_BYTES = 4_096
MAX_OBSERVATION_BYTES = 896
"""So that a proposal of 1,024 observations fits into one message of a mebibyte."""
MAX_THRESHOLD_BPS = 10_000
MAX_OPERATOR_SET_ID = 2**32 - 1
MAX_STAKE = 2**256 - 1


def validate(definition: WorkflowDefinition) -> None:
    """Raise DefinitionError, naming phase and rule, unless the contract would register this definition."""
    _check_name("the workflow", definition.name)
    if not 1 <= len(definition.phases) <= MAX_PHASES:
        raise DefinitionError(
            f"the workflow has {len(definition.phases)} phases; it needs 1 to {MAX_PHASES}."
        )
    names: set[str] = set()
    for index, phase in enumerate(definition.phases):
        where = f"phase {phase.name!r} (number {index})"
        _check_name(where, phase.name)
        if phase.name in names:
            raise DefinitionError(f"{where}: there is already a phase of that name.")
        names.add(phase.name)
        _check_numbers(where, phase)
        _check_dependencies(where, index, phase, len(definition.phases))
    stuck = _never_startable(definition)
    if stuck:
        circle = ", ".join(repr(definition.phases[index].name) for index in stuck)
        raise DefinitionError(f"phases {circle} wait for each other in a cycle.")


def _check_name(where: str, name: str) -> None:
    if not 1 <= len(name.encode("utf-8")) <= MAX_NAME_BYTES:
        raise DefinitionError(
            f"{where}: its name has {len(name)} characters; 1 to {MAX_NAME_BYTES} bytes fit."
        )


def _check_numbers(where: str, phase: PhaseDefinition) -> None:
    if phase.phase_type not in PLANS:
        raise DefinitionError(f"{where}: {phase.phase_type.name} phases are not supported by this release.")
    if not 1 <= phase.timeout_s <= MAX_TIMEOUT_S:
        raise DefinitionError(
            f"{where}: its timeout is {phase.timeout_s} s; it must be 1 to {MAX_TIMEOUT_S} s."
        )
    if not 1 <= phase.consensus_threshold <= MAX_THRESHOLD_BPS:
        raise DefinitionError(
            f"{where}: its threshold is {phase.consensus_threshold} basis points; "
            f"it must be 1 to {MAX_THRESHOLD_BPS} (100 %)."
        )
    if not 0 <= phase.operator_set_id <= MAX_OPERATOR_SET_ID:
        raise DefinitionError(f"{where}: operator set {phase.operator_set_id} is not a uint32.")
    if not 0 <= phase.required_stake <= MAX_STAKE:
        raise DefinitionError(f"{where}: its required stake is not a uint256.")
    if len(phase.metadata) > MAX_METADATA_BYTES:
        raise DefinitionError(
            f"{where}: its metadata has {len(phase.metadata)} bytes; at most {MAX_METADATA_BYTES} fit."
        )
    if phase.trigger_condition:
        raise DefinitionError(f"{where}: {phase.phase_type.name} phases take no trigger condition.")


def _check_dependencies(where: str, index: int, phase: PhaseDefinition, phases: int) -> None:
    for dependency in phase.dependencies:
        if not 0 <= dependency < phases:
            raise DefinitionError(f"{where}: it depends on phase number {dependency}, which does not exist.")
        if dependency == index:
            raise DefinitionError(f"{where}: it depends on itself.")
    if len(set(phase.dependencies)) != len(phase.dependencies):
        raise DefinitionError(f"{where}: it names a dependency twice.")


def _never_startable(definition: WorkflowDefinition) -> list[int]:
    """Indices left over when every phase whose dependencies can complete has been taken away (Kahn)."""
    left = set(range(len(definition.phases)))
    done: set[int] = set()
    while ready := {index for index in left if done.issuperset(definition.phases[index].dependencies)}:
        done |= ready
        left -= ready
    return sorted(left)
