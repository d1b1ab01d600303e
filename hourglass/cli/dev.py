"""`hourglass dev`: a whole network on this machine."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hourglass.cli.module import load_workflow
from hourglass.cli.network import NEAR_BY
from hourglass.cli.output import err, out
from hourglass.cli.signals import until_told_to_stop
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

if TYPE_CHECKING:
    from hourglass.testing.local_network import LocalNetwork, NetworkPlan

WEIGHTS = (400, 250, 150, 120, 80)
"""Unequal stakes: the first three hold 80 %, the last, broken in the demo, 8 %."""
FEED_SEED = 7
EXAMPLES = Path(__file__).parents[2] / "examples"


def dev(
    workflow: Annotated[
        list[str] | None,
        typer.Option(
            "--workflow", "-w", help="FILE.py:NAME to serve; repeat it for more. Otherwise the example."
        ),
    ] = None,
    operators: Annotated[int, typer.Option(min=1, max=len(WEIGHTS), help="How many operators.")] = len(
        WEIGHTS
    ),
    chain_port: Annotated[int | None, typer.Option(help="anvil's port; otherwise a free one.")] = None,
    bus_port: Annotated[int | None, typer.Option(help="NATS's port; otherwise a free one.")] = None,
) -> None:
    """Start a local network and keep it running until Ctrl-C: chain, bus, contracts, operators, aggregator.

    While it runs, the other commands find it by themselves from this folder.
    """
    served = tuple(str(Path(one).resolve()) if ".py:" in one else one for one in workflow or ())
    asyncio.run(until_told_to_stop(_dev(served or (example("workflow"),), operators, chain_port, bus_port)))


async def _dev(served: tuple[str, ...], operators: int, chain_port: int | None, bus_port: int | None) -> None:
    from hourglass.testing.local_network import start_local

    async with feeds() as feed_url:
        plan = network_plan(feed_url, served, operators, chain_port=chain_port, bus_port=bus_port)
        err.print("Starting a local network …")
        async with start_local(plan) as network:
            with pointer_to(network.network_file):
                _introduce(network, served)
                await asyncio.Event().wait()


def _introduce(network: "LocalNetwork", served: tuple[str, ...]) -> None:
    out.print("[bold green]The local network is up.[/bold green] Ctrl-C ends it and leaves nothing behind.\n")
    out.print(f"  chain            {network.anvil.rpc_url} (id {network.anvil.chain_id})")
    out.print(f"  bus              {network.nats.url}")
    out.print(f"  state machine    {network.deployment.state_machine}")
    out.print(f"  operator table   {network.deployment.operator_table}")
    out.print(f"  status API       {network.api_url}/status")
    out.print(f"  network file     {network.network_file}")
    for node in network.agents:
        out.print(f"  {node.name:16} {node.account.address}")
    out.print("\nIn another terminal, from this folder:")
    for spec in served:
        out.print(f"  hourglass workflow register {spec}", highlight=False, soft_wrap=True)
    for name in sorted({load_workflow(spec).name for spec in served}):
        out.print(f"  hourglass workflow execute {name} --input ETH/USD", highlight=False)


def example(name: str, folder: str = "price_agreement", workflow: str = "oracle") -> str:
    """An example workflow that comes with the source. Raises ConfigError where only the package is installed."""
    path = EXAMPLES / folder / f"{name}.py"
    if not path.exists():
        raise ConfigError(
            Reason.UNKNOWN_NAME,
            "The example is not part of the installed package: name your own with --workflow.",
        )
    return f"{path}:{workflow}"


def network_plan(
    feed_url: str,
    workflows: tuple[str, ...],
    operators: int,
    chain_port: int | None = None,
    bus_port: int | None = None,
) -> "NetworkPlan":
    """Operators with unequal stakes, the same in every operator set that the workflows name, each with its own feed."""
    from hourglass.testing.local_network import NetworkPlan, OperatorPlan
    from hourglass.workflow.identifiers import OperatorSetId

    plans = []
    for number in range(operators):
        name = f"operator-{number + 1}"
        plans.append(OperatorPlan(name, WEIGHTS[number], workflows, {"PRICE_FEED_URL": f"{feed_url}/{name}"}))
    named = {
        OperatorSetId(phase.options.avs, phase.operator_set_id)
        if phase.options.avs
        else phase.operator_set_id
        for spec in workflows
        for phase in load_workflow(spec).compile().phases
    }
    sets = tuple(sorted(named, key=str))
    return NetworkPlan(tuple(plans), operator_sets=sets, chain_port=chain_port, bus_port=bus_port)


@asynccontextmanager
async def feeds(series: Sequence[int] | None = None) -> AsyncIterator[str]:
    """The replayed prices that the examples read, in cents."""
    from hourglass.testing.price_feed import SERIES_CENTS, serve_prices

    async with serve_prices(FEED_SEED, series or SERIES_CENTS) as url:
        yield url


@contextmanager
def pointer_to(network_file: Path) -> Iterator[None]:
    """Let commands in this folder find the network, as long as it runs."""
    pointer = Path.cwd() / NEAR_BY
    pointer.parent.mkdir(exist_ok=True)
    if pointer.is_symlink() and not pointer.exists():
        pointer.unlink()
    try:
        pointer.symlink_to(network_file)
    except FileExistsError as error:
        raise ConfigError(
            Reason.INVALID_CONFIG, f"{pointer} exists: another local network runs from this folder."
        ) from error
    try:
        yield
    finally:
        pointer.unlink(missing_ok=True)
        if not any(pointer.parent.iterdir()):
            pointer.parent.rmdir()
