"""Values as people write them for DevKit, `(5,"hello")`, to the ABI's bytes. Pure.

The notation is Foundry's: tuples in round brackets, arrays in square ones, strings with or without quotes, bytes in
0x-hexadecimal. A task's payload is one value of one type, encoded as the only argument of a function would be.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode
from eth_abi.exceptions import ABITypeError, EncodingError, ParseError
from eth_abi.grammar import ABIType, BasicType, TupleType, parse

from hourglass.errors import ConfigError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address

ENDS = ",)]"
DECIMAL = 10


def encode_value(signature: str, text: str) -> bytes:
    """The bytes of one value. Raises ConfigError(INVALID_CONFIG), saying what is wrong with type or value."""
    try:
        kind = parse(signature)
        kind.validate()
    except (ParseError, ABITypeError) as error:
        raise ConfigError(
            Reason.INVALID_CONFIG,
            f"signature={signature} is no ABI type: write one type, as (uint256,string) or bytes32.",
        ) from error
    try:
        value = text if _is_plain(kind, "string") and not text.startswith('"') else _Reader(text).whole(kind)
        return encode([signature], [value])
    except (ValueError, EncodingError) as error:
        raise ConfigError(
            Reason.INVALID_CONFIG, f"args={text} is no {signature}: {str(error).rstrip('.')}."
        ) from error


def _is_plain(kind: ABIType, base: str) -> bool:
    return isinstance(kind, BasicType) and kind.base == base and not kind.is_array


@dataclass(slots=True)
class _Reader:
    text: str
    at: int = 0

    def whole(self, kind: ABIType) -> Any:
        """All of the text is one value."""
        value = self._value(kind)
        self._skip()
        if self.at != len(self.text):
            raise ValueError(f"{self.text[self.at :]!r} is too much")
        return value

    def _value(self, kind: ABIType) -> Any:
        self._skip()
        if kind.is_array:
            return self._between("[", "]", lambda _: self._value(kind.item_type))
        if isinstance(kind, TupleType):
            parts = kind.components
            values = self._between("(", ")", lambda index: self._part(parts, index))
            if len(values) != len(parts):
                raise ValueError(f"{len(values)} values where {len(parts)} are wanted")
            return tuple(values)
        assert isinstance(kind, BasicType)
        return _converted(kind, self._word())

    def _part(self, parts: tuple[ABIType, ...], index: int) -> Any:
        if index >= len(parts):
            raise ValueError(f"more than {len(parts)} values")
        return self._value(parts[index])

    def _between(self, opening: str, closing: str, value: Callable[[int], Any]) -> list[Any]:
        self._expect(opening)
        values: list[Any] = []
        self._skip()
        while self._next() != closing:
            if values:
                self._expect(",")
            values.append(value(len(values)))
            self._skip()
        self.at += 1
        return values

    def _word(self) -> str:
        if self._next() == '"':
            value, end = json.JSONDecoder().raw_decode(self.text, self.at)
            self.at = end
            return str(value)
        start = self.at
        while self.at < len(self.text) and self.text[self.at] not in ENDS:
            self.at += 1
        return self.text[start : self.at].strip()

    def _expect(self, character: str) -> None:
        self._skip()
        if self._next() != character:
            raise ValueError(f"{character!r} is missing at {self.text[self.at :] or 'the end'!r}")
        self.at += 1

    def _next(self) -> str:
        if self.at >= len(self.text):
            raise ValueError("it ends too early")
        return self.text[self.at]

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1


def _converted(kind: BasicType, word: str) -> Any:
    match kind.base:
        case "uint" | "int":
            return int(word, 16) if word.lower().startswith(("0x", "-0x")) else int(word, DECIMAL)
        case "bool":
            if word not in ("true", "false"):
                raise ValueError(f"{word!r} is neither true nor false")
            return word == "true"
        case "address":
            return str(Address.parse(word))
        case "bytes":
            if not word.startswith("0x"):
                raise ValueError(f"{word!r} is no 0x-hexadecimal")
            return bytes.fromhex(word[2:])
        case "string":
            return word
        case other:
            raise ValueError(f"{other} has no notation here")
