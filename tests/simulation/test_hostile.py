"""The whole network where somebody is down, cut off, or means harm, with the chain's clock moved by hand."""

import asyncio
from dataclasses import replace

import pytest

from hourglass import Context, Workflow
from hourglass.bus.memory import MemoryBus
from hourglass.bus.port import StreamSpec
from hourglass.certificate.slots import ObservationSlot
from hourglass.certificate.ticks import CertifiedTick
from hourglass.chain.port import ExecutionView
from hourglass.testing.network import MemoryNetwork, memory_network
from hourglass.workflow.execution import ExecutionStatus
from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    ExecutionId,
    InputsHash,
    OperatorSetId,
    PhaseIndex,
    Round,
    Tick,
)
from hourglass.workflow.series import Series, TickValue
from messages.requests import PhaseRequest, Proposal, SeriesProposal, TickCertificate
from messages.responses import Attestation, Refusal
from messages.subjects import STREAMS, subject_of
from messages.wire import Message, encode

INTERVAL_S = 100


def monitor(updates: int, execution_timeout_s: int = 0, threshold: str = "66.67%") -> Workflow:
    workflow = Workflow("monitor", timeout=execution_timeout_s)

    @workflow.continuous(
        operator_set=1, threshold=threshold, timeout=3_600, interval=INTERVAL_S, updates=updates
    )
    async def watch(ctx: Context) -> int:
        return 100 + ctx.tick

    return workflow


async def pass_ticks(network: MemoryNetwork, execution: ExecutionId, ticks: int) -> None:
    for tick in range(1, ticks + 1):
        await network.certified(execution, PhaseIndex(0), Tick(tick))
        if tick < ticks:
            network.ledger.advance(INTERVAL_S)


async def test_a_series_ends_in_time_where_the_execution_s_deadline_comes_before_its_last_ticks() -> None:
    workflow = monitor(updates=12, execution_timeout_s=250)
    async with memory_network(workflow) as network:
        execution = await network.execute()
        await pass_ticks(network, execution, 3)
        series: Series[int] = await network.result(execution, workflow.phases[0], timeout_s=10)
        assert dict(series) == {1: 101, 2: 102, 3: 103}


@pytest.mark.parametrize("down", [0, 1])
async def test_a_series_is_signed_when_either_aggregator_is_lost_as_soon_as_it_is_over(down: int) -> None:
    workflow = monitor(updates=3)
    async with memory_network(workflow, aggregators=2) as network:
        execution = await network.execute()
        await pass_ticks(network, execution, 2)
        network.aggregators[down].cancel()
        network.ledger.advance(INTERVAL_S)
        # The clock goes on in steps of two rounds: without more, all looks would fall into the turns of one.
        view: ExecutionView | None = None
        for _ in range(12):
            try:
                view = await network.ended(execution, timeout_s=0.5)
                break
            except TimeoutError:
                network.ledger.advance(30)
        assert view is not None
        assert view.status is ExecutionStatus.COMPLETED


async def test_nonsense_from_a_bus_that_anybody_may_speak_on_stops_nobody() -> None:
    workflow = monitor(updates=3)
    async with memory_network(workflow, aggregators=1) as network:
        execution = await network.execute()
        flood = asyncio.create_task(speak_nonsense(network, execution))
        for tick in (1, 2, 3):
            await really_certified(network, execution, tick)
            if tick < 3:
                network.ledger.advance(INTERVAL_S)
        series: Series[int] = await network.result(execution, workflow.phases[0])
        flood.cancel()
        assert series.missed == ()
        assert all(not task.done() for task in (*network.agents, *network.aggregators))


async def really_certified(network: MemoryNetwork, execution: ExecutionId, tick: int) -> None:
    async with asyncio.timeout(20):
        while True:
            known = (await network.known(execution, 0)).get("ticks", {}).get("known", [])
            if any(one["tick"] == tick and not one["missed"] for one in known):
                return
            await asyncio.sleep(0.02)


async def speak_nonsense(network: MemoryNetwork, execution: ExecutionId) -> None:
    """Well-formed messages of every kind about this very attempt, none of them true."""
    bus = MemoryBus(network.hub)
    await bus.ensure_streams(tuple(StreamSpec(**plan.as_dict()) for plan in STREAMS))
    while True:
        for message in await nonsense(network, execution):
            subject = str(subject_of(message))
            await bus.publish(subject, encode(message))
        await asyncio.sleep(0.5)


async def nonsense(network: MemoryNetwork, execution: ExecutionId) -> list[Message]:
    chain = network.chain
    view = await chain.phase(execution, PhaseIndex(0))
    assert view is not None
    slot = ObservationSlot(
        chain.chain_id, chain.state_machine, execution, PhaseIndex(0), view.attempt, Tick(0)
    )
    tick = CertifiedTick(Tick(2), Round(0), TickValue(True, b"").encode(), b"\x1f", bytes(64))
    whole = (tick, replace(tick, tick=Tick(1)), replace(tick, tick=Tick(0)), replace(tick, tick=Tick(168)))
    somebody, signature = view.aggregators[0], bytes(65)
    about: list[tuple[ObservationSlot, OperatorSetId]] = [
        (slot, view.operator_set),
        (slot.at_tick(Tick(1)), view.operator_set),
        (slot.at_tick(Tick(2**32 - 1)), view.operator_set),
        (replace(slot, attempt=Attempt(0)), view.operator_set),
        (replace(slot, phase_index=PhaseIndex(63)), view.operator_set),
        (replace(slot, execution_id=ExecutionId(bytes(32))), view.operator_set),
    ]
    made: list[Message] = []
    for where, members in about:
        first, late = where.in_round(Round(0)), where.in_round(Round(2**32 - 1))
        inputs, pinned = view.inputs_hash, view.reference_timestamp
        results = ((PhaseIndex(7), None),)
        made += [
            PhaseRequest(where, members, pinned, inputs, b"x", results, None, (), somebody),
            Proposal(first, members, inputs, (), somebody, signature),
            Proposal(late, members, InputsHash(bytes(32)), (), somebody, signature),
            SeriesProposal(first, members, inputs, 168, whole, somebody, signature),
            SeriesProposal(late, members, inputs, 0, (), somebody, signature),
            *(TickCertificate(where, members, inputs, one) for one in whole),
        ]
        for who in (network.operators[4], Address(bytes(20))):
            made += [
                Refusal(where, members, who, "tick_left_out", "x"),
                Attestation(late, members, who, inputs, pinned, b"", bytes(64)),
                Attestation(first, members, who, inputs, pinned, b"\0", b"\1" * 64),
            ]
    return made
