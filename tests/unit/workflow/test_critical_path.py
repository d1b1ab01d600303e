"""How long an execution may take, and how short it can't be."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from hourglass.workflow.critical_path import earliest_end_s, latest_spans, longest_s
from hourglass.workflow.definition import FailurePolicy, PhaseDefinition, PhaseOptions, WorkflowDefinition
from hourglass.workflow.identifiers import BasisPoints, PhaseIndex
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import encode_continuous
from hourglass.workflow.validation import validate


def lasting(timeout_s: int, *after: int, attempts: int = 0, fallback: int | None = None) -> PhaseDefinition:
    options = PhaseOptions(max_attempts=attempts)
    if fallback is not None:
        policy = FailurePolicy.FALLBACK
        options = PhaseOptions(max_attempts=attempts, on_failure=policy, fallback_phase=PhaseIndex(fallback))
    return PhaseDefinition(
        "named by `of`",
        PhaseType.IMMEDIATE,
        timeout_s,
        tuple(map(PhaseIndex, after)),
        b"",
        1,
        b"",
        0,
        BasisPoints(6_667),
        options,
    )


def ticking(timeout_s: int, interval_s: int, updates: int, *after: int) -> PhaseDefinition:
    return PhaseDefinition(
        "named by `of`",
        PhaseType.CONTINUOUS,
        timeout_s,
        tuple(map(PhaseIndex, after)),
        b"",
        1,
        encode_continuous(interval_s, updates, "median"),
        0,
        BasisPoints(6_667),
    )


def of(*phases: PhaseDefinition) -> WorkflowDefinition:
    named = tuple(replace(phase, name=f"phase {index}") for index, phase in enumerate(phases))
    definition = WorkflowDefinition("w", named)
    validate(definition)
    return definition


def spans(definition: WorkflowDefinition) -> list[tuple[int, int]]:
    return [(span.starts_s, span.ends_s) for span in latest_spans(definition)]


def test_a_phase_waits_for_the_slowest_of_those_that_it_depends_on() -> None:
    found = of(lasting(10), lasting(20), lasting(5, 0, 1), lasting(1, 0))
    assert spans(found) == [(0, 10), (0, 20), (20, 25), (10, 11)]
    assert longest_s(found) == 25


def test_the_order_in_which_phases_are_written_does_not_matter() -> None:
    assert spans(of(lasting(5, 1), lasting(10))) == [(10, 15), (0, 10)]


def test_every_attempt_takes_the_whole_timeout() -> None:
    assert spans(of(lasting(10, attempts=3), lasting(1, 0))) == [(0, 30), (30, 31)]


def test_a_fallback_begins_at_the_end_of_the_phase_that_it_stands_in_for_and_dependents_wait_for_it() -> None:
    found = of(
        lasting(3),
        lasting(10, 0, attempts=2, fallback=2),
        lasting(7, 0, fallback=3),
        lasting(4, 0),
        lasting(1, 1),
    )
    assert spans(found) == [(0, 3), (3, 23), (23, 30), (30, 34), (34, 35)]


def test_a_series_lasts_at_least_until_its_last_tick_is_due_and_everything_else_may_take_no_time() -> None:
    found = of(ticking(100, 10, 4), lasting(50, 0), ticking(60, 20, 0, 1))
    assert earliest_end_s(found) == 30 + 0 + 40


def test_a_fallback_that_is_never_needed_takes_no_time_at_the_earliest() -> None:
    assert earliest_end_s(of(lasting(10, fallback=1), lasting(10))) == 0


@given(st.lists(st.integers(1, 1_000), min_size=1, max_size=6), st.integers(1, 16))
def test_a_row_of_phases_takes_the_sum_of_its_timeouts_times_their_attempts(
    timeouts: list[int], attempts: int
) -> None:
    row = [
        lasting(one, *([index - 1] if index else []), attempts=attempts) for index, one in enumerate(timeouts)
    ]
    assert longest_s(of(*row)) == sum(timeouts) * attempts
