"""What makes a definition possible: every rule, broken and kept to its limit."""

from dataclasses import replace

import pytest
from impossible import IMPOSSIBLE, POSSIBLE, of

from hourglass.errors import DefinitionError
from hourglass.testing.worlds import phase
from hourglass.workflow.definition import PhaseDefinition, WorkflowDefinition
from hourglass.workflow.identifiers import BasisPoints, PhaseIndex
from hourglass.workflow.validation import MAX_OPERATOR_SET_ID, MAX_STAKE, validate


@pytest.mark.parametrize(
    ("rule", "definition"), [(rule, one) for rule, broken in IMPOSSIBLE.items() for one in broken]
)
def test_a_definition_that_breaks_a_rule_is_refused_by_the_rule_s_name(
    rule: str, definition: WorkflowDefinition
) -> None:
    with pytest.raises(DefinitionError) as refused:
        validate(definition)
    assert refused.value.rule == rule


@pytest.mark.parametrize("limit", POSSIBLE)
def test_a_definition_at_the_limit_is_possible(limit: str) -> None:
    validate(POSSIBLE[limit])


@pytest.mark.parametrize(
    "phases",
    [
        (replace(phase("a"), operator_set_id=MAX_OPERATOR_SET_ID + 1),),
        (replace(phase("a"), operator_set_id=-1),),
        (replace(phase("a"), required_stake=MAX_STAKE + 1),),
        (replace(phase("a"), required_stake=-1),),
    ],
)
def test_what_no_contract_could_even_be_told_is_refused_without_a_rule_of_its(
    phases: tuple[PhaseDefinition, ...],
) -> None:
    with pytest.raises(DefinitionError) as refused:
        validate(WorkflowDefinition("w", phases))
    assert refused.value.rule == ""


def test_of_two_broken_rules_the_one_that_the_contract_sees_first_is_told() -> None:
    """Phases on their own, names, dependencies, conditions, the overall timeout, options, fallbacks."""
    broken = [
        ("TimeoutOutOfRange", phase("z", timeout_s=0)),
        ("DuplicatePhaseName", phase("a")),
        ("SelfDependency", phase("y", 2)),
        ("AttemptsOutOfRange", phase("x", max_attempts=200)),
    ]
    for at, (rule, second) in enumerate(broken):
        for _, third in broken[at + 1 :]:
            # The worse one comes first in the definition, and still counts less.
            late = replace(third, dependencies=(PhaseIndex(1),) if third.dependencies else ())
            with pytest.raises(DefinitionError) as refused:
                validate(of(phase("a"), late, second))
            assert refused.value.rule == rule


def test_a_refusal_names_the_phase_and_what_is_wrong_with_it() -> None:
    with pytest.raises(DefinitionError, match=r"phase 'b' \(number 1\): its threshold is 10001 basis points"):
        validate(of(phase("a"), replace(phase("b"), consensus_threshold=BasisPoints(10_001))))
