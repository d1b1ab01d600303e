"""Plain tasks beside a workflow of one phase."""

import asyncio
import os

from hourglass import Context, TaskContext, Workflow

mixed = Workflow("mixed")


@mixed.task
async def answer(ctx: TaskContext) -> bytes:
    """The payload, louder; a task called "slow" takes its time, and one called "lie" is a broken operator's chance."""
    if ctx.payload.startswith(b"slow"):
        await asyncio.sleep(2)
    if os.environ.get("BROKEN"):
        return b"something else"
    return ctx.payload.upper()


@mixed.immediate(operator_set=1, threshold="66.67%", timeout=600)
async def shout(ctx: Context) -> bytes:
    """The payload, louder."""
    return ctx.payload.upper()
