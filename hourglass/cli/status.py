"""`hourglass status`: where an execution stands, by the chain, and by an aggregator who has answered."""

import asyncio
import json
import urllib.request
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hourglass.cli.arguments import execution_of
from hourglass.cli.network import Network, NetworkConfig, load_network
from hourglass.cli.output import Exit, Format, Output, out, show
from hourglass.errors import ConfigError
from hourglass.reasons import Reason, reason_by_code

if TYPE_CHECKING:
    from hourglass.chain.client import EvmChain
    from hourglass.workflow.identifiers import ExecutionId

WATCH_S = 0.5
API_TIMEOUT_S = 2.0
FULL_BPS = 10_000
ENDED = {
    "COMPLETED": Exit.FINE,
    "FAILED": Exit.FAILED,
    "CANCELLED": Exit.FAILED,
    "VERIFIED": Exit.FINE,
    "EXPIRED": Exit.FAILED,
}
"""Of executions and of plain tasks."""


def status(
    execution: Annotated[
        str | None, typer.Argument(help="The execution's id, 0x and 64 hexadecimal digits.")
    ] = None,
    execution_id: Annotated[str | None, typer.Option(help="The same, as an option.")] = None,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on until the execution has ended.")
    ] = False,
    network: Network = None,
    output: Output = Format.table,
) -> None:
    """Show an execution's phases: their states by the chain; by an aggregator, who has answered and why not.

    Of a plain task, too, by its hash. Exits with 1 if the execution failed or was cancelled, or the task expired.
    """
    named = execution_of(_one_of(execution, execution_id))
    raise typer.Exit(asyncio.run(_status(named, watch, load_network(network), output)))


def _one_of(argument: str | None, option: str | None) -> str:
    """Raises BadParameter unless exactly one is given, or both are the same."""
    given = {one for one in (argument, option) if one is not None}
    if len(given) != 1:
        raise typer.BadParameter("Name one execution: hourglass status 0x…, or --execution-id 0x…")
    return given.pop()


async def _status(execution_id: "ExecutionId", watch: bool, network: NetworkConfig, output: Format) -> Exit:
    from hourglass.chain.client import EvmChain

    async with EvmChain.connect(network.chain) as chain:
        while True:
            view = await chain.execution(execution_id)
            task = await _task(chain, network, execution_id) if view is None else None
            if view is None and task is None:
                raise ConfigError(Reason.UNKNOWN_NAME, f"The chain has no execution 0x{execution_id.hex()}.")
            rows = await read_rows(chain, execution_id) if task is None else [task]
            known = await asyncio.to_thread(ask_aggregators, network, execution_id)
            if watch and output is Format.table:
                out.clear()
            noun, state = (
                ("Task", str(rows[0]["status"])) if view is None else ("Execution", view.status.name)
            )
            show(output, f"{noun} 0x{execution_id.hex()}: {state}", _merged(rows, known, network))
            if not watch or state in ENDED:
                return ENDED.get(state, Exit.FINE)
            await asyncio.sleep(WATCH_S)


async def _task(
    chain: "EvmChain", network: NetworkConfig, execution_id: "ExecutionId"
) -> dict[str, Any] | None:
    """The plain task of this hash, as the mailbox holds it, in the columns of a phase."""
    from hourglass.chain.mailbox import open_mailbox
    from hourglass.chain.tasks import TaskHash, TaskStatus

    mailbox = await open_mailbox(chain, network.chain)
    task = None if mailbox is None else await mailbox.task(TaskHash(execution_id))
    if task is None:
        return None
    left = max(0, task.deadline - task.as_of) if task.status is TaskStatus.CREATED else ""
    result = "0x" + task.result.hex() if task.result else ""
    named = {"phase": 0, "name": "task", "type": "TASK", "status": task.status.name, "attempt": ""}
    return named | {"seconds left": left, "result": result}


async def read_rows(chain: "EvmChain", execution_id: "ExecutionId") -> list[dict[str, Any]]:
    """Every phase of an execution, as the contract holds it."""
    from hourglass.workflow.execution import OPEN
    from hourglass.workflow.identifiers import PhaseIndex

    execution = await chain.execution(execution_id)
    workflow = await chain.workflow(execution.workflow_id) if execution is not None else None
    if workflow is None:
        return []
    rows = []
    for index, definition in enumerate(workflow.definition.phases):
        phase = await chain.phase(execution_id, PhaseIndex(index))
        if phase is not None:
            rows.append(
                {
                    "phase": index,
                    "name": definition.name,
                    "type": definition.phase_type.name,
                    "status": phase.status.name,
                    "attempt": phase.attempt or "",
                    "seconds left": max(0, phase.deadline - phase.as_of) if phase.status in OPEN else "",
                    "result": "0x" + phase.result.hex() if phase.result else "",
                }
            )
    return rows


def ask_aggregators(network: NetworkConfig, execution_id: "ExecutionId") -> list[dict[str, Any]]:
    """What the first aggregator that answers knows of the execution's phases; nothing if none answers."""
    return next((known for url in network.aggregators if (known := ask(url, execution_id)) is not None), [])


def ask(url: str, execution_id: "ExecutionId") -> list[dict[str, Any]] | None:
    """What this aggregator knows of the execution's phases; None if it does not answer."""
    try:
        with urllib.request.urlopen(f"{url}/executions/0x{execution_id.hex()}", timeout=API_TIMEOUT_S) as got:
            phases: list[dict[str, Any]] = json.load(got)["phases"]
            return phases
    except (OSError, ValueError, KeyError):
        return None


def _merged(
    rows: list[dict[str, Any]], known: list[dict[str, Any]], network: NetworkConfig
) -> list[dict[str, Any]]:
    by_phase = {phase["phase"]: phase for phase in known}
    return [{**row, **_answers(by_phase.get(row["phase"]), network)} for row in rows]


def _answers(phase: dict[str, Any] | None, network: NetworkConfig) -> dict[str, Any]:
    if phase is None:
        return {"ticks": "", "stake signed": "", "not counted": ""}
    total = int(phase["total_weights"][0])
    most = max((int(one["signed_weights"][0]) for one in phase["digests"]), default=0)
    objections = [
        f"{network.names.get(one['operator'], one['operator'])}: {_summary(one['reason'])}"
        for one in phase["operators"]
        if one["reason"]
    ]
    return {
        "ticks": _ticks(phase["ticks"]),
        "stake signed": f"{most * 100 / total:.1f} % of {phase['threshold_bps'] * 100 / FULL_BPS:.2f} %",
        "not counted": "\n".join(objections),
    }


def _ticks(ticks: dict[str, Any] | None) -> str:
    if ticks is None:
        return ""
    missed = sum(one["missed"] for one in ticks["known"])
    lost = f", {missed} missed" if missed else ""
    return f"{len(ticks['known']) - missed} of {ticks['scheduled']}{lost}"


def _summary(code: str) -> str:
    reason = reason_by_code(code)
    return f"{code} ({reason.summary})" if reason else code
