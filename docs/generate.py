"""Writes the parts of the documentation that are the code's own words, for `make docs`; a test proves them current."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from agent.config import AgentConfig
from aggregator.config import AggregatorConfig
from hourglass.cli.app import app
from hourglass.cli.network import NetworkConfig
from hourglass.reasons import Reason
from hourglass.workflow.execution import TRANSITIONS, PhaseStatus
from hourglass.workflow.phases import PLANS

DOCS = Path(__file__).parent
NOTE = "<!-- Written by docs/generate.py from the code: change the code, then run `make docs`. -->\n\n"


def reasons() -> str:
    """Every reason."""
    lines = [
        NOTE + "# Reasons\n",
        "Every refusal, miss and failure carries exactly one of these, in logs, metrics and messages alike.\n",
    ]
    for reason in Reason:
        lines += [
            f"## `{reason.code}`\n",
            f"**{reason.summary}** To act: {reason.fault.value}.\n",
            f"- Cause: {reason.cause}",
            f"- What to do: {reason.advice}\n",
        ]
    return "\n".join(lines)


def phases() -> str:
    """The phase types and statuses."""
    lines = [
        NOTE + "# Phase types and statuses\n",
        "| type | what the operators do | observe and propose first | what is signed |",
        "|---|---|---|---|",
        *(
            f"| {kind.name} | {plan.work} | {'yes' if plan.observes else 'no'} | {plan.signs} |"
            for kind, plan in PLANS.items()
        ),
        "\n```mermaid\nstateDiagram-v2",
        "    [*] --> PENDING",
        *(
            f"    {before.name} --> {after.name}"
            for before, steps in TRANSITIONS.items()
            for after in sorted(steps)
        ),
        "```\n",
        "TIMED_OUT is computed: an ACTIVE phase past its deadline is TIMED_OUT, told to the contract or not.\n",
        f"Statuses as the contract numbers them: {', '.join(f'{one.value} {one.name}' for one in PhaseStatus)}.\n",
    ]
    return "\n".join(lines)


def configuration() -> str:
    """Every setting."""
    lines = [NOTE + "# Configuration\n", "One YAML file per node. Unknown settings are refused.\n"]
    for title, model in (
        ("Agent (`hourglass agent run`)", AgentConfig),
        ("Aggregator (`hourglass aggregator run`)", AggregatorConfig),
        ("Network (`--network`)", NetworkConfig),
    ):
        lines += [f"## {title}\n", "| setting | type | default |", "|---|---|---|"]
        lines += [f"| `{name}` | {kind} | {default} |" for name, kind, default in _settings(model)]
        lines.append("")
    return "\n".join(lines)


def _settings(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    for name, info in model.model_fields.items():
        inner = info.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _settings(inner, f"{prefix}{name}.")
            continue
        kind = inner.__name__ if isinstance(inner, type) and not hasattr(inner, "__args__") else str(inner)
        default = "required" if info.default is PydanticUndefined else f"`{info.default}`"
        yield prefix + name, f"`{kind.replace('pathlib.', '').replace('|', 'or')}`", default


def commands() -> str:
    """Every command, as `--help` has it."""
    lines = [
        NOTE + "# Commands\n",
        "Exit codes: 0 fine, 1 the workflow failed, 2 usage, 3 unreachable, 4 timeout.\n",
    ]
    root: Any = typer.main.get_command(app)
    for path, command in _walk(root, "hourglass"):
        lines += [f"## `{path}`\n", (command.help or "").strip() + "\n"]
        options = [one for one in command.params if one.name != "help"]
        if options:
            lines += ["| option | meaning |", "|---|---|"]
            lines += [f"| {_spelled(one)} | {getattr(one, 'help', '') or ''} |" for one in options]
            lines.append("")
    return "\n".join(lines)


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, child in sorted(command.commands.items()):
            yield from _walk(child, f"{path} {name}")
    else:
        yield path, command


def _spelled(option: Any) -> str:
    if option.param_type_name == "argument":
        return f"`{(option.metavar or option.name).upper()}`"
    return ", ".join(f"`{one}`" for one in option.opts)


PAGES = {
    "reasons.md": reasons,
    "reference/phases.md": phases,
    "reference/configuration.md": configuration,
    "reference/commands.md": commands,
}

if __name__ == "__main__":
    for name, write in PAGES.items():
        path = DOCS / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(write(), "utf-8")
    sys.stdout.write(f"{len(PAGES)} pages written\n")
