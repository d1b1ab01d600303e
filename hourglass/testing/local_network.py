"""A whole network on this machine: real NATS, real anvil, the contracts, and every node its own OS process.

It is what `hourglass dev`, the demo, the benchmarks and the end-to-end tests run on. Everything it writes is in
one temporary folder, and leaving the context ends every process and removes that folder.
"""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from hourglass.bls.keys import ENTROPY_BYTES, SecretKey
from hourglass.bls.signatures import default_backend
from hourglass.certificate.ecdsa import address_of
from hourglass.chain.port import Account
from hourglass.keystores.bn254 import write_keystore
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import Deployment, OperatorRegistration, SetName, deploy_local
from hourglass.testing.nats_server import NatsServer
from hourglass.testing.processes import NodeProcess
from hourglass.testing.task_mailbox import TaskTerms, deploy_mailbox
from hourglass.workflow.identifiers import WORD_BYTES, Address

LIGHT_SCRYPT_N = 2**4
"""Keystores of a local network protect nothing: their keys live as long as the folder."""
POLL_INTERVAL_S = 0.05
BLOCK_TIME_S = 1
"""Blocks come at once with a transaction, and every second without, so that the chain's clock moves."""
ONLY_SET: tuple[SetName, ...] = (1,)


@dataclass(frozen=True, slots=True)
class OperatorPlan:
    """One operator of a local network."""

    name: str
    weight: int | Mapping[SetName, int]
    """Its stake in every operator set, or in those that are named: it is in no other."""
    workflows: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    """What its handlers see."""
    performer: Mapping[str, Any] | None = None
    """Its gRPC performer, as in the agent's settings."""

    def stakes(self, operator_sets: Sequence[SetName]) -> dict[SetName, int]:
        """Its stake by operator set."""
        weights = (
            self.weight if isinstance(self.weight, Mapping) else dict.fromkeys(operator_sets, self.weight)
        )
        return {which: weights[which] for which in operator_sets if weights.get(which)}


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """What to start."""

    operators: tuple[OperatorPlan, ...]
    operator_sets: tuple[SetName, ...] = ONLY_SET
    aggregators: int = 1
    ecdsa_sets: tuple[SetName, ...] = ()
    """Those of the operator sets that sign on ECDSA."""
    tasks: Mapping[SetName, TaskTerms] = field(default_factory=dict)
    """The operator sets that take plain tasks, too; without any, there is no mailbox."""
    pace: Mapping[str, float] = field(default_factory=dict)
    chain_port: int | None = None
    bus_port: int | None = None
    api_port: int = 0


@dataclass(slots=True)
class LocalNode:
    """An agent or aggregator of a local network."""

    name: str
    account: Account
    process: NodeProcess


@dataclass(slots=True)
class LocalNetwork:
    """A running local network."""

    folder: Path
    nats: NatsServer
    anvil: Anvil
    deployment: Deployment
    agents: list[LocalNode]
    aggregators: list[LocalNode]
    mailbox: Address | None = None
    """Where plain tasks are created."""

    @property
    def network_file(self) -> Path:
        """What the other commands need to find this network."""
        return self.folder / "network.yaml"

    @property
    def api_url(self) -> str:
        """The first aggregator's status API."""
        return f"http://127.0.0.1:{self.aggregators[0].process.announced}"

    def name_of(self, address: str) -> str:
        """An operator's name by its address."""
        return next((node.name for node in self.agents if str(node.account.address) == address), address)

    def logs(self) -> dict[str, str]:
        """Every node's log, by name: what to look at when something went wrong."""
        nodes = (*self.agents, *self.aggregators)
        return {node.name: node.process.log.read_text("utf-8", errors="replace") for node in nodes}


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder for as long as the context lasts."""
    with tempfile.TemporaryDirectory(prefix="hourglass-") as folder:
        yield Path(folder)


@asynccontextmanager
async def start_local(
    plan: NetworkPlan, announce: Callable[[str], None] = lambda _: None
) -> AsyncIterator[LocalNetwork]:
    """Start everything, wait until every node is ready, and end and remove it all on leaving.

    `announce` is told, in a few words, whatever has come up.
    """
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(temporary_folder())
        nats, anvil = await asyncio.gather(
            stack.enter_async_context(NatsServer.start(_folder(folder, "nats"), plan.bus_port)),
            stack.enter_async_context(Anvil.start(port=plan.chain_port, block_time=BLOCK_TIME_S)),
        )
        announce(f"NATS with JetStream on {nats.url}")
        announce(f"chain {anvil.chain_id} (anvil) on {anvil.rpc_url}")
        people = [_Keys.generate(one.stakes(plan.operator_sets), plan.ecdsa_sets) for one in plan.operators]
        aggregators = [_new_account() for _ in range(plan.aggregators)]
        network = LocalNetwork(
            folder,
            nats,
            anvil,
            await deploy_local(
                anvil,
                [keys.registration for keys in people],
                [account.address for account in aggregators],
            ),
            agents=[],
            aggregators=[],
        )
        if plan.tasks:
            terms = {network.deployment.identified(which): one for which, one in plan.tasks.items()}
            network.mailbox = await deploy_mailbox(anvil, network.deployment, terms)
        announce(f"contracts deployed, {len(people)} operators registered with their stake")
        stack.push_async_callback(_stop, network)
        for one, keys in zip(plan.operators, people, strict=True):
            network.agents.append(_agent(network, one, keys))
        for number, account in enumerate(aggregators):
            network.aggregators.append(_aggregator(network, plan, number, account))
        async with asyncio.TaskGroup() as group:
            for node in (*network.aggregators, *network.agents):
                group.create_task(_start(node, announce))
        _write(network.network_file, _network_settings(network))
        yield network


async def _start(node: LocalNode, announce: Callable[[str], None]) -> None:
    await node.process.start()
    announce(f"{node.name} ready (process {node.process.pid})")


async def _stop(network: LocalNetwork) -> None:
    async with asyncio.TaskGroup() as group:
        for node in (*network.aggregators, *network.agents):
            group.create_task(node.process.stop())


@dataclass(frozen=True, slots=True)
class _Keys:
    account: Account
    stakes: Mapping[SetName, int]
    bls: Mapping[SetName, SecretKey]
    """One for each operator set: a key can be registered once."""
    ecdsa: Mapping[SetName, Account]
    """One for each that signs on ECDSA."""

    @classmethod
    def generate(cls, stakes: Mapping[SetName, int], ecdsa_sets: Sequence[SetName]) -> "_Keys":
        bls = {
            which: SecretKey.from_entropy(secrets.token_bytes(ENTROPY_BYTES))
            for which in stakes
            if which not in ecdsa_sets
        }
        return cls(_new_account(), stakes, bls, {one: _new_account() for one in stakes if one in ecdsa_sets})

    @property
    def registration(self) -> OperatorRegistration:
        weights = {which: (stake,) for which, stake in self.stakes.items()}
        ecdsa_keys = {which: account.address for which, account in self.ecdsa.items()}
        return OperatorRegistration(self.account.address, self.bls, weights, ecdsa_keys)


def _new_account() -> Account:
    secret = secrets.token_bytes(WORD_BYTES)
    return Account(address_of(secret), secret)


def _agent(network: LocalNetwork, plan: OperatorPlan, keys: _Keys) -> LocalNode:
    folder = _folder(network.folder, plan.name)
    key_file, password = folder / "operator.key", folder / "password"
    _write_secret(key_file, keys.account.secret.hex())
    _write_secret(password, secrets.token_hex(16))
    sets = []
    for number, (which, secret) in enumerate(keys.bls.items(), start=1):
        keystore = folder / f"bls-{number}.json"
        _write_keystore(keystore, secret, password.read_text())
        avs, index = network.deployment.identified(which)
        bls_key = {"keystore": str(keystore), "password_file": str(password)}
        sets.append({"avs": str(avs), "number": index, "bls_key": bls_key})
    for number, (which, account) in enumerate(keys.ecdsa.items(), start=1):
        ecdsa_key = folder / f"ecdsa-{number}.key"
        _write_secret(ecdsa_key, account.secret.hex())
        avs, index = network.deployment.identified(which)
        sets.append({"avs": str(avs), "number": index, "ecdsa_key": {"file": str(ecdsa_key)}})
    settings = {
        "chain": _chain_settings(network),
        "bus": {"url": network.nats.url},
        "operator_key": {"file": str(key_file)},
        "journal": str(folder / "journal.sqlite"),
        "operator_sets": sets,
        "workflows": list(plan.workflows),
        "environment": dict(plan.environment),
    }
    if plan.performer is not None:
        settings["performer"] = dict(plan.performer)
    process = _process(folder, plan.name, "agent", settings)
    return LocalNode(plan.name, keys.account, process)


def _aggregator(network: LocalNetwork, plan: NetworkPlan, number: int, account: Account) -> LocalNode:
    name = f"aggregator-{number + 1}"
    folder = _folder(network.folder, name)
    _write_secret(folder / "account.key", account.secret.hex())
    settings = {
        "chain": _chain_settings(network),
        "bus": {"url": network.nats.url},
        "key": {"file": str(folder / "account.key")},
        "api": {"port": plan.api_port if number == 0 else 0},
        "pace": dict(plan.pace),
    }
    if plan.tasks:
        avss = {network.deployment.identified(which).avs for which in plan.tasks}
        settings["tasks"] = {"avss": [str(avs) for avs in sorted(avss)]}
    return LocalNode(name, account, _process(folder, name, "aggregator", settings))


def _process(folder: Path, name: str, noun: str, settings: dict[str, Any]) -> NodeProcess:
    _write(folder / "config.yaml", settings)
    return NodeProcess(name, (noun, "run", "--config", str(folder / "config.yaml")), folder / "log.jsonl")


def _network_settings(network: LocalNetwork) -> dict[str, Any]:
    key_file = network.folder / "user.key"
    _write_secret(key_file, network.deployment.admin.secret.hex())
    return {
        "chain": _chain_settings(network),
        "key": {"file": str(key_file)},
        "aggregators": [f"http://127.0.0.1:{node.process.announced}" for node in network.aggregators],
        "names": {str(node.account.address): node.name for node in network.agents},
    }


def _chain_settings(network: LocalNetwork) -> dict[str, Any]:
    mailbox = {} if network.mailbox is None else {"task_mailbox": str(network.mailbox)}
    return mailbox | {
        "rpc_url": network.anvil.rpc_url,
        "chain_id": network.anvil.chain_id,
        "state_machine": str(network.deployment.state_machine),
        "poll_interval_s": POLL_INTERVAL_S,
    }


def _write_keystore(path: Path, secret: SecretKey, password: str) -> None:
    keystore = write_keystore(
        secret,
        password,
        secrets.token_bytes(32),
        secrets.token_bytes(16),
        default_backend(),
        scrypt_n=LIGHT_SCRYPT_N,
    )
    _write_secret(path, keystore.decode())


def _folder(parent: Path, name: str) -> Path:
    folder = parent / name
    folder.mkdir()
    return folder


def _write(path: Path, settings: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")


def _write_secret(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, "utf-8")
