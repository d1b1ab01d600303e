"""A chain to try things on, in memory or on anvil, with five operators and whatever a test must be able to do to it.

The suites run on both, so whoever writes to the port can run on the fast one and trust the other.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend, sign
from hourglass.certificate.certificates import certify
from hourglass.certificate.curves import AnyTable
from hourglass.certificate.digests import certificate_digest, phase_message_hash
from hourglass.certificate.ecdsa import address_of
from hourglass.certificate.operators import Operator, OperatorTable
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
    ChainView,
    ExecuteWorkflow,
    Receipt,
    RegisterWorkflow,
    SubmitPhaseResult,
)
from hourglass.chain.sender import TransactionSender
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import LOCAL_AVS, OperatorRegistration, deploy_local, emit_log, republish
from hourglass.workflow.definition import PhaseDefinition, PhaseOptions, WorkflowDefinition
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
from hourglass.workflow.series import encode_continuous
from hourglass.workflow.triggers import always, encode

WEIGHTS = (10, 20, 30, 40, 50)
"""Of the operators of `SET`, in index order."""
SET, OTHER_SET, NO_SET = 1, 2, 3
"""Two operator sets with a table each, and one without."""
FOREIGN_AVS = Address(b"\xfa" * 20)
HOME, OTHER, FOREIGN = (
    OperatorSetId(LOCAL_AVS, SET),
    OperatorSetId(LOCAL_AVS, OTHER_SET),
    OperatorSetId(FOREIGN_AVS, SET),
)
KEYS = tuple(SecretKey(7_000 + index) for index in range(len(WEIGHTS)))
OPERATORS = tuple(Address(bytes([index + 1]) * 20) for index in range(len(WEIGHTS)))


@dataclass(frozen=True, slots=True)
class Member:
    """One operator in one operator set."""

    operator: Address
    key: SecretKey
    weights: tuple[int, ...]


MEMBERS: Mapping[OperatorSetId, tuple[Member, ...]] = {
    HOME: tuple(
        Member(who, key, (weight,)) for who, key, weight in zip(OPERATORS, KEYS, WEIGHTS, strict=True)
    ),
    OTHER: (Member(OPERATORS[0], SecretKey(8_000), (1,)),),
    FOREIGN: (
        Member(OPERATORS[1], SecretKey(9_001), (3, 7)),
        Member(OPERATORS[2], SecretKey(9_002), (1, 9)),
    ),
}
"""Who is in which set, with which key; the foreign one weighs two kinds of stake."""
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
    republish: Callable[[OperatorSetId, Sequence[tuple[int, ...]], int], Awaitable[None]]
    """Publish a set's table anew, its members weighing so much, to be used for so many seconds; 0: for ever."""
    log: Callable[[Sequence[bytes], bytes], Awaitable[Address]]
    """Have another contract log these topics and this data; which one."""

    async def send(self, call: Call, account: Account | None = None) -> Receipt:
        """Simulate, send, wait; by the admin if by nobody else."""
        return await TransactionSender(self.chain, account or self.admin, timeout_s=10).send(call)

    async def registered(
        self, definition: WorkflowDefinition, triggers: tuple[Address, ...] = ()
    ) -> WorkflowId:
        """Register it, with trigger sources of its own."""
        receipt = await self.send(RegisterWorkflow(definition, triggers))
        (logged,) = receipt.events
        assert isinstance(logged.event, WorkflowRegistered)
        return logged.event.workflow_id

    async def started(self, definition: WorkflowDefinition, payload: bytes = b"payload") -> ExecutionId:
        """Register it and start a run."""
        return await self.executed(await self.registered(definition), payload)

    async def executed(
        self, workflow: WorkflowId, payload: bytes = b"payload", account: Account | None = None
    ) -> ExecutionId:
        """Start a run."""
        receipt = await self.send(ExecuteWorkflow(workflow, payload), account)
        event = receipt.events[0].event
        assert isinstance(event, WorkflowExecutionStarted)
        return event.execution_id

    async def submission(
        self,
        execution: ExecutionId,
        phase: PhaseIndex,
        result: bytes,
        signers: Sequence[int] | None = None,
        round: Round = ROUND_0,
    ) -> SubmitPhaseResult:
        """The call that completes a phase with a certificate of these operators, by index; None: of all."""
        view = await self.view(execution, phase)
        table = await self.chain.operator_table(view.operator_set, view.reference_timestamp)
        return certified(self.chain, execution, phase, result, view, table, signers, round)

    async def view(self, execution: ExecutionId, phase: PhaseIndex) -> ChainView:
        """A phase that there is."""
        found = await self.chain.phase(execution, phase)
        assert found is not None
        return found


def certified(
    chain: Chain,
    execution: ExecutionId,
    phase: PhaseIndex,
    result: bytes,
    view: ChainView,
    table: AnyTable,
    signers: Sequence[int] | None = None,
    round: Round = ROUND_0,
) -> SubmitPhaseResult:
    """The call that completes a phase with a certificate of these operators of its table, by index."""
    assert isinstance(table, OperatorTable)
    slot = Slot(chain.chain_id, chain.state_machine, execution, phase, view.attempt, Tick(0), round)
    message = phase_message_hash(slot, view.operator_set, view.inputs_hash, result)
    digest = certificate_digest(view.reference_timestamp, message)
    keys = {one.operator: one.key for one in MEMBERS[view.operator_set]}
    chosen = [table.operators[index].address for index in signers or range(len(table.operators))]
    signatures = {who: sign(keys[who], digest, default_backend()) for who in chosen}
    certificate = certify(table, message, signatures, default_backend())
    return SubmitPhaseResult(execution, phase, round, result, certificate)


def rows(
    operator_set: OperatorSetId, weights: Sequence[tuple[int, ...]] | None = None
) -> tuple[Operator, ...]:
    """The set's members as rows of a table, weighing so much."""
    members = MEMBERS[operator_set]
    keys = [member.key.public_key(default_backend()) for member in members]
    return tuple(
        Operator(member.operator, key.g1, key.g2, tuple(map(StakeWeight, weighs)))
        for member, key, weighs in zip(
            members, keys, weights or [member.weights for member in members], strict=True
        )
    )


def registrations() -> list[OperatorRegistration]:
    """Every member of every set, as the operator table registers them."""
    return [
        OperatorRegistration(member.operator, member.key, {operator_set: member.weights})
        for operator_set, members in MEMBERS.items()
        for member in members
    ]


@asynccontextmanager
async def memory_world() -> AsyncIterator[World]:
    """On the in-memory twin."""
    admin = Account(address_of(b"\x11" * 32), b"\x11" * 32)
    home = Home(ChainId(31_337), Address(b"\xaa" * 20), LOCAL_AVS, admin.address)
    ledger = Ledger(home, (STRANGER.address,))
    for operator_set in MEMBERS:
        ledger.publish_table(operator_set, rows(operator_set))

    async def advance(seconds: int) -> None:
        ledger.advance(seconds)

    async def hold_blocks() -> None:
        ledger.auto_mine = False

    async def mine() -> None:
        ledger.mine()

    async def reorg(depth: int) -> None:
        ledger.reorg(depth)

    async def publish(which: OperatorSetId, weights: Sequence[tuple[int, ...]], staleness_s: int) -> None:
        ledger.publish_table(which, rows(which, weights), staleness_s)

    async def log(topics: Sequence[bytes], data: bytes) -> Address:
        emitter = Address(b"\xee" * 20)
        ledger.log(emitter, topics, data)
        return emitter

    chain = MemoryChain(ledger)
    yield World(chain, admin, home.avs, advance, hold_blocks, mine, reorg, publish, log)


@asynccontextmanager
async def anvil_world() -> AsyncIterator[World]:
    """On a real chain with the real contracts."""
    async with Anvil.start() as anvil:
        deployed = await deploy_local(anvil, registrations(), [STRANGER.address])
        config = ChainConfig(
            rpc_url=anvil.rpc_url, chain_id=anvil.chain_id, state_machine=str(deployed.state_machine)
        )

        async def publish(which: OperatorSetId, weights: Sequence[tuple[int, ...]], staleness_s: int) -> None:
            weighed = {one.operator: row for one, row in zip(MEMBERS[which], weights, strict=True)}
            await republish(anvil, deployed, which, weighed, staleness_s)

        async with EvmChain.connect(config) as chain:
            yield World(
                chain,
                deployed.admin,
                deployed.avs,
                anvil.increase_time,
                partial(anvil.set_automine, False),
                anvil.mine,
                anvil.reorg,
                publish,
                partial(emit_log, anvil),
            )


def phase(
    name: str,
    *after: int,
    kind: PhaseType = PhaseType.IMMEDIATE,
    operator_set: int = SET,
    stake: int = 0,
    threshold: int = 6_667,
    timeout_s: int = TIMEOUT_S,
    condition: bytes | None = None,
    metadata: bytes | None = None,
    **options: Any,
) -> PhaseDefinition:
    """A phase that begins after those of these indices; with what its type can't do without, if not given."""
    gate = encode(always()) if kind is PhaseType.CONDITIONAL else b""
    plan = encode_continuous(timeout_s // 2, 2, "median") if kind is PhaseType.CONTINUOUS else b"\x01\x02"
    return PhaseDefinition(
        name,
        kind,
        timeout_s,
        tuple(PhaseIndex(index) for index in after),
        gate if condition is None else condition,
        operator_set,
        plan if metadata is None else metadata,
        stake,
        BasisPoints(threshold),
        PhaseOptions(**options),
    )


ONE_PHASE = WorkflowDefinition("one", (phase("only"),))
TWO_PHASES = WorkflowDefinition(
    "agree and update", (phase("agree", kind=PhaseType.COORDINATION), phase("update", 0))
)
