"""Kill what can be killed in the middle of a phase: the execution completes, and nothing is signed twice."""

import asyncio
from pathlib import Path

from play import Start, Witnessing

from hourglass.testing.processes import NodeProcess
from hourglass.workflow.execution import ExecutionStatus


def gates(tmp_path: Path) -> list[Path]:
    return [tmp_path / f"gate-{number}" for number in range(1, 6)]


def environments(tmp_path: Path) -> list[dict[str, str]]:
    return [{"GATE": str(gate), "OBSERVES": str(100 + n)} for n, gate in enumerate(gates(tmp_path))]


async def restart(*processes: NodeProcess) -> None:
    async with asyncio.TaskGroup() as group:
        for process in processes:
            group.create_task(process.start())


async def test_aggregator_killed_after_half_the_signatures_and_two_agents_mid_phase(
    start: Start, witness: Witnessing, workflows: Path, tmp_path: Path
) -> None:
    spec = f"{workflows / 'single.py'}:single"
    play = await start(spec, environments=environments(tmp_path))
    async with witness(play.network) as seen:
        execution = await play.execute(spec, b"carry on")
        gates(tmp_path)[1].touch()
        gates(tmp_path)[4].touch()
        await play.until_signed(execution, 0, 2)

        aggregator = play.network.aggregators[0].process
        port = aggregator.announced
        for process in (aggregator, play.agent(1), play.agent(2)):
            await process.kill()
        for gate in gates(tmp_path):
            gate.touch()
        await restart(play.agent(1), play.agent(2), aggregator)
        play.config = play.config.model_copy(
            update={"aggregators": (f"http://127.0.0.1:{aggregator.announced}",)}
        )
        assert port, "the aggregator had said where its API is"

        assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
        assert (await play.phase(execution, 0)).result == b"CARRY ON"
        assert seen.slots_signed_twice() == []
        assert {str(one.operator) for one in seen.attestations} >= {
            str(play.network.agents[1].account.address),
            str(play.network.agents[4].account.address),
        }


async def test_aggregator_killed_between_proposal_and_quorum(
    start: Start, witness: Witnessing, workflows: Path, tmp_path: Path
) -> None:
    spec = f"{workflows / 'gated.py'}:gated"
    play = await start(spec, environments=environments(tmp_path))
    async with witness(play.network) as seen:
        for gate in gates(tmp_path)[:2]:
            gate.touch()
        execution = await play.execute(spec)

        async def observed() -> bool:
            known = await play.known(execution, 0)
            return sum(bool(one["observed"]) for one in known.get("operators", ())) == 2

        await play.until("two observations", observed)
        aggregator = play.network.aggregators[0].process
        await aggregator.kill()
        for gate in gates(tmp_path):
            gate.touch()
        await aggregator.start()
        assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
        agreed = int.from_bytes((await play.phase(execution, 0)).result, "big", signed=True)
        assert 100 <= agreed <= 104
        assert int.from_bytes((await play.phase(execution, 1)).result, "big", signed=True) == 2 * agreed
        assert seen.slots_signed_twice() == []


async def test_bus_wiped_in_the_middle_of_a_phase(start: Start, workflows: Path, tmp_path: Path) -> None:
    spec = f"{workflows / 'gated.py'}:gated"
    play = await start(spec, environments=environments(tmp_path))
    gates(tmp_path)[0].touch()
    execution = await play.execute(spec)

    async def observed() -> bool:
        known = await play.known(execution, 0)
        return any(one["observed"] for one in known.get("operators", ()))

    await play.until("the first observation", observed)
    await play.network.nats.kill()
    play.network.nats.forget()
    for gate in gates(tmp_path):
        gate.touch()
    await play.network.nats.up()
    assert await play.until_ended(execution) is ExecutionStatus.COMPLETED


async def test_every_process_killed_and_restarted(
    start: Start, witness: Witnessing, workflows: Path, tmp_path: Path
) -> None:
    spec = f"{workflows / 'single.py'}:single"
    play = await start(spec, environments=environments(tmp_path))
    async with witness(play.network) as seen:
        for gate in gates(tmp_path)[2:]:
            gate.touch()
        execution = await play.execute(spec, b"everybody")
        await play.until_signed(execution, 0, 3)
        nodes = [node.process for node in (*play.network.agents, *play.network.aggregators)]
        for process in nodes:
            await process.kill()
        for gate in gates(tmp_path):
            gate.touch()
        await restart(*nodes)
        assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
        assert seen.slots_signed_twice() == []
