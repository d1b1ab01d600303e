"""Messages between Hourglass' aggregator and its executors, byte for byte as protobuf writes them."""

from dataclasses import replace
from typing import Any

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import given
from hypothesis import strategies as st
from vectors import load, raw

from hourglass.certificate.ponos import ResultAuthentication, TaskSubmission, read_address, read_task_id
from hourglass.certificate.ponos_wire import SUBMIT_TASK, SignedResult, SignedSubmission
from hourglass.errors import DecodeError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, OperatorSetId

WIRE = load("performer_wire")
CASES: dict[str, dict[str, Any]] = {case["message"]: case for case in WIRE["cases"]}
SUBMISSION, RESULT = CASES["TaskSubmission"], CASES["TaskResult"]
Field = descriptor_pb2.FieldDescriptorProto
TEXT, RAW, SMALL, LARGE = Field.TYPE_STRING, Field.TYPE_BYTES, Field.TYPE_UINT32, Field.TYPE_UINT64
DECLARED = {
    "TaskSubmission": (
        ("task_id", TEXT),
        ("aggregator_address", TEXT),
        ("avs_address", TEXT),
        ("payload", RAW),
        ("signature", RAW),
        ("operator_set_id", SMALL),
        ("reference_timestamp", SMALL),
        ("executor_address", TEXT),
        ("task_block_number", LARGE),
        ("version", SMALL),
    ),
    "TaskResult": (
        ("task_id", TEXT),
        ("operator_address", TEXT),
        ("output", RAW),
        ("result_signature", RAW),
        ("avs_address", TEXT),
        ("operator_set_id", SMALL),
        ("auth_signature", RAW),
        ("version", SMALL),
    ),
}
"""Fields in order of their numbers, from 1."""
SPELLING = "addresses there are spelled in any letters, here with their checksum"
addresses = st.binary(min_size=20, max_size=20).map(Address)
sets = st.builds(OperatorSetId, addresses, st.integers(0, 2**32 - 1))
task_ids = st.binary(min_size=32, max_size=32)
submissions = st.builds(
    SignedSubmission,
    addresses,
    st.builds(
        TaskSubmission,
        task_ids,
        sets,
        addresses,
        st.integers(0, 2**32 - 1),
        st.integers(0, 2**64 - 1),
        st.binary(max_size=300),
    ),
    st.binary(max_size=65),
)
results = st.builds(
    SignedResult,
    st.builds(ResultAuthentication, task_ids, sets, addresses, st.binary(max_size=65)),
    st.binary(max_size=300),
    st.binary(max_size=65),
)


def protobufs() -> dict[str, Any]:
    """Google's own messages of these types."""
    file = descriptor_pb2.FileDescriptorProto(name="ponos_in_tests.proto", package="tests", syntax="proto3")
    for name, fields in DECLARED.items():
        message = file.message_type.add(name=name)
        for number, (field, kind) in enumerate(fields, start=1):
            message.field.add(name=field, number=number, type=kind, label=Field.LABEL_OPTIONAL)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tests.{name}"))
        for name in DECLARED
    }


THEIRS = protobufs()


def test_the_call_is_where_executors_serve_it() -> None:
    assert WIRE["grpc_paths"]["submit_task"] == SUBMIT_TASK


def test_a_submission_has_the_bytes_that_existing_executors_read() -> None:
    fields = SUBMISSION["fields"]
    message = SignedSubmission.decode(raw(SUBMISSION["encoded"]))
    assert message.encode().lower() == raw(SUBMISSION["encoded"]).lower(), SPELLING
    assert fields["version"] == 1
    assert message == SignedSubmission(
        aggregator=read_address(fields["aggregator_address"]),
        submission=TaskSubmission(
            task_id=read_task_id(fields["task_id"]),
            operator_set=OperatorSetId(read_address(fields["avs_address"]), fields["operator_set_id"]),
            executor=read_address(fields["executor_address"]),
            reference_timestamp=fields["reference_timestamp"],
            task_block_number=fields["task_block_number"],
            payload=raw(fields["payload"]),
        ),
        signature=raw(fields["signature"]),
    )


def test_a_result_is_read_as_existing_executors_write_it() -> None:
    fields = RESULT["fields"]
    message = SignedResult.decode(raw(RESULT["encoded"]))
    assert fields["version"] == 1
    assert message == SignedResult(
        authentication=ResultAuthentication(
            task_id=read_task_id(fields["task_id"]),
            operator_set=OperatorSetId(read_address(fields["avs_address"]), fields["operator_set_id"]),
            operator=read_address(fields["operator_address"]),
            result_signature=raw(fields["result_signature"]),
        ),
        output=raw(fields["output"]),
        auth_signature=raw(fields["auth_signature"]),
    )
    assert message.encode().lower() == raw(RESULT["encoded"]).lower(), SPELLING


@given(submissions)
def test_protobuf_reads_and_writes_submissions_alike(message: SignedSubmission) -> None:
    encoded = message.encode()
    theirs = THEIRS["TaskSubmission"].FromString(encoded)
    assert theirs.SerializeToString(deterministic=True) == encoded
    assert theirs.payload == message.submission.payload
    assert theirs.task_block_number == message.submission.task_block_number
    assert theirs.operator_set_id == message.submission.operator_set.number
    assert SignedSubmission.decode(encoded) == message


@given(results)
def test_protobuf_reads_and_writes_results_alike(message: SignedResult) -> None:
    encoded = message.encode()
    theirs = THEIRS["TaskResult"].FromString(encoded)
    assert theirs.SerializeToString(deterministic=True) == encoded
    assert theirs.output == message.output
    assert theirs.auth_signature == message.auth_signature
    assert SignedResult.decode(encoded) == message


@given(st.binary(max_size=80), st.integers(0, 1))
def test_bytes_that_are_no_message_are_a_decode_error_and_nothing_else(data: bytes, which: int) -> None:
    message = (SignedSubmission, SignedResult)[which]
    encoded = raw((SUBMISSION, RESULT)[which]["encoded"])
    for spoilt in (data, data + encoded, encoded + data, encoded[: len(data)]):
        try:
            assert isinstance(message.decode(spoilt), message)
        except DecodeError as error:
            assert error.reason in (Reason.MALFORMED, Reason.UNSUPPORTED_VERSION)


LATER_FIELDS = b"\xa2\x06\x03new" + b"\xa8\x06\x2a" + b"\xb1\x06" + bytes(8) + b"\xbd\x06" + bytes(4)
"""Fields 100, 101, 102 and 103, each of another wire type."""


def test_fields_of_a_later_release_are_passed_over() -> None:
    encoded = raw(SUBMISSION["encoded"])
    assert SignedSubmission.decode(encoded + LATER_FIELDS) == SignedSubmission.decode(encoded)


@pytest.mark.parametrize(
    "more",
    [
        b"\x30" + b"\x80" * 9 + b"\x02",
        b"\x30\x80\x80\x80\x80\x10",
        b"\x30" + b"\xff" * 11,
        b"\x0b",
        b"\x00\x00",
        b"\x32\x01a",
        b"\x1a\x02\xff\xff",
        b"\x22\x7f",
        b"\xb1\x06\x00",
    ],
    ids=[
        "a number above 64 bits",
        "an operator set above 32 bits",
        "a number without end",
        "a group",
        "field 0",
        "an operator set of bytes",
        "an address that is no text",
        "a payload that is cut off",
        "a later field that is cut off",
    ],
)
def test_what_can_be_no_message_is_malformed(more: bytes) -> None:
    with pytest.raises(DecodeError) as caught:
        SignedSubmission.decode(raw(SUBMISSION["encoded"]) + more)
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize("version", [0, 2, 200])
def test_another_version_is_not_read(version: int) -> None:
    for message, case, tag in ((SignedSubmission, SUBMISSION, b"\x50"), (SignedResult, RESULT, b"\x40")):
        later = tag + (bytes([version]) if version < 128 else b"\xc8\x01")
        with pytest.raises(DecodeError) as caught:
            message.decode(raw(case["encoded"]) + later)
        assert caught.value.reason is Reason.UNSUPPORTED_VERSION


def test_a_field_that_is_there_twice_counts_as_it_stands_last() -> None:
    encoded = raw(SUBMISSION["encoded"])
    message = SignedSubmission.decode(encoded + b"\x22\x01z")
    first = SignedSubmission.decode(encoded)
    assert message == replace(first, submission=replace(first.submission, payload=b"z"))
    assert THEIRS["TaskSubmission"].FromString(encoded + b"\x22\x01z").payload == b"z"
