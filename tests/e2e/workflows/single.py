"""One IMMEDIATE phase, behind a gate."""

import asyncio
import os
from pathlib import Path

from hourglass import Context, Workflow

single = Workflow("single")


@single.immediate(operator_set=1, threshold="66.67%", timeout=600)
async def shout(ctx: Context) -> bytes:
    """The payload, louder; each operator when its gate is open."""
    gate = os.environ.get("GATE")
    while gate and not await asyncio.to_thread(Path(gate).exists):
        await asyncio.sleep(0.05)
    return ctx.payload.upper()
