"""Which network a command talks to, and as whom: a YAML file, named, in the environment, or found near by."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import BaseModel, ConfigDict

from hourglass.chain.account import KeyConfig, load_account
from hourglass.chain.config import ChainConfig
from hourglass.cli.settings import load_settings
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

if TYPE_CHECKING:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.port import SigningAccount
    from hourglass.chain.sender import TransactionSender

VARIABLE = "HOURGLASS_NETWORK"
NEAR_BY = Path(".hourglass/network.yaml")
NO_NETWORK = "none"


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
NetworkOrNone = Annotated[
    str | None,
    typer.Option(
        "--network",
        "-n",
        envvar=VARIABLE,
        metavar=f"FILE|{NO_NETWORK}",
        help=f"The network's YAML file, or `{NO_NETWORK}`. Otherwise {NEAR_BY} here or above, if there is one.",
    ),
]


def find_network(path: Path | None) -> Path:
    """The network's file: this one, or the one near by. Raises ConfigError if there is none."""
    found = path if path is not None else _near_by()
    if found is None:
        raise ConfigError(
            Reason.INVALID_CONFIG,
            f"No network is named and none is near by: start one with `hourglass dev`, or give --network FILE, "
            f"or set {VARIABLE} (now {os.environ.get(VARIABLE, 'not set')}).",
        )
    return found


def load_network(path: Path | None) -> NetworkConfig:
    """The network. Raises ConfigError if there is none."""
    return load_settings(find_network(path), NetworkConfig)


def load_network_if_any(wish: str | None) -> NetworkConfig | None:
    """The network that is named or near by; None if none is wanted, or there is none."""
    if wish == NO_NETWORK:
        return None
    path = Path(wish) if wish is not None else _near_by()
    return None if path is None else load_settings(path, NetworkConfig)


def paying_account(
    network: NetworkConfig, key: Path | None = None, password_file: Path | None = None
) -> "SigningAccount":
    """The account of this key file, else the network's own. Raises ConfigError if there is neither."""
    if key is not None:
        return load_account(KeyConfig(file=key, password_file=password_file))
    if network.key is None:
        raise ConfigError(
            Reason.INVALID_CONFIG, "The network's file names no `key`, and there is no --key to act with."
        )
    return load_account(network.key)


def sender_of(chain: "EvmChain", network: NetworkConfig, account: "SigningAccount") -> "TransactionSender":
    """Sends with the network's own limits."""
    from hourglass.chain.sender import TransactionSender

    settings = network.chain
    return TransactionSender(chain, account, settings.transaction_timeout_s, settings.max_fee_gwei)


def _near_by() -> Path | None:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / NEAR_BY).exists():
            return folder / NEAR_BY
    return None
