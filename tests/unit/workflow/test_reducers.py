"""Reducers: independent of order, exact, blind to who has no stake, and hard to move for a minority."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hourglass.errors import DefinitionError
from hourglass.workflow.arithmetic import mean, stake_weighted_mean, total, trimmed_mean
from hourglass.workflow.identifiers import StakeWeight
from hourglass.workflow.lists import concatenation, intersection, union
from hourglass.workflow.merkle import merkle_root
from hourglass.workflow.reducers import (
    Reducer,
    Weighed,
    identical,
    majority,
    maximum,
    median,
    minimum,
    mode,
    reducer,
    stake_weighted_median,
)
from hourglass.workflow.values import encoded
from hourglass.workflow.votes import vote_counts, weighted_vote, weighted_vote_with

INTEGERS = st.integers(-(2**255), 2**255 - 1) | st.integers(-3, 3)
LISTS = st.lists(st.integers(-2, 2), max_size=4)
TEXTS = st.sampled_from(["yes", "no", "abstain"])
CASES: list[tuple[Reducer[Any], st.SearchStrategy[Any]]] = [
    (identical, INTEGERS),
    (identical, LISTS),
    (mode, INTEGERS),
    (mode, LISTS),
    (majority, INTEGERS),
    (majority, LISTS),
    (median, INTEGERS),
    (stake_weighted_median, INTEGERS),
    (minimum, INTEGERS),
    (maximum, INTEGERS),
    (total, INTEGERS),
    (mean, INTEGERS),
    (stake_weighted_mean, INTEGERS),
    (trimmed_mean, INTEGERS),
    (union, LISTS),
    (intersection, LISTS),
    (concatenation, LISTS),
    (concatenation, st.binary(max_size=3)),
    (concatenation, st.text(max_size=3)),
    (merkle_root, st.binary(max_size=3)),
    (weighted_vote, TEXTS),
    (weighted_vote_with(quorum_bps=5_000, majority_bps=6_000), TEXTS),
    (vote_counts(choices=2), st.lists(st.integers(-1, 2), max_size=2)),
]
RULES = list({rule.name: rule for rule, _ in CASES}.values())
BY_HEADS = {"median", "mean", "sum", "concatenation", "merkle_root"}
BY_STAKE = {rule.name for rule in RULES} - BY_HEADS
"""These give the same however an operator spreads its stake over several identities."""
TRIMMED: list[tuple[Reducer[int], int, int]] = [
    (stake_weighted_median, 1, 2),
    (stake_weighted_median, 1, 3),
    (trimmed_mean, 1, 3),
]
"""Rules with the share of the stake that cannot move them."""


def weighed(values: st.SearchStrategy[Any], least: int = 1) -> st.SearchStrategy[list[Weighed[Any]]]:
    stakes = st.integers(1, 12) | st.integers(1, 2**96)
    return st.lists(st.builds(Weighed, values, stakes.map(StakeWeight)), min_size=least, max_size=9)


def seen(*pairs: tuple[Any, int]) -> list[Weighed[Any]]:
    return [Weighed(value, StakeWeight(stake)) for value, stake in pairs]


def outcome(rule: Reducer[Any], observations: Sequence[Weighed[Any]]) -> bytes | str:
    """The agreed bytes, or why there are none."""
    try:
        return encoded(rule.reduce(observations))
    except ValueError as error:
        return str(error)


# ── Of all rules ──────────────────────────────────────────────────────────────────────────────────────


@given(st.data(), st.sampled_from(CASES))
def test_in_whatever_order_observations_come_the_bytes_are_the_same(
    data: st.DataObject, case: tuple[Reducer[Any], st.SearchStrategy[Any]]
) -> None:
    rule, values = case
    observations = data.draw(weighed(values))
    assert outcome(rule, data.draw(st.permutations(observations))) == outcome(rule, observations)


@given(st.data(), st.sampled_from(CASES))
def test_whoever_has_no_stake_has_no_say(
    data: st.DataObject, case: tuple[Reducer[Any], st.SearchStrategy[Any]]
) -> None:
    rule, values = case
    observations = data.draw(weighed(values))
    strangers = seen(*((value, 0) for value in data.draw(st.lists(values, max_size=9))))
    assert outcome(rule, [*strangers, *observations]) == outcome(rule, observations)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_nothing_follows_from_no_observation_or_from_observations_without_stake(rule: Reducer[Any]) -> None:
    for nothing in ([], seen((b"", 0), (b"", 0))):
        with pytest.raises(ValueError, match="no observations with stake"):
            rule.reduce(nothing)


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        *((rule, 7) for rule in (identical, mode, majority, median, stake_weighted_median, minimum, maximum)),
        *((rule, -7) for rule in (total, mean, stake_weighted_mean, trimmed_mean)),
        *((rule, [1, 2]) for rule in (union, intersection, concatenation)),
        *(
            (rule, "yes")
            for rule in (weighted_vote, weighted_vote_with(quorum_bps=5_000, majority_bps=6_000))
        ),
    ],
)
def test_of_one_observation_its_value_is_agreed_on(rule: Reducer[Any], value: object) -> None:
    assert rule.reduce(seen((value, 5))) == value


@given(st.data(), st.sampled_from([case for case in CASES if case[0].name in BY_STAKE]))
def test_spreading_one_s_stake_over_several_operators_changes_nothing(
    data: st.DataObject, case: tuple[Reducer[Any], st.SearchStrategy[Any]]
) -> None:
    rule, values = case
    first, *others = data.draw(weighed(values))
    part = data.draw(st.integers(0, first.weight))
    spread = seen((first.value, part), (first.value, first.weight - part))
    assert outcome(rule, [*spread, *others]) == outcome(rule, [first, *others])


def test_names_differ_so_that_rules_cannot_be_confused_on_chain() -> None:
    assert len(RULES) == 18
    assert {rule.name for rule in RULES} >= {"sum", "mean", "minimum", "maximum", "weighted_vote(5000,6000)"}


def test_an_author_s_own_rule_is_a_reducer_of_that_name() -> None:
    @reducer("first/1")
    def first(observations: Sequence[Weighed[int]]) -> int:
        return min(one.value for one in observations)

    assert first.name == "first/1"
    assert first.reduce(seen((4, 1), (3, 1))) == 3
    with pytest.raises(DefinitionError, match="needs a name"):
        reducer("")(lambda observations: 1)


# ── What a minority can do ────────────────────────────────────────────────────────────────────────────


@given(
    weighed(st.integers(-50, 50)),
    weighed(st.integers(-(10**6), 10**6), least=0),
    st.sampled_from(TRIMMED),
)
def test_a_minority_of_stake_cannot_move_a_median_or_trimmed_mean_out_of_the_others_range(
    honest: list[Weighed[int]], liars: list[Weighed[int]], case: tuple[Reducer[int], int, int]
) -> None:
    rule, share, of = case
    others = sum(one.weight for one in honest)
    lying: list[Weighed[int]] = []
    for liar in liars:
        # Its stake, cut to what still makes the liars together less than their share of all.
        most = (share * others - 1) // (of - share) - sum(one.weight for one in lying)
        if most > 0:
            lying.append(Weighed(liar.value, StakeWeight(min(liar.weight, most))))
    stake = sum(one.weight for one in lying)
    assert of * stake < share * (others + stake)
    agreed = rule.reduce([*honest, *lying])
    assert min(one.value for one in honest) <= agreed <= max(one.value for one in honest)


@pytest.mark.parametrize(
    ("rule", "honest", "liars"), [(stake_weighted_median, 1, 1), (trimmed_mean, 199, 101), (median, 1, 1)]
)
def test_at_more_than_that_share_a_lie_moves_it(rule: Reducer[int], honest: int, liars: int) -> None:
    assert rule.reduce(seen((100, honest), (-(10**9), liars))) < 100


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=9), st.lists(st.integers(), max_size=8), st.data())
def test_fewer_than_half_of_the_heads_cannot_move_the_plain_median_however_much_stake_they_hold(
    honest: list[int], liars: list[int], data: st.DataObject
) -> None:
    lying = liars[: len(honest) - 1]
    observations = seen(*((value, 1) for value in honest), *((value, 10**9) for value in lying))
    agreed = median.reduce(data.draw(st.permutations(observations)))
    assert min(honest) <= agreed <= max(honest)


@given(weighed(st.integers(0, 2)), weighed(st.integers(3, 5), least=0))
def test_a_majority_is_never_what_only_a_minority_observed(
    honest: list[Weighed[int]], liars: list[Weighed[int]]
) -> None:
    assume(sum(one.weight for one in liars) <= sum(one.weight for one in honest))
    try:
        agreed = majority.reduce([*honest, *liars])
    except ValueError:
        return
    assert agreed in {one.value for one in honest}


# ── Rule by rule ──────────────────────────────────────────────────────────────────────────────────────


@given(weighed(INTEGERS), st.sampled_from([median, stake_weighted_median, mode, minimum, maximum]))
def test_a_rule_that_chooses_gives_what_somebody_observed(
    observations: list[Weighed[int]], rule: Reducer[int]
) -> None:
    assert rule.reduce(observations) in {one.value for one in observations}


@given(
    st.lists(
        st.builds(Weighed, st.integers(-9, 9), st.integers(1, 9).map(StakeWeight)), min_size=1, max_size=6
    )
)
def test_the_weighted_median_is_the_median_of_one_value_per_unit_of_stake(
    observations: list[Weighed[int]],
) -> None:
    units = [one.value for one in observations for _ in range(one.weight)]
    assert stake_weighted_median.reduce(observations) == median.reduce(seen(*((unit, 1) for unit in units)))


def test_the_weighted_median_weighs_and_the_median_does_not() -> None:
    observations = seen((1, 10), (5, 1), (6, 1))
    assert stake_weighted_median.reduce(observations) == 1
    assert median.reduce(observations) == 5


def test_of_two_middle_values_a_median_is_the_lower() -> None:
    assert median.reduce(seen((4, 1), (2, 1), (9, 1), (6, 1))) == 4
    assert stake_weighted_median.reduce(seen((4, 5), (2, 5))) == 2


def test_identical_refuses_disagreement() -> None:
    same = seen((b"a", 1), (b"a", 2))
    assert identical.reduce(same) == b"a"
    with pytest.raises(ValueError, match="2 different"):
        identical.reduce([*same, *seen((b"b", 1))])
    with pytest.raises(ValueError, match="2 different"):
        identical.reduce(seen(([1, 2], 1), ([2, 1], 1)))


def test_mode_follows_stake_and_breaks_ties_for_the_smallest() -> None:
    assert mode.reduce(seen((1, 3), (2, 2), (2, 2))) == 2
    assert mode.reduce(seen((9, 2), (4, 2))) == 4
    assert mode.reduce(seen(([2], 2), ([1, 9], 2))) == [1, 9]


def test_a_majority_has_more_than_half_of_the_observing_stake() -> None:
    assert majority.reduce(seen(("a", 4), ("b", 5), ("a", 2))) == "a"
    with pytest.raises(ValueError, match="more than half"):
        majority.reduce(seen(("a", 5), ("b", 5)))
    with pytest.raises(ValueError, match="more than half"):
        majority.reduce(seen(("a", 4), ("b", 3), ("c", 3)))


@given(weighed(INTEGERS))
def test_minimum_and_maximum_bound_all_observations(observations: list[Weighed[int]]) -> None:
    values = [one.value for one in observations]
    assert all(minimum.reduce(observations) <= value <= maximum.reduce(observations) for value in values)
