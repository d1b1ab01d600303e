"""Which performer does which work: Python workflows do the phases that they define, a gRPC performer the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.performers.port import Performer, Work
from agent.performers.python import PythonPerformer
from hourglass.certificate.slots import Kind
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.identifiers import PhaseIndex, StakeWeight


@dataclass(frozen=True, slots=True)
class RoutingPerformer:
    """Both in one agent.

    Phases go by the definition on-chain: to Python if one of its workflows compiles to it. Plain tasks go to the gRPC
    performer, always: a workflow with a task handler of its own beside it is refused at the start.
    """

    python: PythonPerformer
    foreign: Performer

    async def perform(self, work: Work, timeout_s: float) -> bytes:
        """By whoever knows how."""
        return await self._of(work).perform(work, timeout_s)

    async def watch(self, work: Work, timeout_s: float) -> list[bytes] | None:
        """By whoever does the phase."""
        return await self._of(work).watch(work, timeout_s)

    async def reduce(
        self,
        definition: bytes,
        phase_index: PhaseIndex,
        phase: PhaseDefinition,
        observations: Sequence[tuple[bytes, StakeWeight]],
        timeout_s: float,
    ) -> bytes:
        """By whoever does the phase."""
        performer = self._by_definition(definition)
        return await performer.reduce(definition, phase_index, phase, observations, timeout_s)

    def _of(self, work: Work) -> Performer:
        return self.foreign if work.kind is Kind.TASK else self._by_definition(work.definition_hash)

    def _by_definition(self, definition: bytes) -> Performer:
        return self.python if definition in self.python.definition_hashes else self.foreign
