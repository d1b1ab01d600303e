"""A phase times out on a real network: `logs` and `debug` say who was missing, from what nodes really know."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import commands
import pytest
from play import WEIGHTS, Play, Start

from hourglass.chain.client import EvmChain
from hourglass.chain.mailbox import open_mailbox
from hourglass.chain.port import ExecuteWorkflow
from hourglass.chain.sender import TransactionSender
from hourglass.chain.tasks import TaskStatus
from hourglass.cli.network import load_network
from hourglass.testing.local_network import NetworkPlan, OperatorPlan, start_local
from hourglass.testing.task_mailbox import TaskTerms, create_task
from hourglass.workflow.events import WorkflowExecutionStarted
from hourglass.workflow.execution import ExecutionStatus
from hourglass.workflow.identifiers import ExecutionId, OperatorSetId

pytestmark = pytest.mark.timeout(400)  # A network of its own for each, with the other tests beside them.


async def ask(play: Play, *arguments: str, code: int = 0) -> Any:
    """What a command answers in JSON."""
    named = (*arguments, "-n", str(play.network.network_file), "-o", "json")
    finished = await asyncio.to_thread(commands.run, *named, cwd=play.network.folder)
    assert finished.returncode == code, finished.stdout + finished.stderr
    return json.loads(finished.stdout)


def names(operators: list[dict[str, Any]]) -> list[str]:
    return [one["name"] for one in operators]


async def timed_out(play: Play, spec: str) -> ExecutionId:
    """An execution of `single` without its largest operator, which never answered."""
    await play.agent(1).kill()
    execution = await play.execute(spec, b"x")
    await play.until_signed(execution, 0, 3)

    async def named() -> bool:
        return (await play.reasons(execution, 0)).get("operator-5") == "handler_failed"

    await play.until("the misbehaviour to be named", named)
    await play.network.anvil.increase_time(601)
    assert await play.until_ended(execution) is ExecutionStatus.FAILED
    return execution


async def test_a_silenced_operator_is_named_with_what_was_short_and_then_nobody_remembers(
    start: Start, workflows: Path
) -> None:
    spec, bad = f"{workflows / 'single.py'}:single", f"{workflows / 'misbehaving.py'}:single"
    gates: list[dict[str, str]] = [{"GATE": ""}] * 4
    play = await start(spec, specs={5: bad}, environments=[*gates, {"MISBEHAVIOUR": "raises"}])
    execution = await timed_out(play, spec)
    identity = "0x" + execution.hex()

    (why,) = await ask(play, "debug", "--timeout-analysis", "--execution-id", identity)
    assert why["cause"] == "silence"
    assert names(why["silent"]) == ["operator-1"]
    assert names(why["signed"]) == ["operator-2", "operator-3", "operator-4"]
    assert [(one["name"], one["reason"]) for one in why["refused"]] == [("operator-5", "handler_failed")]
    assert (why["stake_signed"], why["stake_total"], why["stake_short"]) == ("520", "1000", "147")
    assert "operator-1 (40.0 % of the stake) never answered" in why["sentence"]
    assert 0 < why["first_attestation_s"] < 60
    assert why["deadline"] - why["started_at"] == 600
    assert why["told_at"] >= why["deadline"]
    assert await ask(play, "debug", "--timeout-analysis", "--workflow-id", "single") == [why]

    rows = await ask(play, "logs", "--workflow-id", "single", "--phase", "shout")
    told = [row["what"] for row in rows if row["source"] == "chain"]
    assert told == ["WorkflowExecutionStarted", "PhaseStarted", "PhaseTimedOut", "WorkflowFailed"]
    assert all(row["time"] and row["transaction"] for row in rows if row["source"] == "chain")
    attested = {row["who"] for row in rows if row["what"] == "Attested"}
    assert attested == {"operator-2", "operator-3", "operator-4"}
    assert any(
        row["source"] == "log" and row["who"] == "operator-5" and row["detail"].startswith("handler_failed")
        for row in rows
    )
    (status,) = await ask(play, "status", "--execution-id", identity, code=1)
    assert status["status"] == "TIMED_OUT"

    await play.network.aggregators[0].process.stop()
    (forgotten,) = await ask(play, "debug", "--timeout-analysis", "--execution-id", identity)
    assert forgotten["cause"] == "nobody_remembers"
    assert forgotten["silent"] == forgotten["signed"] == []
    assert names(forgotten["refused"]) == ["operator-5"], "its own log still says so"


async def test_an_expired_task_is_explained_too_and_what_cannot_be_answered_is_a_sentence(
    workflows: Path,
) -> None:
    spec = (f"{workflows / 'tasks.py'}:mixed",)
    operators = tuple(
        OperatorPlan(f"operator-{n}", weight, spec) for n, weight in enumerate(WEIGHTS, start=1)
    )
    plan = NetworkPlan(operators, tasks={1: TaskTerms(sla_s=4)}, pace={"solicit_s": 0.5})
    async with (
        start_local(plan) as network,
        EvmChain.connect(load_network(network.network_file).chain) as chain,
    ):
        config = load_network(network.network_file)
        play = Play(network, chain, config)
        mailbox = await open_mailbox(chain, config.chain)
        assert mailbox is not None
        await play.agent(1).kill()
        sender, which = (
            TransactionSender(chain, network.deployment.admin),
            OperatorSetId(network.deployment.avs, 1),
        )
        task = await create_task(sender, mailbox, which, b"nobody cares")
        identity = "0x" + task.hex()
        (open_,) = await ask(play, "status", identity)
        assert (open_["type"], open_["status"]) == ("TASK", "CREATED")
        assert await ask(play, "debug", "--timeout-analysis", "--execution-id", identity) == []

        async def over() -> bool:
            found = await mailbox.task(task)
            return found is not None and found.status is TaskStatus.EXPIRED

        await play.until("the task's end", over)
        (why,) = await ask(play, "debug", "--timeout-analysis", "--execution-id", identity)
        assert (why["cause"], names(why["silent"])) == ("silence", ["operator-1"])
        assert (why["stake_signed"], why["stake_short"]) == ("600", "67")
        (status,) = await ask(play, "status", "--execution-id", identity, code=1)
        assert status["status"] == "EXPIRED"
        assert status["stake signed"] == "60.0 % of 66.67 %"
        shown = await asyncio.to_thread(
            commands.run,
            "debug",
            "--timeout-analysis",
            "--execution-id",
            identity,
            "-n",
            str(network.network_file),
            cwd=network.folder,
        )
        assert "a plain task" in shown.stdout
        assert "told the contract" not in shown.stdout
        await check_refusals(play)


async def check_refusals(play: Play) -> None:
    file, folder = str(play.network.network_file), play.network.folder

    async def refused(*arguments: str) -> str:
        finished = await asyncio.to_thread(commands.run, *arguments, "-n", file, cwd=folder)
        return commands.refusal(finished)

    assert "--timeout-analysis" in await refused("debug")
    assert "--workflow-id" in await refused("logs")
    assert "has no execution 0x00" in await refused("logs", "--execution-id", "0x" + "00" * 32)
    assert "no workflow 'nothing'" in await refused("logs", "--workflow-id", "nothing")
    assert "there is no such file" in await refused("logs", "--workflow-id", "x", "--log", "nowhere.jsonl")
    assert "Name one execution" in await refused("status")
    assert await ask(play, "debug", "--timeout-analysis") == []


async def test_a_followed_workflow_tells_what_happens_as_it_happens(start: Start, workflows: Path) -> None:
    spec = f"{workflows / 'single.py'}:single"
    play = await start(spec)
    first = await play.execute(spec, b"x")
    await play.until_ended(first)
    follower = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hourglass.cli", "logs", "--workflow-id", "single", "--follow"),
        *("-n", str(play.network.network_file), "-o", "json"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert follower.stdout is not None
    told: list[tuple[str, str]] = []

    async def until_told(execution: ExecutionId) -> None:
        assert follower.stdout is not None
        async with asyncio.timeout(20):
            while ("0x" + execution.hex(), "WorkflowCompleted") not in told:
                row = json.loads(await follower.stdout.readline())
                told.append((row["execution"], row["what"]))

    await until_told(first)
    found = await play.chain.latest_workflow(play.network.deployment.admin.address, "single")
    assert found is not None
    sender = TransactionSender(play.chain, play.network.deployment.admin)
    receipt = await sender.send(ExecuteWorkflow(found.workflow_id, b"y"))
    (second,) = (e.event for e in receipt.events if isinstance(e.event, WorkflowExecutionStarted))
    await until_told(second.execution_id)
    from_chain = [
        one for one in told if one[1] in {"WorkflowExecutionStarted", "PhaseStarted", "PhaseCompleted"}
    ]
    assert len(from_chain) == len(set(from_chain)) == 6, "each once"
    follower.send_signal(signal.SIGINT)
    assert await follower.wait() == 0
