"""What the port promises of executions, blocks, events and nonces: asked of the twin and of a real chain alike."""

import pytest

from hourglass.certificate.digests import (
    definition_hash,
    execution_id,
    inputs_hash,
)
from hourglass.chain.port import (
    Block,
    ExecuteWorkflow,
    LoggedEvent,
    TransactionPlan,
)
from hourglass.errors import ChainError, RevertedError
from hourglass.reasons import Reason
from hourglass.testing.worlds import (
    FIRST,
    HOME,
    ONE_PHASE,
    OTHER,
    OTHER_SET,
    SECOND,
    SET,
    STRANGER,
    TIMEOUT_S,
    TWO_PHASES,
    WEIGHTS,
    World,
    phase,
)
from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.events import PhaseStarted, WorkflowExecutionStarted
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.history import History
from hourglass.workflow.identifiers import (
    Attempt,
    BlockNumber,
    ChainTime,
    OperatorSetId,
    PhaseIndex,
    WorkflowId,
)
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.triggers import ChainEvent, chain_event

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


async def test_an_execution_whose_phases_have_lost_their_operators_stake_is_refused(world: World) -> None:
    stake = sum(WEIGHTS)
    first, later = phase("a", stake=stake), phase("b", 0, stake=stake)
    workflows = [
        await world.registered(WorkflowDefinition("first", (first, phase("b", 0)))),
        await world.registered(WorkflowDefinition("later", (phase("a"), later))),
    ]
    await world.republish(HOME, [(weight - 1,) for weight in WEIGHTS], 0)
    for workflow in workflows:
        with pytest.raises(RevertedError) as refused:
            await world.send(ExecuteWorkflow(workflow, b""))
        assert refused.value.error_name == "RequiredStakeNotMet"
        assert refused.value.reason is Reason.REQUIRED_STAKE_NOT_MET


async def test_only_of_the_phases_that_start_must_the_table_be_fresh_until_the_deadline(world: World) -> None:
    await world.republish(OTHER, [(1,)], TIMEOUT_S)
    old = phase("a", operator_set=OTHER_SET)
    first = await world.registered(WorkflowDefinition("first", (old,)))
    later = await world.registered(
        WorkflowDefinition("later", (phase("a"), phase("b", 0, operator_set=OTHER_SET)))
    )
    await world.advance(5)
    with pytest.raises(RevertedError) as refused:
        await world.send(ExecuteWorkflow(first, b""))
    assert (refused.value.error_name, refused.value.reason) == ("TableStale", Reason.TABLE_STALE)
    assert (await world.send(ExecuteWorkflow(later, b""))).succeeded


async def test_an_execution_s_deadline_bounds_those_of_its_phases(world: World) -> None:
    timeout_s = TIMEOUT_S + 100
    definition = WorkflowDefinition("w", (phase("a"), phase("b", 0)), timeout_s)
    execution = await world.started(definition)
    await world.advance(300)
    await world.send(await world.submission(execution, FIRST, b"r"))
    found = await world.chain.execution(execution)
    assert found is not None
    assert found.deadline == found.started_at + timeout_s
    first, second = await world.view(execution, FIRST), await world.view(execution, SECOND)
    assert first.deadline == found.started_at + TIMEOUT_S
    assert second.deadline == found.deadline < second.started_at + TIMEOUT_S
    await world.advance(timeout_s - 200)
    with pytest.raises(RevertedError) as refused:
        await world.send(await world.submission(execution, SECOND, b"r"))
    assert refused.value.reason is Reason.DEADLINE_PASSED


async def test_each_answer_says_of_which_block_it_is_and_in_which_block_the_phase_started(
    world: World,
) -> None:
    receipt = await world.send(ExecuteWorkflow(await world.registered(TWO_PHASES), b""))
    event = receipt.events[0].event
    assert isinstance(event, WorkflowExecutionStarted)
    await world.advance(5)
    first, second = [await world.view(event.execution_id, index) for index in (FIRST, SECOND)]
    assert first.block == second.block == (await world.chain.head()).number > receipt.block
    assert (first.started_block, second.started_block) == (receipt.block, 0)


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


async def test_the_state_machine_s_own_events_are_among_those_that_a_condition_can_wait_for(
    world: World,
) -> None:
    execution = await world.started(ONE_PHASE)
    receipt = await world.send(await world.submission(execution, FIRST, b"r"))
    completed = chain_event(world.chain.state_machine, "WorkflowCompleted(bytes32)", execution)
    assert isinstance(completed, ChainEvent)
    (log,) = await world.chain.logs_matching(
        world.chain.state_machine, completed.topics, BlockNumber(0), receipt.block
    )
    assert (log.block, log.topics, log.data) == (receipt.block, completed.topics, b"")


async def test_any_contract_s_events_are_found_by_their_topics(world: World) -> None:
    one, two, three = (bytes([number]) * 32 for number in (1, 2, 3))
    first = await world.log((one, two), b"first")
    start = (await world.chain.head()).number
    second = await world.log((one, three), b"second")
    await world.log((), b"nothing to find it by")
    head = (await world.chain.head()).number
    for emitter, topics, found in (
        (first, (one,), [b"first"]),
        (first, (one, two), [b"first"]),
        (first, (None, two), [b"first"]),
        (first, (), [b"first"]),
        (first, (two,), []),
        (first, (one, three), []),
        (first, (one, two, None), []),
        (STRANGER.address, (one,), []),
    ):
        logs = await world.chain.logs_matching(emitter, topics, BlockNumber(0), start)
        own = [log for log in logs if log.data.startswith(b"first")]
        assert [log.data for log in own] == found, topics
    (log,) = await world.chain.logs_matching(second, (one, three), start, head)
    assert (log.emitter, log.topics, log.data) == (second, (one, three), b"second")
    assert start < log.block <= head
    assert await world.chain.logs_matching(second, (one, three), BlockNumber(head), head) == ()
