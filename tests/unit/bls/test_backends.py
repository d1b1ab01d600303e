"""Two backends that must agree on everything, and the checks on every point from outside."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hourglass.bls.curve import (
    FIELD_MODULUS,
    G1_GENERATOR,
    G1_IDENTITY,
    G2_GENERATOR,
    G2_IDENTITY,
    SUBGROUP_ORDER,
    G1Point,
    G2Point,
)
from hourglass.bls.hashing import hash_to_g1
from hourglass.bls.keys import SecretKey
from hourglass.bls.mcl import MclBackend
from hourglass.bls.reference import ReferenceBackend, bn128
from hourglass.bls.signatures import sign, verify, verify_sum
from hourglass.errors import ConfigError, PointError

MCL, REFERENCE = MclBackend(), ReferenceBackend()
scalars = st.integers(1, SUBGROUP_ORDER - 1)
digests = st.binary(min_size=32, max_size=32)
DIGEST = bytes(range(32))
FQ2 = bn128.FQ2


@settings(max_examples=400, deadline=None)
@given(scalars, digests)
def test_both_sign_alike(scalar: int, digest: bytes) -> None:
    secret = SecretKey(scalar)
    assert sign(secret, digest, MCL) == sign(secret, digest, REFERENCE)


@settings(max_examples=400, deadline=None)
@given(st.lists(scalars, max_size=6))
def test_both_sum_alike_in_g1(values: list[int]) -> None:
    points = [MCL.g1_combine([G1_GENERATOR], [value]) for value in values]
    assert MCL.g1_sum(points) == REFERENCE.g1_sum(points)
    assert MCL.g1_sum([*points, *(-point for point in points)]) == G1_IDENTITY


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(1, 2**64), max_size=4), st.lists(st.integers(0, 2**64), min_size=4, max_size=4))
def test_both_combine_alike(values: list[int], coefficients: list[int]) -> None:
    g1 = [MCL.g1_combine([G1_GENERATOR], [value]) for value in values]
    g2 = [MCL.g2_combine([G2_GENERATOR], [value]) for value in values]
    used = coefficients[: len(values)]
    assert MCL.g1_combine(g1, used) == REFERENCE.g1_combine(g1, used)
    assert MCL.g2_combine(g2, used) == REFERENCE.g2_combine(g2, used)
    assert MCL.g2_sum(g2) == REFERENCE.g2_sum(g2)


@pytest.mark.parametrize("backend", [MCL, REFERENCE], ids=lambda backend: backend.name)
def test_a_signature_verifies_and_every_change_of_it_does_not(backend: MclBackend) -> None:
    secret = SecretKey(7)
    key = secret.public_key(backend).g2
    signature = sign(secret, DIGEST, backend)
    assert verify(key, DIGEST, signature, backend)
    assert not verify(key, bytes(32), signature, backend)
    assert not verify(key, DIGEST, -signature, backend)
    assert not verify(SecretKey(8).public_key(backend).g2, DIGEST, signature, backend)
    assert not verify(key, DIGEST, G1_IDENTITY, backend)
    assert not verify(G2_IDENTITY, DIGEST, G1_IDENTITY, backend)


@settings(max_examples=200, deadline=None)
@given(st.lists(scalars, min_size=1, max_size=5, unique=True), digests)
def test_a_sum_of_signatures_verifies_under_the_sum_of_keys(values: list[int], digest: bytes) -> None:
    secret_keys = [SecretKey(value) for value in values]
    keys = [secret.public_key(MCL).g2 for secret in secret_keys]
    signatures = [sign(secret, digest, MCL) for secret in secret_keys]
    assert verify_sum(keys, digest, signatures, MCL)
    assert not verify_sum(keys, digest, [*signatures[:-1], -signatures[-1]], MCL)


@given(st.binary(max_size=80))
def test_any_bytes_are_refused_as_a_point_with_a_point_error(data: bytes) -> None:
    with pytest.raises(PointError):
        G1Point.from_bytes(data)


@settings(max_examples=200, deadline=None)
@given(digests, st.integers(0, 511))
def test_a_point_survives_its_bytes_and_no_flipped_bit_does(digest: bytes, bit: int) -> None:
    point = hash_to_g1(digest)
    data = point.to_bytes()
    assert G1Point.from_bytes(data) == point
    flipped = (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")
    with pytest.raises(PointError):
        G1Point.from_bytes(flipped)


@pytest.mark.parametrize(
    ("point", "why"),
    [
        (G1Point(1, 3), "not on the curve"),
        (G1Point(0, 0), "identity"),
        (G1Point(1 + FIELD_MODULUS, 2), "field modulus"),
        (G1Point(1, 2 + FIELD_MODULUS), "field modulus"),
    ],
)
def test_each_bad_g1_point_has_its_own_answer(point: G1Point, why: str) -> None:
    with pytest.raises(PointError, match=why):
        G1Point.from_bytes(point.to_bytes())


def off_subgroup() -> G2Point:
    """On the twist, outside the r-order subgroup: found by trying small x."""
    order = FIELD_MODULUS**2
    for x in range(1, 200):
        square = FQ2([x, 0]) ** 3 + FQ2([3, 0]) / FQ2([9, 1])
        if square ** ((order - 1) // 2) != FQ2.one():
            continue
        # Square root in F_p² for p ≡ 3 mod 4.
        a = square ** ((FIELD_MODULUS - 3) // 4)
        root = a * square
        alpha = a * root
        other = (FQ2.one() + alpha) ** ((FIELD_MODULUS - 1) // 2) * root
        y = FQ2([0, 1]) * root if alpha == FQ2([-1, 0]) else other
        assert y * y == square
        real, imaginary = (int(part) for part in y.coeffs)
        return G2Point(0, x, imaginary, real)
    raise AssertionError("no point found")


@pytest.mark.parametrize("backend", [MCL, REFERENCE], ids=lambda backend: backend.name)
def test_each_bad_g2_point_has_its_own_answer(backend: MclBackend) -> None:
    good = G2_GENERATOR
    assert G2Point.from_bytes(good.to_bytes(), backend) == good
    cases = [
        (G2_IDENTITY, "identity"),
        (G2Point(good.x_imaginary, good.x_real, good.y_imaginary, good.y_real + 1), "not on the curve"),
        (G2Point(good.x_imaginary + FIELD_MODULUS, *good.words[1:]), "field modulus"),
        (G2Point(good.x_real, good.x_imaginary, good.y_real, good.y_imaginary), "not on the curve"),
        (off_subgroup(), "not in the subgroup"),
    ]
    for point, why in cases:
        with pytest.raises(PointError, match=why):
            G2Point.from_bytes(point.to_bytes(), backend)
    with pytest.raises(PointError, match="128 bytes"):
        G2Point.from_bytes(bytes(127), backend)


def test_a_secret_never_shows_and_is_in_range() -> None:
    secret = SecretKey(123_456_789)
    assert "123456789" not in f"{secret!r}{secret}"
    for scalar in (0, SUBGROUP_ORDER, -1):
        with pytest.raises(ConfigError):
            SecretKey(scalar)
    assert 0 < SecretKey.from_entropy(b"\xff" * 48).scalar < SUBGROUP_ORDER


@given(digests)
def test_a_digest_s_point_is_on_the_curve(digest: bytes) -> None:
    hash_to_g1(digest).check()
