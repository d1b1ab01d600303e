"""One definition for every rule that it breaks, and some that keep to the very limit of each.

Held against `validate`, the in-memory chain and the contract: all must give the same answer, by the same name.
"""

from typing import Any

from hourglass.testing.worlds import TIMEOUT_S, phase
from hourglass.workflow import abi
from hourglass.workflow.definition import (
    FailurePolicy,
    PhaseDefinition,
    TriggerMode,
    WorkflowDefinition,
)
from hourglass.workflow.identifiers import Address, PhaseIndex
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import MAX_TICKS
from hourglass.workflow.triggers import always, approved_by, chain_event, encode, result_above
from hourglass.workflow.validation import (
    MAX_ATTEMPTS,
    MAX_EXECUTION_TIMEOUT_S,
    MAX_METADATA_BYTES,
    MAX_NAME_BYTES,
    MAX_TIMEOUT_S,
)

FALLBACK = FailurePolicy.FALLBACK
ALICE = Address(b"\x0a" * 20)
WORD = abi.WORD


def of(*phases: PhaseDefinition, name: str = "w", timeout_s: int = 0) -> WorkflowDefinition:
    return WorkflowDefinition(name, phases, timeout_s)


def gated(condition: bytes = encode(always()), *after: int, **changes: Any) -> PhaseDefinition:
    return phase("gated", *after, kind=PhaseType.CONDITIONAL, condition=condition, **changes)


def ticking(*fields: int | str, timeout_s: int = TIMEOUT_S) -> PhaseDefinition:
    types = ["uint256" if isinstance(field, int) else "string" for field in fields]
    metadata = abi.encode(types, fields)
    return phase("ticking", kind=PhaseType.CONTINUOUS, metadata=metadata, timeout_s=timeout_s)


def falling(name: str, to: int, *after: int) -> PhaseDefinition:
    return phase(name, *after, on_failure=FALLBACK, fallback_phase=PhaseIndex(to))


def leaf(kind: int, types: list[str], *values: Any) -> bytes:
    """A condition as bytes, whatever its values."""
    return abi.encode(["uint8", "bytes"], [kind, abi.encode(types, values)])


def nested(inner: bytes, depth: int) -> bytes:
    """The condition behind so many NOTs."""
    for _ in range(depth):
        inner = abi.encode(["uint8", "bytes"], [11, inner])
    return inner


MULTI_SIG = ["address[]", "uint256"]
RESULT_COMPARE = ["uint32", "uint8", "int256"]

IMPOSSIBLE: dict[str, tuple[WorkflowDefinition, ...]] = {
    "NameLengthOutOfRange": (of(phase("a"), name=""), of(phase("a"), name="é" * (MAX_NAME_BYTES // 2) + "x")),
    "PhaseCountOutOfRange": (of(), of(*(phase(str(n)) for n in range(65)))),
    "PhaseNameLengthOutOfRange": (of(phase("")), of(phase("x" * (MAX_NAME_BYTES + 1)))),
    "DuplicatePhaseName": (of(phase("a"), phase("b"), phase("a")),),
    "TimeoutOutOfRange": (of(phase("a", timeout_s=0)), of(phase("a", timeout_s=MAX_TIMEOUT_S + 1))),
    "ThresholdOutOfRange": (
        of(phase("a", threshold=0)),
        of(phase("a", kind=PhaseType.COORDINATION, threshold=0)),
        of(phase("a", kind=PhaseType.AGGREGATION, threshold=0)),
        of(phase("a", threshold=10_001)),
        of(gated(threshold=10_001)),
    ),
    "MetadataTooLarge": (of(phase("a", metadata=bytes(MAX_METADATA_BYTES + 1))),),
    "TriggerConditionMissing": (of(gated(b"")),),
    "TriggerConditionNotSupported": (
        of(phase("a", condition=encode(always()))),
        of(phase("a", kind=PhaseType.AGGREGATION, condition=b"x")),
    ),
    "ContinuousMetadataMalformed": (
        of(phase("a", kind=PhaseType.CONTINUOUS, metadata=b"")),
        of(phase("a", kind=PhaseType.CONTINUOUS, metadata=bytes(WORD))),
        of(ticking(60, 2, 3)),
        of(phase("a", kind=PhaseType.CONTINUOUS, metadata=abi.encode(["uint256"] * 2, [60, 2]) + b"\0")),
    ),
    "IntervalOutOfRange": (of(ticking(0, 1)), of(ticking(MAX_TIMEOUT_S + 1, 1)), of(ticking(2**256 - 1, 1))),
    "TooManyTicks": (
        of(ticking(1, MAX_TICKS + 1)),
        of(ticking(1, 2**256 - 1)),
        of(ticking(1, 0, timeout_s=MAX_TICKS + 1)),
    ),
    "TicksDoNotFit": (of(ticking(60, 3, timeout_s=120)), of(ticking(MAX_TIMEOUT_S, MAX_TICKS))),
    "DependencyOutOfRange": (of(phase("a", 1)), of(phase("a"), phase("b", 0, 2**32 - 1))),
    "SelfDependency": (of(phase("a"), phase("b", 1)),),
    "DuplicateDependency": (of(phase("a"), phase("b", 0, 0)),),
    "DependencyCycle": (of(phase("a"), phase("b", 2), phase("c", 1)),),
    "ExecutionTimeoutOutOfRange": (of(phase("a"), timeout_s=MAX_EXECUTION_TIMEOUT_S + 1),),
    "AttemptsOutOfRange": (of(phase("a", max_attempts=MAX_ATTEMPTS + 1)),),
    "OptionNotSupported": (
        of(phase("a", trigger_mode=TriggerMode.SOURCE)),
        of(phase("a", kind=PhaseType.CONTINUOUS, skip_if_unmet=True)),
    ),
    "FallbackOutOfRange": (
        of(phase("a"), phase("b", fallback_phase=PhaseIndex(1))),
        of(phase("a", on_failure=FailurePolicy.CONTINUE, fallback_phase=PhaseIndex(1)), phase("b")),
        of(falling("a", 0)),
        of(falling("a", 2), phase("b")),
    ),
    "FallbackDependenciesDiffer": (of(phase("a"), falling("b", 2), phase("c", 0)),),
    "FallbackShared": (of(falling("a", 2), falling("b", 2), phase("c")),),
    "FallbackIsDependency": (of(falling("a", 1), phase("b"), phase("c", 1)),),
    "FallbackCycle": (of(falling("a", 1), falling("b", 2), falling("c", 0), phase("d")),),
    # Trigger conditions
    "TriggerMalformed": (of(gated(b"x")), of(gated(encode(always()) + bytes(WORD)))),
    "TriggerUnknownType": (of(gated(leaf(12, []))),),
    "TriggerTooLarge": (of(gated(bytes(2_049))),),
    "TriggerTooDeep": (of(gated(nested(encode(always()), 4))),),
    # The seventeenth is counted before it is looked at; one that is well formed would be too large as well.
    "TriggerTooManyConditions": (
        of(gated(leaf(9, ["bytes[]"], (*(nested(encode(always()), 2),) * 5, b"")))),
    ),
    "TriggerChildrenOutOfRange": (
        of(gated(leaf(10, ["bytes[]"], ()))),
        of(gated(leaf(9, ["bytes[]"], (encode(always()),) * 9))),
    ),
    "TriggerValueOutOfRange": (
        of(gated(leaf(1, ["uint256", "bool"], 2**255, True))),
        of(gated(leaf(5, ["uint256", "uint256"], 2**255, 1))),
    ),
    "TriggerSignersOutOfRange": (
        of(gated(leaf(4, MULTI_SIG, (), 0))),
        of(gated(leaf(4, MULTI_SIG, tuple(bytes([n]) * 20 for n in range(1, 34)), 1))),
    ),
    "TriggerZeroSigner": (of(gated(leaf(4, MULTI_SIG, (ALICE, bytes(20)), 1))),),
    "TriggerDuplicateSigner": (of(gated(leaf(4, MULTI_SIG, (ALICE, ALICE), 1))),),
    "TriggerRequiredOutOfRange": (
        of(gated(leaf(4, MULTI_SIG, (ALICE,), 0))),
        of(gated(leaf(4, MULTI_SIG, (ALICE,), 2))),
    ),
    "TriggerUnknownComparison": (of(phase("a"), gated(leaf(7, RESULT_COMPARE, 0, 6, 1), 0)),),
    "TriggerUnknownDependency": (of(phase("a"), gated(leaf(7, RESULT_COMPARE, 1, 0, 1), 0)),),
    "TriggerTopicsOutOfRange": (
        of(gated(leaf(8, ["address", "bytes32[]"], ALICE, ()))),
        of(gated(leaf(8, ["address", "bytes32[]"], ALICE, (b"\x01" * WORD,) * 5))),
    ),
    "TriggerTopicZero": (of(gated(leaf(8, ["address", "bytes32[]"], ALICE, (bytes(WORD),)))),),
}
"""By the contract's error."""

POSSIBLE: dict[str, WorkflowDefinition] = {
    "names as long as may be": of(phase("é" * (MAX_NAME_BYTES // 2)), name="x" * MAX_NAME_BYTES),
    "the shortest and the longest timeout": of(
        phase("a", timeout_s=1), phase("b", timeout_s=MAX_TIMEOUT_S), timeout_s=MAX_EXECUTION_TIMEOUT_S
    ),
    "all stake, and a hair of it": of(phase("a", threshold=10_000), phase("b", threshold=1)),
    "any stake": of(gated(threshold=0), phase("t", kind=PhaseType.CONTINUOUS, threshold=0)),
    "metadata as large as may be": of(phase("a", metadata=bytes(MAX_METADATA_BYTES))),
    "as many ticks as may be": of(ticking(1, MAX_TICKS, timeout_s=MAX_TICKS)),
    "one tick": of(ticking(MAX_TIMEOUT_S, 1, timeout_s=1)),
    "ticks until the timeout": of(ticking(7, 0, "mode", timeout_s=MAX_TICKS * 7)),
    "the last tick at the last second": of(ticking(60, 3, timeout_s=121)),
    "dependencies that point forward": of(phase("a", 1, 2), phase("b", 2), phase("c")),
    "attempts as many as may be": of(phase("a", max_attempts=MAX_ATTEMPTS)),
    "a fallback's fallback, in another order of dependencies": of(
        phase("a"), phase("b"), falling("c", 3, 0, 1), falling("d", 4, 1, 0), phase("e", 0, 1), phase("f", 2)
    ),
    "a fallback before its phase": of(phase("a"), falling("b", 0)),
    "another AVS's operators": of(phase("a", avs=Address(b"\xfa" * 20))),
    "a condition as deep as may be": of(gated(nested(encode(always()), 3))),
    "as many conditions as may be": of(gated(leaf(9, ["bytes[]"], (nested(encode(always()), 2),) * 5))),
    "every option of a condition": of(
        phase("a"),
        gated(encode(result_above(0, -5)), 0, trigger_mode=TriggerMode.SOURCE, skip_if_unmet=True),
        phase(
            "seen",
            kind=PhaseType.CONDITIONAL,
            condition=encode(chain_event(ALICE, "Seen()", None, 5)),
            skip_if_unmet=True,
        ),
        phase("approved", kind=PhaseType.CONDITIONAL, condition=encode(approved_by(ALICE))),
    ),
}
"""By what is at its limit in it."""
