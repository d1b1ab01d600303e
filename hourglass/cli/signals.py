"""A node runs until it is told to stop, and then cleans up after itself."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any


async def until_told_to_stop(node: Coroutine[Any, Any, None]) -> None:
    """Run it; SIGINT and SIGTERM cancel it, and its clean-up is waited for."""
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(node)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        if not task.cancelled():
            raise
