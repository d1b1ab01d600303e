"""The in-memory twin of the bus: the same promises and the same lack of them, with faults drawn from a seed.

A `MemoryHub` stands for the server, each `MemoryBus` for one connection to it. It passes the suite that the real
client passes. Time is the event loop's, so it runs on virtual time as well.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random

from hourglass.bus.port import StreamSpec
from hourglass.errors import BusError
from hourglass.reasons import Reason

ACK_WAIT_S = 30.0
"""As the real consumers': after this, what was not acknowledged comes again."""
RECONNECT_S = 0.05


@dataclass(frozen=True, slots=True)
class Faults:
    """Probabilities, from 0 to 1, of what happens to a published message."""

    drop: float = 0.0
    """The stream says that it stored it, and has not."""
    duplicate: float = 0.0
    delay: float = 0.0
    """It arrives up to `max_delay_s` later, and so after others that were published after it."""
    max_delay_s: float = 0.4


@dataclass(slots=True)
class _Stored:
    subject: str
    data: bytes
    tried: set[str] = field(default_factory=set)
    """Durables to which it was delivered before."""


@dataclass(slots=True)
class _Durable:
    subjects: tuple[str, ...]
    next: int = 0
    unacknowledged: dict[int, float] = field(default_factory=dict)
    """Place in the stream, and when it comes again."""


@dataclass(slots=True)
class _Stream:
    spec: StreamSpec
    messages: list[_Stored] = field(default_factory=list)
    durables: dict[str, _Durable] = field(default_factory=dict)


@dataclass(slots=True)
class MemoryHub:
    """What all connections share: the server. `up` is False while it is down."""

    random: Random = field(default_factory=lambda: Random(0))
    faults: Faults = Faults()
    up: bool = True
    streams: dict[str, _Stream] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def wipe(self) -> None:
        """Forget everything: streams, messages, consumers."""
        self.streams.clear()
        self.notify()

    def store(self, stream: str, subject: str, data: bytes) -> None:
        """Keep one message, if the stream is still there."""
        if stream in self.streams:
            self.streams[stream].messages.append(_Stored(subject, data))
            self.notify()

    def notify(self) -> None:
        """Wake every consumer that waits."""
        self.changed.set()
        self.changed = asyncio.Event()


@dataclass(frozen=True, slots=True)
class MemoryDelivery:
    """One message as it arrived."""

    subject: str
    data: bytes
    redelivered: bool
    _durable: _Durable
    _place: int

    async def ack(self) -> None:
        """Say that it need not come again."""
        self._durable.unacknowledged.pop(self._place, None)


@dataclass(slots=True)
class MemoryBus:
    """One connection to a hub."""

    hub: MemoryHub
    publish_timeout_s: float = 5.0
    _streams: dict[str, StreamSpec] = field(default_factory=dict)

    async def ensure_streams(self, streams: tuple[StreamSpec, ...]) -> None:
        """Create or update these streams, and remember them."""
        self._streams.update({stream.name: stream for stream in streams})
        await self._until_up()
        self._make_streams()

    async def publish(self, subject: str, data: bytes) -> None:
        """Returns once the stream has stored it, or says so."""
        await self._until_up()
        self._make_streams()
        stream = next((s for s in self.hub.streams.values() if matches_any(s.spec.subjects, subject)), None)
        if stream is None:
            raise BusError(Reason.BUS_UNREACHABLE, f"no stream takes {subject}")
        if len(data) > stream.spec.max_message_bytes:
            raise BusError(Reason.OVERSIZED, f"{len(data)} bytes on {subject}.")
        hub, faults = self.hub, self.hub.faults
        if hub.random.random() < faults.drop:
            return
        for _ in range(1 + (hub.random.random() < faults.duplicate)):
            delay = hub.random.uniform(0, faults.max_delay_s) if hub.random.random() < faults.delay else 0.0
            if delay:
                asyncio.get_running_loop().call_later(delay, hub.store, stream.spec.name, subject, data)
            else:
                hub.store(stream.spec.name, subject, data)

    @asynccontextmanager
    async def subscribe(
        self, stream: str, durable: str, subjects: tuple[str, ...]
    ) -> AsyncIterator[AsyncIterator[MemoryDelivery]]:
        """Deliveries on these subjects to this durable consumer."""
        yield self._deliveries(stream, durable, subjects)

    async def _deliveries(
        self, stream: str, durable: str, subjects: tuple[str, ...]
    ) -> AsyncIterator[MemoryDelivery]:
        while True:
            changed = self.hub.changed
            if self.hub.up:
                self._make_streams()
                kept = self.hub.streams[stream]
                consumer = kept.durables.setdefault(durable, _Durable(subjects))
                consumer.subjects = subjects
                delivery = self._next(kept, durable, consumer)
                if delivery is not None:
                    yield delivery
                    continue
            await self._wait(changed)

    def _next(self, stream: _Stream, durable: str, consumer: _Durable) -> MemoryDelivery | None:
        now = asyncio.get_running_loop().time()
        place = next((at for at, due in consumer.unacknowledged.items() if due <= now), None)
        while place is None and consumer.next < len(stream.messages):
            candidate, consumer.next = consumer.next, consumer.next + 1
            if matches_any(consumer.subjects, stream.messages[candidate].subject):
                place = candidate
        if place is None:
            return None
        consumer.unacknowledged[place] = now + ACK_WAIT_S
        message = stream.messages[place]
        again = durable in message.tried
        message.tried.add(durable)
        return MemoryDelivery(message.subject, message.data, again, consumer, place)

    async def _wait(self, changed: asyncio.Event) -> None:
        """Until something is published, or something unacknowledged may be due."""
        try:
            async with asyncio.timeout(1.0):
                await changed.wait()
        except TimeoutError:
            return

    async def _until_up(self) -> None:
        try:
            async with asyncio.timeout(self.publish_timeout_s):
                while not self.hub.up:
                    await asyncio.sleep(RECONNECT_S)
        except TimeoutError as error:
            raise BusError(Reason.BUS_UNREACHABLE, "the hub is down") from error

    def _make_streams(self) -> None:
        for name, spec in self._streams.items():
            if name not in self.hub.streams:
                self.hub.streams[name] = _Stream(spec)


def matches_any(patterns: tuple[str, ...], subject: str) -> bool:
    """Does the subject match one of these NATS patterns?"""
    return any(matches(pattern, subject) for pattern in patterns)


def matches(pattern: str, subject: str) -> bool:
    """`*` is one token, a final `>` is one or more."""
    wanted, tokens = pattern.split("."), subject.split(".")
    for place, token in enumerate(wanted):
        if token == ">":
            return len(tokens) > place
        if place >= len(tokens) or token not in ("*", tokens[place]):
            return False
    return len(wanted) == len(tokens)
