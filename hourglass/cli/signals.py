"""A node runs until it is told to stop, and then cleans up after itself."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

INSIST_S = 2.0
"""A library that swallows a cancellation would keep its task, and with it the whole node, alive for ever."""


async def until_told_to_stop(node: Coroutine[Any, Any, None], grace_s: float = 0.0) -> None:
    """Run it; SIGINT and SIGTERM cancel it, and its clean-up is waited for.

    Whatever is still running some seconds later is cancelled again, and again, until everything has ended; what it
    has under way is given `grace_s` before that.
    """
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(node)
    me = asyncio.current_task()

    def stop() -> None:
        task.cancel()
        loop.call_later(grace_s + INSIST_S, insist)

    def insist() -> None:
        if task.done():
            return
        for one in asyncio.all_tasks(loop) - {task, me}:
            one.cancel()
        loop.call_later(INSIST_S, insist)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
