"""Definitions: what compiles, and what is refused before a wei is spent."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import samples

from hourglass import Context, Workflow, median, stake_weighted_median
from hourglass.certificate.digests import definition_hash
from hourglass.errors import DefinitionError
from hourglass.workflow.definition import WorkflowDefinition, validate
from hourglass.workflow.identifiers import BasisPoints, PhaseIndex
from hourglass.workflow.phases import PhaseType


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


@pytest.mark.parametrize(
    ("phases", "words"),
    [
        ((), "0 phases"),
        ((samples.phase(),) * 65, "65 phases"),
        ((samples.phase(dependencies=(PhaseIndex(0),)),), "depends on itself"),
        ((samples.phase(dependencies=(PhaseIndex(7),)),), "does not exist"),
        (
            (samples.phase(), samples.phase(name="b", dependencies=(PhaseIndex(0), PhaseIndex(0)))),
            "a dependency twice",
        ),
        ((samples.phase(PhaseType.CONTINUOUS),), "not supported"),
        ((samples.phase(trigger_condition=b"x"),), "no trigger"),
        ((samples.phase(), samples.phase()), "already a phase"),
    ],
)
def test_an_impossible_definition_is_refused_however_it_was_made(phases: Any, words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        validate(WorkflowDefinition("w", phases))


def test_a_workflow_s_own_name_has_limits() -> None:
    with pytest.raises(DefinitionError, match="the workflow"):
        validate(WorkflowDefinition("", (samples.phase(),)))
    validate(WorkflowDefinition("w", (replace(samples.phase(), consensus_threshold=BasisPoints(10_000)),)))
