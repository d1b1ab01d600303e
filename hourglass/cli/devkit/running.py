"""`devkit avs run`: an agent for each executor, the aggregators, and a bus if the project names none."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import yaml

from hourglass.cli.devkit.context import Context, DevkitOperator, ProjectSettings, RoleOperator
from hourglass.cli.devkit.keystores import bls_path, ecdsa_path, keystore_of
from hourglass.cli.devkit.network import RUN, chain_settings, write_network, write_secret
from hourglass.cli.devkit.wallet import secret_of
from hourglass.cli.network import load_network
from hourglass.cli.output import err
from hourglass.errors import ConfigError
from hourglass.reasons import Reason
from hourglass.testing.nats_server import NatsServer
from hourglass.testing.processes import NodeProcess

HASH_DIGITS = 8


async def run(context: Context, project: ProjectSettings) -> None:
    """Start everything and stay until cancelled. Raises ConfigError, ChainError, with what to do."""
    network_file = write_network(context, project)
    folder = await _state_folder(network_file)
    async with AsyncExitStack() as stack:
        bus_url = project.workflow.bus_url
        if bus_url is None:
            nats = await stack.enter_async_context(NatsServer.start(_made(folder / "nats")))
            bus_url = nats.url
            err.print(f"bus {bus_url}", highlight=False)
        nodes = [
            *aggregators(context, project, folder, bus_url),
            *agents(context, project, folder, bus_url),
        ]
        stack.push_async_callback(_stop, nodes)
        async with asyncio.TaskGroup() as group:
            for node in nodes:
                group.create_task(_start(node))
        err.print("Everything runs; Ctrl-C ends it.")
        await asyncio.Event().wait()


async def _state_folder(network_file: Path) -> Path:
    """Of this deployment alone. A devnet that begins anew gives the same contracts the same addresses, and an
    operator's journal of the old one would not let it sign in the new one."""
    from hourglass.chain.client import EvmChain

    async with EvmChain.connect(load_network(network_file).chain) as chain:
        block = await chain.block(await chain.start_block())
    if block is None:
        raise ConfigError(
            Reason.INVALID_CONFIG, "The block of our contracts was replaced meanwhile; run it again."
        )
    return _made(RUN / block.hash.hex()[:HASH_DIGITS])


async def _start(node: NodeProcess) -> None:
    await node.start()
    err.print(f"{node.name} is ready (process {node.pid}, log {node.log})", highlight=False)


async def _stop(nodes: list[NodeProcess]) -> None:
    async with asyncio.TaskGroup() as group:
        for node in nodes:
            group.create_task(node.stop())


def aggregators(context: Context, project: ProjectSettings, folder: Path, bus_url: str) -> list[NodeProcess]:
    """One for each operator of that role, not started, its settings and keys written. Raises ConfigError."""
    nodes = []
    for number, one in enumerate(project.aggregator.operators, start=1):
        name = f"aggregator-{number}"
        home = _made(folder / name)
        settings: dict[str, Any] = {
            "chain": chain_settings(context, project),
            "bus": {"url": bus_url},
            "key": _account(context, project.aggregator.operatorSetId, one, home),
            "api": {"port": project.workflow.api_port if number == 1 else 0},
        }
        if context.task_mailbox is not None:
            settings["tasks"] = {"avss": [context.avs.address]}
        nodes.append(_node(home, name, "aggregator", settings))
    return nodes


def agents(context: Context, project: ProjectSettings, folder: Path, bus_url: str) -> list[NodeProcess]:
    """One for each executor, not started, its settings and keys written. Raises ConfigError."""
    nodes = []
    for number, one in enumerate(project.executor.operators, start=1):
        name = f"executor-{number}"
        home = _made(folder / name)
        settings: dict[str, Any] = {
            "chain": chain_settings(context, project),
            "bus": {"url": bus_url},
            "operator_key": _account(context, project.executor.operatorSetId, one, home),
            "journal": str((home / "journal.sqlite").resolve()),
            "operator_sets": [_operator_set(context, project, one, home)],
            "workflows": [_module(one) for one in project.workflow.modules],
            "environment": project.workflow.environment,
        }
        if project.workflow.performer is not None:
            settings["performer"] = project.workflow.performer
        nodes.append(_node(home, name, "agent", settings))
    return nodes


def _module(spec: str) -> str:
    """A file's, from wherever the agent runs; a module's as it is."""
    return str(Path(spec).resolve()) if ".py:" in spec else spec


def _operator_set(
    context: Context, project: ProjectSettings, one: RoleOperator, home: Path
) -> dict[str, Any]:
    number, operator = project.executor.operatorSetId, context.operator(one.address)
    named: dict[str, Any] = {"avs": context.avs.address, "number": number}
    if project.curve_of(number) == "ECDSA":
        return named | {"ecdsa_key": _ecdsa_key(operator, number, home)}
    password = write_secret(
        home / "bls.password", keystore_of(operator, number).bls_keystore_password.get_secret_value()
    )
    keystore = bls_path(operator, number).resolve()
    return named | {"bls_key": {"keystore": str(keystore), "password_file": str(password.resolve())}}


def _account(context: Context, operator_set: int, one: RoleOperator, home: Path) -> dict[str, str]:
    """The operator's own account: its key in the context, or else the keystore that the context names."""
    operator = context.operator(one.address)
    if operator.ecdsa_key is not None and operator.ecdsa_key.get_secret_value():
        what = f"ecdsa_key of operator {one.address}"
        return _file(home, "operator", secret_of(operator.ecdsa_key, what).hex())
    return _ecdsa_key(operator, operator_set, home)


def _ecdsa_key(operator: DevkitOperator, operator_set: int, home: Path) -> dict[str, str]:
    path = ecdsa_path(operator, operator_set)
    password = write_secret(
        home / "ecdsa.password",
        keystore_of(operator, operator_set).ecdsa_keystore_password.get_secret_value(),
    )
    return {"file": str(path.resolve()), "password_file": str(password.resolve())}


def _file(home: Path, name: str, text: str) -> dict[str, str]:
    return {"file": str(write_secret(home / f"{name}.key", text).resolve())}


def _node(home: Path, name: str, noun: str, settings: dict[str, Any]) -> NodeProcess:
    config = home / "config.yaml"
    config.write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")
    return NodeProcess(name, (noun, "run", "--config", str(config)), home / "log.jsonl")


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
