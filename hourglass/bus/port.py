"""The bus as the rest of the system sees it: unreliable by contract.

What is *not* promised: it may lose, repeat, delay and reorder deliveries, and it may forget everything it ever
held (its store deleted, its streams gone). Nothing above may depend on more than "usually arrives soon".
What is promised: a delivery's bytes are some publisher's bytes on that subject, unaltered by us; a broken
connection heals by itself; a stream or consumer that vanished is made again.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """A stream as plain data; whoever owns the subjects says how they are kept."""

    name: str
    subjects: tuple[str, ...]
    """With NATS wildcards: `*` one token, `>` the rest."""
    max_age_s: int
    max_bytes: int
    max_message_bytes: int


class Delivery(Protocol):
    """One message as it arrived."""

    @property
    def subject(self) -> str:
        """What it was published on."""
        ...

    @property
    def data(self) -> bytes:
        """Its bytes."""
        ...

    @property
    def redelivered(self) -> bool:
        """True if the bus says that it tried before. False proves nothing."""
        ...

    async def ack(self) -> None:
        """Say that it need not come again. It still may. Never raises for a lost connection."""
        ...


class Bus(Protocol):
    """A connection. Raises BusError with a reason where it cannot do what was asked within its time limit."""

    async def ensure_streams(self, streams: tuple[StreamSpec, ...]) -> None:
        """Create or update; remember them, and make them again whenever the server has lost them."""
        ...

    async def publish(self, subject: str, data: bytes) -> None:
        """Returns once the stream has stored it. Raises BusError(BUS_UNREACHABLE | BUS_DENIED | OVERSIZED)."""
        ...

    def subscribe(
        self, stream: str, durable: str, subjects: tuple[str, ...]
    ) -> AbstractAsyncContextManager[AsyncIterator[Delivery]]:
        """Deliveries on these subjects to this durable consumer, which keeps its place between connections.

        The iterator never ends and never raises for a lost connection, stream or consumer: it heals and goes
        on. Leaving the context ends it; the durable stays on the server.
        """
        ...
