"""The twin against the contracts: the same random story on both, call by call, at the same block times.

Ids and hashes are the same on both, because the twin is told the real contract's address; so events are compared as
they are, and views field by field.
"""

import random
from dataclasses import dataclass, replace

import pytest

from hourglass.bls.signatures import default_backend
from hourglass.certificate.operators import Operator
from hourglass.chain.client import EvmChain
from hourglass.chain.codec import load_contract
from hourglass.chain.config import ChainConfig
from hourglass.chain.memory import MemoryChain
from hourglass.chain.memory_ledger import BLOCK_TIME_S, Ledger
from hourglass.chain.memory_rules import Home
from hourglass.chain.port import (
    Account,
    Call,
    Chain,
    CheckPhaseTimeout,
    ExecuteWorkflow,
    Receipt,
    RegisterWorkflow,
    SubmitPhaseResult,
    TransactionPlan,
)
from hourglass.errors import RevertedError
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import OperatorRegistration, deploy_local
from hourglass.testing.worlds import (
    KEYS,
    NO_SET,
    OPERATORS,
    SET,
    STRANGER,
    TIMEOUT_S,
    WEIGHTS,
    certified,
    phase,
)
from hourglass.workflow.definition import PhaseDefinition, WorkflowDefinition
from hourglass.workflow.events import WorkflowExecutionStarted, WorkflowRegistered
from hourglass.workflow.execution import PhaseStatus
from hourglass.workflow.identifiers import (
    Address,
    ChainTime,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    Round,
    StakeWeight,
    TxHash,
    WorkflowId,
)
from hourglass.workflow.phases import PhaseType

STEPS = 70
EDGE_S = 30
STALENESS_S = 4 * TIMEOUT_S
GAS, FEE_WEI, TIP_WEI = 3_000_000, 10**11, 10**9


@dataclass(slots=True)
class Pair:
    """Both chains, moved in step."""

    real: EvmChain
    anvil: Anvil
    twin: MemoryChain
    admin: Account

    async def now(self) -> ChainTime:
        head = await self.real.head()
        assert (await self.twin.head()).timestamp == head.timestamp
        return head.timestamp

    async def perform(self, call: Call, account: Account, gap_s: int) -> Receipt:
        """Simulate on both, then mine it on both, that much later. What they answer must be the same."""
        if not await self._at_an_edge(call):
            refusals = [await _refusal(chain, call, account) for chain in (self.real, self.twin)]
            assert refusals[0] == refusals[1], call
        now = await self.now()
        receipts = []
        for chain in (self.real, self.twin):
            nonce = await chain.next_nonce(account.address)
            if chain is self.real:
                await self.anvil.request("evm_setNextBlockTimestamp", hex(now + gap_s))
            plan = TransactionPlan(nonce, GAS, FEE_WEI, TIP_WEI)
            tx_hash = await chain.send(call, plan, account)
            if chain is self.twin:
                self.twin.ledger.mine(gap_s)
            receipts.append(await _receipt(chain, tx_hash))
        real, twin = receipts
        assert real.succeeded == twin.succeeded, call
        assert [one.event for one in real.events] == [one.event for one in twin.events]
        return twin

    async def _at_an_edge(self, call: Call) -> bool:
        """Is a deadline so near that anvil, which simulates by its running clock, may be beyond it already?"""
        if not isinstance(call, CheckPhaseTimeout | SubmitPhaseResult):
            return False
        view = await self.twin.phase(call.execution_id, call.phase_index)
        return view is not None and abs(view.deadline - await self.now()) < EDGE_S


async def _receipt(chain: Chain, tx_hash: TxHash) -> Receipt:
    while True:
        receipt = await chain.receipt(tx_hash)
        if receipt is not None:
            return receipt


async def _refusal(chain: Chain, call: Call, account: Account) -> tuple[str, str] | None:
    try:
        await chain.estimate_gas(call, account.address)
    except RevertedError as error:
        # For definitions the twin promises the reason only.
        exact = error.error_name if not isinstance(call, RegisterWorkflow) else ""
        return error.reason.code, exact
    return None


# ── The story ─────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class Story:
    """What happens next, by chance: mostly sensible calls, some at the edge, some nonsense."""

    dice: random.Random
    pair: Pair
    workflows: list[WorkflowId]
    executions: list[tuple[ExecutionId, int]]
    """With their number of phases."""

    async def step(self) -> None:
        chance = self.dice.random()
        account = self.dice.choice([self.pair.admin] * 4 + [STRANGER])
        if not self.workflows or chance < 0.12:
            await self._take(await self.pair.perform(RegisterWorkflow(self.definition()), account, 1))
        elif not self.executions or chance < 0.35:
            workflow = self.dice.choice([*self.workflows[-3:] * 3, WorkflowId(b"\x07" * 32)])
            size = self.dice.choice([0, 5, 32, 200, 8_192, 8_193])
            await self._take(await self.pair.perform(ExecuteWorkflow(workflow, bytes(size)), account, 1))
        else:
            await self._work(account, chance)

    async def _work(self, account: Account, chance: float) -> None:
        execution, phases = self.dice.choice(self.executions[-4:])
        views = [await self.pair.twin.phase(execution, PhaseIndex(index)) for index in range(phases + 1)]
        open_ones = [at for at, view in enumerate(views) if view and view.status is PhaseStatus.ACTIVE]
        index = PhaseIndex(self.dice.choice([*open_ones * 4, self.dice.randrange(phases + 1)]))
        view = views[index]
        call: Call = CheckPhaseTimeout(execution, index)
        if chance < 0.92 and view is not None and view.reference_timestamp:
            signers = self.dice.sample(range(len(KEYS)), self.dice.choice([1, 2, 3, 4, 5, 5, 5]))
            round = Round(self.dice.choice([0, 0, 0, 1]))
            result = self.dice.randbytes(self.dice.choice([0, 1, 32, 33, 100]))
            call = await certified(self.pair.real, execution, index, result, signers, round)
            if self.dice.random() < 0.1:
                call = replace(call, result=result + b"x")
        gaps = [1] * 12 + [2, 2, 100]
        if view is not None and view.deadline > await self.pair.now():
            edge = view.deadline - await self.pair.now()
            gaps += [edge, edge + 1]
        await self.pair.perform(call, account, self.dice.choice(gaps))

    async def _take(self, receipt: Receipt) -> None:
        for logged in receipt.events:
            match logged.event:
                case WorkflowRegistered(workflow_id):
                    self.workflows.append(workflow_id)
                case WorkflowExecutionStarted(execution_id, workflow_id):
                    found = await self.pair.twin.workflow(workflow_id)
                    assert found is not None
                    self.executions.append((execution_id, len(found.definition.phases)))

    def definition(self) -> WorkflowDefinition:
        """Any graph of up to four phases; now and then one that is refused."""
        count = self.dice.randint(1, 4)
        order = self.dice.sample(range(count), count)
        phases = [self._phase(at, order[: order.index(at)]) for at in range(count)]
        if self.dice.random() < 0.1:
            phases[0] = replace(phases[0], dependencies=(PhaseIndex(self.dice.randrange(count + 1)),))
        return WorkflowDefinition(self.dice.choice(["a", "b"]), tuple(phases))

    def _phase(self, at: int, before: list[int]) -> PhaseDefinition:
        after = self.dice.sample(before, self.dice.randint(0, len(before)))
        return phase(
            f"phase {at}",
            *after,
            kind=self.dice.choice([PhaseType.IMMEDIATE, PhaseType.COORDINATION]),
            operator_set=self.dice.choice([SET] * 12 + [NO_SET]),
            stake=self.dice.choice([0, 0, sum(WEIGHTS), sum(WEIGHTS), sum(WEIGHTS) + 1]) if after else 0,
            threshold=self.dice.choice([1, 3_333, 3_334, 6_666, 6_667]),
        )


async def _twin_of(real: EvmChain, anvil: Anvil, admin: Account, table: str, avs: str) -> MemoryChain:
    contract = load_contract("OperatorTable")
    asked = contract.call("latestReferenceTimestamp", (avs, SET))
    answer = await anvil.request("eth_call", {"to": table, "data": "0x" + asked.hex()}, "latest")
    published = ReferenceTimestamp(int(answer, 16))
    home = Home(real.chain_id, real.state_machine, Address.parse(avs), admin.address)
    ledger = Ledger(
        home, (STRANGER.address,), auto_mine=False, genesis_time=ChainTime(published - BLOCK_TIME_S)
    )
    keys = [key.public_key(default_backend()) for key in KEYS]
    members = [
        Operator(who, key.g1, key.g2, (StakeWeight(weight),))
        for who, key, weight in zip(OPERATORS, keys, WEIGHTS, strict=True)
    ]
    assert ledger.publish_table(OperatorSetId(home.avs, SET), members, STALENESS_S) == published
    twin = MemoryChain(ledger)
    nonce = await real.next_nonce(admin.address)
    ledger.newest.nonces[admin.address] = nonce  # type: ignore[index]
    return twin


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_is_called_the_twin_answers_as_the_contract_does(seed: int) -> None:
    registrations = [
        OperatorRegistration(who, key, {SET: (weight,)})
        for who, key, weight in zip(OPERATORS, KEYS, WEIGHTS, strict=True)
    ]
    async with Anvil.start() as anvil:
        deployed = await deploy_local(anvil, registrations, [STRANGER.address], STALENESS_S)
        machine = str(deployed.state_machine)
        config = ChainConfig(rpc_url=anvil.rpc_url, chain_id=anvil.chain_id, state_machine=machine)
        async with EvmChain.connect(config) as real:
            twin = await _twin_of(
                real, anvil, deployed.admin, str(deployed.operator_table), str(deployed.avs)
            )
            story = Story(random.Random(seed), Pair(real, anvil, twin, deployed.admin), [], [])
            for _ in range(STEPS):
                await story.step()
            for execution, phases in story.executions:
                assert await real.execution(execution) == await twin.execution(execution)
                for index in map(PhaseIndex, range(phases + 1)):
                    assert await real.phase(execution, index) == await twin.phase(execution, index)
            for workflow in story.workflows:
                assert await real.workflow(workflow) == await twin.workflow(workflow)
