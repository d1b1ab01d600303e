"""Reducers of lists: as sets (union, intersection), or one after the other (concatenation)."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

from hourglass.workflow.reducers import Weighed, reducer, with_stake
from hourglass.workflow.values import encoded


@reducer("union")
def union(observations: Sequence[Weighed[list[Any]]]) -> list[Any]:
    """What anybody observed, sorted, each item once. One liar can add items, and remove none."""
    return sorted(set().union(*_sets(observations)))


@reducer("intersection")
def intersection(observations: Sequence[Weighed[list[Any]]]) -> list[Any]:
    """What everybody observed, sorted, each item once; perhaps nothing. One liar can remove items, and add none."""
    first, *others = _sets(observations)
    return sorted(first.intersection(*others))


@reducer("concatenation")
def concatenation(observations: Sequence[Weighed[Any]]) -> Any:
    """All lists, or all bytes, or all texts, one after the other, repeated ones too, in the order of their encoding.

    Each keeps its own order inside. The order among them is that of the bytes that operators observed and signed:
    lists are ABI-encoded, so shorter ones come first, and integers below zero after all others. One liar can add at
    will.
    """
    values = sorted((observation.value for observation in with_stake(observations)), key=encoded)
    if not isinstance(values[0], list | bytes | str):
        raise ValueError(f"{type(values[0]).__name__} cannot be concatenated")
    return reduce(lambda joined, value: joined + value, values)


def _sets(observations: Sequence[Weighed[list[Any]]]) -> list[set[Any]]:
    return [set(observation.value) for observation in with_stake(observations)]
