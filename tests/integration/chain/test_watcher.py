"""The watcher on both chains: restarts, and blocks that are really replaced."""

import asyncio
from contextlib import aclosing

from hourglass.chain.port import ExecuteWorkflow, LoggedEvent
from hourglass.chain.watcher import HeadAdvanced, Reorged, WatchEvent, watch
from hourglass.testing.worlds import FIRST, ONE_PHASE, World
from hourglass.workflow.events import PhaseCompleted, WorkflowExecutionStarted
from hourglass.workflow.history import History
from hourglass.workflow.identifiers import BlockNumber

POLL_S = 0.01
TIMEOUT_S = 20.0


async def until_caught_up(world: World, first: BlockNumber) -> list[WatchEvent]:
    """Everything up to the head of now."""
    head = await world.chain.head()
    seen: list[WatchEvent] = []
    async with asyncio.timeout(TIMEOUT_S), aclosing(watch(world.chain, first, POLL_S)) as events:
        async for one in events:
            seen.append(one)
            if isinstance(one, HeadAdvanced) and one.block.number >= head.number:
                return seen
    raise AssertionError("the watcher ended")


async def test_a_restarted_watcher_goes_on_where_it_stopped(world: World) -> None:
    execution = await world.started(ONE_PHASE)
    before = await until_caught_up(world, await world.chain.start_block())
    stopped = before[-1]
    assert isinstance(stopped, HeadAdvanced)
    await world.send(await world.submission(execution, FIRST, b"r"))
    after = await until_caught_up(world, BlockNumber(stopped.block.number + 1))

    whole = await world.chain.events(await world.chain.start_block(), (await world.chain.head()).number)
    delivered = [one for one in (*before, *after) if isinstance(one, LoggedEvent)]
    assert delivered == list(whole)
    assert any(isinstance(one.event, PhaseCompleted) for one in delivered)


async def test_a_reorg_is_told_and_what_it_removed_is_taken_back(world: World) -> None:
    workflow = await world.registered(ONE_PHASE)
    await world.send(ExecuteWorkflow(workflow, b"stays"))
    await world.mine()
    lost = await world.send(ExecuteWorkflow(workflow, b"goes"))
    start = await world.chain.start_block()
    history, reorged, payloads = History(), [], []
    async with asyncio.timeout(TIMEOUT_S), aclosing(watch(world.chain, start, POLL_S)) as events:
        async for one in events:
            match one:
                case LoggedEvent():
                    history.add(one.block, one.event)
                case Reorged(first_removed):
                    reorged.append(first_removed)
                    history.rewind(first_removed)
                case HeadAdvanced(block) if block.number == lost.block and not reorged:
                    payloads.append({run.payload for run in history.executions.values()})
                    await world.reorg(1)
                case HeadAdvanced() if reorged:
                    payloads.append({run.payload for run in history.executions.values()})
                    break
                case HeadAdvanced():
                    pass
    assert reorged == [lost.block]
    assert payloads == [{b"stays", b"goes"}, {b"stays"}]


async def test_what_is_mined_while_it_watches_is_delivered_once_and_in_order(world: World) -> None:
    workflow = await world.registered(ONE_PHASE)
    seen: list[LoggedEvent] = []
    wanted = 5

    async def follow() -> None:
        async with aclosing(watch(world.chain, await world.chain.start_block(), POLL_S)) as events:
            async for one in events:
                if isinstance(one, LoggedEvent):
                    seen.append(one)
                    started = [s for s in seen if isinstance(s.event, WorkflowExecutionStarted)]
                    if len(started) == wanted and one.log_index == 1:
                        return

    async with asyncio.timeout(TIMEOUT_S), asyncio.TaskGroup() as group:
        group.create_task(follow())
        for number in range(wanted):
            await world.send(ExecuteWorkflow(workflow, bytes([number])))
    payloads = [s.event.payload for s in seen if isinstance(s.event, WorkflowExecutionStarted)]
    assert payloads == [bytes([number]) for number in range(wanted)]
    assert [(s.block, s.log_index) for s in seen] == sorted({(s.block, s.log_index) for s in seen})
