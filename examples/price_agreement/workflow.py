"""Operators agree on a price that each reads from its own feed, then compute the update to publish.

`PRICE_FEED_URL` is each operator's own source: any HTTP address that answers with JSON `{"price": 4998.12}`.
"""

import asyncio
import json
import os
import urllib.request
from decimal import Decimal

from hourglass import Context, Workflow, stake_weighted_median

CENTS = 100

oracle = Workflow("price-agreement")


@oracle.coordination(operator_set=1, threshold="66.67%", timeout=60, reduce=stake_weighted_median)
async def agree(ctx: Context) -> int:
    """This operator's observation: the price in cents."""
    with await asyncio.to_thread(urllib.request.urlopen, os.environ["PRICE_FEED_URL"], timeout=5) as answer:
        quote = json.load(answer, parse_float=Decimal, parse_int=Decimal)
    return int(quote["price"] * CENTS)


@oracle.immediate(after=[agree], operator_set=1, threshold="66.67%", timeout=60)
async def update(ctx: Context) -> bytes:
    """The update, computed from the agreed price alone: the same bytes on every operator."""
    cents = ctx.result(agree)
    return f"{ctx.payload.decode()}={cents // CENTS}.{cents % CENTS:02d}".encode()
