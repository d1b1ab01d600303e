"""Plain TaskMailbox tasks, on a network of real processes: beside workflows, many at once, on both curves."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from play import WEIGHTS, WORKFLOWS, Play, Witnessing

from hourglass.certificate.operators import CurveType
from hourglass.chain.client import EvmChain
from hourglass.chain.mailbox import EvmTaskMailbox, open_mailbox
from hourglass.chain.sender import TransactionSender
from hourglass.chain.tasks import TaskHash, TaskStatus, TaskVerified, TaskView
from hourglass.cli.network import load_network
from hourglass.testing.local_network import NetworkPlan, OperatorPlan, start_local
from hourglass.testing.task_mailbox import TaskTerms, create_task
from hourglass.workflow.execution import ExecutionStatus
from hourglass.workflow.identifiers import BlockNumber, OperatorSetId

SPEC = f"{WORKFLOWS / 'tasks.py'}:mixed"
PACE = {"solicit_s": 0.5, "turn_s": 1.0, "resubmit_s": 0.5}
TASKS, EXECUTIONS = 100, 5
TWO_THIRDS = TaskTerms()


@asynccontextmanager
async def playing(
    terms: TaskTerms = TWO_THIRDS, aggregators: int = 1, broken: int | None = None, ecdsa: bool = False
) -> AsyncIterator[tuple[Play, EvmTaskMailbox]]:
    """Five operators of unequal stake, whose set 1 takes tasks."""
    plan = NetworkPlan(
        tuple(
            OperatorPlan(f"operator-{number}", weight, (SPEC,), {"BROKEN": "1"} if number == broken else {})
            for number, weight in enumerate(WEIGHTS, start=1)
        ),
        aggregators=aggregators,
        pace=PACE,
        tasks={1: terms},
        ecdsa_sets=(1,) if ecdsa else (),
    )
    async with start_local(plan) as network:
        config = load_network(network.network_file)
        async with EvmChain.connect(config.chain) as chain:
            mailbox = await open_mailbox(chain, config.chain)
            assert mailbox is not None
            yield Play(network, chain, config), mailbox


async def create(play: Play, mailbox: EvmTaskMailbox, payload: bytes) -> TaskHash:
    sender = TransactionSender(play.chain, play.network.deployment.admin)
    return await create_task(sender, mailbox, OperatorSetId(play.network.deployment.avs, 1), payload)


async def view(mailbox: EvmTaskMailbox, task: TaskHash) -> TaskView:
    found = await mailbox.task(task)
    assert found is not None
    return found


async def until_over(play: Play, mailbox: EvmTaskMailbox, *tasks: TaskHash) -> list[TaskView]:
    async def over() -> bool:
        views = await asyncio.gather(*(view(mailbox, task) for task in tasks))
        return all(one.status is not TaskStatus.CREATED for one in views)

    await play.until("the tasks' end", over)
    return await asyncio.gather(*(view(mailbox, task) for task in tasks))


async def answers(mailbox: EvmTaskMailbox) -> list[TaskVerified]:
    head = await mailbox.head()
    logged = await mailbox.events(BlockNumber(0), head.number)
    return [one.event for one in logged if isinstance(one.event, TaskVerified)]


def notes(play: Play, name: str) -> list[dict[str, Any]]:
    """A node's log, line by line."""
    return [json.loads(line) for line in play.network.logs()[name].splitlines() if line.startswith("{")]


async def test_a_hundred_tasks_and_five_workflows_at_once_are_all_done_and_none_twice(
    witness: Witnessing,
) -> None:
    async with playing(aggregators=2) as (play, mailbox), witness(play.network) as heard:
        sender = TransactionSender(play.chain, play.network.deployment.admin)
        which = OperatorSetId(play.network.deployment.avs, 1)
        tasks = await asyncio.gather(
            *(create_task(sender, mailbox, which, b"task %d" % number) for number in range(TASKS))
        )
        executions = [await play.execute(SPEC, b"run %d" % number) for number in range(EXECUTIONS)]
        views = await until_over(play, mailbox, *tasks)
        assert [one.status for one in views] == [TaskStatus.VERIFIED] * TASKS
        assert [one.result for one in views] == [b"TASK %d" % number for number in range(TASKS)]
        for number, execution in enumerate(executions):
            assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
            assert (await play.phase(execution, 0)).result == b"RUN %d" % number
        taken = [one.task_hash for one in await answers(mailbox)]
        assert sorted(taken) == sorted(tasks)
        assert not heard.slots_signed_twice()


async def test_tasks_of_an_operator_set_on_ecdsa(witness: Witnessing) -> None:
    terms = TaskTerms(curve=CurveType.ECDSA)
    async with playing(terms, ecdsa=True, broken=5) as (play, mailbox):
        task = await create(play, mailbox, b"on the other curve")
        execution = await play.execute(SPEC, b"a phase, too")
        (done,) = await until_over(play, mailbox, task)
        assert (done.status, done.result) == (TaskStatus.VERIFIED, b"ON THE OTHER CURVE")
        assert await play.until_ended(execution) is ExecutionStatus.COMPLETED


async def test_a_task_that_too_few_answer_expires_and_the_silent_are_named() -> None:
    async with playing(TaskTerms(sla_s=4)) as (play, mailbox):
        for number in (1, 2):
            await play.agent(number).kill()
        task = await create(play, mailbox, b"nobody cares")
        (over,) = await until_over(play, mailbox, task)
        assert over.status is TaskStatus.EXPIRED

        async def told() -> bool:
            return any(one.get("reason") == "task_expired" for one in notes(play, "aggregator-1"))

        await play.until("the aggregator to say so", told)
        silent = {
            play.network.name_of(one["operator"])
            for one in notes(play, "aggregator-1")
            if one.get("reason") == "no_answer" and one.get("execution") == task.hex()
        }
        assert silent == {"operator-1", "operator-2"}


async def test_a_killed_aggregator_and_killed_agents_finish_what_was_begun(witness: Witnessing) -> None:
    async with playing() as (play, mailbox), witness(play.network) as heard:
        task = await create(play, mailbox, b"slow but sure")
        await play.network.aggregators[0].process.kill()
        for number in (1, 4):
            await play.agent(number).kill()
            await play.agent(number).start()
        await play.network.aggregators[0].process.start()
        (done,) = await until_over(play, mailbox, task)
        assert (done.status, done.result) == (TaskStatus.VERIFIED, b"SLOW BUT SURE")
        assert not heard.slots_signed_twice()


async def test_tasks_that_need_no_consensus_are_answered_by_whoever_has_stake() -> None:
    async with playing(TaskTerms(threshold=None)) as (play, mailbox):
        task = await create(play, mailbox, b"anybody")
        (done,) = await until_over(play, mailbox, task)
        assert (done.status, done.result) == (TaskStatus.VERIFIED, b"ANYBODY")
