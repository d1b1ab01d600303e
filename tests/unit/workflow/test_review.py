"""What an author is warned of, and what is left in peace."""

import pytest

from hourglass import (
    Context,
    Workflow,
    all_of,
    always,
    approved_by,
    not_,
    price_above,
    result_above,
    stake_weighted_median,
)
from hourglass.workflow.authoring import Phase
from hourglass.workflow.context import NoResultError
from hourglass.workflow.review import Finding, Severity, review

ALICE = "0x" + "a1" * 20


def warnings(workflow: Workflow) -> list[tuple[str, str | None]]:
    """Rules and the phases that they are about."""
    found = review(workflow, workflow.compile())
    assert all(one.severity is Severity.WARNING for one in found)
    return [(one.rule, None if one.phase is None else workflow.phases[one.phase].name) for one in found]


def text_of(workflow: Workflow, rule: str) -> str:
    (found,) = [one for one in review(workflow, workflow.compile()) if one.rule == rule]
    return found.text


def number(workflow: Workflow, name: str = "number", timeout: int = 60) -> Phase[int]:
    """An ordinary phase, which nobody has to be warned of."""

    @workflow.immediate(operator_set=1, threshold=6_667, timeout=timeout, name=name)
    async def compute(ctx: Context) -> int:
        return 1

    return compute


def test_an_ordinary_workflow_is_left_in_peace() -> None:
    workflow = Workflow("w", timeout=3_000)
    first = number(workflow)

    @workflow.coordination(
        after=[first], operator_set=1, threshold=6_667, timeout=600, reduce=stake_weighted_median
    )
    async def agree(ctx: Context) -> int:
        return ctx.result(first)

    @workflow.conditional(after=[agree], operator_set=1, threshold=6_667, timeout=60, when=price_above(5))
    async def act(ctx: Context) -> int:
        return ctx.result(agree)

    @workflow.continuous(after=[act], operator_set=1, threshold=6_667, timeout=600, interval=60, updates=5)
    async def watch(ctx: Context) -> int:
        return 1

    assert warnings(workflow) == []


# ── Stake ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_threshold_of_none_lets_one_operator_decide() -> None:
    workflow = Workflow("w")

    @workflow.conditional(operator_set=1, threshold="none", timeout=60, when=always())
    async def act(ctx: Context) -> int:
        return 1

    assert warnings(workflow) == [("any_stake", "act")]


# ── Time ──────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("timeout", "warned"), [(5, True), (6, False)])
def test_a_phase_that_observes_needs_time_for_a_second_proposer(timeout: int, warned: bool) -> None:
    workflow = Workflow("w")

    @workflow.coordination(operator_set=1, threshold=6_667, timeout=timeout, reduce=stake_weighted_median)
    async def agree(ctx: Context) -> int:
        return 1

    assert (("little_time", "agree") in warnings(workflow)) == warned


@pytest.mark.parametrize(("timeout", "warned"), [(2, True), (3, False)])
def test_a_phase_that_only_computes_needs_a_few_seconds_all_the_same(timeout: int, warned: bool) -> None:
    workflow = Workflow("w")
    number(workflow, timeout=timeout)
    assert (("little_time", "number") in warnings(workflow)) == warned


@pytest.mark.parametrize(("interval", "warned"), [(5, True), (6, False)])
def test_a_tick_needs_time_for_a_second_proposer(interval: int, warned: bool) -> None:
    workflow = Workflow("w")

    @workflow.continuous(operator_set=1, threshold=6_667, timeout=600, interval=interval, updates=3)
    async def watch(ctx: Context) -> int:
        return 1

    assert (("little_time", "watch") in warnings(workflow)) == warned


@pytest.mark.parametrize(("timeout", "warned"), [(65, True), (66, False)])
def test_the_last_tick_needs_time_before_the_deadline(timeout: int, warned: bool) -> None:
    workflow = Workflow("w")

    @workflow.continuous(operator_set=1, threshold=6_667, timeout=timeout, interval=30, updates=3)
    async def watch(ctx: Context) -> int:
        return 1

    assert (("little_time", "watch") in warnings(workflow)) == warned


@pytest.mark.parametrize(("limit", "warned"), [(239, True), (240, False), (0, False)])
def test_an_overall_timeout_below_the_longest_path_of_all_attempts_may_cut_it_off(
    limit: int, warned: bool
) -> None:
    workflow = Workflow("w", timeout=limit)
    first = number(workflow)

    @workflow.immediate(after=[first], operator_set=1, threshold=6_667, timeout=60, attempts=3)
    async def then(ctx: Context) -> int:
        return 1

    assert warnings(workflow) == ([("overall_timeout", None)] if warned else [])


@pytest.mark.parametrize(
    ("limit", "says"), [(120, "only if they are stopped early"), (121, "may be cut off")]
)
def test_an_overall_timeout_that_a_series_outlasts_completes_only_if_it_is_stopped_early(
    limit: int, says: str
) -> None:
    workflow = Workflow("w", timeout=limit)

    @workflow.continuous(operator_set=1, threshold=6_667, timeout=600, interval=60, updates=3)
    async def watch(ctx: Context) -> int:
        return 1

    assert says in text_of(workflow, "overall_timeout")


# ── Results that are not there ────────────────────────────────────────────────────────────────────────


def unsure(workflow: Workflow) -> Phase[int]:
    """A phase that may end without a result."""

    @workflow.immediate(operator_set=1, threshold=6_667, timeout=60, on_failure="continue")
    async def maybe(ctx: Context) -> int:
        return 1

    return maybe


MISSING = [("result_may_be_missing", "reader")]


def test_a_result_that_may_be_missing_must_be_asked_for_before_it_is_read() -> None:
    workflow = Workflow("w")
    maybe = unsure(workflow)

    @workflow.immediate(after=[maybe], operator_set=1, threshold=6_667, timeout=60)
    async def reader(ctx: Context) -> int:
        return ctx.result(maybe)

    assert warnings(workflow) == MISSING
    assert "'maybe'" in text_of(workflow, "result_may_be_missing")


def test_a_conditional_phase_that_may_be_skipped_may_end_without_a_result() -> None:
    workflow = Workflow("w")

    @workflow.conditional(operator_set=1, threshold=1, timeout=60, when=always(), skip_if_unmet=True)
    async def maybe(ctx: Context) -> int:
        return 1

    @workflow.immediate(after=[maybe], operator_set=1, threshold=6_667, timeout=60)
    async def reader(ctx: Context) -> int:
        return ctx.result(maybe)

    assert warnings(workflow) == MISSING


def test_a_fallback_that_the_workflow_goes_on_without_leaves_no_result_either() -> None:
    workflow = Workflow("w")

    @workflow.immediate(operator_set=1, threshold=6_667, timeout=60, on_failure="standby")
    async def first(ctx: Context) -> int:
        return 1

    @workflow.immediate(operator_set=1, threshold=6_667, timeout=60, on_failure="continue")
    async def standby(ctx: Context) -> int:
        return 1

    @workflow.immediate(after=[first], operator_set=1, threshold=6_667, timeout=60)
    async def reader(ctx: Context) -> int:
        return ctx.result(first)

    assert warnings(workflow) == MISSING


def test_whoever_asks_first_or_expects_the_error_or_does_not_read_is_left_in_peace() -> None:
    workflow = Workflow("w")
    maybe = unsure(workflow)

    @workflow.immediate(after=[maybe], operator_set=1, threshold=6_667, timeout=60)
    async def asks(ctx: Context) -> int:
        return ctx.result(maybe) if ctx.has_result(maybe) else 0

    @workflow.immediate(after=[maybe], operator_set=1, threshold=6_667, timeout=60)
    async def expects(ctx: Context) -> int:
        try:
            return ctx.result(maybe)
        except NoResultError:
            return 0

    @workflow.immediate(after=[maybe], operator_set=1, threshold=6_667, timeout=60)
    async def does_not_read(ctx: Context) -> int:
        return 3

    workflow.combine(
        "all", of=[maybe], reduce=stake_weighted_median, operator_set=1, threshold=6_667, timeout=60
    )
    assert warnings(workflow) == []


def _read(ctx: Context, phase: Phase[int]) -> int:
    return ctx.result(phase)


def _read_if_there(ctx: Context, phase: Phase[int]) -> int:
    return ctx.result(phase) if ctx.has_result(phase) else 0


@pytest.mark.parametrize(("helper", "expected"), [(_read, MISSING), (_read_if_there, [])])
def test_a_handler_s_helpers_are_looked_at_too(helper: object, expected: object) -> None:
    workflow = Workflow("w")
    maybe = unsure(workflow)
    if helper is _read:

        @workflow.immediate(after=[maybe], operator_set=1, threshold=6_667, timeout=60)
        async def reader(ctx: Context) -> int:
            return [_read(ctx, one) for one in (maybe,)][0]  # noqa: RUF015 - a function within a function
    else:

        @workflow.immediate(after=[maybe], operator_set=1, threshold=6_667, timeout=60, name="reader")
        async def careful(ctx: Context) -> int:
            return _read_if_there(ctx, maybe)

    assert warnings(workflow) == expected


# ── Conditions that compare what is no number ─────────────────────────────────────────────────────────


def test_a_condition_that_compares_a_text_with_a_number_never_holds() -> None:
    workflow = Workflow("w")

    @workflow.immediate(operator_set=1, threshold=6_667, timeout=60)
    async def text(ctx: Context) -> str:
        return "5"

    @workflow.conditional(
        after=[text], operator_set=1, threshold=6_667, timeout=60, when=not_(result_above(text, 4))
    )
    async def act(ctx: Context) -> int:
        return 1

    assert warnings(workflow) == [("never_one_word", "act")]
    assert "'text', which is str" in text_of(workflow, "never_one_word")


def test_a_price_that_is_the_result_of_a_series_is_no_number_but_one_that_is_watched_is() -> None:
    workflow = Workflow("w")

    @workflow.continuous(operator_set=1, threshold=6_667, timeout=600, interval=60, updates=3)
    async def prices(ctx: Context) -> int:
        return 1

    async def latest(ctx: Context) -> int:
        return 1

    @workflow.conditional(
        after=[prices], operator_set=1, threshold=6_667, timeout=60, when=all_of(always(), price_above(5))
    )
    async def act(ctx: Context) -> int:
        return 1

    @workflow.conditional(
        after=[prices], operator_set=1, threshold=6_667, timeout=60, when=price_above(5), watch=latest
    )
    async def watched(ctx: Context) -> int:
        return 1

    @workflow.conditional(
        after=[prices],
        operator_set=1,
        threshold=6_667,
        timeout=60,
        when=price_above(5),
        triggered_by="source",
    )
    async def brought(ctx: Context) -> int:
        return 1

    assert warnings(workflow) == [("never_one_word", "act")]


def test_approvals_that_operators_look_for_need_a_watch() -> None:
    workflow = Workflow("w")
    first = number(workflow)

    async def approvals(ctx: Context) -> list[bytes]:
        return []

    @workflow.conditional(after=[first], operator_set=1, threshold=6_667, timeout=60, when=approved_by(ALICE))
    async def act(ctx: Context) -> int:
        return 1

    @workflow.conditional(
        operator_set=1, threshold=6_667, timeout=60, when=approved_by(ALICE), watch=approvals
    )
    async def watched(ctx: Context) -> int:
        return 1

    @workflow.conditional(
        operator_set=1, threshold=6_667, timeout=60, when=approved_by(ALICE), triggered_by="source"
    )
    async def brought(ctx: Context) -> int:
        return 1

    assert warnings(workflow) == [("unwatched_approvals", "act")]


def test_a_finding_says_which_phase_it_is_about() -> None:
    workflow = Workflow("w")
    number(workflow)
    number(workflow, "hasty", timeout=1)
    (found,) = review(workflow, workflow.compile())
    assert found == Finding(Severity.WARNING, "little_time", found.text, workflow.phases[1].index)
