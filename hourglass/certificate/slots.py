"""The slot: what an operator may sign once, and what it may observe once.

A TaskMailbox task has a slot, too, so that one journal guards both: the contract is the mailbox, the execution is the
task's hash, and all the rest is 0.
"""

from dataclasses import dataclass, replace
from enum import Enum

from hourglass.workflow.definition import MAX_PAYLOAD_BYTES, MAX_RESULT_BYTES
from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    ChainId,
    ExecutionId,
    PhaseIndex,
    Round,
    Tick,
)

MAX_TASK_BYTES = 131_072
"""A task's payload came in one transaction and its result leaves in one, and nodes pass on none above 128 KiB."""


class Kind(Enum):
    """Which contract's work it is, and so which message hash is signed for it."""

    PHASE = "phase"
    """A phase of a workflow, of a `WorkflowStateMachine`."""
    TASK = "task"
    """A single task, of EigenLayer's `TaskMailbox`."""

    @property
    def max_payload_bytes(self) -> int:
        """How much it may be about."""
        return MAX_TASK_BYTES if self is Kind.TASK else MAX_PAYLOAD_BYTES

    @property
    def max_result_bytes(self) -> int:
        """How much its result may have."""
        return MAX_TASK_BYTES if self is Kind.TASK else MAX_RESULT_BYTES


@dataclass(frozen=True, slots=True)
class ObservationSlot:
    """Where one operator observes once. It has no round: an observation stands for every round's proposal."""

    chain_id: ChainId
    state_machine: Address
    execution_id: ExecutionId
    phase_index: PhaseIndex
    attempt: Attempt
    tick: Tick
    kind: Kind = Kind.PHASE

    def at_tick(self, tick: Tick) -> "ObservationSlot":
        """The slot of another tick of the same phase attempt; tick 0 is the whole phase's."""
        return replace(self, tick=tick)

    def in_round(self, round: Round) -> "Slot":
        """The slot in which results of this round are signed."""
        return Slot(
            self.chain_id,
            self.state_machine,
            self.execution_id,
            self.phase_index,
            self.attempt,
            self.tick,
            round,
            self.kind,
        )


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one operator signs one digest, for ever. Every field of a phase's slot is in the digest."""

    chain_id: ChainId
    state_machine: Address
    execution_id: ExecutionId
    phase_index: PhaseIndex
    attempt: Attempt
    tick: Tick
    round: Round
    kind: Kind = Kind.PHASE

    @property
    def observation_slot(self) -> ObservationSlot:
        """Where the observations behind this slot's proposals were made."""
        return ObservationSlot(
            self.chain_id,
            self.state_machine,
            self.execution_id,
            self.phase_index,
            self.attempt,
            self.tick,
            self.kind,
        )


def task_slot(chain_id: ChainId, mailbox: Address, task_hash: bytes) -> ObservationSlot:
    """The slot of a TaskMailbox task."""
    return ObservationSlot(
        chain_id, mailbox, ExecutionId(task_hash), PhaseIndex(0), Attempt(0), Tick(0), Kind.TASK
    )
