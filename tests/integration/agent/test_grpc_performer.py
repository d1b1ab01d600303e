"""The agent asks a performer that was written without it: what it gets, and every way in which it gets nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import samples
from outsider import outsider
from performances import TASK_HASH, phase, task, word

from agent.performers.config import PerformerConfig
from agent.performers.grpc import MAX_MESSAGE_BYTES, MAX_REPEATS, GrpcPerformer
from agent.performers.port import Work
from hourglass.errors import ConfigError, HandlerError
from hourglass.reasons import Reason
from hourglass.testing.nats_server import free_port
from hourglass.workflow.identifiers import ExecutionId, PhaseIndex, StakeWeight, Tick
from hourglass.workflow.phase_payload import MAGIC
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import TickValue

Open = Callable[..., Any]
TIMEOUT_S = 10.0
TLS = Path(__file__).parents[2] / "tls"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Of one performer for the tests that leave it alive."""
    with outsider() as (where, _):
        yield where


@pytest.fixture
async def connect() -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        async def connected(where: str, **settings: Any) -> GrpcPerformer:
            config = PerformerConfig(address=where, **{"patience_s": TIMEOUT_S, **settings})
            return await stack.enter_async_context(GrpcPerformer.open(config))

        yield connected


async def refused(performer: GrpcPerformer, work: Work, timeout_s: float = TIMEOUT_S) -> HandlerError:
    with pytest.raises(HandlerError) as caught:
        await performer.perform(work, timeout_s)
    return caught.value


# ── What it is given ──────────────────────────────────────────────────────────────────────────────────


async def test_a_plain_task_s_payload_reaches_the_performer_untouched(address: str, connect: Open) -> None:
    performer = await connect(address)
    for payload in (b'{"numberToBeSquared":"4"}', b"", bytes(range(256)), bytes(131_072)):
        assert await performer.perform(task(payload), TIMEOUT_S) == payload[::-1]


async def test_a_task_s_id_is_its_hash_as_text(address: str, connect: Open) -> None:
    performer = await connect(address)
    assert await performer.perform(task(b"id"), TIMEOUT_S) == b"0x" + TASK_HASH.hex().encode()


async def test_one_performer_tells_phases_from_tasks(address: str, connect: Open) -> None:
    performer = await connect(address)
    assert await performer.perform(phase(), TIMEOUT_S) == b"payload by phase"
    assert await performer.perform(phase(PhaseType.COORDINATION), TIMEOUT_S) == word(107)
    summed = phase(
        PhaseType.AGGREGATION,
        results=((PhaseIndex(0), word(5)), (PhaseIndex(1), None), (PhaseIndex(2), word(8))),
    )
    assert await performer.perform(summed, TIMEOUT_S) == word(13)
    assert await performer.perform(task(b"payload"), TIMEOUT_S) == b"daolyap"


async def test_a_tick_comes_with_the_wish_to_stop(address: str, connect: Open) -> None:
    performer = await connect(address)
    for tick, stops in ((2, False), (3, True)):
        seen = await performer.perform(phase(PhaseType.CONTINUOUS, tick=Tick(tick)), TIMEOUT_S)
        assert TickValue.decode(seen) == TickValue(stops, word(tick))


async def test_conditions_and_reducers_are_the_agent_s(address: str, connect: Open) -> None:
    performer = await connect(address)
    assert await performer.watch(phase(PhaseType.CONDITIONAL), TIMEOUT_S) is None
    observations = [(word(value), StakeWeight(1)) for value in (3, 9, 4)]
    agreed = samples.continuous()
    ticks = [(TickValue(False, value).encode(), weight) for value, weight in observations]
    assert await performer.reduce(bytes(32), PhaseIndex(0), agreed, ticks, TIMEOUT_S) == word(4)


async def test_a_hundred_tasks_are_under_way_at_once(address: str, connect: Open) -> None:
    performer = await connect(address)
    works = [task(b"%d" % n, execution_id=ExecutionId(bytes([n]) * 32)) for n in range(100)]
    async with asyncio.timeout(TIMEOUT_S):
        results = await asyncio.gather(*(performer.perform(one, TIMEOUT_S) for one in works))
    assert results == [one.payload[::-1] for one in works]


async def test_it_is_told_to_start_once_for_each_connection() -> None:
    with outsider() as (where, _):
        for connections in (1, 2):
            config = PerformerConfig(address=where, health_interval_s=0.001)
            async with GrpcPerformer.open(config) as performer:
                for _ in range(3):
                    await performer.perform(task(b"x"), TIMEOUT_S)
                    await asyncio.sleep(0.01)
                assert await performer.perform(task(b"synced"), TIMEOUT_S) == str(connections).encode()


@pytest.mark.parametrize("lacking", ["WITHOUT_HEALTH", "WITHOUT_START_SYNC"])
async def test_a_performer_that_lacks_what_is_optional_is_used(lacking: str, connect: Open) -> None:
    with outsider(**{lacking: "1"}) as (where, _):
        performer = await connect(where)
        assert await performer.perform(task(b"ab"), TIMEOUT_S) == b"ba"


# ── What it must not give ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("verb", [b"wrong-id", b"no-id"])
async def test_an_answer_for_another_task_is_refused(address: str, connect: Open, verb: bytes) -> None:
    error = await refused(await connect(address), task(verb))
    assert error.reason is Reason.PERFORMER_WRONG_ANSWER


async def test_an_answer_beyond_all_limits_is_refused(address: str, connect: Open) -> None:
    performer = await connect(address)
    assert len(await performer.perform(task(b"large 1500000"), TIMEOUT_S)) == 1_500_000
    error = await refused(performer, task(b"large %d" % MAX_MESSAGE_BYTES))
    assert error.reason is Reason.RESULT_TOO_LARGE


async def test_a_task_that_poses_as_a_phase_never_reaches_the_performer(address: str, connect: Open) -> None:
    performer = await connect(address)
    before = int(await performer.perform(task(b"calls"), TIMEOUT_S))
    for payload in (MAGIC, MAGIC + b"\x01" + bytes(900)):
        assert (await refused(performer, task(payload))).reason is Reason.TASK_POSES_AS_PHASE
    assert int(await performer.perform(task(b"calls"), TIMEOUT_S)) == before + 1


async def test_a_tick_without_its_first_byte_is_refused(address: str, connect: Open) -> None:
    bare = phase(PhaseType.CONTINUOUS, tick=Tick(1), payload=b"bare")
    error = await refused(await connect(address), bare)
    assert error.reason is Reason.PERFORMER_WRONG_ANSWER


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (b"INTERNAL", Reason.HANDLER_FAILED),
        (b"INVALID_ARGUMENT", Reason.HANDLER_FAILED),
        (b"RESOURCE_EXHAUSTED", Reason.HANDLER_FAILED),
        (b"CANCELLED", Reason.HANDLER_FAILED),
        (b"DEADLINE_EXCEEDED", Reason.HANDLER_TIMED_OUT),
        (b"UNAVAILABLE", Reason.PERFORMER_CRASHED),
        (b"UNIMPLEMENTED", Reason.PERFORMER_UNSUITED),
        (b"PERMISSION_DENIED", Reason.PERFORMER_UNSUITED),
    ],
)
async def test_a_status_is_told_apart_and_nothing_is_asked_twice(
    address: str, connect: Open, status: bytes, reason: Reason
) -> None:
    performer = await connect(address)
    work = task(b"fail " + status, execution_id=ExecutionId(status.ljust(32, b"\0")))
    error = await refused(performer, work)
    assert error.reason is reason
    assert status.decode() in error.detail
    assert "as asked" in error.detail
    assert await performer.perform(replace(work, payload=b"count"), TIMEOUT_S) == b"2"


# ── Time ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_the_deadline_is_the_work_s_own(address: str, connect: Open) -> None:
    performer = await connect(address)
    started = asyncio.get_running_loop().time()
    error = await refused(performer, task(b"sleep 3"), timeout_s=0.5)
    assert error.reason is Reason.HANDLER_TIMED_OUT
    assert asyncio.get_running_loop().time() - started < 2.5


async def test_work_of_more_than_ten_seconds_is_done_once(address: str, connect: Open) -> None:
    performer = await connect(address)
    slow = task(b"sleep 10.5", execution_id=ExecutionId(b"\xf1" * 32))
    assert await performer.perform(slow, 60) == slow.payload[::-1]
    assert await performer.perform(replace(slow, payload=b"count"), TIMEOUT_S) == b"2"


async def test_giving_up_reaches_the_call(address: str, connect: Open) -> None:
    performer = await connect(address)
    await performer.perform(task(b"x"), TIMEOUT_S)
    asked = asyncio.create_task(performer.perform(task(b"sleep 5"), 60))
    await asyncio.sleep(0.2)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert await performer.perform(task(b"ab"), TIMEOUT_S) == b"ba"


# ── A performer that is not there ─────────────────────────────────────────────────────────────────────


async def test_nobody_there_is_said_so_in_time(connect: Open) -> None:
    performer = await connect(f"127.0.0.1:{await free_port()}")
    error = await refused(performer, task(b"x"), timeout_s=0.7)
    assert error.reason is Reason.PERFORMER_UNREACHABLE


async def test_whoever_asked_is_told_long_before_the_time_is_over(connect: Open) -> None:
    performer = await connect(f"127.0.0.1:{await free_port()}", patience_s=0.3)
    async with asyncio.timeout(TIMEOUT_S):
        error = await refused(performer, task(b"x"), timeout_s=600)
    assert error.reason is Reason.PERFORMER_UNREACHABLE


async def test_a_performer_that_does_not_serve_is_not_asked(connect: Open) -> None:
    with outsider(HEALTH="2") as (where, _):
        performer = await connect(where)
        error = await refused(performer, task(b"x"), timeout_s=0.7)
    assert error.reason is Reason.PERFORMER_UNREACHABLE
    assert "NOT_SERVING" in error.detail


async def test_work_waits_for_a_performer_that_is_still_coming_up(connect: Open) -> None:
    where = f"127.0.0.1:{await free_port()}"
    performer = await connect(where)
    asked = asyncio.create_task(performer.perform(task(b"ab"), TIMEOUT_S))
    await asyncio.sleep(0.5)
    with outsider(where):
        assert await asked == b"ba"


async def test_a_performer_that_died_while_it_worked_is_asked_again_only_if_it_may_be(
    tmp_path: Path, connect: Open
) -> None:
    for idempotent in (False, True):
        mark = tmp_path / f"died-{idempotent}"
        with ExitStack() as stack:
            where, process = stack.enter_context(outsider())
            performer = await connect(where, idempotent=idempotent)
            dying = task(b"crash-once " + str(mark).encode())
            asked = asyncio.create_task(performer.perform(dying, TIMEOUT_S))
            await asyncio.to_thread(process.wait)
            stack.enter_context(outsider(where))
            if idempotent:
                assert await asked == dying.payload[::-1]
            else:
                with pytest.raises(HandlerError) as caught:
                    await asked
                assert caught.value.reason is Reason.PERFORMER_CRASHED
                assert await performer.perform(task(b"calls"), TIMEOUT_S) == b"1"
                assert await performer.perform(task(b"synced"), TIMEOUT_S) == b"1"


async def test_a_call_that_ends_its_performer_each_time_is_not_repeated_for_ever(connect: Open) -> None:
    with outsider() as (where, _):
        performer = await connect(where, idempotent=True)
        work = task(b"fail UNAVAILABLE", execution_id=ExecutionId(b"\xf2" * 32))
        assert (await refused(performer, work, timeout_s=20)).reason is Reason.PERFORMER_CRASHED
        counted = replace(work, payload=b"count")
        assert await performer.perform(counted, TIMEOUT_S) == str(1 + MAX_REPEATS + 1).encode()


# ── Over TLS ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("vouching", "served"), [("localhost.pem", True), ("stranger.pem", False)])
async def test_a_performer_elsewhere_shows_its_certificate(
    connect: Open, vouching: str, served: bool
) -> None:
    credentials = {"TLS_KEY": str(TLS / "localhost.key"), "TLS_CERTIFICATE": str(TLS / "localhost.pem")}
    with outsider(**credentials) as (where, _):
        address = where.replace("127.0.0.1", "localhost")
        performer = await connect(address, ca_file=TLS / vouching)
        if served:
            assert await performer.perform(task(b"abc"), TIMEOUT_S) == b"cba"
        else:
            assert (await refused(performer, task(b"abc"), 1.0)).reason is Reason.PERFORMER_UNREACHABLE


async def test_a_certificate_that_is_not_there_is_named() -> None:
    config = PerformerConfig(address="localhost:1", ca_file=Path("nowhere.pem"))
    with pytest.raises(ConfigError, match="nowhere"):
        async with GrpcPerformer.open(config):
            pass
