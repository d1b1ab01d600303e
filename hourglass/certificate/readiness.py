"""Whether operator sets, as the chain has them now, can work a definition: what `validate` and `review` can't know.

Errors bear the name of the custom error with which the contract would refuse the registration or the execution.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hourglass.certificate.curves import AnyTable
from hourglass.workflow.critical_path import latest_spans
from hourglass.workflow.definition import PhaseDefinition, WorkflowDefinition
from hourglass.workflow.identifiers import (
    BasisPoints,
    ChainTime,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    StakeWeight,
)
from hourglass.workflow.review import Finding, Severity
from hourglass.workflow.trigger_conditions import TimeThreshold
from hourglass.workflow.triggers import decode

FULL_BPS = 10_000


@dataclass(frozen=True, slots=True)
class OperatorSetState:
    """An operator set as the verifier knows it."""

    operator_set: OperatorSetId
    reference_timestamp: ReferenceTimestamp | None
    """Of the newest table; None: there is none yet."""
    max_staleness_s: int
    """For how long tables of this set may be used; 0: for ever."""
    total_weights: tuple[StakeWeight, ...]
    """Of the newest table, per column."""
    table: AnyTable | None
    """None where the verifier does not tell its rows, or there is no table."""

    @property
    def fresh_until(self) -> ChainTime | None:
        """The last second at which the newest table may be used; None: for ever."""
        if self.reference_timestamp is None or not self.max_staleness_s:
            return None
        return ChainTime(self.reference_timestamp + self.max_staleness_s)


def least_operators(weights: Sequence[Sequence[int]], threshold: BasisPoints) -> int:
    """The fewest of these operators, each with a weight per column, whose stake meets the threshold in every column.

    Exact with one column. With several it is what the most demanding column needs: fewer never suffice.
    """
    columns = list(zip(*weights, strict=True))
    return max(1, *(_least_in(column, threshold) for column in columns))


def _least_in(column: Sequence[int], threshold: BasisPoints) -> int:
    total, signed = sum(column), 0
    for count, weight in enumerate(sorted(column, reverse=True), start=1):
        signed += weight
        if signed * FULL_BPS >= threshold * total:
            return count
    return len(column)


def indispensable(weights: Sequence[Sequence[int]], threshold: BasisPoints) -> tuple[int, ...]:
    """The operators without each of whom all others together do not meet the threshold, by index."""
    totals = [sum(column) for column in zip(*weights, strict=True)]

    def suffices_without(own: Sequence[int]) -> bool:
        others = [total - weight for total, weight in zip(totals, own, strict=True)]
        met = (part * FULL_BPS >= threshold * total for part, total in zip(others, totals, strict=True))
        return others[0] > 0 and all(met)

    return tuple(index for index, own in enumerate(weights) if not suffices_without(own))


def judge(
    definition: WorkflowDefinition, states: Sequence[OperatorSetState], now: ChainTime
) -> tuple[Finding, ...]:
    """What there is to say of every phase, whose operator set is in the state of the same index."""
    spans = latest_spans(definition)
    found: list[Finding] = []
    for number, (phase, state, span) in enumerate(zip(definition.phases, states, spans, strict=True)):
        index = PhaseIndex(number)
        starts_at_once = not phase.dependencies and index not in definition.fallbacks
        for severity, rule, text in (
            *_table(state),
            *_stake(phase, state),
            *_freshness(phase, state, now, starts_at_once, span.ends_s),
            *_operators(phase, state),
            *_waits_too_long(phase, now, span.ends_s),
        ):
            found.append(Finding(severity, rule, text, index))
    return tuple(found)


Said = tuple[Severity, str, str]


def _table(state: OperatorSetState) -> Iterator[Said]:
    if state.reference_timestamp is None:
        yield (
            Severity.ERROR,
            "TableMissing",
            f"Operator set {state.operator_set} has no stake table on this chain: nobody could work the phase.",
        )


def _stake(phase: PhaseDefinition, state: OperatorSetState) -> Iterator[Said]:
    if state.reference_timestamp is None:
        return
    total = state.total_weights[0] if state.total_weights else 0
    if total == 0 or total < phase.required_stake:
        wanted = f"{phase.required_stake:,} is required" if phase.required_stake else "there must be some"
        yield Severity.ERROR, "RequiredStakeNotMet", f"Its operator set holds {total:,} stake; {wanted}."
    else:
        required = f" of {phase.required_stake:,} required" if phase.required_stake else ""
        yield Severity.FINE, "stake", f"Operator set {state.operator_set} holds {total:,} stake{required}."


def _freshness(
    phase: PhaseDefinition, state: OperatorSetState, now: ChainTime, starts_at_once: bool, ends_s: int
) -> Iterator[Said]:
    limit_s, fresh_until = state.max_staleness_s, state.fresh_until
    if limit_s and phase.timeout_s > limit_s:
        yield (
            Severity.ERROR,
            "TimeoutExceedsStaleness",
            f"Its timeout is {phase.timeout_s} s, and tables of its operator set last {limit_s} s.",
        )
    elif fresh_until is None:
        if state.reference_timestamp is not None:
            yield Severity.FINE, "freshness", "Its table never goes stale."
    elif starts_at_once and now + phase.timeout_s > fresh_until:
        yield (
            Severity.ERROR,
            "TableStale",
            (
                f"It would start at once and may take {phase.timeout_s} s, and its table goes stale in "
                f"{max(0, fresh_until - now)} s: an execution can start when there is a newer one."
            ),
        )
    elif now + ends_s > fresh_until:
        yield (
            Severity.WARNING,
            "table_ages",
            (
                f"It may end {ends_s} s after an execution's start, and its table goes stale in "
                f"{max(0, fresh_until - now)} s: without a newer one by then it could not start, or not again."
            ),
        )
    else:
        yield Severity.FINE, "freshness", f"Its table stays fresh for {fresh_until - now} s."


def _operators(phase: PhaseDefinition, state: OperatorSetState) -> Iterator[Said]:
    if state.reference_timestamp is None or not state.total_weights or not state.total_weights[0]:
        return
    if state.table is None:
        yield (
            Severity.WARNING,
            "operators_unknown",
            "The verifier does not tell who is in the table: how many operators it takes can't be said.",
        )
        return
    weights = [operator.weights for operator in state.table.operators]
    least = least_operators(weights, phase.consensus_threshold)
    at_least = "at least " if len(weights[0]) > 1 else ""
    yield (
        Severity.FINE,
        "operators",
        f"{at_least}{least} of {len(weights)} operators can decide.".capitalize(),
    )
    if least == 1 and len(weights) > 1 and phase.consensus_threshold:
        yield Severity.WARNING, "one_decides", "One operator's stake alone meets the threshold."
    if len(needed := indispensable(weights, phase.consensus_threshold)):
        who = ", ".join(str(state.table.operators[index].address) for index in needed)
        yield (
            Severity.WARNING,
            "one_can_stop_it",
            f"The threshold can't be met without {'any of ' if len(needed) > 1 else ''}{who}.",
        )


def _waits_too_long(phase: PhaseDefinition, now: ChainTime, ends_s: int) -> Iterator[Said]:
    """A moment that lies behind the phase's last possible deadline never comes for it."""
    if not phase.trigger_condition:
        return
    match decode(phase.trigger_condition, phase.dependencies):
        case TimeThreshold(timestamp) if timestamp > now + ends_s:
            yield (
                Severity.WARNING,
                "never_in_time",
                (
                    f"Its condition holds in {timestamp - now} s at the earliest, and in an execution that starts now "
                    f"the phase ends in {ends_s} s at the latest."
                ),
            )
