"""What the port promises of phases that wait for a trigger: asked of the twin and of a real chain alike."""

import pytest

from hourglass.certificate.digests import approval_digest, inputs_hash, triggered_inputs_hash
from hourglass.certificate.ecdsa import address_of, sign_digest
from hourglass.certificate.slots import ObservationSlot
from hourglass.chain.port import CheckPhaseTimeout, Trigger
from hourglass.errors import RevertedError
from hourglass.reasons import Reason
from hourglass.testing.worlds import FIRST, SECOND, STRANGER, TIMEOUT_S, TWO_PHASES, World, phase
from hourglass.workflow import abi
from hourglass.workflow.definition import (
    MAX_STORED_RESULT_BYTES,
    MAX_TRIGGER_DATA_BYTES,
    PhaseDefinition,
    TriggerMode,
    WorkflowDefinition,
)
from hourglass.workflow.events import ConditionalTriggerActivated, PhaseStarted
from hourglass.workflow.execution import PhaseStatus
from hourglass.workflow.identifiers import Address, Attempt, ExecutionId, PhaseIndex, Tick
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.triggers import (
    Condition,
    all_of,
    always,
    any_of,
    approved_by,
    at_block,
    at_time,
    chain_event,
    data_hash,
    encode,
    encode_log,
    not_,
    oracle_within,
    price_above,
    result_above,
)

SECRETS = (b"\x31" * 32, b"\x32" * 32, b"\x33" * 32)
SIGNERS = tuple(address_of(secret) for secret in SECRETS)


def gated(condition: Condition, *after: int, **changes: object) -> PhaseDefinition:
    options: dict[str, object] = {"trigger_mode": TriggerMode.SOURCE, **changes}
    return phase("gated", *after, kind=PhaseType.CONDITIONAL, condition=encode(condition), **options)  # type: ignore[arg-type]


def price(value: int) -> bytes:
    return abi.encode(["int256"], [value])


async def waiting(
    world: World, condition: Condition, name: str = "w", triggers: tuple[Address, ...] = (), **changes: object
) -> ExecutionId:
    workflow = await world.registered(WorkflowDefinition(name, (gated(condition, **changes),)), triggers)
    return await world.executed(workflow)


async def refused(world: World, call: Trigger, error: str) -> RevertedError:
    with pytest.raises(RevertedError) as found:
        await world.send(call)
    assert found.value.error_name == error
    return found.value


async def test_a_phase_that_waits_for_its_trigger_takes_no_result_before_it(world: World) -> None:
    execution = await waiting(world, price_above(100))
    before, early = await world.view(execution, FIRST), await world.submission(execution, FIRST, b"r")
    assert before.status is PhaseStatus.CONDITIONAL_WAITING
    assert before.inputs_hash == inputs_hash(b"payload", ())
    with pytest.raises(RevertedError) as closed:
        await world.send(early)
    assert (closed.value.error_name, closed.value.reason) == ("PhaseNotActive", Reason.PHASE_NOT_OPEN)

    receipt = await world.send(Trigger(execution, FIRST, price(101)))
    inputs = triggered_inputs_hash(before.inputs_hash, price(101))
    assert [logged.event for logged in receipt.events] == [
        ConditionalTriggerActivated(execution, FIRST, Attempt(1), world.admin.address, price(101), inputs)
    ]
    after = await world.view(execution, FIRST)
    assert (after.status, after.inputs_hash) == (PhaseStatus.ACTIVE, inputs)
    assert (after.deadline, after.started_block) == (before.deadline, before.started_block)
    assert inputs == inputs_hash(b"payload", (), price(101))
    with pytest.raises(RevertedError) as without:
        await world.send(early)
    assert without.value.error_name == "InvalidMessageHash", "it does not commit to the trigger's data"
    assert (await world.send(await world.submission(execution, FIRST, b"r"))).succeeded


async def test_that_it_waits_is_an_event(world: World) -> None:
    execution = await waiting(world, always())
    view = await world.view(execution, FIRST)
    events = await world.chain.events(view.started_block, view.started_block)
    assert events[-1].event == PhaseStarted(
        execution,
        FIRST,
        Attempt(1),
        view.operator_set,
        view.reference_timestamp,
        view.deadline,
        view.inputs_hash,
        waiting=True,
    )


async def test_operators_who_watch_themselves_need_no_trigger(world: World) -> None:
    execution = await waiting(world, price_above(100), trigger_mode=TriggerMode.OPERATORS)
    assert (await world.view(execution, FIRST)).status is PhaseStatus.ACTIVE
    error = await refused(world, Trigger(execution, FIRST, price(101)), "PhaseNotWaiting")
    assert error.reason is Reason.NOT_WAITING
    assert (await world.send(await world.submission(execution, FIRST, b"r"))).succeeded


async def test_only_sources_trigger_those_of_the_contract_and_the_workflow_s_own(world: World) -> None:
    common = await waiting(world, always())
    own = await waiting(world, always(), "own", (STRANGER.address,))
    with pytest.raises(RevertedError) as stranger:
        await world.send(Trigger(common, FIRST, b""), STRANGER)
    assert (stranger.value.error_name, stranger.value.reason) == ("NotATriggerSource", Reason.UNAUTHORIZED)
    assert (await world.send(Trigger(common, FIRST, b""))).succeeded
    assert (await world.send(Trigger(own, FIRST, b""), STRANGER)).succeeded


async def test_a_gate_opens_once_and_in_time_and_only_where_there_is_one(world: World) -> None:
    execution = await waiting(world, always())
    await world.send(Trigger(execution, FIRST, b""))
    await refused(world, Trigger(execution, FIRST, b""), "PhaseNotWaiting")
    await refused(world, Trigger(execution, SECOND, b""), "UnknownPhase")
    await refused(world, Trigger(ExecutionId(b"\x08" * 32), FIRST, b""), "UnknownExecution")
    late = await waiting(world, always(), "late")
    await world.advance(TIMEOUT_S + 1)
    assert (await world.view(late, FIRST)).status is PhaseStatus.TIMED_OUT
    await refused(world, Trigger(late, FIRST, b""), "DeadlinePassed")
    await world.send(CheckPhaseTimeout(late, FIRST))
    error = await refused(world, Trigger(late, FIRST, b""), "ExecutionNotRunning")
    assert error.reason is Reason.PHASE_NOT_OPEN
    plain = await world.started(TWO_PHASES)
    await refused(world, Trigger(plain, FIRST, b""), "PhaseNotWaiting")
    await refused(world, Trigger(plain, SECOND, b""), "PhaseNotWaiting")


async def test_data_that_does_not_fulfil_the_condition_is_told_from_data_of_no_shape(world: World) -> None:
    execution = await waiting(world, price_above(100))
    for unmet in (price(100), price(-5), b""):
        error = await refused(world, Trigger(execution, FIRST, unmet), "TriggerNotMet")
        assert error.reason is Reason.CONDITION_UNMET
    for malformed in (b"\x01", price(101) + b"\0", b"\xff" * 64):
        error = await refused(world, Trigger(execution, FIRST, malformed), "TriggerDataMalformed")
        assert error.reason is Reason.TRIGGER_DATA_INVALID
    too_large = Trigger(execution, FIRST, bytes(MAX_TRIGGER_DATA_BYTES + 1))
    error = await refused(world, too_large, "TriggerDataTooLarge")
    assert error.reason is Reason.TRIGGER_DATA_INVALID


async def test_as_much_data_as_may_be_is_taken_and_is_among_the_inputs(world: World) -> None:
    execution = await waiting(world, always())
    before = await world.view(execution, FIRST)
    await world.send(Trigger(execution, FIRST, bytes(MAX_TRIGGER_DATA_BYTES)))
    after = await world.view(execution, FIRST)
    assert after.inputs_hash == triggered_inputs_hash(before.inputs_hash, bytes(MAX_TRIGGER_DATA_BYTES))


async def test_each_kind_of_condition_is_judged_by_its_own_data(world: World) -> None:
    head = await world.chain.head()
    emitter, topic = Address(b"\xee" * 20), b"\x07" * 32
    event = chain_event(emitter, "Seen(uint256)", 5)
    signature_topic = event.topics[0]  # type: ignore[union-attr]
    log = encode_log(emitter, (signature_topic, (5).to_bytes(32, "big")), b"")
    other = encode_log(emitter, (signature_topic, topic), b"")
    both = [price_above(1), oracle_within(50, 3)]
    cases = (
        (at_time(head.timestamp), b"", None),
        (at_time(head.timestamp + 10_000), None, b""),
        (at_block(head.number), b"", None),
        (at_block(head.number + 10_000), None, b""),
        (data_hash("0x" + "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"), b"", b"x"),
        (oracle_within(50, 3), price(47), price(54)),
        (event, log, other),
        (not_(price_above(1)), price(1), price(2)),
        (
            all_of(*both),
            abi.encode(["bytes[]"], [(price(2), price(53))]),
            abi.encode(["bytes[]"], [(price(2), price(54))]),
        ),
        (
            any_of(*both),
            abi.encode(["bytes[]"], [(b"", price(53))]),
            abi.encode(["bytes[]"], [(price(1), b"")]),
        ),
    )
    for number, (condition, met, unmet) in enumerate(cases):
        execution = await waiting(world, condition, f"case {number}")
        if unmet is not None:
            await refused(world, Trigger(execution, FIRST, unmet), "TriggerNotMet")
        if met is not None:
            assert (await world.send(Trigger(execution, FIRST, met))).succeeded, number


async def test_approvals_are_for_one_attempt_and_each_signer_s_own(world: World) -> None:
    execution = await waiting(world, approved_by(*SIGNERS, required=2), max_attempts=2)

    def approvals(attempt: int, *who: int) -> bytes:
        chain = world.chain
        slot = ObservationSlot(
            chain.chain_id, chain.state_machine, execution, FIRST, Attempt(attempt), Tick(0)
        )
        ordered = sorted(who, key=lambda number: SIGNERS[number])
        return abi.encode(
            ["bytes[]"], [tuple(sign_digest(SECRETS[number], approval_digest(slot)) for number in ordered)]
        )

    for unmet in (approvals(1, 0), approvals(2, 0, 1), approvals(1, 0, 0), b""):
        await refused(world, Trigger(execution, FIRST, unmet), "TriggerNotMet")
    await world.advance(TIMEOUT_S + 1)
    await world.send(CheckPhaseTimeout(execution, FIRST))
    assert (await world.view(execution, FIRST)).status is PhaseStatus.CONDITIONAL_WAITING
    await refused(world, Trigger(execution, FIRST, approvals(1, 0, 2)), "TriggerNotMet")
    assert (await world.send(Trigger(execution, FIRST, approvals(2, 0, 2)))).succeeded


async def test_a_condition_reads_the_results_of_the_phases_it_depends_on(world: World) -> None:
    for result, met in ((price(6), True), (price(5), False), (b"", False), (price(6) * 129, False)):
        assert met is False or len(result) == 32
        definition = WorkflowDefinition("w", (phase("a"), gated(result_above(0, 5), 0)))
        execution = await world.started(definition)
        await world.send(await world.submission(execution, FIRST, result))
        assert (await world.view(execution, SECOND)).status is PhaseStatus.CONDITIONAL_WAITING
        if met:
            assert (await world.send(Trigger(execution, SECOND, b""))).succeeded
        else:
            await refused(world, Trigger(execution, SECOND, b""), "TriggerNotMet")
    assert len(price(6) * 129) > MAX_STORED_RESULT_BYTES


async def test_a_gate_once_open_stays_open_for_the_next_attempt(world: World) -> None:
    execution = await waiting(world, price_above(100), max_attempts=3)
    await world.send(Trigger(execution, FIRST, price(101)))
    before = await world.view(execution, FIRST)
    await world.advance(TIMEOUT_S + 1)
    receipt = await world.send(CheckPhaseTimeout(execution, FIRST))
    started = receipt.events[-1].event
    assert isinstance(started, PhaseStarted)
    assert (started.attempt, started.waiting, started.inputs_hash) == (2, False, before.inputs_hash)
    after = await world.view(execution, FIRST)
    assert (after.status, after.inputs_hash) == (PhaseStatus.ACTIVE, before.inputs_hash)
    assert (await world.send(await world.submission(execution, PhaseIndex(0), b"r"))).succeeded
