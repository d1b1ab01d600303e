"""The algebra of trigger conditions: what a CONDITIONAL phase can wait for, one frozen value per kind.

A value that exists is one that the contract takes, but for three limits of the whole that `trigger_encoding` checks:
its size, its depth and its number of conditions. Each refusal bears the name of the contract's error for the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from hourglass.errors import DefinitionError
from hourglass.workflow.identifiers import WORD_BYTES, Address, PhaseIndex

MAX_CHILDREN = 8
MAX_SIGNERS = 32
MAX_TOPICS = 4
"""As many as a log can have."""
MAX_VALUE = 2**255 - 1
"""Prices and values are int256; what they are compared with must be one of them."""
UINT256_MAX = 2**256 - 1
UINT32_MAX = 2**32 - 1
ANY_TOPIC = bytes(WORD_BYTES)
"""In an event filter, behind its first topic: whatever stands there."""


class TriggerError(DefinitionError):
    """A trigger condition that the contract would refuse, by its custom error `rule`; empty if only Python sees it."""


class TriggerConditionType(IntEnum):
    """Numbered as the contract numbers them."""

    NONE = 0
    PRICE_THRESHOLD = 1
    TIME_THRESHOLD = 2
    DATA_HASH = 3
    MULTI_SIG = 4
    ORACLE_VALUE = 5
    BLOCK_THRESHOLD = 6
    RESULT_COMPARE = 7
    CHAIN_EVENT = 8
    ALL = 9
    ANY = 10
    NOT = 11


class Comparison(IntEnum):
    """How a result compares with a value. Numbered as the contract numbers them."""

    EQUAL = 0
    NOT_EQUAL = 1
    LESS = 2
    AT_MOST = 3
    GREATER = 4
    AT_LEAST = 5

    def holds(self, left: int, right: int) -> bool:
        """Does `left` stand so to `right`?"""
        match self:
            case Comparison.EQUAL:
                return left == right
            case Comparison.NOT_EQUAL:
                return left != right
            case Comparison.LESS:
                return left < right
            case Comparison.AT_MOST:
                return left <= right
            case Comparison.GREATER:
                return left > right
            case Comparison.AT_LEAST:
                return left >= right


@dataclass(frozen=True, slots=True)
class Always:
    """NONE: it holds at once."""


@dataclass(frozen=True, slots=True)
class PriceThreshold:
    """The watched price is above (below) the threshold, not at it."""

    threshold: int
    is_greater: bool

    def __post_init__(self) -> None:
        _require_whole(self.threshold, "a price threshold", 0, MAX_VALUE, "TriggerValueOutOfRange")


@dataclass(frozen=True, slots=True)
class TimeThreshold:
    """The block's timestamp has reached this Unix second."""

    timestamp: int

    def __post_init__(self) -> None:
        _require_whole(self.timestamp, "a time", 0, UINT256_MAX)


@dataclass(frozen=True, slots=True)
class BlockThreshold:
    """The chain has reached this block number."""

    number: int

    def __post_init__(self) -> None:
        _require_whole(self.number, "a block number", 0, UINT256_MAX)


@dataclass(frozen=True, slots=True)
class DataHash:
    """The keccak256 of the watched data is this one."""

    digest: bytes

    def __post_init__(self) -> None:
        _require_word(self.digest, "a data hash")


@dataclass(frozen=True, slots=True)
class MultiSig:
    """At least so many of these accounts have approved this very attempt (EIP-712 `TriggerApproval`)."""

    signers: tuple[Address, ...]
    required: int

    def __post_init__(self) -> None:
        if not 1 <= len(self.signers) <= MAX_SIGNERS:
            raise TriggerError(
                f"an approval by {len(self.signers)} signers: list 1 to {MAX_SIGNERS} of them.",
                "TriggerSignersOutOfRange",
            )
        seen: set[bytes] = set()
        for signer in self.signers:
            if not any(signer):
                raise TriggerError(
                    "the zero address can sign nothing: list real signers.", "TriggerZeroSigner"
                )
            if signer in seen:
                raise TriggerError(
                    f"signer {signer} is listed twice: list each once.", "TriggerDuplicateSigner"
                )
            seen.add(signer)
        _require_whole(
            self.required,
            "the number of required approvals",
            1,
            len(self.signers),
            "TriggerRequiredOutOfRange",
        )


@dataclass(frozen=True, slots=True)
class OracleValue:
    """The watched value is no further than `tolerance` from the expected one."""

    expected: int
    tolerance: int

    def __post_init__(self) -> None:
        _require_whole(self.expected, "an expected value", 0, MAX_VALUE, "TriggerValueOutOfRange")
        _require_whole(self.tolerance, "a tolerance", 0, UINT256_MAX)


@dataclass(frozen=True, slots=True)
class ResultCompare:
    """The result of a phase that it depends on, one int256, compares so with the value."""

    phase_index: PhaseIndex
    comparison: Comparison
    value: int

    def __post_init__(self) -> None:
        _require_whole(self.phase_index, "a phase's index", 0, UINT32_MAX)
        if not isinstance(self.comparison, Comparison):
            raise TriggerError(
                f"{self.comparison!r} is no way to compare: take one of Comparison.",
                "TriggerUnknownComparison",
            )
        _require_whole(self.value, "the value that a result is compared with", -MAX_VALUE - 1, MAX_VALUE)


@dataclass(frozen=True, slots=True)
class ChainEvent:
    """A contract has logged an event whose first topics are these; `ANY_TOPIC` stands for whatever is there."""

    emitter: Address
    topics: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.topics) <= MAX_TOPICS:
            raise TriggerError(
                f"an event filter of {len(self.topics)} topics: it takes 1 to {MAX_TOPICS}, the event's own first.",
                "TriggerTopicsOutOfRange",
            )
        for topic in self.topics:
            _require_word(topic, "an event's topic")
        if self.topics[0] == ANY_TOPIC:
            raise TriggerError(
                "an event filter's first topic says which event: it can't be zero.", "TriggerTopicZero"
            )

    def matches(self, emitter: bytes, topics: Sequence[bytes]) -> bool:
        """Is this log one of them?"""
        return (
            emitter == self.emitter
            and len(topics) >= len(self.topics)
            and all(
                wanted in (ANY_TOPIC, actual) for wanted, actual in zip(self.topics, topics, strict=False)
            )
        )


@dataclass(frozen=True, slots=True)
class AllOf:
    """Each of these holds."""

    conditions: tuple["Condition", ...]

    def __post_init__(self) -> None:
        _require_children(self.conditions)


@dataclass(frozen=True, slots=True)
class AnyOf:
    """One of these holds, or more."""

    conditions: tuple["Condition", ...]

    def __post_init__(self) -> None:
        _require_children(self.conditions)


@dataclass(frozen=True, slots=True)
class Not:
    """The other does not hold."""

    condition: "Condition"

    def __post_init__(self) -> None:
        _require_condition(self.condition)


Condition = (
    Always
    | PriceThreshold
    | TimeThreshold
    | DataHash
    | MultiSig
    | OracleValue
    | BlockThreshold
    | ResultCompare
    | ChainEvent
    | AllOf
    | AnyOf
    | Not
)


def _require_whole(value: object, what: str, low: int, high: int, rule: str = "") -> None:
    if type(value) is not int:
        raise TriggerError(f"{what} is a whole number, not {value!r}.", rule)
    if not low <= value <= high:
        raise TriggerError(f"{what} is {value}; it must be {low} to {high}.", rule)


def _require_word(value: object, what: str) -> None:
    if not isinstance(value, bytes) or len(value) != WORD_BYTES:
        raise TriggerError(f"{what} has {WORD_BYTES} bytes, unlike {value!r}.")


def _require_children(conditions: tuple[object, ...]) -> None:
    check_child_count(len(conditions))
    for condition in conditions:
        _require_condition(condition)


def check_child_count(count: int) -> None:
    """Raise TriggerError unless so many conditions fit side by side."""
    if not 1 <= count <= MAX_CHILDREN:
        raise TriggerError(
            f"{count} conditions side by side: combine 1 to {MAX_CHILDREN}, and nest for more.",
            "TriggerChildrenOutOfRange",
        )


def _require_condition(condition: object) -> None:
    if not isinstance(condition, Condition):
        raise TriggerError(
            f"{condition!r} is no condition: make one with price_above, at_time, all_of and their like."
        )
