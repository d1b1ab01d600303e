"""Nodes that end with whoever started them, however that ends.

Told to stop, DevKit interrupts a script and kills it in the same moment: the script has no time to end what it
started. So it starts nothing itself, but a supervisor in a session of its own, and holds the other end of its input:
when that closes, by a killed script's as by a stopped one's, the supervisor ends every node, and then itself.
"""

import asyncio
import signal
import subprocess
import sys

from hourglass.cli.devkit.context import load_project, read_context
from hourglass.cli.devkit.running import run

COMMAND = "supervise"
STOP_TIMEOUT_S = 30.0


def start_supervised(context_json: str) -> int:
    """Start a supervisor and wait for its end; its exit code. SIGINT and SIGTERM are its end, and fine."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # Whoever starts this in the background has SIGINT ignored.
        signal.signal(number, signal.default_int_handler)
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "hourglass.cli", "devkit", COMMAND],
        stdin=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert supervisor.stdin is not None
    # Through the pipe, since arguments are for everybody to read, and the context holds keys.
    supervisor.stdin.write(" ".join(context_json.splitlines()) + "\n")
    supervisor.stdin.flush()
    try:
        return supervisor.wait()
    except KeyboardInterrupt:
        supervisor.stdin.close()
        return supervisor.wait(STOP_TIMEOUT_S)


async def supervise() -> None:
    """Run what the first line of the input says until the input ends. Raises what `run` raises."""
    loop, reader = asyncio.get_running_loop(), asyncio.StreamReader(limit=2**24)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    context = read_context((await reader.readline()).decode("utf-8"))
    node = asyncio.create_task(run(context, load_project(context)))
    owner = asyncio.create_task(reader.read())
    await asyncio.wait((node, owner), return_when=asyncio.FIRST_COMPLETED)
    owner.cancel()
    node.cancel()
    try:
        await node
    except asyncio.CancelledError:
        if not node.cancelled():
            raise
