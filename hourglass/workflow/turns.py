"""Whose turn it is. Both sides compute it alone, so nobody is elected and nobody is asked."""

from collections.abc import Sequence

from eth_hash.auto import keccak

from hourglass.workflow.identifiers import Address, ExecutionId, PhaseIndex, Round, Tick

WHOLE = Tick(0)
MIN_PATIENCE_S = 3
MAX_PATIENCE_S = 15
PATIENCE_SHARE = 20


def submission_order(
    aggregators: Sequence[Address], execution_id: ExecutionId, phase_index: PhaseIndex
) -> tuple[Address, ...]:
    """The aggregators in the order in which they submit this phase: a permutation keyed by its id.

    The next one steps in after a grace delay; the contract takes the first valid certificate anyway.
    """
    return tuple(
        sorted(
            aggregators,
            key=lambda aggregator: keccak(execution_id + phase_index.to_bytes(4, "big") + aggregator),
        )
    )


def proposer(
    aggregators: Sequence[Address],
    execution_id: ExecutionId,
    phase_index: PhaseIndex,
    round: Round,
    tick: Tick = WHOLE,
) -> Address:
    """The one aggregator that may propose in this round. Raises ValueError without aggregators.

    Each tick begins with another one: where ticks are too short for a second round, a dead aggregator costs its
    share of them and not all.
    """
    if not aggregators:
        raise ValueError("the contract lists no aggregator")
    order = submission_order(aggregators, execution_id, phase_index)
    return order[(round + tick) % len(order)]


def round_patience_s(timeout_s: int) -> int:
    """Seconds that a round's proposer has before the next round begins, from the phase's own timeout.

    A twentieth of the timeout leaves room for many lost rounds; the bounds keep short phases from racing
    through rounds faster than messages travel, and long ones from waiting minutes for a dead proposer.
    """
    return max(MIN_PATIENCE_S, min(MAX_PATIENCE_S, timeout_s // PATIENCE_SHARE))


def round_at(elapsed_s: float, timeout_s: int) -> Round:
    """The round that a phase is in this many seconds after it started."""
    return Round(int(max(0.0, elapsed_s) // round_patience_s(timeout_s)))
