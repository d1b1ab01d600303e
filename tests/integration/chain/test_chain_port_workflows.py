"""What the port promises of workflows: asked of the twin and of a real chain alike."""

from dataclasses import replace
from typing import Any

import pytest
from impossible import IMPOSSIBLE, POSSIBLE

from hourglass.certificate.digests import (
    definition_hash,
    workflow_id,
)
from hourglass.chain.port import (
    ExecuteWorkflow,
    RegisterWorkflow,
)
from hourglass.errors import RevertedError
from hourglass.reasons import Reason
from hourglass.testing.worlds import (
    FIRST,
    FOREIGN,
    FOREIGN_AVS,
    HOME,
    NO_SET,
    ONE_PHASE,
    OTHER,
    OTHER_SET,
    SECOND,
    STRANGER,
    TIMEOUT_S,
    TWO_PHASES,
    WEIGHTS,
    World,
    phase,
)
from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.identifiers import (
    Address,
    BlockNumber,
    ExecutionId,
    PhaseIndex,
    TxHash,
    WorkflowId,
)

# ── Workflows ─────────────────────────────────────────────────────────────────────────────────────────


async def test_a_registered_workflow_is_read_back_as_it_was_written(world: World) -> None:
    found = await world.chain.workflow(await world.registered(TWO_PHASES))
    assert found is not None
    assert found.definition == TWO_PHASES
    assert found.definition_hash == definition_hash(TWO_PHASES)
    assert (found.creator, found.version, found.avs) == (world.admin.address, 1, world.avs)
    assert found.workflow_id == workflow_id(
        world.chain.chain_id, world.chain.state_machine, world.admin.address, TWO_PHASES.name, 1
    )


async def test_registering_a_name_again_makes_the_next_version(world: World) -> None:
    first = await world.registered(ONE_PHASE)
    changed = replace(ONE_PHASE, phases=(phase("only", threshold=5_000),))
    second = await world.registered(changed)
    latest = await world.chain.latest_workflow(world.admin.address, ONE_PHASE.name)
    assert latest is not None
    assert (latest.workflow_id, latest.version, latest.definition) == (second, 2, changed)
    old = await world.chain.workflow(first)
    assert old is not None
    assert (old.version, old.definition) == (1, ONE_PHASE)


async def test_nobody_knows_what_was_never_there(world: World) -> None:
    execution = await world.started(ONE_PHASE)
    assert await world.chain.workflow(WorkflowId(b"\x01" * 32)) is None
    assert await world.chain.latest_workflow(world.admin.address, "nothing of that name") is None
    assert await world.chain.execution(ExecutionId(b"\x02" * 32)) is None
    assert await world.chain.phase(ExecutionId(b"\x02" * 32), FIRST) is None
    assert await world.chain.phase(execution, PhaseIndex(1)) is None
    assert await world.chain.receipt(TxHash(b"\x03" * 32)) is None
    assert await world.chain.block(BlockNumber(10_000_000)) is None


async def test_only_a_creator_registers(world: World) -> None:
    with pytest.raises(RevertedError) as refused:
        await world.chain.estimate_gas(RegisterWorkflow(ONE_PHASE), STRANGER.address)
    assert refused.value.reason is Reason.UNAUTHORIZED
    assert refused.value.error_name == "AccessControlUnauthorizedAccount"


async def test_an_impossible_definition_is_refused_by_the_name_of_the_rule_that_it_breaks(
    world: World,
) -> None:
    for rule, broken in IMPOSSIBLE.items():
        for definition in broken:
            with pytest.raises(RevertedError) as refused:
                await world.chain.estimate_gas(RegisterWorkflow(definition), world.admin.address)
            assert (refused.value.error_name, refused.value.reason) == (rule, Reason.INVALID_DEFINITION)


async def test_a_definition_at_the_limit_of_a_rule_is_read_back_as_it_was_written(world: World) -> None:
    for limit, definition in POSSIBLE.items():
        found = await world.chain.workflow(await world.registered(definition))
        assert found is not None, limit
        assert found.definition == definition, limit
        assert found.definition_hash == definition_hash(definition), limit


async def test_a_workflow_keeps_its_own_trigger_sources_and_they_are_limited(world: World) -> None:
    triggers = tuple(Address(bytes([index]) * 20) for index in range(1, 18))
    found = await world.chain.workflow(await world.registered(ONE_PHASE, triggers[:16]))
    assert found is not None
    assert found.authorized_triggers == triggers[:16]
    with pytest.raises(RevertedError) as refused:
        await world.registered(ONE_PHASE, triggers)
    assert refused.value.error_name == "TooManyTriggers"


async def test_a_phase_may_be_worked_by_another_avs_s_operators(world: World) -> None:
    definition = WorkflowDefinition("w", (phase("a", avs=FOREIGN_AVS, threshold=7_500), phase("b")))
    found = await world.chain.workflow(await world.registered(definition))
    assert found is not None
    assert [found.operator_set(index) for index in (FIRST, SECOND)] == [FOREIGN, HOME]
    execution = await world.started(definition)
    assert (await world.view(execution, FIRST)).operator_set == FOREIGN
    with pytest.raises(RevertedError) as refused:
        await world.send(await world.submission(execution, FIRST, b"r", (0,)))
    assert refused.value.error_name == "ThresholdNotMet", "3 of 4 suffice, 7 of 16 do not"
    assert (await world.send(await world.submission(execution, FIRST, b"r"))).succeeded


@pytest.mark.parametrize(
    ("changes", "reason", "error"),
    [
        ({"operator_set": NO_SET}, Reason.TABLE_UNAVAILABLE, "TableMissing"),
        ({"avs": Address(b"\x09" * 20)}, Reason.TABLE_UNAVAILABLE, "TableMissing"),
        ({"stake": sum(WEIGHTS) + 1}, Reason.REQUIRED_STAKE_NOT_MET, "RequiredStakeNotMet"),
    ],
    ids=["no table", "no table there", "too little stake"],
)
async def test_a_phase_without_operators_to_work_it_is_refused_wherever_it_stands(
    world: World, changes: dict[str, Any], reason: Reason, error: str
) -> None:
    for phases in ((phase("a", **changes),), (phase("a"), phase("b", 0, **changes))):
        with pytest.raises(RevertedError) as refused:
            await world.registered(WorkflowDefinition("w", phases))
        assert (refused.value.reason, refused.value.error_name) == (reason, error)


async def test_a_set_without_stake_of_the_first_kind_works_nothing(world: World) -> None:
    definition = WorkflowDefinition("w", (phase("a", avs=FOREIGN_AVS),))
    workflow = await world.registered(definition)
    await world.republish(FOREIGN, [(0, 4), (0, 12)], 0)
    for call in (RegisterWorkflow(definition), ExecuteWorkflow(workflow, b"")):
        with pytest.raises(RevertedError) as refused:
            await world.send(call)
        assert refused.value.error_name == "RequiredStakeNotMet"


async def test_a_timeout_that_no_table_of_the_set_could_last_is_refused(world: World) -> None:
    await world.republish(OTHER, [(1,)], TIMEOUT_S)
    lasting, too_long = (
        phase("a", operator_set=OTHER_SET),
        phase("b", 0, operator_set=OTHER_SET, timeout_s=601),
    )
    await world.registered(WorkflowDefinition("w", (lasting,)))
    with pytest.raises(RevertedError) as refused:
        await world.registered(WorkflowDefinition("w", (lasting, too_long)))
    assert refused.value.error_name == "TimeoutExceedsStaleness"
    assert refused.value.reason is Reason.INVALID_DEFINITION


async def test_where_there_is_no_fee_vault_no_ether_is_taken(world: World) -> None:
    workflow = await world.registered(ONE_PHASE)
    for call in (RegisterWorkflow(ONE_PHASE, value_wei=1), ExecuteWorkflow(workflow, b"", value_wei=1)):
        with pytest.raises(RevertedError) as refused:
            await world.send(call)
        assert (refused.value.error_name, refused.value.reason) == ("UnexpectedValue", Reason.FEE_NOT_MET)
