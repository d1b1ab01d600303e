"""`hourglass debug`: why phases timed out, who was missing, and what to do next."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hourglass.certificate.quorum import FULL
from hourglass.cli.arguments import execution_of
from hourglass.cli.execution_logs import ExecutionOption, LogFiles, WorkflowOption
from hourglass.cli.network import Network, NetworkConfig, find_network, load_network
from hourglass.cli.output import Format, Output, out, show, show_one

if TYPE_CHECKING:
    from hourglass.chain.port import Chain
    from hourglass.chain.tasks import TaskView
    from hourglass.cli.timeouts import TimedOut, Verdict
    from hourglass.cli.trace import Trace
    from hourglass.workflow.identifiers import Address, ExecutionId

LATEST = 10


def debug(
    timeout_analysis: Annotated[
        bool, typer.Option("--timeout-analysis", help="Explain the phase attempts that timed out.")
    ] = False,
    execution_id: ExecutionOption = None,
    workflow_id: WorkflowOption = None,
    limit: Annotated[int, typer.Option(min=1, help="How many attempts at most, the latest first.")] = LATEST,
    log: LogFiles = None,
    network: Network = None,
    output: Output = Format.table,
) -> None:
    """Explain what went wrong: of one execution or plain task, of a workflow's, or of all that the chain has.

    Of every phase attempt that timed out: who signed, who said why not, who was silent, how much stake was short, when
    the first and the last signature came, and one sentence of cause with what to do next. Who answered is known to
    aggregators only, and they forget when they restart; then that is what it says.
    """
    if not timeout_analysis:
        raise typer.BadParameter("Name an analysis: --timeout-analysis.")
    settings = load_network(network)
    from hourglass.cli.trace import log_files

    files = log_files(find_network(network), log or ())
    verdicts = asyncio.run(_analyse(settings, execution_id, workflow_id, limit, files))
    if output is Format.json:
        show(output, "", [as_row(one, settings.names) for one in verdicts])
        return
    if not verdicts:
        out.print("No phase attempt has timed out.")
    for one in verdicts:
        show_one(output, _for_people(one, settings.names))
        out.print()


async def _analyse(
    network: NetworkConfig, execution: str | None, workflow: str | None, limit: int, files: Sequence[Path]
) -> list["Verdict"]:
    from hourglass.chain.client import EvmChain
    from hourglass.cli.trace import Trace, find_task, find_workflow

    async with EvmChain.connect(network.chain) as chain:
        trace = Trace(chain, dict(network.names))
        await trace.read()
        executions: list[ExecutionId] | None = None
        if workflow is not None:
            executions = trace.executions_of((await find_workflow(chain, network, workflow)).workflow_id)
        if execution is not None:
            named = execution_of(execution)
            task = await find_task(chain, network, named)
            if task is not None:
                expired = await _as_timed_out(chain, task)
                return [] if expired is None else [await _explained(network, expired, True, files)]
            trace.workflow_of(named)
            executions = [named]
        found = await timed_out_attempts(chain, trace, executions, limit)
        return [await _explained(network, one, _is_latest(one, found), files) for one in found]


async def _as_timed_out(chain: "Chain", task: "TaskView") -> "TimedOut | None":
    """A plain task that has expired, as the attempt of a phase that it is like; None if it has not."""
    from hourglass.chain.task_phase import ANY_STAKE
    from hourglass.chain.tasks import TaskStatus
    from hourglass.cli.timeouts import TASK_ATTEMPT, TimedOut
    from hourglass.workflow.identifiers import PhaseIndex

    if task.status is not TaskStatus.EXPIRED:
        return None
    table = await chain.operator_table(task.operator_set, task.reference_timestamp)
    return TimedOut(
        task.task_hash,
        PhaseIndex(0),
        "task",
        TASK_ATTEMPT,
        task.operator_set,
        ANY_STAKE if task.threshold is None else task.threshold,
        task.created_at,
        task.deadline,
        None,
        False,
        {operator.address: operator.weights for operator in table.operators},
    )


async def timed_out_attempts(
    chain: "Chain", trace: "Trace", executions: Sequence["ExecutionId"] | None, limit: int
) -> list["TimedOut"]:
    """The latest attempts that ended at their deadline, newest first; told to the contract or not.

    `executions` None: of every execution. Raises ChainError.
    """
    from hourglass.cli.attempts import ended_attempts
    from hourglass.cli.timeouts import TimedOut

    attempts = ended_attempts(trace.events, (await chain.head()).timestamp)
    wanted = [one for one in attempts if executions is None or one.started.execution_id in executions]
    found = []
    for one in reversed(wanted[-limit:]):
        started = one.started
        workflow = await chain.workflow(trace.workflow_of(started.execution_id))
        assert workflow is not None, "it has an execution"
        definition = workflow.definition.phases[started.phase_index]
        table = await chain.operator_table(started.operator_set, started.reference_timestamp)
        found.append(
            TimedOut(
                started.execution_id,
                started.phase_index,
                definition.name,
                started.attempt,
                started.operator_set,
                definition.consensus_threshold,
                type(started.deadline)(await trace.time_of(one.block)),
                started.deadline,
                None if one.told is None else type(started.deadline)(await trace.time_of(one.told)),
                started.waiting,
                {operator.address: operator.weights for operator in table.operators},
            )
        )
    return found


async def _explained(
    network: NetworkConfig, facts: "TimedOut", latest: bool, files: Sequence[Path]
) -> "Verdict":
    from hourglass.cli.timeouts import answers_of, explain
    from hourglass.cli.trace import remembered

    known = [one for phases in await remembered(network, facts.execution_id) for one in phases]
    logged = _logged(network, facts, files) if latest else {}
    return explain(facts, answers_of(known, facts), logged, network.names)


def _logged(network: NetworkConfig, facts: "TimedOut", files: Sequence[Path]) -> Mapping["Address", str]:
    """Each operator's latest reason about this phase, by its own log. Logs name no attempt, so only of the latest."""
    from hourglass.cli.trace import lines_as_entries
    from hourglass.workflow.identifiers import Address

    by_name = {name: Address.parse(address) for address, name in network.names.items()}
    return {
        by_name[one.who]: one.reason
        for one in lines_as_entries(files)
        if one.execution_id == facts.execution_id
        and one.phase == facts.phase_index
        and one.who in by_name
        and one.reason
    }


def _is_latest(facts: "TimedOut", found: Sequence["TimedOut"]) -> bool:
    key = facts.execution_id, facts.phase_index
    return all(one.attempt <= facts.attempt for one in found if (one.execution_id, one.phase_index) == key)


def as_row(verdict: "Verdict", names: Mapping[str, str]) -> dict[str, Any]:
    """For programs. Weights are decimal strings: they exceed what JSON readers keep."""
    facts = verdict.facts

    def named(whom: Sequence["Address"]) -> list[dict[str, Any]]:
        return [
            {
                "operator": str(who),
                "name": names.get(str(who), ""),
                "weights": [str(weight) for weight in facts.weights[who]],
                "reason": verdict.refused.get(who),
            }
            for who in whom
        ]

    return {
        "execution": "0x" + facts.execution_id.hex(),
        "phase": facts.phase_index,
        "name": facts.phase_name,
        "attempt": facts.attempt,
        "operator_set": str(facts.operator_set),
        "threshold_bps": facts.threshold,
        "started_at": facts.started_at,
        "deadline": facts.deadline,
        "told_at": facts.told_at,
        "cause": verdict.cause.value,
        "sentence": verdict.sentence,
        "advice": verdict.advice,
        "signed": named(verdict.signed),
        "outvoted": named(verdict.outvoted),
        "refused": named([who for who in facts.weights if who in verdict.refused]),
        "silent": named(verdict.silent),
        "stake_signed": str(verdict.stake_signed),
        "stake_total": str(verdict.stake_total),
        "stake_short": str(verdict.stake_short),
        "first_attestation_s": verdict.first_attestation_s,
        "last_attestation_s": verdict.last_attestation_s,
    }


def _for_people(verdict: "Verdict", names: Mapping[str, str]) -> dict[str, Any]:
    facts = verdict.facts

    def named(whom: Sequence["Address"]) -> str:
        return ", ".join(f"{names.get(str(who), who)} ({facts.weights[who][0]})" for who in whom) or "nobody"

    forgotten = verdict.cause.value == "nobody_remembers"
    return {
        "execution": "0x" + facts.execution_id.hex(),
        "phase": "a plain task"
        if facts.is_task
        else f"{facts.phase_index} {facts.phase_name}, attempt {facts.attempt}",
        "cause": verdict.sentence,
        "→ next": verdict.advice,
        "signed": "not known" if forgotten else named(verdict.signed),
        "signed another result": "not known" if forgotten else named(verdict.outvoted),
        "did not count": "\n".join(
            f"{names.get(str(who), who)} ({facts.weights[who][0]}): {reason}"
            for who, reason in verdict.refused.items()
        )
        or ("not known" if forgotten else "nobody"),
        "silent": "not known" if forgotten else named(verdict.silent),
        "stake": "not known"
        if forgotten
        else f"{verdict.stake_signed} of {verdict.stake_total} signed, {verdict.stake_short} short of "
        f"{facts.threshold * 100 / FULL:.2f} %",
        "signatures": _signatures(verdict),
        "time": f"{_clock(facts.started_at)} to {_clock(facts.deadline)} "
        f"({facts.deadline - facts.started_at} s){_told(facts)}",
    }


def _told(facts: "TimedOut") -> str:
    if facts.is_task:
        return ""
    when = "nobody has told the contract" if facts.told_at is None else f"told {_clock(facts.told_at)}"
    return f"; {when}"


def _signatures(verdict: "Verdict") -> str:
    if verdict.first_attestation_s is None:
        return "none, as far as is remembered"
    first = f"the first {verdict.first_attestation_s:.1f} s after an aggregator opened the phase"
    if verdict.last_attestation_s is None:
        return first
    return f"{first}, the last {verdict.last_attestation_s:.1f} s"


def _clock(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
