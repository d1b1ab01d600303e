"""From phases as their author wrote them to the definition that the contract takes."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hourglass.errors import DefinitionError
from hourglass.workflow.definition import (
    FailurePolicy,
    PhaseDefinition,
    PhaseOptions,
    TriggerMode,
    WorkflowDefinition,
)
from hourglass.workflow.identifiers import PhaseIndex
from hourglass.workflow.triggers import decode, reads_data
from hourglass.workflow.validation import validate

if TYPE_CHECKING:
    from hourglass.workflow.authoring import Phase

POLICIES = {"fail": FailurePolicy.FAIL_EXECUTION, "continue": FailurePolicy.CONTINUE}


def compile_workflow(name: str, timeout_s: int, phases: "Sequence[Phase[Any]]") -> WorkflowDefinition:
    """The definition, validated. Raises DefinitionError if it can never run."""
    index_of = {phase.name: phase.index for phase in phases}
    compiled = tuple(_compiled(phase, phases, index_of) for phase in phases)
    definition = WorkflowDefinition(name, compiled, timeout_s)
    validate(definition)
    for phase, one in zip(phases, compiled, strict=True):
        _check_watched(phase, one)
        _check_fallback_type(phase, one, phases)
    return definition


def _compiled(
    phase: "Phase[Any]", phases: "Sequence[Phase[Any]]", index_of: Mapping[str, PhaseIndex]
) -> PhaseDefinition:
    settings = phase.settings
    policy, fallback = _on_failure(phase, phases, index_of)
    if settings.attempts < 1:
        raise DefinitionError(
            f"phase {phase.name!r}: it needs at least one attempt, not {settings.attempts}."
        )
    return PhaseDefinition(
        name=phase.name,
        phase_type=phase.phase_type,
        timeout_s=settings.timeout_s,
        dependencies=tuple(_index(phase, one, phases, index_of, "after") for one in settings.after),
        trigger_condition=phase.trigger_condition,
        operator_set_id=settings.operator_set,
        metadata=phase.metadata,
        required_stake=settings.required_stake,
        consensus_threshold=settings.threshold,
        options=PhaseOptions(
            avs=settings.avs,
            max_attempts=settings.attempts if settings.attempts > 1 else 0,
            on_failure=policy,
            fallback_phase=fallback,
            trigger_mode=phase.trigger_mode,
            skip_if_unmet=phase.skip_if_unmet,
        ),
    )


def _on_failure(
    phase: "Phase[Any]", phases: "Sequence[Phase[Any]]", index_of: Mapping[str, PhaseIndex]
) -> tuple[FailurePolicy, PhaseIndex]:
    wish = phase.settings.on_failure
    if isinstance(wish, str) and wish in POLICIES:
        return POLICIES[wish], PhaseIndex(0)
    return FailurePolicy.FALLBACK, _index(phase, wish, phases, index_of, "on_failure")


def _index(
    phase: "Phase[Any]",
    other: "Phase[Any] | str",
    phases: "Sequence[Phase[Any]]",
    index_of: Mapping[str, PhaseIndex],
    where: str,
) -> PhaseIndex:
    if isinstance(other, str):
        if other not in index_of:
            raise DefinitionError(
                f"phase {phase.name!r}: `{where}` names {other!r}, which is no phase of it."
            )
        return index_of[other]
    if not any(other is own for own in phases):
        named = getattr(other, "name", None)
        if named is None:
            raise DefinitionError(
                f"phase {phase.name!r}: `{where}` holds {other!r}; give phases or their names."
            )
        raise DefinitionError(f"phase {phase.name!r}: `{where}` names {named!r} of another workflow.")
    return other.index


def _check_watched(phase: "Phase[Any]", compiled: PhaseDefinition) -> None:
    """A condition that reads a value has to get it from somewhere, or it never holds."""
    if not compiled.trigger_condition or compiled.options.trigger_mode is not TriggerMode.OPERATORS:
        return
    condition = decode(compiled.trigger_condition, compiled.dependencies)
    if reads_data(condition) and phase.watch is None and not compiled.dependencies:
        raise DefinitionError(
            f"phase {phase.name!r}: its condition compares a value, and there is none: give it a `watch`, or a "
            "phase in `after` whose result is the value."
        )


def _check_fallback_type(
    phase: "Phase[Any]", compiled: PhaseDefinition, phases: "Sequence[Phase[Any]]"
) -> None:
    if compiled.options.on_failure is not FailurePolicy.FALLBACK:
        return
    fallback = phases[compiled.options.fallback_phase]
    if fallback.result_type != phase.result_type:
        raise DefinitionError(
            f"phase {phase.name!r}: its fallback {fallback.name!r} has a result of another type; whoever reads "
            "the one must be able to read the other."
        )
