"""When a series of ticks is over: the same rule for who proposes it and for who signs it."""

from collections.abc import Mapping

from hourglass.workflow.abi import WORD
from hourglass.workflow.definition import MAX_OBSERVATION_BYTES, MAX_RESULT_BYTES
from hourglass.workflow.identifiers import ChainTime, Tick
from hourglass.workflow.series import Schedule, Series, TickValue


def ended_at(schedule: Schedule, certified: Mapping[Tick, TickValue], now: ChainTime) -> Tick | None:
    """The last tick of the series, once it is over at `now`; None while it goes on.

    It ends with the first tick whose quorum wished to stop, else with the schedule's last tick: as soon as that is
    certified, or when it counts as missed.
    """
    stops = [tick for tick, value in certified.items() if value.stop]
    if stops:
        return min(stops)
    last = Tick(schedule.ticks)
    return last if last in certified or now >= schedule.over_at else None


def tick_value_of(data: bytes, ticks: int) -> TickValue:
    """The value of one tick, of so many, in these bytes. Raises ValueError for any that a series has no room for."""
    value = TickValue.decode(data)
    most = min(largest_value(ticks), MAX_OBSERVATION_BYTES - 1)
    if len(value.value) > most:
        raise ValueError(f"a value of {ticks} ticks has up to {most} bytes, not {len(value.value)}")
    return value


def largest_value(ticks: int) -> int:
    """How many bytes each value of a series of so many ticks may have, so that the whole fits into a result.

    Each value costs two words beside its own, padded; the series six.
    """
    return (MAX_RESULT_BYTES - 6 * WORD) // max(1, ticks) // WORD * WORD - 2 * WORD


def series_of_ticks(certified: Mapping[Tick, TickValue], last: Tick) -> Series[bytes]:
    """The series that ends with this tick, as it is attested and submitted."""
    values = {tick: value.value for tick, value in sorted(certified.items()) if tick <= last}
    stopped = last in certified and certified[last].stop
    return Series(ticks=last, values=values, stopped=stopped)
