"""`hourglass aggregator`: run an aggregator node."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from hourglass.cli.signals import until_told_to_stop

app = typer.Typer(no_args_is_help=True, help="Run an aggregator.")


@app.command()
def run(
    config: Annotated[Path, typer.Option("--config", "-c", help="The aggregator's YAML file.")],
) -> None:
    """Run an aggregator until it is told to stop (Ctrl-C or SIGTERM).

    It asks operators to work the phases that the chain has open, counts their stake, and submits certificates. It
    stores nothing: kill it, lose its disk, start it again. Prints `ready <port>`, the port of its status API.
    """
    asyncio.run(until_told_to_stop(_run(config)))


async def _run(path: Path) -> None:
    # Imported now, so that the first submission does not wait for it.
    import hourglass.chain.signing  # noqa: F401
    from aggregator.config import AggregatorConfig
    from aggregator.node import run as be_an_aggregator
    from hourglass.bus.nats import NatsBus
    from hourglass.chain.account import open_account
    from hourglass.chain.client import EvmChain
    from hourglass.chain.mailbox import open_mailbox
    from hourglass.cli.exposed_secrets import warn_of_exposed_secrets
    from hourglass.cli.logs import set_up_logs
    from hourglass.cli.settings import load_settings

    set_up_logs()
    config = load_settings(path, AggregatorConfig)
    warn_of_exposed_secrets(config)
    account = await open_account(config.key)
    async with EvmChain.connect(config.chain) as chain, NatsBus.connect(config.bus) as bus:
        mailbox = await open_mailbox(chain, config.chain)
        await be_an_aggregator(config, chain, bus, account, lambda port: typer.echo(f"ready {port}"), mailbox)
