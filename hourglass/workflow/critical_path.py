"""How late each phase of a definition may begin and end, and how early all can be over: sums of its timeouts.

Only of definitions that `validate` accepts, so that there is no cycle. What lies between an end and the next start,
a block or two, is not counted.
"""

from collections.abc import Callable
from dataclasses import dataclass

from hourglass.workflow.definition import FailurePolicy, PhaseDefinition, WorkflowDefinition
from hourglass.workflow.identifiers import PhaseIndex
from hourglass.workflow.phases import PLANS
from hourglass.workflow.series import schedule_of


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds after an execution's start."""

    starts_s: int
    ends_s: int


def latest_spans(definition: WorkflowDefinition) -> tuple[Span, ...]:
    """Of each phase: its start if everything before it takes as long as it may, and its end if it does so too.

    A phase takes its timeout once per attempt; a fallback begins when the phase that it stands in for has used up its
    own, and that one's dependents wait for both.
    """
    return _spans(definition, lambda phase: phase.options.attempts * phase.timeout_s, with_fallbacks=True)


def earliest_end_s(definition: WorkflowDefinition) -> int:
    """The least time that all phases take, if no series is stopped early: a series lasts to its last tick."""
    spans = _spans(definition, _least_s, with_fallbacks=False)
    return max(span.ends_s for index, span in enumerate(spans) if index not in definition.fallbacks)


def longest_s(definition: WorkflowDefinition) -> int:
    """The most that an execution can take."""
    return max(span.ends_s for span in latest_spans(definition))


def fallback_of(phase: PhaseDefinition) -> PhaseIndex | None:
    """Who stands in for it, if anybody."""
    wanted = phase.options.on_failure is FailurePolicy.FALLBACK
    return phase.options.fallback_phase if wanted else None


def _least_s(phase: PhaseDefinition) -> int:
    if not PLANS[phase.phase_type].ticks:
        return 0
    schedule = schedule_of(phase.metadata, 0, phase.timeout_s)
    return schedule.due(schedule.ticks)


def _spans(
    definition: WorkflowDefinition, length_s: Callable[[PhaseDefinition], int], with_fallbacks: bool
) -> tuple[Span, ...]:
    phases = definition.phases
    primaries = {
        fallback: PhaseIndex(index)
        for index, phase in enumerate(phases)
        if (fallback := fallback_of(phase)) is not None and with_fallbacks
    }
    spans: dict[int, Span] = {}

    def span(index: int) -> Span:
        if index not in spans:
            phase = phases[index]
            if index in primaries:
                start_s = span(primaries[PhaseIndex(index)]).ends_s
            else:
                start_s = max((resolved_s(one) for one in phase.dependencies), default=0)
            spans[index] = Span(start_s, start_s + length_s(phase))
        return spans[index]

    def resolved_s(index: int) -> int:
        fallback = fallback_of(phases[index]) if with_fallbacks else None
        return span(index).ends_s if fallback is None else resolved_s(fallback)

    return tuple(span(index) for index in range(len(phases)))
