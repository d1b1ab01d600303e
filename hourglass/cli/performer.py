"""`hourglass performer`: a workflow's Python handlers as a gRPC performer."""

import asyncio
import os
from typing import Annotated

import typer

from hourglass.cli.signals import until_told_to_stop

GRACE_S = 10.0
"""For what is under way when it is told to stop."""

app = typer.Typer(no_args_is_help=True, help="Offer Python handlers as a gRPC performer.")


@app.command()
def serve(
    workflow: Annotated[
        str,
        typer.Argument(
            metavar="WORKFLOW",
            help="MODULE:NAME or FILE.py:NAME; without the name, the only workflow there.",
        ),
    ],
    listen: Annotated[
        str,
        typer.Option("--listen", help="host:port; in a container 0.0.0.0:8080. Whoever reaches it may ask."),
    ] = "127.0.0.1:8080",
    timeout: Annotated[
        float, typer.Option("--timeout", min=0.001, help="The longest that a handler may take, in seconds.")
    ] = 600.0,
) -> None:
    """Serve a workflow's handlers as a gRPC performer until told to stop (Ctrl-C or SIGTERM).

    Plain tasks are answered by the handler marked `@workflow.task`, phases by theirs: for an agent of this project, or
    under stock Hourglass. Handlers see this command's own environment. Prints `ready` and the port once it serves.
    """
    asyncio.run(until_told_to_stop(_serve(workflow, listen, timeout), GRACE_S))


async def _serve(workflow: str, listen: str, timeout_s: float) -> None:
    from agent.performers.python import PythonPerformer
    from hourglass.cli.logs import set_up_logs
    from hourglass.errors import ConfigError
    from hourglass.reasons import Reason

    try:
        from agent.performers.server import serving
    except ImportError as error:
        detail = f"`performer serve` needs {error.name}: install hourglass-workflow[grpc]."
        raise ConfigError(Reason.INVALID_CONFIG, detail) from error
    set_up_logs()
    async with (
        PythonPerformer.start((workflow,), dict(os.environ)) as performer,
        serving(performer, listen, timeout_s, GRACE_S) as port,
    ):
        typer.echo(f"ready {port}")
        await asyncio.Event().wait()
