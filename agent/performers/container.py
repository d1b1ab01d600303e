"""A performer that is a container, started by the agent through a Docker engine. The only import of aiodocker.

The engine's own restart policy stays off: the agent decides when, says why, and waits longer each time. What it starts
bears its operator's address as a label, so that what an earlier run left behind is found and removed.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import aiodocker
import aiohttp
import structlog
from aiodocker.containers import DockerContainer

from agent.performers.config import ContainerConfig
from hourglass.errors import ConfigError, HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address

OWNER_LABEL = "hourglass.operator"
PULL_TIMEOUT_S = 600.0
ENGINE_TIMEOUT_S = 60.0
"""For anything else that the engine is asked."""
STOP_GRACE_S = 1
"""It holds nothing that would have to be saved, and an agent that stops is not to be waited for."""
NOT_FOUND = 404
MEBIBYTE = 1024 * 1024
LOOPBACK = "127.0.0.1"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Container:
    """One run of it."""

    address: str
    container: DockerContainer

    async def ended(self) -> str:
        """Wait until it has ended; how."""
        with _translated():
            code = (await self.container.wait())["StatusCode"]
        with suppress(aiodocker.DockerError):
            if (await self.container.show())["State"]["OOMKilled"]:
                return f"It had too little memory, and ended with exit code {code}."
        return f"It ended with exit code {code}."


@dataclass(frozen=True, slots=True)
class Engine:
    """Starts one operator's performer."""

    docker: aiodocker.Docker
    config: ContainerConfig
    operator: Address

    @asynccontextmanager
    async def launch(self) -> AsyncIterator[Container]:
        """Start one; on leaving it is stopped and removed. Raises HandlerError(PERFORMER_UNREACHABLE)."""
        container = None
        try:
            with _translated():
                async with asyncio.timeout(PULL_TIMEOUT_S):
                    await self._have_image()
                async with asyncio.timeout(ENGINE_TIMEOUT_S):
                    await self.remove_leftovers()
                    container = await self.docker.containers.create(self._settings())
                    await container.start()
                    address = await self._address_of(container)
            output = asyncio.create_task(_log_output(container))
            try:
                yield Container(address, container)
            finally:
                output.cancel()
                await asyncio.wait({output})
        finally:
            if container is not None:
                await asyncio.shield(_remove(container))

    async def remove_leftovers(self) -> None:
        """Remove the containers that bear this operator's label: an agent runs one."""
        found = await self.docker.containers.list(
            all=1, filters=f'{{"label": ["{OWNER_LABEL}={self.operator}"]}}'
        )
        for container in found:
            log.warning("a performer of an earlier run is removed", container=container.id[:12])
            await _remove(container)

    async def _have_image(self) -> None:
        try:
            await self.docker.images.inspect(self.config.image)
        except aiodocker.DockerError as error:
            if error.status != NOT_FOUND:
                raise
            log.info("the performer's image is pulled", image=self.config.image)
            await self.docker.images.pull(self.config.image)

    def _settings(self) -> dict[str, Any]:
        config, port = self.config, f"{self.config.port}/tcp"
        host: dict[str, Any] = {
            "RestartPolicy": {"Name": "no"},
            "Memory": config.memory_mib * MEBIBYTE,
            "MemorySwap": config.memory_mib * MEBIBYTE,
            "PidsLimit": config.processes,
            "ReadonlyRootfs": not config.writable,
            "Tmpfs": {"/tmp": "rw,nosuid,nodev,size=256m"},
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
        }
        if config.network is None:
            host["PortBindings"] = {port: [{"HostIp": LOOPBACK, "HostPort": ""}]}
        else:
            host["NetworkMode"] = config.network
        return {
            "Image": config.image,
            "Hostname": f"avs-performer-{self.operator.hex()[:8]}-{int(time.time())}",
            "Env": [f"{name}={value}" for name, value in config.environment.items()],
            "Labels": {OWNER_LABEL: str(self.operator)},
            "ExposedPorts": {port: {}},
            "HostConfig": host,
        }

    async def _address_of(self, container: DockerContainer) -> str:
        shown = (await container.show())["NetworkSettings"]
        if self.config.network is not None:
            address = shown["Networks"][self.config.network]["IPAddress"]
            return f"{address}:{self.config.port}"
        bindings = shown["Ports"].get(f"{self.config.port}/tcp")
        if not bindings:
            raise HandlerError(Reason.PERFORMER_CRASHED, "Its container ended at once.")
        return f"{LOOPBACK}:{bindings[0]['HostPort']}"


@asynccontextmanager
async def open_engine(config: ContainerConfig, operator: Address) -> AsyncIterator[Engine]:
    """The engine that DOCKER_HOST names, or this machine's. Raises ConfigError if none answers.

    On leaving, whatever of this operator still runs there is removed.
    """
    async with connect() as docker:
        engine = Engine(docker, config, operator)
        try:
            with _translated():
                async with asyncio.timeout(ENGINE_TIMEOUT_S):
                    await engine.remove_leftovers()
        except HandlerError as error:
            raise ConfigError(Reason.INVALID_CONFIG, f"No Docker engine answers: {error.detail}") from error
        yield engine


def connect() -> aiodocker.Docker:
    """A client that has asked nothing yet. Raises ConfigError if there is no engine that it could ask."""
    try:
        return aiodocker.Docker()
    except (AssertionError, ValueError) as error:
        # It asserts, with no words, that some engine's socket is there.
        said = str(error) or "there is no engine's socket, and DOCKER_HOST names none"
        raise ConfigError(Reason.INVALID_CONFIG, f"No Docker engine: {said}.") from error


@contextmanager
def _translated() -> Iterator[None]:
    """Whatever the engine says no with, as a reason."""
    try:
        yield
    except aiodocker.DockerError as error:
        raise HandlerError(
            Reason.PERFORMER_UNREACHABLE, f"The engine refuses: {error.message}"[:300]
        ) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise HandlerError(
            Reason.PERFORMER_UNREACHABLE, f"The engine does not answer: {type(error).__name__} {error}"[:300]
        ) from error


async def _remove(container: DockerContainer) -> None:
    """Stop it if it runs, and remove it. What is gone already is fine."""
    try:
        async with asyncio.timeout(ENGINE_TIMEOUT_S):
            try:
                with suppress(aiodocker.DockerError):
                    await container.stop(t=STOP_GRACE_S)
            finally:
                await container.delete(force=True, v=True)
    except (aiodocker.DockerError, aiohttp.ClientError, OSError, TimeoutError) as error:
        if not (isinstance(error, aiodocker.DockerError) and error.status == NOT_FOUND):
            log.warning("a performer's container is left behind", container=container.id[:12], why=str(error))


async def _log_output(container: DockerContainer) -> None:
    """What it prints, line by line."""
    rest = ""
    with suppress(aiodocker.DockerError, aiohttp.ClientError):
        async for piece in container.log(stdout=True, stderr=True, follow=True):
            *lines, rest = (rest + piece).split("\n")
            for line in lines:
                log.info("performer", line=line.rstrip())
