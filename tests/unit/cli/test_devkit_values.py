"""Values as people write them for DevKit, to the bytes that a task carries."""

import json
from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from hourglass.cli.devkit.values import encode_value
from hourglass.errors import ConfigError

ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"
TYPED: st.SearchStrategy[tuple[str, Any]] = st.deferred(
    lambda: st.one_of(
        st.tuples(st.just("uint256"), st.integers(0, 2**256 - 1)),
        st.tuples(st.just("int64"), st.integers(-(2**63), 2**63 - 1)),
        st.tuples(st.just("bool"), st.booleans()),
        st.tuples(st.just("bytes"), st.binary(max_size=40)),
        st.tuples(st.just("bytes4"), st.binary(min_size=4, max_size=4)),
        st.tuples(st.just("string"), st.text(max_size=10)),
        st.tuples(st.just("address"), st.just(ADDRESS)),
        st.tuples(st.just("uint8[]"), st.lists(st.integers(0, 255), max_size=3)),
        st.lists(TYPED, min_size=1, max_size=3).map(
            lambda parts: (f"({','.join(kind for kind, _ in parts)})", tuple(value for _, value in parts))
        ),
    )
)


def written(value: Any) -> str:
    """As a person writes it, in Foundry's notation."""
    match value:
        case bool():
            return "true" if value else "false"
        case bytes():
            return "0x" + value.hex()
        case tuple():
            return "(" + ", ".join(map(written, value)) + ")"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
        case str():
            return value if value == ADDRESS else json.dumps(value)
        case _:
            return str(value)


@given(TYPED)
def test_what_is_written_down_is_what_is_encoded(typed: tuple[str, Any]) -> None:
    kind, value = typed
    assert encode_value(kind, written(value)) == encode([kind], [value])


def test_the_pair_of_every_tutorial_is_one_argument_of_type_tuple() -> None:
    expected = encode(["(uint256,string)"], [(5, "hello")])
    assert encode_value("(uint256,string)", '(5,"hello")') == expected
    assert encode_value("(uint256,string)", "( 5 , hello )") == expected, "quotes may be left out"
    assert encode_value("uint256", "0x10") == encode(["uint256"], [16])
    assert encode_value("uint256", "010") == encode(["uint256"], [10]), "as people count"
    assert encode_value("string", "a, b)") == encode(["string"], ["a, b)"]), (
        "a string alone is all of the text"
    )


@pytest.mark.parametrize(
    ("signature", "text", "said"),
    [
        ("(uint256", "1", "no ABI type"),
        ("uint256,string", "1", "write one type"),
        ("", "1", "no ABI type"),
        ("uint7", "1", "no ABI type"),
        ("uint8", "256", "Must be bounded"),
        ("(uint256,string)", "(5)", "1 values where 2"),
        ("(uint256)", "(5,6)", "more than 1"),
        ("(uint256)", "5", "'(' is missing"),
        ("(uint256)", "(5", "ends too early"),
        ("uint256[2]", "[1,2,3]", "3 items when 2"),
        ("uint256[]", "[1 2]", "invalid literal"),
        ("bool", "yes", "neither true nor false"),
        ("address", "0x12", "0x12"),
        ("bytes", "12", "no 0x-hexadecimal"),
        ("uint256", "5 apples", "5 apples"),
        ("uint256", "5)", "too much"),
    ],
)
def test_what_is_no_such_value_is_refused_with_its_own_words(signature: str, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        encode_value(signature, text)
    assert said in refused.value.detail
