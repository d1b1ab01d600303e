"""Naming the bad signers: who is named, who never is, and how many pairings it takes."""

import secrets
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hourglass.bls.blame import Entry, find_invalid
from hourglass.bls.curve import (
    G1_GENERATOR,
    G1_IDENTITY,
    G2_GENERATOR,
    G2_IDENTITY,
    SUBGROUP_ORDER,
    Backend,
    G1Point,
    G2Point,
)
from hourglass.bls.keys import SecretKey
from hourglass.bls.mcl import MclBackend
from hourglass.bls.reference import ReferenceBackend
from hourglass.bls.signatures import sign, verify_sum

MCL, REFERENCE = MclBackend(), ReferenceBackend()
DIGEST = bytes(range(32))


class Counting(MclBackend):
    """mcl that counts its pairing checks."""

    name = "counting"

    def __init__(self) -> None:
        self.checks = 0
        super().__init__()
        self.checks = 0  # the self-test's do not count

    def pairing_is_one(self, pairs: Sequence[tuple[G1Point, G2Point]]) -> bool:
        """Counted."""
        self.checks += 1
        return super().pairing_is_one(pairs)


def entry(scalar: int, error: G1Point = G1_IDENTITY) -> Entry:
    """A key and its signature, off by `error`."""
    secret = SecretKey(scalar % SUBGROUP_ORDER)
    return secret.public_key(MCL).g2, MCL.g1_sum([sign(secret, DIGEST, MCL), error])


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 24), st.data())
def test_exactly_the_bad_signers_are_named(size: int, data: st.DataObject) -> None:
    bad = data.draw(st.sets(st.integers(0, size - 1)))
    entries = [entry(1_000 + index, G1_GENERATOR if index in bad else G1_IDENTITY) for index in range(size)]
    assert find_invalid(MCL, DIGEST, entries, secrets.token_bytes) == tuple(sorted(bad))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from((5, -5, 9, -9, 11)), st.integers(-2, 2)), min_size=1, max_size=12))
def test_neither_cancelling_errors_nor_cancelling_keys_change_who_is_named(
    signers: list[tuple[int, int]],
) -> None:
    entries = [
        entry(scalar, MCL.g1_combine([G1_GENERATOR], [error % SUBGROUP_ORDER])) for scalar, error in signers
    ]
    expected = tuple(index for index, (_, error) in enumerate(signers) if error)
    assert find_invalid(MCL, DIGEST, entries, secrets.token_bytes) == expected


def test_two_errors_that_cancel_are_found() -> None:
    errors = {2: G1_GENERATOR, 3: -G1_GENERATOR}
    entries = [entry(1_000 + index, errors.get(index, G1_IDENTITY)) for index in range(8)]
    keys, signatures = zip(*entries, strict=True)
    assert verify_sum(keys, DIGEST, signatures, MCL), "the sum hides them"
    assert find_invalid(MCL, DIGEST, entries, secrets.token_bytes) == (2, 3)


def test_colluders_whose_keys_cancel_signed_validly_and_are_not_named() -> None:
    entries = [entry(5), entry(-5)]
    keys, signatures = zip(*entries, strict=True)
    assert not verify_sum(keys, DIGEST, signatures, MCL), "as a certificate it is worth nothing"
    assert find_invalid(MCL, DIGEST, entries, secrets.token_bytes) == ()


def test_an_identity_instead_of_a_signature_is_named() -> None:
    entries = [entry(5), (entry(6)[0], G1_IDENTITY), entry(7)]
    assert find_invalid(MCL, DIGEST, entries, secrets.token_bytes) == (1,)


def test_nobody_is_named_among_nobody() -> None:
    assert find_invalid(MCL, DIGEST, [], secrets.token_bytes) == ()


def test_ten_bad_among_a_thousand_take_a_few_pairings_each_and_not_a_thousand() -> None:
    backend, bad = Counting(), set(range(7, 1_024, 102))
    assert len(bad) == 10
    entries = [entry(1_000 + index, G1_GENERATOR if index in bad else G1_IDENTITY) for index in range(1_024)]
    assert find_invalid(backend, DIGEST, entries, secrets.token_bytes) == tuple(sorted(bad))
    halvings = 10
    assert backend.checks <= 2 * len(bad) * halvings


def test_valid_signatures_take_two_pairings() -> None:
    backend = Counting()
    entries = [entry(1_000 + index) for index in range(64)]
    assert find_invalid(backend, DIGEST, entries, secrets.token_bytes) == ()
    assert backend.checks == 2, "one plain, one weighted"


@pytest.mark.parametrize("backend", [MCL, REFERENCE], ids=lambda backend: backend.name)
def test_a_pairing_with_the_identity_is_one(backend: Backend) -> None:
    assert backend.pairing_is_one([])
    assert backend.pairing_is_one([(G1_IDENTITY, G2_GENERATOR), (G1_GENERATOR, G2_IDENTITY)])
    assert not backend.pairing_is_one([(G1_IDENTITY, G2_GENERATOR), (G1_GENERATOR, G2_GENERATOR)])
