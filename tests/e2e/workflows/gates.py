"""Workflows whose phases wait for people: for a price that somebody brings, and for approvals."""

from hourglass import Context, Workflow, all_of, approved_by, price_above
from hourglass.certificate.ecdsa import address_of

ALICE, BOB, CAROL = (bytes([number]) * 32 for number in (0xA1, 0xB0, 0xCA))
"""Secret keys that everybody knows."""

gates = Workflow("gates", timeout=3_600)


@gates.conditional(
    operator_set=1, threshold="none", timeout=600, when=price_above(5_000), triggered_by="source"
)
async def price(ctx: Context) -> bytes:
    """What the source brought."""
    return ctx.trigger_data or b""


@gates.conditional(
    after=[price],
    operator_set=1,
    threshold="66.67%",
    timeout=600,
    when=all_of(
        approved_by(str(address_of(ALICE)), str(address_of(BOB)), str(address_of(CAROL)), required=2),
        price_above(10),
    ),
    triggered_by="source",
)
async def release(ctx: Context) -> str:
    """Two of three have said so."""
    return "released"


demanding = Workflow("demanding")


@demanding.immediate(operator_set=1, threshold="66.67%", timeout=600, required_stake=1_000_000)
async def rich(ctx: Context) -> int:
    """More stake than anybody has."""
    return 1


@demanding.immediate(after=[rich], operator_set=9, threshold="66.67%", timeout=600)
async def nowhere(ctx: Context) -> int:
    """A set that does not exist."""
    return 1


circular = Workflow("circular")


@circular.immediate(operator_set=1, threshold="66.67%", timeout=600, after=["second"])
async def first(ctx: Context) -> int:
    """Waits for the second."""
    return 1


@circular.immediate(operator_set=1, threshold="66.67%", timeout=600, after=["first"])
async def second(ctx: Context) -> int:
    """Waits for the first."""
    return 1
