"""A phase told to a performer: any value comes back, and nothing else is taken for one."""

from contextlib import suppress
from dataclasses import replace

import pytest
from eth_abi.abi import decode as eth_abi_decode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from hourglass.workflow.identifiers import Address, Attempt, ChainTime, ExecutionId, PhaseIndex, Tick
from hourglass.workflow.phase_payload import (
    MAGIC,
    PAYLOAD_ABI,
    PhasePayload,
    UnsupportedVersionError,
    is_phase,
    task_id_of_phase,
)
from hourglass.workflow.phases import PhaseType

EXAMPLE = PhasePayload(
    definition_hash=b"\xdd" * 32,
    execution_id=ExecutionId(b"\xee" * 32),
    phase_index=PhaseIndex(2),
    phase_name="sum",
    phase_type=PhaseType.AGGREGATION,
    attempt=Attempt(1),
    tick=Tick(0),
    deadline=ChainTime(1_700_000_600),
    operator=Address(b"\x0a" * 20),
    payload=b"hi",
    results=((PhaseIndex(0), b"\x01"), (PhaseIndex(1), None)),
    trigger_data=None,
    metadata=b"",
)

words = st.binary(min_size=32, max_size=32)
counts = st.integers(0, 2**32 - 1)
phases = st.builds(
    PhasePayload,
    definition_hash=words,
    execution_id=words.map(ExecutionId),
    phase_index=counts.map(PhaseIndex),
    phase_name=st.text(max_size=20),
    phase_type=st.sampled_from(PhaseType),
    attempt=counts.map(Attempt),
    tick=counts.map(Tick),
    deadline=st.integers(0, 2**64 - 1).map(ChainTime),
    operator=st.binary(min_size=20, max_size=20).map(Address),
    payload=st.binary(max_size=100),
    results=st.lists(st.tuples(counts.map(PhaseIndex), st.none() | st.binary(max_size=70)), max_size=4).map(
        tuple
    ),
    trigger_data=st.none() | st.binary(max_size=40),
    metadata=st.binary(max_size=40),
)


@given(phases)
def test_a_phase_comes_back_as_it_was(phase: PhasePayload) -> None:
    assert PhasePayload.decode(phase.encode()) == phase


@given(phases)
def test_anybody_s_abi_library_reads_it(phase: PhasePayload) -> None:
    fields = eth_abi_decode(PAYLOAD_ABI, phase.encode()[9:])
    assert fields[2:7] == (
        phase.phase_index,
        phase.phase_name,
        int(phase.phase_type),
        phase.attempt,
        phase.tick,
    )
    assert bytes.fromhex(fields[8][2:]) == bytes(phase.operator)
    assert dict(phase.results) == {
        index: result if there else None
        for index, there, result in zip(fields[10], fields[11], fields[12], strict=True)
    }
    assert fields[13] == (phase.trigger_data is not None)


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda data: MAGIC + b"\x01" + data))
def test_garbage_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        PhasePayload.decode(data)


@given(st.data())
def test_no_other_bytes_mean_the_same_phase(data: st.DataObject) -> None:
    encoded = bytearray(EXAMPLE.encode())
    place = data.draw(st.integers(0, len(encoded) - 1))
    encoded[place] ^= data.draw(st.integers(1, 255))
    with suppress(ValueError):
        assert PhasePayload.decode(bytes(encoded)) != EXAMPLE


def test_a_later_version_is_told_from_garbage() -> None:
    encoded = EXAMPLE.encode()
    with pytest.raises(UnsupportedVersionError):
        PhasePayload.decode(encoded[:8] + b"\x02" + encoded[9:])
    with pytest.raises(UnsupportedVersionError):
        PhasePayload.decode(MAGIC)


def test_data_without_a_trigger_is_refused() -> None:
    with_data = bytearray(replace(EXAMPLE, trigger_data=b"x").encode())
    flag = 9 + 13 * 32 + 31
    assert with_data[flag] == 1
    with_data[flag] = 0
    with pytest.raises(ValueError, match="none"):
        PhasePayload.decode(bytes(with_data))


@given(st.text(), st.dictionaries(st.text(), st.integers()))
def test_no_text_is_a_phase(text: str, fields: dict[str, int]) -> None:
    assert not is_phase(text.encode())
    assert not is_phase(repr(fields).encode())
    assert len(MAGIC) == 8


def test_the_example_has_these_very_bytes() -> None:
    # Whoever changes them changes what performers out there read: that takes another version.
    assert (
        keccak(EXAMPLE.encode()).hex() == "35e90f4acc3958ee66805b2636f1d1588d5b1e8fc1107d37bfbf706a6140e2c3"
    )


def test_each_attempt_and_tick_has_an_id_of_its_own() -> None:
    slots = [
        (ExecutionId(bytes([n]) * 32), PhaseIndex(p), Attempt(a), Tick(t))
        for n in (1, 2)
        for p in (0, 1)
        for a in (1, 2)
        for t in (0, 1)
    ]
    assert len({task_id_of_phase(*slot) for slot in slots}) == len(slots)
