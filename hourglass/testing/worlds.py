"""A chain to try things on, in memory or on anvil, with five operators and whatever a test must be able to do to it.

The suites run on both, so whoever writes to the port can run on the fast one and trust the other.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend, sign
from hourglass.certificate.certificates import certify
from hourglass.certificate.digests import certificate_digest, phase_message_hash
from hourglass.certificate.ecdsa import address_of
from hourglass.certificate.operators import Operator
from hourglass.certificate.slots import Slot
from hourglass.chain.client import EvmChain
from hourglass.chain.config import ChainConfig
from hourglass.chain.memory import MemoryChain
from hourglass.chain.memory_ledger import Ledger
from hourglass.chain.memory_rules import Home
from hourglass.chain.port import (
    Account,
    Call,
    Chain,
    ExecuteWorkflow,
    Receipt,
    RegisterWorkflow,
    SubmitPhaseResult,
)
from hourglass.chain.sender import TransactionSender
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import OperatorRegistration, deploy_local
from hourglass.workflow.definition import PhaseDefinition, WorkflowDefinition
from hourglass.workflow.events import WorkflowExecutionStarted, WorkflowRegistered
from hourglass.workflow.identifiers import (
    Address,
    BasisPoints,
    ChainId,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    Round,
    StakeWeight,
    Tick,
    WorkflowId,
)
from hourglass.workflow.phases import PhaseType

WEIGHTS = (10, 20, 30, 40, 50)
"""Of the operators of `SET`, in index order."""
SET, OTHER_SET, NO_SET = 1, 2, 3
"""Two operator sets with a table each, and one without."""
KEYS = tuple(SecretKey(7_000 + index) for index in range(len(WEIGHTS)))
OPERATORS = tuple(Address(bytes([index + 1]) * 20) for index in range(len(WEIGHTS)))
OTHER_KEY = SecretKey(8_000)
FIRST, SECOND = PhaseIndex(0), PhaseIndex(1)
STRANGER = Account(address_of(b"\x21" * 32), b"\x21" * 32)
ROUND_0 = Round(0)
TIMEOUT_S = 600


@dataclass(frozen=True, slots=True)
class World:
    """A chain under test, and the hands that a test needs on it."""

    chain: Chain
    admin: Account
    avs: Address
    advance: Callable[[int], Awaitable[None]]
    hold_blocks: Callable[[], Awaitable[None]]
    mine: Callable[[], Awaitable[None]]
    reorg: Callable[[int], Awaitable[None]]
    """Replace so many of the newest blocks by empty ones."""

    async def send(self, call: Call, account: Account | None = None) -> Receipt:
        """Simulate, send, wait; by the admin if by nobody else."""
        return await TransactionSender(self.chain, account or self.admin, timeout_s=10).send(call)

    async def registered(self, definition: WorkflowDefinition) -> WorkflowId:
        """Register it."""
        receipt = await self.send(RegisterWorkflow(definition))
        (logged,) = receipt.events
        assert isinstance(logged.event, WorkflowRegistered)
        return logged.event.workflow_id

    async def started(self, definition: WorkflowDefinition, payload: bytes = b"payload") -> ExecutionId:
        """Register it and start a run."""
        receipt = await self.send(ExecuteWorkflow(await self.registered(definition), payload))
        event = receipt.events[0].event
        assert isinstance(event, WorkflowExecutionStarted)
        return event.execution_id

    async def submission(
        self,
        execution: ExecutionId,
        phase: PhaseIndex,
        result: bytes,
        signers: Sequence[int] = range(len(KEYS)),
        round: Round = ROUND_0,
    ) -> SubmitPhaseResult:
        """The call that completes a phase with a certificate of these operators, by index."""
        return await certified(self.chain, execution, phase, result, signers, round)


async def certified(
    chain: Chain,
    execution: ExecutionId,
    phase: PhaseIndex,
    result: bytes,
    signers: Sequence[int] = range(len(KEYS)),
    round: Round = ROUND_0,
) -> SubmitPhaseResult:
    """The call that completes a phase with a certificate of these operators, by index."""
    view = await chain.phase(execution, phase)
    assert view is not None
    table = await chain.operator_table(view.operator_set, view.reference_timestamp)
    slot = Slot(chain.chain_id, chain.state_machine, execution, phase, view.attempt, Tick(0), round)
    message = phase_message_hash(slot, view.operator_set, view.inputs_hash, result)
    digest = certificate_digest(view.reference_timestamp, message)
    signatures = {OPERATORS[i]: sign(KEYS[i], digest, default_backend()) for i in signers}
    certificate = certify(table, message, signatures, default_backend())
    return SubmitPhaseResult(execution, phase, round, result, certificate)


@asynccontextmanager
async def memory_world() -> AsyncIterator[World]:
    """On the in-memory twin."""
    admin = Account(address_of(b"\x11" * 32), b"\x11" * 32)
    home = Home(ChainId(31_337), Address(b"\xaa" * 20), Address(b"\xbb" * 20), admin.address)
    ledger = Ledger(home, (STRANGER.address,))
    keys = [key.public_key(default_backend()) for key in KEYS]
    members = [
        Operator(who, key.g1, key.g2, (StakeWeight(weight),))
        for who, key, weight in zip(OPERATORS, keys, WEIGHTS, strict=True)
    ]
    ledger.publish_table(OperatorSetId(home.avs, SET), members)
    other = OTHER_KEY.public_key(default_backend())
    ledger.publish_table(
        OperatorSetId(home.avs, OTHER_SET), [Operator(OPERATORS[0], other.g1, other.g2, (StakeWeight(1),))]
    )

    async def advance(seconds: int) -> None:
        ledger.advance(seconds)

    async def hold_blocks() -> None:
        ledger.auto_mine = False

    async def mine() -> None:
        ledger.mine()

    async def reorg(depth: int) -> None:
        ledger.reorg(depth)

    yield World(MemoryChain(ledger), admin, home.avs, advance, hold_blocks, mine, reorg)


@asynccontextmanager
async def anvil_world() -> AsyncIterator[World]:
    """On a real chain with the real contracts."""
    async with Anvil.start() as anvil:
        registrations = [
            OperatorRegistration(who, key, {SET: (weight,)})
            for who, key, weight in zip(OPERATORS, KEYS, WEIGHTS, strict=True)
        ]
        registrations.append(OperatorRegistration(OPERATORS[0], OTHER_KEY, {OTHER_SET: (1,)}))
        deployed = await deploy_local(anvil, registrations, [STRANGER.address])
        config = ChainConfig(
            rpc_url=anvil.rpc_url, chain_id=anvil.chain_id, state_machine=str(deployed.state_machine)
        )
        async with EvmChain.connect(config) as chain:
            hold = partial(anvil.set_automine, False)
            yield World(
                chain, deployed.admin, deployed.avs, anvil.increase_time, hold, anvil.mine, anvil.reorg
            )


def phase(
    name: str,
    *after: int,
    kind: PhaseType = PhaseType.IMMEDIATE,
    operator_set: int = SET,
    stake: int = 0,
    threshold: int = 6_667,
) -> PhaseDefinition:
    """A phase that begins after those of these indices."""
    return PhaseDefinition(
        name,
        kind,
        TIMEOUT_S,
        tuple(PhaseIndex(index) for index in after),
        b"",
        operator_set,
        b"\x01\x02",
        stake,
        BasisPoints(threshold),
    )


ONE_PHASE = WorkflowDefinition("one", (phase("only"),))
TWO_PHASES = WorkflowDefinition(
    "agree and update", (phase("agree", kind=PhaseType.COORDINATION), phase("update", 0))
)
