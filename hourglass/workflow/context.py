"""What a handler is given: its phase's inputs, typed, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hourglass.workflow.identifiers import Address, Attempt, ChainTime, ExecutionId, PhaseIndex, Tick

if TYPE_CHECKING:
    from hourglass.workflow.authoring import Phase

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Context:
    """One handler call's inputs.

    In an IMMEDIATE phase the handler must compute the same bytes on every operator: use nothing but what is
    here. In a COORDINATION phase it observes the world, and may differ.
    """

    workflow_name: str
    execution_id: ExecutionId
    phase_index: PhaseIndex
    attempt: Attempt
    tick: Tick
    payload: bytes
    """What `executeWorkflow` was called with."""
    results: Mapping[PhaseIndex, bytes]
    """Raw results of the phases that this one depends on; `result` gives them typed."""
    operator: Address
    """Who is running this. An IMMEDIATE handler must not let its result depend on it."""
    deadline: ChainTime

    def result(self, phase: "Phase[T]") -> T:
        """The certified result of a phase that this one depends on. Raises KeyError for any other phase."""
        if phase.index not in self.results:
            raise KeyError(f"phase {phase.name!r} is not among this phase's `after`")
        return phase.value_type.decode(self.results[phase.index])
