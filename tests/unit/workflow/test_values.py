"""Values and their bytes."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourglass.errors import HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.values import BOOL, BYTES, INT, TEXT, ValueType


@given(st.integers(-(2**255), 2**255 - 1))
def test_integers_are_int256_words(value: int) -> None:
    assert len(INT.encode(value)) == 32
    assert INT.decode(INT.encode(value)) == value


@given(st.binary(max_size=200), st.text(max_size=50), st.booleans())
def test_bytes_text_and_booleans_come_back(data: bytes, text: str, truth: bool) -> None:
    assert BYTES.decode(BYTES.encode(data)) == data
    assert TEXT.decode(TEXT.encode(text)) == text
    assert BOOL.decode(BOOL.encode(truth)) is truth


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (INT, True),
        (INT, 1.0),
        (INT, "1"),
        (INT, 2**255),
        (BYTES, "x"),
        (TEXT, b"x"),
        (BOOL, 1),
        (TEXT, "\ud800"),
    ],
)
def test_a_value_of_another_type_or_range_is_refused(kind: ValueType[Any], value: object) -> None:
    with pytest.raises(HandlerError) as caught:
        kind.encode(value)
    assert caught.value.reason is Reason.HANDLER_WRONG_TYPE


@given(st.binary(max_size=40))
def test_any_bytes_give_a_value_or_a_value_error(data: bytes) -> None:
    kinds: tuple[ValueType[Any], ...] = (INT, BOOL, TEXT, BYTES)
    for kind in kinds:
        try:
            assert kind.encode(kind.decode(data)) == data
        except ValueError:
            continue
