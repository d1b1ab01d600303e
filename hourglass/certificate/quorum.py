"""Is it enough stake? Integer arithmetic, never laxer than EigenLayer's verifier."""

from collections.abc import Sequence

from hourglass.workflow.identifiers import BasisPoints, StakeWeight

FULL = 10_000
"""Basis points in the whole."""


def quorum_reached(
    signed: Sequence[StakeWeight], total: Sequence[StakeWeight], threshold: BasisPoints
) -> bool:
    """Does the signed stake reach the threshold in every column, and is it positive in the first?"""
    return signed[0] > 0 and all(
        have * FULL >= threshold * whole for have, whole in zip(signed, total, strict=True)
    )


def missing_stake(signed: StakeWeight, total: StakeWeight, threshold: BasisPoints) -> StakeWeight:
    """How much more stake one column needs; 0 if it has enough."""
    needed = -(-threshold * total // FULL)
    return StakeWeight(max(0, needed - signed))


def verifier_accepts(
    signed: Sequence[StakeWeight], total: Sequence[StakeWeight], threshold: BasisPoints
) -> bool:
    """`verifyCertificateProportion`'s own rule, which floors: signed ≥ ⌊total · bps / 10,000⌋ per column."""
    return all(have >= whole * threshold // FULL for have, whole in zip(signed, total, strict=True))
