"""Definitions: what compiles, and what is refused before a wei is spent."""

from datetime import timedelta
from typing import Any

import pytest
import samples

from hourglass import Context, Workflow, median, price_above, stake_weighted_median
from hourglass.certificate.digests import definition_hash
from hourglass.errors import DefinitionError
from hourglass.workflow.definition import FailurePolicy, PhaseOptions, TriggerMode, WorkflowDefinition
from hourglass.workflow.identifiers import Address, PhaseIndex
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import ContinuousPlan, decode_continuous
from hourglass.workflow.triggers import decode


async def whole(ctx: Context) -> int:
    return 1


def settings(**changes: Any) -> dict[str, Any]:
    return {"operator_set": 1, "threshold": "66.67%", "timeout": 60} | changes


def compiled(**changes: Any) -> WorkflowDefinition:
    workflow = Workflow("w")
    workflow.immediate(**settings(**changes))(whole)
    return workflow.compile()


def test_a_workflow_compiles_to_the_contract_s_phases() -> None:
    workflow = Workflow("price")

    @workflow.coordination(operator_set=1, threshold="66.67%", timeout=600, reduce=stake_weighted_median)
    async def agree(ctx: Context) -> int:
        return 1

    @workflow.immediate(after=[agree], operator_set=2, threshold=5_000, timeout=timedelta(minutes=5))
    async def update(ctx: Context) -> bytes:
        return b""

    first, second = workflow.compile().phases
    assert (first.name, first.phase_type, first.consensus_threshold) == (
        "agree",
        PhaseType.COORDINATION,
        6_667,
    )
    assert (second.dependencies, second.timeout_s, second.operator_set_id) == ((0,), 300, 2)
    assert b"stake_weighted_median" in first.metadata


def test_the_definition_hash_tells_definitions_apart() -> None:
    one = WorkflowDefinition("w", (samples.phase(),))
    assert definition_hash(one) != definition_hash(WorkflowDefinition("w", (samples.phase(timeout_s=601),)))
    assert definition_hash(one) == definition_hash(WorkflowDefinition("w", (samples.phase(),)))


@pytest.mark.parametrize(
    ("threshold", "basis_points"),
    [("66.67%", 6_667), ("100%", 10_000), ("0.01 %", 1), (" 50 % ", 5_000), (6_667, 6_667)],
)
def test_thresholds_are_exact(threshold: str | int, basis_points: int) -> None:
    workflow = Workflow("w")
    workflow.immediate(**settings(threshold=threshold))(whole)
    assert workflow.compile().phases[0].consensus_threshold == basis_points


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"threshold": "66.667%"}, "at most two decimals"),
        ({"threshold": "two thirds"}, "at most two decimals"),
        ({"threshold": 0}, "1 to 10000"),
        ({"threshold": "100.01%"}, "1 to 10000"),
        ({"threshold": 66.67}, "basis points"),
        ({"timeout": 0}, "its timeout is 0 s"),
        ({"timeout": 8 * 24 * 3600}, "its timeout"),
        ({"timeout": 1.5}, "whole seconds"),
        ({"timeout": timedelta(milliseconds=1500)}, "whole number"),
        ({"operator_set": -1}, "uint32"),
        ({"required_stake": 2**256}, "uint256"),
        ({"metadata": b"x" * 1_025}, "1025 bytes"),
        ({"name": ""}, "its name"),
        ({"name": "x" * 65}, "its name"),
        ({"after": ["nobody"]}, "'nobody'"),
    ],
)
def test_an_impossible_phase_is_refused_by_name(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        compiled(**changes)


def test_what_is_no_reducer_no_phase_or_no_type_is_refused_in_words() -> None:
    wrong: Any = sorted
    with pytest.raises(DefinitionError, match="no Reducer"):
        Workflow("w").coordination(reduce=wrong, **settings())
    with pytest.raises(DefinitionError, match="phases or their names"):
        compiled(after=[3])

    async def unresolved(ctx: Context) -> "Nowhere":  # type: ignore[name-defined]  # noqa: F821
        return 1

    with pytest.raises(DefinitionError, match="Nowhere"):
        Workflow("w").immediate(**settings())(unresolved)


def test_cycles_are_refused_and_named() -> None:
    workflow = Workflow("w")
    workflow.immediate(**settings(name="a", after=["b"]))(whole)
    workflow.immediate(**settings(name="b", after=["c"]))(whole)
    workflow.immediate(**settings(name="c", after=["a"]))(whole)
    workflow.immediate(**settings(name="free"))(whole)
    with pytest.raises(DefinitionError, match=r"'a', 'b', 'c' wait for each other"):
        workflow.compile()


def test_a_dependency_may_point_forward_as_long_as_there_is_no_cycle() -> None:
    workflow = Workflow("w")
    workflow.immediate(**settings(name="last", after=["first"]))(whole)
    workflow.immediate(**settings(name="first"))(whole)
    assert workflow.compile().phases[0].dependencies == (1,)


def test_two_phases_of_one_name_are_refused() -> None:
    workflow = Workflow("w")
    workflow.immediate(**settings())(whole)
    with pytest.raises(DefinitionError, match="already a phase"):
        workflow.immediate(**settings())(whole)


def test_a_phase_of_another_workflow_is_no_dependency() -> None:
    other = Workflow("other").immediate(**settings())(whole)
    workflow = Workflow("w")
    workflow.immediate(**settings(name="x", after=[other]))(whole)
    with pytest.raises(DefinitionError, match="another workflow"):
        workflow.compile()


def test_handlers_must_be_async_and_say_what_they_return() -> None:
    def plain(ctx: Context) -> int:
        return 1

    async def vague(ctx: Context):  # type: ignore[no-untyped-def]
        return 1

    async def rounded(ctx: Context) -> float:
        return 1.0

    wrong: Any = plain
    with pytest.raises(DefinitionError, match="async def"):
        Workflow("w").immediate(**settings())(wrong)
    with pytest.raises(DefinitionError, match="must declare"):
        Workflow("w").immediate(**settings())(vague)
    with pytest.raises(DefinitionError, match="fixed-point"):
        Workflow("w").coordination(reduce=median, **settings())(rounded)  # type: ignore[arg-type]


# ── All five kinds, and what every phase may have ─────────────────────────────────────────────────────


def test_each_kind_of_phase_compiles_to_what_its_type_needs() -> None:
    workflow = Workflow("all five")
    now = workflow.immediate(**settings(name="immediate"))(whole)
    workflow.coordination(**settings(name="coordination"), reduce=median)(whole)
    series = workflow.continuous(
        **settings(name="continuous"), interval=20, updates=3, reduce=stake_weighted_median
    )(whole)
    workflow.conditional(**settings(name="conditional"), when=price_above(5), watch=whole)(whole)
    workflow.aggregation(**settings(name="aggregation", after=[now, series]))(whole)
    definition = workflow.compile()
    assert [phase.phase_type for phase in definition.phases] == list(PhaseType)
    assert definition.is_plain
    _, _, continuous, conditional, aggregation = definition.phases
    assert decode_continuous(continuous.metadata) == ContinuousPlan(20, 3, "stake_weighted_median")
    assert decode(conditional.trigger_condition, ()) == price_above(5)
    assert aggregation.dependencies == (0, 2)


def test_what_is_said_of_failures_and_triggers_compiles_to_options() -> None:
    workflow = Workflow("w", timeout=timedelta(hours=1))
    avs = "0x" + "fa" * 20
    workflow.immediate(**settings(name="tries", attempts=3, on_failure="continue", avs=avs))(whole)
    workflow.immediate(**settings(name="falls", on_failure="stands in"))(whole)
    workflow.immediate(**settings(name="stands in"))(whole)
    gate: dict[str, Any] = {"when": price_above(5), "triggered_by": "source", "skip_if_unmet": True}
    workflow.conditional(**settings(name="waits"), **gate)(whole)
    definition = workflow.compile()
    assert [phase.options for phase in definition.phases] == [
        PhaseOptions(avs=Address.parse(avs), max_attempts=3, on_failure=FailurePolicy.CONTINUE),
        PhaseOptions(on_failure=FailurePolicy.FALLBACK, fallback_phase=PhaseIndex(2)),
        PhaseOptions(),
        PhaseOptions(trigger_mode=TriggerMode.SOURCE, skip_if_unmet=True),
    ]
    assert [phase.options.attempts for phase in definition.phases] == [3, 1, 1, 1]
    assert definition.execution_timeout_s == 3_600
    assert definition.fallbacks == {PhaseIndex(2)}


@pytest.mark.parametrize(
    "changed",
    [
        WorkflowDefinition("w", (samples.phase(options=PhaseOptions(max_attempts=1)),)),
        WorkflowDefinition("w", (samples.phase(options=PhaseOptions(on_failure=FailurePolicy.CONTINUE)),)),
        WorkflowDefinition("w", (samples.phase(options=PhaseOptions(avs=Address(b"\x01" * 20))),)),
        WorkflowDefinition("w", (samples.phase(),), 60),
    ],
)
def test_any_option_makes_another_definition(changed: WorkflowDefinition) -> None:
    plain = WorkflowDefinition("w", (samples.phase(),))
    assert plain.is_plain
    assert not changed.is_plain
    assert definition_hash(changed) != definition_hash(plain)


def test_any_stake_is_said_in_a_word_and_only_where_it_may_be() -> None:
    workflow = Workflow("w")
    workflow.continuous(**settings(threshold="none"), interval=20, reduce=stake_weighted_median)(whole)
    assert workflow.compile().phases[0].consensus_threshold == 0
    with pytest.raises(DefinitionError, match="1 to 10000"):
        compiled(threshold="none")


def test_a_fallback_that_is_no_phase_of_the_workflow_is_refused() -> None:
    with pytest.raises(DefinitionError, match="'nobody'"):
        compiled(on_failure="nobody")


def test_a_fallback_s_result_is_of_the_phase_s_type() -> None:
    async def text(ctx: Context) -> str:
        return "x"

    workflow = Workflow("w")
    workflow.immediate(**settings(name="number", on_failure="text"))(whole)
    workflow.immediate(**settings(name="text"))(text)
    with pytest.raises(DefinitionError, match="another type"):
        workflow.compile()


def test_a_condition_that_operators_watch_needs_a_value_from_somewhere() -> None:
    workflow = Workflow("w")
    workflow.conditional(**settings(), when=price_above(5))(whole)
    with pytest.raises(DefinitionError, match="watch"):
        workflow.compile()
