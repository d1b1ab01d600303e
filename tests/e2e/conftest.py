"""Fixtures that start whole networks."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from play import WEIGHTS, WORKFLOWS, Play, Start, Witnessing, witnessing

from hourglass.chain.client import EvmChain
from hourglass.cli.network import load_network
from hourglass.testing.deployment import SetName
from hourglass.testing.local_network import NetworkPlan, OperatorPlan, start_local


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Start a network: `await start(spec, specs={5: other_spec}, environments=[{…}, …])`."""
    async with AsyncExitStack() as stack:

        async def begin(
            spec: str,
            specs: Mapping[int, str] | None = None,
            environments: Sequence[Mapping[str, str]] | None = None,
            aggregators: int = 1,
            pace: Mapping[str, float] | None = None,
            operator_sets: Sequence[SetName] = (1,),
            weights: Sequence[Mapping[SetName, int]] | None = None,
        ) -> Play:
            plan = NetworkPlan(
                tuple(
                    OperatorPlan(
                        f"operator-{number}",
                        dict(weights[number - 1]) if weights else weight,
                        ((specs or {}).get(number, spec),),
                        environments[number - 1] if environments else {},
                    )
                    for number, weight in enumerate(WEIGHTS, start=1)
                ),
                operator_sets=tuple(operator_sets),
                aggregators=aggregators,
                pace=pace or {"solicit_s": 0.5, "turn_s": 1.0, "resubmit_s": 0.5},
            )
            network = await stack.enter_async_context(start_local(plan))
            config = load_network(network.network_file)
            chain = await stack.enter_async_context(EvmChain.connect(config.chain))
            return Play(network, chain, config)

        yield begin


@pytest.fixture
def workflows() -> Path:
    """Where the workflows for these tests are."""
    return WORKFLOWS


@pytest.fixture
def witness() -> Witnessing:
    """Reads every attestation that is said on a network's bus."""
    return witnessing
