"""Runs handlers in the test's own process: nothing protects the network from them, and a debugger reaches them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agent.performers import python_worker
from agent.performers.port import Work
from agent.performers.python import request_of
from hourglass.certificate.slots import Kind
from hourglass.errors import HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.authoring import Workflow
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.identifiers import PhaseIndex, StakeWeight


@dataclass(frozen=True, slots=True)
class DirectPerformer:
    """Runs handlers in this very process. They are the test's own: nothing protects the network from them."""

    workflows: Mapping[bytes, Workflow]

    async def perform(self, work: Work, timeout_s: float) -> bytes:
        """Run the phase's handler, or that of plain tasks."""
        try:
            async with asyncio.timeout(timeout_s):
                if work.kind is Kind.TASK:
                    return await python_worker.perform_task(self._for_tasks(), request_of(work))
                return await python_worker.perform(self._workflow(work.definition_hash), request_of(work))
        except TimeoutError as error:
            raise HandlerError(Reason.HANDLER_TIMED_OUT) from error

    async def watch(self, work: Work, timeout_s: float) -> list[bytes] | None:
        """Run what the author gave to watch a condition with."""
        try:
            async with asyncio.timeout(timeout_s):
                return await python_worker.watch(self._workflow(work.definition_hash), request_of(work))
        except TimeoutError as error:
            raise HandlerError(Reason.HANDLER_TIMED_OUT) from error

    async def reduce(
        self,
        definition: bytes,
        phase_index: PhaseIndex,
        phase: PhaseDefinition,
        observations: Sequence[tuple[bytes, StakeWeight]],
        timeout_s: float,
    ) -> bytes:
        """Run the phase's reducer."""
        request = {"phase": phase_index, "observations": observations}
        return python_worker.reduce(self._workflow(definition), request)

    def _for_tasks(self) -> Workflow:
        for workflow in self.workflows.values():
            if workflow.task_handler is not None:
                return workflow
        raise HandlerError(Reason.UNKNOWN_WORKFLOW)

    def _workflow(self, definition: bytes) -> Workflow:
        if definition not in self.workflows:
            raise HandlerError(Reason.UNKNOWN_WORKFLOW)
        return self.workflows[definition]
