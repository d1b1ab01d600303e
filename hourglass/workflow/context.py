"""What a handler is given: its phase's inputs, typed, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hourglass.workflow.identifiers import Address, Attempt, ChainTime, ExecutionId, PhaseIndex, Tick

if TYPE_CHECKING:
    from hourglass.workflow.authoring import Phase

T = TypeVar("T")


class NoResultError(LookupError):
    """The phase ended without a result: it was skipped, or failed and its definition goes on without it."""


class EarlyStop(Exception):
    """Raised by a CONTINUOUS phase's handler: end the series with this tick, whose value is `value`.

    The series ends only if a quorum of stake wishes it at the same tick; otherwise `value` counts as an ordinary
    observation.
    """

    def __init__(self, value: object) -> None:
        super().__init__(value)
        self.value = value


@dataclass(frozen=True, slots=True)
class Context:
    """One handler call's inputs.

    In an IMMEDIATE, CONDITIONAL or AGGREGATION phase the handler must compute the same bytes on every operator: use
    nothing but what is here. In a COORDINATION or CONTINUOUS phase it observes the world, and may differ.
    """

    workflow_name: str
    execution_id: ExecutionId
    phase_index: PhaseIndex
    attempt: Attempt
    tick: Tick
    """Counts from 1 in CONTINUOUS phases; 0 in all others."""
    payload: bytes
    """What `executeWorkflow` was called with."""
    results: Mapping[PhaseIndex, bytes | None]
    """Raw results of the phases that this one depends on, None without one; `result` gives them typed."""
    trigger_data: bytes | None
    """What a source opened a CONDITIONAL phase's gate with."""
    operator: Address
    """Who is running this. A deterministic handler must not let its result depend on it."""
    deadline: ChainTime
    """The phase's, or the moment from which a tick counts as missed."""

    def result(self, phase: "Phase[T]") -> T:
        """The certified result of a phase that this one depends on, or of the fallback that stood in for it.

        Raises KeyError for a phase that is not among `after`, NoResultError for one that ended without a result.
        """
        raw = self._raw(phase)
        if raw is None:
            raise NoResultError(f"phase {phase.name!r} ended without a result")
        return phase.result_type.decode(raw)

    def has_result(self, phase: "Phase[T]") -> bool:
        """Did the phase end with a result? Raises KeyError for a phase that is not among `after`."""
        return self._raw(phase) is not None

    def _raw(self, phase: "Phase[T]") -> bytes | None:
        if phase.index not in self.results:
            raise KeyError(f"phase {phase.name!r} is not among this phase's `after`")
        return self.results[phase.index]
