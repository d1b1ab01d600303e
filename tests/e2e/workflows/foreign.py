"""What the outsider's performer computes, written in Python: operators of both kinds must agree on every byte."""

from hourglass import Context, EarlyStop, TaskContext, Workflow, stake_weighted_median

shared = Workflow("shared")
EVERYBODY = "95%"
"""No operator is as light as that: all have to agree."""


@shared.task
async def answer(ctx: TaskContext) -> bytes:
    """The payload, backwards."""
    return ctx.payload[::-1]


@shared.coordination(reduce=stake_weighted_median, operator_set=1, threshold=EVERYBODY, timeout=60)
async def observe(ctx: Context) -> int:
    """Something to agree on."""
    return len(ctx.payload) + 100


@shared.continuous(
    interval=1, updates=5, reduce=stake_weighted_median, operator_set=1, threshold=EVERYBODY, timeout=60
)
async def watch(ctx: Context) -> int:
    """Ends at its third tick."""
    if ctx.tick >= 3:
        raise EarlyStop(int(ctx.tick))
    return int(ctx.tick)


@shared.aggregation(after=[observe], operator_set=1, threshold=EVERYBODY, timeout=60)
async def add(ctx: Context) -> int:
    """The sum of one."""
    return ctx.result(observe)


@shared.immediate(after=[add, watch], operator_set=1, threshold=EVERYBODY, timeout=60)
async def say(ctx: Context) -> bytes:
    """The payload and a word."""
    return ctx.payload + b" by phase"
