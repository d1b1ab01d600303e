"""What calls would do, told without sending them, and true once they are sent."""

from collections.abc import AsyncIterator

import pytest

from hourglass.certificate.digests import workflow_id
from hourglass.chain.client import EvmChain
from hourglass.chain.port import Call, ExecuteWorkflow, RegisterWorkflow, SetPaused
from hourglass.chain.simulation import simulate
from hourglass.errors import RevertedError
from hourglass.reasons import Reason
from hourglass.testing.worlds import STRANGER, TWO_PHASES, World, anvil_world
from hourglass.workflow.identifiers import WorkflowId


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with anvil_world() as opened:
        yield opened


def evm(world: World) -> EvmChain:
    assert isinstance(world.chain, EvmChain)
    return world.chain


def first_id(world: World) -> WorkflowId:
    return workflow_id(
        world.chain.chain_id, world.chain.state_machine, world.admin.address, TWO_PHASES.name, 1
    )


async def test_a_later_call_builds_on_what_an_earlier_one_would_have_changed(world: World) -> None:
    calls: tuple[Call, ...] = (RegisterWorkflow(TWO_PHASES), ExecuteWorkflow(first_id(world), b""))
    outcomes = await simulate(evm(world), calls, world.admin.address)
    assert outcomes is not None
    assert [one.refusal for one in outcomes] == [None, None]
    assert await world.chain.latest_workflow(world.admin.address, TWO_PHASES.name) is None, "nothing was sent"
    for call, outcome in zip(calls, outcomes, strict=True):
        receipt = await world.send(call)
        assert outcome.gas_used == pytest.approx(receipt.gas_used, rel=0.02)


async def test_a_refusal_has_the_contract_s_error_and_its_reason(world: World) -> None:
    unknown = ExecuteWorkflow(first_id(world), b"")
    outcomes = await simulate(evm(world), (unknown, RegisterWorkflow(TWO_PHASES)), world.admin.address)
    assert outcomes is not None
    refused, fine = outcomes
    assert isinstance(refused.refusal, RevertedError)
    assert refused.refusal.error_name == "UnknownWorkflow"
    assert refused.refusal.reason is Reason.UNKNOWN_NAME
    assert fine.refusal is None, "the others are performed all the same"


async def test_a_sender_without_the_role_is_refused_as_it_would_be(world: World) -> None:
    outcomes = await simulate(evm(world), (SetPaused(True),), STRANGER.address)
    assert outcomes is not None
    assert outcomes[0].refusal is not None
    assert outcomes[0].refusal.reason is Reason.UNAUTHORIZED
