"""State machine, agents and an aggregator on a verifier as EigenLayer's is: it is handed roots and keeps no rows."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from random import Random

from transported import SET, Member, Transported, keys

from agent import node as agent_node
from agent.config import AgentConfig
from agent.handlers import Handlers
from agent.journal import Journal
from agent.signer import OperatorKeys, Signer
from aggregator import node as aggregator_node
from aggregator.config import AggregatorConfig
from hourglass import Context, Workflow
from hourglass.bls.signatures import default_backend
from hourglass.bls.signer import LocalBlsSigner
from hourglass.bus.memory import Faults, MemoryBus, MemoryHub
from hourglass.certificate.digests import definition_hash
from hourglass.chain.port import ExecuteWorkflow, RegisterWorkflow
from hourglass.chain.sender import TransactionSender
from hourglass.testing.anvil import Anvil
from hourglass.testing.direct_performer import DirectPerformer
from hourglass.workflow.events import WorkflowExecutionStarted, WorkflowRegistered
from hourglass.workflow.execution import PhaseStatus
from hourglass.workflow.identifiers import PhaseIndex

KEYS = keys(6)
WEIGHTS = (300, 250, 200, 150, 100)


async def test_a_phase_ends_by_the_table_that_it_pinned_though_the_set_changed_meanwhile(
    tmp_path: Path,
) -> None:
    workflow, may_go_on = Workflow("pinned"), asyncio.Event()

    @workflow.immediate(operator_set=1, threshold="66.67%", timeout=600)
    async def answer(ctx: Context) -> bytes:
        await may_go_on.wait()
        return ctx.payload.upper()

    async with Anvil.start(block_time=1) as anvil, AsyncExitStack() as stack:
        people, submitter, admin = anvil.accounts[1:6], anvil.accounts[6], anvil.accounts[0]
        world = await Transported.deploy(anvil, [submitter.address])
        members = [
            Member(one.address, (weight,), KEYS[number])
            for number, (one, weight) in enumerate(zip(people, WEIGHTS, strict=True))
        ]
        # In the middle somebody without a key: whoever stands behind it has another index than place.
        keyless = Member(anvil.accounts[7].address, (1_000,))
        await world.set_members([*members[:2], keyless, *members[2:]])
        await world.transport(staleness_s=3_600)
        chain = await stack.enter_async_context(world.chain())
        bus = MemoryBus(MemoryHub(Random(1), Faults()))
        settings = world.settings().model_dump()
        group = await stack.enter_async_context(asyncio.TaskGroup())
        nodes = []
        for number, account in enumerate(
            people[1:], start=1
        ):  # the largest is away: a non-signer with a witness
            journal = stack.enter_context(Journal.open(tmp_path / f"journal-{number}"))
            bls = LocalBlsSigner(KEYS[number], default_backend())
            signer = Signer(journal, OperatorKeys(account, {SET: bls}))
            config = AgentConfig.model_validate(
                {
                    "chain": settings,
                    "bus": {},
                    "operator_key": {"file": "unused"},
                    "bls_key": {"keystore": "unused"},
                    "journal": "unused",
                    "operator_sets": [{"avs": str(SET.avs), "number": SET.number}],
                    "workflows": ["in.process:workflow"],
                }
            )
            handlers = Handlers(DirectPerformer({definition_hash(workflow.compile()): workflow}), 60.0)
            nodes.append(group.create_task(agent_node.run(config, chain, bus, signer, handlers)))
        pace = {"solicit_s": 0.2, "turn_s": 0.2, "resubmit_s": 0.2}
        aggregator = AggregatorConfig.model_validate(
            {"chain": settings, "bus": {}, "key": {"file": "unused"}, "api": {"port": 0}, "pace": pace}
        )
        nodes.append(group.create_task(aggregator_node.run(aggregator, chain, bus, submitter)))
        sender = TransactionSender(chain, admin)
        registered = await sender.send(RegisterWorkflow(workflow.compile()))
        (workflow_id,) = (
            one.event.workflow_id for one in registered.events if isinstance(one.event, WorkflowRegistered)
        )
        receipt = await sender.send(ExecuteWorkflow(workflow_id, b"agreed"))
        (execution,) = (
            one.event.execution_id
            for one in receipt.events
            if isinstance(one.event, WorkflowExecutionStarted)
        )
        # The set is another by now: members gone, weights turned round, a key rotated.
        await world.set_members(
            [Member(people[1].address, (1,), KEYS[5]), Member(people[0].address, (9,), KEYS[0])]
        )
        await world.transport(staleness_s=3_600)
        may_go_on.set()
        async with asyncio.timeout(30):
            while True:
                view = await chain.phase(execution, PhaseIndex(0))
                assert view is not None
                if view.status is not PhaseStatus.ACTIVE:
                    break
                await asyncio.sleep(0.05)
        for node in nodes:
            node.cancel()
        assert (view.status, view.result) == (PhaseStatus.COMPLETED, b"AGREED")
        assert view.reference_timestamp < await world.newest(chain)
