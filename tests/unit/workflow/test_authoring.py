"""What an author writes, and what the contract gets."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hourglass import (
    Context,
    Workflow,
    always,
    approved_by,
    at_time,
    identical,
    median,
    price_above,
    stake_weighted_median,
    total,
)
from hourglass.errors import DefinitionError
from hourglass.workflow.definition import FailurePolicy, PhaseOptions, TriggerMode
from hourglass.workflow.identifiers import Address, PhaseIndex
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import Series, decode_continuous

SEED = json.loads(
    (Path(__file__).parents[2] / "conformance" / "data" / "seed_workflow_encodings.json").read_text()
)
COMMON: dict[str, Any] = {"operator_set": 1, "threshold": "66.67%", "timeout": 60}
OTHER_AVS = Address(b"\x0a" * 20)


def named(workflow: Workflow, name: str, **options: Any) -> Any:
    """An IMMEDIATE phase that returns an integer."""

    async def work(ctx: Context) -> int:
        return 1

    return workflow.immediate(**{**COMMON, "name": name, **options})(work)


def refusal(workflow: Workflow) -> str:
    with pytest.raises(DefinitionError) as caught:
        workflow.compile()
    return str(caught.value)


def test_the_standard_example_compiles_to_the_encodings_that_this_field_knows() -> None:
    workflow = Workflow("price-oracle")

    @workflow.continuous(
        operator_set=1, threshold="none", timeout=3_600, interval=timedelta(minutes=5), updates=12
    )
    async def monitor(ctx: Context) -> int:
        return 0

    @workflow.coordination(
        after=[monitor], operator_set=2, threshold=6_667, timeout=600, reduce=stake_weighted_median
    )
    async def agree(ctx: Context) -> int:
        return 0

    @workflow.conditional(
        after=[agree], operator_set=3, threshold="none", timeout=300, when=price_above(5_000)
    )
    async def update(ctx: Context) -> int:
        return 0

    definition = workflow.compile()
    assert definition.is_plain
    for phase, known in zip(definition.phases, SEED["phases"], strict=True):
        assert int(phase.phase_type) == known["phase_type"]
        assert phase.timeout_s == known["timeout"]
        assert list(phase.dependencies) == known["dependencies"]
        assert phase.operator_set_id == known["operator_set_id"]
        assert phase.consensus_threshold == known["consensus_threshold"]
        assert "0x" + phase.trigger_condition.hex() == known["trigger_condition"]
    assert "0x" + definition.phases[0].metadata.hex() == SEED["phases"][0]["metadata"]


def test_a_continuous_phase_gives_a_series_and_names_its_reducer_unless_it_is_the_default() -> None:
    workflow = Workflow("w")

    @workflow.continuous(**COMMON, interval=10, reduce=median)
    async def watch(ctx: Context) -> int:
        return 0

    assert decode_continuous(workflow.compile().phases[0].metadata).reducer == "median"
    assert watch.result_type.decode(watch.result_type.encode(Series(2, {2: 7}))) == Series(2, {2: 7})  # type: ignore[dict-item]


def test_options_become_the_contract_s() -> None:
    workflow = Workflow("w", timeout=timedelta(hours=1))
    first = named(workflow, "first", attempts=3, on_failure="plan_b", avs=str(OTHER_AVS))
    named(workflow, "plan_b", on_failure="continue", avs=OTHER_AVS)

    @workflow.conditional(**COMMON, after=[first], when=always(), triggered_by="source", skip_if_unmet=True)
    async def gate(ctx: Context) -> int:
        return 0

    definition = workflow.compile()
    assert definition.execution_timeout_s == 3_600
    assert not definition.is_plain
    assert definition.fallbacks == {1}
    assert [phase.options for phase in definition.phases] == [
        PhaseOptions(OTHER_AVS, 3, FailurePolicy.FALLBACK, PhaseIndex(1)),
        PhaseOptions(OTHER_AVS, 0, FailurePolicy.CONTINUE),
        PhaseOptions(trigger_mode=TriggerMode.SOURCE, skip_if_unmet=True),
    ]


def test_results_are_combined_by_a_reducer_without_a_handler() -> None:
    workflow = Workflow("w")
    parts = [named(workflow, "a"), named(workflow, "b")]
    combined = workflow.combine("sum", of=parts, reduce=total, **COMMON)
    phase = workflow.compile().phases[2]
    assert phase.phase_type is PhaseType.AGGREGATION
    assert phase.dependencies == (0, 1)
    assert b"sum" in phase.metadata
    assert combined.result_type == parts[0].result_type


async def test_what_combines_leaves_out_what_ended_without_a_result() -> None:
    workflow = Workflow("w")
    parts = [named(workflow, "a"), named(workflow, "b"), named(workflow, "c")]
    combined = workflow.combine("sum", of=parts, reduce=total, **COMMON)
    results = {
        PhaseIndex(0): (5).to_bytes(32, "big"),
        PhaseIndex(1): None,
        PhaseIndex(2): (2).to_bytes(32, "big"),
    }
    context = Context("w", b"", PhaseIndex(3), 1, 0, b"", results, None, OTHER_AVS, 0)  # type: ignore[arg-type]
    assert await combined.handler(context) == 7


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"on_failure": "nobody"}, "`on_failure` names 'nobody'"),
        ({"on_failure": "first"}, "can't be its fallback"),
        ({"attempts": 0}, "at least one attempt"),
        ({"attempts": 17}, "at most 16"),
        ({"threshold": "none"}, "must be 1 to 10000"),
    ],
)
def test_impossible_options_are_refused_in_a_sentence(options: dict[str, Any], complaint: str) -> None:
    workflow = Workflow("w")
    named(workflow, "first", **options)
    assert complaint in refusal(workflow)


def test_a_fallback_must_be_read_like_the_phase_it_stands_in_for() -> None:
    workflow = Workflow("w")
    named(workflow, "first", on_failure="second")

    @workflow.immediate(**COMMON)
    async def second(ctx: Context) -> str:
        return ""

    assert "result of another type" in refusal(workflow)


def test_a_condition_that_compares_a_value_needs_one() -> None:
    workflow = Workflow("w")

    @workflow.conditional(**COMMON, when=price_above(1))
    async def act(ctx: Context) -> int:
        return 0

    assert "give it a `watch`" in refusal(workflow)


def test_a_condition_without_a_value_needs_none() -> None:
    workflow = Workflow("w")

    @workflow.conditional(**COMMON, when=at_time(1_790_000_000))
    async def act(ctx: Context) -> int:
        return 0

    workflow.compile()


def test_a_watch_must_be_async_and_the_mode_one_of_two() -> None:
    async def act(ctx: Context) -> int:
        return 0

    workflow = Workflow("w")
    with pytest.raises(DefinitionError, match="async def"):
        workflow.conditional(**COMMON, when=approved_by(OTHER_AVS), watch=lambda ctx: 1)(act)  # type: ignore[arg-type,return-value]
    with pytest.raises(DefinitionError, match="triggered_by"):
        workflow.conditional(**COMMON, when=always(), triggered_by="nobody")(act)


@pytest.mark.parametrize(
    ("interval", "updates", "timeout", "complaint"),
    [
        (300, 14, 3_600, "last tick is due after 3900 s"),
        (0, 2, 60, "interval is 0 s"),
        (1, 200, 3_600, "at most 168"),
        (1, 0, 3_600, "at most 168"),
    ],
)
def test_ticks_that_cannot_be_are_refused(interval: int, updates: int, timeout: int, complaint: str) -> None:
    workflow = Workflow("w")

    @workflow.continuous(
        operator_set=1, threshold="none", timeout=timeout, interval=interval, updates=updates
    )
    async def watch(ctx: Context) -> int:
        return 0

    assert complaint in refusal(workflow)


def test_a_combination_needs_phases_of_one_type() -> None:
    workflow = Workflow("w")

    @workflow.immediate(**COMMON)
    async def text(ctx: Context) -> str:
        return ""

    number = named(workflow, "number")
    with pytest.raises(DefinitionError, match="different types"):
        workflow.combine("both", of=[text, number], reduce=identical, **COMMON)
    with pytest.raises(DefinitionError, match="needs the phases"):
        workflow.combine("none", of=[], reduce=identical, **COMMON)


def test_an_aggregation_has_something_to_combine() -> None:
    async def combined(ctx: Context) -> int:
        return 0

    with pytest.raises(DefinitionError, match="combines the phases"):
        Workflow("w").aggregation(**COMMON)(combined)
