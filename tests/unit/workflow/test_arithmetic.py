"""Sums and means: exact, rounded toward negative infinity, within int256."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourglass.workflow.arithmetic import mean, stake_weighted_mean, total, trimmed_mean
from hourglass.workflow.identifiers import StakeWeight
from hourglass.workflow.reducers import Reducer, Weighed

LARGEST = 2**255 - 1
SMALLEST = -(2**255)


def seen(*pairs: tuple[int, int]) -> list[Weighed[int]]:
    return [Weighed(value, StakeWeight(stake)) for value, stake in pairs]


observations = st.lists(
    st.builds(
        Weighed, st.integers(-20, 20) | st.integers(SMALLEST, LARGEST), st.integers(1, 9).map(StakeWeight)
    ),
    min_size=1,
    max_size=7,
)


@given(observations)
def test_means_are_exact_and_rounded_down(given_values: list[Weighed[int]]) -> None:
    stake = sum(one.weight for one in given_values)
    assert mean.reduce(given_values) == floor(
        Fraction(sum(one.value for one in given_values), len(given_values))
    )
    assert stake_weighted_mean.reduce(given_values) == floor(
        sum(Fraction(one.weight, stake) * one.value for one in given_values)
    )


@given(observations)
def test_the_trimmed_mean_is_that_of_the_middle_third_of_one_value_per_third_of_a_unit_of_stake(
    given_values: list[Weighed[int]],
) -> None:
    stake = sum(one.weight for one in given_values)
    thirds = sorted(one.value for one in given_values for _ in range(3 * one.weight))
    assert trimmed_mean.reduce(given_values) == floor(Fraction(sum(thirds[stake : 2 * stake]), stake))


def test_the_trimmed_mean_drops_whole_thirds_and_splits_what_a_cut_falls_into() -> None:
    assert trimmed_mean.reduce(seen((-(10**9), 5), (7, 5), (10**9, 5))) == 7
    # Of a stake of 4, a third is 1⅓: of the tens ⅔ remain, of the twenties ⅔.
    assert trimmed_mean.reduce(seen((10, 2), (20, 2))) == 15
    assert trimmed_mean.reduce(seen((10, 3), (20, 1))) == 10
    assert trimmed_mean.reduce(seen((0, 3), (10, 5))) == 8


def test_a_third_of_the_stake_cannot_move_the_trimmed_mean_and_a_little_more_can() -> None:
    assert trimmed_mean.reduce(seen((100, 200), (-(10**9), 100))) == 100
    assert trimmed_mean.reduce(seen((100, 199), (-(10**9), 101))) < 100


@pytest.mark.parametrize("rule", [mean, stake_weighted_mean, trimmed_mean])
def test_half_a_unit_below_zero_rounds_to_the_next_lower_integer(rule: Reducer[int]) -> None:
    assert rule.reduce(seen((-1, 1), (0, 1))) == -1
    assert rule.reduce(seen((1, 1), (0, 1))) == 0


def test_the_plain_mean_counts_heads_and_the_weighted_one_stake() -> None:
    given_values = seen((0, 9), (10, 1))
    assert mean.reduce(given_values) == 5
    assert stake_weighted_mean.reduce(given_values) == 1


@given(observations)
def test_a_sum_is_right_or_refused(given_values: list[Weighed[int]]) -> None:
    expected = sum(one.value for one in given_values)
    if SMALLEST <= expected <= LARGEST:
        assert total.reduce(given_values) == expected
    else:
        with pytest.raises(ValueError, match="outside int256"):
            total.reduce(given_values)


def test_a_sum_may_reach_the_ends_of_int256_and_not_pass_them() -> None:
    assert total.reduce(seen((LARGEST - 1, 1), (1, 1))) == LARGEST
    assert total.reduce(seen((SMALLEST + 1, 1), (-1, 1))) == SMALLEST
    for step in (1, -1):
        with pytest.raises(ValueError, match="outside int256"):
            total.reduce(seen((LARGEST if step > 0 else SMALLEST, 1), (step, 1)))


@pytest.mark.parametrize("rule", [mean, stake_weighted_mean, trimmed_mean])
def test_means_of_the_largest_values_do_not_overflow_on_the_way(rule: Reducer[int]) -> None:
    assert rule.reduce(seen((LARGEST, 2**200), (LARGEST, 2**200))) == LARGEST
    assert rule.reduce(seen((SMALLEST, 2**200), (SMALLEST, 1))) == SMALLEST
    with pytest.raises(ValueError, match="outside int256"):
        rule.reduce(seen((LARGEST + 1, 1)))
