"""How single fields become msgpack values and back: both directions, and the bounds, in one place each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import ObservationSlot
from hourglass.certificate.ticks import CertifiedTick
from hourglass.errors import DecodeError
from hourglass.reasons import Reason
from hourglass.workflow.definition import (
    MAX_OBSERVATION_BYTES,
    MAX_PAYLOAD_BYTES,
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


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of field. `pack` gives a msgpack value; `unpack` raises DecodeError for anything else."""

    pack: Callable[[Any], object]
    unpack: Callable[[object], Any]
    optional: bool = False
    """None is left out of a message; so a field that a later release added is None in an earlier one's messages."""


def malformed(detail: str) -> DecodeError:
    """For a field that is not what it must be."""
    return DecodeError(Reason.MALFORMED, detail)


def integer(most: int) -> Kind:
    """0 to `most`."""

    def unpack(value: object) -> int:
        if type(value) is not int or not 0 <= value <= most:
            raise malformed(f"Expected an integer up to {most}.")
        return value

    return Kind(unpack, unpack)


def exactly(length: int) -> Kind:
    """Bytes of one length."""

    def unpack(value: object) -> bytes:
        if not isinstance(value, bytes) or len(value) != length:
            raise malformed(f"Expected {length} bytes.")
        return bytes(value)

    return Kind(unpack, unpack)


def up_to(length: int) -> Kind:
    """Bytes of bounded length."""

    def unpack(value: object) -> bytes:
        if not isinstance(value, bytes):
            raise malformed("Expected bytes.")
        if len(value) > length:
            raise DecodeError(Reason.OVERSIZED, f"A field has {len(value)} bytes; {length} are allowed.")
        return value

    return Kind(unpack, unpack)


def text(length: int) -> Kind:
    """Text of bounded length."""

    def unpack(value: object) -> str:
        if not isinstance(value, str):
            raise malformed("Expected text.")
        if len(value) > length:
            raise DecodeError(Reason.OVERSIZED, f"A text has {len(value)} characters; {length} are allowed.")
        return value

    return Kind(unpack, unpack)


def listed(kind: Kind, most: int) -> Kind:
    """A list of bounded length."""

    def pack(values: tuple[Any, ...]) -> object:
        return [kind.pack(value) for value in bounded(values)]

    def unpack(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise malformed("Expected a list.")
        return tuple(kind.unpack(one) for one in bounded(value))

    def bounded(values: Any) -> Any:
        if len(values) > most:
            raise DecodeError(Reason.OVERSIZED, f"A list has {len(values)} entries; {most} are allowed.")
        return values

    return Kind(pack, unpack)


def row(make: Callable[..., Any], take: Callable[[Any], tuple[Any, ...]], *kinds: Kind) -> Kind:
    """Several fields in a fixed order: a list on the wire, one value in Python."""

    def pack(value: Any) -> object:
        return [kind.pack(part) for kind, part in zip(kinds, take(value), strict=True)]

    def unpack(value: object) -> Any:
        if not isinstance(value, list) or len(value) != len(kinds):
            raise malformed(f"Expected {len(kinds)} fields.")
        return make(*(kind.unpack(part) for kind, part in zip(kinds, value, strict=True)))

    return Kind(pack, unpack)


def optional(kind: Kind) -> Kind:
    """Nothing, or a value of this kind."""
    return Kind(
        lambda value: None if value is None else kind.pack(value),
        lambda value: None if value is None else kind.unpack(value),
        optional=True,
    )


UINT32_FIELD = integer(UINT32)
WORD = exactly(WORD_BYTES)
ADDRESS = Kind(bytes, lambda value: Address(exactly(ADDRESS_BYTES).unpack(value)))
PAYLOAD = up_to(MAX_PAYLOAD_BYTES)
RESULT = up_to(MAX_RESULT_BYTES)
OBSERVED = up_to(MAX_OBSERVATION_BYTES)
ECDSA_SIGNATURE = exactly(ECDSA_SIGNATURE_BYTES)
BLS_SIGNATURE = exactly(BLS_SIGNATURE_BYTES)
OPERATOR_SET = row(OperatorSetId, lambda one: (one.avs, one.number), ADDRESS, UINT32_FIELD)
OBSERVATION_SLOT = row(
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
    BLS_SIGNATURE,
)
