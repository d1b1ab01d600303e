"""A price oracle, all five types of phases: watch for an hour, agree on a price, publish it if it is above 5,000.

`PRICE_FEED_URL` is each operator's own source: any HTTP address that answers with JSON `{"price": 4998.12}`.
`oracle` is the workflow as it is meant; `quick` is the same with a tick every second, for demonstrations.
"""

import asyncio
import json
import os
import urllib.request
from decimal import Decimal

from hourglass import Context, Workflow, price_above, stake_weighted_median

TWO_THIRDS = 6_667


def price_oracle(name: str, interval_s: int, timeout_s: int) -> Workflow:
    """The workflow, with a tick every `interval_s` seconds."""
    workflow = Workflow(name)

    @workflow.continuous(
        operator_set=1, threshold="none", timeout=timeout_s, interval=interval_s, updates=12,
        name="Price Monitoring",
    )  # fmt: skip
    async def monitor(ctx: Context) -> int:
        return await price()

    @workflow.coordination(
        after=[monitor], operator_set=2, threshold=TWO_THIRDS, timeout=600, reduce=stake_weighted_median,
        name="Deviation Coordination",
    )  # fmt: skip
    async def agree(ctx: Context) -> int:
        return await price()

    @workflow.conditional(
        after=[agree], operator_set=3, threshold="none", timeout=300, when=price_above(5_000),
        name="Price Update Execution",
    )  # fmt: skip
    async def update(ctx: Context) -> str:
        return f"{ctx.payload.decode()}={ctx.result(agree)}"

    @workflow.aggregation(
        after=[monitor, agree], operator_set=2, threshold=TWO_THIRDS, timeout=60, name="Summary"
    )
    async def summary(ctx: Context) -> str:
        watched = list(ctx.result(monitor).values.values())
        if not watched:
            return "nothing was seen"
        return f"{len(watched)} prices from {min(watched)} to {max(watched)}, agreed on {ctx.result(agree)}"

    @workflow.immediate(
        after=[update, summary], operator_set=1, threshold=TWO_THIRDS, timeout=60, name="Announcement"
    )
    async def announce(ctx: Context) -> str:
        return announcement(ctx.result(update), ctx.result(summary))

    return workflow


def announcement(update: str, summary: str) -> str:
    """What the world is told."""
    return f"{update} ({summary})"


async def price() -> int:
    """What this operator's source says now, in whole dollars."""
    with await asyncio.to_thread(urllib.request.urlopen, os.environ["PRICE_FEED_URL"], timeout=5) as answer:
        quote = json.load(answer, parse_float=Decimal, parse_int=Decimal)
    return int(quote["price"])


oracle = price_oracle("price-oracle", interval_s=300, timeout_s=3_600)
quick = price_oracle("price-oracle-quick", interval_s=1, timeout_s=60)
