"""The real bus: NATS JetStream. The only import of nats.

Naive use of a pull consumer stands still for ever in three cases: the server lost its store, so that stream and
consumer are gone; somebody deleted them; or the subscription stayed dead after a reconnect, a known defect of the
client. So nothing here trusts an established state: every fetch that fails makes the streams and the consumer anew
and subscribes again, and a pull of which the server does not say every half second that it stands, has failed.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import nats
import nats.errors
import nats.js.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StreamConfig

from hourglass.bus.config import BusConfig
from hourglass.bus.port import StreamSpec
from hourglass.errors import BusError
from hourglass.reasons import Reason

BATCH = 256
"""Messages asked for at once: enough to keep a busy node fed, little enough to bound its memory."""
PULL_S = 30.0
"""A pull stands this long; then the next one is made."""
HEARTBEAT_S = 0.5
"""The server says this often that a pull still stands."""
SILENCE_S = 2.0
"""Four heartbeats missed: server, stream or consumer is gone, or the subscription is dead."""
NANOSECONDS = 1_000_000_000
HEARTBEAT = "100"
EXPIRED = ("404", "408")
ACK_WAIT_S = 30.0
"""After this, what was not acknowledged comes again."""
MAX_ACK_PENDING = 4_096
RETRY_S = 0.1
RECONNECT_WAIT_S: Any = 0.2  # annotated as whole seconds, used as any number

Error = (nats.errors.Error, nats.js.errors.Error, asyncio.TimeoutError, OSError)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class NatsDelivery:
    """A message of a JetStream consumer."""

    message: Msg

    @property
    def subject(self) -> str:
        """What it was published on."""
        return self.message.subject

    @property
    def data(self) -> bytes:
        """Its bytes."""
        return self.message.data

    @property
    def redelivered(self) -> bool:
        """Did the server try before?"""
        return (self.message.metadata.num_delivered or 1) > 1

    async def ack(self) -> None:
        """Say that it need not come again; a lost connection makes it come again."""
        try:
            await self.message.ack()
        except Error:
            log.debug("acknowledgement lost", subject=self.message.subject)


@dataclass(slots=True)
class NatsBus:
    """One connection, opened with `connect`."""

    config: BusConfig
    client: Client
    jetstream: JetStreamContext
    _streams: dict[str, StreamSpec] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def connect(cls, config: BusConfig) -> AsyncIterator["NatsBus"]:
        """Connect, and close on leaving. Raises BusError(BUS_UNREACHABLE) if no server answers in time."""
        client = Client()
        try:
            async with asyncio.timeout(config.connect_timeout_s):
                await client.connect(
                    servers=[url.strip() for url in config.url.split(",")],
                    user_credentials=str(config.credentials_file) if config.credentials_file else None,
                    error_cb=_log_error,
                    disconnected_cb=_log_disconnected,
                    reconnected_cb=_log_reconnected,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=RECONNECT_WAIT_S,
                    allow_reconnect=True,
                )
        except Error as error:
            await _close(client)
            raise BusError(Reason.BUS_UNREACHABLE, f"{mask(config.url)}: {type(error).__name__}.") from error
        try:
            yield cls(config, client, client.jetstream(timeout=config.publish_timeout_s))
        finally:
            await _close(client)

    async def ensure_streams(self, streams: tuple[StreamSpec, ...]) -> None:
        """Create or update these streams, and remember them."""
        self._streams.update({stream.name: stream for stream in streams})
        await self._insist(self._make_streams)

    async def publish(self, subject: str, data: bytes) -> None:
        """Returns once the stream has stored it."""
        if len(data) > self.client.max_payload:
            raise BusError(Reason.OVERSIZED, f"{len(data)} bytes on {subject}.")

        async def attempt() -> None:
            await self.jetstream.publish(subject, data, timeout=self.config.publish_timeout_s)

        await self._insist(attempt)

    @asynccontextmanager
    async def subscribe(
        self, stream: str, durable: str, subjects: tuple[str, ...]
    ) -> AsyncIterator[AsyncIterator[NatsDelivery]]:
        """Deliveries of a durable pull consumer; leaving ends the subscription, not the durable."""
        consumer = _Consumer(self, stream, durable, subjects)
        try:
            yield consumer.deliveries()
        finally:
            await consumer.unsubscribe()

    async def _insist(self, attempt: Callable[[], Awaitable[None]]) -> None:
        """Try until it works or the time is up; make the streams anew if the server has none."""
        last: BaseException | None = None
        try:
            async with asyncio.timeout(self.config.publish_timeout_s):
                while True:
                    try:
                        await attempt()
                        return
                    except (nats.js.errors.NoStreamResponseError, nats.js.errors.NotFoundError) as error:
                        last = error
                        await self.try_making_streams()
                    except nats.js.errors.APIError as error:
                        raise BusError(Reason.BUS_DENIED, _describe(error)) from error
                    except nats.errors.MaxPayloadError as error:
                        raise BusError(Reason.OVERSIZED, _describe(error)) from error
                    except Error as error:
                        last = error
                    await asyncio.sleep(RETRY_S)
        except TimeoutError as error:
            detail = f"{mask(self.config.url)}: {_describe(last) if last else 'no answer in time'}"
            raise BusError(Reason.BUS_UNREACHABLE, detail) from error

    async def try_making_streams(self) -> None:
        """Make the streams that the server may have lost; if it cannot be done now, it is tried again."""
        try:
            await self._make_streams()
        except Error as error:
            log.warning("streams cannot be made", error=_describe(error))

    async def _make_streams(self) -> None:
        for stream in self._streams.values():
            config = StreamConfig(
                name=stream.name,
                subjects=list(stream.subjects),
                retention=RetentionPolicy.LIMITS,
                discard=DiscardPolicy.OLD,
                max_age=stream.max_age_s,
                max_bytes=stream.max_bytes,
                max_msg_size=stream.max_message_bytes,
            )
            # Looked at first: whoever may only look, as agents should, can still work on streams that are there.
            try:
                found = (await self.jetstream.stream_info(stream.name)).config
            except nats.js.errors.NotFoundError:
                await self.jetstream.add_stream(config)
                continue
            if _differs(found, config):
                await self.jetstream.update_stream(config)


@dataclass(slots=True)
class _Consumer:
    """A durable pull consumer (ADR-37) that is made again whenever it may be gone.

    Pulls are asked for and read here, one standing request at a time: the client's own `fetch` of several
    messages waits for all of them before it hands over the first.
    """

    bus: NatsBus
    stream: str
    durable: str
    subjects: tuple[str, ...]
    subscription: Subscription | None = None

    async def deliveries(self) -> AsyncIterator[NatsDelivery]:
        """Never ends, never raises for a lost connection, stream or consumer."""
        while True:
            try:
                subscription = self.subscription or await self._subscribe()
                await self._ask(subscription)
                async for delivery in self._answers(subscription):
                    yield delivery
            except Error as error:
                log.info("the consumer is made anew", durable=self.durable, error=_describe(error))
                await self.unsubscribe()
                await self.bus.try_making_streams()
                await asyncio.sleep(RETRY_S)

    async def _subscribe(self) -> Subscription:
        config = ConsumerConfig(
            durable_name=self.durable,
            ack_policy=AckPolicy.EXPLICIT,
            ack_wait=ACK_WAIT_S,
            max_ack_pending=MAX_ACK_PENDING,
            filter_subjects=list(self.subjects),
        )
        await self.bus.jetstream.add_consumer(self.stream, config)
        self.subscription = await self.bus.client.subscribe(self.bus.client.new_inbox())
        return self.subscription

    async def _ask(self, subscription: Subscription) -> None:
        request = {
            "batch": BATCH,
            "expires": int(PULL_S * NANOSECONDS),
            "idle_heartbeat": int(HEARTBEAT_S * NANOSECONDS),
        }
        await self.bus.client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{self.durable}",
            json.dumps(request).encode(),
            reply=subscription.subject,
        )

    async def _answers(self, subscription: Subscription) -> AsyncIterator[NatsDelivery]:
        """What one pull brings, until it is used up or has expired. Silence, even of heartbeats, is an error."""
        for _ in range(BATCH):
            while (message := await subscription.next_msg(timeout=SILENCE_S)) is not None:
                status = (message.headers or {}).get("Status")
                if status is None:
                    yield NatsDelivery(message)
                    break
                if status in EXPIRED:
                    return
                if status != HEARTBEAT:
                    raise nats.js.errors.ServiceUnavailableError(description=f"status {status}")

    async def unsubscribe(self) -> None:
        """Forget the subscription."""
        subscription, self.subscription = self.subscription, None
        if subscription is not None:
            try:
                await subscription.unsubscribe()
            except Error:
                log.debug("already unsubscribed", durable=self.durable)


def _differs(found: StreamConfig, wanted: StreamConfig) -> bool:
    return any(
        getattr(found, name) != getattr(wanted, name)
        for name in ("subjects", "max_age", "max_bytes", "max_msg_size")
    )


def mask(url: str) -> str:
    """The URL without whatever stands before an @."""
    return ",".join(part.rpartition("@")[2] for part in url.split(","))


def _describe(error: BaseException | None) -> str:
    return f"{type(error).__name__}: {error}" if error is not None and str(error) else type(error).__name__


async def _close(client: Client) -> None:
    try:
        async with asyncio.timeout(2.0):
            await client.close()
    except Error:
        log.debug("closed without goodbye")


async def _log_error(error: Exception) -> None:
    log.debug("bus", error=_describe(error))


async def _log_disconnected() -> None:
    log.warning("bus connection lost", reason=Reason.BUS_UNREACHABLE.code)


async def _log_reconnected() -> None:
    log.info("bus connection back")
