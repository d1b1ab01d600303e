"""`hourglass bench`: measure this machine, in ratios within one run."""

import asyncio
from typing import Annotated

import typer

from hourglass.cli.output import Format, Output, show

app = typer.Typer(no_args_is_help=True, help="Measure certificates and phases on this machine.")


@app.command()
def certify(
    operators: Annotated[
        str, typer.Option(help="Sizes of operator sets, comma-separated.")
    ] = "4,16,64,256,1024",
    output: Output = Format.table,
) -> None:
    """Build and check a certificate from N signatures: one optimistic aggregate against one by one."""
    from hourglass.cli.bench_certify import measure

    show(output, "Certify", measure([int(one) for one in operators.split(",")]))


@app.command()
def phase(
    operators: Annotated[int, typer.Option(min=1, max=5, help="How many operators.")] = 5,
    runs: Annotated[int, typer.Option(min=1, help="How many executions to measure.")] = 20,
    output: Output = Format.table,
) -> None:
    """Run phases on a local network: seconds from PhaseStarted to calldata and to mined, step by step."""
    from hourglass.cli.bench_phase import measure

    show(output, "From PhaseStarted", asyncio.run(measure(operators, runs)))
