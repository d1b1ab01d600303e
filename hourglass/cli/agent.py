"""`hourglass agent`: run one operator's agent."""

import asyncio
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hourglass.cli.signals import until_told_to_stop

if TYPE_CHECKING:
    from agent.config import BlsKeyConfig
    from hourglass.bls.keys import SecretKey

app = typer.Typer(no_args_is_help=True, help="Run an operator's agent.")


@app.command()
def run(
    config: Annotated[Path, typer.Option("--config", "-c", help="The agent's YAML file.")],
) -> None:
    """Run an agent until it is told to stop (Ctrl-C or SIGTERM).

    It hears of phases on the bus, checks each against the chain, runs your handlers, and signs the results. Prints
    `ready` once it is taking requests. Never run two agents with one key.
    """
    asyncio.run(until_told_to_stop(_run(config)))


async def _run(path: Path) -> None:
    from agent.config import AgentConfig
    from agent.handlers import Handlers
    from agent.journal import Journal
    from agent.node import run as be_an_agent
    from agent.performers.python import PythonPerformer
    from agent.signer import OperatorKeys, Signer
    from hourglass.bls.signatures import default_backend
    from hourglass.bls.signer import LocalBlsSigner
    from hourglass.bus.nats import NatsBus
    from hourglass.chain.account import load_account
    from hourglass.chain.client import EvmChain
    from hourglass.cli.logs import set_up_logs
    from hourglass.cli.settings import load_settings
    from hourglass.workflow.identifiers import Address, OperatorSetId

    set_up_logs()
    config = load_settings(path, AgentConfig)
    account = load_account(config.operator_key)
    backend = default_backend()
    bls = {
        OperatorSetId(Address.parse(one.avs), one.number): LocalBlsSigner(read_key(key), backend)
        for one in config.operator_sets
        if (key := one.bls_key or config.bls_key) is not None
    }
    with Journal.open(config.journal) as journal:
        signer = Signer(journal, OperatorKeys(account, bls))
        async with (
            PythonPerformer.start(config.workflows, config.environment) as performer,
            EvmChain.connect(config.chain) as chain,
            NatsBus.connect(config.bus) as bus,
        ):
            handlers = Handlers(performer, config.handler_timeout_s)
            await be_an_agent(config, chain, bus, signer, handlers, lambda: typer.echo("ready"))


@cache
def read_key(config: "BlsKeyConfig") -> "SecretKey":
    """The key in a keystore; read once, for all the sets that share it. Raises ConfigError."""
    from hourglass.bls.signatures import default_backend
    from hourglass.cli.settings import read_secret_file
    from hourglass.keystores.bn254 import read_keystore

    password = config.password_file
    return read_keystore(
        read_secret_file(config.keystore),
        read_secret_file(password).decode("utf-8").strip() if password else "",
        default_backend(),
    )
