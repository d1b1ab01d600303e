"""The contracts' ABIs as functions on bytes, against eth_abi and against garbage."""

from contextlib import suppress

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from hourglass.certificate.digests import PHASE_DEFINITION_ABI, phase_definition_tuple
from hourglass.chain import decoding
from hourglass.chain.codec import load_contract
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.events import PhaseFailed, PhaseStarted
from hourglass.workflow.identifiers import Address, BasisPoints, OperatorSetId, PhaseIndex
from hourglass.workflow.phases import PhaseType

MACHINE = load_contract("WorkflowStateMachine")
WORD = b"\x11" * 32
AVS = Address(b"\xbb" * 20)


def test_a_call_is_its_selector_and_its_arguments() -> None:
    phase = PhaseDefinition(
        "a", PhaseType.COORDINATION, 60, (PhaseIndex(1),), b"", 1, b"m", 5, BasisPoints(6_667)
    )
    phases = [phase_definition_tuple(phase)]
    signature = f"registerWorkflow(string,{PHASE_DEFINITION_ABI}[],address[])".encode()
    expected = keccak(signature)[:4] + encode(
        ["string", PHASE_DEFINITION_ABI + "[]", "address[]"], ["w", phases, []]
    )
    assert MACHINE.call("registerWorkflow", "w", phases, []) == expected


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


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=700))
def test_garbage_is_no_answer_and_nothing_worse(data: bytes) -> None:
    for function in ("getPhase", "getExecution", "getWorkflow", "getWorkflowPhases", "aggregators"):
        with suppress(ValueError):
            MACHINE.answer(function, data)
    MACHINE.error(data)
