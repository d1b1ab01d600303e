"""Messages as bytes: both directions, and every wrong way."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgpack
import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import Kind, ObservationSlot, Slot, task_slot
from hourglass.certificate.ticks import CertifiedTick
from hourglass.errors import DecodeError
from hourglass.reasons import Reason
from hourglass.workflow.definition import (
    MAX_PAYLOAD_BYTES,
    MAX_PHASES,
    MAX_RESULT_BYTES,
    MAX_TRIGGER_DATA_BYTES,
)
from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    ChainId,
    ExecutionId,
    InputsHash,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    Round,
    Tick,
)
from hourglass.workflow.series import MAX_TICKS
from messages.requests import PhaseRequest, Proposal, SeriesProposal, TickCertificate
from messages.responses import Attestation, Observation, Refusal
from messages.subjects import Subject, check_subject, requests_filter, subject_of
from messages.wire import MAX_MESSAGE_BYTES, TABLES, Message, decode, encode

GOLDEN = json.loads((Path(__file__).parent / "golden.json").read_text())

uint32 = st.integers(0, 2**32 - 1)
words = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20).map(Address)
operator_sets = st.builds(OperatorSetId, addresses, uint32)
chain_ids = st.integers(0, 2**64 - 1).map(ChainId)
observation_slots = st.builds(task_slot, chain_ids, addresses, words) | st.builds(
    ObservationSlot,
    chain_ids,
    addresses,
    words.map(ExecutionId),
    uint32.map(PhaseIndex),
    uint32.map(Attempt),
    uint32.map(Tick),
)
slots = st.builds(lambda slot, round: slot.in_round(Round(round)), observation_slots, uint32)
inputs = words.map(InputsHash)
timestamps = uint32.map(ReferenceTimestamp)
small = st.binary(max_size=64)
signed = st.builds(SignedObservation, addresses, small, st.binary(min_size=65, max_size=65))
certified_ticks = st.builds(
    CertifiedTick,
    st.integers(0, MAX_TICKS).map(Tick),
    uint32.map(Round),
    small,
    st.binary(max_size=128),
    st.binary(min_size=64, max_size=64),
)
messages: st.SearchStrategy[Message] = st.one_of(
    st.builds(
        PhaseRequest,
        observation_slots,
        operator_sets,
        timestamps,
        inputs,
        small,
        st.lists(st.tuples(uint32.map(PhaseIndex), small | st.none()), max_size=4).map(tuple),
        small | st.none(),
        st.lists(addresses, max_size=4).map(tuple),
        addresses,
    ),
    st.builds(
        Proposal,
        slots,
        operator_sets,
        inputs,
        st.lists(signed, max_size=4).map(tuple),
        addresses,
        st.binary(min_size=65, max_size=65),
    ),
    st.builds(TickCertificate, observation_slots, operator_sets, inputs, certified_ticks),
    st.builds(
        SeriesProposal,
        slots,
        operator_sets,
        inputs,
        st.integers(0, MAX_TICKS),
        st.lists(certified_ticks, max_size=4).map(tuple),
        addresses,
        st.binary(min_size=65, max_size=65),
    ),
    st.builds(Observation, observation_slots, operator_sets, inputs, signed),
    st.builds(
        Attestation,
        slots,
        operator_sets,
        addresses,
        inputs,
        timestamps,
        small,
        st.binary(min_size=64, max_size=64),
    ),
    st.builds(
        Refusal, observation_slots, operator_sets, addresses, st.text(max_size=64), st.text(max_size=256)
    ),
)

SAMPLES: dict[str, Message] = {
    "phase_request": samples.request(
        dependency_results=((PhaseIndex(1), b"r"),), wanted=(samples.OPERATORS[0],)
    ),
    "proposal": samples.proposal(samples.AGGREGATORS[0], {0: 7, 1: 8}),
    "tick_certificate": samples.tick_certificate(3, 7),
    "series_proposal": samples.series_proposal(
        samples.AGGREGATORS[0], [samples.certified_tick(1, 7), samples.certified_tick(3, 8)], 3
    ),
    "observation": samples.observation_message(0, 7),
    "attestation": samples.attestation(0, b"result"),
    "refusal": samples.refusal(0, "handler_failed", detail="down"),
}


def reason_of(data: bytes) -> Reason:
    with pytest.raises(DecodeError) as caught:
        decode(data)
    return caught.value.reason


def altered(message: Message, **changes: Any) -> bytes:
    """Its bytes with fields of the body changed, or removed where None."""
    envelope = msgpack.unpackb(encode(message))
    for name, value in changes.items():
        if value is None:
            del envelope["b"][name]
        else:
            envelope["b"][name] = value
    data: bytes = msgpack.packb(envelope)
    return data


@given(messages)
def test_every_message_comes_back_as_it_was(message: Message) -> None:
    assert decode(encode(message)) == message


@given(messages)
def test_every_subject_comes_back_as_it_was(message: Message) -> None:
    subject = str(subject_of(message))
    assert Subject.parse(subject) == subject_of(message)
    check_subject(message, subject)


@given(st.binary(max_size=300))
def test_garbage_is_a_decode_error_and_nothing_else(data: bytes) -> None:
    assert reason_of(data) in {Reason.MALFORMED, Reason.UNSUPPORTED_VERSION, Reason.UNKNOWN_MESSAGE}


@settings(max_examples=300)
@given(messages, st.data())
def test_a_mutated_message_is_a_message_or_a_decode_error(message: Message, data: st.DataObject) -> None:
    raw = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(raw)))
    for mutant in (bytes(raw), bytes(raw[:cut])):
        try:
            decode(mutant)
        except DecodeError as error:
            assert error.reason in {
                Reason.MALFORMED,
                Reason.OVERSIZED,
                Reason.UNSUPPORTED_VERSION,
                Reason.UNKNOWN_MESSAGE,
            }


@pytest.mark.parametrize("depth", [10, 1_000, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    assert reason_of(b"\x91" * depth) is Reason.MALFORMED


def test_a_claimed_length_allocates_nothing() -> None:
    assert reason_of(b"\xdd\xff\xff\xff\xff") is Reason.MALFORMED
    assert reason_of(b"\xc6\xff\xff\xff\xff") is Reason.MALFORMED
    assert reason_of(b"\xdf\xff\xff\xff\xff") is Reason.MALFORMED


def test_an_oversized_message_is_refused_before_it_is_read() -> None:
    assert reason_of(b"\xc0" * (MAX_MESSAGE_BYTES + 1)) is Reason.OVERSIZED


def test_a_newer_version_and_an_unknown_kind_are_told_apart_from_garbage() -> None:
    assert reason_of(msgpack.packb({"v": 2, "t": "x", "b": {}})) is Reason.UNSUPPORTED_VERSION
    assert reason_of(msgpack.packb({"v": 1, "t": "x", "b": {}})) is Reason.UNKNOWN_MESSAGE
    assert reason_of(msgpack.packb({"v": 0, "t": "refusal", "b": {}})) is Reason.MALFORMED
    assert reason_of(msgpack.packb({"v": True, "t": "refusal", "b": {}})) is Reason.MALFORMED
    assert reason_of(msgpack.packb({"v": 1})) is Reason.MALFORMED
    assert reason_of(msgpack.packb([1, 2])) is Reason.MALFORMED


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_field_that_a_later_release_adds_is_ignored(kind: str) -> None:
    assert decode(altered(SAMPLES[kind], moon_phase="waxing")) == SAMPLES[kind]


@pytest.mark.parametrize(("kind", "field"), [(k, f) for k, (_, fields) in TABLES.items() for f in fields])
def test_a_missing_or_mistyped_field_is_malformed(kind: str, field: str) -> None:
    if not TABLES[kind][1][field].optional:
        assert reason_of(altered(SAMPLES[kind], **{field: None})) is Reason.MALFORMED
    assert reason_of(altered(SAMPLES[kind], **{field: 1.5})) is Reason.MALFORMED


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("attestation", "result", b"x" * 131_073),
        ("phase_request", "payload", b"x" * 131_073),
        ("phase_request", "wanted", [bytes(20)] * 1_025),
        ("phase_request", "dependency_results", [[0, b""]] * 65),
        ("refusal", "detail", "x" * 257),
    ],
)
def test_a_field_beyond_its_bound_is_oversized(kind: str, field: str, value: object) -> None:
    assert reason_of(altered(SAMPLES[kind], **{field: value})) is Reason.OVERSIZED


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        ("attestation", "signature", bytes(63)),
        ("attestation", "reference_timestamp", 2**32),
        ("attestation", "reference_timestamp", -1),
        ("attestation", "operator", bytes(21)),
        ("proposal", "signature", bytes(64)),
        ("observation", "slot", [1, bytes(20), bytes(32), 0, 1]),
    ],
)
def test_a_field_of_the_wrong_width_is_malformed(kind: str, field: str, value: object) -> None:
    assert reason_of(altered(SAMPLES[kind], **{field: value})) is Reason.MALFORMED


@pytest.mark.parametrize("kind", SAMPLES)
def test_the_bytes_of_each_kind_are_what_they_always_were(kind: str) -> None:
    assert encode(SAMPLES[kind]).hex() == GOLDEN[kind]["bytes"]
    assert str(subject_of(SAMPLES[kind])) == GOLDEN[kind]["subject"]


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_message_on_another_s_subject_is_refused(kind: str) -> None:
    message = SAMPLES[kind]
    tokens = str(subject_of(message)).split(".")
    for place in range(1, len(tokens)):
        other = list(tokens)
        other[place] = {3: "9", 1: "00" * 20 + "-2"}.get(place, "00" * (len(tokens[place]) // 2))
        with pytest.raises(DecodeError) as caught:
            check_subject(message, ".".join(other))
        assert caught.value.reason is Reason.SUBJECT_MISMATCH


@given(st.text(max_size=60))
def test_any_text_is_a_subject_or_a_mismatch(text: str) -> None:
    try:
        assert str(Subject.parse(text)) == text
    except DecodeError as error:
        assert error.reason is Reason.SUBJECT_MISMATCH


TASK = task_slot(samples.SLOT.chain_id, samples.SLOT.state_machine, b"\x07" * 32)


def test_a_task_is_asked_for_by_its_hash_and_answered_like_an_execution_s_first_phase() -> None:
    request = replace(samples.request(), slot=TASK, dependency_results=())
    set_ = f"{'a5' * 20}-1"
    assert str(subject_of(request)) == f"task.{set_}.{'07' * 32}"
    check_subject(request, f"task.{set_}.{'07' * 32}")
    answer = samples.attestation(0, b"r", TASK.in_round(Round(0)))
    assert str(subject_of(answer)) == f"attest.{set_}.{'07' * 32}.0.{samples.OPERATORS[0].hex()}"
    for message in (request, answer):
        slot = decode(encode(message)).slot
        assert slot.kind is Kind.TASK
        assert decode(encode(message)) == message
    with pytest.raises(DecodeError):
        check_subject(request, f"phase.{set_}.{'07' * 32}.0")
    with pytest.raises(DecodeError):
        check_subject(samples.request(), f"task.{set_}.{samples.SLOT.execution_id.hex()}")


def test_a_signature_has_64_or_65_bytes_as_its_curve_has() -> None:
    given = samples.attestation(0, b"r")
    for length in (64, 65):
        assert decode(encode(replace(given, signature=bytes(length)))) == replace(
            given, signature=bytes(length)
        )
    for length in (0, 63, 66, 128):
        assert reason_of(altered(given, signature=bytes(length))) is Reason.MALFORMED


def test_an_agent_hears_its_own_sets_only() -> None:
    assert requests_filter((samples.SET,)) == (
        f"phase.{'a5' * 20}-1.>",
        f"task.{'a5' * 20}-1.>",
        f"propose.{'a5' * 20}-1.>",
        f"tick.{'a5' * 20}-1.>",
        f"series.{'a5' * 20}-1.>",
    )


def test_slots_of_rounds_and_observations_belong_together() -> None:
    assert isinstance(samples.SLOT, Slot)
    assert samples.SLOT.observation_slot == samples.OBSERVATION_SLOT


def test_a_message_of_an_earlier_release_lacks_what_came_later_and_says_nothing_by_it() -> None:
    request = samples.request()
    assert "trigger_data" not in msgpack.unpackb(encode(request))["b"]
    assert decode(encode(request)) == request
    assert request.trigger_data is None


def test_the_largest_request_that_a_contract_can_ask_for_fits_into_one_message() -> None:
    results = tuple((PhaseIndex(index), bytes(MAX_RESULT_BYTES)) for index in range(MAX_PHASES - 1))
    request = samples.request(
        payload=bytes(MAX_PAYLOAD_BYTES),
        dependency_results=results,
        trigger_data=bytes(MAX_TRIGGER_DATA_BYTES),
    )
    assert decode(encode(request)) == request
