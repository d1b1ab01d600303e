"""Votes by stake: who wins, what abstaining does, and when nobody wins."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourglass.errors import DefinitionError
from hourglass.workflow.identifiers import StakeWeight
from hourglass.workflow.reducers import Reducer, Weighed, majority
from hourglass.workflow.votes import tally_votes, vote_counts, weighted_vote, weighted_vote_with

VOTES = st.lists(
    st.builds(Weighed, st.sampled_from(["yes", "no", "abstain"]), st.integers(1, 20).map(StakeWeight)),
    min_size=1,
    max_size=9,
)


def votes(*pairs: tuple[Any, int]) -> list[Weighed[Any]]:
    return [Weighed(choice, StakeWeight(stake)) for choice, stake in pairs]


def winner(rule: Reducer[str], ballots: list[Weighed[str]]) -> str | None:
    try:
        return rule.reduce(ballots)
    except ValueError:
        return None


def test_stake_decides_not_heads() -> None:
    assert weighted_vote.reduce(votes(("yes", 60), ("no", 20), ("no", 20), ("no", 19))) == "yes"


def test_exactly_half_is_no_majority() -> None:
    with pytest.raises(ValueError, match="no choice has more than 5000"):
        weighted_vote.reduce(votes(("yes", 50), ("no", 50)))
    assert weighted_vote.reduce(votes(("yes", 51), ("no", 50))) == "yes"


def test_the_largest_of_three_needs_more_than_half_too() -> None:
    with pytest.raises(ValueError, match="no choice has more than"):
        weighted_vote.reduce(votes(("a", 49), ("b", 26), ("c", 25)))


def test_who_abstains_counts_towards_nobody() -> None:
    assert weighted_vote.reduce(votes(("abstain", 1_000), ("no", 2), ("yes", 1))) == "no"
    with pytest.raises(ValueError, match="everybody abstained"):
        weighted_vote.reduce(votes(("abstain", 3), ("abstain", 4)))


@given(VOTES)
def test_without_conditions_the_winner_is_the_majority_of_those_who_do_not_abstain(
    ballots: list[Weighed[str]],
) -> None:
    voting = [ballot for ballot in ballots if ballot.value != "abstain"]
    expected = winner(majority, voting) if voting else None
    assert winner(weighted_vote, ballots) == expected
    assert winner(weighted_vote_with(), ballots) == expected


@given(VOTES, st.integers(0, 10_000), st.integers(5_000, 9_999))
def test_the_winner_has_quorum_and_majority(
    ballots: list[Weighed[str]], quorum_bps: int, majority_bps: int
) -> None:
    rule = weighted_vote_with(quorum_bps=quorum_bps, majority_bps=majority_bps)
    stake = {
        choice: sum(one.weight for one in ballots if one.value == choice)
        for choice in ("yes", "no", "abstain")
    }
    voting = stake["yes"] + stake["no"]
    taken_part = voting > 0 and 10_000 * voting >= quorum_bps * (voting + stake["abstain"])
    expected = [one for one in ("yes", "no") if taken_part and 10_000 * stake[one] > majority_bps * voting]
    assert winner(rule, ballots) == (expected[0] if expected else None)
    assert len(expected) < 2


def test_the_quorum_is_reached_at_its_very_share() -> None:
    rule = weighted_vote_with(quorum_bps=4_000)
    assert rule.reduce(votes(("yes", 40), ("abstain", 60))) == "yes"
    with pytest.raises(ValueError, match="39 of 100 stake voted, short of 4000"):
        rule.reduce(votes(("yes", 39), ("abstain", 61)))


def test_the_majority_is_more_than_its_share() -> None:
    rule = weighted_vote_with(majority_bps=6_000)
    assert rule.reduce(votes(("yes", 601), ("no", 399))) == "yes"
    with pytest.raises(ValueError, match="no choice has more than 6000"):
        rule.reduce(votes(("yes", 600), ("no", 400)))


def test_the_conditions_stand_in_the_name() -> None:
    assert weighted_vote_with(quorum_bps=4_000, majority_bps=5_000).name == "weighted_vote(4000,5000)"
    assert weighted_vote_with().name == "weighted_vote(0,5000)"
    assert weighted_vote.name == "weighted_vote"


@pytest.mark.parametrize(
    "conditions",
    [
        {"quorum_bps": -1},
        {"quorum_bps": 10_001},
        {"quorum_bps": True},
        {"quorum_bps": 0.4},
        {"majority_bps": 4_999},
        {"majority_bps": 10_000},
        {"majority_bps": "5000"},
    ],
)
def test_conditions_that_make_no_sense_are_refused(conditions: dict[str, Any]) -> None:
    with pytest.raises(DefinitionError, match="is a whole number from"):
        weighted_vote_with(**conditions)


@pytest.mark.parametrize("conditions", [{"quorum_bps": 10_000}, {"majority_bps": 9_999}])
def test_the_strictest_conditions_can_still_be_met(conditions: dict[str, Any]) -> None:
    assert weighted_vote_with(**conditions).reduce(votes(("yes", 7))) == "yes"


@given(VOTES)
def test_a_tally_accounts_for_all_stake(ballots: list[Weighed[str]]) -> None:
    tally = tally_votes(ballots)
    assert tally.voting + tally.abstaining == sum(ballot.weight for ballot in ballots)
    assert list(tally.stake) == sorted({ballot.value for ballot in ballots} - {"abstain"})


def test_counts_are_the_stake_by_choice_and_last_the_abstaining() -> None:
    ballots = votes(([0], 5), ([1], 7), ([0], 1), ([], 3))
    assert vote_counts(choices=3).reduce(ballots) == [6, 7, 0, 3]
    assert vote_counts(choices=3).name == "vote_counts(3)"


@pytest.mark.parametrize("spoilt", [[2], [-1], [-2], [0, 1], [0, 0], [10**30]])
def test_a_spoilt_ballot_counts_as_abstaining(spoilt: list[int]) -> None:
    assert vote_counts(choices=2).reduce(votes(([1], 5), (spoilt, 4))) == [0, 5, 4]


def test_stake_that_no_int256_holds_is_refused() -> None:
    assert vote_counts(choices=1).reduce(votes(([0], 2**255 - 1))) == [2**255 - 1, 0]
    with pytest.raises(ValueError, match="outside int256"):
        vote_counts(choices=1).reduce(votes(([0], 2**255)))


@pytest.mark.parametrize("choices", [0, 129, True, 1.0])
def test_a_number_of_choices_that_makes_no_sense_is_refused(choices: Any) -> None:
    with pytest.raises(DefinitionError, match="choices is a whole number from 1 to 128"):
        vote_counts(choices=choices)
