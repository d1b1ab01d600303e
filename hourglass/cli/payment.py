"""How a command pays: it asks for the price first, shows it, keeps to the limit that it was given, and lets the vault
take what is not ether."""

from typing import TYPE_CHECKING

from hourglass.cli.output import err
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

if TYPE_CHECKING:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.fees import FeeVault, Price
    from hourglass.chain.sender import TransactionSender
    from hourglass.chain.tokens import Currency
    from hourglass.workflow.identifiers import Address, WorkflowId


async def registration_price(vault: "FeeVault") -> "Price":
    """What registering a workflow costs now."""
    from hourglass.chain.fees import Price

    schedule = await vault.schedule()
    return Price(schedule.token, schedule.workflow_fee)


async def execution_price(
    vault: "FeeVault", workflow: "WorkflowId", payer: "Address", payload: bytes, phase_count: int
) -> "Price":
    """What an execution costs now."""
    return await vault.quote(workflow, payer, payload, phase_count)


async def prepare(
    chain: "EvmChain", sender: "TransactionSender", vault: "FeeVault", price: "Price", max_fee: str | None
) -> tuple[int, str]:
    """The ether to send along, in wei, and the price as it is shown.

    Where the price is in a token, the vault is allowed to take it first. Raises ConfigError(FEE_NOT_MET) if it is above
    the limit, before anything is sent.
    """
    from hourglass.chain.tokens import approvals, currency_of

    currency = await currency_of(chain, price.token)
    shown = currency.shown(price.amount)
    if max_fee is not None and price.amount > limit_of(currency, max_fee):
        raise ConfigError(Reason.FEE_NOT_MET, f"The fee is {shown}, and --max-fee allows {max_fee}.")
    if price.amount:
        err.print(f"Fee: {shown}", highlight=False)
    if price.token is None:
        return price.amount, shown
    for call in await approvals(chain, price.token, sender.account.address, vault.address, price.amount):
        await sender.send(call)
    return 0, shown


def limit_of(currency: "Currency", text: str) -> int:
    """A limit as it is written, in the currency's smallest unit. Raises ConfigError(INVALID_CONFIG)."""
    try:
        return currency.parsed(text)
    except ValueError as error:
        raise ConfigError(Reason.INVALID_CONFIG, f"--max-fee: {error} ({currency.symbol}).") from error
