"""The slot: what an operator may sign once, and what it may observe once."""

from dataclasses import dataclass, replace

from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    ChainId,
    ExecutionId,
    PhaseIndex,
    Round,
    Tick,
)


@dataclass(frozen=True, slots=True)
class ObservationSlot:
    """Where one operator observes once. It has no round: an observation stands for every round's proposal."""

    chain_id: ChainId
    state_machine: Address
    execution_id: ExecutionId
    phase_index: PhaseIndex
    attempt: Attempt
    tick: Tick

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
        )


@dataclass(frozen=True, slots=True)
class Slot:
    """Where one operator signs one digest, for ever. Every field is in the digest."""

    chain_id: ChainId
    state_machine: Address
    execution_id: ExecutionId
    phase_index: PhaseIndex
    attempt: Attempt
    tick: Tick
    round: Round

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
        )
