"""What this AVS does: operators agree on a number, then compute from it what everybody can check."""

import hashlib

from hourglass import Context, TaskContext, Workflow, median

oracle = Workflow("oracle")


@oracle.coordination(operator_set=1, threshold="66.67%", timeout=60, reduce=median)
async def agree(ctx: Context) -> int:
    """This operator's own view: here, of the payload alone. Read your source instead."""
    return int.from_bytes(hashlib.sha256(ctx.payload).digest()[:4], "big")


@oracle.immediate(after=[agree], operator_set=1, threshold="66.67%", timeout=60)
async def update(ctx: Context) -> str:
    """What follows from what was agreed; every operator computes the same."""
    return f"agreed on {ctx.result(agree)}"


@oracle.task
async def answer(ctx: TaskContext) -> bytes:
    """A plain task's result, from its payload: every operator computes the same."""
    return hashlib.sha256(ctx.payload).digest()
