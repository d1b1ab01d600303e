"""A workflow whose operators can be held back: each waits for a file of its own before it answers."""

import asyncio
import os
from pathlib import Path

from hourglass import Context, Workflow, stake_weighted_median

gated = Workflow("gated")


async def _gate() -> None:
    gate = os.environ.get("GATE")
    while gate and not await asyncio.to_thread(Path(gate).exists):
        await asyncio.sleep(0.05)


@gated.coordination(operator_set=1, threshold="66.67%", timeout=600, reduce=stake_weighted_median)
async def agree(ctx: Context) -> int:
    """A number of each operator's own."""
    await _gate()
    return int(os.environ["OBSERVES"])


@gated.immediate(after=[agree], operator_set=1, threshold="66.67%", timeout=600)
async def double(ctx: Context) -> int:
    """Twice the agreed number."""
    return 2 * ctx.result(agree)
