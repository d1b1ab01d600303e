"""Workflows whose first phase cannot succeed, each with another idea of what follows; and gates of each kind."""

from hourglass import Context, NoResultError, Workflow, all_of, at_time, data_hash, not_, result_at_least

NEVER = 2**40
SECRET = b"open sesame"
SECRET_HASH = "0x41a3e23ae767d22161edd75f570001163314bba77f5126b4a64a24f5ea176acc"


async def _never(ctx: Context) -> int:
    raise RuntimeError("it never works")


fallback = Workflow("fallback")
_first = fallback.immediate(
    operator_set=1, threshold="66.67%", timeout=30, attempts=2, on_failure="second", name="first"
)(_never)


@fallback.immediate(operator_set=1, threshold="66.67%", timeout=300)
async def second(ctx: Context) -> int:
    """Stands in for the first."""
    return 7


@fallback.immediate(after=[_first], operator_set=2, threshold="66.67%", timeout=300)
async def double(ctx: Context) -> int:
    """Reads the first phase's result, whoever gave it."""
    return 2 * ctx.result(_first)


going_on = Workflow("going-on")
_fragile = going_on.immediate(
    operator_set=1, threshold="66.67%", timeout=30, on_failure="continue", name="fragile"
)(_never)


@going_on.conditional(operator_set=1, threshold="66.67%", timeout=30, when=at_time(NEVER), skip_if_unmet=True)
async def rare(ctx: Context) -> int:
    """Waits for a time that does not come."""
    return 1


@going_on.immediate(after=[_fragile, rare], operator_set=2, threshold="66.67%", timeout=300)
async def report(ctx: Context) -> str:
    """Says which of the two gave a result."""
    try:
        return f"fragile gave {ctx.result(_fragile)}"
    except NoResultError:
        return f"rare gave one: {ctx.has_result(rare)}"


limited = Workflow("limited", timeout=60)
limited.immediate(operator_set=1, threshold="66.67%", timeout=300, attempts=5, name="hopeless")(_never)

gates = Workflow("gates")


@gates.immediate(operator_set=1, threshold="66.67%", timeout=300)
async def count(ctx: Context) -> int:
    """How long the payload is."""
    return len(ctx.payload)


@gates.conditional(
    after=[count],
    operator_set=1,
    threshold="66.67%",
    timeout=300,
    when=all_of(result_at_least(count, 3), not_(at_time(NEVER))),
)
async def watched(ctx: Context) -> str:
    """Runs when every operator sees for itself that the condition holds."""
    return "long enough"


@gates.conditional(
    after=[count], operator_set=1, threshold="66.67%", timeout=300, when=data_hash(SECRET_HASH),
    triggered_by="source",
)  # fmt: skip
async def opened(ctx: Context) -> bytes:
    """Runs when a source has shown the secret, which it reads."""
    return (ctx.trigger_data or b"").upper()
