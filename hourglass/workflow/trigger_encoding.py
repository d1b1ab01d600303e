"""Trigger conditions as the bytes that the contract holds, both ways: `abi.encode(type, params)`, nested.

`decode` refuses what the contract's `TriggerConditions.check` refuses, by the same rule, and looks in the same order:
from the outside in, then from left to right, first at the shape and then at what it says.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from hourglass.workflow import abi
from hourglass.workflow.identifiers import Address, PhaseIndex
from hourglass.workflow.trigger_conditions import (
    AllOf,
    Always,
    AnyOf,
    BlockThreshold,
    ChainEvent,
    Comparison,
    Condition,
    DataHash,
    MultiSig,
    Not,
    OracleValue,
    PriceThreshold,
    ResultCompare,
    TimeThreshold,
    TriggerConditionType,
    TriggerError,
    check_child_count,
)

MAX_CONDITION_BYTES = 2_048
MAX_DEPTH = 4
"""A condition that holds no other has depth 1."""
MAX_CONDITIONS = 16
"""In all, those that combine others included."""

ENVELOPE = ("uint8", "bytes")
CHILDREN = ("bytes[]",)


def encode(condition: Condition) -> bytes:
    """The bytes. Raises TriggerError for a condition that is too deep, too large or made of too many."""
    encoded = _encode(condition, _Budget(), 1)
    _require_size(encoded)
    return encoded


def decode(data: bytes, dependencies: Iterable[PhaseIndex]) -> Condition:
    """The condition of a phase that depends on these. Raises TriggerError unless the contract would take it."""
    _require_size(data)
    return _decode(data, frozenset(dependencies), _Budget(), 1)


def encode_log(emitter: Address, topics: Sequence[bytes], data: bytes) -> bytes:
    """One log as a CHAIN_EVENT's data."""
    return abi.encode(["address", "bytes32[]", "bytes"], [emitter, tuple(topics), data])


@dataclass(slots=True)
class _Budget:
    """How many conditions there have been."""

    conditions: int = 0

    def take(self, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise TriggerError(
                f"its conditions are nested more than {MAX_DEPTH} deep: flatten them.", "TriggerTooDeep"
            )
        self.conditions += 1
        if self.conditions > MAX_CONDITIONS:
            raise TriggerError(
                f"it is made of more than {MAX_CONDITIONS} conditions: split the phase in two.",
                "TriggerTooManyConditions",
            )


def _require_size(encoded: bytes) -> None:
    if len(encoded) > MAX_CONDITION_BYTES:
        raise TriggerError(
            f"its condition has {len(encoded)} bytes; at most {MAX_CONDITION_BYTES} fit: split the phase in two.",
            "TriggerTooLarge",
        )


# ── Conditions that hold no other ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Leaf:
    """How the `params` of one type are written: its fields, in their order."""

    python_type: type[Condition]
    params: tuple[str, ...]
    read: Callable[..., Condition]


def _multi_sig(signers: tuple[bytes, ...], required: int) -> MultiSig:
    return MultiSig(tuple(map(Address, signers)), required)


def _result_compare(phase_index: int, comparison: int, value: int) -> ResultCompare:
    try:
        return ResultCompare(PhaseIndex(phase_index), Comparison(comparison), value)
    except ValueError as error:
        raise TriggerError(
            f"{comparison} is no way to compare: take one of Comparison.", "TriggerUnknownComparison"
        ) from error


def _chain_event(emitter: bytes, topics: tuple[bytes, ...]) -> ChainEvent:
    return ChainEvent(Address(emitter), topics)


LEAVES: dict[TriggerConditionType, _Leaf] = {
    TriggerConditionType.NONE: _Leaf(Always, (), Always),
    TriggerConditionType.PRICE_THRESHOLD: _Leaf(PriceThreshold, ("uint256", "bool"), PriceThreshold),
    TriggerConditionType.TIME_THRESHOLD: _Leaf(TimeThreshold, ("uint256",), TimeThreshold),
    TriggerConditionType.DATA_HASH: _Leaf(DataHash, ("bytes32",), DataHash),
    TriggerConditionType.MULTI_SIG: _Leaf(MultiSig, ("address[]", "uint256"), _multi_sig),
    TriggerConditionType.ORACLE_VALUE: _Leaf(OracleValue, ("uint256", "uint256"), OracleValue),
    TriggerConditionType.BLOCK_THRESHOLD: _Leaf(BlockThreshold, ("uint256",), BlockThreshold),
    TriggerConditionType.RESULT_COMPARE: _Leaf(ResultCompare, ("uint32", "uint8", "int256"), _result_compare),
    TriggerConditionType.CHAIN_EVENT: _Leaf(ChainEvent, ("address", "bytes32[]"), _chain_event),
}
KIND_OF = {leaf.python_type: kind for kind, leaf in LEAVES.items()}


# ── To bytes ──────────────────────────────────────────────────────────────────────────────────────────


def _encode(condition: Condition, budget: _Budget, depth: int) -> bytes:
    budget.take(depth)
    match condition:
        case AllOf(conditions):
            kind, params = TriggerConditionType.ALL, _encode_children(conditions, budget, depth)
        case AnyOf(conditions):
            kind, params = TriggerConditionType.ANY, _encode_children(conditions, budget, depth)
        case Not(child):
            kind, params = TriggerConditionType.NOT, _encode(child, budget, depth + 1)
        case leaf:
            kind = KIND_OF[type(leaf)]
            values = [getattr(leaf, one.name) for one in fields(leaf)]
            plain = [int(value) if isinstance(value, Comparison) else value for value in values]
            params = abi.encode(LEAVES[kind].params, plain)
    return abi.encode(ENVELOPE, [int(kind), params])


def _encode_children(conditions: tuple[Condition, ...], budget: _Budget, depth: int) -> bytes:
    return abi.encode(CHILDREN, [[_encode(child, budget, depth + 1) for child in conditions]])


# ── From bytes ────────────────────────────────────────────────────────────────────────────────────────


def _decode(data: bytes, dependencies: frozenset[int], budget: _Budget, depth: int) -> Condition:
    budget.take(depth)
    number, params = _strictly(ENVELOPE, data)
    try:
        kind = TriggerConditionType(number)
    except ValueError as error:
        raise TriggerError(
            f"{number} is no type of condition: take one of TriggerConditionType.", "TriggerUnknownType"
        ) from error
    match kind:
        case TriggerConditionType.ALL:
            return AllOf(_decode_children(params, dependencies, budget, depth))
        case TriggerConditionType.ANY:
            return AnyOf(_decode_children(params, dependencies, budget, depth))
        case TriggerConditionType.NOT:
            return Not(_decode(params, dependencies, budget, depth + 1))
        case _:
            leaf = LEAVES[kind].read(*_strictly(LEAVES[kind].params, params))
            _require_dependency(leaf, dependencies)
            return leaf


def _decode_children(
    params: bytes, dependencies: frozenset[int], budget: _Budget, depth: int
) -> tuple[Condition, ...]:
    (parts,) = _strictly(CHILDREN, params)
    check_child_count(len(parts))
    return tuple(_decode(part, dependencies, budget, depth + 1) for part in parts)


def _strictly(types: Sequence[str], data: bytes) -> tuple[Any, ...]:
    try:
        return abi.decode(types, data)
    except ValueError as error:
        raise TriggerError(
            f"its condition is not what abi.encode gives for ({', '.join(types)}): {error}.",
            "TriggerMalformed",
        ) from error


def _require_dependency(leaf: Condition, dependencies: frozenset[int]) -> None:
    if isinstance(leaf, ResultCompare) and leaf.phase_index not in dependencies:
        raise TriggerError(
            f"its condition reads the result of phase number {leaf.phase_index}, which it does not depend on: "
            "name that phase in `after`.",
            "TriggerUnknownDependency",
        )
