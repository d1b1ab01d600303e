"""How every command speaks: a table for people, JSON for programs, exit codes for scripts."""

import json
from collections.abc import Sequence
from enum import Enum, IntEnum
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from hourglass.errors import BusError, ChainError, HourglassError, RevertedError
from hourglass.reasons import Reason


class Exit(IntEnum):
    """What a command's exit code means."""

    FINE = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    TIMEOUT = 4


class Format(Enum):
    """Of a command's output."""

    table = "table"
    json = "json"


Output = Annotated[Format, typer.Option("--output", "-o", help="A table for people or JSON for programs.")]

out = Console()
err = Console(stderr=True)


def exit_code(error: HourglassError) -> Exit:
    """Unreachable edges are told apart from what the user can correct, a contract's refusal among it."""
    if isinstance(error, RevertedError):
        return Exit.USAGE
    away = isinstance(error, ChainError | BusError) or error.reason is Reason.SIGNER_UNREACHABLE
    return Exit.UNREACHABLE if away else Exit.USAGE


def show(format: Format, title: str, rows: Sequence[dict[str, Any]]) -> None:
    """Print rows, all with the same keys."""
    if format is Format.json:
        typer.echo(json.dumps(list(rows), indent=2))
        return
    table = Table(title=title, title_justify="left", header_style="bold")
    for column in rows[0] if rows else ():
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(cell) for cell in row.values()))
    out.print(table)


def show_one(format: Format, fields: dict[str, Any]) -> None:
    """Print one thing's fields."""
    if format is Format.json:
        typer.echo(json.dumps(fields, indent=2))
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in fields.items():
        table.add_row(name, str(value))
    out.print(table)
