"""The few shapes of Solidity's ABI that definitions, triggers and results are written in, both ways and strictly.

Every process of every operator loads this, handlers' workers included, and a whole ABI library takes longer to import
than all the rest of them. Strictly: `decode` takes exactly the bytes that `encode` gives, so that one value has one
encoding and Solidity's more lenient decoder never decides otherwise than we do.
"""

from collections.abc import Sequence
from typing import Any

WORD = 32
MAX_ITEMS = 1_024
"""Of any one list: no definition, trigger or result that fits its limit has more."""
UNSIGNED_BITS = {"uint8": 8, "uint32": 32, "uint64": 64, "uint256": 256}


def encode(types: Sequence[str], values: Sequence[Any]) -> bytes:
    """`abi.encode(values…)`. Raises ValueError for a value that is not of its type."""
    heads: list[bytes] = []
    tail = b""
    for kind, value in zip(types, values, strict=True):
        if _is_dynamic(kind):
            heads.append(_unsigned(WORD * len(types) + len(tail), 256))
            tail += _encode_dynamic(kind, value)
        else:
            heads.append(_encode_word(kind, value))
    return b"".join(heads) + tail


def decode(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    """The values in these bytes. Raises ValueError unless `encode` gives back the very same bytes."""
    values = tuple(_decode_at(kind, data, index * WORD) for index, kind in enumerate(types))
    if encode(types, values) != data:
        raise ValueError("it is not encoded as abi.encode does")
    return values


def _is_dynamic(kind: str) -> bool:
    return kind in ("bytes", "string") or kind.endswith("[]")


def _unsigned(value: object, bits: int) -> bytes:
    if type(value) is not int or not 0 <= value < 2**bits:
        raise ValueError(f"expected an unsigned integer of {bits} bits")
    return value.to_bytes(WORD, "big")


def _encode_word(kind: str, value: Any) -> bytes:
    if kind in UNSIGNED_BITS:
        return _unsigned(value, UNSIGNED_BITS[kind])
    match kind, value:
        case "int256", int() if type(value) is int and -(2**255) <= value < 2**255:
            return value.to_bytes(WORD, "big", signed=True)
        case "bool", bool():
            return _unsigned(int(value), 256)
        case "address", bytes() if len(value) == 20:
            return bytes(value).rjust(WORD, b"\0")
        case "bytes32", bytes() if len(value) == WORD:
            return bytes(value)
    raise ValueError(f"expected {kind}")


def _encode_dynamic(kind: str, value: Any) -> bytes:
    match kind, value:
        case "bytes", bytes():
            return _unsigned(len(value), 256) + value + bytes(-len(value) % WORD)
        case "string", str():
            return _encode_dynamic("bytes", value.encode("utf-8"))
        case _, list() | tuple() if kind.endswith("[]"):
            return _unsigned(len(value), 256) + encode([kind[:-2]] * len(value), value)
    raise ValueError(f"expected {kind}")


def _word_at(data: bytes, at: int) -> bytes:
    if at + WORD > len(data):
        raise ValueError("it ends too early")
    return data[at : at + WORD]


def _decode_at(kind: str, data: bytes, at: int) -> Any:
    word = _word_at(data, at)
    if _is_dynamic(kind):
        return _decode_dynamic(kind, data, int.from_bytes(word, "big"))
    match kind:
        case "int256":
            return int.from_bytes(word, "big", signed=True)
        case "bool":
            return word == _unsigned(1, 256)
        case "address":
            return word[WORD - 20 :]
        case "bytes32":
            return word
        case _ if kind in UNSIGNED_BITS:
            return int.from_bytes(word, "big") % 2 ** UNSIGNED_BITS[kind]
    raise ValueError(f"{kind} is none of the shapes in use")


def _decode_dynamic(kind: str, data: bytes, at: int) -> Any:
    length = int.from_bytes(_word_at(data, at), "big")
    body = data[at + WORD :]
    if kind in ("bytes", "string"):
        raw = body[:length]
        return raw if kind == "bytes" else raw.decode("utf-8")
    if length > MAX_ITEMS:
        raise ValueError(f"a list of {length}, where {MAX_ITEMS} are allowed")
    return tuple(_decode_at(kind[:-2], body, index * WORD) for index in range(length))
