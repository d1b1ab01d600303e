"""Reducers: independent of order, exact, and hard to move for a minority."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourglass import Weighed, identical, median, mode, stake_weighted_median
from hourglass.workflow.identifiers import StakeWeight

observations = st.lists(
    st.builds(Weighed, st.integers(-(10**9), 10**9), st.integers(1, 1_000).map(StakeWeight)),
    min_size=1,
    max_size=12,
)


@given(observations, st.randoms(use_true_random=False))
def test_the_order_of_observations_does_not_matter(seen: list[Weighed[int]], chance: object) -> None:
    shuffled = list(seen)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    for rule in (median, stake_weighted_median, mode):
        assert rule.reduce(seen) == rule.reduce(shuffled)


@given(observations)
def test_the_agreed_value_is_one_that_somebody_observed(seen: list[Weighed[int]]) -> None:
    for rule in (median, stake_weighted_median, mode):
        assert rule.reduce(seen) in {one.value for one in seen}


@given(observations, observations)
def test_less_than_half_the_stake_cannot_move_the_weighted_median_out_of_the_others_range(
    honest: list[Weighed[int]], liars: list[Weighed[int]]
) -> None:
    total = sum(one.weight for one in honest)
    kept: list[Weighed[int]] = []
    for one in liars:
        if sum(liar.weight for liar in kept) + one.weight < total:
            kept.append(one)
    agreed = stake_weighted_median.reduce([*honest, *kept])
    assert min(one.value for one in honest) <= agreed <= max(one.value for one in honest)


def test_the_weighted_median_weighs() -> None:
    seen = [Weighed(1, StakeWeight(10)), Weighed(5, StakeWeight(1)), Weighed(6, StakeWeight(1))]
    assert stake_weighted_median.reduce(seen) == 1
    assert median.reduce(seen) == 5


def test_identical_refuses_disagreement() -> None:
    same = [Weighed(b"a", StakeWeight(1)), Weighed(b"a", StakeWeight(2))]
    assert identical.reduce(same) == b"a"
    with pytest.raises(ValueError, match="2 different"):
        identical.reduce([*same, Weighed(b"b", StakeWeight(1))])


def test_mode_follows_stake_and_breaks_ties_for_the_smallest() -> None:
    assert (
        mode.reduce([Weighed(1, StakeWeight(3)), Weighed(2, StakeWeight(2)), Weighed(2, StakeWeight(2))]) == 2
    )
    assert mode.reduce([Weighed(9, StakeWeight(2)), Weighed(4, StakeWeight(2))]) == 4
