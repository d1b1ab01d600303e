"""Which phase attempts should be worked, and why an answer belongs to none of them. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from hourglass.certificate.slots import ObservationSlot
from hourglass.reasons import Reason
from hourglass.workflow.events import PhaseStarted
from hourglass.workflow.execution import Execution
from hourglass.workflow.history import History
from hourglass.workflow.identifiers import Address, ChainId, Tick


@dataclass(frozen=True, slots=True)
class OpenPhase:
    """A phase attempt that takes a result, with the execution as it stood when it opened."""

    slot: ObservationSlot
    execution: Execution
    started: PhaseStarted


@dataclass(frozen=True, slots=True)
class Home:
    """The one state machine that a node serves."""

    chain_id: ChainId
    state_machine: Address

    def slot(self, started: PhaseStarted) -> ObservationSlot:
        """Where operators observe and sign for this phase attempt as a whole."""
        return ObservationSlot(
            self.chain_id,
            self.state_machine,
            started.execution_id,
            started.phase_index,
            started.attempt,
            Tick(0),
        )

    def open_phases(self, history: History) -> Iterator[OpenPhase]:
        """Every phase attempt that the chain has open, with its gate open or closed."""
        for execution in history.running.values():
            for index in execution.open_phases:
                started = execution.phase(index).started
                if started is not None:
                    yield OpenPhase(self.slot(started), execution, started)

    def why_homeless(self, slot: ObservationSlot, history: History) -> Reason:
        """Why no session takes an answer for this slot."""
        if slot.chain_id != self.chain_id:
            return Reason.WRONG_CHAIN
        if slot.state_machine != self.state_machine:
            return Reason.WRONG_CONTRACT
        execution = history.executions.get(slot.execution_id)
        if execution is None:
            return Reason.UNKNOWN_EXECUTION
        started = execution.phase(slot.phase_index).started
        if started is not None and self.slot(started) != slot.at_tick(Tick(0)):
            return Reason.WRONG_ATTEMPT
        return Reason.PHASE_NOT_OPEN
