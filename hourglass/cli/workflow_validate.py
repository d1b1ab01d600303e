"""`hourglass workflow validate`: everything that can be known of a workflow before anything is paid for it."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from hourglass.cli.arguments import Spec, address_of
from hourglass.cli.network import NetworkConfig, NetworkOrNone, load_network_if_any, paying_account
from hourglass.cli.output import Exit, Format, Output, out
from hourglass.errors import DefinitionError

if TYPE_CHECKING:
    from hourglass.cli.workflow_checks import Answers, Costs
    from hourglass.workflow.definition import WorkflowDefinition
    from hourglass.workflow.identifiers import Address
    from hourglass.workflow.review import Finding

MARKS = {"error": "[red]✗[/red]", "warning": "[yellow]![/yellow]", "fine": "[green]✓[/green]"}


def validate(
    spec: Spec,
    trigger_source: Annotated[
        list[str] | None,
        typer.Option(help="As `workflow register` would be given it; repeat it for more."),
    ] = None,
    creator: Annotated[
        str | None, typer.Option(help="Who would register it; otherwise the network's own account.")
    ] = None,
    network: NetworkOrNone = None,
    output: Output = Format.table,
) -> None:
    """Check a workflow before a wei is spent: what the contract would refuse, and what may not be meant.

    With a network also whether its operator sets can do the work, who may register it, and what it would cost; nothing
    is sent. ✓ is fine, ! would run but may not be meant, ✗ would be refused. Exits with 1 if there is any ✗.
    """
    found = load_network_if_any(network)
    raise typer.Exit(asyncio.run(_validate(spec, trigger_source or [], creator, found, output)))


@dataclass(frozen=True, slots=True)
class _Report:
    """All that is known. Without a definition there is one finding, of what is wrong with it."""

    name: str
    definition: "WorkflowDefinition | None"
    findings: Sequence["Finding"]
    network: NetworkConfig | None = None
    creator: "Address | None" = None
    answers: "Answers | None" = None

    def count(self, severity: str) -> int:
        """How many findings are such."""
        return sum(one.severity.value == severity for one in self.findings)


async def _validate(
    spec: str, sources: list[str], creator: str | None, network: NetworkConfig | None, output: Format
) -> Exit:
    report = await _report(spec, tuple(map(address_of, sources)), creator, network)
    if output is Format.json:
        typer.echo(json.dumps(_as_json(report), indent=2))
    else:
        _print(report)
    return Exit.FAILED if report.count("error") else Exit.FINE


async def _report(
    spec: str, triggers: tuple["Address", ...], creator: str | None, network: NetworkConfig | None
) -> _Report:
    from hourglass.cli.module import load_workflow
    from hourglass.workflow.review import Finding, Severity, review

    name = spec
    try:
        workflow = load_workflow(spec)
        name = workflow.name
        definition = workflow.compile()
    except DefinitionError as error:
        return _Report(name, None, [Finding(Severity.ERROR, error.rule, error.detail)])
    findings = [*review(workflow, definition), *_sources(definition, triggers)]
    if network is None:
        return _Report(name, definition, findings)
    who = _creator(creator, network)
    answers = await _ask(network, definition, triggers, who)
    return _Report(name, definition, [*findings, *answers.findings], network, who, answers)


def _creator(named: str | None, network: NetworkConfig) -> "Address | None":
    if named is not None:
        return address_of(named)
    return None if network.key is None else paying_account(network).address


async def _ask(
    network: NetworkConfig,
    definition: "WorkflowDefinition",
    triggers: tuple["Address", ...],
    creator: "Address | None",
) -> "Answers":
    from hourglass.chain.client import EvmChain
    from hourglass.cli.workflow_checks import Question

    async with EvmChain.connect(network.chain) as chain:
        return await Question(chain, definition, triggers, creator).ask()


def _sources(definition: "WorkflowDefinition", triggers: tuple["Address", ...]) -> list["Finding"]:
    """A gate that only a source can open needs somebody who is one."""
    from hourglass.workflow.definition import TriggerMode
    from hourglass.workflow.identifiers import PhaseIndex
    from hourglass.workflow.review import Finding, Severity

    text = "Only the state machine's own trigger sources can open its gate: name yours with --trigger-source."
    return [
        Finding(Severity.WARNING, "no_trigger_source", text, PhaseIndex(index))
        for index, phase in enumerate(definition.phases)
        if phase.options.trigger_mode is TriggerMode.SOURCE and not triggers
    ]


# ── For programs ──────────────────────────────────────────────────────────────────────────────────────


def _as_json(report: _Report) -> dict[str, Any]:
    answers = report.answers
    return {
        "workflow": report.name,
        "valid": not report.count("error"),
        "errors": report.count("error"),
        "warnings": report.count("warning"),
        "findings": [_finding_as_json(one) for one in report.findings if one.phase is None],
        "phases": _phases_as_json(report),
        "network": None
        if report.network is None
        else {"chain id": report.network.chain.chain_id, "state machine": report.network.chain.state_machine},
        "creator": None if report.creator is None else str(report.creator),
        "costs": None if answers is None else _costs_as_json(answers.costs),
    }


def _phases_as_json(report: _Report) -> list[dict[str, Any]]:
    if report.definition is None:
        return []
    answers = report.answers
    return [
        {
            "phase": index,
            "name": phase.name,
            "type": phase.phase_type.name,
            "operator set": None if answers is None else str(answers.operator_sets[index]),
            "submission gas": None if answers is None else answers.submission_gas[index],
            "findings": [_finding_as_json(one) for one in report.findings if one.phase == index],
        }
        for index, phase in enumerate(report.definition.phases)
    ]


def _finding_as_json(finding: "Finding") -> dict[str, str]:
    return {"severity": finding.severity.value, "rule": finding.rule, "text": finding.text}


def _costs_as_json(costs: "Costs") -> dict[str, Any]:
    prices = costs.prices
    return {
        "register gas": costs.register_gas,
        "execute gas": costs.execute_gas,
        "fees": None
        if prices is None
        else {
            "token": None if prices.currency.token is None else str(prices.currency.token),
            "register": str(prices.register),
            "execute": str(prices.execute),
        },
    }


# ── For people ────────────────────────────────────────────────────────────────────────────────────────


def _print(report: _Report) -> None:
    table = Table(
        title=f"Workflow {escape(report.name)}", title_justify="left", header_style="bold", show_lines=True
    )
    table.add_column("phase")
    table.add_column("what was found", overflow="fold")
    names = report.network.names if report.network is not None else {}
    overall = _lines(report.findings, None, names)
    if overall:
        table.add_row("", "\n".join(overall))
    for index, phase in enumerate(report.definition.phases if report.definition else ()):
        lines = _lines(report.findings, index, names)
        if report.answers is not None:
            lines.append(f"[dim]≈ {report.answers.submission_gas[index]:,} gas to submit its result[/dim]")
        name = f"{index}  {escape(phase.name)}\n[dim]{phase.phase_type.name}[/dim]"
        table.add_row(name, "\n".join(lines) or f"{MARKS['fine']} The contract would take it.")
    out.print(table)
    if report.answers is not None:
        _print_costs(report.answers.costs)
    elif report.definition is not None:
        out.print("[dim]No network was asked: operator sets, roles and costs are open.[/dim]")
    errors, warnings = report.count("error"), report.count("warning")
    out.print(f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}.", highlight=False)


def _print_costs(costs: "Costs") -> None:
    prices = costs.prices
    for what, gas, fee in (
        ("registering", costs.register_gas, prices and prices.currency.shown(prices.register)),
        ("executing", costs.execute_gas, prices and prices.currency.shown(prices.execute)),
    ):
        parts = [f"{gas:,} gas"] if gas is not None else []
        parts += [f"a fee of {fee}"] if fee else []
        if parts:
            out.print(f"{what} costs {' and '.join(parts)}".capitalize(), highlight=False)


def _lines(findings: Sequence["Finding"], phase: int | None, names: Mapping[str, str]) -> list[str]:
    """What is to be said of a phase, the worst first; operators by the names that the network's file gives them."""
    about = [one for one in findings if one.phase == phase]
    return [_line(one, names) for mark in MARKS for one in about if one.severity.value == mark]


def _line(finding: "Finding", names: Mapping[str, str]) -> str:
    text = finding.text
    for address, name in names.items():
        text = text.replace(address, name)
    rule = f" [dim]({finding.rule})[/dim]" if finding.rule and finding.severity.value != "fine" else ""
    return f"{MARKS[finding.severity.value]} {escape(text)}{rule}"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
