"""`hourglass fees`: what workflows cost, what operators have earned by signing, and how it is paid out."""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hourglass.cli.arguments import Execution, Key, KeyPassword, address_of, execution_of, phase_of
from hourglass.cli.network import Network, NetworkConfig, load_network, paying_account, sender_of
from hourglass.cli.output import Exit, Format, Output, err, show, show_one
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

if TYPE_CHECKING:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.fees import FeeVault
    from hourglass.chain.port import SigningAccount
    from hourglass.chain.sender import TransactionSender
    from hourglass.workflow.identifiers import Address, ExecutionId, PhaseIndex

app = typer.Typer(
    no_args_is_help=True, help="Show what workflows cost, claim what signing earned, take it out."
)

Vault = Annotated[
    str | None,
    typer.Option(
        "--vault",
        help="Another fee vault than the state machine's own of now: executions stay where they paid.",
    ),
]
PERCENT_BPS = 100
ETHER = "ether"


@app.command(name="show")
def show_(
    address: Annotated[
        str | None, typer.Argument(help="Whose credit to show; otherwise the network's own account's.")
    ] = None,
    vault: Vault = None,
    network: Network = None,
    output: Output = Format.table,
) -> None:
    """Show what the fee vault charges, and what an account may withdraw."""
    asyncio.run(_show(address, vault, load_network(network), output))


@app.command()
def claim(
    execution: Execution,
    phase: Annotated[
        str | None, typer.Argument(help="The phase's name, or its number from 0; otherwise all of them.")
    ] = None,
    operator: Annotated[
        str | None, typer.Option(help="The operator whose shares they are; otherwise the account itself.")
    ] = None,
    vault: Vault = None,
    key: Key = None,
    password_file: KeyPassword = None,
    network: Network = None,
    output: Output = Format.table,
) -> None:
    """Turn an operator's shares of completed phases into its credit, proving its stake by the phase's operator table.

    Anyone may do it for any operator. Exits with 1 if there was nothing to claim.
    """
    found = load_network(network)
    account = paying_account(found, key, password_file)
    who = address_of(operator) if operator else account.address
    raise typer.Exit(asyncio.run(_claim(execution_of(execution), phase, who, vault, account, found, output)))


@app.command()
def withdraw(
    to: Annotated[str | None, typer.Option(help="Who gets it; otherwise the account itself.")] = None,
    token: Annotated[
        str | None, typer.Option(help="Only this token's credit, or `ether`; otherwise all that there is.")
    ] = None,
    vault: Vault = None,
    key: Key = None,
    password_file: KeyPassword = None,
    network: Network = None,
    output: Output = Format.table,
) -> None:
    """Pay the account's whole credit out.

    Exits with 1 if there is none.
    """
    found = load_network(network)
    account = paying_account(found, key, password_file)
    receiver = address_of(to) if to else None
    raise typer.Exit(asyncio.run(_withdraw(receiver, token, vault, account, found, output)))


# ── Showing ───────────────────────────────────────────────────────────────────────────────────────────


async def _show(address: str | None, vault: str | None, network: NetworkConfig, output: Format) -> None:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.tokens import currency_of

    who = address_of(address) if address else paying_account(network).address
    async with EvmChain.connect(network.chain) as chain:
        found = await _vault(chain, vault)
        schedule = await found.schedule()
        currency = await currency_of(chain, schedule.token)
        fields: dict[str, Any] = {
            "vault": str(found.address),
            "fees are in": ETHER if schedule.token is None else str(schedule.token),
            "to register a workflow": currency.shown(schedule.workflow_fee),
            "to execute, by the phase": currency.shown(schedule.phase_fee)
            if schedule.pricer is None
            else f"as {schedule.pricer} says",
            "of it the protocol's": f"{schedule.protocol_bps / PERCENT_BPS:g} %",
            "for submitting a result": currency.shown(schedule.submitter_bounty),
            "account": str(who),
        }
        for token in await found.tokens():
            known = await currency_of(chain, token)
            fields[f"credit in {token or ETHER}"] = known.shown(await found.credit(token, who))
    show_one(output, fields)


# ── Claiming ──────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Claims:
    """One operator's shares of one execution's phases."""

    chain: "EvmChain"
    vault: "FeeVault"
    sender: "TransactionSender"
    execution: "ExecutionId"
    operator: "Address"

    async def settle(self, phase: "PhaseIndex") -> tuple[bool, str, str]:
        """Claim this phase's share if there is one: whether it was, the share, and what came of it."""
        from hourglass.certificate.operators import OperatorTable
        from hourglass.chain.tokens import currency_of

        pool = await self.vault.pool(self.execution, phase)
        if pool is None:
            return False, "", "not settled: it has not completed, or nothing was paid for it"
        table = await self.chain.operator_table(pool.operator_set, pool.reference_timestamp)
        index = table.index_of(self.operator)
        if index is None:
            return False, "", f"not an operator of {pool.operator_set} then"
        if isinstance(table, OperatorTable):
            signed = await self.vault.signed(self.execution, phase, index)
            call = self.vault.claim(self.execution, phase, table, index)
        else:
            signers = await self.vault.signers(self.execution, phase)
            signed = table.operators[index].key in signers
            call = self.vault.claim_as_signer(self.execution, phase, index, signers)
        if not signed:
            return False, "", "did not sign"
        currency = await currency_of(self.chain, pool.token)
        share = pool.share_of(table.operators[index].weights[0])
        if await self.vault.has_claimed(self.execution, phase, index):
            return False, currency.shown(share), "claimed before"
        if not share:
            return False, "", "its share rounds down to nothing"
        await self.sender.send(call)
        return True, currency.shown(share), "claimed"


async def _claim(
    execution_id: "ExecutionId",
    phase: str | None,
    operator: "Address",
    vault: str | None,
    account: "SigningAccount",
    network: NetworkConfig,
    output: Format,
) -> Exit:
    from hourglass.chain.client import EvmChain
    from hourglass.workflow.identifiers import PhaseIndex

    async with EvmChain.connect(network.chain) as chain:
        found = await _vault(chain, vault)
        view = await chain.execution(execution_id)
        workflow = None if view is None else await chain.workflow(view.workflow_id)
        if workflow is None:
            raise ConfigError(Reason.UNKNOWN_NAME, f"The chain has no execution 0x{execution_id.hex()}.")
        definition = workflow.definition
        wanted = (
            [phase_of(definition, phase)]
            if phase is not None
            else map(PhaseIndex, range(len(definition.phases)))
        )
        claims = _Claims(chain, found, sender_of(chain, network, account), execution_id, operator)
        rows = []
        for index in wanted:
            claimed, share, outcome = await claims.settle(index)
            rows.append(
                {
                    "phase": index,
                    "name": definition.phases[index].name,
                    "claimed": claimed,
                    "share": share,
                    "outcome": outcome,
                }
            )
    show(output, f"Shares of {operator}", rows)
    return Exit.FINE if any(row["claimed"] for row in rows) else Exit.FAILED


# ── Taking out ────────────────────────────────────────────────────────────────────────────────────────


async def _withdraw(
    to: "Address | None",
    token: str | None,
    vault: str | None,
    account: "SigningAccount",
    network: NetworkConfig,
    output: Format,
) -> Exit:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.tokens import currency_of

    named = None if token is None else (None if token == ETHER else address_of(token),)
    rows = []
    async with EvmChain.connect(network.chain) as chain:
        found, sender = await _vault(chain, vault), sender_of(chain, network, account)
        for one in named or await found.tokens():
            amount = await found.credit(one, account.address)
            if amount:
                await sender.send(found.withdraw(one, to))
                currency = await currency_of(chain, one)
                rows.append({"withdrawn": currency.shown(amount), "to": str(to or account.address)})
    if not rows:
        err.print(f"{account.address} has no credit in {found.address}.", highlight=False)
    show(output, "Paid out", rows)
    return Exit.FINE if rows else Exit.FAILED


async def _vault(chain: "EvmChain", named: str | None) -> "FeeVault":
    """The vault that is named, else the state machine's own. Raises ConfigError(CONTRACT_MISSING) if it has none."""
    from hourglass.chain.fees import FeeVault

    return await FeeVault.of(chain) if named is None else FeeVault(chain, address_of(named))
