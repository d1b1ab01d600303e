"""From a checked request to a handler's bytes: which code, with what inputs, for how long."""

from dataclasses import dataclass

from agent.performers.port import Performer, Work
from hourglass.certificate.operators import OperatorTable
from hourglass.chain.port import ChainView
from hourglass.errors import HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.definition import MAX_OBSERVATION_BYTES, MAX_RESULT_BYTES
from hourglass.workflow.identifiers import Address
from hourglass.workflow.phases import PLANS
from messages.requests import PhaseRequest, Proposal

REDUCE_TIMEOUT_S = 10.0
"""Reducers are arithmetic over at most 1,024 values."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """Runs the AVS's code through a performer, within the time that the phase has left."""

    performer: Performer
    timeout_s: float

    async def run(self, request: PhaseRequest, view: ChainView, operator: Address) -> bytes:
        """The handler's encoded value. Raises HandlerError."""
        slot = request.slot
        work = Work(
            definition_hash=view.definition_hash,
            execution_id=slot.execution_id,
            phase_index=slot.phase_index,
            attempt=slot.attempt,
            tick=slot.tick,
            payload=request.payload,
            results=request.dependency_results,
            operator=operator,
            deadline=view.deadline,
        )
        left_s = float(view.deadline - view.as_of)
        most = MAX_OBSERVATION_BYTES if PLANS[view.phase_type].observes else MAX_RESULT_BYTES
        return _bounded(await self.performer.perform(work, min(self.timeout_s, max(left_s, 1.0))), most)

    async def reduce(self, proposal: Proposal, view: ChainView, table: OperatorTable) -> bytes:
        """The agreed value, encoded. The first stake column weighs. Raises HandlerError."""
        observations = [
            (observation.value, table.operator(observation.operator).weights[0])
            for observation in proposal.observations
        ]
        return _bounded(
            await self.performer.reduce(
                view.definition_hash, proposal.slot.phase_index, observations, REDUCE_TIMEOUT_S
            ),
            MAX_RESULT_BYTES,
        )


def _bounded(value: bytes, most: int) -> bytes:
    if len(value) > most:
        raise HandlerError(Reason.RESULT_TOO_LARGE, f"It has {len(value)} bytes; {most} are allowed here.")
    return value
