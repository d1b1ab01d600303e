"""How single fields become msgpack values and back: both directions, and the bounds, in one place each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import Kind, ObservationSlot, task_slot
from hourglass.certificate.ticks import CertifiedTick
from hourglass.errors import DecodeError
from hourglass.reasons import Reason
from hourglass.workflow.definition import (
    MAX_OBSERVATION_BYTES,
    MAX_PHASES,
    MAX_RESULT_BYTES,
    MAX_TRIGGER_DATA_BYTES,
)
from hourglass.workflow.identifiers import (
    ADDRESS_BYTES,
    WORD_BYTES,
    Address,
    Attempt,
    ChainId,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    Round,
    Tick,
)
from hourglass.workflow.series import MAX_TICKS

MAX_OPERATORS = 1_024
"""The largest operator set that certificates are built for."""
MAX_DETAIL_CHARACTERS = 256
"""A sentence: more belongs into the operator's own log."""
MAX_CODE_CHARACTERS = 64
UINT32 = 2**32 - 1
MSGPACK_UINT = 2**64 - 1
"""The widest integer that msgpack carries; real chain ids are far below it."""
ECDSA_SIGNATURE_BYTES = 65
BLS_SIGNATURE_BYTES = 64
TASK_SLOT_FIELDS = 3


@dataclass(frozen=True, slots=True)
class Shape:
    """What a field looks like. `pack` gives a msgpack value; `unpack` raises DecodeError for anything else."""

    pack: Callable[[Any], object]
    unpack: Callable[[object], Any]
    optional: bool = False
    """None is left out of a message; so a field that a later release added is None in an earlier one's messages."""


def malformed(detail: str) -> DecodeError:
    """For a field that is not what it must be."""
    return DecodeError(Reason.MALFORMED, detail)


def integer(most: int) -> Shape:
    """0 to `most`."""

    def unpack(value: object) -> int:
        if type(value) is not int or not 0 <= value <= most:
            raise malformed(f"Expected an integer up to {most}.")
        return value

    return Shape(unpack, unpack)


def exactly(length: int) -> Shape:
    """Bytes of one length."""

    def unpack(value: object) -> bytes:
        if not isinstance(value, bytes) or len(value) != length:
            raise malformed(f"Expected {length} bytes.")
        return bytes(value)

    return Shape(unpack, unpack)


def one_of(*lengths: int) -> Shape:
    """Bytes of one of these lengths."""

    def unpack(value: object) -> bytes:
        if not isinstance(value, bytes) or len(value) not in lengths:
            raise malformed(f"Expected {' or '.join(map(str, lengths))} bytes.")
        return bytes(value)

    return Shape(unpack, unpack)


def up_to(length: int) -> Shape:
    """Bytes of bounded length."""

    def unpack(value: object) -> bytes:
        if not isinstance(value, bytes):
            raise malformed("Expected bytes.")
        if len(value) > length:
            raise DecodeError(Reason.OVERSIZED, f"A field has {len(value)} bytes; {length} are allowed.")
        return value

    return Shape(unpack, unpack)


def text(length: int) -> Shape:
    """Text of bounded length."""

    def unpack(value: object) -> str:
        if not isinstance(value, str):
            raise malformed("Expected text.")
        if len(value) > length:
            raise DecodeError(Reason.OVERSIZED, f"A text has {len(value)} characters; {length} are allowed.")
        return value

    return Shape(unpack, unpack)


def listed(shape: Shape, most: int) -> Shape:
    """A list of bounded length."""

    def pack(values: tuple[Any, ...]) -> object:
        return [shape.pack(value) for value in bounded(values)]

    def unpack(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise malformed("Expected a list.")
        return tuple(shape.unpack(one) for one in bounded(value))

    def bounded(values: Any) -> Any:
        if len(values) > most:
            raise DecodeError(Reason.OVERSIZED, f"A list has {len(values)} entries; {most} are allowed.")
        return values

    return Shape(pack, unpack)


def row(make: Callable[..., Any], take: Callable[[Any], tuple[Any, ...]], *shapes: Shape) -> Shape:
    """Several fields in a fixed order: a list on the wire, one value in Python."""

    def pack(value: Any) -> object:
        return [shape.pack(part) for shape, part in zip(shapes, take(value), strict=True)]

    def unpack(value: object) -> Any:
        if not isinstance(value, list) or len(value) != len(shapes):
            raise malformed(f"Expected {len(shapes)} fields.")
        return make(*(shape.unpack(part) for shape, part in zip(shapes, value, strict=True)))

    return Shape(pack, unpack)


def optional(shape: Shape) -> Shape:
    """Nothing, or a value of this shape."""
    return Shape(
        lambda value: None if value is None else shape.pack(value),
        lambda value: None if value is None else shape.unpack(value),
        optional=True,
    )


UINT32_FIELD = integer(UINT32)
WORD = exactly(WORD_BYTES)
ADDRESS = Shape(bytes, lambda value: Address(exactly(ADDRESS_BYTES).unpack(value)))
PAYLOAD = up_to(Kind.TASK.max_payload_bytes)
"""The largest of both kinds; that it is the chain's own, and so within its kind's bound, its hash tells."""
RESULT = up_to(MAX_RESULT_BYTES)
ATTESTED = up_to(Kind.TASK.max_result_bytes)
OBSERVED = up_to(MAX_OBSERVATION_BYTES)
ECDSA_SIGNATURE = exactly(ECDSA_SIGNATURE_BYTES)
SIGNATURE = one_of(BLS_SIGNATURE_BYTES, ECDSA_SIGNATURE_BYTES)
"""Of an operator set's key, on whichever curve: its table tells."""
OPERATOR_SET = row(OperatorSetId, lambda one: (one.avs, one.number), ADDRESS, UINT32_FIELD)
PHASE_SLOT = row(
    lambda chain, machine, execution, phase, attempt, tick: ObservationSlot(
        ChainId(chain), machine, ExecutionId(execution), PhaseIndex(phase), Attempt(attempt), Tick(tick)
    ),
    lambda one: (
        one.chain_id,
        one.state_machine,
        one.execution_id,
        one.phase_index,
        one.attempt,
        one.tick,
    ),
    integer(MSGPACK_UINT),
    ADDRESS,
    WORD,
    UINT32_FIELD,
    UINT32_FIELD,
    UINT32_FIELD,
)
TASK_SLOT = row(
    task_slot,
    lambda one: (one.chain_id, one.state_machine, one.execution_id),
    integer(MSGPACK_UINT),
    ADDRESS,
    WORD,
)
OBSERVATION_SLOT = Shape(
    lambda one: (TASK_SLOT if one.kind is Kind.TASK else PHASE_SLOT).pack(one),
    lambda value: (
        TASK_SLOT if isinstance(value, list) and len(value) == TASK_SLOT_FIELDS else PHASE_SLOT
    ).unpack(value),
)
"""A phase's slot has six fields on the wire, a task's three: all others of its are 0."""
SLOT = row(
    lambda observed, round: observed.in_round(Round(round)),
    lambda one: (one.observation_slot, one.round),
    OBSERVATION_SLOT,
    UINT32_FIELD,
)
SIGNED_OBSERVATION = row(
    SignedObservation,
    lambda one: (one.operator, one.value, one.signature),
    ADDRESS,
    OBSERVED,
    ECDSA_SIGNATURE,
)
DEPENDENCY_RESULTS = listed(
    row(lambda index, result: (PhaseIndex(index), result), lambda one: one, UINT32_FIELD, optional(RESULT)),
    MAX_PHASES,
)
TRIGGER_DATA = optional(up_to(MAX_TRIGGER_DATA_BYTES))
CERTIFIED_TICK = row(
    lambda tick, round, value, signers, signature: CertifiedTick(
        Tick(tick), Round(round), value, signers, signature
    ),
    lambda one: (one.tick, one.round, one.value, one.signers, one.signature),
    integer(MAX_TICKS),
    UINT32_FIELD,
    OBSERVED,
    up_to(MAX_OPERATORS // 8),
    up_to(MAX_OPERATORS * ECDSA_SIGNATURE_BYTES),
)
