"""BN254 as EigenLayer's contracts, Hourglass and its SDKs do it, on both backends."""

from typing import Any

import pytest
from eth_hash.auto import keccak
from vectors import load, raw

from hourglass.bls.curve import (
    FIELD_MODULUS,
    G1_GENERATOR,
    G2_GENERATOR,
    SUBGROUP_ORDER,
    Backend,
    G1Point,
    G2Point,
)
from hourglass.bls.hashing import SQUARE_ROOT_EXPONENT, hash_to_g1
from hourglass.bls.keys import SecretKey
from hourglass.bls.mcl import MclBackend
from hourglass.bls.reference import ReferenceBackend
from hourglass.bls.signatures import sign, verify, verify_sum
from hourglass.errors import PointError

HASHES = load("bn254_hash_to_g1_try_and_increment")
KEYS = load("bn254_keys_and_signatures")
SOUND = ("valid", "G1 key of another operator (rogue apk)")
"""Outcomes whose signature does verify against its key in G2; of the second, the key in G1 is somebody else's."""
both_backends = pytest.mark.parametrize(
    "backend", [MclBackend(), ReferenceBackend()], ids=lambda backend: backend.name
)


def g1(pair: list[str]) -> G1Point:
    return G1Point(*map(int, pair))


def g2(words: dict[str, list[str]]) -> G2Point:
    return G2Point(*map(int, (*words["X"], *words["Y"])))


def test_the_field_the_group_and_the_exponent_of_a_root() -> None:
    assert (str(FIELD_MODULUS), str(SUBGROUP_ORDER)) == (HASHES["p"], HASHES["r"])
    assert hex(SQUARE_ROOT_EXPONENT) == HASHES["exponent"]


@pytest.mark.parametrize("case", HASHES["cases"], ids=lambda case: case["hash"][:10])
def test_hash_to_g1(case: dict[str, Any]) -> None:
    point = hash_to_g1(raw(case["hash"]))
    assert point == G1Point(int(case["x"]), int(case["y"]))
    assert (point.x - int(case["hash"], 16)) % FIELD_MODULUS == case["increments"]


@both_backends
@pytest.mark.parametrize("case", KEYS["keys"], ids=lambda case: case["sk"][:8])
def test_public_keys_in_both_groups_and_every_byte_order(case: dict[str, Any], backend: Backend) -> None:
    public = SecretKey(int(case["sk"])).public_key(backend)
    assert public.g1 == g1(case["g1"])
    assert public.g2 == g2(case["g2_solidity"])
    assert public.g1.to_bytes() == raw(case["g1_64"])
    assert public.g2.to_bytes() == raw(case["g2_gnark_marshal_128"])
    assert public.key_data == raw(case["key_registrar_keyData_192"])
    assert G2Point.from_bytes(public.g2.to_bytes(), backend) == public.g2


@both_backends
@pytest.mark.parametrize("case", KEYS["signatures"], ids=lambda case: case["sk"][:8])
def test_signatures_and_what_the_contract_draws_from_them(case: dict[str, Any], backend: Backend) -> None:
    digest = raw(case["digest"])
    secret = SecretKey(int(case["sk"]))
    signature = sign(secret, digest, backend)
    assert signature == g1(case["sig"])
    assert signature.to_bytes() == raw(case["sig_64"])
    public = secret.public_key(backend)
    drawn = keccak(digest + public.g1.to_bytes() + public.g2.to_bytes() + signature.to_bytes())
    assert str(int.from_bytes(drawn, "big") % SUBGROUP_ORDER) == case["gamma"]


@both_backends
def test_the_aggregate_verifies_and_no_other_digest_does(backend: Backend) -> None:
    case = KEYS["aggregate"]
    digest = raw(case["digest"])
    secret_keys = [SecretKey(int(sk)) for sk in case["sks"]]
    public = [secret.public_key(backend) for secret in secret_keys]
    signatures = [sign(secret, digest, backend) for secret in secret_keys]
    assert backend.g1_sum(signatures) == g1(case["agg_sig"])
    assert backend.g1_sum([key.g1 for key in public]) == g1(case["agg_g1"])
    assert backend.g2_sum([key.g2 for key in public]) == g2(case["agg_g2"])
    assert verify_sum([key.g2 for key in public], digest, signatures, backend)
    assert not verify_sum([key.g2 for key in public], bytes(32), signatures, backend)


@both_backends
@pytest.mark.parametrize("case", KEYS["verifier_outcomes"], ids=lambda case: case["name"])
def test_a_signature_is_valid_here_if_the_verifier_takes_it_but_zeros_sign_nothing(
    case: dict[str, Any], backend: Backend
) -> None:
    """The verifier checks in the same pairing that the two halves of the key belong together."""
    key_g1, signature = g1(case["g1"]), g1(case["sig"])
    key_g2 = g2(dict(zip("XY", case["g2"], strict=True)))
    accepted = case["returned_pair"] == [True, True]
    try:
        signature.check()
        key_g2.check(backend)
    except PointError:
        assert not accepted or key_g2.is_identity
        return
    valid = verify(key_g2, raw(case["digest"]), signature, backend)
    assert valid is (case["name"] in SOUND)
    if valid:
        halves = [(key_g1, G2_GENERATOR), (-G1_GENERATOR, key_g2)]
        assert backend.pairing_is_one(halves) is accepted
