"""`hourglass workflow graph`: a picture of a definition."""

import asyncio
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hourglass.cli.arguments import address_of
from hourglass.cli.network import Network, NetworkConfig, load_network, paying_account
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

if TYPE_CHECKING:
    from hourglass.workflow.definition import WorkflowDefinition

ID_CHARACTERS = 66
"""0x and 64 digits."""


class Picture(Enum):
    """Kinds of pictures."""

    mermaid = "mermaid"
    svg = "svg"


def graph(
    workflow: Annotated[
        str,
        typer.Argument(
            metavar="MODULE:NAME|WORKFLOW",
            help="Also FILE.py:NAME; or the name, or the id, under which a workflow is registered.",
        ),
    ],
    format: Annotated[
        Picture, typer.Option("--format", "-f", help="For Markdown, or as a picture by itself.")
    ] = Picture.mermaid,
    out: Annotated[Path | None, typer.Option(help="The file to write; otherwise it is printed.")] = None,
    creator: Annotated[
        str | None, typer.Option(help="Who registered it; otherwise the network's own account.")
    ] = None,
    network: Network = None,
) -> None:
    """Draw a workflow: its phases with all that is said of them, what waits for what, and who stands in for whom."""
    from hourglass.cli.module import load_workflow

    if ":" in workflow:
        definition = load_workflow(workflow).compile()
    else:
        definition = asyncio.run(_registered(workflow, creator, load_network(network)))
    text = _drawn(definition, format)
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise ConfigError(Reason.INVALID_CONFIG, f"--out {out}: {error.strerror}.") from error


def _drawn(definition: "WorkflowDefinition", picture: Picture) -> str:
    from hourglass.workflow.drawing import mermaid
    from hourglass.workflow.drawing_svg import svg

    match picture:
        case Picture.mermaid:
            return mermaid(definition)
        case Picture.svg:
            return svg(definition)


async def _registered(name: str, creator: str | None, network: NetworkConfig) -> "WorkflowDefinition":
    from hourglass.chain.client import EvmChain
    from hourglass.workflow.identifiers import WorkflowId

    async with EvmChain.connect(network.chain) as chain:
        if name.startswith("0x") and len(name) == ID_CHARACTERS:
            found = await chain.workflow(WorkflowId(_id(name)))
            missing = f"No workflow {name} is registered."
        else:
            by = address_of(creator) if creator else paying_account(network).address
            found = await chain.latest_workflow(by, name)
            missing = f"{by} has registered no workflow {name!r}."
    if found is None:
        raise ConfigError(Reason.UNKNOWN_NAME, missing)
    return found.definition


def _id(text: str) -> bytes:
    try:
        return bytes.fromhex(text[2:])
    except ValueError as error:
        raise ConfigError(Reason.UNKNOWN_NAME, f"{text} is no workflow id.") from error
