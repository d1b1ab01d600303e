"""BN254 as EigenLayer's contracts, Hourglass and its SDKs do it, on both backends."""

import pytest
from vectors import load, raw

from hourglass.bls.curve import G1Point, G2Point
from hourglass.bls.hashing import hash_to_g1
from hourglass.bls.keys import SecretKey
from hourglass.bls.mcl import MclBackend
from hourglass.bls.reference import ReferenceBackend
from hourglass.bls.signatures import sign, verify_sum

KEYS = load("bn254_keys_and_signatures")
BACKENDS = (MclBackend(), ReferenceBackend())


@pytest.mark.parametrize("case", load("bn254_hash_to_g1_try_and_increment")["cases"])
def test_hash_to_g1(case: dict[str, str]) -> None:
    assert hash_to_g1(raw(case["hash"])) == G1Point(int(case["x"]), int(case["y"]))


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
@pytest.mark.parametrize("case", KEYS["keys"])
def test_public_keys_in_both_groups_and_every_byte_order(case: dict[str, str], backend: MclBackend) -> None:
    public = SecretKey(int(case["sk"])).public_key(backend)
    assert public.g1.to_bytes() == raw(case["g1_64"])
    assert public.g2.to_bytes() == raw(case["g2_gnark_marshal_128"])
    assert public.key_data == raw(case["key_registrar_keyData_192"])
    assert G2Point.from_bytes(public.g2.to_bytes(), backend) == public.g2


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
@pytest.mark.parametrize("case", KEYS["signatures"])
def test_signatures(case: dict[str, str], backend: MclBackend) -> None:
    assert sign(SecretKey(int(case["sk"])), raw(case["digest"]), backend).to_bytes() == raw(case["sig_64"])


@pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name)
def test_the_aggregate_verifies_and_no_other_digest_does(backend: MclBackend) -> None:
    digest = raw(KEYS["aggregate"]["digest"])
    secret_keys = [SecretKey(int(sk)) for sk in KEYS["aggregate"]["sks"]]
    keys = [secret.public_key(backend).g2 for secret in secret_keys]
    signatures = [sign(secret, digest, backend) for secret in secret_keys]
    assert verify_sum(keys, digest, signatures, backend)
    assert not verify_sum(keys, bytes(32), signatures, backend)
