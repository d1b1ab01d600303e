"""The contracts' ABIs as functions on bytes, against eth_abi and against garbage."""

from contextlib import suppress
from dataclasses import fields, replace
from typing import Any, get_args

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from hourglass.certificate.digests import (
    PHASE_DEFINITION_ABI,
    PHASE_OPTIONS_ABI,
    phase_definition_tuple,
    phase_options_tuple,
)
from hourglass.chain import decoding
from hourglass.chain.calldata import calldata, value_of
from hourglass.chain.codec import load_contract
from hourglass.chain.memory_logs import raw_event
from hourglass.chain.port import (
    Call,
    CancelExecution,
    CheckPhaseTimeout,
    RegisterWorkflow,
    SetPaused,
    Trigger,
)
from hourglass.workflow.definition import (
    FailurePolicy,
    PhaseDefinition,
    PhaseOptions,
    TriggerMode,
    WorkflowDefinition,
)
from hourglass.workflow.events import (
    ConditionalTriggerActivated,
    PhaseFailed,
    PhaseFellBack,
    PhaseGivenUp,
    PhaseSkipped,
    PhaseStarted,
    WorkflowCancelled,
    WorkflowEvent,
)
from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    BasisPoints,
    ChainTime,
    ExecutionId,
    InputsHash,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
)
from hourglass.workflow.phases import PhaseType

MACHINE = load_contract("WorkflowStateMachine")
WORD = b"\x11" * 32
RUN = ExecutionId(WORD)
AVS = Address(b"\xbb" * 20)


PHASE = PhaseDefinition(
    "a", PhaseType.COORDINATION, 60, (PhaseIndex(1),), b"", 1, b"m", 5, BasisPoints(6_667)
)


def selector(signature: str) -> bytes:
    return bytes(keccak(signature.encode())[:4])


def test_a_plain_definition_is_registered_without_options() -> None:
    call = RegisterWorkflow(WorkflowDefinition("w", (PHASE,)), (AVS,), value_wei=7)
    expected = selector(f"registerWorkflow(string,{PHASE_DEFINITION_ABI}[],address[])") + encode(
        ["string", PHASE_DEFINITION_ABI + "[]", "address[]"], ["w", [phase_definition_tuple(PHASE)], [AVS]]
    )
    assert calldata(MACHINE, call) == expected
    assert value_of(call) == 7


@pytest.mark.parametrize(
    "definition",
    [
        WorkflowDefinition("w", (PHASE,), 90),
        WorkflowDefinition("w", (replace(PHASE, options=PhaseOptions(avs=AVS, max_attempts=2)),)),
        WorkflowDefinition(
            "w",
            (replace(PHASE, options=PhaseOptions(None, 0, FailurePolicy.FALLBACK, PhaseIndex(1))), PHASE),
        ),
        WorkflowDefinition(
            "w", (replace(PHASE, options=PhaseOptions(trigger_mode=TriggerMode.SOURCE, skip_if_unmet=True)),)
        ),
    ],
)
def test_any_other_definition_is_registered_with_the_options_of_each_phase(
    definition: WorkflowDefinition,
) -> None:
    types = ["string", PHASE_DEFINITION_ABI + "[]", PHASE_OPTIONS_ABI + "[]", "uint32", "address[]"]
    expected = selector(f"registerWorkflowWithOptions({','.join(types)})") + encode(
        types,
        [
            "w",
            [phase_definition_tuple(phase) for phase in definition.phases],
            [phase_options_tuple(phase.options) for phase in definition.phases],
            definition.execution_timeout_s,
            [],
        ],
    )
    assert calldata(MACHINE, RegisterWorkflow(definition)) == expected


@pytest.mark.parametrize(
    ("call", "signature", "kinds", "fields"),
    [
        (Trigger(RUN, PhaseIndex(3), b"d"), "trigger", ["bytes32", "uint32", "bytes"], [WORD, 3, b"d"]),
        (CancelExecution(RUN), "cancelExecution", ["bytes32"], [WORD]),
        (CheckPhaseTimeout(RUN, PhaseIndex(3)), "checkPhaseTimeout", ["bytes32", "uint32"], [WORD, 3]),
        (SetPaused(True), "pause", [], []),
        (SetPaused(False), "unpause", [], []),
    ],
)
def test_every_other_call_is_its_selector_and_its_arguments(
    call: Call, signature: str, kinds: list[str], fields: list[object]
) -> None:
    assert calldata(MACHINE, call) == selector(f"{signature}({','.join(kinds)})") + encode(kinds, fields)
    assert value_of(call) == 0


def log_of(signature: str, indexed: list[bytes], kinds: list[str], values: list[object]) -> dict[str, object]:
    return {
        "topics": ["0x" + topic.hex() for topic in (keccak(signature.encode()), *indexed)],
        "data": "0x" + encode(kinds, values).hex(),
        "blockNumber": "0x10",
        "blockHash": "0x" + "22" * 32,
        "logIndex": "0x3",
        "transactionHash": "0x" + "33" * 32,
    }


def test_a_log_becomes_its_event_and_its_place() -> None:
    log = log_of(
        "PhaseStarted(bytes32,uint32,uint32,address,uint32,uint32,uint64,bytes32)",
        [WORD, (7).to_bytes(32, "big")],
        ["uint32", "address", "uint32", "uint32", "uint64", "bytes32"],
        [1, str(AVS), 2, 1_700_000_000, 1_700_000_600, b"\x44" * 32],
    )
    logged = decoding.event(MACHINE, log)
    assert logged is not None
    assert (logged.block, logged.log_index, logged.block_hash) == (16, 3, b"\x22" * 32)
    event = logged.event
    assert isinstance(event, PhaseStarted)
    assert (event.execution_id, event.phase_index, event.attempt) == (WORD, 7, 1)
    assert event.operator_set == OperatorSetId(AVS, 2)
    assert (event.reference_timestamp, event.deadline) == (1_700_000_000, 1_700_000_600)
    assert event.inputs_hash == b"\x44" * 32


@pytest.mark.parametrize(
    ("signature", "kinds", "fields", "event"),
    [
        (
            "ConditionalTriggerSet(bytes32,uint32,uint32,address,uint32,uint32,uint64,bytes32)",
            ["uint32", "address", "uint32", "uint32", "uint64", "bytes32"],
            [2, str(AVS), 9, 11, 12, b"\x44" * 32],
            PhaseStarted(
                RUN,
                PhaseIndex(7),
                Attempt(2),
                OperatorSetId(AVS, 9),
                ReferenceTimestamp(11),
                ChainTime(12),
                InputsHash(b"\x44" * 32),
                waiting=True,
            ),
        ),
        (
            "PhaseSkipped(bytes32,uint32,uint32)",
            ["uint32"],
            [2],
            PhaseSkipped(RUN, PhaseIndex(7), Attempt(2)),
        ),
        (
            "PhaseFellBack(bytes32,uint32,uint32)",
            ["uint32"],
            [5],
            PhaseFellBack(RUN, PhaseIndex(7), PhaseIndex(5)),
        ),
        ("PhaseGivenUp(bytes32,uint32)", [], [], PhaseGivenUp(RUN, PhaseIndex(7))),
    ],
)
def test_what_follows_a_failure_is_an_event_of_its_own(
    signature: str, kinds: list[str], fields: list[object], event: WorkflowEvent
) -> None:
    logged = decoding.event(MACHINE, log_of(signature, [WORD, (7).to_bytes(32, "big")], kinds, fields))
    assert logged is not None
    assert logged.event == event


def test_who_opened_a_gate_and_who_cancelled_is_in_their_events() -> None:
    activated = decoding.event(
        MACHINE,
        log_of(
            "ConditionalTriggerActivated(bytes32,uint32,uint32,address,bytes,bytes32)",
            [WORD, (7).to_bytes(32, "big"), AVS.rjust(32, b"\0")],
            ["uint32", "bytes", "bytes32"],
            [1, b"data", b"\x44" * 32],
        ),
    )
    cancelled = decoding.event(
        MACHINE, log_of("WorkflowCancelled(bytes32,address)", [WORD, AVS.rjust(32, b"\0")], [], [])
    )
    assert activated is not None
    assert cancelled is not None
    assert activated.event == ConditionalTriggerActivated(
        RUN, PhaseIndex(7), Attempt(1), AVS, b"data", InputsHash(b"\x44" * 32)
    )
    assert cancelled.event == WorkflowCancelled(RUN, AVS)


@pytest.mark.parametrize(
    ("selector", "name"),
    [(keccak(b"TableStale(uint64,uint64)")[:4], "TableStale"), (b"\xde\xad\xbe\xef", "0xdeadbeef")],
)
def test_why_a_phase_failed_is_told_by_the_errors_name(selector: bytes, name: str) -> None:
    log = log_of(
        "PhaseFailed(bytes32,uint32,uint32,bytes4)",
        [WORD, bytes(32)],
        ["uint32", "bytes4"],
        [1, selector],
    )
    logged = decoding.event(MACHINE, log)
    assert logged is not None
    assert isinstance(logged.event, PhaseFailed)
    assert logged.event.error == name


def test_events_that_nobody_folds_are_left_out() -> None:
    known = log_of("AggregatorsSet(address[])", [], ["address[]"], [[str(AVS)]])
    unknown = log_of("Something()", [], [], [])
    assert decoding.event(MACHINE, known) is None
    assert decoding.event(MACHINE, unknown) is None


def test_a_custom_error_is_named_with_its_fields() -> None:
    data = keccak(b"ThresholdNotMet(uint256,uint256,uint256,uint16)")[:4] + encode(
        ["uint256", "uint256", "uint256", "uint16"], [0, 1, 2, 6_667]
    )
    assert MACHINE.error(data) == ("ThresholdNotMet", (0, 1, 2, 6_667))
    assert MACHINE.error(data[:-1]) == ("ThresholdNotMet", ())
    panic = bytes.fromhex("4e487b71") + (17).to_bytes(32, "big")
    assert MACHINE.error(panic) == ("Panic", (17,))
    assert MACHINE.error(b"") == ("", ())


words = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20).map(Address)
uint32s, uint64s = st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1)
sets = st.builds(OperatorSetId, addresses, uint32s)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "workflow_id": words,
    "execution_id": words,
    "definition_hash": words,
    "inputs_hash": words,
    "creator": addresses,
    "initiator": addresses,
    "source": addresses,
    "submitter": addresses,
    "name": st.text(st.characters(codec="utf-8"), max_size=20),
    "payload": st.binary(max_size=40),
    "result": st.binary(max_size=40),
    "data": st.binary(max_size=40),
    "operator_set": sets,
    "deadline": uint64s,
    "signed_weight": st.integers(0, 2**256 - 1),
    "total_weight": st.integers(0, 2**256 - 1),
    "error": st.sampled_from(["TableMissing", "TableStale", "RequiredStakeNotMet"]),
    "waiting": st.booleans(),
}
all_events = st.sampled_from(get_args(WorkflowEvent)).flatmap(
    lambda kind: st.builds(kind, *(FIELDS.get(field.name, uint32s) for field in fields(kind)))
)


@settings(max_examples=300, deadline=None)
@given(all_events)
def test_an_event_s_raw_form_is_read_back_as_the_event(event: WorkflowEvent) -> None:
    topics, data = raw_event(MACHINE, event)
    place = {"blockNumber": "0x1", "blockHash": "0x", "logIndex": "0x0", "transactionHash": "0x"}
    raw = {"topics": ["0x" + topic.hex() for topic in topics], "data": "0x" + data.hex(), **place}
    logged = decoding.event(MACHINE, raw)
    assert logged is not None
    assert logged.event == event


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=700))
def test_garbage_is_no_answer_and_nothing_worse(data: bytes) -> None:
    for function in ("getPhase", "getExecution", "getWorkflow", "getWorkflowPhases", "getWorkflowOptions"):
        with suppress(ValueError):
            MACHINE.answer(function, data)
    MACHINE.error(data)
