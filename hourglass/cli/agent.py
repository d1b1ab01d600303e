"""`hourglass agent`: run one operator's agent."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hourglass.cli.signals import until_told_to_stop

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
    from agent.keys import open_keys
    from agent.node import run as be_an_agent
    from agent.performers.opening import open_performer
    from agent.signer import Signer
    from hourglass.bls.signatures import default_backend
    from hourglass.bus.nats import NatsBus
    from hourglass.chain.client import EvmChain
    from hourglass.chain.mailbox import open_mailbox
    from hourglass.cli.exposed_secrets import warn_of_exposed_secrets
    from hourglass.cli.logs import set_up_logs
    from hourglass.cli.settings import load_settings

    set_up_logs()
    config = load_settings(path, AgentConfig)
    warn_of_exposed_secrets(config)
    with Journal.open(config.journal) as journal:
        async with (
            open_keys(config, default_backend()) as keys,
            open_performer(config, keys.account.address) as performer,
            EvmChain.connect(config.chain) as chain,
            NatsBus.connect(config.bus) as bus,
        ):
            signer = Signer(journal, keys)
            handlers = Handlers(performer, config.handler_timeout_s)
            mailbox = await open_mailbox(chain, config.chain)
            await be_an_agent(config, chain, bus, signer, handlers, lambda: typer.echo("ready"), mailbox)
