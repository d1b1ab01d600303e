"""Plain tasks on the in-memory twins: drops, liars, lost aggregators, reorgs, expiry, both curves."""

import asyncio

import pytest

from hourglass import Context, TaskContext, Workflow
from hourglass.bus.memory import Faults
from hourglass.chain.mailbox_port import LoggedTaskEvent
from hourglass.chain.memory_mailbox import MemoryMailbox
from hourglass.chain.tasks import TaskStatus, TaskVerified
from hourglass.testing.network import MemoryNetwork, memory_network
from hourglass.workflow.identifiers import BlockNumber


def mixed(lies: bool = False) -> Workflow:
    """One phase, and a handler of plain tasks."""
    workflow = Workflow("mixed")

    @workflow.task
    async def answer(ctx: TaskContext) -> bytes:
        return b"a lie" if lies else ctx.payload.upper()

    @workflow.immediate(operator_set=1, threshold="66.67%", timeout=60)
    async def shout(ctx: Context) -> bytes:
        return ctx.payload.upper()

    return workflow


async def answers(network: MemoryNetwork) -> list[LoggedTaskEvent]:
    mailbox = MemoryMailbox(network.chain)
    head = await mailbox.head()
    logged = await mailbox.events(BlockNumber(0), head.number)
    return [one for one in logged if isinstance(one.event, TaskVerified)]


@pytest.mark.parametrize("ecdsa", [False, True])
@pytest.mark.parametrize("seed", [1, 2])
async def test_tasks_and_workflows_are_done_on_a_bus_that_drops_and_repeats(seed: int, ecdsa: bool) -> None:
    workflow = mixed()
    faults = Faults(drop=0.3, duplicate=0.2)
    async with memory_network(
        workflow, aggregators=2, others={4: mixed(lies=True)}, faults=faults, seed=seed,
        ecdsa_sets={1} if ecdsa else (), tasks=True,
    ) as network:  # fmt: skip
        tasks = [network.create_task(b"task %d" % number) for number in range(8)]
        execution = await network.execute(b"run")
        for number, task in enumerate(tasks):
            done = await network.task_ended(task)
            assert (done.status, done.result) == (TaskStatus.VERIFIED, b"TASK %d" % number)
        assert await network.result(execution, workflow.phases[0]) == b"RUN"
        assert sorted(one.event.task_hash for one in await answers(network)) == sorted(tasks)


async def test_a_task_that_a_majority_lies_about_expires() -> None:
    async with memory_network(
        mixed(), others={0: mixed(lies=True), 1: mixed(lies=True)}, tasks=True
    ) as network:
        task = network.create_task(b"honest", sla_s=30)
        await asyncio.sleep(0.3)
        network.ledger.advance(31)
        assert (await network.task_ended(task)).status is TaskStatus.EXPIRED
        assert not await answers(network)


async def test_an_answer_that_a_reorg_removes_is_given_again_and_is_the_same() -> None:
    async with memory_network(mixed(), tasks=True) as network:
        network.ledger.mine()
        task = network.create_task(b"again")
        first = await network.task_ended(task)
        depth = network.ledger.head.number - (await answers(network))[0].block + 1
        network.ledger.reorg(depth, grow=1)
        second = await network.task_ended(task)
        assert (second.status, second.result) == (TaskStatus.VERIFIED, first.result)


async def test_a_lost_aggregator_s_tasks_are_finished_by_another_one() -> None:
    async with memory_network(mixed(), aggregators=2, tasks=True) as network:
        network.aggregators[0].cancel()
        tasks = [network.create_task(b"%d" % number) for number in range(6)]
        for task in tasks:
            assert (await network.task_ended(task)).status is TaskStatus.VERIFIED
