"""Whose turn it is, computed alike by everybody."""

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from hourglass.workflow.identifiers import Address, ExecutionId, PhaseIndex, Round, Tick
from hourglass.workflow.turns import proposer, round_at, round_patience_s, submission_order

addresses = st.lists(st.binary(min_size=20, max_size=20).map(Address), min_size=1, max_size=6, unique=True)
executions = st.binary(min_size=32, max_size=32).map(ExecutionId)


@given(addresses, executions, st.randoms(use_true_random=False))
def test_the_order_is_a_permutation_and_does_not_depend_on_how_the_list_is_given(
    listed: list[Address], execution: ExecutionId, chance: object
) -> None:
    order = submission_order(listed, execution, PhaseIndex(0))
    shuffled = list(listed)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sorted(order) == sorted(listed)
    assert submission_order(shuffled, execution, PhaseIndex(0)) == order


@given(addresses, executions)
def test_every_aggregator_gets_its_round(listed: list[Address], execution: ExecutionId) -> None:
    turns = {proposer(listed, execution, PhaseIndex(0), Round(r)) for r in range(len(listed))}
    assert turns == set(listed)


def test_different_executions_begin_with_different_aggregators() -> None:
    listed = [one.address for one in samples.AGGREGATORS]
    first = {submission_order(listed, ExecutionId(bytes([n]) * 32), PhaseIndex(0))[0] for n in range(32)}
    assert first == set(listed)


def test_without_aggregators_nobody_proposes() -> None:
    with pytest.raises(ValueError, match="no aggregator"):
        proposer([], samples.EXECUTION, PhaseIndex(0), Round(0))


@given(st.integers(1, 7 * 24 * 3600), st.floats(-10, 10**6))
def test_rounds_never_go_back_and_patience_is_bounded(timeout_s: int, elapsed_s: float) -> None:
    assert 3 <= round_patience_s(timeout_s) <= 15
    assert round_at(elapsed_s, timeout_s) <= round_at(elapsed_s + 1, timeout_s)
    assert round_at(elapsed_s, timeout_s) >= 0


@given(addresses, executions, st.integers(0, 100), st.integers(0, 100))
def test_each_tick_begins_with_another_aggregator_and_rounds_go_on_from_there(
    listed: list[Address], execution: ExecutionId, round: int, tick: int
) -> None:
    def whose(round: int, tick: int) -> Address:
        return proposer(listed, execution, PhaseIndex(0), Round(round), Tick(tick))

    assert {whose(0, tick + step) for step in range(len(listed))} == set(listed)
    assert whose(round, tick) == whose(round + tick, 0)
