"""`hourglass workflow`: register definitions and execute them."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hourglass.cli.network import Network, NetworkConfig, load_network
from hourglass.cli.output import Exit, Format, Output, err, show_one
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

if TYPE_CHECKING:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.port import Account
    from hourglass.chain.sender import TransactionSender
    from hourglass.workflow.identifiers import ExecutionId

app = typer.Typer(no_args_is_help=True, help="Register workflows and execute them.")

Spec = Annotated[str, typer.Argument(metavar="MODULE:NAME", help="Or FILE.py:NAME.")]
POLL_S = 0.1


@app.command()
def register(spec: Spec, network: Network = None, output: Output = Format.table) -> None:
    """Store a workflow's definition on-chain. The same name again makes its next version."""
    asyncio.run(_register(spec, load_network(network), output))


@app.command()
def execute(
    name: Annotated[str, typer.Argument(help="The name under which the workflow was registered.")],
    input: Annotated[
        str, typer.Option("--input", "-i", help="The payload: text, 0x-hexadecimal, or @FILE.")
    ] = "",
    creator: Annotated[
        str | None, typer.Option(help="Who registered it; otherwise the network's own account.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait until the execution has ended.")] = True,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 600.0,
    network: Network = None,
    output: Output = Format.table,
) -> None:
    """Start a run of a workflow, in its newest version, and wait for its end.

    Exits with 1 if the execution failed and with 4 if it had not ended in time.
    """
    code = asyncio.run(
        _execute(name, payload_of(input), creator, wait, timeout, load_network(network), output)
    )
    raise typer.Exit(code)


async def _register(spec: str, network: NetworkConfig, output: Format) -> None:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.port import RegisterWorkflow
    from hourglass.cli.module import load_workflow
    from hourglass.workflow.events import WorkflowRegistered

    definition = load_workflow(spec).compile()
    account = paying_account(network)
    async with EvmChain.connect(network.chain) as chain:
        receipt = await sender_of(chain, network, account).send(RegisterWorkflow(definition))
    for logged in receipt.events:
        if isinstance(logged.event, WorkflowRegistered):
            show_one(
                output,
                {
                    "workflow": definition.name,
                    "version": logged.event.version,
                    "phases": len(definition.phases),
                    "workflow id": "0x" + logged.event.workflow_id.hex(),
                    "definition hash": "0x" + logged.event.definition_hash.hex(),
                    "gas used": receipt.gas_used,
                },
            )


async def _execute(
    name: str,
    payload: bytes,
    creator: str | None,
    wait: bool,
    timeout_s: float,
    network: NetworkConfig,
    output: Format,
) -> Exit:
    from hourglass.chain.client import EvmChain

    account = paying_account(network)
    async with EvmChain.connect(network.chain) as chain:
        sender = sender_of(chain, network, account)
        execution_id = await start_execution(chain, sender, name, payload, creator)
        if wait:
            return await _wait_for_end(chain, execution_id, timeout_s, output)
        show_one(output, {"execution": "0x" + execution_id.hex()})
        return Exit.FINE


async def start_execution(
    chain: "EvmChain", sender: "TransactionSender", name: str, payload: bytes, creator: str | None = None
) -> "ExecutionId":
    """Start a run of the newest version of this name. Raises ConfigError(UNKNOWN_NAME)."""
    from hourglass.chain.port import ExecuteWorkflow
    from hourglass.workflow.events import WorkflowExecutionStarted
    from hourglass.workflow.identifiers import Address

    by = Address.parse(creator) if creator else sender.account.address
    found = await chain.latest_workflow(by, name)
    if found is None:
        raise ConfigError(Reason.UNKNOWN_NAME, f"{by} has registered no workflow {name!r}.")
    receipt = await sender.send(ExecuteWorkflow(found.workflow_id, payload))
    (started,) = (e.event for e in receipt.events if isinstance(e.event, WorkflowExecutionStarted))
    return started.execution_id


async def _wait_for_end(
    chain: "EvmChain", execution_id: "ExecutionId", timeout_s: float, output: Format
) -> Exit:
    from hourglass.cli.status import read_rows
    from hourglass.workflow.execution import ExecutionStatus
    from hourglass.workflow.identifiers import PhaseIndex

    try:
        async with asyncio.timeout(timeout_s):
            while True:
                view = await chain.execution(execution_id)
                if view is not None and view.status is not ExecutionStatus.RUNNING:
                    break
                rows = await read_rows(chain, execution_id)
                if any(row["status"] == "TIMED_OUT" for row in rows):
                    break
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        err.print(f"The execution 0x{execution_id.hex()} has not ended within {timeout_s:.0f} s.")
        return Exit.TIMEOUT
    last = await chain.phase(execution_id, PhaseIndex(view.phase_count - 1)) if view else None
    fine = view is not None and view.status is ExecutionStatus.COMPLETED
    show_one(
        output,
        {
            "execution": "0x" + execution_id.hex(),
            "status": view.status.name
            if view and view.status is not ExecutionStatus.RUNNING
            else "TIMED_OUT",
            "result": "0x" + last.result.hex() if last else "",
        },
    )
    return Exit.FINE if fine else Exit.FAILED


def sender_of(chain: "EvmChain", network: NetworkConfig, account: "Account") -> "TransactionSender":
    """Sends with the network's own limits."""
    from hourglass.chain.sender import TransactionSender

    settings = network.chain
    return TransactionSender(chain, account, settings.transaction_timeout_s, settings.max_fee_gwei)


def paying_account(network: NetworkConfig) -> "Account":
    """The account that registers and executes. Raises ConfigError if the network names none."""
    from hourglass.chain.account import load_account

    if network.key is None:
        raise ConfigError(Reason.INVALID_CONFIG, "The network's file names no `key` to pay with.")
    return load_account(network.key)


def payload_of(text: str) -> bytes:
    """Text as UTF-8, 0x-hexadecimal as bytes, @FILE as the file's content. Raises ConfigError."""
    try:
        if text.startswith("@"):
            return Path(text[1:]).read_bytes()
        return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode("utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(Reason.INVALID_CONFIG, f"--input {text}: {error}.") from error
