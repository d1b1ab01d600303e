"""A DevKit project from deployment to a workflow's result, every step a script started as DevKit starts it."""

import asyncio
import hashlib
import json
import os
import re
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from commands import refusal
from devkit_project import AVS, KEYS, OPERATORS, TEMPLATE, Project, context, devkit_keys, printed
from eth_abi.abi import encode
from transported import GAS, SET, WHICH, Member, Transported

from hourglass.certificate.ecdsa import address_of
from hourglass.chain.codec import load_contract
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import Script
from hourglass.testing.nats_server import free_port
from hourglass.testing.task_mailbox import TaskTerms
from hourglass.workflow.identifiers import Address

PATIENCE_S = 60.0
pytestmark = pytest.mark.timeout(
    400
)  # A dozen processes, one after the other, with the other tests beside them.
APP = address_of(bytes.fromhex(KEYS[2][2:]))


@pytest.fixture
async def anvil() -> AsyncIterator[Anvil]:
    async with Anvil.start(block_time=1) as started:
        yield started


@dataclass(slots=True)
class Nodes:
    """`devkit avs run`, up."""

    process: subprocess.Popen[str]
    pids: list[int]

    def alive(self) -> list[int]:
        """Those of its nodes that have not ended."""
        return [pid for pid in self.pids if _runs(pid)]


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def ignore_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def running(project: Project) -> Iterator[Nodes]:
    """`devkit avs run` as DevKit starts it, in a group of its own; interrupted at the end if it still runs.

    SIGINT is ignored at its start, as a shell has it for what it starts in the background.
    """
    process = subprocess.Popen(
        project.command("run", project.context_json),
        cwd=project.folder,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=ignore_interrupts,
    )
    try:
        assert process.stderr is not None
        said = ""
        for line in process.stderr:
            said += line
            if "Everything runs" in line:
                break
        else:
            pytest.fail(f"it did not come up:\n{said}")
        yield Nodes(process, [int(pid) for pid in re.findall(r"process (\d+)", said)])
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)


async def asked(project: Project, **pairs: str) -> Any:
    return printed(await asyncio.to_thread(lambda: project.call(**pairs)))


async def test_a_project_is_deployed_run_and_called_by_its_scripts(anvil: Anvil, tmp_path: Path) -> None:
    project = Project.create(
        tmp_path / "avs", context(anvil.rpc_url), verifier="local", api_port=await free_port()
    )
    patient = (TEMPLATE / "workflow.py").read_text("utf-8").replace("timeout=60", "timeout=600")
    (project.folder / "workflow.py").write_text(patient, "utf-8")
    assert await asyncio.to_thread(project.merge, "deployL1Contracts") == {"deployed_l1_contracts": []}
    deployed = await asyncio.to_thread(project.merge, "deployL2Contracts")
    names = [one["name"] for one in deployed["deployed_l2_contracts"]]
    assert names[:4] == ["operatorTable", "ecdsaOperatorTable", "taskMailbox", "workflowStateMachine"]
    for one in deployed["deployed_l2_contracts"]:
        assert json.loads((project.folder / one["abi"]).read_text("utf-8"))["abi"], "as DevKit reads it"
        assert len(await anvil.request("eth_getCode", one["address"], "latest")) > 100
    with running(project) as nodes:
        registered = await asked(project, workflow="register", module="workflow.py", name="oracle")
        assert (registered["workflow"], registered["phases"]) == ("oracle", 2)
        executed = await asked(project, workflow="execute", name="oracle", input="hello")
        assert executed["status"] == "COMPLETED"
        assert bytes.fromhex(executed["result"][2:]).startswith(b"agreed on ")
        rows = await asked(project, workflow="status", execution=executed["execution"])
        assert [(row["name"], row["status"]) for row in rows] == [
            ("agree", "COMPLETED"),
            ("update", "COMPLETED"),
        ]
        told = await asked(project, workflow="logs", id="oracle", phase="update")
        assert {row["what"] for row in told} >= {"PhaseStarted", "Attested", "PhaseCompleted"}
        assert {row["who"] for row in told if row["what"] == "Attested"} == {
            "executor-1",
            "executor-2",
            "executor-3",
        }
        assert await asked(project, workflow="debug", id="oracle") == []
        unknown = await asyncio.to_thread(lambda: project.call(workflow="status", execution="0x" + "00" * 32))
        assert "has no execution" in refusal(unknown)
        task = await asyncio.to_thread(lambda: project.call(signature="(uint256,string)", args='(5,"hello")'))
        answer = printed(task)
        payload = encode(["(uint256,string)"], [(5, "hello")])
        assert (answer["status"], answer["executorOperatorSetId"]) == ("verified", "1")
        assert answer["result"] == "0x" + hashlib.sha256(payload).hexdigest()
        assert len(bytes.fromhex(answer["executorCert"][2:])) > 100
        assert answer["taskHash"] in task.stderr
        assert len(nodes.alive()) == 4
    assert nodes.process.returncode == 0
    assert nodes.alive() == [], "what it started has ended with it"
    secrets = [
        path for path in (project.folder / ".hourglass").rglob("*") if path.suffix in (".key", ".password")
    ]
    assert len(secrets) >= 8
    assert {path.stat().st_mode & 0o777 for path in secrets} == {0o600}


async def test_operators_and_stake_are_eigenlayers_where_the_context_names_its_contracts(
    anvil: Anvil, tmp_path: Path
) -> None:
    """Its core and its verifier, as they stand in for EigenLayer's: one knows keys and stake, the other roots alone."""
    world = await Transported.deploy(anvil)
    executors = list(zip(OPERATORS[:3], devkit_keys(), strict=False))
    await world.set_members([Member(Address.parse(who), (300,), key) for who, key in executors])
    await world.transport()
    mailbox, ecdsa_table = await mailbox_with_terms(anvil, world)
    core = dict.fromkeys(("allocation_manager", "key_registrar", "cross_chain_registry"), str(world.core))
    there = {
        "bn254_certificate_verifier": str(world.verifier),
        "ecdsa_certificate_verifier": str(ecdsa_table),
        "task_mailbox": str(mailbox),
    }
    avs = {"address": str(SET.avs), "avs_private_key": KEYS[1]}
    project = Project.create(
        tmp_path / "avs",
        context(anvil.rpc_url, avs=avs, eigenlayer={"l1": core, "l2": there}),
        light_keystores=False,
        api_port=await free_port(),
    )
    (registrar,) = (await asyncio.to_thread(project.merge, "deployL1Contracts"))["deployed_l1_contracts"]
    assert "avsregistrar" in registrar["name"].lower(), "by this DevKit finds it"
    assert await view(anvil, "WorkflowAVSRegistrar", registrar["address"], "supportsAVS", str(SET.avs))
    finished = await asyncio.to_thread(project.with_context, "deployL2Contracts")
    assert "has its terms" in finished.stderr, "an AVS that moves over keeps them"
    project.context |= printed(finished)
    deployed = {one["name"]: one["address"] for one in project.context["deployed_l2_contracts"]}
    assert deployed["taskMailbox"] == str(mailbox)
    machine = "WorkflowStateMachine", deployed["workflowStateMachine"]
    assert await view(anvil, *machine, "verifier") == str(world.verifier).lower()
    assert await view(anvil, *machine, "ecdsaVerifier") == str(ecdsa_table).lower()
    assert await view(anvil, *machine, "avs") == str(SET.avs).lower()
    creator = await view(anvil, *machine, "WORKFLOW_CREATOR_ROLE")
    assert await view(anvil, *machine, "hasRole", creator, str(APP))
    with running(project) as nodes:
        await asked(project, workflow="register", module="workflow.py", name="oracle")
        executed = await asked(project, workflow="execute", name="oracle", input="hello")
        assert executed["status"] == "COMPLETED"
        # This is what DevKit does when it is told to stop: it leaves no time for anything.
        os.killpg(nodes.process.pid, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_S):
            while nodes.alive():
                await asyncio.sleep(0.1)


async def mailbox_with_terms(anvil: Anvil, world: Transported) -> tuple[Address, Address]:
    """A mailbox in which the AVS has its terms already; and a verifier of ECDSA sets, which has none."""
    script = await Script.by(anvil, anvil.accounts[0])
    owner = str(anvil.accounts[0].address)
    ecdsa_table = script.deploy("EcdsaOperatorTable", owner)
    mailbox = script.deploy("TaskMailbox", str(world.verifier), str(ecdsa_table))
    script.call("TaskMailbox", mailbox, GAS, "initialize", owner, 0, owner)
    terms = TaskTerms().as_tuple(script.deploy("FlatFeeHook", 0))
    script.call("TaskMailbox", mailbox, GAS, "setExecutorOperatorSetTaskConfig", WHICH, terms)
    await script.run()
    return mailbox, ecdsa_table


async def view(anvil: Anvil, contract: str, address: str, function: str, *arguments: object) -> Any:
    known = load_contract(contract)
    call = {"to": address, "data": "0x" + known.call(function, *arguments).hex()}
    (answer,) = known.answer(function, bytes.fromhex((await anvil.request("eth_call", call, "latest"))[2:]))
    return answer


async def test_operators_with_ecdsa_keys_work_workflows_and_tasks(anvil: Anvil, tmp_path: Path) -> None:
    """As Hourglass's own template has them."""
    project = Project.create(
        tmp_path / "avs", context(anvil.rpc_url), verifier="local", api_port=await free_port()
    )
    project.sign_on("ECDSA")
    await asyncio.to_thread(project.merge, "deployL2Contracts")
    with running(project):
        await asked(project, workflow="register", module="workflow.py", name="oracle")
        executed = await asked(project, workflow="execute", name="oracle", input="hello")
        assert executed["status"] == "COMPLETED"
        answer = await asked(project, signature="string", args="hello")
        assert answer["result"] == "0x" + hashlib.sha256(encode(["string"], ["hello"])).hexdigest()


async def test_what_is_missing_is_said_before_anything_is_sent(anvil: Anvil, tmp_path: Path) -> None:
    layers = {
        "l1": {"allocation_manager": AVS},
        "l2": {"bn254_certificate_verifier": AVS, "task_mailbox": AVS},
    }
    project = Project.create(tmp_path / "avs", context(anvil.rpc_url, eigenlayer=layers))

    def refused(script: str, *arguments: str, code: int = 2) -> str:
        return refusal(project.with_context(script, *arguments), code)

    async def said(script: str, *arguments: str, code: int = 2) -> str:
        return await asyncio.to_thread(lambda: refused(script, *arguments, code=code))

    assert "set workflow.verifier to `local`" in await said("deployL1Contracts")
    assert "eigenlayer.l2.bn254_certificate_verifier" in await said("deployL2Contracts")
    assert "devkit avs deploy contracts l2" in await said("run")
    assert "devkit avs deploy contracts l2" in await said("call", '{"workflow": "logs", "id": "x"}')
    task = json.dumps({"signature": "uint256", "args": "5"})
    assert "have no taskMailbox" in await said("call", task)
    assert (
        int(await anvil.request("eth_getTransactionCount", str(anvil.accounts[0].address), "latest"), 16) == 0
    )
    project.context["chains"]["l2"] = project.context["chains"]["l2"] | {"chain_id": 5}
    assert "The endpoint is of chain 31337; the context says 5." in await said("deployL2Contracts")
    project.context = context()
    project.change(workflow={"verifier": "local"})
    assert "127.0.0.1:1" in await said("deployL2Contracts", code=3)
