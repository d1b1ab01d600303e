"""What is possible, so that the contract would take it, and yet may not be meant: advice before a wei is spent.

Each rule here looks at one thing, and says what would happen and when. What the chain must be asked for is judged in
`hourglass.certificate.readiness`.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from types import CodeType, FunctionType
from typing import Any

from hourglass.workflow.authoring import Phase, Workflow
from hourglass.workflow.critical_path import earliest_end_s, fallback_of, longest_s
from hourglass.workflow.definition import FailurePolicy, PhaseDefinition, TriggerMode, WorkflowDefinition
from hourglass.workflow.identifiers import PhaseIndex
from hourglass.workflow.phases import PLANS
from hourglass.workflow.series import Schedule, schedule_of
from hourglass.workflow.trigger_conditions import (
    AllOf,
    AnyOf,
    Condition,
    MultiSig,
    Not,
    OracleValue,
    PriceThreshold,
    ResultCompare,
)
from hourglass.workflow.triggers import decode
from hourglass.workflow.turns import MIN_PATIENCE_S, round_patience_s
from hourglass.workflow.values import BOOL, INT

ROUNDS = 2
"""The least that should fit: a first proposer that is down costs one."""
READS = "result"
ASKS = frozenset({"has_result", "NoResultError"})


class Severity(Enum):
    """What follows from a finding."""

    ERROR = "error"
    """It would be refused, or could not run."""
    WARNING = "warning"
    """It would run, and perhaps not as it is meant."""
    FINE = "fine"
    """It was looked at, and is as it should be."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    severity: Severity
    rule: str
    """The contract's custom error where it would refuse; else this project's own name for it."""
    text: str
    phase: PhaseIndex | None = None
    """None: the workflow as a whole."""


def review(workflow: Workflow, definition: WorkflowDefinition) -> tuple[Finding, ...]:
    """Warnings about a workflow that compiles to this definition."""
    found = [*_overall(definition)]
    for phase, defined in zip(workflow.phases, definition.phases, strict=True):
        for rule, texts in (
            ("any_stake", _any_stake(defined)),
            ("little_time", _little_time(defined)),
            ("result_may_be_missing", _missing_results(phase, defined, workflow, definition)),
            ("never_one_word", _never_one_word(phase, defined, workflow)),
            ("unwatched_approvals", _unwatched_approvals(phase, defined)),
        ):
            found += [Finding(Severity.WARNING, rule, text, phase.index) for text in texts]
    return tuple(found)


# ── Time ──────────────────────────────────────────────────────────────────────────────────────────────


def _overall(definition: WorkflowDefinition) -> Iterator[Finding]:
    limit_s = definition.execution_timeout_s
    if not limit_s:
        return
    least_s, most_s = earliest_end_s(definition), longest_s(definition)
    if limit_s <= least_s:
        text = (
            f"Its series last {least_s} s one after another, and the execution ends after {limit_s} s: it completes "
            "only if they are stopped early."
        )
        yield Finding(Severity.WARNING, "overall_timeout", text)
    elif limit_s < most_s:
        text = (
            f"The execution ends after {limit_s} s, and its phases may take {most_s} s one after another, all "
            "attempts and fallbacks counted: the last of them may be cut off."
        )
        yield Finding(Severity.WARNING, "overall_timeout", text)


def _little_time(phase: PhaseDefinition) -> Iterator[str]:
    plan = PLANS[phase.phase_type]
    if plan.ticks:
        yield from _little_tick_time(schedule_of(phase.metadata, 0, phase.timeout_s))
    elif plan.observes and phase.timeout_s < ROUNDS * round_patience_s(phase.timeout_s):
        yield (
            f"A proposer has {round_patience_s(phase.timeout_s)} s before the next one steps in, and the phase has "
            f"{phase.timeout_s} s: if the first is down, there is no time for a second."
        )
    elif phase.timeout_s < MIN_PATIENCE_S:
        yield (
            f"It has {phase.timeout_s} s for its handler, the signatures and a transaction: hardly any chain is "
            "that fast."
        )


def _little_tick_time(schedule: Schedule) -> Iterator[str]:
    if schedule.interval_s < ROUNDS * MIN_PATIENCE_S:
        yield (
            f"Its ticks are {schedule.interval_s} s apart, and a proposer has {MIN_PATIENCE_S} s before the next one "
            "steps in: if the first is down, the tick is missed."
        )
    last = schedule.ticks
    window_s = schedule.closes(last) - schedule.due(last)
    if window_s < min(MIN_PATIENCE_S, schedule.interval_s):
        yield (
            f"Its last tick is due after {schedule.due(last)} s and the timeout is {schedule.deadline} s: {window_s} s "
            "are left to certify it, then the series must be signed."
        )


# ── Stake ─────────────────────────────────────────────────────────────────────────────────────────────


def _any_stake(phase: PhaseDefinition) -> Iterator[str]:
    if phase.consensus_threshold == 0:
        yield "Its threshold is none: any one operator with stake decides what the result is."


# ── Results that are not there, or not what is compared ───────────────────────────────────────────────


def _missing_results(
    phase: Phase[Any], defined: PhaseDefinition, workflow: Workflow, definition: WorkflowDefinition
) -> Iterator[str]:
    unsure = [index for index in defined.dependencies if _may_lack_result(definition, index)]
    if not unsure:
        return
    names = _names_in(phase.handler) | (_names_in(phase.watch) if phase.watch is not None else set())
    if READS in names and not names & ASKS:
        listed = ", ".join(repr(workflow.phases[index].name) for index in unsure)
        yield (
            f"{listed} may end without a result, and its handler never asks `has_result`: reading one that is not "
            "there makes every operator's handler fail."
        )


def _may_lack_result(definition: WorkflowDefinition, index: PhaseIndex) -> bool:
    phase = definition.phases[index]
    if phase.options.skip_if_unmet or phase.options.on_failure is FailurePolicy.CONTINUE:
        return True
    fallback = fallback_of(phase)
    return fallback is not None and _may_lack_result(definition, fallback)


def _names_in(function: Callable[..., Any]) -> set[str]:
    """Every name that its code uses, and the code of its own module's functions that it uses."""
    names: set[str] = set()
    seen: set[CodeType] = set()
    waiting: list[object] = [inspect.unwrap(function)]
    while waiting:
        match waiting.pop():
            case FunctionType() as one:
                waiting.append(one.__code__)
                known = one.__globals__
                helpers = [known.get(name) for name in _names_of(one.__code__)]
                waiting += [
                    helper
                    for helper in helpers
                    if isinstance(helper, FunctionType)
                    and helper.__globals__ is known
                    and helper.__code__ not in seen
                ]
            case CodeType() as code if code not in seen:
                seen.add(code)
                names |= _names_of(code)
    return names


def _names_of(code: CodeType) -> set[str]:
    """Those that this code and the functions within it use."""
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return set(code.co_names).union(*map(_names_of, inner))


def _never_one_word(phase: Phase[Any], defined: PhaseDefinition, workflow: Workflow) -> Iterator[str]:
    """A condition compares an int256: nothing else than one word is one."""
    for leaf in conditions_of(defined):
        match leaf:
            case ResultCompare(index):
                compared = workflow.phases[index]
            case PriceThreshold() | OracleValue() if _takes_result(phase, defined):
                compared = workflow.phases[defined.dependencies[0]]
            case _:
                continue
        if compared.result_type not in (INT, BOOL):
            yield (
                f"Its condition compares a number with the result of {compared.name!r}, which is "
                f"{compared.result_type.name} and no int256: that never holds."
            )


def _takes_result(phase: Phase[Any], defined: PhaseDefinition) -> bool:
    """Is what the condition compares the result of the first phase in `after`?"""
    by_operators = defined.options.trigger_mode is TriggerMode.OPERATORS
    return by_operators and phase.watch is None and bool(defined.dependencies)


def _unwatched_approvals(phase: Phase[Any], defined: PhaseDefinition) -> Iterator[str]:
    by_operators = defined.options.trigger_mode is TriggerMode.OPERATORS
    if (
        by_operators
        and phase.watch is None
        and any(isinstance(one, MultiSig) for one in conditions_of(defined))
    ):
        yield (
            "Its condition asks for approvals, and operators get them from `watch` alone: give it one that returns "
            'them, or let a source bring them with triggered_by="source".'
        )


def conditions_of(phase: PhaseDefinition) -> Iterator[Condition]:
    """All that its trigger condition is made of, without what combines them; none if it has no condition."""
    if phase.trigger_condition:
        yield from _leaves(decode(phase.trigger_condition, phase.dependencies))


def _leaves(condition: Condition) -> Iterator[Condition]:
    match condition:
        case AllOf(conditions) | AnyOf(conditions):
            for child in conditions:
                yield from _leaves(child)
        case Not(child):
            yield from _leaves(child)
        case _:
            yield condition
