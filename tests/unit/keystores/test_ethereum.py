"""Ethereum's keystores: written and read again, by eth-account too, and refused with a sentence otherwise."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hourglass.certificate.ecdsa import address_of
from hourglass.chain.signing import EthAccount
from hourglass.errors import ConfigError
from hourglass.keystores.ethereum import read_ethereum_keystore, write_ethereum_keystore
from hourglass.reasons import Reason

SECRET = bytes(range(1, 33))
SALT, IV = bytes(range(32)), bytes(range(16))
QUICK = 16
KEYSTORE: dict[str, Any] = json.loads(write_ethereum_keystore(SECRET, "pw", SALT, IV, QUICK))


@settings(max_examples=50, deadline=None)
@given(st.binary(min_size=32, max_size=32).filter(any), st.text(max_size=20))
def test_what_is_written_is_read_again(secret: bytes, password: str) -> None:
    if int.from_bytes(secret, "big") >= 2**255:
        secret = secret[::-1][:31].rjust(32, b"\1")
    data = write_ethereum_keystore(secret, password, SALT, IV, QUICK)
    assert read_ethereum_keystore(data, password) == secret


def test_others_read_ours_and_we_read_theirs() -> None:
    assert bytes(EthAccount.decrypt(KEYSTORE, "pw")) == SECRET
    for theirs in (
        EthAccount.encrypt(SECRET, "pw", "scrypt", QUICK),
        EthAccount.encrypt(SECRET, "pw", "pbkdf2", 10),
    ):
        assert read_ethereum_keystore(json.dumps(theirs).encode(), "pw") == SECRET


def test_a_keystore_without_an_address_and_of_the_oldest_spelling_is_read() -> None:
    bare = {"Crypto": KEYSTORE["crypto"], "version": 3, "id": KEYSTORE["id"]}
    assert read_ethereum_keystore(json.dumps(bare).encode(), "pw") == SECRET


def test_another_address_beside_it_is_refused_naming_both() -> None:
    other = address_of(b"\2" * 32)
    with pytest.raises(ConfigError) as caught:
        read_ethereum_keystore(json.dumps(KEYSTORE | {"address": bytes(other).hex()}).encode(), "pw")
    assert bytes(other).hex() in str(caught.value)
    assert str(address_of(SECRET)) in str(caught.value)


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        ({"version": 1}, "version is 1"),
        ({"publicKey": "00"}, "no keystore of an Ethereum account"),
        ({"crypto": None}, "no keystore of an Ethereum account"),
        ({"crypto": KEYSTORE["crypto"] | {"cipher": "aes-256-gcm"}}, "aes-256-gcm"),
        ({"crypto": KEYSTORE["crypto"] | {"kdf": "argon2"}}, "argon2"),
        (
            {"crypto": KEYSTORE["crypto"] | {"kdfparams": KEYSTORE["crypto"]["kdfparams"] | {"n": 2**40}}},
            "memory",
        ),
        ({"crypto": KEYSTORE["crypto"] | {"mac": "00" * 32}}, "password is wrong"),
        ({"crypto": KEYSTORE["crypto"] | {"ciphertext": ""}}, "damaged"),
    ],
)
def test_what_it_does_not_read_it_names(alter: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        read_ethereum_keystore(json.dumps(KEYSTORE | alter).encode(), "pw")
    assert caught.value.reason is Reason.KEY_UNUSABLE


def test_a_wrong_password_is_said_to_be_wrong() -> None:
    with pytest.raises(ConfigError, match="password is wrong"):
        read_ethereum_keystore(json.dumps(KEYSTORE).encode(), "PW")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_whatever_byte_is_changed_it_opens_the_same_key_or_none(data: st.DataObject) -> None:
    raw = bytearray(json.dumps(copy.deepcopy(KEYSTORE)).encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read_ethereum_keystore(bytes(raw), "pw") == SECRET
    except ConfigError as error:
        assert error.reason is Reason.KEY_UNUSABLE
