"""How a node ends."""

import asyncio
import os
import signal

import pytest

from hourglass.cli import signals
from hourglass.cli.signals import until_told_to_stop


async def told_to_stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.sleep(3_600)


async def test_a_node_that_is_told_to_stop_cleans_up_and_ends() -> None:
    cleaned: list[str] = []

    async def node() -> None:
        try:
            await told_to_stop()
        finally:
            await asyncio.sleep(0)
            cleaned.append("socket")

    await until_told_to_stop(node())
    assert cleaned == ["socket"]


async def test_a_task_that_swallows_a_cancellation_does_not_keep_its_node_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signals, "INSIST_S", 0.02)
    swallowed: list[int] = []

    async def stubborn() -> None:
        for number in range(3):
            try:
                await asyncio.sleep(3_600)
            except asyncio.CancelledError:
                swallowed.append(number)
        await asyncio.sleep(3_600)

    async def node() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(stubborn())
            await asyncio.sleep(0)
            await told_to_stop()

    async with asyncio.timeout(10):
        await until_told_to_stop(node())
    assert swallowed == [0, 1, 2]


async def test_a_node_s_own_error_is_nobody_s_to_hide() -> None:
    async def node() -> None:
        raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await until_told_to_stop(node())
