"""All five types of phases on the in-memory twins, with the chain's clock moved by hand: an hour takes seconds."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from hourglass import (
    Context,
    EarlyStop,
    NoResultError,
    Series,
    Workflow,
    always,
    at_time,
    maximum,
    median,
    price_above,
    stake_weighted_median,
    total,
)
from hourglass.bus.memory import Faults
from hourglass.testing.network import MemoryNetwork, memory_network
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import Address, ExecutionId, PhaseIndex, Tick

INTERVAL_S, UPDATES = 300, 12
WEIGHTS = (400, 250, 150, 120, 80)


def oracle(threshold: int = 5_000) -> Workflow:
    """The price oracle as this field always writes it, and two phases more."""
    workflow = Workflow("price-oracle")

    @workflow.continuous(
        operator_set=1, threshold="none", timeout=3_600, interval=INTERVAL_S, updates=UPDATES,
        name="Price Monitoring",
    )  # fmt: skip
    async def monitor(ctx: Context) -> int:
        return 4_990 + 2 * ctx.tick

    @workflow.coordination(
        after=[monitor], operator_set=2, threshold=6_667, timeout=600, reduce=stake_weighted_median,
        name="Deviation Coordination",
    )  # fmt: skip
    async def deviation(ctx: Context) -> int:
        return (ctx.result(monitor).latest or 0) + ctx.operator[0] % 3

    @workflow.conditional(
        after=[deviation], operator_set=3, threshold="none", timeout=300, when=price_above(threshold),
        name="Price Update Execution",
    )  # fmt: skip
    async def update(ctx: Context) -> int:
        return ctx.result(deviation)

    @workflow.immediate(after=[monitor], operator_set=1, threshold="66.67%", timeout=60, name="Report")
    async def report(ctx: Context) -> int:
        return ctx.result(monitor).count

    workflow.combine(
        "Summary", of=[update, report], reduce=total, operator_set=2, threshold="66.67%", timeout=60
    )
    return workflow


async def until(
    network: MemoryNetwork, condition: Callable[[], Any], what: str, timeout_s: float = 20.0
) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)


async def pass_hour(network: MemoryNetwork, execution: ExecutionId, ticks: int = UPDATES) -> None:
    """Let each tick be certified, then move the chain's clock to the next one."""
    for tick in range(1, ticks + 1):
        await network.certified(execution, PhaseIndex(0), Tick(tick))
        if tick < ticks:
            network.ledger.advance(INTERVAL_S)


async def test_the_price_oracle_runs_as_it_is_written() -> None:
    workflow = oracle()
    monitor, deviation, update, report, summary = workflow.phases
    stakes = {1: (400, 250, 150, 0, 0), 2: WEIGHTS, 3: (0, 0, 150, 120, 80)}
    async with memory_network(workflow, WEIGHTS, stakes=stakes) as network:
        execution = await network.execute(b"ETH/USD")
        await pass_hour(network, execution)
        assert await network.result(execution, summary) == await network.result(execution, update) + UPDATES
        series: Series[int] = await network.result(execution, monitor)
        assert series.count == series.ticks == UPDATES
        assert list(series.values.values()) == [4_990 + 2 * tick for tick in range(1, 13)]
        assert await network.result(execution, report) == UPDATES
        assert 5_014 <= await network.result(execution, deviation) <= 5_016


async def test_a_condition_that_never_holds_times_the_execution_out() -> None:
    workflow = oracle(threshold=10_000)
    async with memory_network(workflow) as network:
        execution = await network.execute()
        await pass_hour(network, execution)
        await until(
            network, lambda: network.status(execution, 2) is PhaseStatus.ACTIVE, "the condition waits"
        )
        network.ledger.advance(301)
        assert (await network.ended(execution)).status is ExecutionStatus.FAILED
        assert network.status(execution, 2) is PhaseStatus.TIMED_OUT


async def test_operators_may_end_a_series_early_with_the_tick_at_which_they_agree_to() -> None:
    workflow = Workflow("watch")

    @workflow.continuous(operator_set=1, threshold="66.67%", timeout=3_600, interval=300, updates=12)
    async def watch(ctx: Context) -> int:
        # At tick 2 a minority wishes to stop, at tick 3 everybody does.
        if ctx.tick == 3 or (ctx.tick == 2 and ctx.operator[0] % 5 == 0):
            raise EarlyStop(100 + ctx.tick)
        return 100 + ctx.tick

    async with memory_network(workflow) as network:
        execution = await network.execute()
        for tick in (1, 2, 3):
            await network.certified(execution, PhaseIndex(0), Tick(tick))
            if tick < 3:
                network.ledger.advance(300)
        series = await network.result(execution, watch)
        assert series.stopped
        assert dict(series.values) == {1: 101, 2: 102, 3: 103}


async def test_a_tick_without_a_quorum_is_in_the_series_as_missed() -> None:
    workflow = Workflow("gaps")

    @workflow.continuous(
        operator_set=1, threshold="66.67%", timeout=600, interval=100, updates=4, reduce=median
    )
    async def watch(ctx: Context) -> int:
        if ctx.tick == 2:
            raise RuntimeError("the source is down")
        return int(ctx.tick)

    async with memory_network(workflow) as network:
        execution = await network.execute()
        await network.certified(execution, PhaseIndex(0), Tick(1))
        network.ledger.advance(100)
        network.ledger.advance(100)
        for tick in (3, 4):
            await network.certified(execution, PhaseIndex(0), Tick(tick))
            network.ledger.advance(100)
        series = await network.result(execution, watch)
        assert series.missed == (2,)
        assert list(series.values.values()) == [1, 3, 4]


async def test_a_series_goes_on_at_the_right_tick_when_its_aggregator_is_lost_with_everything() -> None:
    workflow = oracle()
    async with memory_network(workflow, aggregators=2) as network:
        execution = await network.execute()
        for tick in range(1, 6):
            await network.certified(execution, PhaseIndex(0), Tick(tick))
            network.ledger.advance(INTERVAL_S)
        await network.restart_aggregators()
        network.hub.wipe()
        for tick in range(6, 13):
            await network.certified(execution, PhaseIndex(0), Tick(tick))
            if tick < UPDATES:
                network.ledger.advance(INTERVAL_S)
        series: Series[int] = await network.result(execution, workflow.phases[0])
        assert series.missed == ()


async def test_a_phase_whose_condition_is_never_met_may_be_left_out() -> None:
    workflow = Workflow("optional")

    @workflow.conditional(
        operator_set=1, threshold="66.67%", timeout=100, when=at_time(2**40), skip_if_unmet=True
    )
    async def act(ctx: Context) -> int:
        return 1

    @workflow.immediate(after=[act], operator_set=1, threshold="66.67%", timeout=100)
    async def report(ctx: Context) -> str:
        try:
            return f"acted: {ctx.result(act)}"
        except NoResultError:
            return "nothing to do"

    async with memory_network(workflow) as network:
        execution = await network.execute()
        network.ledger.advance(101)
        assert await network.result(execution, report) == "nothing to do"
        assert network.status(execution, 0) is PhaseStatus.SKIPPED


async def test_a_phase_is_tried_again_and_then_its_fallback_stands_in() -> None:
    workflow = Workflow("fallback")

    @workflow.immediate(operator_set=1, threshold="66.67%", timeout=30, attempts=2, on_failure="plan_b")
    async def plan_a(ctx: Context) -> int:
        raise RuntimeError("it never works")

    @workflow.immediate(operator_set=1, threshold="66.67%", timeout=30)
    async def plan_b(ctx: Context) -> int:
        return 7

    @workflow.immediate(after=[plan_a], operator_set=1, threshold="66.67%", timeout=30)
    async def double(ctx: Context) -> int:
        return 2 * ctx.result(plan_a)

    async with memory_network(workflow) as network:
        execution = await network.execute()
        network.ledger.advance(31)
        await until(network, lambda: network.attempt(execution, 0) == 2, "the second attempt")
        network.ledger.advance(31)
        assert await network.result(execution, double) == 14
        assert network.status(execution, 0) is PhaseStatus.TIMED_OUT


async def test_a_workflow_may_go_on_without_a_phase_that_failed() -> None:
    workflow = Workflow("go-on")

    @workflow.immediate(operator_set=1, threshold="66.67%", timeout=30, on_failure="continue")
    async def fragile(ctx: Context) -> int:
        raise RuntimeError("down")

    @workflow.immediate(operator_set=1, threshold="66.67%", timeout=300)
    async def solid(ctx: Context) -> int:
        return 5

    best = workflow.combine(
        "best", of=[fragile, solid], reduce=maximum, operator_set=1, threshold="66.67%", timeout=300
    )
    async with memory_network(workflow) as network:
        execution = await network.execute()
        await until(network, lambda: network.status(execution, 1) is PhaseStatus.COMPLETED, "the solid phase")
        network.ledger.advance(31)
        assert await network.result(execution, best) == 5


async def test_a_source_opens_a_gate_and_its_data_reaches_the_handler() -> None:
    workflow = Workflow("gate")

    @workflow.conditional(
        operator_set=1, threshold="66.67%", timeout=300, when=always(), triggered_by="source"
    )
    async def opened(ctx: Context) -> bytes:
        return b"opened by " + (ctx.trigger_data or b"nobody")

    async with memory_network(workflow) as network:
        execution = await network.execute()
        assert network.status(execution, 0) is PhaseStatus.CONDITIONAL_WAITING
        await network.trigger(execution, opened, b"Ada")
        assert await network.result(execution, opened) == b"opened by Ada"


@pytest.mark.parametrize("watched", [4_999, 5_001])
async def test_operators_watch_a_value_of_their_own(watched: int) -> None:
    workflow = Workflow("watched")

    async def see(ctx: Context) -> int:
        return watched

    @workflow.conditional(operator_set=1, threshold="66.67%", timeout=300, when=price_above(5_000), watch=see)
    async def act(ctx: Context) -> str:
        return "acted"

    async with memory_network(workflow) as network:
        execution = await network.execute()
        if watched > 5_000:
            assert await network.result(execution, act) == "acted"
        else:
            await until(
                network,
                lambda: network.refusals(execution).count("condition_unmet") >= 5,
                "every operator says that it does not hold",
            )
            assert network.status(execution, 0) is PhaseStatus.ACTIVE


async def test_a_cancelled_execution_is_worked_no_more() -> None:
    workflow = oracle()
    async with memory_network(workflow) as network:
        execution = await network.execute()
        await network.certified(execution, PhaseIndex(0), Tick(1))
        await network.cancel(execution)
        assert (await network.ended(execution)).status is ExecutionStatus.CANCELLED


async def test_one_workflow_coordinates_operators_of_two_avss() -> None:
    workflow, other = Workflow("two"), Address(b"\x0c" * 20)

    @workflow.coordination(operator_set=1, threshold="66.67%", timeout=60, reduce=median)
    async def ours(ctx: Context) -> int:
        return 1

    @workflow.immediate(after=[ours], operator_set=1, avs=other, threshold="66.67%", timeout=60)
    async def theirs(ctx: Context) -> int:
        return ctx.result(ours) + 1

    async with memory_network(workflow) as network:
        execution = await network.execute()
        assert await network.result(execution, theirs) == 2
        view = await network.chain.phase(execution, theirs.index)
        assert view is not None
        assert view.operator_set.avs == other


async def settled_ticks(network: MemoryNetwork, execution: ExecutionId) -> list[dict[str, Any]]:
    known = await network.known(execution, 0)
    return list(known["ticks"]["known"]) if known else []


@pytest.mark.parametrize("seed", range(3))
async def test_a_lossy_bus_costs_a_series_no_tick(seed: int) -> None:
    workflow = oracle()
    faults = Faults(drop=0.2, duplicate=0.2, delay=0.3, max_delay_s=0.1)
    async with memory_network(workflow, faults=faults, seed=seed) as network:
        execution = await network.execute()
        for tick in range(1, UPDATES + 1):
            # Asked of the aggregator itself: what it publishes may be lost.
            async with asyncio.timeout(20):
                while not any(one["tick"] == tick for one in await settled_ticks(network, execution)):
                    await asyncio.sleep(0.02)
            network.ledger.advance(INTERVAL_S if tick < UPDATES else 1)
        series: Series[int] = await network.result(execution, workflow.phases[0])
        assert series.missed == ()
