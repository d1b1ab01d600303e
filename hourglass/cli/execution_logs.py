"""`hourglass logs`: what happened to a workflow's executions, from the chain, the aggregators and the nodes' logs."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hourglass.cli.arguments import execution_of, phase_of
from hourglass.cli.network import Network, NetworkConfig, find_network, load_network
from hourglass.cli.output import Format, Output, err, out, show
from hourglass.cli.signals import until_told_to_stop
from hourglass.cli.timeline import Entry, Source, concerns, merged
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

if TYPE_CHECKING:
    from hourglass.chain.port import Chain
    from hourglass.cli.trace import Trace
    from hourglass.workflow.identifiers import BlockNumber, ExecutionId, PhaseIndex

FOLLOW_S = 0.5
"""How often a followed chain is asked for its newest block."""

WorkflowOption = Annotated[
    str | None,
    typer.Option(
        "--workflow-id",
        help="The workflow's id, or the name under which the network's account registered it.",
    ),
]
ExecutionOption = Annotated[
    str | None, typer.Option("--execution-id", help="One execution; otherwise all of the workflow's.")
]
LogFiles = Annotated[
    list[Path] | None,
    typer.Option("--log", help="A node's JSON log; repeat it. Otherwise those beside the network's file."),
]


def logs(
    workflow_id: WorkflowOption = None,
    execution_id: ExecutionOption = None,
    phase: Annotated[str | None, typer.Option(help="One phase, by its name or its number from 0.")] = None,
    log: LogFiles = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C.")] = False,
    network: Network = None,
    output: Output = Format.table,
) -> None:
    """Show what happened to a workflow's executions, in order.

    The chain says what was started, completed and ended; aggregators, who answered what and what did not count; the
    nodes' own logs, what they refused and why. Answers have no time: they stand before what ended their attempt.
    With --follow, JSON comes one object a line, as blocks come.
    """
    if workflow_id is None and execution_id is None:
        raise typer.BadParameter("Name a workflow with --workflow-id, or an execution with --execution-id.")
    settings = load_network(network)
    from hourglass.cli.trace import log_files

    files = log_files(find_network(network), log or ())
    work = _logs(settings, workflow_id, execution_id, phase, files, follow, output)
    asyncio.run(until_told_to_stop(work) if follow else work)


@dataclass(frozen=True, slots=True)
class _Wish:
    """What to show."""

    workflow_id: bytes | None
    executions: frozenset["ExecutionId"]
    phase: "PhaseIndex | None"

    def now(self, trace: "Trace") -> frozenset["ExecutionId"]:
        """Those that were started meanwhile, too."""
        from hourglass.workflow.identifiers import WorkflowId

        if self.workflow_id is None:
            return self.executions
        return frozenset(trace.executions_of(WorkflowId(self.workflow_id)))


async def _logs(
    network: NetworkConfig,
    workflow_id: str | None,
    execution_id: str | None,
    phase: str | None,
    files: Sequence[Path],
    follow: bool,
    output: Format,
) -> None:
    from hourglass.chain.client import EvmChain
    from hourglass.cli.trace import Trace
    from hourglass.workflow.identifiers import BlockNumber

    async with EvmChain.connect(network.chain) as chain:
        trace = Trace(chain, dict(network.names))
        head = await trace.read()
        wish = await _wish(chain, network, trace, workflow_id, execution_id, phase)
        shown = await _timeline(network, trace, wish, files)
        if not follow:
            show(output, f"{len(shown)} entries", [one.row() for one in shown])
            return
        _print_all(shown, output)
        await _follow(network, trace, wish, files, set(shown), BlockNumber(head + 1), output)


async def _follow(
    network: NetworkConfig,
    trace: "Trace",
    wish: _Wish,
    files: Sequence[Path],
    seen: set[Entry],
    first: "BlockNumber",
    output: Format,
) -> None:
    """Show what is new with every block, for ever. What a reorg removed is said to be gone."""
    from hourglass.chain.watcher import HeadAdvanced, Reorged, watch

    async for news in watch(trace.chain, first, FOLLOW_S):
        match news:
            case Reorged(first_removed):
                trace.forget(first_removed)
                err.print(
                    f"Blocks from {first_removed} on were replaced; what they held is not true any more."
                )
            case HeadAdvanced():
                fresh = [one for one in await _timeline(network, trace, wish, files) if one not in seen]
                seen.update(fresh)
                _print_all(fresh, output)
            case event:
                trace.events.append(event)


async def _wish(
    chain: "Chain",
    network: NetworkConfig,
    trace: "Trace",
    workflow_id: str | None,
    execution_id: str | None,
    phase: str | None,
) -> _Wish:
    from hourglass.cli.trace import find_workflow

    one = None if execution_id is None else execution_of(execution_id)
    found = None
    if workflow_id is not None:
        found = await find_workflow(chain, network, workflow_id)
    if one is not None:
        mine = trace.workflow_of(one)
        if found is not None and mine != found.workflow_id:
            raise ConfigError(
                Reason.UNKNOWN_NAME,
                f"0x{one.hex()} is an execution of workflow 0x{mine.hex()}, not of {workflow_id}.",
            )
        found = await chain.workflow(mine)
    assert found is not None, "a workflow or an execution is named, and both are looked up"
    index = None if phase is None else phase_of(found.definition, phase)
    if one is not None:
        return _Wish(None, frozenset({one}), index)
    return _Wish(found.workflow_id, frozenset(), index)


async def _timeline(
    network: NetworkConfig, trace: "Trace", wish: _Wish, files: Sequence[Path]
) -> list[Entry]:
    from hourglass.cli.trace import answers_as_entries, lines_as_entries

    executions = wish.now(trace)
    events = await trace.entries(
        one for one in trace.events if getattr(one.event, "execution_id", None) in executions
    )
    answers = await answers_as_entries(network, sorted(executions))
    everything = merged(events, answers, lines_as_entries(files))
    return [one for one in everything if concerns(one, executions, wish.phase)]


def _print_all(entries: Sequence[Entry], output: Format) -> None:
    for one in entries:
        if output is Format.json:
            typer.echo(json.dumps(one.row()))
        else:
            where = "" if one.phase is None else f" phase {one.phase}"
            attempt = "" if one.attempt in (None, 0) else f" attempt {one.attempt}"
            who = f" {one.who}" if one.who else ""
            style = "bold" if one.source is Source.CHAIN else "dim" if one.source is Source.LOG else ""
            out.print(
                f"{one.time:24}{one.source.value:11}{one.what}{where}{attempt}{who}  {one.detail}",
                style=style,
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
