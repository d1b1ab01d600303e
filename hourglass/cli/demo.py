"""`hourglass demo`: five operators in three sets, one of them broken, run the price oracle, live."""

import asyncio
from typing import TYPE_CHECKING

from rich.live import Live

from hourglass.cli.demo_picture import picture, shown_result
from hourglass.cli.dev import example, feeds, pointer_to
from hourglass.cli.module import load_workflow
from hourglass.cli.network import load_network
from hourglass.cli.output import out
from hourglass.cli.signals import until_told_to_stop
from hourglass.cli.status import ask_aggregators, read_rows
from hourglass.cli.workflow import paying_account, sender_of, start_execution
from hourglass.reasons import Reason

if TYPE_CHECKING:
    from hourglass.chain.client import EvmChain
    from hourglass.testing.deployment import SetName
    from hourglass.testing.local_network import LocalNetwork, NetworkPlan
    from hourglass.workflow.authoring import Workflow
    from hourglass.workflow.identifiers import ExecutionId

PAYLOAD = b"ETH/USD"
STAKES = {
    1: (400, 250, 150, 0, 80),
    2: (400, 250, 150, 120, 80),
    3: (0, 250, 150, 120, 0),
}
"""By operator set: who watches, who agrees, who acts. The last operator is broken."""
PRICES_CENTS = tuple(499_500 + 120 * step for step in range(13))
"""The replayed prices climb past 5,000 dollars."""
REFRESH_S = 0.1
LINGER_S = 0.6
"""After the end, for the last operators' answers to be shown."""
TIMEOUT_S = 120.0


def demo() -> None:
    """Start a local network with five operators, one of them broken, and watch the price oracle run on it."""
    asyncio.run(until_told_to_stop(_demo()))


async def _demo() -> None:
    """Start, run, show, and end everything again."""
    from hourglass.chain.client import EvmChain
    from hourglass.testing.local_network import start_local

    out.print(
        "[bold]Hourglass Workflow[/bold]: a price oracle of five phases, four honest operators of five.\n"
    )
    out.print(
        "[dim]An hour of monitoring is shortened here: a tick every second instead of every 300. Prices come"
    )
    out.print("[dim]from a local server that replays a climbing series with noise per operator.[/dim]")
    workflow = load_workflow(example("workflow", "price_oracle", "quick"))
    async with (
        feeds(PRICES_CENTS) as feed_url,
        start_local(_plan(feed_url), lambda what: out.print(f"  [green]✓[/green] {what}")) as network,
    ):
        with pointer_to(network.network_file):
            config = load_network(network.network_file)
            async with EvmChain.connect(config.chain) as chain:
                execution_id = await _begin(chain, network, workflow)
                await _watch(chain, network, workflow, execution_id)
                await _conclude(chain, network, workflow, execution_id)


def _plan(feed_url: str) -> "NetworkPlan":
    from hourglass.testing.local_network import NetworkPlan, OperatorPlan

    plans = []
    for index in range(5):
        name = f"operator-{index + 1}"
        spec = example("broken" if index == 4 else "workflow", "price_oracle", "quick")
        weights: dict[SetName, int] = {number: stakes[index] for number, stakes in STAKES.items()}
        plans.append(OperatorPlan(name, weights, (spec,), {"PRICE_FEED_URL": f"{feed_url}/{name}"}))
    return NetworkPlan(tuple(plans), operator_sets=tuple(STAKES), pace={"gather_any_s": 0.25})


async def _begin(chain: "EvmChain", network: "LocalNetwork", workflow: "Workflow") -> "ExecutionId":
    from hourglass.chain.port import RegisterWorkflow

    config = load_network(network.network_file)
    sender = sender_of(chain, config, paying_account(config))
    registered = await sender.send(RegisterWorkflow(workflow.compile()))
    out.print(f"  [green]✓[/green] workflow {workflow.name!r} registered ({registered.gas_used:,} gas)")
    execution_id = await start_execution(chain, sender, workflow.name, PAYLOAD)
    out.print(f"  [green]✓[/green] execution 0x{execution_id.hex()[:16]}… started\n")
    return execution_id


async def _watch(
    chain: "EvmChain", network: "LocalNetwork", workflow: "Workflow", execution_id: "ExecutionId"
) -> None:
    from hourglass.workflow.execution import ExecutionStatus

    config = load_network(network.network_file)
    loop = asyncio.get_running_loop()
    end: float | None = None
    with Live(console=out, refresh_per_second=1 / REFRESH_S, transient=False) as live:
        async with asyncio.timeout(TIMEOUT_S):
            while end is None or loop.time() < end:
                rows = await read_rows(chain, execution_id)
                known = await asyncio.to_thread(ask_aggregators, config, execution_id)
                live.update(picture(rows, known, workflow, network.name_of))
                view = await chain.execution(execution_id)
                if end is None and view is not None and view.status is not ExecutionStatus.RUNNING:
                    end = loop.time() + LINGER_S
                await asyncio.sleep(REFRESH_S)


async def _conclude(
    chain: "EvmChain", network: "LocalNetwork", workflow: "Workflow", execution_id: "ExecutionId"
) -> None:
    rows = await read_rows(chain, execution_id)
    config = load_network(network.network_file)
    known = await asyncio.to_thread(ask_aggregators, config, execution_id)
    out.print("\n[bold]Read back from the contract:[/bold]")
    for row in rows:
        result = shown_result(workflow, row["phase"], row["result"] or None)
        out.print(f"  {row['name']:24} {row['status']:10} {result}", highlight=False)
    wrong = {
        network.name_of(one["operator"])
        for phase in known
        for one in phase["operators"]
        if one["reason"] == Reason.OUTVOTED.code
    }
    for name in sorted(wrong):
        out.print(
            f"\n[red]{name}[/red] signed another value than the quorum; the phases completed without it."
        )
    out.print("\n[bold]Next:[/bold]")
    for what in (
        ". .venv/bin/activate && hourglass dev   a network of your own to play with",
        "examples/price_oracle/workflow.py       the workflow you just saw",
        "docs/developers/write-a-workflow.md     write yours",
    ):
        out.print(f"  {what}", highlight=False)
