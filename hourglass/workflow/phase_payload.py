"""A phase as one payload: how a gRPC performer, which knows only tasks, is told that its work is a phase.

    magic (8 bytes) ‖ version (1 byte) ‖ abi.encode(the fields of `PAYLOAD_ABI`, in order)

The first byte of the magic occurs nowhere in UTF-8, so no text and no JSON begins like this. What a plain task's
payload holds is its creator's: one that begins with the magic is never handed to a performer (`is_phase`).
docs/developers/performers.md has it for those who write performers.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from eth_hash.auto import keccak

from hourglass.workflow import abi
from hourglass.workflow.identifiers import Address, Attempt, ChainTime, ExecutionId, PhaseIndex, Tick
from hourglass.workflow.phases import PhaseType

MAGIC = b"\xffHGPHASE"
VERSION = 1
PAYLOAD_ABI = (
    "bytes32",  # definition hash
    "bytes32",  # execution id
    "uint32",  # phase
    "string",  # its name
    "uint8",  # its type
    "uint32",  # attempt
    "uint32",  # tick
    "uint64",  # deadline
    "address",  # operator
    "bytes",  # payload of the execution
    "uint32[]",  # phases that it depends on …
    "bool[]",  # … whether each has a result …
    "bytes[]",  # … and the results, empty where there is none
    "bool",  # was it triggered by a source?
    "bytes",  # with this data
    "bytes",  # metadata
)
TASK_ID_ABI = ("bytes32", "uint32", "uint32", "uint32")


class UnsupportedVersionError(ValueError):
    """The payload is a phase's, of a later version."""


@dataclass(frozen=True, slots=True)
class PhasePayload:
    """All that a handler may compute from."""

    definition_hash: bytes
    execution_id: ExecutionId
    phase_index: PhaseIndex
    phase_name: str
    phase_type: PhaseType
    attempt: Attempt
    tick: Tick
    deadline: ChainTime
    operator: Address
    payload: bytes
    results: tuple[tuple[PhaseIndex, bytes | None], ...]
    """Of the phases that this one depends on; None of one that ended without."""
    trigger_data: bytes | None
    metadata: bytes

    def encode(self) -> bytes:
        """The payload's bytes. Raises ValueError for what is out of range."""
        return (
            MAGIC
            + bytes([VERSION])
            + abi.encode(
                PAYLOAD_ABI,
                [
                    self.definition_hash,
                    self.execution_id,
                    self.phase_index,
                    self.phase_name,
                    int(self.phase_type),
                    self.attempt,
                    self.tick,
                    self.deadline,
                    bytes(self.operator),
                    self.payload,
                    [index for index, _ in self.results],
                    [result is not None for _, result in self.results],
                    [result or b"" for _, result in self.results],
                    self.trigger_data is not None,
                    self.trigger_data or b"",
                    self.metadata,
                ],
            )
        )

    @classmethod
    def decode(cls, data: bytes) -> "PhasePayload":
        """The phase in these bytes.

        Raises UnsupportedVersionError for a later version's, ValueError for any that `encode` does not give.
        """
        if not is_phase(data):
            raise ValueError("it does not begin as a phase's payload does")
        start = len(MAGIC) + 1
        if data[start - 1 : start] != bytes([VERSION]):
            raise UnsupportedVersionError(
                f"version {data[start - 1 : start].hex()}, where {VERSION} is known"
            )
        (
            definition,
            execution,
            phase,
            name,
            phase_type,
            attempt,
            tick,
            deadline,
            operator,
            payload,
            phases,
            present,
            results,
            triggered,
            trigger_data,
            metadata,
        ) = abi.decode(PAYLOAD_ABI, data[start:])
        made = cls(
            definition,
            ExecutionId(execution),
            PhaseIndex(phase),
            name,
            PhaseType(phase_type),
            Attempt(attempt),
            Tick(tick),
            ChainTime(deadline),
            Address(operator),
            payload,
            tuple(_inputs(phases, present, results)),
            trigger_data if triggered else None,
            metadata,
        )
        if made.encode() != data:
            raise ValueError("it holds data where it says that there is none")
        return made


def _inputs(
    phases: Iterable[int], present: Iterable[bool], results: Iterable[bytes]
) -> Iterable[tuple[PhaseIndex, bytes | None]]:
    for index, there, result in zip(phases, present, results, strict=True):
        yield PhaseIndex(index), result if there else None


def is_phase(payload: bytes) -> bool:
    """Does it begin as a phase's payload does, of whatever version?"""
    return payload.startswith(MAGIC)


def task_id_of_phase(execution: ExecutionId, phase: PhaseIndex, attempt: Attempt, tick: Tick) -> bytes:
    """What a performer is given as a task's hash: 32 bytes that differ for each attempt and tick."""
    return bytes(keccak(abi.encode(TASK_ID_ABI, [execution, phase, attempt, tick])))


def task_id(digest: bytes) -> bytes:
    """32 bytes as Hourglass' performers get them: 66 characters of ASCII, 0x and lower-case hexadecimal."""
    return b"0x" + digest.hex().encode()
