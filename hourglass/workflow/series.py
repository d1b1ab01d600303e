"""The result of a CONTINUOUS phase: its series of ticks; when ticks are due, and what an operator says in one.

All arithmetic is in integers on the chain's clock. A tick is due at a fixed distance from the phase's start, whenever
the ticks before it were certified, so a schedule never drifts.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from hourglass.workflow import abi
from hourglass.workflow.identifiers import ChainTime, Tick
from hourglass.workflow.reducers import stake_weighted_median
from hourglass.workflow.values import ValueType

T = TypeVar("T")
MAX_TICKS = 168
"""A week of hours; and 168 integers just fit into a result."""
SERIES_ABI = ("uint32", "uint32", "bool", "uint256", "bytes[]")
"""Ticks, count, stopped, the bitmap of certified ticks (tick t is bit t - 1), their values in order."""

DEFAULT_REDUCER = stake_weighted_median.name
"""Left out of the metadata, so that a plan of interval and updates alone is a whole one."""


@dataclass(frozen=True, slots=True)
class Series(Generic[T]):
    """What a CONTINUOUS phase gives: how many ticks it covers, and the values of those that were certified.

    Iterating gives (tick, value) of those, in order. Raises ValueError for ticks out of range, or a stop without its
    tick.
    """

    ticks: int
    values: Mapping[Tick, T] = field(hash=False)
    """By tick, in order. A tick up to `ticks` that is not here was missed."""
    stopped: bool = False
    """The operators ended it early, at its last tick."""

    def __post_init__(self) -> None:
        if type(self.ticks) is not int or not 0 <= self.ticks <= MAX_TICKS:
            raise ValueError(f"a series has up to {MAX_TICKS} ticks, not {self.ticks!r}")
        if any(type(tick) is not int or not 1 <= tick <= self.ticks for tick in self.values):
            raise ValueError(f"a series of {self.ticks} ticks has a value for another one")
        if self.stopped and Tick(self.ticks) not in self.values:
            raise ValueError("a series that was stopped ends with a certified tick")
        ordered = {tick: self.values[tick] for tick in sorted(self.values)}
        object.__setattr__(self, "values", MappingProxyType(ordered))

    def __iter__(self) -> Iterator[tuple[Tick, T]]:
        return iter(self.values.items())

    def __reduce__(self) -> tuple[Any, ...]:
        # A handler may pass a series to another process; read-only views can't be pickled.
        return Series, (self.ticks, dict(self.values), self.stopped)

    @property
    def count(self) -> int:
        """How many ticks were certified."""
        return len(self.values)

    @property
    def missed(self) -> tuple[Tick, ...]:
        """The ticks without a value."""
        return tuple(Tick(tick) for tick in range(1, self.ticks + 1) if tick not in self.values)

    @property
    def latest(self) -> T | None:
        """The value of the last certified tick; None if every tick was missed."""
        return [*self.values.values()][-1] if self.values else None


def encode_series(series: Series[bytes]) -> bytes:
    """`abi.encode` of a series of encoded values, as `SERIES_ABI` says."""
    certified = sum(1 << (tick - 1) for tick in series.values)
    values = list(series.values.values())
    return abi.encode(SERIES_ABI, [series.ticks, series.count, series.stopped, certified, values])


def decode_series(data: bytes) -> Series[bytes]:
    """The series in these bytes. Raises ValueError for any that `encode_series` does not give."""
    ticks, count, stopped, certified, values = abi.decode(SERIES_ABI, data)
    present = [Tick(bit + 1) for bit in range(certified.bit_length()) if certified >> bit & 1]
    if not count == len(present) == len(values):
        raise ValueError("its count, its bitmap and its values disagree")
    return Series(ticks, dict(zip(present, values, strict=True)), stopped)


def series_of(inner: ValueType[T]) -> ValueType[Series[T]]:
    """The codec for series of such values: `encode_series` of the values' own bytes."""

    def to_bytes(series: Series[T]) -> bytes:
        raw = {tick: inner.encode(value) for tick, value in series}
        return encode_series(Series(series.ticks, raw, series.stopped))

    def from_bytes(data: bytes) -> Series[T]:
        raw = decode_series(data)
        values = {tick: inner.decode(value) for tick, value in raw}
        return Series(raw.ticks, values, raw.stopped)

    layout = f"({','.join(SERIES_ABI)}), each value as {inner.abi}"
    return ValueType(Series, layout, to_bytes, from_bytes)


# ── One tick ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class TickValue:
    """What an operator observes at a tick, and what a tick is certified with."""

    stop: bool
    """The wish, or the quorum's decision, to end the series here."""
    value: bytes

    def encode(self) -> bytes:
        """One byte, 0 or 1, and the value."""
        return bytes([self.stop]) + self.value

    @classmethod
    def decode(cls, data: bytes) -> "TickValue":
        """Raises ValueError for bytes that `encode` never gives."""
        if not data or data[0] > 1:
            raise ValueError("a tick's value begins with 0 or 1")
        return cls(data[0] == 1, data[1:])


# ── When ──────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ContinuousPlan:
    """A CONTINUOUS phase's metadata."""

    interval_s: int
    updates: int
    """0: until the timeout."""
    reducer: str


def encode_continuous(interval_s: int, updates: int, reducer: str) -> bytes:
    """abi.encode(interval, updates), and the reducer's name unless it is the default. Raises ValueError."""
    if reducer == DEFAULT_REDUCER:
        return abi.encode(["uint256", "uint256"], [interval_s, updates])
    return abi.encode(["uint256", "uint256", "string"], [interval_s, updates, reducer])


def decode_continuous(metadata: bytes) -> ContinuousPlan:
    """The plan in a CONTINUOUS phase's metadata. Raises ValueError for bytes that `encode_continuous` never gives."""
    if len(metadata) == 2 * abi.WORD:
        interval_s, updates = abi.decode(["uint256", "uint256"], metadata)
        return ContinuousPlan(interval_s, updates, DEFAULT_REDUCER)
    plan = ContinuousPlan(*abi.decode(["uint256", "uint256", "string"], metadata))
    if plan.reducer == DEFAULT_REDUCER:
        raise ValueError("it names the reducer that goes without saying")
    return plan


@dataclass(frozen=True, slots=True)
class Schedule:
    """When the ticks of one phase attempt are due, by the chain's clock. Ticks count from 1; the first is due at once.

    A tick's window goes from the second in which it is due to that in which it closes, exclusive. Windows follow each
    other without a gap. Raises ValueError for an interval of no time, or more updates than a series holds.
    """

    started_at: int
    interval_s: int
    updates: int
    """0: as many as are due before the deadline."""
    deadline: int
    """The attempt's: the execution's own may cut it short, and the ticks due from then on with it."""

    def __post_init__(self) -> None:
        if self.interval_s < 1:
            raise ValueError(f"an interval has at least a second, not {self.interval_s}")
        if not 0 <= self.updates <= MAX_TICKS:
            raise ValueError(f"a series has up to {MAX_TICKS} ticks, not {self.updates}")

    @property
    def ticks(self) -> int:
        """How many there are."""
        fitting = -((self.started_at - self.deadline) // self.interval_s)
        return max(0, min(self.updates or MAX_TICKS, fitting))

    def due(self, tick: int) -> ChainTime:
        """The first second in which operators observe for it."""
        return ChainTime(self.started_at + (tick - 1) * self.interval_s)

    def closes(self, tick: int) -> ChainTime:
        """The first second in which it counts as missed, unless it was certified before.

        The last tick leaves half of the time that remains to certify the series.
        """
        if tick < self.ticks:
            return self.due(tick + 1)
        due = self.due(tick)
        return ChainTime(due + min(self.interval_s, max(self.deadline - due, 0) // 2))

    @property
    def over_at(self) -> ChainTime:
        """When the last tick's time is over; without a tick, at once."""
        return self.closes(self.ticks) if self.ticks else ChainTime(self.started_at)

    def tick_at(self, now: int) -> Tick:
        """The latest tick that is due; 0 before the first."""
        return Tick(max(0, min(self.ticks, (now - self.started_at) // self.interval_s + 1)))


def schedule_of(metadata: bytes, started_at: int, deadline: int) -> Schedule:
    """The ticks of an attempt with this metadata, by its first two words: that is all the contract vouches for.

    Raises ValueError for metadata that no contract of ours takes.
    """
    interval_s, updates = abi.decode(["uint256", "uint256"], metadata[: 2 * abi.WORD])
    return Schedule(started_at, interval_s, updates, deadline)
