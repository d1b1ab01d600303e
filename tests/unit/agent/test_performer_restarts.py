"""How long the agent waits before it starts a performer again."""

from hypothesis import given
from hypothesis import strategies as st

from agent.performers.restarts import LONGEST_DELAY_S, SETTLED_AFTER_S, Restarts


def test_pauses_double_from_two_seconds_to_half_a_minute_and_never_end() -> None:
    restarts = Restarts()
    assert [restarts.delay_after(1) for _ in range(7)] == [2, 4, 8, 16, 30, 30, 30]
    assert {restarts.delay_after(1) for _ in range(2_000)} == {30}


def test_one_that_had_settled_is_started_again_soon() -> None:
    restarts = Restarts()
    for _ in range(6):
        restarts.delay_after(0)
    assert restarts.delay_after(SETTLED_AFTER_S) == 2
    assert restarts.delay_after(SETTLED_AFTER_S - 0.1) == 4


@given(st.lists(st.floats(0, 10_000), min_size=1, max_size=50))
def test_there_is_always_a_pause_and_never_a_long_one(lives: list[float]) -> None:
    restarts = Restarts()
    assert all(2 <= restarts.delay_after(lived) <= LONGEST_DELAY_S for lived in lives)
