"""A performer in a container: started, killed, started again, held to its limits, and removed."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiodocker
import pytest
from outsider_image import context
from performances import phase, task

from agent.performers import restarts
from agent.performers.config import ContainerConfig, PerformerConfig
from agent.performers.container import OWNER_LABEL, connect, open_engine
from agent.performers.grpc import GrpcPerformer
from agent.performers.supervised import launcher_of, supervised
from hourglass.errors import ConfigError, HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address

pytestmark = pytest.mark.containers

IMAGE = "hourglass-test-outsider:latest"
OPERATOR, OTHER = Address(b"\x0a" * 20), Address(b"\x0b" * 20)
PATIENCE_S = 60.0


async def _build() -> None:
    async with connect() as docker:
        await docker.version()
        await docker.images.build(fileobj=context(), encoding="identity", tag=IMAGE, rm=True)


async def _forget() -> None:
    async with aiodocker.Docker() as docker:
        await docker.images.delete(IMAGE, force=True)


@pytest.fixture(scope="module")
def image() -> Iterator[str]:
    """Built once; skipped where no engine answers."""
    try:
        asyncio.run(_build())
    except (ConfigError, OSError, aiodocker.DockerError) as error:
        pytest.skip(f"no Docker engine answers: {error}")
    yield IMAGE
    asyncio.run(_forget())


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "FIRST_DELAY_S", 0.2)


@asynccontextmanager
async def running(image: str, operator: Address = OPERATOR, **settings: Any) -> AsyncIterator[GrpcPerformer]:
    config = PerformerConfig(
        container=ContainerConfig(image=image, **settings),
        health_interval_s=0.2,
        start_timeout_s=20,
        patience_s=PATIENCE_S,
    )
    async with (
        GrpcPerformer.open(config) as performer,
        launcher_of(config, operator) as launch,
        supervised(launch, performer, config),
    ):
        yield performer


async def containers_of(operator: Address) -> list[dict[str, Any]]:
    async with aiodocker.Docker() as docker:
        found = await docker.containers.list(all=1, filters=f'{{"label": ["{OWNER_LABEL}={operator}"]}}')
        return [await one.show() for one in found]


async def until(condition: Callable[[], Any]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await condition():
            await asyncio.sleep(0.1)


async def test_tasks_and_phases_are_served_and_nothing_is_left(image: str) -> None:
    async with running(image, environment={"L1_RPC_URL": "http://l1", "TASK_MAILBOX": "0x0"}) as performer:
        assert await performer.perform(task(b"abc"), PATIENCE_S) == b"cba"
        assert await performer.perform(phase(), PATIENCE_S) == b"payload by phase"
        seen = (await performer.perform(task(b"environment"), PATIENCE_S)).decode().split(",")
        assert {"L1_RPC_URL", "TASK_MAILBOX"} <= set(seen)
        (shown,) = await containers_of(OPERATOR)
        assert shown["Config"]["Hostname"].startswith("avs-performer-0a0a0a0a-")
        host = shown["HostConfig"]
        assert host["ReadonlyRootfs"]
        assert host["CapDrop"] == ["ALL"]
        assert host["Memory"] == 2_048 * 1024 * 1024
        assert host["PidsLimit"] == 512
        ports = shown["NetworkSettings"]["Ports"]["8080/tcp"]
        assert {one["HostIp"] for one in ports} == {"127.0.0.1"}
    assert await containers_of(OPERATOR) == []


async def test_killed_while_it_works_it_is_started_again_and_the_reason_is_told(image: str) -> None:
    async with running(image) as performer:
        await performer.perform(task(b"abc"), PATIENCE_S)
        (first,) = await containers_of(OPERATOR)
        asked = asyncio.create_task(performer.perform(task(b"sleep 30"), PATIENCE_S))
        await asyncio.sleep(0.3)
        async with aiodocker.Docker() as docker:
            await (await docker.containers.get(first["Id"])).kill()
        with pytest.raises(HandlerError) as caught:
            await asked
        assert caught.value.reason is Reason.PERFORMER_CRASHED
        assert await performer.perform(task(b"abc"), PATIENCE_S) == b"cba"
        (second,) = await containers_of(OPERATOR)
        assert second["Id"] != first["Id"]
    assert await containers_of(OPERATOR) == []


async def test_what_an_earlier_run_left_behind_is_removed_and_no_other_s(image: str) -> None:
    async with running(image, OTHER) as others:
        await others.perform(task(b"abc"), PATIENCE_S)
        async with aiodocker.Docker() as docker:
            left = await docker.containers.create({"Image": image, "Labels": {OWNER_LABEL: str(OPERATOR)}})
            await left.start()
            async with running(image) as performer:
                await performer.perform(task(b"abc"), PATIENCE_S)
                (shown,) = await containers_of(OPERATOR)
                assert shown["Id"] != left.id
        assert await others.perform(task(b"abc"), PATIENCE_S) == b"cba"


async def test_a_network_of_the_engine_may_be_shared(image: str) -> None:
    async with aiodocker.Docker() as docker:
        network = await docker.networks.create({"Name": f"hourglass-test-{os.getpid()}"})
        try:
            async with running(image, network=f"hourglass-test-{os.getpid()}") as performer:
                assert await performer.perform(task(b"abc"), PATIENCE_S) == b"cba"
        finally:
            await network.delete()


async def test_an_image_that_is_nowhere_is_named(image: str, capsys: pytest.CaptureFixture[str]) -> None:
    async with running("localhost:1/no/such:image") as performer:
        with pytest.raises(HandlerError) as caught:
            await performer.perform(task(b"abc"), 3)
    assert caught.value.reason is Reason.PERFORMER_UNREACHABLE
    assert "localhost:1/no/such" in capsys.readouterr().out


@pytest.mark.parametrize("host", ["tcp://127.0.0.1:1", "unix:///no/such/socket", "nonsense", None])
async def test_without_an_engine_the_agent_does_not_start(
    monkeypatch: pytest.MonkeyPatch, host: str | None
) -> None:
    if host is None:
        monkeypatch.delenv("DOCKER_HOST", raising=False)
        monkeypatch.setattr("aiodocker.docker._sock_search_paths", ())
    else:
        monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(ConfigError, match="No Docker engine"):
        async with open_engine(ContainerConfig(image=IMAGE), OPERATOR):
            pass
