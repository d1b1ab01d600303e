"""When trigger conditions hold, and how an operator that watches one hands over what it found."""

from dataclasses import replace
from random import Random

import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st
from trigger_cases import LEAST, MOST, SECRETS, SIGNERS, TOPICS, TriggerCases, bad_signatures

from hourglass.certificate.ecdsa import recover_signer, sign_digest
from hourglass.workflow import abi
from hourglass.workflow.identifiers import Address, Digest, PhaseIndex
from hourglass.workflow.triggers import (
    ChainEvent,
    Comparison,
    Condition,
    Facts,
    MultiSig,
    ResultCompare,
    TriggerDataError,
    all_of,
    always,
    any_of,
    approved_by,
    at_block,
    at_time,
    chain_events,
    data_hash,
    encode_log,
    holds,
    not_,
    oracle_within,
    price_above,
    price_below,
    reads_data,
    result_above,
    result_equals,
    watched_data,
)

EMITTER = Address(b"\xe1" * 20)
FACTS = Facts(
    timestamp=1_000,
    block_number=100,
    approval_digest=Digest(b"\xdd" * 32),
    dependencies=(PhaseIndex(0), PhaseIndex(3)),
    results=(b"", abi.encode(["int256"], [-5])),
    present=(False, True),
)
NO_LOGS: dict[ChainEvent, bytes | None] = {}
chances = st.randoms(use_true_random=False)
int256 = st.integers(LEAST, MOST) | st.sampled_from((LEAST, -1, 0, 1, MOST))


def judged(condition: Condition, data: bytes = b"", facts: Facts = FACTS) -> bool:
    return holds(condition, facts, data, recover_signer)


def word(value: int) -> bytes:
    return abi.encode(["int256"], [value])


def parts(*datas: bytes) -> bytes:
    return abi.encode(["bytes[]"], [datas])


def signed(*signers: Address) -> list[bytes]:
    return [sign_digest(SECRETS[signer], FACTS.approval_digest) for signer in signers]


# ── Laws ──────────────────────────────────────────────────────────────────────────────────────────────


@given(chances)
def test_any_data_gives_a_boolean_or_is_refused_as_malformed(chance: Random) -> None:
    cases = TriggerCases(chance)
    condition, facts = cases.condition(), cases.facts()
    for data in (b"", cases.spoiled(cases.data(condition, facts)), chance.randbytes(96)):
        try:
            assert judged(condition, data, facts) in (True, False)
        except TriggerDataError as error:
            assert str(error)


@given(chances)
def test_not_is_the_opposite_and_all_and_any_are_logic(chance: Random) -> None:
    cases = TriggerCases(chance)
    facts = cases.facts()
    conditions = [cases.leaf(chance.randrange(9)) for _ in range(3)]
    datas = [cases.data(one, facts) for one in conditions]
    try:
        each = [judged(one, data, facts) for one, data in zip(conditions, datas, strict=True)]
    except TriggerDataError:
        for combined in (all_of(*conditions), any_of(*conditions), not_(any_of(*conditions))):
            with pytest.raises(TriggerDataError):
                judged(combined, parts(*datas), facts)
        return
    assert judged(all_of(*conditions), parts(*datas), facts) == all(each)
    assert judged(any_of(*conditions), parts(*datas), facts) == any(each)
    assert [judged(not_(one), data, facts) for one, data in zip(conditions, datas, strict=True)] == [
        not one for one in each
    ]


# ── The chain's own facts ─────────────────────────────────────────────────────────────────────────────


def test_times_and_blocks_hold_from_the_limit_on() -> None:
    assert judged(at_time(1_000))
    assert not judged(at_time(1_001), b"anything")
    assert judged(at_block(100), b"anything")
    assert not judged(at_block(101))


@pytest.mark.parametrize("comparison", Comparison)
def test_a_result_compares_only_if_it_is_there_and_one_word(comparison: Comparison) -> None:
    expected = {"EQUAL": "same", "NOT_EQUAL": "less more", "LESS": "less", "AT_MOST": "less same"}
    expected |= {"GREATER": "more", "AT_LEAST": "same more"}
    for name, result in (("less", -6), ("same", -5), ("more", 7)):
        facts = replace(FACTS, results=(b"", word(result)))
        condition = ResultCompare(PhaseIndex(3), comparison, -5)
        assert judged(condition, b"", facts) == (name in expected[comparison.name])
        assert not judged(condition, b"", replace(facts, present=(True, False)))
        assert not judged(ResultCompare(PhaseIndex(0), comparison, -5), b"", facts)
    for odd in (b"", bytes(31), bytes(33)):
        assert not judged(
            ResultCompare(PhaseIndex(3), comparison, -5), b"", replace(FACTS, results=(b"", odd))
        )


def test_a_result_that_nobody_speaks_of_compares_to_nothing() -> None:
    assert not judged(result_above(7, LEAST))


def test_facts_have_one_result_per_dependency() -> None:
    with pytest.raises(ValueError, match="each dependency"):
        replace(FACTS, results=())
    with pytest.raises(ValueError, match="each dependency"):
        replace(FACTS, present=(True, False, True))


# ── Values ────────────────────────────────────────────────────────────────────────────────────────────


@given(st.integers(0, MOST), int256)
def test_prices_are_strictly_above_or_below(threshold: int, price: int) -> None:
    assert judged(price_above(threshold), word(price)) == (price > threshold)
    assert judged(price_below(threshold), word(price)) == (price < threshold)
    assert not judged(price_above(threshold), word(threshold))
    assert not judged(price_below(threshold), word(threshold))


@given(st.integers(0, MOST), int256)
def test_a_value_holds_up_to_its_tolerance(expected: int, value: int) -> None:
    distance = abs(value - expected)
    assert judged(oracle_within(expected, distance), word(value))
    assert distance == 0 or not judged(oracle_within(expected, distance - 1), word(value))


@pytest.mark.parametrize("condition", [price_above(5), price_below(5), oracle_within(5, 5)])
def test_a_value_that_is_not_there_yet_does_not_hold_and_one_of_another_size_is_malformed(
    condition: Condition,
) -> None:
    assert not judged(condition, b"")
    for data in (word(5)[:-1], word(5) + b"\0", word(5) * 2):
        with pytest.raises(TriggerDataError):
            judged(condition, data)


def test_data_is_known_by_its_hash_also_if_it_is_empty() -> None:
    assert judged(data_hash(keccak(b"some")), b"some")
    assert judged(data_hash(keccak(b"")))
    assert not judged(data_hash(keccak(b"some")))
    assert not judged(data_hash(keccak(b"some")), b"other")


# ── Approvals ─────────────────────────────────────────────────────────────────────────────────────────


def test_enough_listed_signers_in_order_approve() -> None:
    three = SIGNERS[2::-1]
    for required in (1, 2, 3):
        for given_ in range(4):
            data = parts(*signed(*SIGNERS[:given_]))
            assert judged(MultiSig(three, required), data) == (given_ >= required)
    assert not judged(MultiSig(three, 1), b"")


def test_an_approval_out_of_order_twice_or_by_a_stranger_spoils_all() -> None:
    condition = MultiSig(SIGNERS[:3], 1)
    for signers in ((1, 0), (0, 0), (0, 4), (0, 1, 2, 3)):
        assert not judged(condition, parts(*signed(*(SIGNERS[n] for n in signers))))


def test_every_signer_has_one_signature_alone() -> None:
    (signature,) = signed(SIGNERS[0])
    condition = MultiSig(SIGNERS[:1], 1)
    assert judged(condition, parts(signature))
    for bad in bad_signatures(signature):
        if len(bad) == 65:
            assert not judged(condition, parts(bad)), bad.hex()
        else:
            with pytest.raises(TriggerDataError):
                judged(condition, parts(bad))
    assert not judged(condition, parts(signature), replace(FACTS, approval_digest=Digest(bytes(32))))


def test_more_signatures_than_there_can_be_signers_are_malformed() -> None:
    with pytest.raises(TriggerDataError, match="32"):
        judged(MultiSig(SIGNERS, 1), parts(*signed(SIGNERS[0]) * 33))
    assert not judged(MultiSig(SIGNERS, 1), parts(*signed(SIGNERS[0]) * 32))


# ── Events ────────────────────────────────────────────────────────────────────────────────────────────


def test_a_log_matches_by_its_emitter_and_at_least_the_filter_s_topics() -> None:
    filtered = ChainEvent(EMITTER, (TOPICS[0], bytes(32), TOPICS[2]))
    assert judged(filtered, encode_log(EMITTER, TOPICS, b""))
    assert judged(filtered, encode_log(EMITTER, (TOPICS[0], bytes(32), TOPICS[2], TOPICS[1]), b"data"))
    assert not judged(filtered, encode_log(EMITTER, TOPICS[:2], b""))
    assert not judged(filtered, encode_log(EMITTER, (TOPICS[0], TOPICS[1], bytes(32)), b""))
    assert not judged(filtered, encode_log(EMITTER, (TOPICS[1], TOPICS[1], TOPICS[2]), b""))
    assert not judged(filtered, encode_log(Address(bytes(20)), TOPICS, b""))
    assert not judged(filtered, b"")
    # What only has to be there does have to be there.
    assert not judged(ChainEvent(EMITTER, (TOPICS[0], bytes(32))), encode_log(EMITTER, TOPICS[:1], b""))


def test_a_log_of_five_topics_is_malformed() -> None:
    with pytest.raises(TriggerDataError, match="4 topics"):
        judged(ChainEvent(EMITTER, TOPICS[:1]), encode_log(EMITTER, TOPICS[:1] * 5, b""))


# ── Combinations ──────────────────────────────────────────────────────────────────────────────────────


def test_malformed_data_of_any_child_is_an_error_also_where_another_decides() -> None:
    for condition in (any_of(always(), price_above(1)), all_of(at_block(101), price_above(1))):
        with pytest.raises(TriggerDataError):
            judged(condition, parts(b"", b"odd"))
        assert judged(not_(condition), parts(b"", b"")) != judged(condition, parts(b"", b""))


def test_each_child_has_its_own_data_and_none_has_more() -> None:
    both = all_of(price_above(5), price_below(5))
    assert judged(both, parts(word(6), word(4)))
    assert not judged(both, parts(word(4), word(6)))
    for data in (
        b"",
        parts(),
        parts(word(6)),
        parts(word(6), word(4), b""),
        parts(word(6), word(4)) + bytes(32),
    ):
        with pytest.raises(TriggerDataError):
            judged(both, data)


# ── Watching ──────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_found_goes_to_every_leaf_that_reads_it() -> None:
    watched, other = ChainEvent(EMITTER, TOPICS[:1]), ChainEvent(EMITTER, TOPICS[1:])
    log = encode_log(EMITTER, TOPICS, b"")
    logs: dict[ChainEvent, bytes | None] = {watched: log, other: None}
    condition = all_of(
        price_above(5),
        not_(price_below(6)),
        any_of(watched, other),
        approved_by(SIGNERS[0]),
        at_time(7),
        always(),
    )
    approvals = signed(SIGNERS[0])
    data = watched_data(condition, word(6), approvals, logs.get)
    assert data == parts(word(6), word(6), parts(log, b""), parts(*approvals), b"", b"")
    assert judged(condition, data)
    nothing = watched_data(condition, None, (), NO_LOGS.get)
    assert nothing == parts(b"", b"", parts(b"", b""), b"", b"", b"")
    assert not judged(condition, nothing)


@given(chances)
def test_what_was_found_is_never_malformed(chance: Random) -> None:
    cases = TriggerCases(chance)
    condition, facts = cases.condition(), cases.facts()
    for value in (None, cases.word(5_000)):
        data = watched_data(
            condition, value, signed(*SIGNERS[:3]), lambda one: encode_log(one.emitter, one.topics, b"")
        )
        assert judged(condition, data, facts) in (True, False)


def test_surplus_and_disorder_spoil_no_approvals_if_it_is_known_whose_they_are() -> None:
    one, two = approved_by(*SIGNERS[:2]), approved_by(SIGNERS[3], SIGNERS[1], required=2)
    condition = all_of(one, two)
    gathered = [*signed(SIGNERS[3], SIGNERS[5], SIGNERS[1], SIGNERS[0], SIGNERS[1]), bytes(65)]
    assert not judged(condition, watched_data(condition, None, gathered, NO_LOGS.get))

    def signer_of(signature: bytes) -> Address | None:
        return recover_signer(FACTS.approval_digest, signature)

    data = watched_data(condition, None, gathered, NO_LOGS.get, signer_of)
    assert data == parts(parts(*signed(*SIGNERS[:2])), parts(*signed(SIGNERS[1], SIGNERS[3])))
    assert judged(condition, data)
    assert watched_data(condition, None, signed(SIGNERS[6]), NO_LOGS.get, signer_of) == parts(b"", b"")


def test_events_to_look_for_are_each_named_once() -> None:
    one, other = ChainEvent(EMITTER, TOPICS[:1]), ChainEvent(EMITTER, TOPICS[1:])
    assert chain_events(any_of(one, not_(all_of(other, one)), price_above(1))) == (one, other)
    assert chain_events(at_time(1)) == ()


def test_only_values_and_approvals_have_to_be_brought() -> None:
    brought = (price_above(1), oracle_within(1, 1), data_hash(bytes(32)), approved_by(SIGNERS[0]))
    for condition in brought:
        assert reads_data(condition)
        assert reads_data(not_(all_of(always(), condition)))
    found = (
        always(),
        at_time(1),
        at_block(1),
        result_above(0, 1),
        ChainEvent(EMITTER, TOPICS),
        result_equals(0, 1),
    )
    assert not any(map(reads_data, found))
    assert not reads_data(any_of(*found))
