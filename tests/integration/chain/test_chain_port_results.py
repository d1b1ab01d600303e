"""What the port promises of results, time and tables: asked of the twin and of a real chain alike."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import bn254
import pytest
from eth_hash.auto import keccak

from hourglass.bls.curve import G1_IDENTITY, G2_IDENTITY, G1Point
from hourglass.bls.signatures import default_backend
from hourglass.certificate.certificates import Certificate
from hourglass.certificate.digests import (
    inputs_hash,
)
from hourglass.chain.port import (
    CheckPhaseTimeout,
    SubmitPhaseResult,
    TransactionPlan,
)
from hourglass.errors import ChainError, RevertedError
from hourglass.reasons import Reason
from hourglass.testing.worlds import (
    FIRST,
    FOREIGN,
    FOREIGN_AVS,
    KEYS,
    NO_SET,
    ONE_PHASE,
    OPERATORS,
    ROUND_0,
    SECOND,
    SET,
    STRANGER,
    TIMEOUT_S,
    TWO_PHASES,
    WEIGHTS,
    World,
    phase,
)
from hourglass.workflow.definition import MAX_RESULT_BYTES, MAX_STORED_RESULT_BYTES, WorkflowDefinition
from hourglass.workflow.events import (
    PhaseCompleted,
    PhaseStarted,
    PhaseTimedOut,
    WorkflowCompleted,
    WorkflowFailed,
)
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import (
    Attempt,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    Round,
    StakeWeight,
)
from hourglass.workflow.phases import PhaseType

# ── Results ───────────────────────────────────────────────────────────────────────────────────────────


async def test_a_quorum_completes_a_phase_and_starts_those_that_waited_for_it(world: World) -> None:
    execution = await world.started(TWO_PHASES)
    result, round = b"the agreed value, longer than one word of 32 bytes", Round(3)
    receipt = await world.send(
        await world.submission(execution, FIRST, result, round=round, signers=(1, 3, 4)), STRANGER
    )
    completed, started = (logged.event for logged in receipt.events)
    assert completed == PhaseCompleted(
        execution, FIRST, Attempt(1), round, result, 110, 150, STRANGER.address
    )
    assert isinstance(started, PhaseStarted)
    assert started.inputs_hash == inputs_hash(b"payload", [(FIRST, result)])

    receipt = await world.send(await world.submission(execution, SECOND, b""))
    assert [logged.event for logged in receipt.events] == [
        PhaseCompleted(execution, SECOND, Attempt(1), ROUND_0, b"", 150, 150, world.admin.address),
        WorkflowCompleted(execution),
    ]
    found, view = await world.chain.execution(execution), await world.chain.phase(execution, FIRST)
    assert found is not None
    assert view is not None
    assert found.status is ExecutionStatus.COMPLETED
    assert (view.status, view.result) == (PhaseStatus.COMPLETED, result)


@pytest.mark.parametrize("size", [MAX_STORED_RESULT_BYTES, MAX_STORED_RESULT_BYTES + 1, MAX_RESULT_BYTES])
async def test_a_long_result_stands_by_its_hash_alone_and_dependents_commit_to_all_of_it(
    world: World, size: int
) -> None:
    execution, result = await world.started(TWO_PHASES), bytes(index % 251 for index in range(size))
    receipt = await world.send(await world.submission(execution, FIRST, result))
    completed, started = (logged.event for logged in receipt.events)
    assert isinstance(completed, PhaseCompleted)
    assert isinstance(started, PhaseStarted)
    assert completed.result == result
    assert started.inputs_hash == inputs_hash(b"payload", [(FIRST, result)])
    view = await world.view(execution, FIRST)
    assert view.result_hash == keccak(result)
    assert view.result == (result if size <= MAX_STORED_RESULT_BYTES else b"")
    assert (await world.view(execution, SECOND)).result_hash == bytes(32)


async def test_where_any_stake_suffices_the_least_of_all_does_and_none_does_not(world: World) -> None:
    kinds = (PhaseType.CONTINUOUS, PhaseType.CONDITIONAL)
    phases = (phase(kind.name, kind=kind, threshold=0) for kind in kinds)
    execution = await world.started(WorkflowDefinition("w", tuple(phases)))
    for index in (FIRST, SECOND):
        least = await world.submission(execution, index, b"r", (0,))
        nobody = _with(least, signature=G1_IDENTITY, apk=G2_IDENTITY)
        with pytest.raises(RevertedError) as refused:
            await world.send(nobody)
        assert refused.value.error_name == "EmptyCertificate"
        assert (await world.send(least)).succeeded


async def test_stake_of_the_second_kind_alone_is_no_stake(world: World) -> None:
    await world.republish(FOREIGN, [(4, 4), (0, 12)], 0)
    gated = phase("a", kind=PhaseType.CONDITIONAL, threshold=0, avs=FOREIGN_AVS)
    execution = await world.started(WorkflowDefinition("w", (gated,)))
    with pytest.raises(RevertedError) as refused:
        await world.send(await world.submission(execution, FIRST, b"r", (1,)))
    assert (refused.value.error_name, refused.value.reason) == ("NoStakeSigned", Reason.THRESHOLD_NOT_MET)


async def test_exactly_the_threshold_suffices_and_a_hair_less_does_not(world: World) -> None:
    # 100 of 150 is 6,666.66… basis points.
    execution = await world.started(
        WorkflowDefinition("w", (phase("a", threshold=6_666), phase("b", threshold=6_667)))
    )
    assert (await world.send(await world.submission(execution, FIRST, b"r", (0, 3, 4)))).succeeded
    with pytest.raises(RevertedError) as refused:
        await world.send(await world.submission(execution, SECOND, b"r", (0, 3, 4)))
    assert (refused.value.reason, refused.value.error_name) == (Reason.THRESHOLD_NOT_MET, "ThresholdNotMet")


def _with(call: SubmitPhaseResult, **changes: object) -> SubmitPhaseResult:
    return replace(call, certificate=replace(call.certificate, **changes))  # type: ignore[arg-type]


def _two_witnesses_swapped(call: SubmitPhaseResult) -> SubmitPhaseResult:
    first, second = bn254.certificate_of(call.certificate).non_signer_witnesses
    return _with(call, non_signer_witnesses=(second, first))


def _wrong_weight(call: SubmitPhaseResult) -> SubmitPhaseResult:
    first, second = bn254.certificate_of(call.certificate).non_signer_witnesses
    lighter = replace(first, operator_info=replace(first.operator_info, weights=(StakeWeight(0),)))
    return _with(call, non_signer_witnesses=(lighter, second))


def _outside_index(call: SubmitPhaseResult) -> SubmitPhaseResult:
    first, second = bn254.certificate_of(call.certificate).non_signer_witnesses
    return _with(call, non_signer_witnesses=(first, replace(second, operator_index=len(KEYS))))


def _later_table(certificate: Certificate) -> ReferenceTimestamp:
    return ReferenceTimestamp(certificate.reference_timestamp + 1)


FORGERIES: dict[str, tuple[Callable[[SubmitPhaseResult], SubmitPhaseResult], Reason, str]] = {
    "another result": (lambda c: replace(c, result=b"x"), Reason.CERTIFICATE_REJECTED, "InvalidMessageHash"),
    "another phase": (
        lambda c: replace(c, phase_index=SECOND),
        Reason.CERTIFICATE_REJECTED,
        "InvalidMessageHash",
    ),
    "a round without rounds": (
        lambda c: replace(c, round=Round(1)),
        Reason.CERTIFICATE_REJECTED,
        "InvalidRound",
    ),
    "too large": (
        lambda c: replace(c, result=bytes(MAX_RESULT_BYTES + 1)),
        Reason.RESULT_TOO_LARGE,
        "ResultTooLarge",
    ),
    "another table": (
        lambda c: _with(c, reference_timestamp=_later_table(bn254.certificate_of(c.certificate))),
        Reason.CERTIFICATE_REJECTED,
        "InvalidReferenceTimestamp",
    ),
    "no signature": (
        lambda c: _with(c, signature=G1_IDENTITY),
        Reason.CERTIFICATE_REJECTED,
        "EmptyCertificate",
    ),
    "no key": (lambda c: _with(c, apk=G2_IDENTITY), Reason.CERTIFICATE_REJECTED, "EmptyCertificate"),
    "off the curve": (
        lambda c: _with(c, signature=G1Point(1, 1)),
        Reason.CERTIFICATE_REJECTED,
        "InvalidPoint",
    ),
    "another signature": (
        lambda c: _with(c, signature=-bn254.certificate_of(c.certificate).signature),
        Reason.CERTIFICATE_REJECTED,
        "VerificationFailed",
    ),
    "another key": (
        lambda c: _with(c, apk=KEYS[0].public_key(default_backend()).g2),
        Reason.CERTIFICATE_REJECTED,
        "VerificationFailed",
    ),
    "a witness forgotten": (
        lambda c: _with(c, non_signer_witnesses=bn254.certificate_of(c.certificate).non_signer_witnesses[:1]),
        Reason.CERTIFICATE_REJECTED,
        "VerificationFailed",
    ),
    "witnesses unsorted": (
        _two_witnesses_swapped,
        Reason.CERTIFICATE_REJECTED,
        "NonSignerIndicesNotSorted",
    ),
    "a witness made light": (_wrong_weight, Reason.CERTIFICATE_REJECTED, "VerificationFailed"),
    "a witness from outside": (_outside_index, Reason.CERTIFICATE_REJECTED, "InvalidOperatorIndex"),
    "another execution": (
        lambda c: replace(c, execution_id=ExecutionId(b"\x09" * 32)),
        Reason.UNKNOWN_EXECUTION,
        "UnknownExecution",
    ),
    "no such phase": (
        lambda c: replace(c, phase_index=PhaseIndex(2)),
        Reason.UNKNOWN_EXECUTION,
        "UnknownPhase",
    ),
}


async def test_no_forged_certificate_is_taken_and_the_true_one_still_is(world: World) -> None:
    execution = await world.started(WorkflowDefinition("w", (phase("a"), phase("b"))))
    true = await world.submission(execution, FIRST, b"r", (1, 3, 4))
    for name, (forge, reason, error) in FORGERIES.items():
        with pytest.raises(RevertedError) as refused:
            await world.chain.estimate_gas(forge(true), STRANGER.address)
        assert (refused.value.reason, refused.value.error_name) == (reason, error), name
    assert (await world.send(true)).succeeded


async def test_a_phase_is_decided_once(world: World) -> None:
    execution = await world.started(WorkflowDefinition("w", (phase("a"), phase("b"))))
    submission = await world.submission(execution, FIRST, b"r")
    await world.send(submission)
    with pytest.raises(RevertedError) as refused:
        await world.send(submission)
    assert (refused.value.reason, refused.value.error_name) == (Reason.ALREADY_DECIDED, "PhaseNotActive")


async def test_a_phase_that_waits_takes_no_result(world: World) -> None:
    execution = await world.started(TWO_PHASES)
    submission = await world.submission(execution, FIRST, b"r")
    with pytest.raises(RevertedError) as refused:
        await world.send(replace(submission, phase_index=SECOND))
    assert (refused.value.reason, refused.value.error_name) == (Reason.PHASE_NOT_OPEN, "PhaseNotActive")


async def test_a_transaction_that_reverts_when_mined_says_so_in_its_receipt(world: World) -> None:
    execution = await world.started(ONE_PHASE)
    nonce = await world.chain.next_nonce(world.admin.address)
    plan = TransactionPlan(nonce, 500_000, 10**11, 10**9)
    tx_hash = await world.chain.send(CheckPhaseTimeout(execution, FIRST), plan, world.admin)
    async with asyncio.timeout(20):
        while True:
            receipt = await world.chain.receipt(tx_hash)
            if receipt is not None:
                break
            await asyncio.sleep(0)
    assert (receipt.succeeded, receipt.events) == (False, ())
    assert await world.chain.next_nonce(world.admin.address) == nonce + 1


# ── Time ──────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_phase_times_out_by_the_chains_clock_before_anybody_says_so(world: World) -> None:
    execution = await world.started(WorkflowDefinition("w", (phase("a"), phase("b"))))
    submission = await world.submission(execution, FIRST, b"r")
    with pytest.raises(RevertedError) as early:
        await world.send(CheckPhaseTimeout(execution, FIRST))
    assert (early.value.reason, early.value.error_name) == (Reason.DEADLINE_NOT_PASSED, "DeadlineNotPassed")
    await world.advance(TIMEOUT_S + 10)
    view = await world.chain.phase(execution, FIRST)
    assert view is not None
    assert (view.status, view.execution_status) == (PhaseStatus.TIMED_OUT, ExecutionStatus.RUNNING)
    assert view.as_of == (await world.chain.head()).timestamp > view.deadline
    with pytest.raises(RevertedError) as late:
        await world.send(submission)
    assert (late.value.reason, late.value.error_name) == (Reason.DEADLINE_PASSED, "DeadlinePassed")

    receipt = await world.send(CheckPhaseTimeout(execution, FIRST))
    assert [logged.event for logged in receipt.events] == [
        PhaseTimedOut(execution, FIRST, Attempt(1), view.deadline),
        WorkflowFailed(execution, FIRST),
    ]
    with pytest.raises(RevertedError) as again:
        await world.send(CheckPhaseTimeout(execution, SECOND))
    assert (again.value.reason, again.value.error_name) == (Reason.PHASE_NOT_OPEN, "ExecutionNotRunning")


# ── Tables ────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_table_is_read_with_every_operator_in_its_place(world: World) -> None:
    execution = await world.started(ONE_PHASE)
    view = await world.chain.phase(execution, FIRST)
    assert view is not None
    table = await world.chain.operator_table(view.operator_set, view.reference_timestamp)
    assert (table.operator_set, table.reference_timestamp, table.max_staleness_s) == (
        OperatorSetId(world.avs, SET),
        view.reference_timestamp,
        0,
    )
    backend = default_backend()
    assert [
        (one.address, one.weights, one.pubkey_g1, one.pubkey_g2) for one in bn254.table_of(table).operators
    ] == [
        (who, (weight,), key.public_key(backend).g1, key.public_key(backend).g2)
        for who, key, weight in zip(OPERATORS, KEYS, WEIGHTS, strict=True)
    ]


async def test_a_table_that_was_never_published_is_unavailable(world: World) -> None:
    for operator_set in (SET, NO_SET):
        with pytest.raises(ChainError) as missing:
            await world.chain.operator_table(OperatorSetId(world.avs, operator_set), ReferenceTimestamp(9))
        assert missing.value.reason is Reason.TABLE_UNAVAILABLE
