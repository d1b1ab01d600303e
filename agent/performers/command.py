"""A performer that is a process of this machine, started by the agent."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from agent.performers.config import PerformerConfig
from agent.performers.leash import GRACE_S, NOT_STARTED
from agent.performers.python import PASSED_ON
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

LEASH = Path(__file__).with_name("leash.py")
SIGNALLED = 128

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Command:
    """One run of it."""

    address: str
    process: asyncio.subprocess.Process

    async def ended(self) -> str:
        """Wait until it has ended; how."""
        code = await self.process.wait()
        if code == NOT_STARTED:
            return "It could not be started."
        if code > SIGNALLED:
            return f"It was ended by {_signal_name(code - SIGNALLED)}."
        return f"It ended with exit code {code}."


@asynccontextmanager
async def launch_command(config: PerformerConfig) -> AsyncIterator[Command]:
    """Start it; on leaving it is ended, and killed if it does not end within some seconds."""
    if config.address is None:
        raise ConfigError(Reason.INVALID_CONFIG, "A command needs the `address` where it listens.")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        str(LEASH),
        *config.command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={name: os.environ[name] for name in PASSED_ON if name in os.environ} | config.environment,
    )
    output = asyncio.create_task(_log_output(process))
    try:
        yield Command(config.address, process)
    finally:
        await asyncio.shield(_end(process, output))


async def _end(process: asyncio.subprocess.Process, output: asyncio.Task[None]) -> None:
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(2 * GRACE_S):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    output.cancel()
    with suppress(asyncio.CancelledError):
        await output


async def _log_output(process: asyncio.subprocess.Process) -> None:
    """What it prints, line by line."""
    while process.stdout is not None:
        try:
            line = await process.stdout.readline()
        except ValueError:
            continue  # a line longer than the reader's limit: it has been skipped
        if not line:
            return
        log.info("performer", line=line.decode("utf-8", errors="replace").rstrip())


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
