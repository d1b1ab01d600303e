"""Values and their bytes."""

import typing
from typing import Any

import pytest
from eth_abi.abi import encode as abi_library_encode
from hypothesis import given
from hypothesis import strategies as st

from hourglass.errors import DefinitionError, HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.abi import MAX_ITEMS
from hourglass.workflow.values import (
    BOOL,
    BYTES,
    BYTES_LIST,
    INT,
    INTS,
    TEXT,
    TEXTS,
    ValueType,
    encoded,
    value_type_of,
)

INTEGERS = st.integers(-(2**255), 2**255 - 1)
KINDS: list[tuple[ValueType[Any], st.SearchStrategy[Any]]] = [
    (INT, INTEGERS),
    (BOOL, st.booleans()),
    (TEXT, st.text(max_size=50)),
    (BYTES, st.binary(max_size=200)),
    (INTS, st.lists(INTEGERS, max_size=5)),
    (BYTES_LIST, st.lists(st.binary(max_size=70), max_size=5)),
    (TEXTS, st.lists(st.text(max_size=30), max_size=5)),
]
LISTS = KINDS[4:]


@given(INTEGERS)
def test_integers_are_int256_words(value: int) -> None:
    assert len(INT.encode(value)) == 32
    assert INT.decode(INT.encode(value)) == value


@given(st.data(), st.sampled_from(KINDS))
def test_every_value_comes_back_as_it_was(
    data: st.DataObject, case: tuple[ValueType[Any], st.SearchStrategy[Any]]
) -> None:
    kind, values = case
    value = data.draw(values)
    found = kind.decode(kind.encode(value))
    assert found == value
    assert type(found) is type(value)
    assert encoded(value) == kind.encode(value)


@given(st.data(), st.sampled_from(LISTS))
def test_lists_are_what_a_contract_s_abi_decode_takes(
    data: st.DataObject, case: tuple[ValueType[Any], st.SearchStrategy[Any]]
) -> None:
    kind, values = case
    value = data.draw(values)
    assert kind.encode(value) == abi_library_encode([kind.abi], [value])


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (INT, True),
        (INT, 1.0),
        (INT, "1"),
        (INT, None),
        (INT, 2**255),
        (INT, [1]),
        (BYTES, "x"),
        (BYTES, bytearray(b"x")),
        (TEXT, b"x"),
        (BOOL, 1),
        (TEXT, "\ud800"),
        (INTS, 1),
        (INTS, (1, 2)),
        (INTS, {1}),
        (INTS, [True]),
        (INTS, [1, 2.0]),
        (INTS, [1, 2**255]),
        (INTS, [[1]]),
        (BYTES_LIST, [b"x", "x"]),
        (BYTES_LIST, [bytearray(b"x")]),
        (TEXTS, ["x", b"x"]),
        (TEXTS, ["\ud800"]),
        (TEXTS, "xy"),
    ],
)
def test_a_value_of_another_type_or_range_is_refused(kind: ValueType[Any], value: object) -> None:
    with pytest.raises(HandlerError) as caught:
        kind.encode(value)
    assert caught.value.reason is Reason.HANDLER_WRONG_TYPE


def test_a_refusal_says_what_came_and_what_was_declared() -> None:
    with pytest.raises(HandlerError, match=r"It returned tuple, and declares list\[int\]\."):
        INTS.encode((1,))
    with pytest.raises(HandlerError, match=r"Item 1 of its list: It returned bool, and declares int\."):
        INTS.encode([1, True])


def test_a_list_has_as_many_items_as_can_be_decoded_again() -> None:
    most = [7] * MAX_ITEMS
    assert INTS.decode(INTS.encode(most)) == most
    with pytest.raises(HandlerError) as caught:
        INTS.encode([*most, 7])
    assert caught.value.reason is Reason.RESULT_TOO_LARGE


def test_a_list_keeps_the_order_and_repetitions_that_the_handler_gave() -> None:
    assert INTS.decode(INTS.encode([3, 1, 3])) == [3, 1, 3]


@given(st.data(), st.sampled_from(KINDS))
def test_altered_bytes_give_another_value_or_a_value_error(
    data: st.DataObject, case: tuple[ValueType[Any], st.SearchStrategy[Any]]
) -> None:
    kind, values = case
    raw = bytearray(kind.encode(data.draw(values)))
    if raw:
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
    altered = bytes(raw) + data.draw(st.binary(max_size=1))
    try:
        assert kind.encode(kind.decode(altered)) == altered
    except ValueError:
        return


@given(st.binary(max_size=100))
def test_any_bytes_give_a_value_or_a_value_error(data: bytes) -> None:
    for kind, _ in KINDS:
        try:
            assert kind.encode(kind.decode(data)) == data
        except ValueError:
            continue


def test_bytes_that_solidity_would_take_and_encode_never_gives_are_refused() -> None:
    padded = BYTES_LIST.encode([b"x"])[:-1] + b"\x01"
    for other in (padded, INTS.encode([1]) + bytes(32), bytes(31) + b"\x40" + bytes(64)):
        for kind in (INTS, BYTES_LIST):
            with pytest.raises(ValueError):
                kind.decode(other)


# ── By declared type ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [kind for kind, _ in KINDS], ids=lambda kind: kind.name)
def test_a_declared_type_has_its_codec(kind: ValueType[Any]) -> None:
    async def handler() -> None: ...

    handler.__annotations__["return"] = kind.name
    assert value_type_of(typing.get_type_hints(handler)["return"], "it") is kind


@pytest.mark.parametrize(
    "declared",
    [None, list, set[int], list[bool], list[list[int]], dict[str, int], tuple[int, ...], "int", {}],
)
def test_a_type_without_one_is_refused_with_those_that_have(declared: object) -> None:
    with pytest.raises(DefinitionError) as caught:
        value_type_of(declared, "the handler of phase 'p'")
    assert "the handler of phase 'p' must declare" in caught.value.detail
    assert caught.value.detail.endswith("one of: int, bool, str, bytes, list[int], list[bytes], list[str].")


@pytest.mark.parametrize(("declared", "shown"), [(float, "float"), (list[float], "list[float]")])
def test_floats_are_refused_with_the_reason(declared: object, shown: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        value_type_of(declared, "it")
    assert f"it returns {shown}, which two operators may round differently" in caught.value.detail


def test_an_empty_list_has_the_same_bytes_in_every_list_type() -> None:
    assert encoded([]) == INTS.encode([]) == BYTES_LIST.encode([]) == TEXTS.encode([])


@pytest.mark.parametrize("value", [None, 1.0, [1.0], [[1]], (1,), {1}])
def test_what_is_no_value_has_no_bytes(value: object) -> None:
    with pytest.raises(ValueError, match="is no type of value"):
        encoded(value)
