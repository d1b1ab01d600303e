"""Trigger conditions as authors write them: their bytes, what is refused, and their words."""

from datetime import UTC, datetime
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from eth_abi.abi import encode as reference
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st
from trigger_cases import DEPENDENCIES, LEAST, MOST, SIGNERS, TOPICS, TriggerCases, envelope
from vectors import load, raw

from hourglass.errors import DefinitionError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, PhaseIndex
from hourglass.workflow.trigger_encoding import MAX_CONDITION_BYTES
from hourglass.workflow.triggers import (
    ChainEvent,
    Comparison,
    Condition,
    MultiSig,
    Not,
    ResultCompare,
    TriggerConditionType,
    TriggerError,
    all_of,
    always,
    any_of,
    approved_by,
    at_block,
    at_time,
    chain_event,
    data_hash,
    decode,
    describe,
    encode,
    not_,
    oracle_within,
    price_above,
    price_below,
    result_above,
    result_at_least,
    result_at_most,
    result_below,
    result_differs,
    result_equals,
)

ALICE, BOB = Address(b"\xa1" * 20), Address(b"\xb0" * 20)
TRANSFER = "Transfer(address,address,uint256)"
chances = st.randoms(use_true_random=False)


def address(number: int) -> Address:
    return Address(number.to_bytes(20, "big"))


def multi_sig(signers: list[Address], required: int) -> bytes:
    return envelope(4, reference(["address[]", "uint256"], [signers, required]))


def event(topics: list[bytes]) -> bytes:
    return envelope(8, reference(["address", "bytes32[]"], [ALICE, topics]))


def children(kind: int, *parts: bytes) -> bytes:
    return envelope(kind, reference(["bytes[]"], [parts]))


def nested(times: int, inner: bytes) -> bytes:
    for _ in range(times):
        inner = envelope(11, inner)
    return inner


def replaced(data: bytes, offset: int, number: int) -> bytes:
    return data[:offset] + number.to_bytes(32, "big") + data[offset + 32 :]


NONE = envelope(0, b"")

# ── Bytes ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_vectors_price_trigger_comes_out_bit_for_bit() -> None:
    assert encode(price_above(5_000)) == raw(load("seed_workflow_encodings")["price_trigger"]["encoded"])


@pytest.mark.parametrize(
    ("condition", "kind", "types", "values"),
    [
        (always(), 0, [], []),
        (price_above(5), 1, ["uint256", "bool"], [5, True]),
        (price_below(MOST), 1, ["uint256", "bool"], [MOST, False]),
        (at_time(2**256 - 1), 2, ["uint256"], [2**256 - 1]),
        (data_hash(TOPICS[0]), 3, ["bytes32"], [TOPICS[0]]),
        (approved_by(BOB, ALICE, required=1), 4, ["address[]", "uint256"], [[BOB, ALICE], 1]),
        (oracle_within(7, 2**256 - 1), 5, ["uint256", "uint256"], [7, 2**256 - 1]),
        (at_block(9), 6, ["uint256"], [9]),
        (result_equals(3, LEAST), 7, ["uint32", "uint8", "int256"], [3, 0, LEAST]),
        (ResultCompare(PhaseIndex(3), Comparison.EQUAL, 0), 7, ["uint32", "uint8", "int256"], [3, 0, 0]),
        (result_differs(3, MOST), 7, ["uint32", "uint8", "int256"], [3, 1, MOST]),
        (result_below(3, -1), 7, ["uint32", "uint8", "int256"], [3, 2, -1]),
        (result_at_most(3, -1), 7, ["uint32", "uint8", "int256"], [3, 3, -1]),
        (result_above(3, -1), 7, ["uint32", "uint8", "int256"], [3, 4, -1]),
        (result_at_least(3, -1), 7, ["uint32", "uint8", "int256"], [3, 5, -1]),
        (
            chain_event(ALICE, TRANSFER, None, BOB),
            8,
            ["address", "bytes32[]"],
            [ALICE, [keccak(TRANSFER.encode()), bytes(32), bytes(12) + BOB]],
        ),
        (all_of(always(), always()), 9, ["bytes[]"], [[NONE, NONE]]),
        (any_of(always()), 10, ["bytes[]"], [[NONE]]),
    ],
)
def test_each_type_is_what_the_abi_library_makes_of_it(
    condition: Condition, kind: int, types: list[str], values: list[Any]
) -> None:
    encoded = reference(["uint8", "bytes"], [kind, reference(types, values)])
    assert encode(condition) == encoded
    assert decode(encoded, DEPENDENCIES) == condition


def test_a_not_s_params_are_the_other_condition_itself() -> None:
    assert encode(not_(at_block(9))) == reference(["uint8", "bytes"], [11, encode(at_block(9))])
    assert decode(nested(1, NONE), ()) == Not(always())


@given(chances)
def test_every_condition_comes_back_from_its_bytes(chance: Random) -> None:
    condition = TriggerCases(chance).condition()
    encoded = encode(condition)
    assert decode(encoded, DEPENDENCIES) == condition
    assert len(encoded) <= MAX_CONDITION_BYTES


@given(chances, st.binary())
def test_any_bytes_are_one_condition_s_own_or_refused_by_a_rule(chance: Random, noise: bytes) -> None:
    cases = TriggerCases(chance)
    data = chance.choice((noise, cases.unruly(), cases.spoiled(encode(cases.condition()))))
    try:
        condition = decode(data, DEPENDENCIES)
    except TriggerError as error:
        assert error.rule.startswith("Trigger"), error
        return
    assert encode(condition) == data


# ── What is refused, by the contract's rules ──────────────────────────────────────────────────────────

WIDEST = children(9, *[nested(2, NONE)] * 5)
LARGEST = children(
    9, multi_sig([address(n + 1) for n in range(32)], 1), multi_sig([address(n + 1) for n in range(11)], 1)
)


@pytest.mark.parametrize(
    "encoded", [WIDEST, LARGEST, nested(3, NONE), children(10, *[NONE] * 8), event([TOPICS[0]] * 4)]
)
def test_every_limit_itself_is_allowed(encoded: bytes) -> None:
    assert encode(decode(encoded, ())) == encoded
    assert len(LARGEST) == MAX_CONDITION_BYTES


@pytest.mark.parametrize(
    ("rule", "encoded"),
    [
        ("TriggerTooLarge", LARGEST + b"\0"),
        ("TriggerTooLarge", bytes(2_049)),
        ("TriggerTooDeep", nested(4, NONE)),
        ("TriggerTooDeep", nested(4, b"never opened")),
        ("TriggerTooDeep", children(9, children(10, children(9, children(10, NONE))))),
        ("TriggerTooManyConditions", children(9, *[nested(2, NONE)] * 5, b"")),
        ("TriggerMalformed", b""),
        ("TriggerMalformed", NONE[:-1]),
        ("TriggerMalformed", NONE + bytes(32)),
        ("TriggerMalformed", replaced(NONE, 0, 256)),
        ("TriggerMalformed", replaced(NONE, 32, 96)),
        ("TriggerMalformed", replaced(NONE, 64, 2**256 - 1)),
        ("TriggerMalformed", envelope(0, b"\0")),
        ("TriggerMalformed", envelope(3, bytes(33))),
        ("TriggerMalformed", envelope(1, reference(["uint256", "uint256"], [1, 2]))),
        ("TriggerMalformed", replaced(multi_sig([ALICE], 1), 192, 2**160)),
        ("TriggerMalformed", children(9, NONE, b"x")[:-1] + b"\1"),
        ("TriggerMalformed", replaced(children(9, NONE, NONE), 192, 64)),
        ("TriggerMalformed", envelope(11, b"")),
        ("TriggerUnknownType", envelope(12, b"")),
        ("TriggerUnknownType", envelope(255, b"whatever")),
        ("TriggerChildrenOutOfRange", children(9)),
        ("TriggerChildrenOutOfRange", children(10, *[b"never opened"] * 9)),
        ("TriggerValueOutOfRange", envelope(1, reference(["uint256", "bool"], [MOST + 1, True]))),
        ("TriggerValueOutOfRange", envelope(5, reference(["uint256", "uint256"], [MOST + 1, 0]))),
        ("TriggerSignersOutOfRange", multi_sig([], 0)),
        ("TriggerSignersOutOfRange", multi_sig([address(n + 1) for n in range(33)], 1)),
        ("TriggerZeroSigner", multi_sig([ALICE, address(0), ALICE], 1)),
        ("TriggerDuplicateSigner", multi_sig([ALICE, ALICE, address(0)], 0)),
        ("TriggerRequiredOutOfRange", multi_sig([ALICE, BOB], 0)),
        ("TriggerRequiredOutOfRange", multi_sig([ALICE, BOB], 3)),
        ("TriggerUnknownComparison", envelope(7, reference(["uint32", "uint8", "int256"], [1, 6, 0]))),
        ("TriggerUnknownDependency", envelope(7, reference(["uint32", "uint8", "int256"], [1, 5, 0]))),
        (
            "TriggerUnknownDependency",
            envelope(7, reference(["uint32", "uint8", "int256"], [2**32 - 1, 5, 0])),
        ),
        ("TriggerTopicsOutOfRange", event([])),
        ("TriggerTopicsOutOfRange", event([TOPICS[0]] * 5)),
        ("TriggerTopicZero", event([bytes(32), TOPICS[0]])),
        ("TriggerUnknownDependency", children(9, encode(result_equals(1, 0)), envelope(12, b""))),
        ("TriggerUnknownType", children(9, envelope(12, b""), encode(result_equals(1, 0)))),
    ],
)
def test_each_rule_refuses_by_its_name(rule: str, encoded: bytes) -> None:
    for wrapped in (encoded, envelope(11, encoded), children(10, NONE, encoded)):
        if rule in ("TriggerTooLarge", "TriggerTooDeep", "TriggerTooManyConditions") and wrapped != encoded:
            continue
        with pytest.raises(TriggerError) as refusal:
            decode(wrapped, DEPENDENCIES)
        assert refusal.value.rule == rule


def test_a_refusal_is_the_author_s_and_says_what_to_do() -> None:
    with pytest.raises(DefinitionError, match="name that phase in `after`") as refusal:
        decode(encode(result_equals(1, 0)), DEPENDENCIES)
    assert refusal.value.reason is Reason.INVALID_DEFINITION
    assert "phase number 1" in refusal.value.detail


@pytest.mark.parametrize(
    ("rule", "make"),
    [
        ("TriggerValueOutOfRange", lambda: price_above(-1)),
        ("TriggerValueOutOfRange", lambda: price_below(2**255)),
        ("TriggerValueOutOfRange", lambda: price_above(1.5)),  # type: ignore[arg-type]
        ("TriggerValueOutOfRange", lambda: price_above(True)),
        ("TriggerValueOutOfRange", lambda: oracle_within(2**255, 0)),
        ("TriggerValueOutOfRange", lambda: oracle_within(-1, 0)),
        ("", lambda: oracle_within(1, -1)),
        ("", lambda: at_time(-1)),
        ("", lambda: at_time(2**256)),
        ("", lambda: at_time(datetime(2026, 1, 1))),
        ("", lambda: at_block(-1)),
        ("", lambda: data_hash(b"short")),
        ("", lambda: data_hash("0xno")),
        ("", lambda: result_above(1, 2**255)),
        ("", lambda: result_below(1, LEAST - 1)),
        ("", lambda: result_above(1, 1.5)),  # type: ignore[arg-type]
        ("", lambda: result_above(-1, 1)),
        ("", lambda: result_above(2**32, 1)),
        ("TriggerUnknownComparison", lambda: ResultCompare(PhaseIndex(1), 5, 1)),  # type: ignore[arg-type]
        ("TriggerSignersOutOfRange", lambda: approved_by()),
        ("TriggerSignersOutOfRange", lambda: approved_by(*[address(n + 1) for n in range(33)])),
        ("TriggerDuplicateSigner", lambda: approved_by(ALICE, str(ALICE).lower())),
        ("TriggerZeroSigner", lambda: approved_by(address(0))),
        ("TriggerRequiredOutOfRange", lambda: approved_by(ALICE, required=2)),
        ("TriggerRequiredOutOfRange", lambda: approved_by(ALICE, required=0)),
        ("", lambda: approved_by("0x1234")),
        ("TriggerChildrenOutOfRange", lambda: all_of()),
        ("TriggerChildrenOutOfRange", lambda: any_of(*[always()] * 9)),
        ("", lambda: not_(5_000)),  # type: ignore[arg-type]
        ("", lambda: all_of([always()])),  # type: ignore[arg-type]
        ("TriggerTopicsOutOfRange", lambda: chain_event(ALICE, TRANSFER, 1, 2, 3, 4)),
        ("TriggerTopicsOutOfRange", lambda: ChainEvent(ALICE, ())),
        ("TriggerTopicZero", lambda: ChainEvent(ALICE, (bytes(32),))),
        ("", lambda: ChainEvent(ALICE, (b"short",))),
        ("TriggerTooDeep", lambda: encode(not_(not_(not_(not_(always())))))),
        (
            "TriggerTooManyConditions",
            lambda: encode(all_of(any_of(*[always()] * 8), any_of(*[always()] * 8))),
        ),
        ("TriggerTooLarge", lambda: encode(all_of(*[approved_by(*SIGNERS)] * 8))),
    ],
)
def test_authors_are_refused_where_they_write(rule: str, make: Any) -> None:
    with pytest.raises(TriggerError) as refusal:
        make()
    assert refusal.value.rule == rule
    assert len(refusal.value.detail) > 20


# ── What authors write ────────────────────────────────────────────────────────────────────────────────


def test_a_result_is_named_by_its_phase_or_its_number() -> None:
    phase = SimpleNamespace(index=PhaseIndex(3))
    assert result_above(phase, 5) == result_above(3, 5) == ResultCompare(PhaseIndex(3), Comparison.GREATER, 5)
    assert result_equals(phase, True) == result_equals(3, 1)


def test_a_time_is_a_second_or_a_moment_with_its_time_zone() -> None:
    assert at_time(datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)) == at_time(1_790_000_000)
    assert at_time(datetime(2026, 9, 21, 14, 13, 20, 1, tzinfo=UTC)) == at_time(1_790_000_001)


def test_all_who_are_asked_must_approve_if_nothing_else_is_said() -> None:
    assert approved_by(ALICE, str(BOB)) == MultiSig((ALICE, BOB), 2)


def test_an_event_is_found_by_its_signature_and_arguments() -> None:
    found = chain_event(str(ALICE), TRANSFER, str(BOB), -1, "0x" + "ab" * 32)
    assert found == ChainEvent(
        ALICE, (keccak(TRANSFER.encode()), bytes(12) + BOB, b"\xff" * 32, b"\xab" * 32)
    )
    assert chain_event(ALICE, "Closed()") == ChainEvent(ALICE, (keccak(b"Closed()"),))
    assert chain_event(ALICE, "Moved(int256)", LEAST) == ChainEvent(
        ALICE, (keccak(b"Moved(int256)"), b"\x80" + bytes(31))
    )
    nested_types = "Sold((address,uint8)[],bytes32[2])"
    assert chain_event(ALICE, nested_types, 2**256 - 1) == ChainEvent(
        ALICE, (keccak(nested_types.encode()), b"\xff" * 32)
    )


@pytest.mark.parametrize("zero", [0, bytes(32), address(0), "0x" + "00" * 20])
def test_an_argument_of_zero_is_refused_since_it_would_match_any(zero: Any) -> None:
    with pytest.raises(TriggerError, match="say None"):
        chain_event(ALICE, TRANSFER, zero)


@pytest.mark.parametrize("wrong", [b"short", "0xno", 2**256, -(2**255) - 1, 1.5])
def test_an_argument_that_is_no_topic_is_refused(wrong: Any) -> None:
    with pytest.raises(TriggerError):
        chain_event(ALICE, TRANSFER, wrong)


@pytest.mark.parametrize(
    "signature",
    [
        "Transfer",
        "Transfer(address, address,uint256)",
        "Transfer(address indexed from)",
        "Transfer(uint)",
        "Sold(int[])",
        "",
    ],
)
def test_an_event_s_name_without_its_exact_types_is_refused(signature: str) -> None:
    with pytest.raises(TriggerError, match="full types"):
        chain_event(ALICE, signature)


# ── Words ─────────────────────────────────────────────────────────────────────────────────────────────


@given(chances)
def test_every_condition_can_be_said_in_one_sentence(chance: Random) -> None:
    sentence = describe(TriggerCases(chance).condition())
    assert "\n" not in sentence
    assert sentence[0].isupper() or sentence.startswith("0x") or sentence[0].isdigit()
    assert not sentence.endswith(".")
    assert sentence.count("(") == sentence.count(")")


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [
        (price_above(5_000), "The price is above 5000"),
        (price_below(5_000), "The price is below 5000"),
        (at_time(1_790_000_000), "The chain's time has reached 1790000000 (2026-09-21 14:13:20 UTC)"),
        (at_time(2**256 - 1), f"The chain's time has reached {2**256 - 1}"),
        (oracle_within(100, 3), "The value is within 3 of 100"),
        (
            chain_event(ALICE, "Moved(address,int256)", None, 5),
            f"{ALICE} has logged an event with topics 0x{keccak(b'Moved(address,int256)').hex()}, any, 0x{5:064x}",
        ),
        (result_differs(0, 1), "The result of phase 0 is not 1"),
        (any_of(always(), at_block(7)), "Any of (it holds at once; the chain has reached block 7) holds"),
        (result_at_least(2, -7), "The result of phase 2 is at least -7"),
        (approved_by(ALICE, BOB, required=1), f"1 of {ALICE}, {BOB} has approved"),
        (
            all_of(at_block(7), not_(any_of(always()))),
            "All of (the chain has reached block 7; it is not so that any of (it holds at once) holds) hold",
        ),
    ],
)
def test_the_sentence_says_what_is_waited_for(condition: Condition, sentence: str) -> None:
    assert describe(condition) == sentence


def test_types_are_numbered_as_they_will_be_for_ever() -> None:
    assert [kind.name for kind in TriggerConditionType] == [
        "NONE", "PRICE_THRESHOLD", "TIME_THRESHOLD", "DATA_HASH", "MULTI_SIG", "ORACLE_VALUE", "BLOCK_THRESHOLD",
        "RESULT_COMPARE", "CHAIN_EVENT", "ALL", "ANY", "NOT",
    ]  # fmt: skip
    vectors = load("seed_workflow_encodings")["trigger_enum"]
    assert vectors == {name: TriggerConditionType[name] for name in vectors}
