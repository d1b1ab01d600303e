"""The fee vault as its clients see it: prices are paid, shared out among those who signed, and taken out."""

from collections.abc import AsyncIterator
from dataclasses import replace

import bn254
import pytest
from vaults import MILLI_ETHER, PRICES, RECIPIENT, open_vault, set_schedule

from hourglass.chain.client import EvmChain
from hourglass.chain.fees import Escrow, FeeVault, Price
from hourglass.chain.port import CancelExecution, ExecuteWorkflow, RegisterWorkflow
from hourglass.errors import ConfigError, RevertedError
from hourglass.reasons import Reason
from hourglass.testing.worlds import (
    FIRST,
    HOME,
    OPERATORS,
    SECOND,
    STRANGER,
    TWO_PHASES,
    WEIGHTS,
    World,
    anvil_world,
)
from hourglass.workflow.events import WorkflowExecutionStarted
from hourglass.workflow.identifiers import Address, ExecutionId, WorkflowId

FEE = 2 * 10 * MILLI_ETHER
POOL = 9 * MILLI_ETHER


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with anvil_world() as opened:
        yield opened


def evm(world: World) -> EvmChain:
    assert isinstance(world.chain, EvmChain)
    return world.chain


@pytest.fixture
async def vault(world: World) -> FeeVault:
    return await open_vault(evm(world), world.admin)


async def registered(world: World) -> WorkflowId:
    await world.send(RegisterWorkflow(TWO_PHASES, value_wei=PRICES.workflow_fee))
    found = await world.chain.latest_workflow(world.admin.address, TWO_PHASES.name)
    assert found is not None
    return found.workflow_id


async def executed(world: World, value_wei: int = FEE) -> ExecutionId:
    receipt = await world.send(ExecuteWorkflow(await registered(world), b"payload", value_wei))
    (started,) = (one.event for one in receipt.events if isinstance(one.event, WorkflowExecutionStarted))
    return started.execution_id


async def test_without_a_vault_there_is_none_and_whoever_needs_one_is_told(world: World) -> None:
    assert await FeeVault.find(evm(world)) is None
    with pytest.raises(ConfigError) as caught:
        await FeeVault.of(evm(world))
    assert caught.value.reason is Reason.CONTRACT_MISSING
    assert "has no fee vault" in str(caught.value)


async def test_prices_are_read_as_they_were_set(world: World, vault: FeeVault) -> None:
    assert await FeeVault.of(evm(world)) == vault
    assert await vault.schedule() == PRICES
    quoted = await vault.quote(await registered(world), world.admin.address, b"payload", 2)
    assert quoted == Price(None, FEE)
    assert await vault.tokens() == (None,)


async def test_a_registration_s_fee_is_the_protocol_s(world: World, vault: FeeVault) -> None:
    await registered(world)
    assert await vault.credit(None, RECIPIENT) == PRICES.workflow_fee


@pytest.mark.parametrize("missing", [1, FEE])
async def test_a_call_that_pays_too_little_is_refused_for_its_fee(
    world: World, vault: FeeVault, missing: int
) -> None:
    with pytest.raises(RevertedError) as caught:
        await executed(world, FEE - missing)
    assert caught.value.error_name == "FeeNotPaid"
    assert caught.value.reason is Reason.FEE_NOT_MET


async def test_what_an_execution_paid_stands_by_until_its_phases_complete_and_goes_back_when_it_ends(
    world: World, vault: FeeVault
) -> None:
    execution = await executed(world)
    assert await vault.escrow(execution) == Escrow(world.admin.address, None, 2, FEE)
    await world.send(CancelExecution(execution))
    assert await vault.escrow(execution) == Escrow(world.admin.address, None, 0, 0)
    assert await vault.credit(None, world.admin.address) == FEE
    assert await vault.escrow(ExecutionId(b"\x01" * 32)) is None


async def test_who_signed_shares_the_pool_by_stake_and_proves_it_with_the_pinned_table(
    world: World, vault: FeeVault
) -> None:
    execution = await executed(world)
    assert await vault.pool(execution, FIRST) is None
    await world.send(await world.submission(execution, FIRST, b"\x01" * 32, signers=[1, 2, 3, 4]))

    pool = await vault.pool(execution, FIRST)
    assert pool is not None
    signed = sum(WEIGHTS[1:])
    assert (pool.operator_set, pool.amount, pool.signed_weight, pool.paid) == (HOME, POOL, signed, 0)
    table = bn254.table_of(await world.chain.operator_table(pool.operator_set, pool.reference_timestamp))
    assert not await vault.signed(execution, FIRST, 0)
    for index in (1, 2, 3, 4):
        assert await vault.signed(execution, FIRST, index)
        assert not await vault.has_claimed(execution, FIRST, index)
        await world.send(vault.claim(execution, FIRST, table, index), STRANGER)
        assert await vault.has_claimed(execution, FIRST, index)
        credit = await vault.credit(None, OPERATORS[index])
        assert credit == pool.share_of(WEIGHTS[index]) == POOL * WEIGHTS[index] // signed

    settled = await vault.pool(execution, FIRST)
    assert settled is not None
    assert settled.paid == sum(pool.share_of(weight) for weight in WEIGHTS[1:])
    with pytest.raises(RevertedError) as twice:
        await world.send(vault.claim(execution, FIRST, table, 1))
    assert twice.value.error_name == "AlreadyClaimed"
    with pytest.raises(RevertedError) as absent:
        await world.send(vault.claim(execution, FIRST, table, 0))
    assert absent.value.error_name == "NotASigner"
    with pytest.raises(RevertedError) as early:
        await world.send(vault.claim(execution, SECOND, table, 1))
    assert early.value.error_name == "NotSettled"


@pytest.mark.parametrize("to", [None, Address(b"\x99" * 20)])
async def test_credit_is_withdrawn_by_its_owner_to_whom_it_likes(
    world: World, vault: FeeVault, to: Address | None
) -> None:
    execution = await executed(world)
    await world.send(CancelExecution(execution))
    receiver = str(to or world.admin.address)
    before = await evm(world).rpc.request("eth_getBalance", receiver, "latest")
    receipt = await world.send(vault.withdraw(None, to))
    after = await evm(world).rpc.request("eth_getBalance", receiver, "latest")
    gas = receipt.gas_used * receipt.effective_gas_price_wei if to is None else 0
    assert int(after, 16) - int(before, 16) == FEE - gas
    assert await vault.credit(None, world.admin.address) == 0
    with pytest.raises(RevertedError) as caught:
        await world.send(vault.withdraw(None, to))
    assert caught.value.error_name == "NothingToWithdraw"


async def test_every_token_that_was_ever_charged_in_is_known(world: World, vault: FeeVault) -> None:
    token = evm(world).state_machine  # Any contract passes for one.
    await set_schedule(vault, world.admin, replace(PRICES, token=token))
    await set_schedule(vault, world.admin, PRICES)
    assert await vault.tokens() == (None, token)
