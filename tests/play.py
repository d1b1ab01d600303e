"""A whole network of real processes, and a hand to play with it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from hourglass.bus.config import BusConfig
from hourglass.bus.nats import NatsBus
from hourglass.chain.client import EvmChain
from hourglass.chain.port import ChainView, ExecuteWorkflow, RegisterWorkflow
from hourglass.chain.sender import TransactionSender
from hourglass.cli.module import load_workflow
from hourglass.cli.network import NetworkConfig
from hourglass.cli.status import ask_aggregators
from hourglass.testing.deployment import SetName
from hourglass.testing.local_network import LocalNetwork
from hourglass.testing.processes import NodeProcess
from hourglass.workflow.events import WorkflowExecutionStarted
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import ExecutionId, PhaseIndex
from messages.responses import Attestation
from messages.subjects import RESPONSES
from messages.wire import decode

WORKFLOWS = Path(__file__).parent / "e2e" / "workflows"
WEIGHTS = (400, 250, 150, 120, 80)
PATIENCE_S = 60.0


@dataclass(slots=True)
class Play:
    """One running network, seen through the chain, the bus and the aggregators' API."""

    network: LocalNetwork
    chain: EvmChain
    config: NetworkConfig

    async def execute(self, spec: str, payload: bytes = b"") -> ExecutionId:
        """Register a workflow and start it."""
        sender = TransactionSender(self.chain, self.network.deployment.admin)
        definition = load_workflow(spec).compile()
        await sender.send(RegisterWorkflow(definition))
        found = await self.chain.latest_workflow(self.network.deployment.admin.address, definition.name)
        assert found is not None
        receipt = await sender.send(ExecuteWorkflow(found.workflow_id, payload))
        (started,) = (e.event for e in receipt.events if isinstance(e.event, WorkflowExecutionStarted))
        return started.execution_id

    async def until(self, what: str, holds: Callable[[], Awaitable[bool]]) -> None:
        """Wait for a condition; when it does not come, fail with every node's log."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await holds():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            logs = "\n".join(f"── {name}\n{text[-3000:]}" for name, text in self.network.logs().items())
            pytest.fail(f"waited {PATIENCE_S:.0f} s for: {what}\n{logs}")

    async def until_ended(self, execution_id: ExecutionId) -> ExecutionStatus:
        """Wait for the end of an execution, and say which."""

        async def ended() -> bool:
            view = await self.chain.execution(execution_id)
            return view is not None and view.status is not ExecutionStatus.RUNNING

        await self.until("the execution's end", ended)
        view = await self.chain.execution(execution_id)
        assert view is not None
        return view.status

    async def phase(self, execution_id: ExecutionId, index: int) -> ChainView:
        """A phase as the contract holds it."""
        view = await self.chain.phase(execution_id, PhaseIndex(index))
        assert view is not None
        return view

    async def known(self, execution_id: ExecutionId, index: int) -> dict[str, Any]:
        """A phase as an aggregator knows it; empty if it does not."""
        phases = await asyncio.to_thread(ask_aggregators, self.config, execution_id)
        return next((phase for phase in phases if phase["phase"] == index), {})

    async def reasons(self, execution_id: ExecutionId, index: int) -> dict[str, str]:
        """Why operators' answers did not count, by name."""
        known = await self.known(execution_id, index)
        return {
            self.network.name_of(one["operator"]): one["reason"]
            for one in known.get("operators", ())
            if one["reason"]
        }

    async def until_signed(self, execution_id: ExecutionId, index: int, count: int) -> None:
        """Wait until the aggregator has this many signatures."""

        async def signed() -> bool:
            known = await self.known(execution_id, index)
            return sum(bool(one["signed"]) for one in known.get("operators", ())) >= count

        await self.until(f"{count} signatures in phase {index}", signed)

    async def until_active(self, execution_id: ExecutionId, index: int) -> None:
        """Wait until a phase is open."""

        async def active() -> bool:
            return (await self.phase(execution_id, index)).status is PhaseStatus.ACTIVE

        await self.until(f"phase {index} to open", active)

    def agent(self, number: int) -> NodeProcess:
        """The process of operator-<number>."""
        return self.network.agents[number - 1].process


class Witness:
    """Reads every attestation that is ever said on the bus."""

    def __init__(self) -> None:
        self.attestations: list[Attestation] = []

    async def listen(self, bus: NatsBus) -> None:
        async with bus.subscribe(RESPONSES.name, "witness", ("attest.>",)) as deliveries:
            async for delivery in deliveries:
                message = decode(delivery.data)
                assert isinstance(message, Attestation)
                self.attestations.append(message)
                await delivery.ack()

    def slots_signed_twice(self) -> list[Attestation]:
        """Attestations of an operator that has signed another result in the same slot, or another signature."""
        first: dict[Any, Attestation] = {}
        return [one for one in self.attestations if first.setdefault((one.operator, one.slot), one) != one]


@asynccontextmanager
async def witnessing(network: LocalNetwork) -> AsyncIterator[Witness]:
    """Listen for as long as the context lasts."""
    witness = Witness()
    async with NatsBus.connect(BusConfig(url=network.nats.url)) as bus:
        task = asyncio.create_task(witness.listen(bus))
        try:
            yield witness
        finally:
            task.cancel()


class Start(Protocol):
    """Starts a network of five operators with unequal stakes, and gives the hand."""

    async def __call__(
        self,
        spec: str,
        specs: Mapping[int, str] | None = None,
        environments: Sequence[Mapping[str, str]] | None = None,
        aggregators: int = 1,
        pace: Mapping[str, float] | None = None,
        operator_sets: Sequence[SetName] = (1,),
        weights: Sequence[Mapping[SetName, int]] | None = None,
    ) -> Play:
        """Every operator serves `spec`, those in `specs` another one; all are in all sets, unless `weights` says
        otherwise, operator by operator."""
        ...


Witnessing = Callable[[LocalNetwork], AbstractAsyncContextManager[Witness]]
