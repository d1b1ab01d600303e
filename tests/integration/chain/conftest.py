"""Chains to try things on."""

from collections.abc import AsyncIterator

import pytest

from hourglass.testing.worlds import World, anvil_world, memory_world


@pytest.fixture(params=["memory", "anvil"])
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Each test that takes it runs twice."""
    async with memory_world() if request.param == "memory" else anvil_world() as found:
        yield found
