"""The chain's in-memory twin: an endpoint to a `Ledger`, held to the same suite as the real client.

Several endpoints may share one ledger, each with its own faults: a node whose endpoint lags or fails is a node with
its own `MemoryChain`. What the twin lacks: it has no fee vault, so it takes no ether; and among other contracts' events
(`logs_matching`) it knows only those that a test has put into the ledger.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from eth_hash.auto import keccak

from hourglass.certificate.curves import AnyTable
from hourglass.chain.memory_ledger import BASE_FEE_WEI, GAS_USED, Ledger, Mined
from hourglass.chain.memory_logs import raw_log
from hourglass.chain.memory_rules import Opening
from hourglass.chain.port import (
    Block,
    Call,
    ChainLog,
    ChainView,
    ExecutionView,
    FeeQuote,
    LoggedEvent,
    Receipt,
    SigningAccount,
    TransactionPlan,
)
from hourglass.errors import ChainError
from hourglass.reasons import Reason
from hourglass.workflow.definition import MAX_STORED_RESULT_BYTES, RegisteredWorkflow
from hourglass.workflow.execution import Execution, PhaseStatus, status_at
from hourglass.workflow.identifiers import (
    WORD_BYTES,
    Address,
    Attempt,
    BlockNumber,
    ChainId,
    ChainTime,
    ExecutionId,
    InputsHash,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    TxHash,
    WorkflowId,
)

PRIORITY_FEE_WEI = 10**9
START_BLOCK = BlockNumber(0)

Before = Callable[[str], Awaitable[None]]
"""Told the method's name before each request: it may raise ChainError, or wait, as endpoints do."""


async def _at_once(_method: str) -> None:
    """An endpoint without faults."""


@dataclass(slots=True)
class MemoryChain:
    """One endpoint. `lag` blocks of the newest are hidden from its reads."""

    ledger: Ledger
    before: Before = _at_once
    lag: int = 0

    @property
    def chain_id(self) -> ChainId:
        """The ledger's."""
        return self.ledger.home.chain_id

    @property
    def state_machine(self) -> Address:
        """The ledger's."""
        return self.ledger.home.state_machine

    # ── Blocks and events ─────────────────────────────────────────────────────────────────────────────

    async def head(self) -> Block:
        """The newest block that it shows."""
        await self.before("head")
        return self._seen.header

    async def block(self, number: BlockNumber) -> Block | None:
        """None if it shows no such block."""
        await self.before("block")
        found = self.ledger.mined(number) if self._shows(number) else None
        return None if found is None else found.header

    async def start_block(self) -> BlockNumber:
        """Genesis: the contracts were always there."""
        await self.before("start_block")
        return START_BLOCK

    async def events(self, first: BlockNumber, last: BlockNumber) -> tuple[LoggedEvent, ...]:
        """What it shows of these blocks."""
        await self.before("events")
        blocks = (self.ledger.mined(number) for number in range(first, last + 1) if self._shows(number))
        return tuple(event for block in blocks if block is not None for event in block.events)

    async def events_of(self, block: Block) -> tuple[LoggedEvent, ...]:
        """This very block's. Raises ChainError if it does not show it."""
        await self.before("events_of")
        found = self.ledger.mined(block.number)
        if found is None or not self._shows(block.number) or found.header.hash != block.hash:
            raise ChainError(Reason.ENDPOINT_REFUSED, f"No block 0x{block.hash.hex()}.")
        return found.events

    # ── The contracts ─────────────────────────────────────────────────────────────────────────────────

    async def workflow(self, workflow_id: WorkflowId) -> RegisteredWorkflow | None:
        """None if there is none of that id."""
        await self.before("workflow")
        return self._seen.state.workflows.get(workflow_id)

    async def latest_workflow(self, creator: Address, name: str) -> RegisteredWorkflow | None:
        """The newest version."""
        await self.before("latest_workflow")
        versions = [
            workflow
            for workflow in self._seen.state.workflows.values()
            if (workflow.creator, workflow.definition.name) == (creator, name)
        ]
        return max(versions, key=lambda workflow: workflow.version, default=None)

    async def execution(self, execution_id: ExecutionId) -> ExecutionView | None:
        """None if the contract does not know it."""
        await self.before("execution")
        seen = self._seen
        found = seen.state.executions.get(execution_id)
        if found is None:
            return None
        span = seen.state.spans[execution_id]
        phases = len(seen.state.workflows[found.workflow_id].definition.phases)
        return ExecutionView(
            as_of=seen.header.timestamp,
            execution_id=execution_id,
            workflow_id=found.workflow_id,
            initiator=found.initiator,
            status=found.status,
            started_at=span.started_at,
            deadline=span.deadline,
            payload=found.payload,
            phase_count=phases,
            resolved=frozenset(filter(found.is_resolved, map(PhaseIndex, range(phases)))),
        )

    async def phase(self, execution_id: ExecutionId, phase_index: PhaseIndex) -> ChainView | None:
        """None if the contract does not know it."""
        await self.before("phase")
        seen = self._seen
        execution = seen.state.executions.get(execution_id)
        if execution is None:
            return None
        workflow = seen.state.workflows[execution.workflow_id]
        if not 0 <= phase_index < len(workflow.definition.phases):
            return None
        return _view(seen, execution, workflow, phase_index)

    async def logs_matching(
        self, emitter: Address, topics: tuple[bytes | None, ...], first: BlockNumber, last: BlockNumber
    ) -> tuple[ChainLog, ...]:
        """The state machine's events, and of other contracts' what the ledger was told."""
        await self.before("logs_matching")
        blocks = (self.ledger.mined(number) for number in range(first, last + 1) if self._shows(number))
        return tuple(
            log
            for block in blocks
            if block is not None
            for log in self._logs_of(block, emitter)
            if _matches(log.topics, topics)
        )

    async def aggregators(self) -> tuple[Address, ...]:
        """As the contract lists them."""
        await self.before("aggregators")
        return self._seen.state.aggregators

    async def operator_table(
        self, operator_set: OperatorSetId, reference_timestamp: ReferenceTimestamp
    ) -> AnyTable:
        """Raises ChainError(TABLE_UNAVAILABLE) if there is none."""
        await self.before("operator_table")
        table = self._seen.state.table(operator_set, reference_timestamp)
        if table is None:
            raise ChainError(
                Reason.TABLE_UNAVAILABLE, f"{operator_set} has no table at {reference_timestamp}."
            )
        return table

    # ── Sending ───────────────────────────────────────────────────────────────────────────────────────

    async def next_nonce(self, address: Address) -> int:
        """By the pool, as the pending state has it."""
        await self.before("next_nonce")
        return self.ledger.next_nonce(address)

    async def fees(self) -> FeeQuote:
        """Always the same."""
        await self.before("fees")
        return FeeQuote(BASE_FEE_WEI, PRIORITY_FEE_WEI)

    async def estimate_gas(self, call: Call, sender: Address) -> int:
        """Raises RevertedError if the call would revert at the head."""
        await self.before("estimate_gas")
        self.ledger.simulate(call, sender, self._seen)
        return GAS_USED

    async def send(self, call: Call, plan: TransactionPlan, account: SigningAccount) -> TxHash:
        """Into the pool."""
        await self.before("send")
        return self.ledger.take(call, plan, account)

    async def receipt(self, tx_hash: TxHash) -> Receipt | None:
        """None while it shows no block that holds it."""
        await self.before("receipt")
        found = self.ledger.receipt(tx_hash)
        return found if found is not None and self._shows(found.block) else None

    # ── How ───────────────────────────────────────────────────────────────────────────────────────────

    def _logs_of(self, block: Mined, emitter: Address) -> list[ChainLog]:
        if emitter == self.state_machine:
            return [raw_log(emitter, logged) for logged in block.events]
        return [log for log in block.logs if log.emitter == emitter]

    @property
    def _seen(self) -> Mined:
        mined = self.ledger.mined(max(0, self.ledger.head.number - self.lag))
        assert mined is not None
        return mined

    def _shows(self, number: int) -> bool:
        return 0 <= number <= self._seen.header.number


def _matches(topics: tuple[bytes, ...], wanted: tuple[bytes | None, ...]) -> bool:
    """As eth_getLogs matches: position by position, None matching any, and further topics allowed."""
    return len(topics) >= len(wanted) and all(
        one is None or one == topic for one, topic in zip(wanted, topics, strict=False)
    )


def _view(seen: Mined, execution: Execution, workflow: RegisteredWorkflow, index: PhaseIndex) -> ChainView:
    """`getPhase`: zeros for whatever has not happened."""
    definition, phase = workflow.definition.phases[index], execution.phase(index)
    started, completed = phase.started, phase.completed
    opening = seen.state.openings.get((execution.execution_id, index), Opening(ChainTime(0), BlockNumber(0)))
    attempt = started.attempt if started else 0
    if phase.status is PhaseStatus.FAILED:
        attempt += 1
    stored = completed is not None and len(completed.result) <= MAX_STORED_RESULT_BYTES
    return ChainView(
        as_of=seen.header.timestamp,
        execution_status=execution.status,
        workflow_id=execution.workflow_id,
        definition_hash=workflow.definition_hash,
        phase_type=definition.phase_type,
        status=status_at(phase, seen.header.timestamp),
        attempt=Attempt(attempt),
        operator_set=workflow.operator_set(index),
        consensus_threshold=definition.consensus_threshold,
        reference_timestamp=started.reference_timestamp if started else ReferenceTimestamp(0),
        started_at=opening.at,
        deadline=started.deadline if started else ChainTime(0),
        block=seen.header.number,
        started_block=opening.block,
        inputs_hash=started.inputs_hash if started else InputsHash(bytes(WORD_BYTES)),
        result=completed.result if completed and stored else b"",
        result_hash=keccak(completed.result) if completed else bytes(WORD_BYTES),
        aggregators=seen.state.aggregators,
    )
