"""Lists reduced as sets, and one after the other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourglass.workflow.identifiers import StakeWeight
from hourglass.workflow.lists import concatenation, intersection, union
from hourglass.workflow.reducers import Weighed
from hourglass.workflow.values import BYTES_LIST, INTS, TEXTS

LISTS = (
    st.lists(st.lists(st.integers(-3, 3), max_size=5), min_size=1, max_size=5)
    | st.lists(st.lists(st.binary(max_size=1), max_size=5), min_size=1, max_size=5)
    | st.lists(st.lists(st.text(max_size=1), max_size=5), min_size=1, max_size=5)
)


def seen(*values: Any) -> list[Weighed[Any]]:
    return [Weighed(value, StakeWeight(1)) for value in values]


@given(LISTS)
def test_union_and_intersection_are_sorted_sets(lists: list[list[Any]]) -> None:
    items = [item for one in lists for item in one]
    joined, common = union.reduce(seen(*lists)), intersection.reduce(seen(*lists))
    assert joined == sorted(set(items))
    assert common == [item for item in joined if all(item in one for one in lists)]


def test_sets_are_sorted_as_their_items_are() -> None:
    assert union.reduce(seen([5, -1], [0, 5])) == [-1, 0, 5]
    assert union.reduce(seen(["b", "a"], ["Z"])) == ["Z", "a", "b"]
    assert intersection.reduce(seen([b"\x02", b"\x01"], [b"\x01", b"\x02"])) == [b"\x01", b"\x02"]


def test_what_one_operator_leaves_out_is_not_common_and_nothing_may_be() -> None:
    assert intersection.reduce(seen([1, 2], [2, 3], [2])) == [2]
    assert intersection.reduce(seen([1], [2])) == []
    assert union.reduce(seen([], [])) == []


@given(LISTS)
def test_concatenation_keeps_every_item_and_each_list_s_own_order(lists: list[list[Any]]) -> None:
    joined = concatenation.reduce(seen(*lists))
    assert sorted(joined) == sorted(item for one in lists for item in one)
    at = 0
    left = list(lists)
    while left:
        found = next(one for one in left if joined[at : at + len(one)] == one)
        left.remove(found)
        at += len(found)


def test_concatenation_goes_by_the_encoded_bytes() -> None:
    assert concatenation.reduce(seen([9, 1], [-1], [2])) == [2, -1, 9, 1]
    assert concatenation.reduce(seen(b"b", b"ab", b"")) == b"abb"
    assert concatenation.reduce(seen("z", "ä", "a")) == "azä"
    encodings = sorted(INTS.encode(one) for one in ([9, 1], [-1], [2]))
    assert concatenation.reduce(seen([9, 1], [-1], [2])) == [
        item for one in encodings for item in INTS.decode(one)
    ]


def test_what_has_no_ends_to_join_is_refused() -> None:
    for value in (1, True):
        with pytest.raises(ValueError, match="cannot be concatenated"):
            concatenation.reduce(seen(value))


def test_results_are_values_of_the_observations_type() -> None:
    assert INTS.decode(INTS.encode(union.reduce(seen([2], [1])))) == [1, 2]
    assert TEXTS.decode(TEXTS.encode(intersection.reduce(seen(["a"], ["a"])))) == ["a"]
    assert BYTES_LIST.decode(BYTES_LIST.encode(concatenation.reduce(seen([b"a"], [])))) == [b"a"]


@given(LISTS)
def test_the_observed_lists_stay_as_they_are(lists: list[list[Any]]) -> None:
    before = [list(one) for one in lists]
    for rule in (union, intersection, concatenation):
        rule.reduce(seen(*lists))
    assert lists == before
