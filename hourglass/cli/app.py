"""The root of the command, and the one place where an error becomes a sentence and an exit code."""

import os
import sys
from importlib.metadata import version as installed_version
from typing import Annotated

import typer

from hourglass.cli import (
    agent,
    aggregator,
    bench,
    debug,
    demo,
    dev,
    execution_logs,
    fees,
    keys,
    performer,
    status,
    workflow,
)
from hourglass.cli.devkit import app as devkit
from hourglass.cli.output import Exit, err, exit_code
from hourglass.errors import HourglassError

INTERRUPTED = 130
"""What shells expect after Ctrl-C."""

app = typer.Typer(
    name="hourglass",
    help="Multi-phase workflows for EigenLayer AVSs, with a BLS quorum of stake behind every phase.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.add_typer(agent.app, name="agent")
app.add_typer(aggregator.app, name="aggregator")
app.add_typer(performer.app, name="performer")
app.add_typer(workflow.app, name="workflow")
app.add_typer(fees.app, name="fees")
app.add_typer(keys.app, name="keys")
app.add_typer(bench.app, name="bench")
app.add_typer(devkit.app, name="devkit")
app.command(name="status")(status.status)
app.command(name="logs")(execution_logs.logs)
app.command(name="debug")(debug.debug)
app.command(name="dev")(dev.dev)
app.command(name="demo")(demo.demo)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(installed_version("hourglass-workflow"))
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Multi-phase workflows for EigenLayer AVSs, with a BLS quorum of stake behind every phase.

    Exit codes: 0 fine, 1 the workflow failed, 2 usage, 3 unreachable, 4 timeout.
    """


def _cause(error: Exception) -> Exception:
    """What went wrong first, out of the groups that tasks raise."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def main() -> None:
    """Run the command; every failure is a sentence that says what to do, never a traceback."""
    try:
        app()
    except KeyboardInterrupt:
        err.print("Stopped.")
        sys.exit(INTERRUPTED)
    except Exception as raised:
        error = _cause(raised)
        if isinstance(error, HourglassError):
            err.print("[red]Error:[/red] ", end="")
            err.print(str(error), highlight=False, markup=False)
            sys.exit(exit_code(error))
        if os.environ.get("HOURGLASS_TRACEBACK"):
            raise
        err.print(
            f"[red]Unexpected error:[/red] {type(error).__name__}: {error}\n"
            "→ This is a bug. Run the command again with HOURGLASS_TRACEBACK=1 and report what it prints.",
            highlight=False,
        )
        sys.exit(Exit.FAILED)
