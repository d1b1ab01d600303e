"""Reducers: from the operators' observations to the one value they agree on. Integers only, exact."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from hourglass.workflow.identifiers import StakeWeight

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Weighed(Generic[T]):
    """One operator's observation and its stake."""

    value: T
    weight: StakeWeight


@dataclass(frozen=True, slots=True)
class Reducer(Generic[T]):
    """A named rule that every operator applies to the same observations and gets the same value.

    `reduce` takes at least one observation, in any order, and must not depend on that order, on time, on
    chance or on anything outside its argument. A malicious aggregator chooses *which* quorum of observations
    to propose, and a malicious operator what its own one says: the rule must tolerate both. It may raise
    ValueError where no value can be agreed on.
    """

    name: str
    """Stands in the phase's metadata on-chain, so that agents notice when theirs is another rule."""
    reduce: Callable[[Sequence[Weighed[T]]], T]


def reducer(name: str) -> Callable[[Callable[[Sequence[Weighed[T]]], T]], Reducer[T]]:
    """Make a function a reducer, under a name that states which rule it is and its version."""

    def wrap(function: Callable[[Sequence[Weighed[T]]], T]) -> Reducer[T]:
        return Reducer(name, function)

    return wrap


@reducer("median")
def median(observations: Sequence[Weighed[int]]) -> int:
    """The middle value by count; of two middle ones the lower, so that it is a value somebody observed."""
    values = sorted(observation.value for observation in observations)
    return values[(len(values) - 1) // 2]


@reducer("stake_weighted_median")
def stake_weighted_median(observations: Sequence[Weighed[int]]) -> int:
    """The lowest value at which at least half of the observing stake has been reached.

    Holders of less than half of that stake cannot move it outside the range of the others' values.
    """
    ordered = sorted(observations, key=lambda observation: observation.value)
    total = sum(observation.weight for observation in ordered)
    reached = 0
    for observation in ordered:
        reached += observation.weight
        if 2 * reached >= total:
            return observation.value
    raise ValueError("no observations")


@reducer("mode")
def mode(observations: Sequence[Weighed[Any]]) -> Any:
    """The value with most stake behind it; of equals the smallest."""
    stake: dict[Any, int] = {}
    for observation in observations:
        stake[observation.value] = stake.get(observation.value, 0) + observation.weight
    if not stake:
        raise ValueError("no observations")
    most = max(stake.values())
    return min(value for value, weight in stake.items() if weight == most)


@reducer("identical")
def identical(observations: Sequence[Weighed[Any]]) -> Any:
    """The value, if all observed the same; ValueError otherwise."""
    values = {observation.value for observation in observations}
    if len(values) != 1:
        raise ValueError(f"{len(values)} different observations")
    return values.pop()
