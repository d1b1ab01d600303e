"""Fees in a token, through the command's own code: the vault is allowed exactly what it takes, and takes it."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from types import ModuleType

import pytest
from vaults import PRICES, create, open_vault, set_schedule

from hourglass.chain.client import EvmChain
from hourglass.chain.codec import Contract
from hourglass.chain.fees import FeeVault, Price
from hourglass.chain.port import CallContract, RegisterWorkflow
from hourglass.chain.sender import TransactionSender
from hourglass.chain.tokens import ERC20, Currency, balance_of, currency_of
from hourglass.cli.payment import execution_price, prepare, registration_price
from hourglass.cli.workflow import start_execution
from hourglass.cli.workflow_checks import Question
from hourglass.errors import ConfigError
from hourglass.reasons import Reason
from hourglass.testing.worlds import TWO_PHASES, World, anvil_world
from hourglass.workflow.identifiers import Address, WorkflowId

pytestmark = pytest.mark.timeout(400)  # As beside: the first build on a fresh machine.

UNIT = 10**18
WEALTH = 10 * UNIT


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with anvil_world() as opened:
        yield opened


@pytest.fixture
def coin(compiled: ModuleType) -> Contract:
    """The Solidity tests' own ERC-20."""
    path = compiled.CONTRACTS / "out" / "Coins.sol" / "Coin.json"
    artifact = json.loads(path.read_text("utf-8"))
    return Contract(artifact["abi"], bytes.fromhex(artifact["bytecode"]["object"].removeprefix("0x")))


@pytest.fixture
async def vault(world: World, coin: Contract) -> FeeVault:
    """Charges in a coin of which the admin has some."""
    chain = world.chain
    assert isinstance(chain, EvmChain)
    token = await create(chain, world.admin, coin.creation("COIN"))
    await world.send(CallContract(token, coin.call("mint", str(world.admin.address), WEALTH)))
    opened = await open_vault(chain, world.admin)
    await set_schedule(opened, world.admin, replace(PRICES, token=token))
    return opened


async def token_of(vault: FeeVault) -> Address:
    token = (await vault.schedule()).token
    assert token is not None
    return token


async def test_a_fee_in_a_token_is_approved_to_the_last_digit_and_taken(
    world: World, vault: FeeVault
) -> None:
    chain, token = vault.chain, await token_of(vault)
    assert await currency_of(chain, token) == Currency(token, "COIN", 18)
    sender = TransactionSender(chain, world.admin)

    value_wei, shown = await prepare(chain, sender, vault, await registration_price(vault), "0.003")
    assert (value_wei, shown) == (0, "0.003 COIN")
    await sender.send(RegisterWorkflow(TWO_PHASES, value_wei=value_wei))
    await start_execution(chain, sender, TWO_PHASES.name, b"payload", max_fee="0.02")

    left = await balance_of(chain, token, world.admin.address)
    assert left == WEALTH - PRICES.workflow_fee - 2 * PRICES.phase_fee
    allowed = await chain.view(ERC20, token, "allowance", str(world.admin.address), str(vault.address))
    assert allowed == (0,), "nothing is left to take"


async def test_a_fee_above_the_limit_is_refused_before_anything_is_approved(
    world: World, vault: FeeVault
) -> None:
    sender = TransactionSender(vault.chain, world.admin)
    price = await registration_price(vault)
    nonce = await vault.chain.next_nonce(world.admin.address)
    with pytest.raises(ConfigError) as caught:
        await prepare(vault.chain, sender, vault, price, "0.002")
    assert caught.value.reason is Reason.FEE_NOT_MET
    assert await vault.chain.next_nonce(world.admin.address) == nonce


async def test_a_validation_rehearses_with_the_approval_and_sends_nothing(
    world: World, vault: FeeVault
) -> None:
    chain, token = vault.chain, await token_of(vault)
    nonce = await chain.next_nonce(world.admin.address)
    answers = await Question(chain, TWO_PHASES, (), world.admin.address).ask()
    assert not [one for one in answers.findings if one.severity.value == "error"]
    assert answers.costs.execute_gas is not None
    assert answers.costs.prices is not None
    assert answers.costs.prices.currency.token == token
    quoted = await execution_price(vault, WorkflowId(b"\x01" * 32), world.admin.address, b"", 2)
    assert quoted == Price(token, answers.costs.prices.execute)
    assert await chain.next_nonce(world.admin.address) == nonce
