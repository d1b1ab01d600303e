"""Real agents and aggregators on the in-memory twins: lossy buses, lost nodes, liars and reorgs."""

from collections.abc import Sequence

import pytest

from hourglass import Context, Reducer, Weighed, Workflow, stake_weighted_median
from hourglass.bus.memory import Faults
from hourglass.testing.network import memory_network
from hourglass.workflow.execution import ExecutionStatus
from hourglass.workflow.identifiers import PhaseIndex

HONEST = Workflow("sum")
SET = {"operator_set": 1, "threshold": "66.67%", "timeout": 60}


@HONEST.coordination(operator_set=1, threshold="66.67%", timeout=60, reduce=stake_weighted_median)
async def agree(ctx: Context) -> int:
    return 1_000 + ctx.operator[0] % 10


@HONEST.immediate(operator_set=1, threshold="66.67%", timeout=60)
async def length(ctx: Context) -> int:
    return len(ctx.payload)


@HONEST.immediate(after=[agree, length], operator_set=2, threshold="66.67%", timeout=60)
async def total(ctx: Context) -> int:
    return ctx.result(agree) + ctx.result(length)


def ten_times(observations: Sequence[Weighed[int]]) -> int:
    return 10 * stake_weighted_median.reduce(observations)


LYING = Workflow("sum")


@LYING.coordination(
    operator_set=1,
    threshold="66.67%",
    timeout=60,
    reduce=Reducer(stake_weighted_median.name, ten_times),
    name="agree",
)
async def agree_wrongly(ctx: Context) -> int:
    return 10**9


@LYING.immediate(operator_set=1, threshold="66.67%", timeout=60, name="length")
async def length_wrongly(ctx: Context) -> int:
    return -1


@LYING.immediate(after=["agree", "length"], operator_set=2, threshold="66.67%", timeout=60, name="total")
async def total_wrongly(ctx: Context) -> int:
    return -1


async def test_phases_side_by_side_and_one_that_waits_for_both() -> None:
    async with memory_network(HONEST) as network:
        execution = await network.execute(b"seven")
        agreed = await network.result(execution, agree)
        assert 1_000 <= agreed < 1_010
        assert await network.result(execution, length) == 5
        assert await network.result(execution, total) == agreed + 5


@pytest.mark.parametrize("seed", range(6))
async def test_a_bus_that_drops_repeats_and_delays_costs_time_only(seed: int) -> None:
    faults = Faults(drop=0.3, duplicate=0.2, delay=0.3, max_delay_s=0.3)
    async with memory_network(HONEST, faults=faults, seed=seed) as network:
        executions = [await network.execute(b"%d" % number) for number in range(3)]
        for execution in executions:
            assert (await network.ended(execution)).status is ExecutionStatus.COMPLETED


async def test_the_largest_minority_of_liars_changes_nothing() -> None:
    async with memory_network(HONEST, others={1: LYING, 4: LYING}) as network:
        execution = await network.execute(b"seven")
        assert 1_000 <= await network.result(execution, agree) < 1_010
        assert await network.result(execution, length) == 5


async def test_with_two_aggregators_either_may_be_lost() -> None:
    for lost in range(2):
        async with memory_network(HONEST, aggregators=2) as network:
            network.aggregators[lost].cancel()
            execution = await network.execute(b"seven")
            assert (await network.ended(execution)).status is ExecutionStatus.COMPLETED


async def test_two_aggregators_complete_every_phase_once() -> None:
    async with memory_network(HONEST, aggregators=2) as network:
        executions = [await network.execute(b"%d" % number) for number in range(5)]
        for execution in executions:
            assert (await network.ended(execution)).status is ExecutionStatus.COMPLETED


async def test_a_wiped_bus_costs_time_only() -> None:
    async with memory_network(HONEST) as network:
        execution = await network.execute(b"seven")
        network.hub.wipe()
        assert (await network.ended(execution)).status is ExecutionStatus.COMPLETED


async def test_a_reorg_that_takes_the_execution_back_is_followed_and_a_new_one_completes() -> None:
    async with memory_network(HONEST) as network:
        execution = await network.execute(b"lost")
        await network.ended(execution)
        network.ledger.reorg(3, keep_transactions=False, grow=2)
        again = await network.execute(b"found")
        assert (await network.ended(again)).status is ExecutionStatus.COMPLETED
        view = await network.chain.phase(again, PhaseIndex(1))
        assert view is not None
        assert int.from_bytes(view.result, "big") == 5


async def test_too_little_stake_ends_in_a_timeout_that_nobody_has_to_ask_for() -> None:
    async with memory_network(HONEST) as network:
        network.agents[0].cancel()
        execution = await network.execute(b"few")
        network.ledger.advance(61)
        assert (await network.ended(execution)).status is ExecutionStatus.FAILED
