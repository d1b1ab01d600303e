"""Whose turn it is. Both sides compute it alone, so nobody is elected and nobody is asked."""

from collections.abc import Sequence

from eth_hash.auto import keccak

from hourglass.workflow.identifiers import Address, ExecutionId, PhaseIndex, Round


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
    aggregators: Sequence[Address], execution_id: ExecutionId, phase_index: PhaseIndex, round: Round
) -> Address:
    """The one aggregator that may propose in this round. Raises ValueError without aggregators."""
    if not aggregators:
        raise ValueError("the contract lists no aggregator")
    order = submission_order(aggregators, execution_id, phase_index)
    return order[round % len(order)]
