"""A performer that the agent starts itself: it comes up, dies, hangs, and goes with the agent."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from outsider import command
from performances import phase, task

from agent.performers import restarts
from agent.performers.command import LEASH
from agent.performers.config import PerformerConfig
from agent.performers.grpc import GrpcPerformer
from agent.performers.supervised import launcher_of, supervised
from hourglass.errors import HandlerError
from hourglass.reasons import Reason
from hourglass.testing.nats_server import free_port
from hourglass.workflow.identifiers import Address

OPERATOR = Address(b"\x0a" * 20)
PATIENCE_S = 20.0
Start = Callable[..., Any]


@pytest.fixture
async def start(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Start]:
    monkeypatch.setattr(restarts, "FIRST_DELAY_S", 0.2)
    async with AsyncExitStack() as stack:

        async def started(**settings: Any) -> GrpcPerformer:
            address = f"127.0.0.1:{await free_port()}"
            config = PerformerConfig(
                **{
                    "address": address,
                    "command": command(address),
                    "health_interval_s": 0.1,
                    "patience_s": PATIENCE_S,
                    **settings,
                }
            )
            return await stack.enter_async_context(running(config))

        yield started


@asynccontextmanager
async def running(config: PerformerConfig) -> AsyncIterator[GrpcPerformer]:
    async with (
        GrpcPerformer.open(config) as performer,
        launcher_of(config, OPERATOR) as launch,
        supervised(launch, performer, config),
    ):
        yield performer


async def listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():
            await asyncio.sleep(0.05)


async def test_it_serves_tasks_and_phases_as_soon_as_it_is_up(start: Start) -> None:
    performer = await start()
    results = (
        await performer.perform(task(b"abc"), PATIENCE_S),
        await performer.perform(phase(), PATIENCE_S),
    )
    assert results == (b"cba", b"payload by phase")


async def test_killed_while_it_works_it_comes_back_and_the_reason_is_told(start: Start) -> None:
    performer = await start()
    with pytest.raises(HandlerError) as caught:
        await performer.perform(task(b"crash"), PATIENCE_S)
    assert caught.value.reason is Reason.PERFORMER_CRASHED
    assert await performer.perform(task(b"abc"), PATIENCE_S) == b"cba"


async def test_killed_while_it_works_it_is_asked_again_if_it_may_be(start: Start, tmp_path: Path) -> None:
    performer = await start(idempotent=True)
    dying = task(b"crash-once " + str(tmp_path / "mark").encode())
    assert await performer.perform(dying, PATIENCE_S) == dying.payload[::-1]


async def test_one_that_never_serves_is_started_again_and_work_is_told_why(
    start: Start, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starts = tmp_path / "starts"
    hangs = f"import time; open({str(starts)!r}, 'a').write('x'); time.sleep(60)"
    performer = await start(command=(sys.executable, "-c", hangs), start_timeout_s=0.5)
    with pytest.raises(HandlerError) as caught:
        await performer.perform(task(b"abc"), 1.0)
    assert caught.value.reason is Reason.PERFORMER_UNREACHABLE

    async def twice() -> bool:
        return starts.exists() and len(starts.read_text()) >= 2

    await until(twice)
    assert "did not serve within" in capsys.readouterr().out


async def test_a_command_that_does_not_exist_is_named(
    start: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    await start(command=("/no/such/performer",))
    said = ""

    async def named() -> bool:
        nonlocal said
        said += capsys.readouterr().out
        return "It could not be started." in said

    await until(named)
    assert "/no/such/performer: No such file or directory" in said


async def test_one_that_stops_to_answer_is_killed_and_started_again(start: Start) -> None:
    performer = await start(unhealthy_after=2)
    pid = int(await performer.perform(task(b"pid"), PATIENCE_S))
    os.kill(pid, signal.SIGSTOP)

    async def another() -> bool:
        try:
            return int(await performer.perform(task(b"pid"), 1.0)) != pid
        except HandlerError:
            return False

    await until(another)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_one_that_is_too_busy_to_say_that_it_is_well_is_left_to_its_work(start: Start) -> None:
    performer = await start(unhealthy_after=1, environment={"WORKERS": "1"})
    pid = await performer.perform(task(b"pid"), PATIENCE_S)
    # Longer than a health check may take, which has to wait for the only thread.
    assert await performer.perform(task(b"sleep 2.6"), PATIENCE_S) == b"6.2 peels"
    assert await performer.perform(task(b"pid"), PATIENCE_S) == pid


async def test_it_ends_with_the_agent() -> None:
    address = f"127.0.0.1:{await free_port()}"
    config = PerformerConfig(address=address, command=command(address), patience_s=PATIENCE_S)
    async with running(config) as performer:
        await performer.perform(task(b"abc"), PATIENCE_S)
    assert not await listens(address)


async def test_it_ends_even_if_the_agent_is_killed() -> None:
    address = f"127.0.0.1:{await free_port()}"
    # All that a killed agent leaves is the closed end of a pipe.
    leash = await asyncio.create_subprocess_exec(
        sys.executable, str(LEASH), *command(address), stdin=asyncio.subprocess.PIPE
    )
    await until(lambda: listens(address))
    assert leash.stdin is not None
    leash.stdin.close()
    async with asyncio.timeout(PATIENCE_S):
        assert await leash.wait() == 128 + signal.SIGTERM
    assert not await listens(address)


async def test_it_sees_none_of_the_agent_s_own_environment(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPERATOR_SECRET", "0x1234")
    performer = await start(environment={"L1_RPC_URL": "http://127.0.0.1:8545"})
    seen = (await performer.perform(task(b"environment"), PATIENCE_S)).decode().split(",")
    assert "L1_RPC_URL" in seen
    assert "OPERATOR_SECRET" not in seen
