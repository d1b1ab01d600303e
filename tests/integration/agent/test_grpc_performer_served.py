"""Python handlers behind gRPC: an agent gets from them what it gets from its own worker, reasons included."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from performances import TASK_HASH, phase, task, word

from agent.performers.config import PerformerConfig
from agent.performers.grpc import EXECUTE_TASK, HEALTH, GrpcPerformer, request_of
from agent.performers.python import PythonPerformer
from agent.performers.server import serving
from hourglass.errors import ConfigError, HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import PhaseIndex, Tick
from hourglass.workflow.phase_payload import MAGIC
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import TickValue

WORKFLOW = """
import asyncio, os
from hourglass import Context, EarlyStop, Workflow

wf = Workflow("served")
common = dict(operator_set=1, threshold="66.67%", timeout=60)

@wf.task
async def answer(task) -> bytes:
    match task.payload.partition(b" ")[0]:
        case b"raise":
            raise RuntimeError("down")
        case b"none":
            return None
        case b"die":
            os._exit(3)
        case b"large":
            return bytes(1_600_000)
        case b"sleep":
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                open(task.payload.partition(b" ")[2], "w").close()
                raise
        case b"begin":
            open(task.payload.partition(b" ")[2], "w").close()
            await asyncio.sleep(0.3)
        case b"hash":
            return task.task_hash
    return task.payload.upper()

@wf.immediate(**common)
async def double(ctx: Context) -> int:
    return 2 * len(ctx.payload) + ctx.attempt

@wf.immediate(after=[double], **common)
async def follow(ctx: Context) -> int:
    return ctx.result(double) + 1

@wf.continuous(interval=5, updates=3, **common)
async def ticks(ctx: Context) -> int:
    if ctx.tick == 2:
        raise EarlyStop(20)
    return 10 * ctx.tick
"""


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A file with one workflow: its name may be left out."""
    path = tmp_path_factory.mktemp("served") / "served.py"
    path.write_text(WORKFLOW)
    return str(path)


@pytest.fixture
async def python(spec: str) -> AsyncIterator[PythonPerformer]:
    async with PythonPerformer.start((spec,), {}) as performer:
        yield performer


@pytest.fixture
async def port(python: PythonPerformer) -> AsyncIterator[int]:
    async with serving(python, "127.0.0.1:0", 30) as where:
        yield where


@pytest.fixture
async def performer(port: int) -> AsyncIterator[GrpcPerformer]:
    async with GrpcPerformer.open(PerformerConfig(address=f"127.0.0.1:{port}")) as made:
        yield made


async def ask(channel: grpc.aio.Channel, method: str, request: bytes) -> bytes:
    """As a client does that knows nothing but the bytes."""
    call: Any = channel.unary_unary(method)
    answer: bytes = await call(request, timeout=5)
    return answer


async def until_there(mark: Path) -> None:
    async with asyncio.timeout(10):
        while not await asyncio.to_thread(mark.exists):
            await asyncio.sleep(0.02)


async def reason_of(performer: GrpcPerformer, payload: bytes, timeout_s: float = 10) -> HandlerError:
    with pytest.raises(HandlerError) as caught:
        await performer.perform(task(payload), timeout_s)
    return caught.value


async def test_tasks_and_phases_give_the_very_bytes_of_the_handlers(
    python: PythonPerformer, performer: GrpcPerformer
) -> None:
    (definition,) = python.definition_hashes
    first = phase(definition_hash=definition, payload=b"abc")
    second = replace(first, phase_index=PhaseIndex(1), results=((PhaseIndex(0), word(7)),))
    tick = replace(first, phase_index=PhaseIndex(2), phase_type=PhaseType.CONTINUOUS, tick=Tick(2))
    for work, expected in (
        (task(b"abc"), b"ABC"),
        (task(b""), b""),
        (task(b"hash"), TASK_HASH),
        (first, word(7)),
        (second, word(8)),
        (tick, TickValue(True, word(20)).encode()),
    ):
        assert await performer.perform(work, 10) == expected == await python.perform(work, 10)


async def test_a_refusal_crosses_with_its_reason(performer: GrpcPerformer) -> None:
    failed = await reason_of(performer, b"raise")
    assert failed.reason is Reason.HANDLER_FAILED
    assert "RuntimeError: down" in failed.detail
    assert (await reason_of(performer, b"none")).reason is Reason.HANDLER_WRONG_TYPE
    assert (await reason_of(performer, b"large")).reason is Reason.RESULT_TOO_LARGE
    assert (await reason_of(performer, b"die")).reason is Reason.PERFORMER_CRASHED
    assert await performer.perform(task(b"abc"), 10) == b"ABC"


async def test_a_phase_of_another_workflow_is_unknown(performer: GrpcPerformer) -> None:
    with pytest.raises(HandlerError) as caught:
        await performer.perform(phase(), 10)
    assert caught.value.reason is Reason.UNKNOWN_WORKFLOW


async def test_a_caller_that_gives_up_ends_the_handler(performer: GrpcPerformer, tmp_path: Path) -> None:
    for name in ("deadline", "cancelled"):
        mark = tmp_path / name
        asked = asyncio.create_task(
            performer.perform(task(b"sleep " + str(mark).encode()), 0.5 if name == "deadline" else 30)
        )
        if name == "deadline":
            with pytest.raises(HandlerError) as caught:
                await asked
            assert caught.value.reason is Reason.HANDLER_TIMED_OUT
        else:
            await asyncio.sleep(0.3)
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
        await until_there(mark)


@pytest.mark.parametrize(
    ("task_id", "payload", "code"),
    [
        (b"", b"", grpc.StatusCode.INVALID_ARGUMENT),
        (b"\x00" * 32, b"", grpc.StatusCode.INVALID_ARGUMENT),
        (b"0x" + b"0" * 62, b"", grpc.StatusCode.INVALID_ARGUMENT),
        (b"0x" + b"zz" * 32, b"", grpc.StatusCode.INVALID_ARGUMENT),
        (b"\xff" * 66, b"", grpc.StatusCode.INVALID_ARGUMENT),
        (b"0x" + b"0" * 64, MAGIC + b"\x01" + b"rubbish", grpc.StatusCode.INVALID_ARGUMENT),
        (b"0x" + b"0" * 64, MAGIC + b"\x02" + b"later", grpc.StatusCode.UNIMPLEMENTED),
    ],
)
async def test_what_is_no_request_is_refused(
    port: int, task_id: bytes, payload: bytes, code: grpc.StatusCode
) -> None:
    request = request_of(task(payload[:0]))
    request.task_id, request.payload = task_id, payload
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await ask(channel, EXECUTE_TASK, request.SerializeToString())
    assert caught.value.code() is code


async def test_it_says_that_it_serves_and_no_longer_and_ends_what_is_under_way(
    python: PythonPerformer, tmp_path: Path
) -> None:
    mark = tmp_path / "begun"
    work = task(b"begin " + str(mark).encode())
    async with serving(python, "127.0.0.1:0", 30) as port:
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        assert await ask(channel, HEALTH, b"") == b"\x08\x01"
        under_way = asyncio.create_task(ask(channel, EXECUTE_TASK, request_of(work).SerializeToString()))
        await until_there(mark)
    assert (await under_way).endswith(work.payload.upper())
    with pytest.raises(grpc.aio.AioRpcError):
        await ask(channel, HEALTH, b"")
    await channel.close()


async def test_a_port_is_served_by_one(python: PythonPerformer, port: int) -> None:
    with pytest.raises(ConfigError):
        async with serving(python, f"127.0.0.1:{port}", 30):
            pass
