"""Node processes of a local network: the `hourglass` command, started, awaited, killed by handle."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hourglass.errors import ConfigError
from hourglass.reasons import Reason

READY_LINE = b"ready"
READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 5.0
LAST_WORDS = 2_000
"""Characters of a dead process's log that are worth showing."""


@dataclass(slots=True)
class NodeProcess:
    """One node, its own OS process in its own session, so that a terminal's Ctrl-C reaches only its owner."""

    name: str
    arguments: tuple[str, ...]
    log: Path
    process: asyncio.subprocess.Process | None = None
    announced: str = ""
    """What followed the word ready: an aggregator's API port."""

    async def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Start and wait until it says that it is ready. Raises ConfigError with its last words if it dies."""
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "hourglass.cli",
                *self.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, **(environment or {})},
                start_new_session=True,
            )
        output = self.process.stdout
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while output is not None and (line := await output.readline()):
                    if line.startswith(READY_LINE):
                        self.announced = line[len(READY_LINE) :].decode().strip()
                        return
        except TimeoutError:
            await self.kill()
        last_words = self.log.read_text("utf-8", errors="replace")[-LAST_WORDS:]
        raise ConfigError(Reason.INVALID_CONFIG, f"{self.name} did not come up:\n{last_words}")

    @property
    def pid(self) -> int | None:
        """Its process id, once started."""
        return None if self.process is None else self.process.pid

    @property
    def running(self) -> bool:
        """Has it not ended yet?"""
        return self.process is not None and self.process.returncode is None

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL if it has not ended in time."""
        if self.process is None or not self.running:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self.process.wait()
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """SIGKILL: no goodbye, as a power cut would have it."""
        if self.process is not None and self.running:
            self.process.kill()
            await self.process.wait()
