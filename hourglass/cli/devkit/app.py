"""`hourglass devkit`: one command per script of a DevKit project."""

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hourglass.cli.output import err
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

app = typer.Typer(
    no_args_is_help=True, help="What the scripts of a DevKit project do. For `devkit avs`, not for people."
)

ContextJson = Annotated[str, typer.Argument(metavar="CONTEXT", help="DevKit's context, as JSON.")]
ContextName = Annotated[str, typer.Option("--context", envvar="CONTEXT_NAME", help="Whose settings to read.")]
DEVNET = "devnet"
NO_TESTS = 5
"""pytest's code for a folder without tests."""


@app.command(name="deploy-l1")
def deploy_l1(context: ContextJson) -> None:
    """Deploy what an AVS needs on L1: its registrar."""
    from hourglass.cli.devkit.context import load_project, read_context
    from hourglass.cli.devkit.registrar import deploy_l1 as deploy

    read = read_context(context)
    _print(asyncio.run(deploy(read, load_project(read))))


@app.command(name="deploy-l2")
def deploy_l2(context: ContextJson) -> None:
    """Deploy our contracts on L2, judged by the verifiers that the context names."""
    from hourglass.cli.devkit.context import load_project, read_context
    from hourglass.cli.devkit.deployment import deploy_l2 as deploy

    read = read_context(context)
    _print(asyncio.run(deploy(read, load_project(read))))


@app.command(name="operator-sets")
def operator_sets(context: ContextJson) -> None:
    """Print the operator sets that DevKit shall create."""
    from hourglass.cli.devkit.context import load_project, read_context
    from hourglass.cli.devkit.operators import operator_sets as listed

    _print(listed(load_project(read_context(context))))


@app.command(name="operator-registrations")
def operator_registrations(context: ContextJson) -> None:
    """Print who joins which operator set, with its socket."""
    from hourglass.cli.devkit.context import load_project, read_context
    from hourglass.cli.devkit.operators import operator_registrations as listed

    read = read_context(context)
    _print(listed(read, load_project(read)))


@app.command()
def run(context: ContextJson) -> None:
    """Run agents and aggregators as the context has their operators, until Ctrl-C."""
    from hourglass.cli.devkit.supervisor import start_supervised

    raise typer.Exit(start_supervised(context))


@app.command(hidden=True)
def supervise() -> None:
    """Run what `run` was asked for, until its end closes the input."""
    from hourglass.cli.devkit.supervisor import supervise as stay

    asyncio.run(stay())


@app.command()
def call(
    context: ContextJson,
    parameters: Annotated[str, typer.Argument(metavar="PARAMETERS", help="key=value pairs, as JSON.")],
) -> None:
    """Do what `devkit avs call` was given: a command about workflows, or a plain task."""
    from hourglass.cli.devkit.call import Command, read_call
    from hourglass.cli.devkit.context import load_project, read_context

    wish, read = read_call(parameters), read_context(context)
    project = load_project(read)
    if isinstance(wish, Command):
        from hourglass.cli.devkit.network import write_network

        network = write_network(read, project)
        sys.stdout.flush()
        arguments = [sys.executable, "-m", "hourglass.cli", *wish.arguments, f"--network={network}"]
        # In this process's place, so that its signals, streams and exit code are the command's.
        os.execv(sys.executable, arguments)
    from hourglass.cli.devkit.tasks import perform

    answer, code = asyncio.run(perform(read, project, wish.payload))
    _print(answer)
    raise typer.Exit(code)


@app.command()
def build(
    image: Annotated[str | None, typer.Option(help="The image's name; otherwise the project's.")] = None,
    tag: Annotated[str, typer.Option(help="The image's tag.")] = "latest",
    context: ContextName = DEVNET,
) -> None:
    """Check the workflows, write the contracts' ABIs, and build the image."""
    from hourglass.cli.devkit.releasing import build as make
    from hourglass.cli.devkit.releasing import image_name

    _print(make(_settings(context), image or image_name(), tag))


@app.command(name="test")
def check(
    context: Annotated[str | None, typer.Argument(metavar="CONTEXT", help="Not needed.")] = None,
) -> None:
    """Check the workflows' definitions, then run the project's own tests."""
    for module in _settings(DEVNET).workflow.modules:
        _run(sys.executable, "-m", "hourglass.cli", "workflow", "validate", module, "--network=none")
    if not Path("tests").is_dir():
        err.print("The project has no folder tests/.")
        return
    if importlib.util.find_spec("pytest") is None:
        raise ConfigError(
            Reason.INVALID_CONFIG, "pytest is not installed: .venv/bin/pip install -r requirements.txt."
        )
    _run(sys.executable, "-m", "pytest", "-q", "tests", fine=(0, NO_TESTS))


@app.command()
def release(
    version: Annotated[str, typer.Option(help="The release's version.")],
    registry: Annotated[str, typer.Option(help="Where images go.")],
    image: Annotated[
        str | None, typer.Option(help="What `build` made; it is built anew for all platforms.")
    ] = None,
    context: ContextName = DEVNET,
) -> None:
    """Build the image for all platforms, push it, and print what each operator set runs."""
    from hourglass.cli.devkit.releasing import release as publish

    _print(publish(_settings(context), version, registry))


def _settings(context: str) -> Any:
    from hourglass.cli.devkit.context import SETTINGS, ProjectSettings
    from hourglass.cli.settings import load_settings

    return load_settings(SETTINGS / f"{context}.yaml", ProjectSettings)


def _run(*command: str, fine: tuple[int, ...] = (0,)) -> None:
    """Run it with its output on standard error. Exits with its code if that is not fine."""
    code = subprocess.run(command, stdout=sys.stderr, check=False).returncode
    if code not in fine:
        raise typer.Exit(code)


def _print(answer: dict[str, Any]) -> None:
    """The only thing that a script may print."""
    typer.echo(json.dumps(answer))
