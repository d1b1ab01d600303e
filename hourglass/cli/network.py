"""Which network a command talks to: a YAML file, named, in the environment, or found near by."""

import os
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, ConfigDict

from hourglass.chain.account import KeyConfig
from hourglass.chain.config import ChainConfig
from hourglass.cli.settings import load_settings
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

VARIABLE = "HOURGLASS_NETWORK"
NEAR_BY = Path(".hourglass/network.yaml")


class NetworkConfig(BaseModel):
    """A network as a command sees it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chain: ChainConfig
    key: KeyConfig | None = None
    """The account that registers and executes workflows."""
    aggregators: tuple[str, ...] = ()
    """Status APIs, for what the chain does not know: who has answered, and why not."""
    names: dict[str, str] = {}
    """Operators' names by address, for display."""


Network = Annotated[
    Path | None,
    typer.Option(
        "--network",
        "-n",
        envvar=VARIABLE,
        help=f"The network's YAML file. Otherwise {NEAR_BY} here or above, as `hourglass dev` writes it.",
    ),
]


def load_network(path: Path | None) -> NetworkConfig:
    """The network. Raises ConfigError if there is none."""
    return load_settings(path if path is not None else _near_by(), NetworkConfig)


def _near_by() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / NEAR_BY).exists():
            return folder / NEAR_BY
    raise ConfigError(
        Reason.INVALID_CONFIG,
        f"No network is named and none is near by: start one with `hourglass dev`, or give --network FILE, "
        f"or set {VARIABLE} (now {os.environ.get(VARIABLE, 'not set')}).",
    )
