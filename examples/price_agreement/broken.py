"""The same workflow by its definition, worked by an operator that is wrong: for the demo and the tests.

It registers as the same definition, so its agent serves it; its values are off, as a stale feed, a bug or a lie
would make them. The others' quorum completes without it, and it is named.
"""

from collections.abc import Sequence

from hourglass import Context, Reducer, Weighed, Workflow, stake_weighted_median


def ten_per_cent_more(observations: Sequence[Weighed[int]]) -> int:
    """Not the median that it says it is."""
    return stake_weighted_median.reduce(observations) * 110 // 100


oracle = Workflow("price-agreement")


@oracle.coordination(
    operator_set=1,
    threshold="66.67%",
    timeout=60,
    reduce=Reducer(stake_weighted_median.name, ten_per_cent_more),
)
async def agree(ctx: Context) -> int:
    """A price from nowhere."""
    return 424_242


@oracle.immediate(after=[agree], operator_set=1, threshold="66.67%", timeout=60)
async def update(ctx: Context) -> bytes:
    """An update that no other operator computes."""
    return b"broken"
