"""`hourglass demo`: five operators, one of them broken, agree on a price and compute an update, live."""

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hourglass.cli.dev import example, feeds, network_plan, pointer_to
from hourglass.cli.module import load_workflow
from hourglass.cli.network import load_network
from hourglass.cli.output import out
from hourglass.cli.signals import until_told_to_stop
from hourglass.cli.status import ask_aggregators, read_rows
from hourglass.cli.workflow import paying_account, sender_of, start_execution
from hourglass.reasons import Reason, reason_by_code

if TYPE_CHECKING:
    from hourglass.chain.client import EvmChain
    from hourglass.testing.local_network import LocalNetwork
    from hourglass.workflow.identifiers import ExecutionId

PAYLOAD = b"ETH/USD"
REFRESH_S = 0.1
LINGER_S = 0.6
"""After the end, for the last operators' answers to be shown."""
TIMEOUT_S = 90.0
BAR_WIDTH = 40


def demo() -> None:
    """Start a local network with five operators, one of them broken, and watch a workflow run on it."""
    asyncio.run(until_told_to_stop(_demo()))


async def _demo() -> None:
    """Start, run, show, and end everything again."""
    from hourglass.chain.client import EvmChain
    from hourglass.testing.local_network import start_local

    out.print("[bold]Hourglass Workflow[/bold]: five operators agree on a price, four of them honestly.\n")
    out.print("[dim]Prices come from a local server that replays a series with noise per operator.[/dim]")
    async with feeds() as feed_url:
        plan = network_plan(feed_url, (example("workflow"),), operators=5, broken=True)
        async with start_local(plan, lambda what: out.print(f"  [green]✓[/green] {what}")) as network:
            with pointer_to(network.network_file):
                config = load_network(network.network_file)
                async with EvmChain.connect(config.chain) as chain:
                    execution_id = await _begin(chain, network)
                    await _watch(chain, network, execution_id)
                    await _conclude(chain, network, execution_id)


async def _begin(chain: "EvmChain", network: "LocalNetwork") -> "ExecutionId":
    from hourglass.chain.port import RegisterWorkflow

    config = load_network(network.network_file)
    sender = sender_of(chain, config, paying_account(config))
    definition = load_workflow(example("workflow")).compile()
    registered = await sender.send(RegisterWorkflow(definition))
    out.print(f"  [green]✓[/green] workflow {definition.name!r} registered ({registered.gas_used:,} gas)")
    execution_id = await start_execution(chain, sender, definition.name, PAYLOAD)
    out.print(f"  [green]✓[/green] execution 0x{execution_id.hex()[:16]}… started\n")
    return execution_id


async def _watch(chain: "EvmChain", network: "LocalNetwork", execution_id: "ExecutionId") -> None:
    from hourglass.workflow.execution import ExecutionStatus

    config = load_network(network.network_file)
    loop = asyncio.get_running_loop()
    end: float | None = None
    with Live(console=out, refresh_per_second=1 / REFRESH_S, transient=False) as live:
        async with asyncio.timeout(TIMEOUT_S):
            while end is None or loop.time() < end:
                rows = await read_rows(chain, execution_id)
                known = await asyncio.to_thread(ask_aggregators, config, execution_id)
                live.update(_picture(rows, known, network))
                view = await chain.execution(execution_id)
                if end is None and view is not None and view.status is not ExecutionStatus.RUNNING:
                    end = loop.time() + LINGER_S
                await asyncio.sleep(REFRESH_S)


def _picture(
    rows: list[dict[str, Any]], known: list[dict[str, Any]], network: "LocalNetwork"
) -> RenderableType:
    by_phase = {phase["phase"]: phase for phase in known}
    panels: list[RenderableType] = []
    for row in rows:
        phase = by_phase.get(row["phase"])
        title = f"{row['phase']}  {row['name']}  [dim]{row['type']}[/dim]  {_coloured(row['status'])}"
        body = (
            Text("waits for the phases it depends on", style="dim")
            if phase is None
            else _phase(phase, network)
        )
        panels.append(Panel(body, title=title, title_align="left", width=100))
    return Group(*panels)


def _phase(phase: dict[str, Any], network: "LocalNetwork") -> RenderableType:
    total = int(phase["total_weights"][0])
    leading = max(phase["digests"], key=lambda one: int(one["signed_weights"][0]), default=None)
    signed = int(leading["signed_weights"][0]) if leading else 0
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("operator", "stake", "observed", "signed", ""):
        table.add_column(column)
    results = {one["digest"]: one["result"] for one in phase["digests"]}
    for one in phase["operators"]:
        table.add_row(
            network.name_of(one["operator"]),
            f"{int(one['weights'][0]) * 100 / total:.0f} %",
            _value(phase["type"], one["observed"]),
            ", ".join(_value(phase["type"], results.get(digest)) for digest in one["signed"]),
            _remark(one),
        )
    needed = phase["threshold_bps"] / 100
    share = signed * 100 / total
    line = Table.grid(padding=(0, 1))
    line.add_row(
        "stake",
        ProgressBar(total=100, completed=share, width=BAR_WIDTH),
        f"{share:.1f} % of {needed:.2f} % needed",
        f"gas {phase['gas_used']:,}" if phase.get("gas_used") else "",
    )
    return Group(table, line)


def _remark(operator: dict[str, Any]) -> str:
    reason = reason_by_code(operator["reason"]) if operator["reason"] else None
    if reason is None:
        return ""
    colour = "yellow" if reason is Reason.LATE else "red"
    return f"[{colour}]{reason.summary}[/{colour}]"


def _coloured(status: str) -> str:
    colour = {"COMPLETED": "green", "ACTIVE": "cyan", "PENDING": "dim"}.get(status, "red")
    return f"[{colour}]{status}[/{colour}]"


def _value(phase_type: str, raw: str | None) -> str:
    if raw is None:
        return ""
    data = bytes.fromhex(raw[2:])
    if phase_type == "COORDINATION":
        return f"{Decimal(int.from_bytes(data, 'big', signed=True)) / 100:.2f}"
    return data.decode("utf-8", errors="replace")


async def _conclude(chain: "EvmChain", network: "LocalNetwork", execution_id: "ExecutionId") -> None:
    rows = await read_rows(chain, execution_id)
    config = load_network(network.network_file)
    known = await asyncio.to_thread(ask_aggregators, config, execution_id)
    out.print("\n[bold]Read back from the contract:[/bold]")
    for row in rows:
        out.print(f"  {row['name']:8} {row['status']:10} {_value(row['type'], row['result'] or None)}")
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
        "examples/price_agreement/workflow.py    the workflow you just saw",
        "docs/developers/write-a-workflow.md     write yours",
    ):
        out.print(f"  {what}", highlight=False)
