"""RFC 9380's hash to BN254 G1, as gnark-crypto computes it and Hourglass' keys sign over it."""

from typing import Any

import pytest
from vectors import load, raw

from hourglass.bls.curve import CURVE_B, FIELD_MODULUS, G1_IDENTITY, Backend, G1Point
from hourglass.bls.keys import SecretKey
from hourglass.bls.mcl import MclBackend
from hourglass.bls.reference import ReferenceBackend
from hourglass.bls.rfc9380 import (
    C1,
    C2,
    C3,
    C4,
    HOURGLASS_TAG,
    Z,
    expand_message,
    hash_to_field,
    hash_to_g1_rfc9380,
    map_to_g1,
    sign_rfc9380,
    verify_rfc9380,
)
from hourglass.bls.signatures import verify

VECTORS = load("bn254_hash_to_g1_rfc9380_svdw")
SIGNATURE = load("bn254_keys_and_signatures")["rfc9380_signature"]
both_backends = pytest.mark.parametrize(
    "backend", [MclBackend(), ReferenceBackend()], ids=lambda backend: backend.name
)


def point(pair: list[str]) -> G1Point:
    return G1Point(int(pair[0], 16), int(pair[1], 16))


def test_the_maps_constants_are_what_the_rfc_derives_from_the_curve() -> None:
    p = FIELD_MODULUS
    assert {"Z": str(Z), "c1": hex(C1), "c2": hex(C2), "c3": hex(C3), "c4": hex(C4)} == VECTORS["constants"]
    assert (Z**3 + CURVE_B) % p == C1
    assert 2 * C2 % p == -Z % p
    assert C3 * C3 % p == -3 * C1 % p
    assert C3 % 2 == 0
    assert 3 * C4 % p == -4 * C1 % p


@both_backends
@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: f"{case['dst'][:4]}-{case['P'][0][:8]}")
def test_messages_become_elements_then_points_then_their_sum(case: dict[str, Any], backend: Backend) -> None:
    message = raw(case["msg_hex"]) if "msg_hex" in case else case["msg"].encode()
    tag = case["dst"].encode()
    elements = hash_to_field(message, tag)
    assert [hex(element) for element in elements] == case["u"]
    assert [map_to_g1(element) for element in elements] == [point(case["Q0"]), point(case["Q1"])]
    assert hash_to_g1_rfc9380(message, tag, backend) == point(case["P"])


@both_backends
def test_a_hourglass_keys_signature(backend: Backend) -> None:
    secret, message = SecretKey(int(SIGNATURE["sk"])), raw(SIGNATURE["message"])
    assert SIGNATURE["dst"].encode() == HOURGLASS_TAG
    signature = sign_rfc9380(secret, message, backend)
    assert signature.to_bytes() == raw(SIGNATURE["sig_64"])
    key = secret.public_key(backend).g2
    assert verify_rfc9380(key, message, signature, backend)
    assert not verify_rfc9380(key, bytes(32), signature, backend)
    assert not verify_rfc9380(key, message, signature, backend, b"another tag")
    assert not verify_rfc9380(key, message, G1_IDENTITY, backend)
    assert not verify(key, message, signature, backend), "a certificate's hash is another"


@pytest.mark.parametrize("element", [0, 1, 2, FIELD_MODULUS - 1, FIELD_MODULUS - 2])
def test_the_map_takes_every_element_even_where_it_divides_by_zero(element: int) -> None:
    found = map_to_g1(element).check()
    assert found.y % 2 == element % 2


def test_the_map_takes_both_roots_of_its_exceptional_case() -> None:
    """1 − 4u² = 0 at u = ±1/2: the inverse of zero is zero, and the last of the three candidates is taken."""
    half = pow(2, -1, FIELD_MODULUS)
    for element in (half, FIELD_MODULUS - half):
        assert map_to_g1(element).check().y % 2 == element % 2


@pytest.mark.parametrize("tag", [b"", b"t" * 256])
def test_a_tag_has_1_to_255_bytes(tag: bytes) -> None:
    with pytest.raises(ValueError, match="1 to 255 bytes"):
        expand_message(b"message", tag, 96)


@pytest.mark.parametrize(
    ("message", "length", "expected"),
    [
        (b"", 0x20, "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235"),
        (b"abc", 0x20, "d8ccab23b5985ccea865c6c97b6e5b8350e794e603b4b97902f53a8a0d605615"),
    ],
)
def test_expansion_gives_the_rfcs_own_bytes(message: bytes, length: int, expected: str) -> None:
    """RFC 9380, K.1."""
    assert expand_message(message, b"QUUX-V01-CS02-with-expander-SHA256-128", length).hex() == expected
