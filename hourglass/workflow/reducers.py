"""Reducers: from the operators' observations to the one value they agree on. Here: the type, and rules that choose.

A rule that chooses gives a value that somebody observed. `arithmetic`, `lists`, `merkle` and `votes` hold the others.
All of them are exact, in integers. An observation without stake counts in none, not even where heads are counted:
whoever needs no stake can be any number of operators. If no observation has stake, each raises ValueError.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from hourglass.errors import DefinitionError
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

    `reduce` takes the observations in any order, and must not depend on that order, on time, on chance or on
    anything outside its argument. A malicious aggregator chooses *which* quorum of observations to propose, and a
    malicious operator what its own one says: the rule must tolerate both. Observations that are no values of the
    phase's type have been left out before, so there may be none. It may raise ValueError where no value can be agreed
    on.
    """

    name: str
    """Stands in the phase's metadata on-chain, so that agents notice when theirs is another rule."""
    reduce: Callable[[Sequence[Weighed[T]]], T]

    def __post_init__(self) -> None:
        if not self.name:
            raise DefinitionError("a reducer needs a name, which tells its rule from all others.")


def reducer(name: str) -> Callable[[Callable[[Sequence[Weighed[T]]], T]], Reducer[T]]:
    """Make a function a reducer, under a name that states which rule it is and its version."""

    def wrap(function: Callable[[Sequence[Weighed[T]]], T]) -> Reducer[T]:
        return Reducer(name, function)

    return wrap


def with_stake(observations: Sequence[Weighed[T]]) -> list[Weighed[T]]:
    """The observations that somebody stands behind. Raises ValueError if there is none."""
    backed = [observation for observation in observations if observation.weight > 0]
    if not backed:
        raise ValueError("no observations with stake")
    return backed


# ── What most of them say ─────────────────────────────────────────────────────────────────────────────


@reducer("identical")
def identical(observations: Sequence[Weighed[Any]]) -> Any:
    """The value, if all observed the same; ValueError otherwise. One liar can prevent a result."""
    ranked = _stake_by_value(observations)
    if len(ranked) != 1:
        raise ValueError(f"{len(ranked)} different observations")
    return ranked[0][0]


@reducer("mode")
def mode(observations: Sequence[Weighed[Any]]) -> Any:
    """The value with most stake behind it; of equals the smallest.

    Few liars decide it where the others' values are spread. Where that must not be, use `majority`.
    """
    ranked = _stake_by_value(observations)
    most = max(stake for _, stake in ranked)
    return min(value for value, stake in ranked if stake == most)


@reducer("majority")
def majority(observations: Sequence[Weighed[Any]]) -> Any:
    """The value behind which more than half of the observing stake stands; ValueError if there is none.

    Holders of less than half of that stake can prevent a result, and never bring about one that nobody else observed.
    """
    ranked = _stake_by_value(observations)
    total = sum(stake for _, stake in ranked)
    for value, stake in ranked:
        if 2 * stake > total:
            return value
    raise ValueError("no value has more than half of the observing stake behind it")


def _stake_by_value(observations: Sequence[Weighed[T]]) -> list[tuple[T, int]]:
    found: dict[Hashable, tuple[T, int]] = {}
    for observation in with_stake(observations):
        key = _key(observation.value)
        value, stake = found.get(key, (observation.value, 0))
        found[key] = (value, stake + observation.weight)
    return list(found.values())


def _key(value: object) -> Hashable:
    return tuple(value) if isinstance(value, list) else value


# ── By order ──────────────────────────────────────────────────────────────────────────────────────────


@reducer("median")
def median(observations: Sequence[Weighed[int]]) -> int:
    """The middle value by count; of two middle ones the lower, so that it is a value somebody observed.

    Fewer than half of the observers cannot move it outside the range of the others' values. It counts heads and does
    not weigh stake: many small operators outvote a large one. Where stake must decide, use `stake_weighted_median`.
    """
    values = sorted(observation.value for observation in with_stake(observations))
    return values[(len(values) - 1) // 2]


@reducer("stake_weighted_median")
def stake_weighted_median(observations: Sequence[Weighed[int]]) -> int:
    """The lowest value at which at least half of the observing stake has been reached.

    Holders of less than half of that stake cannot move it outside the range of the others' values.
    """
    ordered = sorted(with_stake(observations), key=lambda observation: observation.value)
    total = sum(observation.weight for observation in ordered)
    below = 0
    for observation in ordered:
        below += observation.weight
        if 2 * below >= total:
            break
    return observation.value


@reducer("minimum")
def minimum(observations: Sequence[Weighed[Any]]) -> Any:
    """The smallest value. One liar can lower it at will, and never raise it above the others' smallest."""
    return min(observation.value for observation in with_stake(observations))


@reducer("maximum")
def maximum(observations: Sequence[Weighed[Any]]) -> Any:
    """The largest value. One liar can raise it at will, and never lower it below the others' largest."""
    return max(observation.value for observation in with_stake(observations))
