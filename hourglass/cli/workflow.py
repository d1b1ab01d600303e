"""`hourglass workflow`: register definitions and execute them. Its other commands have files of their own."""

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hourglass.cli import workflow_graph, workflow_triggers, workflow_validate
from hourglass.cli.arguments import Spec, address_of, payload_of
from hourglass.cli.network import Network, NetworkConfig, load_network, paying_account, sender_of
from hourglass.cli.output import Exit, Format, Output, err, show_one
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

if TYPE_CHECKING:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.port import ExecutionView
    from hourglass.chain.sender import TransactionSender
    from hourglass.workflow.identifiers import ExecutionId

__all__ = ["app", "paying_account", "sender_of", "start_execution"]

app = typer.Typer(no_args_is_help=True, help="Check, draw, register, execute, trigger and cancel workflows.")
app.command(name="validate")(workflow_validate.validate)
app.command(name="graph")(workflow_graph.graph)
app.command(name="trigger")(workflow_triggers.trigger)
app.command(name="approve")(workflow_triggers.approve)
app.command(name="cancel")(workflow_triggers.cancel)

MaxFee = Annotated[
    str | None, typer.Option(help="Refuse to pay more: in ether, or in whole tokens where fees are in one.")
]
POLL_S = 0.1


@app.command()
def register(
    spec: Spec,
    trigger_source: Annotated[
        list[str] | None,
        typer.Option(
            help="An address that may open the gates of its conditional phases; repeat it for more."
        ),
    ] = None,
    max_fee: MaxFee = None,
    network: Network = None,
    output: Output = Format.table,
) -> None:
    """Store a workflow's definition on-chain. The same name again makes its next version.

    Pays the fee vault's price for it, if there is a vault.
    """
    asyncio.run(_register(spec, trigger_source or [], max_fee, load_network(network), output))


@app.command()
def execute(
    name: Annotated[str, typer.Argument(help="The name under which the workflow was registered.")],
    input: Annotated[
        str, typer.Option("--input", "-i", help="The payload: text, 0x-hexadecimal, or @FILE.")
    ] = "",
    creator: Annotated[
        str | None, typer.Option(help="Who registered it; otherwise the network's own account.")
    ] = None,
    max_fee: MaxFee = None,
    wait: Annotated[bool, typer.Option(help="Wait until the execution has ended.")] = True,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 600.0,
    network: Network = None,
    output: Output = Format.table,
) -> None:
    """Start a run of a workflow, in its newest version, and wait for its end.

    Asks the fee vault for its price first, if there is a vault, shows it and pays it. Exits with 1 if the execution
    failed or was cancelled, and with 4 if it had not ended in time.
    """
    payload = payload_of(input)
    code = asyncio.run(
        _execute(name, payload, creator, max_fee, timeout if wait else None, load_network(network), output)
    )
    raise typer.Exit(code)


async def _register(
    spec: str, sources: list[str], max_fee: str | None, network: NetworkConfig, output: Format
) -> None:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.fees import FeeVault
    from hourglass.chain.port import RegisterWorkflow
    from hourglass.cli.module import load_workflow
    from hourglass.cli.payment import prepare, registration_price
    from hourglass.workflow.events import WorkflowRegistered

    definition = load_workflow(spec).compile()
    triggers = tuple(map(address_of, sources))
    account = paying_account(network)
    async with EvmChain.connect(network.chain) as chain:
        sender = sender_of(chain, network, account)
        vault, value_wei, fee = await FeeVault.find(chain), 0, ""
        if vault is not None:
            price = await registration_price(vault)
            value_wei, fee = await prepare(chain, sender, vault, price, max_fee)
        receipt = await sender.send(RegisterWorkflow(definition, triggers, value_wei))
    (logged,) = (one.event for one in receipt.events if isinstance(one.event, WorkflowRegistered))
    shown: dict[str, Any] = {
        "workflow": definition.name,
        "version": logged.version,
        "phases": len(definition.phases),
        "workflow id": "0x" + logged.workflow_id.hex(),
        "definition hash": "0x" + logged.definition_hash.hex(),
        "gas used": receipt.gas_used,
    }
    show_one(output, shown | ({"fee": fee} if fee else {}))


async def _execute(
    name: str,
    payload: bytes,
    creator: str | None,
    max_fee: str | None,
    patience_s: float | None,
    network: NetworkConfig,
    output: Format,
) -> Exit:
    """`patience_s`: None for no waiting."""
    from hourglass.chain.client import EvmChain

    account = paying_account(network)
    async with EvmChain.connect(network.chain) as chain:
        sender = sender_of(chain, network, account)
        execution_id = await start_execution(chain, sender, name, payload, creator, max_fee)
        if patience_s is not None:
            return await _wait_for_end(chain, execution_id, patience_s, output)
        show_one(output, {"execution": "0x" + execution_id.hex()})
        return Exit.FINE


async def start_execution(
    chain: "EvmChain",
    sender: "TransactionSender",
    name: str,
    payload: bytes,
    creator: str | None = None,
    max_fee: str | None = None,
) -> "ExecutionId":
    """Start a run of the newest version of this name, paid. Raises ConfigError(UNKNOWN_NAME | FEE_NOT_MET)."""
    from hourglass.chain.fees import FeeVault
    from hourglass.chain.port import ExecuteWorkflow
    from hourglass.cli.payment import execution_price, prepare
    from hourglass.workflow.events import WorkflowExecutionStarted

    payer = sender.account.address
    by = address_of(creator) if creator else payer
    found = await chain.latest_workflow(by, name)
    if found is None:
        raise ConfigError(Reason.UNKNOWN_NAME, f"{by} has registered no workflow {name!r}.")
    vault, value_wei = await FeeVault.find(chain), 0
    if vault is not None:
        phases = len(found.definition.phases)
        price = await execution_price(vault, found.workflow_id, payer, payload, phases)
        value_wei, _ = await prepare(chain, sender, vault, price, max_fee)
    receipt = await sender.send(ExecuteWorkflow(found.workflow_id, payload, value_wei))
    (started,) = (e.event for e in receipt.events if isinstance(e.event, WorkflowExecutionStarted))
    return started.execution_id


async def _wait_for_end(
    chain: "EvmChain", execution_id: "ExecutionId", patience_s: float, output: Format
) -> Exit:
    from hourglass.workflow.execution import ExecutionStatus

    try:
        async with asyncio.timeout(patience_s):
            while True:
                view = await chain.execution(execution_id)
                if view is not None and view.status is not ExecutionStatus.RUNNING:
                    break
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        err.print(f"The execution 0x{execution_id.hex()} has not ended within {patience_s:.0f} s.")
        return Exit.TIMEOUT
    fine = view.status is ExecutionStatus.COMPLETED
    result = await _last_result(chain, view) if fine else {"result": ""}
    show_one(output, {"execution": "0x" + execution_id.hex(), "status": view.status.name, **result})
    return Exit.FINE if fine else Exit.FAILED


async def _last_result(chain: "EvmChain", view: "ExecutionView") -> dict[str, str]:
    """Of the last phase that has one: a skipped phase, or a fallback that was not needed, may stand behind it."""
    from eth_hash.auto import keccak

    from hourglass.workflow.identifiers import PhaseIndex

    for index in reversed(range(view.phase_count)):
        phase = await chain.phase(view.execution_id, PhaseIndex(index))
        if phase is None or not any(phase.result_hash):
            continue
        shown = {"result": "0x" + phase.result.hex()}
        if keccak(phase.result) != phase.result_hash:
            # Too long for the contract to keep: its bytes are in the event alone.
            shown["result hash"] = "0x" + phase.result_hash.hex()
        return shown
    return {"result": ""}
