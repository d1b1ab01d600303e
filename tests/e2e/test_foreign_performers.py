"""Operators whose code runs in performers that know nothing of this project, beside operators with Python workflows."""

import json
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from outsider import command
from play import WEIGHTS, WORKFLOWS, Play, Witnessing

from hourglass.chain.client import EvmChain
from hourglass.chain.mailbox import EvmTaskMailbox, open_mailbox
from hourglass.chain.sender import TransactionSender
from hourglass.chain.tasks import TaskHash, TaskStatus, TaskView
from hourglass.cli.network import load_network
from hourglass.testing.local_network import NetworkPlan, OperatorPlan, start_local
from hourglass.testing.nats_server import free_port
from hourglass.testing.task_mailbox import TaskTerms, create_task
from hourglass.workflow.execution import ExecutionStatus
from hourglass.workflow.identifiers import BasisPoints, OperatorSetId

SPEC = f"{WORKFLOWS / 'foreign.py'}:shared"
PACE = {"solicit_s": 0.5, "turn_s": 1.0, "resubmit_s": 0.5}
EVERYBODY = BasisPoints(9_500)
Code = Mapping[str, Any]


async def outsiders() -> Code:
    """The outsider's performer, and no workflow."""
    address = f"127.0.0.1:{await free_port()}"
    return {"workflows": (), "performer": {"address": address, "command": list(command(address))}}


async def served() -> Code:
    """This project's own performer with the workflow's Python handlers, and no workflow in the agent."""
    address = f"127.0.0.1:{await free_port()}"
    serve = [sys.executable, "-m", "hourglass.cli", "performer", "serve", SPEC, "--listen", address]
    return {"workflows": (), "performer": {"address": address, "command": serve}}


@asynccontextmanager
async def playing(codes: Sequence[Code], terms: TaskTerms) -> AsyncIterator[tuple[Play, EvmTaskMailbox]]:
    operators = tuple(
        OperatorPlan(f"operator-{number}", weight, **code)
        for number, (weight, code) in enumerate(zip(WEIGHTS, codes, strict=True), start=1)
    )
    async with start_local(NetworkPlan(operators, pace=PACE, tasks={1: terms})) as network:
        config = load_network(network.network_file)
        async with EvmChain.connect(config.chain) as chain:
            mailbox = await open_mailbox(chain, config.chain)
            assert mailbox is not None
            yield Play(network, chain, config), mailbox


async def create(play: Play, mailbox: EvmTaskMailbox, payload: bytes) -> TaskHash:
    sender = TransactionSender(play.chain, play.network.deployment.admin)
    return await create_task(sender, mailbox, OperatorSetId(play.network.deployment.avs, 1), payload)


async def until_over(play: Play, mailbox: EvmTaskMailbox, task: TaskHash) -> TaskView:
    async def over() -> bool:
        seen = await mailbox.task(task)
        return seen is not None and seen.status is not TaskStatus.CREATED

    await play.until("the task's end", over)
    found = await mailbox.task(task)
    assert found is not None
    return found


def said(play: Play, name: str) -> set[str]:
    """Reasons and events in a node's log."""
    notes = [json.loads(line) for line in play.network.logs()[name].splitlines() if line.startswith("{")]
    return {str(one.get(key)) for one in notes for key in ("reason", "event")}


async def test_three_kinds_of_performers_sign_the_same_bytes_for_tasks_and_phases(
    witness: Witnessing,
) -> None:
    python: Code = {"workflows": (SPEC,)}
    codes = [await outsiders(), python, await served(), python, await outsiders()]
    async with (
        playing(codes, TaskTerms(threshold=EVERYBODY)) as (play, mailbox),
        witness(play.network) as heard,
    ):
        task = await create(play, mailbox, b'{"numberToBeSquared":"4"}')
        execution = await play.execute(SPEC, b"run")
        done = await until_over(play, mailbox, task)
        assert (done.status, done.result) == (TaskStatus.VERIFIED, b'{"numberToBeSquared":"4"}'[::-1])
        assert await play.until_ended(execution) is ExecutionStatus.COMPLETED
        assert (await play.phase(execution, 2)).result == (103).to_bytes(32, "big")
        assert (await play.phase(execution, 3)).result == b"run by phase"
        assert not heard.slots_signed_twice()


async def test_killed_in_the_middle_of_a_task_it_is_done_after_all_and_a_false_answer_is_never_signed(
    tmp_path: Path, witness: Witnessing
) -> None:
    codes = [await outsiders() for _ in WEIGHTS]
    async with (
        playing(codes, TaskTerms(sla_s=12)) as (play, mailbox),
        witness(play.network) as heard,
    ):
        stolen = await create(play, mailbox, b"wrong-id")
        deadly = b"crash-once " + str(tmp_path / "died").encode()
        dying = await create(play, mailbox, deadly)
        done = await until_over(play, mailbox, dying)
        assert (done.status, done.result) == (TaskStatus.VERIFIED, deadly[::-1])
        everything = set[str]().union(*(said(play, one.name) for one in play.network.agents))
        assert {"performer_crashed", "performer_wrong_answer"} <= everything
        assert "the performer is started again" in everything
        assert (await until_over(play, mailbox, stolen)).status is TaskStatus.EXPIRED
        assert not heard.slots_signed_twice()
        assert not [one for one in heard.attestations if one.slot.execution_id == stolen]
        assert [one for one in heard.attestations if one.slot.execution_id == dying]
