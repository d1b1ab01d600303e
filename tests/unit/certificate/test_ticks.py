"""A certified tick: checked by whoever has the table, and by the verifier's own rules."""

from dataclasses import replace

import bn254
import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from hourglass.certificate.certificates import verify_certificate
from hourglass.certificate.ticks import (
    COEFFICIENT_BYTES,
    CertifiedTick,
    are_signed,
    bitmap,
    certificate,
    has_quorum,
    indices_in,
)
from hourglass.workflow.identifiers import BasisPoints, Round, Tick

ENTROPY = bytes(range(128))


def signed(*ticks: CertifiedTick) -> bool:
    return are_signed(ticks, samples.SCOPE, samples.BACKEND, ENTROPY)


def test_ticks_with_good_signatures_are_signed_all_at_once() -> None:
    assert signed(samples.certified_tick(1, 7), samples.certified_tick(2, -8, signers=(0, 1, 2), round=3))
    assert signed()


@pytest.mark.parametrize(
    "changes",
    [
        {"tick": Tick(3)},
        {"round": Round(1)},
        {"value": b"\x00" + bytes(32)},
        {"signers": bitmap((0, 1, 2, 3), 5)},
        {"signature": samples.certified_tick(2, 7).signature},
        {"signature": bytes(64)},
        {"signature": b"\x01" * 64},
        {"signers": b""},
        {"signers": bytes(1)},
    ],
)
def test_one_bad_tick_spoils_the_check_whatever_is_wrong_with_it(changes: dict[str, object]) -> None:
    good, bad = samples.certified_tick(1, 7), replace(samples.certified_tick(1, 7), **changes)  # type: ignore[arg-type]
    assert signed(good)
    assert not signed(good, bad)


def test_two_bad_signatures_that_cancel_out_are_not_taken_for_two_good_ones() -> None:
    one, two = samples.certified_tick(1, 7), samples.certified_tick(2, 8)
    assert not signed(replace(one, signature=two.signature), replace(two, signature=one.signature))


def test_too_little_entropy_is_an_error_not_a_weaker_check() -> None:
    with pytest.raises(ValueError, match="entropy"):
        are_signed(
            [samples.certified_tick(1, 7)], samples.SCOPE, samples.BACKEND, bytes(COEFFICIENT_BYTES - 1)
        )


@given(st.sets(st.integers(0, 4)))
def test_a_quorum_is_one_of_stake(signers: set[int]) -> None:
    claimed = replace(samples.certified_tick(1, 7), signers=bitmap(sorted(signers), 5))
    stake = sum(samples.WEIGHTS[index] for index in signers)
    assert has_quorum(claimed, samples.SCOPE) is (stake * 10_000 >= 6_667 * sum(samples.WEIGHTS))
    anybody = replace(samples.SCOPE, threshold=BasisPoints(0))
    assert has_quorum(claimed, anybody) is bool(signers)


@given(st.integers(1, 40), st.data())
def test_a_bitmap_gives_its_indices_back_and_names_nobody_beyond_the_table(
    size: int, data: st.DataObject
) -> None:
    indices = tuple(sorted(data.draw(st.sets(st.integers(0, size - 1)))))
    assert indices_in(bitmap(indices, size), size) == indices
    raw = data.draw(st.binary(max_size=6))
    found = indices_in(raw, size)
    assert found is None or (bitmap(found, size) == raw and all(index < size for index in found))


@pytest.mark.parametrize("signers", [(0, 1, 2, 3, 4), (0, 1, 2), (0, 2, 4)])
def test_the_on_chain_verifier_s_rules_accept_a_tick_s_certificate(signers: tuple[int, ...]) -> None:
    tick = samples.certified_tick(5, 7, signers=signers)
    made = certificate(tick, samples.SCOPE, samples.BACKEND)
    weights = verify_certificate(bn254.certificate_of(made), samples.TABLE, samples.BACKEND)
    assert weights == (sum(samples.WEIGHTS[index] for index in signers),)
    assert made.message_hash == samples.SCOPE.message_hash(tick)
