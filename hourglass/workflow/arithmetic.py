"""Reducers that calculate: sums and means of integers, exact, rounded toward negative infinity, within int256.

Values with decimals are fixed-point integers: their mean has the same number of decimals.
"""

from collections.abc import Sequence

from hourglass.workflow.identifiers import StakeWeight
from hourglass.workflow.reducers import Weighed, reducer, with_stake
from hourglass.workflow.values import in_int256

THIRDS = 3


@reducer("sum")
def total(observations: Sequence[Weighed[int]]) -> int:
    """The sum of all values, whatever their stake. Raises ValueError outside int256. One liar moves it at will."""
    return _checked(sum(observation.value for observation in with_stake(observations)))


@reducer("mean")
def mean(observations: Sequence[Weighed[int]]) -> int:
    """The mean, each observation counting once, rounded down. One liar moves it at will."""
    values = [observation.value for observation in with_stake(observations)]
    return _checked(sum(values) // len(values))


@reducer("stake_weighted_mean")
def stake_weighted_mean(observations: Sequence[Weighed[int]]) -> int:
    """The mean by stake, rounded down. One liar moves it at will."""
    return _checked(_weighted_mean(with_stake(observations)))


@reducer("trimmed_mean")
def trimmed_mean(observations: Sequence[Weighed[int]]) -> int:
    """The mean by stake of the middle third, rounded down: of the observing stake a third is cut from each end.

    Where a cut falls into an observation, the part of its stake inside counts. Holders of a third of that stake or less
    cannot move it outside the range of the others' values.
    """
    ordered = sorted(with_stake(observations), key=lambda observation: observation.value)
    # Stake is counted in thirds of its unit, so that both cuts fall on a whole number.
    cut = sum(observation.weight for observation in ordered)
    middle: list[Weighed[int]] = []
    begins = 0
    for observation in ordered:
        ends = begins + THIRDS * observation.weight
        inside = min(ends, 2 * cut) - max(begins, cut)
        if inside > 0:
            middle.append(Weighed(observation.value, StakeWeight(inside)))
        begins = ends
    return _checked(_weighted_mean(middle))


def _weighted_mean(observations: Sequence[Weighed[int]]) -> int:
    stake = sum(observation.weight for observation in observations)
    return sum(observation.value * observation.weight for observation in observations) // stake


def _checked(result: int) -> int:
    if not in_int256(result):
        raise ValueError("the result is outside int256")
    return result
