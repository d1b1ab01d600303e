"""How a handler's value becomes the bytes that operators sign, and back: one codec per type.

Every honest operator must get the same bytes for the same value, so the set is closed: integers, booleans, text, raw
bytes, and lists. Floats are refused on purpose: two machines may round differently.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from types import GenericAlias
from typing import Any, Generic, TypeVar, get_origin

from hourglass.errors import DefinitionError, HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.abi import MAX_ITEMS
from hourglass.workflow.abi import decode as abi_decode
from hourglass.workflow.abi import encode as abi_encode

INT_BITS = 256
WORD_BYTES = 32

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ValueType(Generic[T]):
    """A type of value and its bytes. `encode` raises HandlerError, `decode` ValueError.

    Two are equal if they give the same bytes for the same values: the functions themselves are not compared.
    """

    python_type: type[T]
    """As an author writes it: `int`, `list[int]`."""
    abi: str
    """How a contract decodes the bytes."""
    to_bytes: Callable[[T], bytes] = field(compare=False)
    from_bytes: Callable[[bytes], T] = field(compare=False)

    @property
    def name(self) -> str:
        """The type as an author writes it."""
        return _name_of(self.python_type)

    def encode(self, value: object) -> bytes:
        """The value's bytes. Raises HandlerError(HANDLER_WRONG_TYPE) for any other type, also bool for int."""
        if type(value) is not (get_origin(self.python_type) or self.python_type):
            raise HandlerError(
                Reason.HANDLER_WRONG_TYPE, f"It returned {type(value).__name__}, and declares {self.name}."
            )
        return self.to_bytes(value)

    def decode(self, data: bytes) -> T:
        """The value. Raises ValueError for bytes that `encode` never gives."""
        return self.from_bytes(data)


def _name_of(python_type: object) -> str:
    # A generic alias passes for the class that it is made of, its name included.
    return python_type.__name__ if type(python_type) is type else str(python_type)


def in_int256(value: int) -> bool:
    """Does it fit an int256?"""
    return -(1 << (INT_BITS - 1)) <= value < 1 << (INT_BITS - 1)


# ── One word, text, raw bytes ─────────────────────────────────────────────────────────────────────────


def _int_to_bytes(value: int) -> bytes:
    if not in_int256(value):
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


# ── Lists ─────────────────────────────────────────────────────────────────────────────────────────────


def _list_type(python_type: type[list[T]], abi: str, item_type: ValueType[T]) -> ValueType[list[T]]:
    """Lists as `abi.encode` writes them, in the order that the handler gave."""

    def to_bytes(values: list[T]) -> bytes:
        if len(values) > MAX_ITEMS:
            raise HandlerError(
                Reason.RESULT_TOO_LARGE,
                f"It returned a list of {len(values)}; {MAX_ITEMS} items are allowed.",
            )
        for index, item in enumerate(values):
            try:
                item_type.encode(item)
            except HandlerError as error:
                raise HandlerError(error.reason, f"Item {index} of its list: {error.detail}") from error
        return abi_encode([abi], [values])

    def from_bytes(data: bytes) -> list[T]:
        (values,) = abi_decode([abi], data)
        return list(values)

    return ValueType(python_type, abi, to_bytes, from_bytes)


INTS: ValueType[list[int]] = _list_type(list[int], "int256[]", INT)
BYTES_LIST: ValueType[list[bytes]] = _list_type(list[bytes], "bytes[]", BYTES)
TEXTS: ValueType[list[str]] = _list_type(list[str], "string[]", TEXT)


# ── By type ───────────────────────────────────────────────────────────────────────────────────────────

VALUE_TYPES: dict[object, ValueType[Any]] = {
    kind.python_type: kind for kind in (INT, BOOL, TEXT, BYTES, INTS, BYTES_LIST, TEXTS)
}


def value_type_of(python_type: object, where: str) -> ValueType[Any]:
    """The codec for a handler's declared type. Raises DefinitionError naming `where`."""
    # An annotation may be anything, even what cannot be hashed.
    for known, value_type in VALUE_TYPES.items():
        if python_type == known:
            return value_type
    if python_type in (float, list[float]):
        raise DefinitionError(
            f"{where} returns {_name_of(python_type)}, which two operators may round differently: "
            "return fixed-point integers."
        )
    names = ", ".join(value_type.name for value_type in VALUE_TYPES.values())
    raise DefinitionError(f"{where} must declare what it returns, one of: {names}.")


def encoded(value: object) -> bytes:
    """A value's bytes by the type that it has; an empty list's are the same in every list type.

    Raises ValueError for a value of no type here, HandlerError where its type's `encode` does.
    """
    kind: object = type(value)
    if isinstance(value, list):
        kind = GenericAlias(list, (type(value[0]) if value else int,))
    if kind not in VALUE_TYPES:
        raise ValueError(f"{_name_of(kind)} is no type of value")
    return VALUE_TYPES[kind].encode(value)
