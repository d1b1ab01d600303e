"""When a series is over, and what fits into it."""

from hypothesis import given
from hypothesis import strategies as st

from hourglass.workflow.definition import MAX_RESULT_BYTES
from hourglass.workflow.identifiers import ChainTime, Tick
from hourglass.workflow.series import MAX_TICKS, Schedule, TickValue, encode_series
from hourglass.workflow.series_end import ended_at, largest_value, series_of_ticks

START, INTERVAL_S, UPDATES, TIMEOUT_S = 1_000, 10, 6, 100
SCHEDULE = Schedule(START, INTERVAL_S, UPDATES, START + TIMEOUT_S)


def certified(*ticks: int, stops: tuple[int, ...] = ()) -> dict[Tick, TickValue]:
    return {Tick(tick): TickValue(tick in stops, b"v") for tick in ticks}


def at(after_s: int) -> ChainTime:
    return ChainTime(START + after_s)


def test_it_ends_as_soon_as_its_last_tick_is_certified() -> None:
    assert ended_at(SCHEDULE, certified(1, 2, 3, 4, 5), at(50)) is None
    assert ended_at(SCHEDULE, certified(6), at(50)) == 6


def test_it_ends_without_its_last_tick_when_that_counts_as_missed() -> None:
    assert ended_at(SCHEDULE, certified(1), at(59)) is None
    assert ended_at(SCHEDULE, certified(1), at(60)) == 6


def test_it_ends_with_the_first_tick_at_which_operators_wished_to_stop() -> None:
    assert ended_at(SCHEDULE, certified(1, 2, 3, 4, stops=(2, 4)), at(31)) == 2


@given(st.sets(st.integers(1, UPDATES)), st.sets(st.integers(1, UPDATES)), st.integers(0, TIMEOUT_S))
def test_once_over_it_stays_over_and_never_ends_earlier_than_it_did(
    ticks: set[int], stops: set[int], after_s: int
) -> None:
    values = certified(*ticks, stops=tuple(stops & ticks))
    ends = ended_at(SCHEDULE, values, at(after_s))
    later = ended_at(SCHEDULE, values, at(after_s + 1))
    assert ends is None or ends == later
    if ends is not None:
        series = series_of_ticks(values, ends)
        assert series.ticks == ends
        assert set(series.values) == {tick for tick in ticks if tick <= ends}
        assert series.stopped == bool(stops & ticks)


@given(st.integers(1, MAX_TICKS))
def test_values_of_the_largest_size_just_fit_into_a_result(ticks: int) -> None:
    def size(length: int) -> int:
        values = {Tick(tick): TickValue(False, bytes(length)) for tick in range(1, ticks + 1)}
        return len(encode_series(series_of_ticks(values, Tick(ticks))))

    assert size(largest_value(ticks)) <= MAX_RESULT_BYTES < size(largest_value(ticks) + 1)
    assert largest_value(ticks) >= 32
