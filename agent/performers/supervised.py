"""Keeps a performer running that the agent itself has started: a command or a container.

It is started, watched by its health check, ended when that has failed too often in a row, and started again after a
pause that grows with every failure. Nothing here gives up.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

import structlog

from agent.performers.command import launch_command
from agent.performers.config import PerformerConfig
from agent.performers.grpc import GrpcPerformer
from agent.performers.restarts import Restarts
from hourglass.errors import HandlerError, HourglassError
from hourglass.workflow.identifiers import Address

FIRST_LOOK_S = 0.1
"""While it starts, it is looked at as often."""

log = structlog.get_logger(__name__)


class Life(Protocol):
    """A performer that has been started."""

    @property
    def address(self) -> str:
        """host:port where it is to listen."""
        ...

    async def ended(self) -> str:
        """Wait until it has ended; how."""
        ...


Launch = Callable[[], AbstractAsyncContextManager[Life]]
"""Starts it, and on leaving ends it and removes what is left. Raises HourglassError if it cannot be started."""


@asynccontextmanager
async def supervised(
    launch: Launch, performer: GrpcPerformer, config: PerformerConfig
) -> AsyncIterator[None]:
    """Keep one running, and the performer connected to it, until the context is left. Then it is ended."""
    async with asyncio.TaskGroup() as tasks:
        keeper = tasks.create_task(_keep(launch, performer, config))
        try:
            yield
        finally:
            keeper.cancel()


@asynccontextmanager
async def launcher_of(config: PerformerConfig, operator: Address) -> AsyncIterator[Launch]:
    """What starts the configured one. Raises ConfigError if there is nothing to start it with."""
    if config.container is None:
        yield lambda: launch_command(config)
        return
    from agent.performers.container import open_engine

    async with open_engine(config.container, operator) as engine:
        yield engine.launch


async def _keep(launch: Launch, performer: GrpcPerformer, config: PerformerConfig) -> None:
    loop, restarts = asyncio.get_running_loop(), Restarts()
    while True:
        started_at = loop.time()
        try:
            async with launch() as life:
                await performer.connect(life.address)
                log.info("the performer is started", address=life.address)
                why = await _until_over(life, performer, config)
        except HourglassError as error:
            why = str(error)
        await performer.disconnect()
        delay_s = restarts.delay_after(loop.time() - started_at)
        log.warning("the performer is started again", why=why, in_s=delay_s, times=restarts.in_a_row)
        await asyncio.sleep(delay_s)


async def _until_over(life: Life, performer: GrpcPerformer, config: PerformerConfig) -> str:
    """Wait until it has ended, or has to be; why."""
    ended = asyncio.create_task(life.ended())
    ailing = asyncio.create_task(_until_ailing(performer, config))
    try:
        await asyncio.wait({ended, ailing}, return_when=asyncio.FIRST_COMPLETED)
        return ended.result() if ended.done() else ailing.result()
    finally:
        ended.cancel()
        ailing.cancel()
        await asyncio.wait({ended, ailing})


async def _until_ailing(performer: GrpcPerformer, config: PerformerConfig) -> str:
    """Wait until it has not come up in time, or failed so many checks in a row; which."""
    loop = asyncio.get_running_loop()
    until, pause_s = loop.time() + config.start_timeout_s, FIRST_LOOK_S
    while (problem := await _problem(performer)) is not None and not performer.has_served:
        if loop.time() >= until:
            return f"It did not serve within {config.start_timeout_s:.0f} s: {problem}"
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, 1.0)
    failures = 0
    while failures < config.unhealthy_after:
        await asyncio.sleep(config.health_interval_s)
        problem = await _problem(performer)
        # With all its threads at work it may have none left to say that it is well. Work has deadlines, so this ends.
        failures = 0 if problem is None or performer.is_at_work else failures + 1
    return f"{failures} health checks failed in a row: {problem}"


async def _problem(performer: GrpcPerformer) -> str | None:
    try:
        return await performer.probe()
    except HandlerError as error:
        return str(error)
