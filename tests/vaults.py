"""A fee vault on a local chain, as a deployment of a user's own would have it."""

import asyncio

from hourglass.chain.client import EvmChain
from hourglass.chain.codec import load_contract
from hourglass.chain.fees import FeeSchedule, FeeVault
from hourglass.chain.port import CallContract, SigningAccount
from hourglass.chain.sender import TransactionSender
from hourglass.chain.tokens import NOBODY
from hourglass.workflow.identifiers import Address

RECIPIENT = Address(b"\x7e" * 20)
MILLI_ETHER = 10**15
PRICES = FeeSchedule(
    token=None,
    workflow_fee=3 * MILLI_ETHER,
    pricer=None,
    phase_fee=10 * MILLI_ETHER,
    protocol_recipient=RECIPIENT,
    protocol_bps=1_000,
    max_gas_price_wei=0,
    submitter_bounty=0,
    gas_rate=0,
)
"""A tenth of a phase's fee is the protocol's, the rest the operators'."""
DEPLOY_GAS = 5_000_000


async def open_vault(chain: EvmChain, admin: SigningAccount, schedule: FeeSchedule = PRICES) -> FeeVault:
    """Deploy a vault, set its prices, and have the state machine's new executions pay into it. The endpoint holds the
    admin's key, as anvil does."""
    (verifier,) = await chain.view(chain.machine, chain.state_machine, "verifier")
    code = load_contract("FeeVault").creation(str(chain.state_machine), verifier)
    vault = FeeVault(chain, await create(chain, admin, code))
    await set_schedule(vault, admin, schedule)
    chosen = chain.machine.call("setFeeVault", str(vault.address))
    await TransactionSender(chain, admin).send(CallContract(chain.state_machine, chosen))
    return vault


async def create(chain: EvmChain, admin: SigningAccount, code: bytes) -> Address:
    """Run this code as a contract's creation; the contract's address. The endpoint holds the account's key."""
    deployment = {"from": str(admin.address), "data": "0x" + code.hex(), "gas": hex(DEPLOY_GAS)}
    tx_hash = await chain.rpc.request("eth_sendTransaction", deployment)
    receipt = None
    while receipt is None:
        receipt = await chain.rpc.request("eth_getTransactionReceipt", tx_hash)
        await asyncio.sleep(0.01)
    return Address.parse(receipt["contractAddress"])


async def set_schedule(vault: FeeVault, admin: SigningAccount, schedule: FeeSchedule) -> None:
    """Charge so from now on."""
    fields = (
        str(schedule.token or NOBODY),
        schedule.workflow_fee,
        str(schedule.pricer or NOBODY),
        schedule.phase_fee,
        str(schedule.protocol_recipient or NOBODY),
        schedule.protocol_bps,
        schedule.max_gas_price_wei,
        schedule.submitter_bounty,
        schedule.gas_rate,
    )
    data = load_contract("FeeVault").call("setSchedule", fields)
    await TransactionSender(vault.chain, admin).send(CallContract(vault.address, data))
