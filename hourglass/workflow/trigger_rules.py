"""Whether a trigger condition holds: the very rules of the contract's `TriggerConditions.holds`.

What a condition is judged by beyond the chain's own facts is its `data`, whose shape follows the condition's:

- a price or an oracle's value: abi.encode(int256); a DATA_HASH: any bytes
- a MULTI_SIG: abi.encode(bytes[]), signatures in ascending order of their signers
- a CHAIN_EVENT: abi.encode(address emitter, bytes32[] topics, bytes data), one log
- ALL and ANY: abi.encode(bytes[]), one for each of their conditions; NOT: the other condition's
- all others look at none

Empty data says that there is nothing to judge by yet, so the condition does not hold. Every child of ALL and ANY is
judged, also where one alone decides, so that malformed data is always an error.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eth_hash.auto import keccak

from hourglass.workflow import abi
from hourglass.workflow.identifiers import WORD_BYTES, Address, Digest, PhaseIndex
from hourglass.workflow.trigger_conditions import (
    MAX_SIGNERS,
    MAX_TOPICS,
    AllOf,
    Always,
    AnyOf,
    BlockThreshold,
    ChainEvent,
    Condition,
    DataHash,
    MultiSig,
    Not,
    OracleValue,
    PriceThreshold,
    ResultCompare,
    TimeThreshold,
)

SIGNATURE_BYTES = 65
Recover = Callable[[Digest, bytes], Address | None]
"""From a digest and a signature r ‖ s ‖ v to who signed; None for what a careful contract refuses."""


class TriggerDataError(ValueError):
    """Data of another shape than its condition's: the contract's TriggerDataMalformed."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the chain itself says, whoever asks: the contract's struct, field for field."""

    timestamp: int
    """Unix seconds of the block."""
    block_number: int
    approval_digest: Digest
    """What approvals of this attempt sign."""
    dependencies: tuple[PhaseIndex, ...]
    results: tuple[bytes, ...]
    """Of each dependency, in their order."""
    present: tuple[bool, ...]
    """Whether that dependency has a result."""

    def __post_init__(self) -> None:
        if not len(self.dependencies) == len(self.results) == len(self.present):
            raise ValueError("each dependency needs one result and one word on whether it is there")


def holds(condition: Condition, facts: Facts, data: bytes, recover: Recover) -> bool:
    """Does it hold? Raises TriggerDataError for data of another shape than the condition's."""
    match condition:
        case Always():
            return True
        case TimeThreshold(timestamp):
            return facts.timestamp >= timestamp
        case BlockThreshold(number):
            return facts.block_number >= number
        case ResultCompare():
            return _compares(condition, facts)
        case DataHash(digest):
            return keccak(data) == digest
        case PriceThreshold(threshold, is_greater):
            price = _value(data)
            return price is not None and (price > threshold if is_greater else price < threshold)
        case OracleValue(expected, tolerance):
            value = _value(data)
            return value is not None and abs(value - expected) <= tolerance
        case MultiSig():
            return _is_approved(condition, facts, data, recover)
        case ChainEvent():
            return _has_happened(condition, data)
        case AllOf(conditions):
            return all(_each(conditions, facts, data, recover))
        case AnyOf(conditions):
            return any(_each(conditions, facts, data, recover))
        case Not(child):
            return not holds(child, facts, data, recover)


def _each(conditions: tuple[Condition, ...], facts: Facts, data: bytes, recover: Recover) -> list[bool]:
    (parts,) = _strictly(("bytes[]",), data)
    if len(parts) != len(conditions):
        raise TriggerDataError(f"there are data for {len(parts)} conditions, and there are {len(conditions)}")
    return [holds(child, facts, part, recover) for child, part in zip(conditions, parts, strict=True)]


def _compares(condition: ResultCompare, facts: Facts) -> bool:
    for dependency, result, present in zip(facts.dependencies, facts.results, facts.present, strict=True):
        if dependency == condition.phase_index:
            return (
                present
                and len(result) == WORD_BYTES
                and condition.comparison.holds(int.from_bytes(result, "big", signed=True), condition.value)
            )
    return False


def _value(data: bytes) -> int | None:
    if not data:
        return None
    value: int
    (value,) = _strictly(("int256",), data)
    return value


def _is_approved(condition: MultiSig, facts: Facts, data: bytes, recover: Recover) -> bool:
    if not data:
        return False
    (signatures,) = _strictly(("bytes[]",), data)
    if len(signatures) > MAX_SIGNERS or any(len(one) != SIGNATURE_BYTES for one in signatures):
        raise TriggerDataError(f"approvals are at most {MAX_SIGNERS} signatures of {SIGNATURE_BYTES} bytes")
    before = b""
    for signature in signatures:
        signer = recover(facts.approval_digest, signature)
        if signer is None or signer <= before or signer not in condition.signers:
            return False
        before = signer
    return len(signatures) >= condition.required


def _has_happened(condition: ChainEvent, data: bytes) -> bool:
    if not data:
        return False
    emitter, topics, _ = _strictly(("address", "bytes32[]", "bytes"), data)
    if len(topics) > MAX_TOPICS:
        raise TriggerDataError(f"a log has at most {MAX_TOPICS} topics, not {len(topics)}")
    return condition.matches(emitter, topics)


def _strictly(types: tuple[str, ...], data: bytes) -> tuple[Any, ...]:
    try:
        return abi.decode(types, data)
    except ValueError as error:
        raise TriggerDataError(f"the data is not abi.encode({', '.join(types)}): {error}") from error
