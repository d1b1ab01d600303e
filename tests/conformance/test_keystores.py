"""Keystores of Hourglass and DevKit hold the scalars that EigenLayer knows them by."""

import json
from typing import Any

import pytest
from vectors import load

from hourglass.bls.signatures import default_backend
from hourglass.errors import ConfigError
from hourglass.keystores.bn254 import Bn254Keystore, kind_of, read_keystore
from hourglass.reasons import Reason

KEYSTORES = next(value for value in load("bn254_keystores").values() if isinstance(value, list))


def raw(case: dict[str, Any]) -> bytes:
    """The file."""
    return json.dumps(case["keystore"]).encode()


@pytest.mark.parametrize(
    "case", KEYSTORES, ids=lambda case: case["file"].rsplit("/", 2)[-2] + case["file"][-15:]
)
def test_a_keystore_opens_with_its_password(case: dict[str, Any]) -> None:
    secret = read_keystore(raw(case), case["password"], default_backend())
    assert secret.scalar == int(case["effective_scalar"])
    assert secret.public_key(default_backend()).g2.to_bytes().hex() == case["pubkey_hex"]


def test_each_file_is_known_by_its_fields() -> None:
    kinds = [kind_of(case["keystore"]) for case in KEYSTORES]
    assert kinds == [Bn254Keystore.EIP2335] * 2 + [Bn254Keystore.LEGACY] * 5


def test_a_key_of_cerberus_own_tests_opens_too() -> None:
    """EIP-2335, with the key's compressed G1 point as its name, no curveType, and version 0."""
    keystore = load("cerberus_keystore")
    secret = read_keystore(json.dumps(keystore["keystore"]).encode(), keystore["password"], default_backend())
    assert secret.scalar == int(keystore["scalar"], 16)


def test_a_wrong_password_and_another_public_key_are_refused() -> None:
    case = KEYSTORES[2]
    with pytest.raises(ConfigError, match="password is wrong") as caught:
        read_keystore(raw(case), "wrong", default_backend())
    assert caught.value.reason is Reason.KEY_UNUSABLE
    other = KEYSTORES[3]["keystore"]["publicKey"]
    swapped = case["keystore"] | {"publicKey": other}
    with pytest.raises(ConfigError) as caught:
        read_keystore(json.dumps(swapped).encode(), case["password"], default_backend())
    assert other in caught.value.detail
    assert case["pubkey_hex"] in caught.value.detail
