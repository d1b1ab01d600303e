"""The rules that make a workflow possible: what the contract refuses is refused here first, with a better sentence.

Each DefinitionError carries the name of the contract's own error for the same (`rule`), and both sides check in the
same order, so that they give the same answer to the same definition.
"""

from collections.abc import Callable

from hourglass.errors import DefinitionError
from hourglass.workflow.definition import (
    MAX_PHASES,
    FailurePolicy,
    PhaseDefinition,
    TriggerMode,
    WorkflowDefinition,
)
from hourglass.workflow.phases import PLANS, PhaseType
from hourglass.workflow.series import MAX_TICKS, decode_continuous
from hourglass.workflow.triggers import decode as decode_trigger

MAX_NAME_BYTES = 64
MAX_METADATA_BYTES = 1_024
MAX_TIMEOUT_S = 7 * 24 * 3_600
MAX_EXECUTION_TIMEOUT_S = 30 * 24 * 3_600
MAX_THRESHOLD_BPS = 10_000
MAX_ATTEMPTS = 16
MAX_OPERATOR_SET_ID = 2**32 - 1
MAX_STAKE = 2**256 - 1


def validate(definition: WorkflowDefinition) -> None:
    """Raise DefinitionError, naming phase and rule, unless the contract would register this definition.

    What depends on the chain (operator sets, their stake and tables) is not looked at.
    """
    _check_name("the workflow", definition.name, "NameLengthOutOfRange")
    phases = definition.phases
    if not 1 <= len(phases) <= MAX_PHASES:
        raise DefinitionError(
            f"the workflow has {len(phases)} phases; it needs 1 to {MAX_PHASES}.", "PhaseCountOutOfRange"
        )
    for index, phase in enumerate(phases):
        _check_phase(_where(index, phase), phase)
    _check_names(phases)
    for index, phase in enumerate(phases):
        _check_dependencies(_where(index, phase), index, phase, len(phases))
    _check_acyclic(definition)
    for index, phase in enumerate(phases):
        _check_trigger(_where(index, phase), phase)
    if not 0 <= definition.execution_timeout_s <= MAX_EXECUTION_TIMEOUT_S:
        raise DefinitionError(
            f"the workflow's overall timeout is {definition.execution_timeout_s} s; "
            f"at most {MAX_EXECUTION_TIMEOUT_S} s are allowed.",
            "ExecutionTimeoutOutOfRange",
        )
    for index, phase in enumerate(phases):
        _check_options(_where(index, phase), phase)
    _check_fallbacks(definition)


def _where(index: int, phase: PhaseDefinition) -> str:
    return f"phase {phase.name!r} (number {index})"


def _check_name(where: str, name: str, rule: str) -> None:
    if not 1 <= len(name.encode("utf-8")) <= MAX_NAME_BYTES:
        raise DefinitionError(
            f"{where}: its name has {len(name)} characters; 1 to {MAX_NAME_BYTES} bytes fit.", rule
        )


# ── One phase on its own ──────────────────────────────────────────────────────────────────────────────


def _check_phase(where: str, phase: PhaseDefinition) -> None:
    _check_name(where, phase.name, "PhaseNameLengthOutOfRange")
    if not 1 <= phase.timeout_s <= MAX_TIMEOUT_S:
        raise DefinitionError(
            f"{where}: its timeout is {phase.timeout_s} s; it must be 1 to {MAX_TIMEOUT_S} s.",
            "TimeoutOutOfRange",
        )
    _check_threshold(where, phase)
    if not 0 <= phase.operator_set_id <= MAX_OPERATOR_SET_ID:
        raise DefinitionError(f"{where}: operator set {phase.operator_set_id} is not a uint32.")
    if not 0 <= phase.required_stake <= MAX_STAKE:
        raise DefinitionError(f"{where}: its required stake is not a uint256.")
    if len(phase.metadata) > MAX_METADATA_BYTES:
        raise DefinitionError(
            f"{where}: its metadata has {len(phase.metadata)} bytes; at most {MAX_METADATA_BYTES} fit.",
            "MetadataTooLarge",
        )
    if phase.phase_type is PhaseType.CONTINUOUS:
        _check_ticks(where, phase)
    if PLANS[phase.phase_type].gated and not phase.trigger_condition:
        raise DefinitionError(
            f"{where}: a CONDITIONAL phase needs a trigger condition.", "TriggerConditionMissing"
        )
    if not PLANS[phase.phase_type].gated and phase.trigger_condition:
        raise DefinitionError(
            f"{where}: {phase.phase_type.name} phases take no trigger condition.",
            "TriggerConditionNotSupported",
        )


def _check_threshold(where: str, phase: PhaseDefinition) -> None:
    least = 0 if PLANS[phase.phase_type].any_stake else 1
    if not least <= phase.consensus_threshold <= MAX_THRESHOLD_BPS:
        raise DefinitionError(
            f"{where}: its threshold is {phase.consensus_threshold} basis points; "
            f"it must be {least} to {MAX_THRESHOLD_BPS} (100 %).",
            "ThresholdOutOfRange",
        )


def _check_ticks(where: str, phase: PhaseDefinition) -> None:
    try:
        plan = decode_continuous(phase.metadata)
    except ValueError as error:
        raise DefinitionError(
            f"{where}: its metadata is not abi.encode(interval, updates): {error}.",
            "ContinuousMetadataMalformed",
        ) from error
    if not 1 <= plan.interval_s <= MAX_TIMEOUT_S:
        raise DefinitionError(
            f"{where}: its interval is {plan.interval_s} s; it must be 1 to {MAX_TIMEOUT_S} s.",
            "IntervalOutOfRange",
        )
    ticks = plan.updates or -(-phase.timeout_s // plan.interval_s)
    if ticks > MAX_TICKS:
        raise DefinitionError(
            f"{where}: it has {ticks} ticks; at most {MAX_TICKS} fit into a series.", "TooManyTicks"
        )
    last_due = (ticks - 1) * plan.interval_s
    if last_due >= phase.timeout_s:
        raise DefinitionError(
            f"{where}: its last tick is due after {last_due} s, and its timeout is {phase.timeout_s} s.",
            "TicksDoNotFit",
        )


def _check_trigger(where: str, phase: PhaseDefinition) -> None:
    if not phase.trigger_condition:
        return
    try:
        decode_trigger(phase.trigger_condition, phase.dependencies)
    except DefinitionError as error:
        raise DefinitionError(f"{where}: {error.detail}", error.rule) from error


# ── Phases among each other ───────────────────────────────────────────────────────────────────────────


def _check_names(phases: tuple[PhaseDefinition, ...]) -> None:
    names: set[str] = set()
    for index, phase in enumerate(phases):
        if phase.name in names:
            raise DefinitionError(
                f"{_where(index, phase)}: there is already a phase of that name.", "DuplicatePhaseName"
            )
        names.add(phase.name)


def _check_dependencies(where: str, index: int, phase: PhaseDefinition, phases: int) -> None:
    seen: set[int] = set()
    for dependency in phase.dependencies:
        if not 0 <= dependency < phases:
            raise DefinitionError(
                f"{where}: it depends on phase number {dependency}, which does not exist.",
                "DependencyOutOfRange",
            )
        if dependency == index:
            raise DefinitionError(f"{where}: it depends on itself.", "SelfDependency")
        if dependency in seen:
            raise DefinitionError(
                f"{where}: it names phase number {dependency} twice.", "DuplicateDependency"
            )
        seen.add(dependency)


def _check_acyclic(definition: WorkflowDefinition) -> None:
    stuck = _never_done(definition, lambda phase: phase.dependencies)
    if stuck:
        circle = ", ".join(repr(definition.phases[index].name) for index in stuck)
        raise DefinitionError(f"phases {circle} wait for each other in a cycle.", "DependencyCycle")


def _never_done(
    definition: WorkflowDefinition, needs: Callable[[PhaseDefinition], tuple[int, ...]]
) -> tuple[int, ...]:
    """Kahn: what is left when every phase whose needs are gone is taken away, again and again."""
    left = dict(enumerate(definition.phases))
    while free := [index for index, phase in left.items() if not any(one in left for one in needs(phase))]:
        for index in free:
            del left[index]
    return tuple(left)


# ── Options ───────────────────────────────────────────────────────────────────────────────────────────


def _check_options(where: str, phase: PhaseDefinition) -> None:
    options = phase.options
    if not 0 <= options.max_attempts <= MAX_ATTEMPTS:
        raise DefinitionError(
            f"{where}: it may be attempted {options.max_attempts} times; at most {MAX_ATTEMPTS} are allowed.",
            "AttemptsOutOfRange",
        )
    conditional = options.trigger_mode is not TriggerMode.OPERATORS or options.skip_if_unmet
    if conditional and not PLANS[phase.phase_type].gated:
        raise DefinitionError(
            f"{where}: trigger mode and skipping are for CONDITIONAL phases, not for "
            f"{phase.phase_type.name}.",
            "OptionNotSupported",
        )


def _check_fallbacks(definition: WorkflowDefinition) -> None:
    phases = definition.phases
    stands_in_for: dict[int, int] = {}
    for index, phase in enumerate(phases):
        fallback, wanted = phase.options.fallback_phase, phase.options.on_failure is FailurePolicy.FALLBACK
        where = _where(index, phase)
        if (fallback and not wanted) or (wanted and (fallback == index or not 0 <= fallback < len(phases))):
            raise DefinitionError(
                f"{where}: phase number {fallback} can't be its fallback.", "FallbackOutOfRange"
            )
        if not wanted:
            continue
        if set(phases[fallback].dependencies) != set(phase.dependencies):
            raise DefinitionError(
                f"{where}: its fallback {phases[fallback].name!r} must depend on the same phases.",
                "FallbackDependenciesDiffer",
            )
        if fallback in stands_in_for:
            raise DefinitionError(
                f"{where}: {phases[fallback].name!r} already stands in for "
                f"{phases[stands_in_for[fallback]].name!r}.",
                "FallbackShared",
            )
        stands_in_for[fallback] = index
    for index, phase in enumerate(phases):
        for dependency in phase.dependencies:
            if dependency in stands_in_for:
                raise DefinitionError(
                    f"{_where(index, phase)}: it depends on {phases[dependency].name!r}, a fallback; let it "
                    f"depend on {phases[stands_in_for[dependency]].name!r}, whose result the fallback gives.",
                    "FallbackIsDependency",
                )
    if _never_done(definition, _fallback_of):
        raise DefinitionError("fallbacks stand in for each other in a cycle.", "FallbackCycle")


def _fallback_of(phase: PhaseDefinition) -> tuple[int, ...]:
    wanted = phase.options.on_failure is FailurePolicy.FALLBACK
    return (phase.options.fallback_phase,) if wanted else ()
