"""A trigger condition in words."""

from collections.abc import Iterable
from datetime import UTC, datetime

from hourglass.workflow.trigger_conditions import (
    ANY_TOPIC,
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
)

COMPARED = {
    Comparison.EQUAL: "is",
    Comparison.NOT_EQUAL: "is not",
    Comparison.LESS: "is below",
    Comparison.AT_MOST: "is at most",
    Comparison.GREATER: "is above",
    Comparison.AT_LEAST: "is at least",
}


def describe(condition: Condition) -> str:
    """One sentence without its full stop, for documents and logs."""
    phrase = _phrase(condition)
    return phrase[:1].upper() + phrase[1:]


def _phrase(condition: Condition) -> str:
    match condition:
        case Always():
            return "it holds at once"
        case PriceThreshold(threshold, is_greater):
            return f"the price is {'above' if is_greater else 'below'} {threshold}"
        case TimeThreshold(timestamp):
            return f"the chain's time has reached {timestamp}{_date(timestamp)}"
        case BlockThreshold(number):
            return f"the chain has reached block {number}"
        case DataHash(digest):
            return f"the data's keccak256 is 0x{digest.hex()}"
        case MultiSig(signers, required):
            return f"{required} of {_listed(signers)} {'has' if required == 1 else 'have'} approved"
        case OracleValue(expected, tolerance):
            return f"the value is within {tolerance} of {expected}"
        case ResultCompare(phase_index, comparison, value):
            return f"the result of phase {phase_index} {COMPARED[comparison]} {value}"
        case ChainEvent(emitter, topics):
            return f"{emitter} has logged an event with topics {_listed(map(_topic_text, topics))}"
        case AllOf(conditions):
            return f"all of ({'; '.join(map(_phrase, conditions))}) hold"
        case AnyOf(conditions):
            return f"any of ({'; '.join(map(_phrase, conditions))}) holds"
        case Not(child):
            return f"it is not so that {_phrase(child)}"


def _date(timestamp: int) -> str:
    try:
        return f" ({datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC)"
    except (ValueError, OverflowError, OSError):
        return ""  # Beyond the calendar; the number says it all.


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))


def _topic_text(topic: bytes) -> str:
    return "any" if topic == ANY_TOPIC else f"0x{topic.hex()}"
