"""What the agent reduces for a performer of another language: as Python operators do, or not at all."""

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st
from performances import word

from agent.performers.reducing import RULES, reduce_as_defined
from hourglass.errors import HandlerError
from hourglass.reasons import Reason
from hourglass.workflow import abi
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.identifiers import StakeWeight
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.reducers import Weighed
from hourglass.workflow.series import TickValue, encode_continuous
from hourglass.workflow.values import INT, TEXT, TEXTS


def naming(name: str) -> PhaseDefinition:
    return samples.phase(PhaseType.COORDINATION, metadata=abi.encode(["string"], [name]))


def seen(*pairs: tuple[bytes, int]) -> list[tuple[bytes, StakeWeight]]:
    return [(value, StakeWeight(weight)) for value, weight in pairs]


def reason_of(phase: PhaseDefinition, observations: list[tuple[bytes, StakeWeight]]) -> Reason:
    with pytest.raises(HandlerError) as caught:
        reduce_as_defined(phase, observations)
    return caught.value.reason


@given(
    st.sampled_from(sorted(name for name, (_, kind) in RULES.items() if kind is INT)),
    st.lists(st.tuples(st.integers(-1_000, 1_000), st.integers(1, 9)), min_size=1, max_size=6),
)
def test_rules_of_integers_give_what_python_operators_get(name: str, given_: list[tuple[int, int]]) -> None:
    rule, _ = RULES[name]
    expected = rule.reduce([Weighed(value, StakeWeight(weight)) for value, weight in given_])
    observations = seen(*((word(value), weight) for value, weight in given_))
    assert reduce_as_defined(naming(name), observations) == word(expected)


@pytest.mark.parametrize("name", ["identical", "majority"])
def test_rules_that_compare_need_no_type(name: str) -> None:
    for value in (b"", word(-5), TEXT.encode("ä"), TEXTS.encode(["a", "b"])):
        assert reduce_as_defined(naming(name), seen((value, 2), (value, 1))) == value


def test_votes_are_texts() -> None:
    observations = seen((b"yes", 5), (b"no", 4), (b"\xff", 90))
    assert reduce_as_defined(naming("weighted_vote"), observations) == b"yes"


def test_ticks_are_reduced_without_their_first_byte() -> None:
    phase = samples.phase(PhaseType.CONTINUOUS, metadata=encode_continuous(5, 3, "mean"))
    observations = seen((TickValue(True, word(1)).encode(), 1), (TickValue(False, word(3)).encode(), 1))
    assert reduce_as_defined(phase, observations) == word(2)


def test_an_observation_of_another_shape_is_left_out() -> None:
    observations = seen((b"short", 99), (word(4), 1))
    assert reduce_as_defined(naming("stake_weighted_median"), observations) == word(4)
    assert reason_of(naming("stake_weighted_median"), seen((b"short", 99))) is Reason.REDUCER_FAILED


@pytest.mark.parametrize("name", ["mode", "minimum", "maximum", "union", "merkle_root", "our_own", ""])
def test_a_rule_that_would_have_to_know_the_type_is_not_guessed(name: str) -> None:
    assert reason_of(naming(name), seen((word(1), 1))) is Reason.REDUCER_UNKNOWN


def test_metadata_of_other_making_names_no_rule() -> None:
    for phase_type in (PhaseType.COORDINATION, PhaseType.CONTINUOUS):
        phase = samples.phase(phase_type, metadata=b"their own")
        assert reason_of(phase, seen((word(1), 1))) is Reason.REDUCER_UNKNOWN


def test_disagreement_is_the_reducer_s_no() -> None:
    assert reason_of(naming("identical"), seen((b"a", 1), (b"b", 1))) is Reason.REDUCER_FAILED
