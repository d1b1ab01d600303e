"""The bus's port: one suite, on the in-memory twin and on a real NATS server."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hourglass.bus.config import BusConfig
from hourglass.bus.memory import MemoryBus, MemoryHub, matches
from hourglass.bus.nats import NatsBus, mask
from hourglass.bus.port import Bus, Delivery, StreamSpec
from hourglass.errors import BusError
from hourglass.reasons import Reason
from hourglass.testing.nats_server import NatsServer

STREAM = StreamSpec("WORK", ("work.>",), 3_600, 1 << 26, 65_536)
PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Server:
    """A bus under test."""

    connect: Callable[[], Awaitable[Bus]]
    down: Callable[[], Awaitable[None]]
    up: Callable[[bool], Awaitable[None]]
    """With its store, or with an empty one if told to forget."""


@asynccontextmanager
async def memory(_: Path) -> AsyncIterator[Server]:
    hub = MemoryHub()

    async def connect() -> Bus:
        return MemoryBus(hub, publish_timeout_s=1.0)

    async def down() -> None:
        hub.up = False

    async def up(forget: bool) -> None:
        if forget:
            hub.wipe()
        hub.up = True
        hub.notify()

    yield Server(connect, down, up)


@asynccontextmanager
async def nats(folder: Path) -> AsyncIterator[Server]:
    async with NatsServer.start(folder) as server, AsyncExitStack() as stack:

        async def connect() -> Bus:
            config = BusConfig(url=server.url, publish_timeout_s=3.0)
            return await stack.enter_async_context(NatsBus.connect(config))

        async def up(forget: bool) -> None:
            if forget:
                server.forget()
            await server.up()

        yield Server(connect, server.kill, up)


@pytest.fixture(params=[memory, nats], ids=["memory", "nats"])
async def server(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Server]:
    async with request.param(tmp_path) as running:
        yield running


async def ready(server: Server) -> Bus:
    bus = await server.connect()
    await bus.ensure_streams((STREAM,))
    return bus


class Reader:
    """Reads deliveries into a list, acknowledging them unless told otherwise."""

    def __init__(self, ack: bool = True) -> None:
        self.ack = ack
        self.seen: list[Delivery] = []

    async def read(self, bus: Bus, durable: str, *subjects: str) -> None:
        async with bus.subscribe(STREAM.name, durable, subjects or ("work.>",)) as deliveries:
            async for delivery in deliveries:
                self.seen.append(delivery)
                if self.ack:
                    await delivery.ack()

    async def until(self, count: int) -> list[bytes]:
        async with asyncio.timeout(PATIENCE_S):
            while len(self.seen) < count:
                await asyncio.sleep(0.01)
        return [delivery.data for delivery in self.seen]


@asynccontextmanager
async def reading(bus: Bus, durable: str, *subjects: str, ack: bool = True) -> AsyncIterator[Reader]:
    reader = Reader(ack)
    task = asyncio.create_task(reader.read(bus, durable, *subjects))
    try:
        yield reader
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_is_published_is_delivered_unaltered_and_in_order(server: Server) -> None:
    bus = await ready(server)
    async with reading(bus, "one") as reader:
        for number in range(20):
            await bus.publish("work.a", bytes([number]))
        assert await reader.until(20) == [bytes([number]) for number in range(20)]
        assert {delivery.subject for delivery in reader.seen} == {"work.a"}
        assert not any(delivery.redelivered for delivery in reader.seen)


async def test_what_was_published_before_the_consumer_came_is_delivered_too(server: Server) -> None:
    bus = await ready(server)
    await bus.publish("work.early", b"1")
    async with reading(bus, "one") as reader:
        assert await reader.until(1) == [b"1"]


async def test_a_consumer_hears_its_subjects_only(server: Server) -> None:
    bus = await ready(server)
    async with reading(bus, "one", "work.*.mine", "work.all.>") as reader:
        for subject in ("work.x.mine", "work.x.yours", "work.all.a.b", "work.x.y.mine", "work.end.mine"):
            await bus.publish(subject, subject.encode())
        assert await reader.until(3) == [b"work.x.mine", b"work.all.a.b", b"work.end.mine"]


async def test_two_consumers_each_get_everything(server: Server) -> None:
    bus, other = await ready(server), await ready(server)
    async with reading(bus, "one") as first, reading(other, "two") as second:
        for number in range(5):
            await bus.publish("work.a", bytes([number]))
        assert await first.until(5) == await second.until(5)


async def test_a_consumer_resumes_from_its_place(server: Server) -> None:
    bus = await ready(server)
    async with reading(bus, "one") as reader:
        await bus.publish("work.a", b"1")
        await reader.until(1)
    await bus.publish("work.a", b"2")
    again = await ready(server)
    async with reading(again, "one") as reader:
        assert await reader.until(1) == [b"2"]


async def test_an_oversized_message_is_refused_with_its_reason(server: Server) -> None:
    bus = await ready(server)
    with pytest.raises(BusError) as caught:
        await bus.publish("work.a", bytes(2_000_000))
    assert caught.value.reason is Reason.OVERSIZED


async def test_publishing_goes_on_after_the_server_was_away(server: Server) -> None:
    bus = await ready(server)
    await server.down()

    async def back() -> None:
        await asyncio.sleep(0.3)
        await server.up(False)

    async with asyncio.TaskGroup() as group:
        group.create_task(back())
        await bus.publish("work.a", b"patient")
    async with reading(bus, "one") as reader:
        assert await reader.until(1) == [b"patient"]


async def test_a_server_that_stays_away_is_said_to_be_unreachable(server: Server) -> None:
    bus = await ready(server)
    await server.down()
    with pytest.raises(BusError) as caught:
        await bus.publish("work.a", b"lost")
    assert caught.value.reason is Reason.BUS_UNREACHABLE


@pytest.mark.parametrize("forget", [False, True], ids=["same store", "empty store"])
async def test_consumers_heal_when_the_server_was_killed_and_restarted(server: Server, forget: bool) -> None:
    bus, other = await ready(server), await ready(server)
    async with reading(other, "one") as reader:
        await bus.publish("work.a", b"before")
        await reader.until(1)
        await server.down()
        await server.up(forget)
        await bus.publish("work.a", b"after")
        assert (await reader.until(2))[-1] == b"after"


async def test_what_was_not_acknowledged_comes_again_to_the_memory_s_consumer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("hourglass.bus.memory.ACK_WAIT_S", 0.05)
    bus = MemoryBus(MemoryHub())
    await bus.ensure_streams((STREAM,))
    async with reading(bus, "one", ack=False) as reader:
        await bus.publish("work.a", b"1")
        assert await reader.until(2) == [b"1", b"1"]
        assert [delivery.redelivered for delivery in reader.seen[:2]] == [False, True]


async def test_what_was_not_acknowledged_comes_again_to_nats_consumer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hourglass.bus.nats.ACK_WAIT_S", 0.2)
    async with nats(tmp_path) as server:
        bus = await ready(server)
        async with reading(bus, "one", ack=False) as reader:
            await bus.publish("work.a", b"1")
            assert (await reader.until(2))[:2] == [b"1", b"1"]
            assert [delivery.redelivered for delivery in reader.seen[:2]] == [False, True]


async def test_a_server_that_is_not_there_is_an_error_without_its_password() -> None:
    with pytest.raises(BusError) as caught:
        async with NatsBus.connect(BusConfig(url="nats://me:secret@127.0.0.1:1", connect_timeout_s=0.5)):
            pass
    assert caught.value.reason is Reason.BUS_UNREACHABLE
    assert "secret" not in str(caught.value)
    assert mask("nats://me:secret@a:1,nats://b:2") == "a:1,nats://b:2"


@pytest.mark.parametrize(
    ("pattern", "subject", "expected"),
    [
        ("a.>", "a.b.c", True),
        ("a.>", "a", False),
        ("a.*", "a.b", True),
        ("a.*", "a.b.c", False),
        ("a.b", "a.b", True),
        ("a.*.c", "a.b.d", False),
    ],
)
def test_patterns_match_as_the_server_s_do(pattern: str, subject: str, expected: bool) -> None:
    assert matches(pattern, subject) is expected
