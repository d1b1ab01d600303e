"""The sender: its own nonces, its refusals, and transactions that never arrive."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from hourglass.chain.memory import MemoryChain
from hourglass.chain.memory_ledger import Ledger
from hourglass.chain.port import CheckPhaseTimeout, ExecuteWorkflow, Receipt, TransactionPlan
from hourglass.chain.sender import TransactionSender
from hourglass.errors import ChainError, RevertedError
from hourglass.reasons import Reason
from hourglass.testing.worlds import FIRST, ONE_PHASE, STRANGER, World, memory_world
from hourglass.workflow.events import WorkflowExecutionStarted

SOON_S = 0.05
GAS, FEE_WEI, TIP_WEI = 1_000_000, 10**11, 10**9


async def test_many_calls_at_once_are_sent_one_nonce_after_another(world: World) -> None:
    workflow = await world.registered(ONE_PHASE)
    sender = TransactionSender(world.chain, world.admin, timeout_s=20)
    receipts = await asyncio.gather(
        *(sender.send(ExecuteWorkflow(workflow, bytes([number]))) for number in range(6))
    )
    payloads = {
        logged.event.payload
        for receipt in receipts
        for logged in receipt.events
        if isinstance(logged.event, WorkflowExecutionStarted)
    }
    assert payloads == {bytes([number]) for number in range(6)}


async def test_a_nonce_that_somebody_else_used_is_skipped(world: World) -> None:
    workflow = await world.registered(ONE_PHASE)
    sender = TransactionSender(world.chain, world.admin, timeout_s=20)
    await sender.send(ExecuteWorkflow(workflow, b"mine"))
    taken = await world.chain.next_nonce(world.admin.address)
    plan = TransactionPlan(taken, GAS, FEE_WEI, TIP_WEI)
    await world.chain.send(ExecuteWorkflow(workflow, b"theirs"), plan, world.admin)
    assert (await sender.send(ExecuteWorkflow(workflow, b"mine again"))).succeeded
    assert await world.chain.next_nonce(world.admin.address) == taken + 2


async def test_what_the_contract_would_refuse_is_never_sent(world: World) -> None:
    execution = await world.started(ONE_PHASE)
    nonce = await world.chain.next_nonce(STRANGER.address)
    with pytest.raises(RevertedError) as refused:
        await TransactionSender(world.chain, STRANGER).send(CheckPhaseTimeout(execution, FIRST))
    assert refused.value.error_name == "DeadlineNotPassed"
    assert "DeadlineNotPassed" in refused.value.detail
    assert await world.chain.next_nonce(STRANGER.address) == nonce


async def test_of_two_who_submit_at_once_the_second_learns_that_it_is_decided(world: World) -> None:
    execution = await world.started(ONE_PHASE)
    submission = await world.submission(execution, FIRST, b"r")
    await world.hold_blocks()
    accounts = (world.admin, STRANGER)
    waiting = [await world.chain.next_nonce(account.address) + 1 for account in accounts]
    both = [
        asyncio.create_task(TransactionSender(world.chain, account, timeout_s=20).send(submission))
        for account in accounts
    ]

    async def handed_over() -> bool:
        return [await world.chain.next_nonce(account.address) for account in accounts] == waiting

    await until(handed_over)
    await world.mine()
    outcomes = await asyncio.gather(*both, return_exceptions=True)
    (lost,) = [one for one in outcomes if isinstance(one, RevertedError)]
    assert lost.reason is Reason.ALREADY_DECIDED
    (won,) = [one for one in outcomes if isinstance(one, Receipt)]
    assert won.succeeded


# ── Faults that only the twin can have ────────────────────────────────────────────────────────────────


async def test_a_transaction_that_is_never_mined_is_given_up_and_its_nonce_used_again() -> None:
    async with memory_world() as world:
        workflow = await world.registered(ONE_PHASE)
        ledger = ledger_of(world)
        sender = TransactionSender(world.chain, world.admin, timeout_s=SOON_S)
        ledger.drop_transactions = True
        with pytest.raises(ChainError) as lost:
            await sender.send(ExecuteWorkflow(workflow, b"lost"))
        assert lost.value.reason is Reason.TRANSACTION_FAILED
        ledger.drop_transactions = False
        assert (await sender.send(ExecuteWorkflow(workflow, b"arrives"))).succeeded


async def test_an_endpoint_that_fails_while_a_transaction_is_under_way_loses_nothing() -> None:
    async with memory_world() as world:
        workflow = await world.registered(ONE_PHASE)
        failures = 3

        async def before(method: str) -> None:
            nonlocal failures
            if method == "receipt" and failures:
                failures -= 1
                raise ChainError(Reason.CHAIN_UNREACHABLE, "for the test")

        endpoint = MemoryChain(ledger_of(world), before)
        receipt = await TransactionSender(endpoint, world.admin, timeout_s=20).send(
            ExecuteWorkflow(workflow, b"")
        )
        assert receipt.succeeded
        assert failures == 0


async def test_a_transaction_that_could_not_be_handed_over_leaves_no_gap() -> None:
    async with memory_world() as world:
        workflow = await world.registered(ONE_PHASE)
        refuse = True

        async def before(method: str) -> None:
            if method == "send" and refuse:
                raise ChainError(Reason.CHAIN_UNREACHABLE, "for the test")

        sender = TransactionSender(MemoryChain(ledger_of(world), before), world.admin, timeout_s=20)
        with pytest.raises(ChainError) as failed:
            await sender.send(ExecuteWorkflow(workflow, b""))
        assert failed.value.reason is Reason.CHAIN_UNREACHABLE
        refuse = False
        assert (await sender.send(ExecuteWorkflow(workflow, b""))).succeeded


async def test_fees_above_the_cap_are_not_offered() -> None:
    async with memory_world() as world:
        workflow = await world.registered(ONE_PHASE)
        sender = TransactionSender(world.chain, world.admin, max_fee_gwei=0.1)
        with pytest.raises(ChainError) as refused:
            await sender.send(ExecuteWorkflow(workflow, b""))
        assert refused.value.reason is Reason.TRANSACTION_FAILED


def ledger_of(world: World) -> Ledger:
    assert isinstance(world.chain, MemoryChain)
    return world.chain.ledger


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(20):
        while True:
            if await holds():
                return
            await asyncio.sleep(0)
