"""An operator whose keys are all with remote signers, and an aggregator whose account is: nobody else notices."""

import asyncio
from pathlib import Path
from typing import Any

import cerberus_server
import web3signer_server
import yaml
from cerberus_server import API_KEY, MCL, PASSWORD, Cerberus
from play import Start, Witnessing
from web3signer_server import Web3Signer

from hourglass.keystores.bn254 import read_keystore
from hourglass.testing.local_network import LocalNode
from hourglass.testing.processes import NodeProcess
from hourglass.workflow.execution import ExecutionStatus


def settings_file(process: NodeProcess) -> Path:
    """The YAML that a node was started with."""
    return process.log.parent / "config.yaml"


def with_cerberus(process: NodeProcess) -> Cerberus:
    """A server that keeps the agent's BLS key from now on; the agent's own keystore is gone."""
    found: dict[str, Any] = yaml.safe_load(settings_file(process).read_text())
    (one,) = found["operator_sets"]
    keystore, password = Path(one["bls_key"]["keystore"]), Path(one["bls_key"]["password_file"])
    server = Cerberus(read_keystore(keystore.read_bytes(), password.read_text(), MCL))
    keystore.unlink()
    return server


def tell_agent(process: NodeProcess, cerberus: Cerberus, web3signer: Web3Signer, node: LocalNode) -> None:
    """Rewrite an agent's settings: no secret of its own is in them any more, nor where they point."""
    path = settings_file(process)
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    for name, secret in (("api-key", API_KEY), ("key-password", PASSWORD)):
        (path.parent / name).write_text(secret)
    found["operator_sets"][0]["bls_key"] = {
        "cerberus": {
            "address": f"127.0.0.1:{cerberus.port}",
            "public_key": "0x" + cerberus.secret.public_key(MCL).key_data.hex(),
            "api_key_file": str(path.parent / "api-key"),
            "password_file": str(path.parent / "key-password"),
            "plaintext": True,
        }
    }
    Path(found["operator_key"]["file"]).unlink()
    found["operator_key"] = {"web3signer": {"url": web3signer.url, "address": str(node.account.address)}}
    path.write_text(yaml.safe_dump(found))


def tell_aggregator(node: LocalNode, web3signer: Web3Signer) -> None:
    path = settings_file(node.process)
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    Path(found["key"]["file"]).unlink()
    found["key"] = {"web3signer": {"url": web3signer.url, "address": str(node.account.address)}}
    path.write_text(yaml.safe_dump(found))


async def test_keys_stay_with_their_signers_and_what_a_signer_says_falsely_goes_nowhere(
    start: Start, witness: Witnessing, workflows: Path
) -> None:
    spec = f"{workflows / 'single.py'}:single"
    play = await start(spec)
    agent, aggregator = play.network.agents[0], play.network.aggregators[0]
    await asyncio.gather(agent.process.stop(), aggregator.process.stop())
    accounts = Web3Signer((agent.account.secret, aggregator.account.secret), play.chain.chain_id)
    keeper = with_cerberus(agent.process)
    with cerberus_server.serving(keeper):
        async with web3signer_server.serving(accounts), witness(play.network) as seen:
            tell_agent(agent.process, keeper, accounts, agent)
            tell_aggregator(aggregator, accounts)
            await asyncio.gather(agent.process.start(), aggregator.process.start())
            play.config = play.config.model_copy(
                update={"aggregators": (f"http://127.0.0.1:{aggregator.process.announced}",)}
            )
            # Without this operator there is no quorum.
            first = await play.execute(spec, b"carry on")
            assert await play.until_ended(first) is ExecutionStatus.COMPLETED
            assert str(agent.account.address) in {str(one.operator) for one in seen.attestations}

            keeper.answer = lambda _: cerberus_server.response(b"\x01" * 64)
            second = await play.execute(spec, b"carry on")

            async def refused() -> bool:
                return (await play.reasons(second, 0)).get(agent.name) == "signer_false"

            await play.until("the false signature to be thrown away", refused)
            keeper.answer = None
            assert await play.until_ended(second) is ExecutionStatus.COMPLETED
            assert seen.slots_signed_twice() == []
            log = agent.process.log.read_text()
            for secret in (API_KEY, PASSWORD, agent.account.secret.hex(), str(keeper.secret.scalar)):
                assert secret not in log
