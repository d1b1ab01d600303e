"""Series of ticks: their bytes, when ticks are due, and what their phase's metadata says."""

import copy
import pickle
from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from eth_abi.abi import encode as abi_library_encode
from hypothesis import given
from hypothesis import strategies as st
from vectors import load, raw

from hourglass.errors import HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.definition import MAX_RESULT_BYTES
from hourglass.workflow.identifiers import StakeWeight, Tick
from hourglass.workflow.reducers import Weighed, identical
from hourglass.workflow.series import (
    MAX_TICKS,
    ContinuousPlan,
    Schedule,
    Series,
    TickValue,
    decode_continuous,
    decode_series,
    encode_continuous,
    encode_series,
    schedule_of,
    series_of,
)
from hourglass.workflow.values import BOOL, BYTES, INT, INTS, TEXT, ValueType

SERIES_ABI = ["uint32", "uint32", "bool", "uint256", "bytes[]"]


@st.composite
def series(draw: st.DrawFn, values: st.SearchStrategy[Any], most: int = 12) -> Series[Any]:
    ticks = draw(st.integers(0, most))
    certified = draw(st.dictionaries(st.integers(1, max(ticks, 1)).map(Tick), values)) if ticks else {}
    return Series(ticks, certified, ticks in certified and draw(st.booleans()))


RAW = series(st.binary(max_size=40))
SCHEDULES = st.builds(
    lambda start, interval, updates, timeout: Schedule(start, interval, updates, start + timeout),
    st.integers(0, 2**40),
    st.integers(1, 4_000),
    st.integers(0, MAX_TICKS),
    st.integers(0, 600_000),
)
"""Also those that the execution's own deadline cuts short: a definition's last tick is due before its timeout."""


# ── The value ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_series_tells_what_was_certified_and_what_missed() -> None:
    seen = Series(5, {Tick(4): 40, Tick(1): 10})
    assert list(seen) == [(1, 10), (4, 40)]
    assert list(seen.values) == [1, 4]
    assert (seen.count, seen.missed, seen.latest, seen.stopped) == (2, (2, 3, 5), 40, False)


def test_a_series_may_have_missed_everything() -> None:
    for ticks in (0, 3):
        empty: Series[int] = Series(ticks, {})
        assert (empty.count, len(empty.missed), empty.latest, list(empty)) == (0, ticks, None, [])


@given(RAW)
def test_certified_and_missed_ticks_are_all_ticks(seen: Series[bytes]) -> None:
    certified = [tick for tick, _ in seen]
    assert certified == sorted(certified)
    assert sorted([*certified, *seen.missed]) == list(range(1, seen.ticks + 1))
    assert seen.latest == (seen.values[certified[-1]] if certified else None)


@pytest.mark.parametrize(
    ("ticks", "values", "stopped"),
    [
        (-1, {}, False),
        (MAX_TICKS + 1, {}, False),
        (True, {}, False),
        (2, {3: 1}, False),
        (2, {0: 1}, False),
        (2, {True: 1}, False),
        (2, {1: 1}, True),
        (0, {}, True),
    ],
)
def test_a_series_that_cannot_be_is_refused(ticks: int, values: dict[Tick, int], stopped: bool) -> None:
    with pytest.raises(ValueError, match="series"):
        Series(ticks, values, stopped)


def test_a_series_cannot_be_changed() -> None:
    given_values = {Tick(1): 10}
    seen = Series(1, given_values)
    given_values[Tick(1)] = 11
    assert seen.latest == 10
    with pytest.raises(FrozenInstanceError):
        seen.ticks = 2  # type: ignore[misc]
    with pytest.raises(TypeError):
        seen.values[Tick(1)] = 12  # type: ignore[index]


@given(RAW)
def test_a_series_goes_to_another_process_and_into_a_set(seen: Series[bytes]) -> None:
    for other in (pickle.loads(pickle.dumps(seen)), copy.deepcopy(seen)):
        assert other == seen
        assert {seen, other} == {seen}


def test_series_that_differ_in_anything_are_not_equal() -> None:
    one = Series(2, {Tick(2): 5})
    others = [
        Series(3, {Tick(2): 5}),
        Series(2, {Tick(2): 6}),
        Series(2, {Tick(1): 5}),
        Series(2, {Tick(2): 5}, True),
    ]
    assert all(one != other for other in others)
    with pytest.raises(ValueError, match="2 different"):
        identical.reduce([Weighed(one, StakeWeight(1)), Weighed(others[1], StakeWeight(1))])


# ── Its bytes ─────────────────────────────────────────────────────────────────────────────────────────


@given(RAW)
def test_a_series_is_what_a_contract_s_abi_decode_takes_and_comes_back(seen: Series[bytes]) -> None:
    bitmap = sum(2 ** (tick - 1) for tick in seen.values)
    values = [value for _, value in seen]
    data = encode_series(seen)
    assert data == abi_library_encode(SERIES_ABI, [seen.ticks, len(values), seen.stopped, bitmap, values])
    assert decode_series(data) == seen


@pytest.mark.parametrize(
    "fields",
    [
        (2, 2, False, 0b01, [b"x"]),
        (2, 1, False, 0b11, [b"x"]),
        (2, 1, False, 0b01, [b"x", b"y"]),
        (2, 0, False, 0b01, []),
        (2, 1, False, 0b100, [b"x"]),
        (2, 1, True, 0b01, [b"x"]),
        (0, 0, True, 0, []),
        (MAX_TICKS + 1, 0, False, 0, []),
        (2**32 - 1, 0, False, 0, []),
        (MAX_TICKS, 1, False, 2**255, [b"x"]),
    ],
)
def test_bytes_of_no_series_are_refused(fields: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError):
        decode_series(abi_library_encode(SERIES_ABI, fields))


@given(RAW, st.data())
def test_altered_bytes_give_another_series_or_a_value_error(seen: Series[bytes], data: st.DataObject) -> None:
    changed = bytearray(encode_series(seen))
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    altered = bytes(changed) + data.draw(st.binary(max_size=1))
    try:
        found = decode_series(altered)
    except ValueError:
        return
    assert found != seen
    assert encode_series(found) == altered


@given(st.binary(max_size=300))
def test_garbage_never_raises_anything_but_valueerror(data: bytes) -> None:
    for decode in (decode_series, decode_continuous, TickValue.decode):
        try:
            decode(data)
        except ValueError:
            continue


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (INT, st.integers(-(2**255), 2**255 - 1)),
        (BOOL, st.booleans()),
        (TEXT, st.text(max_size=20)),
        (BYTES, st.binary(max_size=40)),
        (INTS, st.lists(st.integers(-9, 9), max_size=3)),
    ],
    ids=lambda part: getattr(part, "name", "values"),
)
@given(draws=st.data())
def test_a_series_of_any_values_is_the_raw_series_of_their_bytes(
    kind: ValueType[Any], values: st.SearchStrategy[Any], draws: st.DataObject
) -> None:
    seen = draws.draw(series(values))
    data = encode_series(Series(seen.ticks, {tick: kind.encode(value) for tick, value in seen}, seen.stopped))
    assert series_of(kind).encode(seen) == data
    assert series_of(kind).decode(data) == seen


def test_a_series_with_a_value_of_another_type_is_refused_both_ways() -> None:
    with pytest.raises(ValueError, match="one 32-byte word"):
        series_of(INT).decode(encode_series(Series(1, {Tick(1): b"text"})))
    for wrong in (Series(1, {Tick(1): "text"}), {1: 2}, [1]):
        with pytest.raises(HandlerError) as caught:
            series_of(INT).encode(wrong)
        assert caught.value.reason is Reason.HANDLER_WRONG_TYPE


def test_series_of_the_same_values_are_of_one_type_and_others_are_not() -> None:
    assert series_of(INT) == series_of(INT)
    assert len({series_of(kind) for kind in (INT, BOOL, TEXT, BYTES, INTS)}) == 5


def test_the_longest_series_of_integers_fits_a_result() -> None:
    longest = Series(MAX_TICKS, {Tick(tick): -tick for tick in range(1, MAX_TICKS + 1)}, True)
    data = series_of(INT).encode(longest)
    assert len(data) <= MAX_RESULT_BYTES
    assert series_of(INT).decode(data) == longest


# ── One tick ──────────────────────────────────────────────────────────────────────────────────────────


@given(st.booleans(), st.binary(max_size=50))
def test_a_tick_s_value_is_a_flag_and_the_value_s_bytes(stop: bool, value: bytes) -> None:
    data = TickValue(stop, value).encode()
    assert data == (b"\x01" if stop else b"\x00") + value
    assert TickValue.decode(data) == TickValue(stop, value)


@pytest.mark.parametrize("data", [b"", b"\x02", b"\x02value", b"\xff"])
def test_any_other_flag_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="begins with 0 or 1"):
        TickValue.decode(data)


# ── When ticks are due ────────────────────────────────────────────────────────────────────────────────


def test_an_hour_of_twelve_updates() -> None:
    schedule = Schedule(1_000, 300, 12, 1_000 + 3_600)
    assert schedule.ticks == 12
    assert [schedule.due(tick) for tick in (1, 2, 12)] == [1_000, 1_300, 4_300]
    assert [schedule.closes(tick) for tick in (1, 11, 12)] == [1_300, 4_300, 4_450]
    assert schedule.over_at == 4_450
    assert [schedule.tick_at(now) for now in (999, 1_000, 1_299, 1_300, 4_299, 4_300, 10**9)] == [
        *(0, 1, 1, 2, 11, 12, 12)
    ]


def test_the_last_tick_takes_no_longer_than_the_others() -> None:
    assert Schedule(0, 10, 3, 1_000).over_at == 30


@pytest.mark.parametrize(
    ("timeout", "ticks"),
    [(0, 0), (1, 1), (10, 1), (11, 2), (20, 2), (21, 3), (10 * MAX_TICKS + 1, MAX_TICKS)],
)
def test_without_a_number_of_updates_every_tick_that_is_due_before_the_deadline_counts(
    timeout: int, ticks: int
) -> None:
    assert Schedule(50, 10, 0, 50 + timeout).ticks == ticks


@given(SCHEDULES)
def test_ticks_are_due_in_rising_order_from_the_start_and_before_the_deadline(schedule: Schedule) -> None:
    ticks = range(1, schedule.ticks + 1)
    due = [schedule.due(tick) for tick in ticks]
    assert due == [schedule.started_at + index * schedule.interval_s for index in range(schedule.ticks)]
    assert all(moment < schedule.deadline for moment in due)
    assert (
        schedule.ticks == schedule.updates
        or schedule.ticks == MAX_TICKS
        or schedule.due(schedule.ticks + 1) >= schedule.deadline
    )


@given(SCHEDULES)
def test_windows_follow_each_other_and_end_before_the_deadline(schedule: Schedule) -> None:
    for tick in range(1, schedule.ticks):
        assert schedule.closes(tick) == schedule.due(tick + 1) > schedule.due(tick)
    if schedule.ticks:
        last = schedule.due(schedule.ticks)
        assert schedule.over_at == schedule.closes(schedule.ticks)
        assert last <= schedule.over_at < schedule.deadline
        assert schedule.over_at - last <= schedule.interval_s
        if schedule.deadline - last >= 2:
            assert schedule.over_at > last
            # Half of what remains, or more, is left to certify the series.
            assert schedule.deadline - schedule.over_at >= schedule.over_at - last


@given(SCHEDULES, st.data())
def test_every_moment_until_the_end_belongs_to_exactly_one_tick(
    schedule: Schedule, data: st.DataObject
) -> None:
    if schedule.over_at == schedule.started_at:
        return
    now = data.draw(st.integers(schedule.started_at, schedule.over_at - 1))
    windows = [
        tick for tick in range(1, schedule.ticks + 1) if schedule.due(tick) <= now < schedule.closes(tick)
    ]
    assert windows == [schedule.tick_at(now)]


@given(SCHEDULES, st.integers(1, 10**6))
def test_no_tick_is_due_before_the_start_and_the_last_stays_the_last(schedule: Schedule, away: int) -> None:
    assert schedule.tick_at(schedule.started_at - away) == 0
    assert schedule.tick_at(schedule.over_at + away + schedule.interval_s) == schedule.ticks


def test_without_a_tick_the_series_is_over_at_once() -> None:
    schedule = Schedule(100, 10, 0, 100)
    assert (schedule.ticks, schedule.tick_at(100), schedule.over_at) == (0, 0, 100)


def test_a_deadline_cut_short_leaves_out_the_ticks_that_are_due_from_then_on() -> None:
    schedule = Schedule(0, 10, 3, 15)
    assert schedule.ticks == 2
    assert schedule.over_at == 12 < schedule.deadline
    assert Schedule(0, 10, 3, 0).ticks == 0


@pytest.mark.parametrize(("interval_s", "updates"), [(0, 1), (-5, 1), (10, -1), (10, MAX_TICKS + 1)])
def test_a_schedule_that_cannot_be_is_refused(interval_s: int, updates: int) -> None:
    with pytest.raises(ValueError):
        Schedule(0, interval_s, updates, 100)


# ── The phase's metadata ──────────────────────────────────────────────────────────────────────────────


def test_the_metadata_of_interval_and_updates_is_the_seed_s() -> None:
    seed = load("seed_workflow_encodings")["continuous_metadata"]
    data = raw(seed["encoded"])
    plan = ContinuousPlan(seed["updateInterval"], seed["requiredUpdates"], "stake_weighted_median")
    assert encode_continuous(300, 12, "stake_weighted_median") == data
    assert decode_continuous(data) == plan == ContinuousPlan(300, 12, "stake_weighted_median")


@given(
    st.integers(0, 2**256 - 1),
    st.integers(0, 2**256 - 1),
    st.text(max_size=40) | st.just("stake_weighted_median"),
)
def test_metadata_comes_back_and_begins_with_the_same_two_words(
    interval_s: int, updates: int, rule: str
) -> None:
    data = encode_continuous(interval_s, updates, rule)
    assert decode_continuous(data) == ContinuousPlan(interval_s, updates, rule)
    assert data[:64] == abi_library_encode(["uint256", "uint256"], [interval_s, updates])
    if rule != "stake_weighted_median":
        assert data == abi_library_encode(["uint256", "uint256", "string"], [interval_s, updates, rule])


@pytest.mark.parametrize(
    "metadata",
    [
        b"",
        bytes(63),
        bytes(65),
        bytes(96),
        encode_continuous(300, 12, "mode") + bytes(32),
        encode_continuous(300, 12, "mode")[:-1] + b"\x01",
        abi_library_encode(["uint256", "uint256", "string"], [300, 12, "stake_weighted_median"]),
        abi_library_encode(["uint256", "uint256", "bytes"], [300, 12, b"\xff"]),
    ],
)
def test_other_metadata_is_refused(metadata: bytes) -> None:
    with pytest.raises(ValueError):
        decode_continuous(metadata)


@pytest.mark.parametrize(("interval_s", "updates"), [(-1, 1), (1, -1), (2**256, 1), (True, 1)])
def test_what_is_no_uint256_is_not_encoded(interval_s: int, updates: int) -> None:
    with pytest.raises(ValueError):
        encode_continuous(interval_s, updates, "mode")


def test_a_schedule_is_read_from_metadata() -> None:
    assert schedule_of(encode_continuous(60, 5, "mode"), 1_000, 2_000) == Schedule(1_000, 60, 5, 2_000)
    for metadata in (encode_continuous(0, 5, "mode"), encode_continuous(60, 169, "mode"), b"mode"):
        with pytest.raises(ValueError):
            schedule_of(metadata, 1_000, 2_000)
