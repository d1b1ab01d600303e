"""What the port promises of workflows, executions, blocks and nonces: asked of the twin and of a real chain alike."""

from dataclasses import replace

import pytest

from hourglass.certificate.digests import (
    definition_hash,
    execution_id,
    inputs_hash,
    workflow_id,
)
from hourglass.chain.port import (
    Block,
    ExecuteWorkflow,
    LoggedEvent,
    RegisterWorkflow,
    TransactionPlan,
)
from hourglass.errors import ChainError, RevertedError
from hourglass.reasons import Reason
from hourglass.testing.worlds import (
    FIRST,
    NO_SET,
    ONE_PHASE,
    SECOND,
    SET,
    STRANGER,
    TIMEOUT_S,
    TWO_PHASES,
    WEIGHTS,
    World,
    phase,
)
from hourglass.workflow.definition import PhaseDefinition, WorkflowDefinition
from hourglass.workflow.events import (
    PhaseFailed,
    PhaseStarted,
    WorkflowExecutionStarted,
    WorkflowFailed,
)
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.history import History
from hourglass.workflow.identifiers import (
    Attempt,
    BlockNumber,
    ChainTime,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    TxHash,
    WorkflowId,
)
from hourglass.workflow.phases import PhaseType

# ── Workflows ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_registered_workflow_is_read_back_as_it_was_written(world: World) -> None:
    found = await world.chain.workflow(await world.registered(TWO_PHASES))
    assert found is not None
    assert found.definition == TWO_PHASES
    assert found.definition_hash == definition_hash(TWO_PHASES)
    assert (found.creator, found.version, found.avs) == (world.admin.address, 1, world.avs)
    assert found.workflow_id == workflow_id(
        world.chain.chain_id, world.chain.state_machine, world.admin.address, TWO_PHASES.name, 1
    )


async def test_registering_a_name_again_makes_the_next_version(world: World) -> None:
    first = await world.registered(ONE_PHASE)
    changed = replace(ONE_PHASE, phases=(phase("only", threshold=5_000),))
    second = await world.registered(changed)
    latest = await world.chain.latest_workflow(world.admin.address, ONE_PHASE.name)
    assert latest is not None
    assert (latest.workflow_id, latest.version, latest.definition) == (second, 2, changed)
    old = await world.chain.workflow(first)
    assert old is not None
    assert (old.version, old.definition) == (1, ONE_PHASE)


async def test_nobody_knows_what_was_never_there(world: World) -> None:
    execution = await world.started(ONE_PHASE)
    assert await world.chain.workflow(WorkflowId(b"\x01" * 32)) is None
    assert await world.chain.latest_workflow(world.admin.address, "nothing of that name") is None
    assert await world.chain.execution(ExecutionId(b"\x02" * 32)) is None
    assert await world.chain.phase(ExecutionId(b"\x02" * 32), FIRST) is None
    assert await world.chain.phase(execution, PhaseIndex(1)) is None
    assert await world.chain.receipt(TxHash(b"\x03" * 32)) is None
    assert await world.chain.block(BlockNumber(10_000_000)) is None


async def test_only_a_creator_registers(world: World) -> None:
    with pytest.raises(RevertedError) as refused:
        await world.chain.estimate_gas(RegisterWorkflow(ONE_PHASE), STRANGER.address)
    assert refused.value.reason is Reason.UNAUTHORIZED
    assert refused.value.error_name == "AccessControlUnauthorizedAccount"


@pytest.mark.parametrize(
    "phases",
    [
        (phase("a", 1), phase("b", 0)),
        (phase("a"), phase("a")),
        (phase("a", 5),),
        (phase("a", threshold=0),),
        (phase("a", kind=PhaseType.CONTINUOUS),),
        (replace(phase("a"), timeout_s=0),),
    ],
    ids=["cycle", "names", "dependency", "threshold", "type", "timeout"],
)
async def test_an_impossible_definition_is_refused(world: World, phases: tuple[PhaseDefinition, ...]) -> None:
    with pytest.raises(RevertedError) as refused:
        await world.chain.estimate_gas(RegisterWorkflow(WorkflowDefinition("w", phases)), world.admin.address)
    assert refused.value.reason is Reason.INVALID_DEFINITION


# ── Executions ────────────────────────────────────────────────────────────────────────────────────────


async def test_executing_starts_every_phase_that_waits_for_nothing(world: World) -> None:
    definition = WorkflowDefinition("w", (phase("a", 1), phase("b"), phase("c")))
    workflow = await world.registered(definition)
    receipt = await world.send(ExecuteWorkflow(workflow, b"payload"))
    execution = execution_id(
        world.chain.chain_id, world.chain.state_machine, workflow, 1, world.admin.address, b"payload"
    )
    block = await world.chain.block(receipt.block)
    assert block is not None
    view = await world.chain.phase(execution, PhaseIndex(1))
    assert view is not None
    inputs = inputs_hash(b"payload", ())
    assert [logged.event for logged in receipt.events] == [
        WorkflowExecutionStarted(execution, workflow, world.admin.address, b"payload"),
        *(
            PhaseStarted(
                execution,
                PhaseIndex(index),
                Attempt(1),
                OperatorSetId(world.avs, SET),
                view.reference_timestamp,
                ChainTime(block.timestamp + TIMEOUT_S),
                inputs,
            )
            for index in (1, 2)
        ),
    ]
    assert view.status is PhaseStatus.ACTIVE
    assert (view.started_at, view.deadline) == (block.timestamp, block.timestamp + TIMEOUT_S)
    assert (view.inputs_hash, view.attempt, view.result) == (inputs, 1, b"")
    assert (view.phase_type, view.consensus_threshold) == (PhaseType.IMMEDIATE, 6_667)
    assert view.aggregators == (STRANGER.address,) == await world.chain.aggregators()
    assert (view.workflow_id, view.definition_hash) == (workflow, definition_hash(definition))
    found = await world.chain.execution(execution)
    assert found is not None
    assert (found.status, found.initiator, found.payload, found.phase_count, found.started_at) == (
        ExecutionStatus.RUNNING,
        world.admin.address,
        b"payload",
        3,
        block.timestamp,
    )
    waiting = await world.chain.phase(execution, FIRST)
    assert waiting is not None
    assert (waiting.status, waiting.attempt, waiting.deadline) == (PhaseStatus.PENDING, 0, 0)
    assert waiting.inputs_hash == bytes(32)


async def test_an_execution_of_nothing_is_refused(world: World) -> None:
    with pytest.raises(RevertedError) as refused:
        await world.send(ExecuteWorkflow(WorkflowId(b"\x05" * 32), b""))
    assert (refused.value.reason, refused.value.error_name) == (Reason.UNKNOWN_NAME, "UnknownWorkflow")


@pytest.mark.parametrize(
    ("first", "reason", "error"),
    [
        (phase("a", operator_set=NO_SET), Reason.TABLE_UNAVAILABLE, "TableMissing"),
        (phase("a", stake=sum(WEIGHTS) + 1), Reason.REQUIRED_STAKE_NOT_MET, "RequiredStakeNotMet"),
    ],
    ids=["no table", "too little stake"],
)
async def test_a_first_phase_that_cannot_start_refuses_the_execution(
    world: World, first: PhaseDefinition, reason: Reason, error: str
) -> None:
    workflow = await world.registered(WorkflowDefinition("w", (first,)))
    with pytest.raises(RevertedError) as refused:
        await world.send(ExecuteWorkflow(workflow, b""))
    assert (refused.value.reason, refused.value.error_name) == (reason, error)


async def test_a_later_phase_that_cannot_start_fails_the_execution_and_keeps_the_result(
    world: World,
) -> None:
    execution = await world.started(WorkflowDefinition("w", (phase("a"), phase("b", 0, operator_set=NO_SET))))
    receipt = await world.send(await world.submission(execution, FIRST, b"r"))
    assert [logged.event for logged in receipt.events[1:]] == [
        PhaseFailed(execution, SECOND, Attempt(1), "TableMissing"),
        WorkflowFailed(execution, SECOND),
    ]
    found, kept, failed = (
        await world.chain.execution(execution),
        await world.chain.phase(execution, FIRST),
        await world.chain.phase(execution, SECOND),
    )
    assert found is not None
    assert kept is not None
    assert failed is not None
    assert found.status is ExecutionStatus.FAILED
    assert (kept.status, kept.result) == (PhaseStatus.COMPLETED, b"r")
    assert (failed.status, failed.attempt) == (PhaseStatus.FAILED, 1)


# ── Blocks, events, nonces ────────────────────────────────────────────────────────────────────────────


async def test_blocks_form_a_chain_whose_time_rises(world: World) -> None:
    await world.started(ONE_PHASE)
    head = await world.chain.head()
    assert await world.chain.block(head.number) == head
    block = head
    for _ in range(3):
        parent = await world.chain.block(BlockNumber(block.number - 1))
        assert parent is not None
        assert parent.hash == block.parent_hash
        assert parent.timestamp <= block.timestamp
        block = parent


async def test_events_are_the_same_however_they_are_asked_for(world: World) -> None:
    execution = await world.started(TWO_PHASES)
    await world.send(await world.submission(execution, FIRST, b"r"))
    first, last = await world.chain.start_block(), (await world.chain.head()).number
    whole = await world.chain.events(first, last)
    one_by_one = [
        event
        for n in range(first, last + 1)
        for event in await world.chain.events(BlockNumber(n), BlockNumber(n))
    ]
    by_hash: list[LoggedEvent] = []
    for number in range(first, last + 1):
        block = await world.chain.block(BlockNumber(number))
        assert block is not None
        found = await world.chain.events_of(block)
        assert all((one.block, one.block_hash) == (number, block.hash) for one in found)
        by_hash += found
    assert list(whole) == one_by_one == by_hash
    assert [(one.block, one.log_index) for one in whole] == sorted(
        (one.block, one.log_index) for one in whole
    )
    history = History()
    for one in whole:
        history.add(one.block, one.event)
    view = await world.chain.phase(execution, SECOND)
    assert view is not None
    assert history.executions[execution].phase(SECOND).status is view.status


async def test_events_of_a_block_that_is_not_there_are_refused_not_empty(world: World) -> None:
    head = await world.chain.head()
    replaced = Block(head.number, b"\x07" * 32, head.parent_hash, head.timestamp)
    with pytest.raises(ChainError) as refused:
        await world.chain.events_of(replaced)
    assert refused.value.reason is Reason.ENDPOINT_REFUSED


async def test_transactions_wait_for_their_nonce_and_a_used_one_is_refused(world: World) -> None:
    workflow = await world.registered(ONE_PHASE)
    await world.hold_blocks()
    nonce = await world.chain.next_nonce(world.admin.address)
    quote = await world.chain.fees()
    fee = 2 * quote.base_fee_wei + quote.priority_fee_wei
    sent = {
        at: await world.chain.send(
            ExecuteWorkflow(workflow, bytes([at - nonce])),
            TransactionPlan(at, 1_000_000, fee, quote.priority_fee_wei),
            world.admin,
        )
        for at in (nonce + 1, nonce)
    }
    assert await world.chain.next_nonce(world.admin.address) == nonce + 2
    assert await world.chain.receipt(sent[nonce]) is None
    await world.mine()
    receipts = [await world.chain.receipt(sent[at]) for at in (nonce, nonce + 1)]
    payloads = [
        logged.event.payload
        for receipt in receipts
        if receipt is not None
        for logged in receipt.events
        if isinstance(logged.event, WorkflowExecutionStarted)
    ]
    assert payloads == [b"\x00", b"\x01"]
    with pytest.raises(ChainError) as used:
        await world.chain.send(
            ExecuteWorkflow(workflow, b""),
            TransactionPlan(nonce, 1_000_000, fee, quote.priority_fee_wei),
            world.admin,
        )
    assert used.value.reason is Reason.TRANSACTION_FAILED
