"""Trigger conditions for authors: what a CONDITIONAL phase waits for, written as it is said.

    when=all_of(price_above(5_000), any_of(at_time(1_790_000_000), approved_by(alice, bob, required=1)))

The rest of this package's rooms for them: `trigger_conditions` (the values), `trigger_encoding` (their bytes),
`trigger_rules` (whether one holds), `trigger_watching` (what an operator looks for), `trigger_description`. All that
others use is here.
"""

import math
import re
from datetime import datetime
from typing import Protocol

from eth_hash.auto import keccak

from hourglass.workflow.identifiers import ADDRESS_BYTES, WORD_BYTES, Address, PhaseIndex
from hourglass.workflow.trigger_conditions import (
    ANY_TOPIC,
    MAX_VALUE,
    UINT256_MAX,
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
)
from hourglass.workflow.trigger_description import describe
from hourglass.workflow.trigger_encoding import decode, encode, encode_log
from hourglass.workflow.trigger_rules import Facts, Recover, TriggerDataError, holds
from hourglass.workflow.trigger_watching import chain_events, reads_data, watched_data

__all__ = [
    "AllOf",
    "Always",
    "AnyOf",
    "BlockThreshold",
    "ChainEvent",
    "Comparison",
    "Condition",
    "DataHash",
    "Facts",
    "MultiSig",
    "Not",
    "OracleValue",
    "PriceThreshold",
    "Recover",
    "ResultCompare",
    "TimeThreshold",
    "TriggerConditionType",
    "TriggerDataError",
    "TriggerError",
    "all_of",
    "always",
    "any_of",
    "approved_by",
    "at_block",
    "at_time",
    "chain_event",
    "chain_events",
    "data_hash",
    "decode",
    "describe",
    "encode",
    "encode_log",
    "holds",
    "not_",
    "oracle_within",
    "price_above",
    "price_below",
    "reads_data",
    "result_above",
    "result_at_least",
    "result_at_most",
    "result_below",
    "result_differs",
    "result_equals",
    "watched_data",
]

EVENT = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*\([a-z0-9,\[\]()]*\)")
SHORTENED_TYPE = re.compile(r"(?<![a-z])(u?int)(?![0-9a-z])")
TopicFilter = Address | bytes | str | int | None
"""None: any. An address, 32 bytes, either as hexadecimal, or a number; of a `string` or `bytes` its keccak256."""


class Indexed(Protocol):
    """What has a phase's index: a phase."""

    @property
    def index(self) -> PhaseIndex:
        """Its number within the workflow."""


# ── What authors write ────────────────────────────────────────────────────────────────────────────────
# Each raises TriggerError for what the contract would refuse.


def always() -> Condition:
    """Holds at once."""
    return Always()


def price_above(threshold: int) -> Condition:
    """The watched price is above this, in the feed's own units."""
    return PriceThreshold(threshold, is_greater=True)


def price_below(threshold: int) -> Condition:
    """The watched price is below this, in the feed's own units."""
    return PriceThreshold(threshold, is_greater=False)


def oracle_within(expected: int, tolerance: int) -> Condition:
    """The watched value is at most `tolerance` away from the expected one, on either side."""
    return OracleValue(expected, tolerance)


def at_time(when: int | datetime) -> Condition:
    """From this Unix second, or moment with a time zone, on the chain's clock."""
    if isinstance(when, datetime):
        if when.utcoffset() is None:
            raise TriggerError(f"{when} is no moment without its time zone: say datetime(…, tzinfo=UTC).")
        when = math.ceil(when.timestamp())
    return TimeThreshold(when)


def at_block(number: int) -> Condition:
    """From this block number on."""
    return BlockThreshold(number)


def data_hash(digest: bytes | str) -> Condition:
    """The watched data has this keccak256."""
    return DataHash(_bytes(digest, "a data hash"))


def approved_by(*signers: Address | str, required: int | None = None) -> Condition:
    """So many of these accounts (all, if not said) have signed that this attempt may go on."""
    listed = tuple(_address(signer, "a signer") for signer in signers)
    return MultiSig(listed, len(listed) if required is None else required)


def result_above(phase: Indexed | int, value: int) -> Condition:
    """The result of a phase in `after` is above this."""
    return _result(phase, Comparison.GREATER, value)


def result_at_least(phase: Indexed | int, value: int) -> Condition:
    """The result of a phase in `after` is this or above."""
    return _result(phase, Comparison.AT_LEAST, value)


def result_below(phase: Indexed | int, value: int) -> Condition:
    """The result of a phase in `after` is below this."""
    return _result(phase, Comparison.LESS, value)


def result_at_most(phase: Indexed | int, value: int) -> Condition:
    """The result of a phase in `after` is this or below."""
    return _result(phase, Comparison.AT_MOST, value)


def result_equals(phase: Indexed | int, value: int) -> Condition:
    """The result of a phase in `after` is this; of one that returns bool, True or False."""
    return _result(phase, Comparison.EQUAL, value)


def result_differs(phase: Indexed | int, value: int) -> Condition:
    """A phase in `after` has a result, and it is another."""
    return _result(phase, Comparison.NOT_EQUAL, value)


def chain_event(emitter: Address | str, event: str, *topic_filters: TopicFilter) -> Condition:
    """This contract has logged this event, as "Transfer(address,address,uint256)", with these indexed arguments.

    None stands for any argument. A zero can't be asked for: in a filter it means any.
    """
    if not EVENT.fullmatch(event) or SHORTENED_TYPE.search(event.partition("(")[2]):
        raise TriggerError(
            f"{event!r} is no event signature: write its name and its full types alone, without spaces, as "
            '"Transfer(address,address,uint256)".'
        )
    topics = (keccak(event.encode("ascii")), *map(_topic, topic_filters))
    return ChainEvent(_address(emitter, "an event's emitter"), topics)


def all_of(*conditions: Condition) -> Condition:
    """Each of these holds."""
    return AllOf(conditions)


def any_of(*conditions: Condition) -> Condition:
    """One of these holds, or more."""
    return AnyOf(conditions)


def not_(condition: Condition) -> Condition:
    """The other does not hold; so what still waits for its value counts as fulfilled."""
    return Not(condition)


# ── Friendly arguments ────────────────────────────────────────────────────────────────────────────────


def _result(phase: Indexed | int, comparison: Comparison, value: int) -> Condition:
    index = PhaseIndex(phase) if isinstance(phase, int) else phase.index
    return ResultCompare(index, comparison, int(value) if isinstance(value, bool) else value)


def _bytes(value: bytes | str, what: str) -> bytes:
    if isinstance(value, str):
        try:
            return bytes.fromhex(value.removeprefix("0x"))
        except ValueError as error:
            raise TriggerError(f"{what} is hexadecimal with 0x, not {value!r}.") from error
    return bytes(value)


def _address(value: bytes | str, what: str) -> Address:
    raw = _bytes(value, what)
    if len(raw) != ADDRESS_BYTES:
        raise TriggerError(f"{what} is an address of {ADDRESS_BYTES} bytes, not {value!r}.")
    return Address(raw)


def _topic(value: TopicFilter) -> bytes:
    match value:
        case None:
            return ANY_TOPIC
        case int() if -MAX_VALUE - 1 <= value <= UINT256_MAX:
            word = (value % (UINT256_MAX + 1)).to_bytes(WORD_BYTES, "big")
        case bytes() | str():
            word = _bytes(value, "a topic filter")
            word = word.rjust(WORD_BYTES, b"\0") if len(word) == ADDRESS_BYTES else word
        case _:
            raise TriggerError(f"{value!r} is no topic filter: give an address, 32 bytes, a number or None.")
    if len(word) != WORD_BYTES:
        raise TriggerError(f"a topic filter has {ADDRESS_BYTES} or {WORD_BYTES} bytes, not {len(word)}.")
    if word == ANY_TOPIC:
        raise TriggerError("a topic filter of zero would match anything: say None if that is meant.")
    return word
