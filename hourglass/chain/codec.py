"""A contract's ABI as functions on bytes: calls, answers, events, errors. Pure once its ABI is loaded.

Everything is precomputed from the committed ABI, since an agent encodes and decodes on its way to every signature.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

SELECTOR_BYTES = 4
PANIC = bytes.fromhex("4e487b71")
ERROR = bytes.fromhex("08c379a0")


@dataclass(frozen=True, slots=True)
class _Function:
    selector: bytes
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Event:
    name: str
    indexed: tuple[tuple[str, str], ...]
    plain: tuple[tuple[str, str], ...]


class Contract:
    """One contract's ABI and bytecode. Names are the contract's."""

    def __init__(self, abi: list[dict[str, Any]], bytecode: bytes) -> None:
        """From a compiler's ABI."""
        self.bytecode = bytecode
        self._functions: dict[str, _Function] = {}
        self._events: dict[bytes, _Event] = {}
        self._named_events: dict[str, tuple[bytes, _Event]] = {}
        self._errors: dict[bytes, tuple[str, tuple[str, ...]]] = {}
        self._constructor: tuple[str, ...] = ()
        for entry in abi:
            self._add(entry)

    def _add(self, entry: dict[str, Any]) -> None:
        inputs = tuple(_type(one) for one in entry.get("inputs", ()))
        signature = f"{entry.get('name')}({','.join(inputs)})".encode()
        match entry["type"]:
            case "function":
                outputs = tuple(_type(one) for one in entry["outputs"])
                selector = keccak(signature)[:SELECTOR_BYTES]
                self._functions[entry["name"]] = _Function(selector, inputs, outputs)
            case "event":
                named = [(one["name"], _type(one), one["indexed"]) for one in entry["inputs"]]
                event = _Event(
                    entry["name"],
                    tuple((name, kind) for name, kind, indexed in named if indexed),
                    tuple((name, kind) for name, kind, indexed in named if not indexed),
                )
                self._events[keccak(signature)] = event
                self._named_events[event.name] = keccak(signature), event
            case "error":
                self._errors[keccak(signature)[:SELECTOR_BYTES]] = (entry["name"], inputs)
            case "constructor":
                self._constructor = inputs
            case _:
                pass

    def call(self, function: str, *arguments: Any) -> bytes:
        """Calldata."""
        known = self._functions[function]
        return known.selector + encode(known.inputs, arguments)

    def answer(self, function: str, data: bytes) -> tuple[Any, ...]:
        """A call's return values. Raises ValueError for data that is no such answer."""
        try:
            return tuple(decode(self._functions[function].outputs, data))
        except (DecodingError, OverflowError) as error:
            raise ValueError(f"no answer of {function}: {len(data)} bytes") from error

    def creation(self, *arguments: Any) -> bytes:
        """Bytecode with constructor arguments."""
        return self.bytecode + encode(self._constructor, arguments)

    def event(self, topics: list[bytes], data: bytes) -> tuple[str, dict[str, Any]] | None:
        """An event's name and fields; None for one that this ABI does not know."""
        known = self._events.get(topics[0]) if topics else None
        if known is None:
            return None
        fields: dict[str, Any] = {}
        for (name, kind), topic in zip(known.indexed, topics[1:], strict=True):
            (fields[name],) = decode([kind], topic)
        plain = decode([kind for _, kind in known.plain], data)
        fields.update(zip((name for name, _ in known.plain), plain, strict=True))
        return known.name, fields

    def log(self, name: str, fields: Mapping[str, Any]) -> tuple[tuple[bytes, ...], bytes]:
        """An event's topics and data, the reverse of `event`. Raises KeyError if this ABI has no such event."""
        first, known = self._named_events[name]
        indexed = tuple(encode([kind], [fields[field]]) for field, kind in known.indexed)
        data = encode([kind for _, kind in known.plain], [fields[field] for field, _ in known.plain])
        return (first, *indexed), data

    def topic(self, event: str) -> bytes:
        """An event's first topic. Raises KeyError if this ABI has no such event."""
        return self._named_events[event][0]

    def error(self, data: bytes) -> tuple[str, tuple[Any, ...]]:
        """A revert's custom error and its fields; "Panic" and "Error" for Solidity's own, "" if unknown."""
        selector, rest = data[:SELECTOR_BYTES], data[SELECTOR_BYTES:]
        name, kinds = self._errors.get(
            selector, {PANIC: ("Panic", ("uint256",)), ERROR: ("Error", ("string",))}.get(selector, ("", ()))
        )
        try:
            return name, tuple(decode(kinds, rest))
        except (DecodingError, OverflowError):
            return name, ()

    def error_selector(self, name: str) -> bytes:
        """The selector of a custom error. Raises KeyError if this ABI has none of that name."""
        selectors = {known: selector for selector, (known, _) in self._errors.items()}
        return selectors[name]

    def error_name(self, selector: bytes) -> str:
        """The custom error of a selector; its hexadecimal digits if unknown."""
        return self._errors[selector][0] if selector in self._errors else "0x" + selector.hex()


def _type(entry: dict[str, Any]) -> str:
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    parts = ",".join(_type(part) for part in entry["components"])
    return f"({parts}){kind.removeprefix('tuple')}"


@cache
def load_contract(name: str) -> Contract:
    """A contract whose ABI and bytecode are part of the package."""
    text = resources.files("hourglass.chain").joinpath("abi", f"{name}.json").read_text("utf-8")
    compiled = json.loads(text)
    return Contract(compiled["abi"], bytes.fromhex(compiled["bytecode"].removeprefix("0x")))
