"""A small local HTTP server that replays a series of prices, with noise of its own for each operator.

It stands in for real feeds in the demo and says so in every answer; a real URL works the same way.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

from aiohttp import web

SERIES_CENTS = (499_812, 500_140, 500_455, 500_120, 499_930, 501_015)
NOISE_CENTS = 75


@asynccontextmanager
async def serve_prices(seed: int, series: Sequence[int] = SERIES_CENTS) -> AsyncIterator[str]:
    """Serve while the context lasts; gives the base URL, to which each operator's name is appended."""
    asked: dict[str, int] = {}

    async def price(request: web.Request) -> web.Response:
        who = request.match_info["operator"]
        step = asked[who] = asked.get(who, -1) + 1
        noise = Random(f"{seed}/{who}/{step}").randint(-NOISE_CENTS, NOISE_CENTS)
        cents = series[step % len(series)] + noise
        return web.json_response(
            {"price": cents / 100, "source": "replayed series with noise, for demonstration"}
        )

    application = web.Application()
    application.add_routes([web.get("/{operator}", price)])
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
