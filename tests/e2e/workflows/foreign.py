"""What the outsider's performer computes, written in Python: operators of both kinds must agree on every byte."""

from hourglass import Context, EarlyStop, TaskContext, Workflow, stake_weighted_median

shared = Workflow("shared")
EVERYBODY = {"operator_set": 1, "threshold": "95%", "timeout": 60}


@shared.task
async def answer(ctx: TaskContext) -> bytes:
    """The payload, backwards."""
    return ctx.payload[::-1]


@shared.coordination(reduce=stake_weighted_median, **EVERYBODY)
async def observe(ctx: Context) -> int:
    """Something to agree on."""
    return len(ctx.payload) + 100


@shared.continuous(interval=1, updates=5, reduce=stake_weighted_median, **EVERYBODY)
async def watch(ctx: Context) -> int:
    """Ends at its third tick."""
    if ctx.tick >= 3:
        raise EarlyStop(int(ctx.tick))
    return int(ctx.tick)


@shared.aggregation(after=[observe], **EVERYBODY)
async def add(ctx: Context) -> int:
    """The sum of one."""
    return ctx.result(observe)


@shared.immediate(after=[add, watch], **EVERYBODY)
async def say(ctx: Context) -> bytes:
    """The payload and a word."""
    return ctx.payload + b" by phase"
