"""`TaskSubmission` and `TaskResult` of Hourglass' `ExecutorService`, as protobuf puts them on the wire.

All their fields are numbers, texts or bytes: so they are read and written here, without generated code. A field that a
later release adds is passed over, as protobuf has it; a number or text that can be none is refused.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hourglass.certificate.ponos import (
    VERSION,
    ResultAuthentication,
    TaskSubmission,
    read_address,
    read_task_id,
    require_version,
)
from hourglass.errors import DecodeError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, OperatorSetId

SUBMIT_TASK = "/eigenlayer.hourglass.v1.ExecutorService/SubmitTask"
"""The gRPC method that takes the one and answers the other."""
VARINT, BYTES = 0, 2
"""Wire types."""
FIXED_BYTES = {1: 8, 5: 4}
"""Those that no field here has: so many bytes to pass over."""
MAX_VARINT_BYTES = 10
UINT32, UINT64 = 2**32, 2**64

Value = int | bytes


@dataclass(frozen=True, slots=True)
class SignedSubmission:
    """What the aggregator sends: `TaskSubmission`. Its signature is unverified."""

    aggregator: Address
    submission: TaskSubmission
    signature: bytes

    def encode(self) -> bytes:
        """As protobuf does, fields in order of their numbers."""
        task = self.submission
        return _encode(
            {
                1: _text("0x" + task.task_id.hex()),
                2: _text(str(self.aggregator)),
                3: _text(str(task.operator_set.avs)),
                4: task.payload,
                5: self.signature,
                6: task.operator_set.number,
                7: task.reference_timestamp,
                8: _text(str(task.executor)),
                9: task.task_block_number,
                10: VERSION,
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> "SignedSubmission":
        """Raises DecodeError(MALFORMED | UNSUPPORTED_VERSION)."""
        fields = _Fields(dict(_decode(data)))
        require_version(fields.number(10, UINT32))
        return cls(
            aggregator=read_address(fields.text(2)),
            submission=TaskSubmission(
                task_id=read_task_id(fields.text(1)),
                operator_set=OperatorSetId(read_address(fields.text(3)), fields.number(6, UINT32)),
                executor=read_address(fields.text(8)),
                reference_timestamp=fields.number(7, UINT32),
                task_block_number=fields.number(9, UINT64),
                payload=fields.raw(4),
            ),
            signature=fields.raw(5),
        )


@dataclass(frozen=True, slots=True)
class SignedResult:
    """What an executor answers: `TaskResult`. Neither of its signatures is verified."""

    authentication: ResultAuthentication
    """With the task, the operator, its set, and the result's signature."""
    output: bytes
    auth_signature: bytes

    def encode(self) -> bytes:
        """As protobuf does, fields in order of their numbers."""
        told = self.authentication
        return _encode(
            {
                1: _text("0x" + told.task_id.hex()),
                2: _text(str(told.operator)),
                3: self.output,
                4: told.result_signature,
                5: _text(str(told.operator_set.avs)),
                6: told.operator_set.number,
                7: self.auth_signature,
                8: VERSION,
            }
        )

    @classmethod
    def decode(cls, data: bytes) -> "SignedResult":
        """Raises DecodeError(MALFORMED | UNSUPPORTED_VERSION)."""
        fields = _Fields(dict(_decode(data)))
        require_version(fields.number(8, UINT32))
        return cls(
            authentication=ResultAuthentication(
                task_id=read_task_id(fields.text(1)),
                operator_set=OperatorSetId(read_address(fields.text(5)), fields.number(6, UINT32)),
                operator=read_address(fields.text(2)),
                result_signature=fields.raw(4),
            ),
            output=fields.raw(3),
            auth_signature=fields.raw(7),
        )


@dataclass(frozen=True, slots=True)
class _Fields:
    """By number; what is not there is zero or empty, as protobuf has it."""

    values: Mapping[int, Value]

    def number(self, field: int, below: int) -> int:
        value = self.values.get(field, 0)
        if not isinstance(value, int) or value >= below:
            raise _malformed(f"field {field} is no number below {below}")
        return value

    def raw(self, field: int) -> bytes:
        value = self.values.get(field, b"")
        if not isinstance(value, bytes):
            raise _malformed(f"field {field} is no bytes")
        return value

    def text(self, field: int) -> str:
        try:
            return self.raw(field).decode("ascii")
        except UnicodeDecodeError:
            raise _malformed(f"field {field} is no hexadecimal") from None


def _encode(fields: Mapping[int, Value]) -> bytes:
    """What is zero or empty is left out."""
    written = b""
    for field, value in fields.items():
        if not value:
            continue
        if isinstance(value, int):
            written += _varint(field << 3 | VARINT) + _varint(value)
        else:
            written += _varint(field << 3 | BYTES) + _varint(len(value)) + value
    return written


def _decode(data: bytes) -> Iterator[tuple[int, Value]]:
    """Fields in the order in which they stand: of one that is there twice, the last counts."""
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        field, wire_type = tag >> 3, tag & 0b111
        if field == 0:
            raise _malformed("a field has the number 0")
        if wire_type == VARINT:
            number, at = _read_varint(data, at)
            yield field, number
            continue
        if wire_type == BYTES:
            length, at = _read_varint(data, at)
        elif wire_type in FIXED_BYTES:
            length = FIXED_BYTES[wire_type]
        else:
            raise _malformed(f"field {field} is of wire type {wire_type}")
        if at + length > len(data):
            raise _malformed(f"field {field} is cut off")
        yield field, data[at : at + length]
        at += length


def _varint(value: int) -> bytes:
    written = b""
    while value >= 0x80:
        written += bytes([value & 0x7F | 0x80])
        value >>= 7
    return written + bytes([value])


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for place, byte in enumerate(data[at : at + MAX_VARINT_BYTES]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if value >= UINT64:
                break
            return value, at + place + 1
    raise _malformed("a number has no end")


def _text(value: str) -> bytes:
    return value.encode("ascii")


def _malformed(detail: str) -> DecodeError:
    return DecodeError(Reason.MALFORMED, f"In a message of ponos, {detail}.")
