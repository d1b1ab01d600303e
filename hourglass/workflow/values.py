"""How a handler's value becomes the bytes that operators sign, and back: one codec per type.

Every honest operator must get the same bytes for the same value, so the set is closed: integers, booleans,
text, and raw bytes. Floats are refused on purpose: two machines may round differently.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from hourglass.errors import DefinitionError, HandlerError
from hourglass.reasons import Reason

INT_BITS = 256
WORD_BYTES = 32

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ValueType(Generic[T]):
    """A type of value and its bytes. `encode` raises HandlerError, `decode` ValueError."""

    python_type: type[T]
    abi: str
    """How a contract decodes the bytes."""
    to_bytes: Callable[[T], bytes]
    from_bytes: Callable[[bytes], T]

    def encode(self, value: object) -> bytes:
        """The value's bytes. Raises HandlerError(HANDLER_WRONG_TYPE) for any other type, also bool for int."""
        if type(value) is not self.python_type:
            raise HandlerError(
                Reason.HANDLER_WRONG_TYPE,
                f"It returned {type(value).__name__}, and declares {self.python_type.__name__}.",
            )
        return self.to_bytes(value)

    def decode(self, data: bytes) -> T:
        """The value. Raises ValueError for bytes that `encode` never gives."""
        return self.from_bytes(data)


def _int_to_bytes(value: int) -> bytes:
    if not -(2 ** (INT_BITS - 1)) <= value < 2 ** (INT_BITS - 1):
        raise HandlerError(Reason.HANDLER_WRONG_TYPE, "It returned an integer outside int256.")
    return value.to_bytes(WORD_BYTES, "big", signed=True)


def _text_to_bytes(value: str) -> bytes:
    try:
        return value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise HandlerError(Reason.HANDLER_WRONG_TYPE, "It returned text that is no Unicode.") from error


def _word(data: bytes) -> bytes:
    if len(data) != WORD_BYTES:
        raise ValueError(f"expected one 32-byte word, got {len(data)} bytes")
    return data


def _bool_from_bytes(data: bytes) -> bool:
    number = int.from_bytes(_word(data), "big")
    if number > 1:
        raise ValueError("a boolean's word is 0 or 1")
    return number == 1


INT: ValueType[int] = ValueType(
    int, "int256", _int_to_bytes, lambda data: int.from_bytes(_word(data), "big", signed=True)
)
BOOL: ValueType[bool] = ValueType(
    bool, "bool", lambda value: int(value).to_bytes(WORD_BYTES, "big"), _bool_from_bytes
)
TEXT: ValueType[str] = ValueType(
    str, "UTF-8, not ABI-encoded", _text_to_bytes, lambda data: data.decode("utf-8")
)
BYTES: ValueType[bytes] = ValueType(bytes, "raw", lambda value: value, lambda data: data)

VALUE_TYPES: dict[type[Any], ValueType[Any]] = {int: INT, bool: BOOL, str: TEXT, bytes: BYTES}


def value_type_of(python_type: object, where: str) -> ValueType[Any]:
    """The codec for a handler's declared type. Raises DefinitionError naming `where`."""
    for known, value_type in VALUE_TYPES.items():
        if python_type is known:
            return value_type
    if python_type is float:
        raise DefinitionError(
            f"{where} returns float, which two operators may round differently: return a fixed-point int."
        )
    names = ", ".join(known.__name__ for known in VALUE_TYPES)
    raise DefinitionError(f"{where} must declare what it returns, one of: {names}.")
