"""A performer as the agent sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hourglass.certificate.slots import Kind
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    ChainTime,
    ExecutionId,
    PhaseIndex,
    StakeWeight,
    Tick,
)
from hourglass.workflow.phases import PhaseType


@dataclass(frozen=True, slots=True)
class Work:
    """One handler call: everything that it may compute from."""

    definition_hash: bytes
    execution_id: ExecutionId
    phase_index: PhaseIndex
    phase_name: str
    phase_type: PhaseType
    metadata: bytes
    """Of the phase's definition on-chain."""
    attempt: Attempt
    tick: Tick
    payload: bytes
    results: tuple[tuple[PhaseIndex, bytes | None], ...]
    trigger_data: bytes | None
    operator: Address
    deadline: ChainTime
    kind: Kind = Kind.PHASE
    """Of a task, the payload is all that there is, and `execution_id` its hash."""


class Performer(Protocol):
    """Runs handlers, reducers and watches.

    Work may be asked for again, after a crash or a lost answer: code that must not run twice has to see to it
    itself. Raises HandlerError: UNKNOWN_WORKFLOW, HANDLER_FAILED, HANDLER_TIMED_OUT, HANDLER_WRONG_TYPE,
    REDUCER_FAILED, PERFORMER_CRASHED, and what a performer of its kind adds.
    """

    async def perform(self, work: Work, timeout_s: float) -> bytes:
        """Run the phase's handler; its value, encoded, and of a tick as a `TickValue`. Of a task, the result."""
        ...

    async def watch(self, work: Work, timeout_s: float) -> list[bytes] | None:
        """Run what the author gave to watch a condition with: one value, or approvals; None if there is nothing."""
        ...

    async def reduce(
        self,
        definition_hash: bytes,
        phase_index: PhaseIndex,
        phase: PhaseDefinition,
        observations: Sequence[tuple[bytes, StakeWeight]],
        timeout_s: float,
    ) -> bytes:
        """Run the phase's reducer over encoded observations; the agreed value, encoded."""
        ...
