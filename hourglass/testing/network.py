"""The whole network in one process: real agents and aggregators on the in-memory twins of bus and chain.

For AVS developers' tests, and for this project's own: nothing is started, a run takes a fraction of a second, and
the bus may drop, repeat and delay by a seed.

    async with memory_network(oracle) as network:
        execution = await network.execute(b"ETH/USD")
        assert await network.result(execution, agree) == 4998
"""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import aiohttp

from agent import node as agent_node
from agent.config import AgentConfig
from agent.handlers import Handlers
from agent.journal import Journal
from agent.signer import OperatorKeys, Signer
from aggregator import node as aggregator_node
from aggregator.config import AggregatorConfig
from hourglass.bls.keys import ENTROPY_BYTES, SecretKey
from hourglass.bls.signatures import default_backend
from hourglass.bls.signer import LocalBlsSigner
from hourglass.bus.memory import Faults, MemoryBus, MemoryHub
from hourglass.certificate.digests import definition_hash
from hourglass.certificate.ecdsa import address_of
from hourglass.certificate.ecdsa_table import EcdsaOperator
from hourglass.certificate.operators import Operator
from hourglass.certificate.ticks import CertifiedTick
from hourglass.chain.memory import MemoryChain
from hourglass.chain.memory_ledger import Ledger
from hourglass.chain.memory_mailbox import MemoryMailbox
from hourglass.chain.memory_rules import Home
from hourglass.chain.memory_tasks import MAILBOX
from hourglass.chain.port import (
    Account,
    CancelExecution,
    ExecuteWorkflow,
    ExecutionView,
    RegisterWorkflow,
    Trigger,
)
from hourglass.chain.sender import TransactionSender
from hourglass.chain.tasks import TaskHash, TaskStatus, TaskView
from hourglass.testing.direct_performer import DirectPerformer
from hourglass.workflow.authoring import Phase, Workflow
from hourglass.workflow.events import WorkflowExecutionStarted, WorkflowRegistered
from hourglass.workflow.execution import ExecutionStatus, PhaseState, PhaseStatus
from hourglass.workflow.identifiers import (
    WORD_BYTES,
    Address,
    ChainId,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    StakeWeight,
    Tick,
    WorkflowId,
)
from messages.requests import TickCertificate
from messages.responses import Refusal
from messages.subjects import PHASES, RESPONSES
from messages.wire import Message, decode

T = TypeVar("T")
WEIGHTS = (400, 250, 150, 120, 80)
POLL_S = 0.01
PACE = {
    "solicit_s": 0.2,
    "turn_s": 0.2,
    "gather_s": 0.02,
    "gather_any_s": 0.1,
    "recall_s": 0.6,
    "resubmit_s": 0.1,
}
TIMEOUT_S = 30.0


@dataclass(slots=True)
class MemoryNetwork:
    """A running network. `agents` and `aggregators` are its tasks: cancel one, and that node is gone."""

    ledger: Ledger
    hub: MemoryHub
    chain: MemoryChain
    workflow_id: WorkflowId
    operators: tuple[Address, ...]
    agents: list[asyncio.Task[None]] = field(default_factory=list)
    aggregators: list[asyncio.Task[None]] = field(default_factory=list)
    _aggregator_starts: list[Callable[[], asyncio.Task[None]]] = field(default_factory=list)
    _ports: list[int] = field(default_factory=list)
    """Of the aggregators' status APIs, as they came up."""

    async def execute(self, payload: bytes = b"") -> ExecutionId:
        """Start a run of the workflow."""
        sender = TransactionSender(self.chain, ADMIN)
        receipt = await sender.send(ExecuteWorkflow(self.workflow_id, payload))
        (started,) = (e.event for e in receipt.events if isinstance(e.event, WorkflowExecutionStarted))
        return started.execution_id

    async def ended(self, execution: ExecutionId, timeout_s: float = TIMEOUT_S) -> ExecutionView:
        """Wait for the end of a run. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while True:
                view = await self.chain.execution(execution)
                if view is not None and view.status is not ExecutionStatus.RUNNING:
                    return view
                await asyncio.sleep(POLL_S)

    async def result(self, execution: ExecutionId, phase: Phase[T], timeout_s: float = TIMEOUT_S) -> T:
        """Wait for the end of a run, and read one phase's certified result. Raises ValueError if there is none."""
        await self.ended(execution, timeout_s)
        view = await self.chain.phase(execution, phase.index)
        if view is None or not view.result:
            raise ValueError(f"phase {phase.name!r} has no result")
        return phase.result_type.decode(view.result)

    def create_task(self, payload: bytes, operator_set: int = 1, sla_s: int = 120) -> TaskHash:
        """A plain task for one of the AVS's operator sets. Raises RevertedError if the mailbox refuses."""
        return self.ledger.create_task(OperatorSetId(self.ledger.home.avs, operator_set), payload, sla_s)

    async def task_ended(self, task: TaskHash, timeout_s: float = TIMEOUT_S) -> TaskView:
        """Wait until a task was answered, or its time is over. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while True:
                view = await MemoryMailbox(self.chain).task(task)
                if view is not None and view.status is not TaskStatus.CREATED:
                    return view
                await asyncio.sleep(POLL_S)

    async def trigger(self, execution: ExecutionId, phase: Phase[Any], data: bytes = b"") -> None:
        """Open a phase's gate, as a source. Raises RevertedError if the contract refuses."""
        await TransactionSender(self.chain, ADMIN).send(Trigger(execution, phase.index, data))

    async def cancel(self, execution: ExecutionId) -> None:
        """End a run, as its initiator."""
        await TransactionSender(self.chain, ADMIN).send(CancelExecution(execution))

    async def restart_aggregators(self) -> None:
        """Lose every aggregator with all that it knew, and start others with the same keys."""
        for task in self.aggregators:
            task.cancel()
        await asyncio.gather(*self.aggregators, return_exceptions=True)
        self._ports.clear()
        self.aggregators = [start() for start in self._aggregator_starts]

    def status(self, execution: ExecutionId, phase: int) -> PhaseStatus:
        """Where a phase stands on-chain, as it was last told."""
        return self._on_chain(execution, phase).status

    def attempt(self, execution: ExecutionId, phase: int) -> int:
        """How often a phase has started."""
        started = self._on_chain(execution, phase).started
        return 0 if started is None else started.attempt

    def refusals(self, execution: ExecutionId) -> list[str]:
        """The codes of the reasons for which operators have refused, one per operator and reason."""
        said = {
            (message.operator, message.reason_code)
            for message in self._published(RESPONSES.name)
            if isinstance(message, Refusal) and message.slot.execution_id == execution
        }
        return [code for _, code in said]

    async def known(self, execution: ExecutionId, phase: int) -> dict[str, Any]:
        """A phase as the first aggregator's status API shows it; empty if it is not up or knows nothing of it."""
        if not self._ports:
            return {}
        url = f"http://127.0.0.1:{self._ports[0]}/executions/0x{execution.hex()}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            shown: dict[str, Any] = await answer.json()
        return next((one for one in shown["phases"] if one["phase"] == phase), {})

    def _on_chain(self, execution: ExecutionId, phase: int) -> PhaseState:
        return self.ledger.newest.state.executions[execution].phase(PhaseIndex(phase))

    async def certified(
        self, execution: ExecutionId, phase: PhaseIndex, tick: Tick, timeout_s: float = TIMEOUT_S
    ) -> CertifiedTick:
        """Wait until a tick of a CONTINUOUS phase has its quorum. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            while True:
                for message in self._published(PHASES.name):
                    if (
                        isinstance(message, TickCertificate)
                        and (message.slot.execution_id, message.slot.phase_index) == (execution, phase)
                        and message.certified.tick == tick
                    ):
                        return message.certified
                await asyncio.sleep(POLL_S)

    def _published(self, stream: str) -> Iterator[Message]:
        kept = self.hub.streams.get(stream)
        for stored in kept.messages if kept is not None else ():
            yield decode(stored.data)


@asynccontextmanager
async def memory_network(
    workflow: Workflow,
    weights: Sequence[int] = WEIGHTS,
    aggregators: int = 1,
    others: Mapping[int, Workflow] | None = None,
    faults: Faults | None = None,
    seed: int = 0,
    stakes: Mapping[int, Sequence[int]] | None = None,
    ecdsa_sets: Collection[int] = (),
    tasks: bool = False,
) -> AsyncIterator[MemoryNetwork]:
    """Start a network that serves this workflow; operators in `others`, by index, serve another one instead.

    `weights`: each operator's stake in every operator set; `stakes` says otherwise for single sets, by their number,
    0 for who is not in it. `ecdsa_sets`: the numbers of those that sign on ECDSA instead of BN254.
    `tasks`: plain tasks are taken, too (`network.create_task`), by the workflow's `@workflow.task`.
    """
    people = [_account() for _ in weights]
    submitters = [_account() for _ in range(aggregators)]
    home = Home(ChainId(31_337), Address(b"\xaa" * 20), Address(b"\xbb" * 20), ADMIN.address)
    ledger = Ledger(home, tuple(one.address for one in submitters))
    definition = workflow.compile()
    sets = {
        OperatorSetId(phase.options.avs or home.avs, phase.operator_set_id): (stakes or {}).get(
            phase.operator_set_id, weights
        )
        for phase in definition.phases
    }
    keys = [
        _operator_keys(
            account, [which for which, members in sorted(sets.items()) if members[index]], ecdsa_sets
        )
        for index, account in enumerate(people)
    ]
    for which, members in sorted(sets.items()):
        ledger.publish_table(which, _members(which, members, keys))
    chain = MemoryChain(ledger)
    receipt = await TransactionSender(chain, ADMIN).send(RegisterWorkflow(definition))
    (registered,) = (e.event for e in receipt.events if isinstance(e.event, WorkflowRegistered))
    hub = MemoryHub(Random(seed), faults or Faults())
    operators = tuple(account.address for account in people)
    network = MemoryNetwork(ledger, hub, chain, registered.workflow_id, operators)
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="hourglass-")))
        stack.push_async_callback(_cancel, network)
        for index, mine in enumerate(keys):
            journal = stack.enter_context(Journal.open(folder / f"journal-{index}"))
            served = (others or {}).get(index, workflow)
            own_sets = (*mine.bls, *mine.ecdsa)
            network.agents.append(_agent(chain, hub, folder, own_sets, Signer(journal, mine), served, tasks))
        network._aggregator_starts = [
            partial(_aggregator, network, folder, account, tasks) for account in submitters
        ]
        network.aggregators = [start() for start in network._aggregator_starts]
        yield network


def _operator_keys(
    account: Account, sets: Sequence[OperatorSetId], ecdsa_sets: Collection[int]
) -> OperatorKeys:
    """A key of its own for each set: a key is registered once."""
    return OperatorKeys(
        account,
        {one: _bls_key() for one in sets if one.number not in ecdsa_sets},
        {one: _account() for one in sets if one.number in ecdsa_sets},
    )


def _bls_key() -> LocalBlsSigner:
    return LocalBlsSigner(SecretKey.from_entropy(secrets.token_bytes(ENTROPY_BYTES)), default_backend())


def _members(
    which: OperatorSetId, stakes: Sequence[int], keys: Sequence[OperatorKeys]
) -> list[Operator] | list[EcdsaOperator]:
    staked = [(own, (StakeWeight(stake),)) for own, stake in zip(keys, stakes, strict=True) if stake]
    if any(which in own.ecdsa for own, _ in staked):
        return [EcdsaOperator(own.account.address, own.ecdsa[which].address, weigh) for own, weigh in staked]
    publics = [own.bls[which].public_key for own, _ in staked]
    return [
        Operator(own.account.address, public.g1, public.g2, weigh)
        for (own, weigh), public in zip(staked, publics, strict=True)
    ]


def _agent(
    chain: MemoryChain,
    hub: MemoryHub,
    folder: Path,
    sets: Sequence[OperatorSetId],
    signer: Signer,
    workflow: Workflow,
    tasks: bool,
) -> asyncio.Task[None]:
    config = AgentConfig.model_validate(
        {
            "chain": _chain_settings(chain),
            "bus": {},
            "operator_key": {"file": str(folder / "unused")},
            "bls_key": {"keystore": str(folder / "unused")},
            "journal": str(folder / "unused"),
            "operator_sets": [{"avs": str(one.avs), "number": one.number} for one in sets],
            "workflows": ["in.process:workflow"],
        }
    )
    performer = DirectPerformer({definition_hash(workflow.compile()): workflow})
    handlers = Handlers(performer, config.handler_timeout_s)
    mailbox = MemoryMailbox(chain) if tasks else None
    return asyncio.create_task(
        agent_node.run(config, chain, MemoryBus(hub), signer, handlers, mailbox=mailbox)
    )


def _aggregator(network: MemoryNetwork, folder: Path, account: Account, tasks: bool) -> asyncio.Task[None]:
    avss = {"tasks": {"avss": [str(network.ledger.home.avs)]}} if tasks else {}
    config = AggregatorConfig.model_validate(
        avss
        | {
            "chain": _chain_settings(network.chain),
            "bus": {},
            "key": {"file": str(folder / "unused")},
            "api": {"port": 0},
            "pace": PACE,
        }
    )
    bus = MemoryBus(network.hub)
    mailbox = MemoryMailbox(network.chain) if tasks else None
    return asyncio.create_task(
        aggregator_node.run(config, network.chain, bus, account, network._ports.append, mailbox)
    )


async def _cancel(network: MemoryNetwork) -> None:
    tasks = [*network.aggregators, *network.agents]
    for task in tasks:
        task.cancel()
    for outcome in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(outcome, Exception):
            raise outcome


def _chain_settings(chain: MemoryChain) -> dict[str, object]:
    return {
        "rpc_url": "memory://",
        "chain_id": chain.chain_id,
        "state_machine": str(chain.state_machine),
        "task_mailbox": str(MAILBOX),
        "poll_interval_s": POLL_S,
    }


def _account() -> Account:
    secret = secrets.token_bytes(WORD_BYTES)
    return Account(address_of(secret), secret)


ADMIN = Account(address_of(b"\x11" * WORD_BYTES), b"\x11" * WORD_BYTES)
"""Registers and executes; the ledger's admin."""
