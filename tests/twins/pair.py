"""The in-memory chain and the contracts on anvil, moved in step and compared after each.

Ids and hashes are the same on both, because the twin is told the real contract's address and has as many blocks as
old; so answers are compared as they are. A call is performed in a block of its own, at the very second that is wanted.
"""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from hourglass.chain import decoding
from hourglass.chain.calldata import calldata, value_of
from hourglass.chain.client import EvmChain, open_rpc
from hourglass.chain.codec import Contract, load_contract
from hourglass.chain.ecdsa_tables import EcdsaTableReader
from hourglass.chain.memory import MemoryChain
from hourglass.chain.memory_ledger import Ledger, Mined
from hourglass.chain.memory_logs import raw_log
from hourglass.chain.memory_rules import Home
from hourglass.chain.port import Account, Block, Call, RegisterWorkflow, TransactionPlan
from hourglass.chain.tables import TableReader
from hourglass.errors import RevertedError
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import Deployment, deploy_local
from hourglass.testing.worlds import MEMBERS, STRANGER, registrations, rows
from hourglass.workflow.events import WorkflowEvent
from hourglass.workflow.identifiers import (
    BlockNumber,
    ChainId,
    ChainTime,
    ExecutionId,
    OperatorSetId,
    WorkflowId,
)

GAS, FEE_WEI, TIP_WEI = 16_000_000, 10**11, 10**9
NO_NONCES: dict[Any, int] = {}


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: the refusal's name and fields, or what it made happen."""

    refusal: tuple[str, str] | None
    events: tuple[WorkflowEvent, ...] = ()


@dataclass(slots=True)
class Pair:
    """Both chains. `reset` brings them back to where they were first."""

    anvil: Anvil
    deployment: Deployment
    session: aiohttp.ClientSession
    real: EvmChain
    table: Contract
    head: Block
    """The real chain's, when the contracts had just been deployed."""
    snapshot: str
    twin: MemoryChain = field(init=False)

    @property
    def admin(self) -> Account:
        return self.deployment.admin

    @property
    def ledger(self) -> Ledger:
        return self.twin.ledger

    @property
    def now(self) -> ChainTime:
        return self.ledger.head.timestamp

    async def reset(self) -> None:
        """Back to the beginning, on both."""
        await self.anvil.request("evm_revert", self.snapshot)
        self.snapshot = await self.anvil.request("evm_snapshot")
        real = self.real
        self.real = EvmChain(
            real.rpc,
            real.chain_id,
            real.state_machine,
            real.machine,
            TableReader(self.table),
            EcdsaTableReader(load_contract("EcdsaOperatorTable")),
        )
        home = Home(real.chain_id, real.state_machine, self.deployment.avs, self.admin.address)
        genesis_time = ChainTime(self.head.timestamp - self.head.number)
        ledger = Ledger(home, (STRANGER.address,), auto_mine=False, genesis_time=genesis_time)
        for _ in range(self.head.number):
            ledger.mine(1)
        self.twin = MemoryChain(ledger)
        for operator_set, members in MEMBERS.items():
            await self.republish(operator_set, [member.weights for member in members], 0)

    # ── Moving ────────────────────────────────────────────────────────────────────────────────────────

    async def perform(self, call: Call, account: Account, gap_s: int = 1) -> Answer:
        """Perform it on both, so much later. What they answer is the same."""
        time = ChainTime(self.now + gap_s)
        expected = await self._on_twin(call, account, gap_s)
        data = calldata(self.real.machine, call)
        output, logs = await self._mined(
            time, [(account, str(self.real.state_machine), data, value_of(call))]
        )
        succeeded, bytes_ = output
        if succeeded:
            events = decoding.events(self.real.machine, logs)
            actual = Answer(None, tuple(one.event for one in events))
        else:
            actual = Answer(_told(self.real.machine, bytes_))
        assert _comparable(actual, call) == _comparable(expected, call), type(call).__name__
        if succeeded:
            self._compare_raw(logs)
        return expected

    def _compare_raw(self, logs: list[dict[str, Any]]) -> None:
        """The block's events, byte for byte; without those that nobody folds."""
        machine = self.real.machine
        folded = [decoding.log(one) for one in logs if decoding.event(machine, one) is not None]
        assert folded == [raw_log(self.real.state_machine, one) for one in self.ledger.newest.events]

    async def _on_twin(self, call: Call, account: Account, gap_s: int) -> Answer:
        newest = self.ledger.newest
        header = Block(
            BlockNumber(newest.header.number + 1), b"", newest.header.hash, ChainTime(self.now + gap_s)
        )
        try:
            self.ledger.simulate(call, account.address, Mined(header, newest.state, NO_NONCES))
            refusal = None
        except RevertedError as error:
            refusal = error.error_name, error.detail
        nonce = await self.twin.next_nonce(account.address)
        tx_hash = await self.twin.send(call, TransactionPlan(nonce, GAS, FEE_WEI, TIP_WEI), account)
        self.ledger.mine(gap_s)
        receipt = await self.twin.receipt(tx_hash)
        assert receipt is not None
        assert receipt.succeeded == (refusal is None)
        return Answer(refusal, tuple(one.event for one in receipt.events))

    async def rest(self) -> None:
        """Let a second pass, by one block."""
        await self._mined(ChainTime(self.now + 1), [])
        self.ledger.mine()

    async def upgrade(self) -> None:
        """Replace the contract by itself: nothing may change."""
        data = self.real.machine.call("upgradeToAndCall", str(self.deployment.implementation), b"")
        time = ChainTime(self.now + 1)
        (succeeded, _), _ = await self._mined(time, [(self.admin, str(self.real.state_machine), data, 0)])
        assert succeeded
        self.ledger.mine()

    async def republish(
        self, operator_set: OperatorSetId, weights: Sequence[tuple[int, ...]], staleness_s: int
    ) -> None:
        """Publish a set's table anew on both, its members weighing so much."""
        which = (str(operator_set.avs), operator_set.number)
        calls = [self.table.call("configureOperatorSet", which, staleness_s)]
        for member, row in zip(MEMBERS[operator_set], weights, strict=True):
            calls.append(self.table.call("setWeights", which, str(member.operator), list(row)))
        calls.append(self.table.call("publishTable", which))
        to = str(self.deployment.operator_table)
        (succeeded, _), _ = await self._mined(
            ChainTime(self.now + 1), [(self.admin, to, data, 0) for data in calls]
        )
        assert succeeded
        self.ledger.publish_table(operator_set, rows(operator_set, weights), staleness_s)

    async def _mined(
        self, time: ChainTime, calls: Sequence[tuple[Account, str, bytes, int]]
    ) -> tuple[tuple[bool, bytes], list[dict[str, Any]]]:
        """One block of these calls: whether the last succeeded, what it gave back, and its logs."""
        hashes = [
            await self.anvil.request(
                "eth_sendTransaction",
                {
                    "from": str(account.address),
                    "to": to,
                    "data": "0x" + data.hex(),
                    "value": hex(value),
                    "gas": hex(GAS // len(calls)),
                },
            )
            for account, to, data, value in calls
        ]
        (block,) = await self.anvil.request("evm_mine_detailed", {"timestamp": hex(time)})
        assert len(block["transactions"]) == len(calls)
        if not hashes:
            return (True, b""), []
        (last,) = [one for one in block["transactions"] if one["hash"] == hashes[-1]]
        receipt = await self.anvil.request("eth_getTransactionReceipt", hashes[-1])
        output = bytes.fromhex(last.get("output", "0x")[2:])
        return (receipt["status"] == "0x1", output), receipt["logs"]

    # ── Comparing ─────────────────────────────────────────────────────────────────────────────────────

    async def compare(self, executions: Sequence[tuple[ExecutionId, int]]) -> None:
        """Whatever can be asked of these executions, with so many phases each, is answered alike."""
        asked: list[tuple[str, tuple[Any, ...]]] = []
        for execution, phases in executions:
            asked.append(("getExecution", (execution,)))
            asked += [("getPhase", (execution, index)) for index in range(phases)]
        answers = await self._views(asked)
        for (function, arguments), view in zip(asked, answers, strict=True):
            if function == "getExecution":
                assert decoding.execution(view) == await self.twin.execution(*arguments)
            else:
                assert decoding.phase(view) == await self.twin.phase(*arguments), arguments

    async def compare_workflow(self, workflow: WorkflowId) -> None:
        """A registered workflow is read alike, its options included."""
        self.real._workflows.clear()
        found = await self.real.workflow(workflow)
        assert found is not None
        assert found == await self.twin.workflow(workflow)

    async def _views(self, asked: Sequence[tuple[str, tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
        """Each function's one answer, asked for in one go."""
        if not asked:
            return []
        machine, to = self.real.machine, str(self.real.state_machine)
        requests = [
            {
                "jsonrpc": "2.0",
                "id": number,
                "method": "eth_call",
                "params": [{"to": to, "data": "0x" + machine.call(function, *arguments).hex()}, "latest"],
            }
            for number, (function, arguments) in enumerate(asked)
        ]
        async with self.session.post(self.anvil.rpc_url, json=requests) as response:
            answers = sorted(json.loads(await response.read()), key=lambda one: one["id"])
        return [
            machine.answer(function, bytes.fromhex(answer["result"][2:]))[0]
            for (function, _), answer in zip(asked, answers, strict=True)
        ]


def _told(machine: Contract, data: bytes) -> tuple[str, str]:
    name, fields = machine.error(data)
    shown = ", ".join("0x" + one.hex() if isinstance(one, bytes) else str(one) for one in fields)
    return name, f"{name}({shown})"


def _comparable(answer: Answer, call: Call) -> object:
    """Without what the twin tells otherwise: in words, what is wrong with a definition, and roles by their names."""
    if answer.refusal is None:
        return answer.events
    name, told = answer.refusal
    in_words = isinstance(call, RegisterWorkflow) or name == "AccessControlUnauthorizedAccount"
    return name, "" if in_words else told.lower()


@asynccontextmanager
async def open_pair() -> AsyncIterator[Pair]:
    """Deployed, with a table for each set."""
    async with Anvil.start() as anvil, aiohttp.ClientSession() as session:
        deployment = await deploy_local(anvil, registrations(), [STRANGER.address])
        await anvil.request("evm_setAutomine", False)
        await anvil.request("anvil_autoImpersonateAccount", True)
        machine, table = load_contract("WorkflowStateMachine"), load_contract("OperatorTable")
        async with open_rpc(anvil.rpc_url) as rpc:
            real = EvmChain(
                rpc,
                ChainId(anvil.chain_id),
                deployment.state_machine,
                machine,
                TableReader(table),
                EcdsaTableReader(load_contract("EcdsaOperatorTable")),
            )
            head, snapshot = await real.head(), await anvil.request("evm_snapshot")
            pair = Pair(anvil, deployment, session, real, table, head, snapshot)
            await pair.reset()
            yield pair
