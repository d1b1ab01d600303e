"""Reducers for governance: operators vote, and their stake is what counts.

Observing is voting: whoever says "abstain" takes part and prefers nothing. How much stake must take part at all is the
phase's threshold; quorums here are shares of the stake that does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from hourglass.errors import DefinitionError
from hourglass.workflow.identifiers import BasisPoints, StakeWeight
from hourglass.workflow.reducers import Reducer, Weighed, reducer, with_stake
from hourglass.workflow.values import in_int256

ABSTAIN = "abstain"
ALL_BPS = 10_000
HALF_BPS = 5_000
MAX_CHOICES = 128
"""So many counts of stake, and that of the abstaining, fit well into what the contract stores of a result."""


@dataclass(frozen=True, slots=True)
class VoteTally:
    """The stake behind each choice, and behind none."""

    stake: Mapping[str, StakeWeight]
    """By choice, in the choices' order as text. Choices without stake are not in it."""
    abstaining: StakeWeight

    @property
    def voting(self) -> StakeWeight:
        """All stake that prefers a choice."""
        return StakeWeight(sum(self.stake.values()))

    def winner(self, quorum_bps: BasisPoints, majority_bps: BasisPoints) -> str:
        """The choice with strictly more than `majority_bps` of the stake that does not abstain.

        Raises ValueError if there is none, or if less than `quorum_bps` of all stake here does not abstain.
        """
        voting = self.voting
        if voting == 0:
            raise ValueError("everybody abstained")
        taking_part = voting + self.abstaining
        if voting * ALL_BPS < quorum_bps * taking_part:
            raise ValueError(f"{voting} of {taking_part} stake voted, short of {quorum_bps} basis points")
        for choice, stake in self.stake.items():
            if stake * ALL_BPS > majority_bps * voting:
                return choice
        raise ValueError(f"no choice has more than {majority_bps} basis points of the vote")


def tally_votes(observations: Sequence[Weighed[str]]) -> VoteTally:
    """Count the votes. Raises ValueError if nobody with stake took part."""
    stake: dict[str, int] = {}
    for vote in sorted(with_stake(observations), key=lambda observation: observation.value):
        stake[vote.value] = stake.get(vote.value, 0) + vote.weight
    abstaining = stake.pop(ABSTAIN, 0)
    return VoteTally(
        MappingProxyType({choice: StakeWeight(one) for choice, one in stake.items()}), StakeWeight(abstaining)
    )


@reducer("weighted_vote")
def weighted_vote(observations: Sequence[Weighed[str]]) -> str:
    """The choice with strictly more than half of the stake that does not "abstain"; ValueError if there is none.

    Choices are texts and differ by any letter. Holders of less than half of that stake can prevent an outcome, and
    never bring about one that nobody else voted for.
    """
    return tally_votes(observations).winner(BasisPoints(0), BasisPoints(HALF_BPS))


def weighted_vote_with(*, quorum_bps: int = 0, majority_bps: int = HALF_BPS) -> Reducer[str]:
    """As `weighted_vote`, with another majority or a quorum, in basis points; both are part of the rule's name.

    The winner needs strictly more than `majority_bps` (5,000 to 9,999) of the stake that does not abstain, and that
    must be at least `quorum_bps` (0 to 10,000) of the observing stake. Raises DefinitionError outside these ranges:
    with a majority below half two choices could win.
    """
    _check_range("quorum_bps", quorum_bps, 0, ALL_BPS)
    _check_range("majority_bps", majority_bps, HALF_BPS, ALL_BPS - 1)

    def decide(observations: Sequence[Weighed[str]]) -> str:
        return tally_votes(observations).winner(BasisPoints(quorum_bps), BasisPoints(majority_bps))

    return Reducer(f"weighted_vote({quorum_bps},{majority_bps})", decide)


def vote_counts(*, choices: int) -> Reducer[list[int]]:
    """For contracts that judge a vote themselves: the stake behind each of so many choices, then the abstaining stake.

    A ballot is `[number of the choice]`, from 0, or `[]` to abstain. Any other ballot counts as abstaining, so that no
    liar can spoil the count. The result has `choices + 1` items that add up to the observing stake. `choices` is part
    of the rule's name. Raises DefinitionError unless it is 1 to 128; the rule raises ValueError for stake outside
    int256.
    """
    _check_range("choices", choices, 1, MAX_CHOICES)

    def count(observations: Sequence[Weighed[list[int]]]) -> list[int]:
        counts = [0] * (choices + 1)
        for ballot in with_stake(observations):
            match ballot.value:
                case [choice] if 0 <= choice < choices:
                    counts[choice] += ballot.weight
                case _:
                    counts[choices] += ballot.weight
        if not all(map(in_int256, counts)):
            raise ValueError("a count is outside int256")
        return counts

    return Reducer(f"vote_counts({choices})", count)


def _check_range(what: str, value: object, least: int, most: int) -> None:
    if type(value) is not int or not least <= value <= most:
        raise DefinitionError(f"{what} is a whole number from {least} to {most}, not {value!r}.")
