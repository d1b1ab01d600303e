"""Our few shapes of the ABI against the whole ABI library."""

import pytest
from eth_abi.abi import encode as reference
from hypothesis import given
from hypothesis import strategies as st

from hourglass.workflow.abi import decode, encode

WORDS = {
    "uint8": st.integers(0, 2**8 - 1),
    "uint32": st.integers(0, 2**32 - 1),
    "uint64": st.integers(0, 2**64 - 1),
    "uint256": st.integers(0, 2**256 - 1),
    "int256": st.integers(-(2**255), 2**255 - 1),
    "bool": st.booleans(),
    "address": st.binary(min_size=20, max_size=20),
    "bytes32": st.binary(min_size=32, max_size=32),
    "bytes": st.binary(max_size=70),
    "string": st.text(max_size=30),
}
SHAPES = WORDS | {
    f"{kind}[]": st.lists(WORDS[kind], max_size=4).map(tuple)
    for kind in ("bytes", "string", "address", "int256", "bytes32")
}


@st.composite
def values(draw: st.DrawFn) -> tuple[list[str], list[object]]:
    kinds = draw(st.lists(st.sampled_from(sorted(SHAPES)), min_size=1, max_size=5))
    return kinds, [draw(SHAPES[kind]) for kind in kinds]


@given(values())
def test_encoding_is_the_abi_library_s_and_decoding_gives_the_values_back(
    case: tuple[list[str], list[object]],
) -> None:
    kinds, given_values = case
    data = encode(kinds, given_values)
    assert data == reference(kinds, given_values)
    assert decode(kinds, data) == tuple(given_values)


@given(values(), st.data())
def test_any_other_bytes_are_refused(case: tuple[list[str], list[object]], draws: st.DataObject) -> None:
    kinds, given_values = case
    data = bytearray(encode(kinds, given_values))
    at = draws.draw(st.integers(0, len(data) - 1))
    data[at] ^= draws.draw(st.integers(1, 255))
    try:
        found = decode(kinds, bytes(data))
    except ValueError:
        return
    assert encode(kinds, found) == bytes(data)


@given(st.sampled_from([["bytes[]"], ["uint256", "bytes"], ["string[]", "bool"]]), st.binary(max_size=200))
def test_garbage_never_raises_anything_but_valueerror(kinds: list[str], data: bytes) -> None:
    try:
        found = decode(kinds, data)
    except ValueError:
        return
    assert encode(kinds, found) == data


def test_what_comes_after_the_end_is_refused() -> None:
    with pytest.raises(ValueError):
        decode(["uint256"], bytes(64))


def test_a_boolean_is_no_integer() -> None:
    with pytest.raises(ValueError):
        encode(["uint256"], [True])
