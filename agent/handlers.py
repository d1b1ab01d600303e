"""From a checked request to a handler's bytes: which code, with what inputs, for how long."""

from dataclasses import dataclass

from agent.checks import Evidence
from agent.performers.port import Performer, Work
from hourglass.certificate.quorum import quorum_reached
from hourglass.errors import HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.definition import MAX_OBSERVATION_BYTES, MAX_RESULT_BYTES
from hourglass.workflow.identifiers import Address, ChainTime
from hourglass.workflow.phases import PLANS
from hourglass.workflow.series import TickValue
from hourglass.workflow.series_end import largest_value
from messages.requests import PhaseRequest, Proposal

REDUCE_TIMEOUT_S = 10.0
"""Reducers are arithmetic over at most 1,024 values."""
WATCH_TIMEOUT_S = 10.0
"""A condition is looked at every few seconds: a slower look is of no use."""


@dataclass(frozen=True, slots=True)
class Handlers:
    """Runs the AVS's code through a performer, within the time that the phase has left."""

    performer: Performer
    timeout_s: float

    async def run(self, request: PhaseRequest, evidence: Evidence, operator: Address) -> bytes:
        """The handler's encoded value; of a tick, its `TickValue`. Raises HandlerError."""
        view = evidence.view
        ends = ChainTime(evidence.schedule.closes(request.slot.tick)) if request.slot.tick else view.deadline
        work = _work(request, evidence, operator, ends)
        left_s = max(float(ends - view.as_of), 1.0)
        observes = PLANS[view.phase_type].observes
        most = MAX_OBSERVATION_BYTES if observes else request.slot.kind.max_result_bytes
        return _bounded(await self.performer.perform(work, min(self.timeout_s, left_s)), most)

    async def watch(self, request: PhaseRequest, evidence: Evidence, operator: Address) -> list[bytes] | None:
        """What the phase's own `watch` sees: one value, or the approvals for a MULTI_SIG; None without one.

        Raises HandlerError.
        """
        work = _work(request, evidence, operator, evidence.view.deadline)
        return await self.performer.watch(work, min(self.timeout_s, WATCH_TIMEOUT_S))

    async def reduce(self, proposal: Proposal, evidence: Evidence) -> bytes:
        """The agreed value, encoded; of a tick, its `TickValue`. The first stake column weighs. Raises HandlerError."""
        view, table = evidence.view, evidence.table
        observations = [
            (observation.value, table.operator(observation.operator).weights[0])
            for observation in proposal.observations
        ]
        value = await self.performer.reduce(
            view.definition_hash, proposal.slot.phase_index, evidence.phase, observations, REDUCE_TIMEOUT_S
        )
        if proposal.slot.tick == 0:
            return _bounded(value, MAX_RESULT_BYTES)
        # Refused at its tick, where it can still be seen and mended: a series that is too long ends nowhere.
        _bounded(value, min(largest_value(evidence.schedule.ticks), MAX_OBSERVATION_BYTES - 1))
        return TickValue(_wish_to_stop(proposal, evidence), value).encode()


def _work(request: PhaseRequest, evidence: Evidence, operator: Address, ends: ChainTime) -> Work:
    slot = request.slot
    return Work(
        definition_hash=evidence.view.definition_hash,
        execution_id=slot.execution_id,
        phase_index=slot.phase_index,
        phase_name=evidence.phase.name,
        phase_type=evidence.phase.phase_type,
        metadata=evidence.phase.metadata,
        attempt=slot.attempt,
        tick=slot.tick,
        payload=request.payload,
        results=request.dependency_results,
        trigger_data=request.trigger_data,
        operator=operator,
        deadline=ends,
        kind=slot.kind,
    )


def _wish_to_stop(proposal: Proposal, evidence: Evidence) -> bool:
    """Does the same quorum of stake that certifies a tick wish to end the series with it?"""
    stopping = [one.operator for one in proposal.observations if _stops(one.value)]
    table = evidence.table
    return bool(stopping) and quorum_reached(
        table.weight_of(stopping), table.total_weights, evidence.view.consensus_threshold
    )


def _stops(observed: bytes) -> bool:
    try:
        return TickValue.decode(observed).stop
    except ValueError:
        return False


def _bounded(value: bytes, most: int) -> bytes:
    if len(value) > most:
        raise HandlerError(Reason.RESULT_TOO_LARGE, f"It has {len(value)} bytes; {most} are allowed here.")
    return value
