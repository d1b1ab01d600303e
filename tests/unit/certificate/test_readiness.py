"""Whether the operator sets that there are can do what a definition asks of them."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourglass.certificate.operators import OperatorTable
from hourglass.certificate.readiness import (
    FULL_BPS,
    OperatorSetState,
    indispensable,
    judge,
    least_operators,
)
from hourglass.testing.worlds import HOME, rows
from hourglass.testing.worlds import phase as phase_of
from hourglass.workflow.definition import FailurePolicy, PhaseDefinition, WorkflowDefinition
from hourglass.workflow.identifiers import (
    BasisPoints,
    ChainTime,
    PhaseIndex,
    ReferenceTimestamp,
    StakeWeight,
)
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.review import Severity
from hourglass.workflow.triggers import at_time, encode

PUBLISHED, NOW = ReferenceTimestamp(1_000_000), ChainTime(1_000_100)
WEIGHTS = ((10,), (20,), (30,), (40,), (50,))


def state(
    weights: tuple[tuple[int, ...], ...] = WEIGHTS, staleness_s: int = 0, rows_known: bool = True
) -> OperatorSetState:
    members = rows(HOME, [*weights, *((0,) * len(weights[0]) for _ in range(5 - len(weights)))])[
        : len(weights)
    ]
    table = OperatorTable(HOME, PUBLISHED, staleness_s, members)
    return OperatorSetState(HOME, PUBLISHED, staleness_s, table.total_weights, table if rows_known else None)


def phase(name: str, *after: int, threshold: int = 6_000, **changes: Any) -> PhaseDefinition:
    """One that the five operators can do without any one of them."""
    return phase_of(name, *after, threshold=threshold, **changes)


NO_TABLE = OperatorSetState(HOME, None, 0, (), None)


def said(*phases: PhaseDefinition, of: OperatorSetState | None = None) -> list[tuple[str, int, str]]:
    """Everything but what is fine, with the phase that it is about."""
    found = judge(WorkflowDefinition("w", phases), [of or state()] * len(phases), NOW)
    assert all(one.phase is not None for one in found)
    return [
        (one.severity.value, one.phase or 0, one.rule) for one in found if one.severity is not Severity.FINE
    ]


def text(rule: str, one: PhaseDefinition, of: OperatorSetState | None = None) -> str:
    (found,) = [
        finding
        for finding in judge(WorkflowDefinition("w", (one,)), [of or state()], NOW)
        if finding.rule == rule
    ]
    return found.text


# ── How many it takes ─────────────────────────────────────────────────────────────────────────────────

Weights = tuple[int, ...]
STAKES = st.lists(st.tuples(st.integers(0, 50)), min_size=1, max_size=6).filter(
    lambda rows: any(row[0] for row in rows)
)
TWO_STAKES = st.lists(st.tuples(st.integers(1, 50), st.integers(0, 50)), min_size=1, max_size=6)
THRESHOLDS = st.integers(0, FULL_BPS).map(BasisPoints)


def meets(group: Sequence[Weights], all_: Sequence[Weights], threshold: BasisPoints) -> bool:
    """Would the contract take a certificate of this group?"""
    columns = range(len(all_[0]))
    signed = [sum(row[column] for row in group) for column in columns]
    totals = [sum(row[column] for row in all_) for column in columns]
    return signed[0] > 0 and all(
        part * FULL_BPS >= threshold * total for part, total in zip(signed, totals, strict=True)
    )


def brute_force(weights: Sequence[Weights], threshold: BasisPoints) -> int:
    """The size of the smallest group that the contract would take."""
    return min(
        size
        for size in range(1, len(weights) + 1)
        for group in combinations(weights, size)
        if meets(group, weights, threshold)
    )


@given(STAKES, THRESHOLDS)
def test_with_one_column_the_least_number_of_operators_is_that_of_the_smallest_group(
    weights: list[tuple[int]], threshold: BasisPoints
) -> None:
    assert least_operators(weights, threshold) == brute_force(weights, threshold)


@given(TWO_STAKES, THRESHOLDS)
def test_with_several_columns_no_smaller_group_suffices(
    weights: list[tuple[int, int]], threshold: BasisPoints
) -> None:
    assert least_operators(weights, threshold) <= brute_force(weights, threshold)


@given(TWO_STAKES, THRESHOLDS)
def test_an_operator_is_indispensable_if_all_others_together_do_not_suffice(
    weights: list[tuple[int, int]], threshold: BasisPoints
) -> None:
    for index in range(len(weights)):
        others = [row for at, row in enumerate(weights) if at != index]
        assert (index in indispensable(weights, threshold)) != meets(others, weights, threshold)


# ── What the contract would refuse ────────────────────────────────────────────────────────────────────


def test_a_set_that_can_do_the_work_is_left_in_peace_and_described() -> None:
    assert said(phase("only")) == []
    assert text("operators", phase("only")) == "2 of 5 operators can decide."
    assert "holds 150 stake" in text("stake", phase("only"))
    assert text("freshness", phase("only")) == "Its table never goes stale."


def test_a_set_without_a_table_can_work_nothing() -> None:
    assert said(phase("only"), of=NO_TABLE) == [("error", 0, "TableMissing")]


@pytest.mark.parametrize(("required", "refused"), [(150, False), (151, True)])
def test_a_set_must_hold_the_required_stake(required: int, refused: bool) -> None:
    expected = [("error", 0, "RequiredStakeNotMet")] if refused else []
    assert said(phase("only", stake=required)) == expected


@pytest.mark.parametrize(
    ("timeout_s", "rules"), [(300, []), (301, ["TableStale"]), (401, ["TimeoutExceedsStaleness"])]
)
def test_a_phase_that_starts_at_once_must_end_before_its_table_goes_stale(
    timeout_s: int, rules: list[str]
) -> None:
    found = said(phase("only", timeout_s=timeout_s), of=state(staleness_s=400))
    assert found == [("error", 0, rule) for rule in rules]


@pytest.mark.parametrize(("timeout_s", "warned"), [(100, False), (101, True)])
def test_a_phase_that_starts_later_needs_a_table_that_is_fresh_when_it_may_end(
    timeout_s: int, warned: bool
) -> None:
    found = said(
        phase("first", timeout_s=200), phase("then", 0, timeout_s=timeout_s), of=state(staleness_s=400)
    )
    assert found == ([("warning", 1, "table_ages")] if warned else [])


def test_attempts_are_counted_in_when_a_table_must_be_fresh() -> None:
    once, often = phase("p", timeout_s=200), phase("p", timeout_s=200, max_attempts=2)
    assert said(once, of=state(staleness_s=400)) == []
    assert said(often, of=state(staleness_s=400)) == [("warning", 0, "table_ages")]


def test_a_fallback_does_not_start_at_once() -> None:
    primary = phase("p", timeout_s=250, on_failure=FailurePolicy.FALLBACK, fallback_phase=PhaseIndex(1))
    found = said(primary, phase("standby", timeout_s=350), of=state(staleness_s=400))
    assert found == [("warning", 1, "table_ages")], "no execution is refused for it"


# ── What is worth knowing ─────────────────────────────────────────────────────────────────────────────


def test_one_operator_that_decides_alone_is_pointed_out_unless_any_stake_is_what_was_asked_for() -> None:
    mighty = state(((90,), (10,)))
    assert ("warning", 0, "one_decides") in said(phase("only", threshold=9_000), of=mighty)
    assert said(phase("only", kind=PhaseType.CONDITIONAL, threshold=0), of=mighty) == []


def test_whoever_can_stop_a_phase_is_named() -> None:
    assert text("one_can_stop_it", phase("only"), state(((90,), (10,)))).endswith(
        f"without {'0x' + '01' * 20}."
    )
    assert "any of" in text("one_can_stop_it", phase("only", threshold=10_000))


def test_a_verifier_that_keeps_its_rows_to_itself_leaves_the_number_of_operators_open() -> None:
    assert said(phase("only"), of=state(rows_known=False)) == [("warning", 0, "operators_unknown")]


def test_with_several_kinds_of_stake_the_number_is_a_lower_bound() -> None:
    two = state(((10, 1), (10, 1), (10, 98)))
    assert text("operators", phase("only"), two) == "At least 2 of 3 operators can decide."


@pytest.mark.parametrize(("late_s", "warned"), [(700, False), (701, True)])
def test_a_moment_after_the_last_possible_deadline_never_comes(late_s: int, warned: bool) -> None:
    first, gate = phase("first", timeout_s=100), encode(at_time(NOW + late_s))
    found = said(first, phase("gate", 0, kind=PhaseType.CONDITIONAL, condition=gate))
    assert found == ([("warning", 1, "never_in_time")] if warned else [])


def test_states_are_known_by_their_totals() -> None:
    assert state().total_weights == (StakeWeight(150),)
