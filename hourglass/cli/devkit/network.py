"""A DevKit project as the other commands see it: `.hourglass/network.yaml`, which they find near by."""

import os
from pathlib import Path
from typing import Any

import yaml

from hourglass.cli.devkit.context import Context, ProjectSettings
from hourglass.cli.devkit.wallet import secret_of
from hourglass.cli.network import NEAR_BY
from hourglass.workflow.identifiers import Address

RUN = Path(".hourglass/run")
"""What running nodes keep: settings, keys, journals, logs. Never part of a release."""
DEVNET_POLL_S = 0.2
CORE = ("key_registrar", "cross_chain_registry")
"""What operator tables are rebuilt from, where the verifier is EigenLayer's: names in settings and context alike."""


def write_network(context: Context, project: ProjectSettings) -> Path:
    """Write the network's file and the application's key, as the context has them now. Raises ConfigError."""
    secret = secret_of(context.app_private_key, "app_private_key")
    key_file = write_secret(RUN / "app.key", secret.hex())
    settings = {
        "chain": chain_settings(context, project),
        "key": {"file": str(key_file.resolve())},
        "aggregators": [f"http://127.0.0.1:{project.workflow.api_port}"],
        "names": {
            str(Address.parse(one.address)): f"executor-{number}"
            for number, one in enumerate(project.executor.operators, start=1)
        },
    }
    NEAR_BY.parent.mkdir(parents=True, exist_ok=True)
    NEAR_BY.write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")
    return NEAR_BY


def chain_settings(context: Context, project: ProjectSettings) -> dict[str, Any]:
    """Raises ConfigError(INVALID_CONFIG) before our contracts are deployed."""
    settings: dict[str, Any] = {
        "rpc_url": context.chains.l2.rpc_url,
        "chain_id": context.chains.l2.chain_id,
        "state_machine": str(context.state_machine),
        "poll_interval_s": DEVNET_POLL_S,
    }
    if context.task_mailbox is not None:
        settings["task_mailbox"] = str(context.task_mailbox)
    if project.workflow.verifier == "eigenlayer":
        core = {name: str(context.eigenlayer_address("l1", name)) for name in CORE}
        settings["eigenlayer"] = {"rpc_url": context.chains.l1.rpc_url, **core}
    return settings


def write_secret(path: Path, text: str) -> Path:
    """A file for its owner's eyes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    return path
