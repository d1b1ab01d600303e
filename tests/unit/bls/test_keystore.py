"""Keystores: written and read again, and refused with a sentence whatever is wrong with them."""

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hourglass.bls.curve import SUBGROUP_ORDER
from hourglass.bls.keys import SecretKey
from hourglass.bls.keystore import read_keystore, write_keystore
from hourglass.bls.mcl import MclBackend
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

MCL = MclBackend()
QUICK = 16
"""scrypt's cost in tests."""
SALT, IV = bytes(range(32)), bytes(range(16))
SECRET = SecretKey(77)
KEYSTORE: dict[str, Any] = json.loads(write_keystore(SECRET, "pw", SALT, IV, MCL, scrypt_n=QUICK))


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, SUBGROUP_ORDER - 1),
    st.text(max_size=20),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=16, max_size=16),
)
def test_what_is_written_is_read_again(scalar: int, password: str, salt: bytes, iv: bytes) -> None:
    data = write_keystore(SecretKey(scalar), password, salt, iv, MCL, scrypt_n=QUICK)
    assert read_keystore(data, password, MCL).scalar == scalar


def test_it_says_what_it_is_and_nothing_of_the_secret() -> None:
    secret = SecretKey(0x1234_5678_9ABC_DEF0_1234_5678)
    data = write_keystore(secret, "pw", SALT, IV, MCL, scrypt_n=QUICK)
    keystore = json.loads(data)
    assert (keystore["version"], keystore["curveType"]) == (4, "bn254")
    assert keystore["pubkey"] == secret.public_key(MCL).g2.to_bytes().hex()
    assert b"123456789abcdef0" not in data
    assert str(secret.scalar).encode() not in data


@pytest.mark.parametrize(("written", "typed"), [("Å", "A\u030a"), ("pass\x07word", "password")])
def test_passwords_are_normalized_as_eip_2335_says(written: str, typed: str) -> None:
    data = write_keystore(SECRET, written, SALT, IV, MCL, scrypt_n=QUICK)
    assert read_keystore(data, typed, MCL).scalar == SECRET.scalar


@pytest.mark.parametrize(("salt", "iv"), [(bytes(31), IV), (SALT, bytes(15))])
def test_too_little_entropy_writes_nothing(salt: bytes, iv: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes of salt and 16 of iv"):
        write_keystore(SECRET, "pw", salt, iv, MCL, scrypt_n=QUICK)


def places(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path to every field."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield (*path, name)
            yield from places(value, (*path, name))


STRANGE: tuple[Any, ...] = (None, [], {}, "", "zz", "é", -1, 0, 2**33, 2**70, 1.5, "00" * 40)


@pytest.mark.parametrize("path", list(places(KEYSTORE)), ids=".".join)
def test_a_strange_field_opens_the_same_key_or_none(path: tuple[str, ...]) -> None:
    for strange in STRANGE:
        altered = copy.deepcopy(KEYSTORE)
        node = altered
        for name in path[:-1]:
            node = node[name]
        node[path[-1]] = strange
        try:
            opened = read_keystore(json.dumps(altered).encode(), "pw", MCL)
        except ConfigError as error:
            assert error.reason is Reason.KEY_UNUSABLE
        else:
            assert opened.scalar == SECRET.scalar


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"\xff\xfe", b"1", b'"x"', b"{}", b"[" * 200_000, b'{"publicKey":' * 50_000]
)
def test_what_is_no_keystore_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigError, match="no BLS keystore") as caught:
        read_keystore(data, "pw", MCL)
    assert caught.value.reason is Reason.KEY_UNUSABLE


def test_another_cipher_is_refused_by_its_name() -> None:
    altered = copy.deepcopy(KEYSTORE)
    altered["crypto"]["cipher"]["function"] = "aes-256-gcm"
    with pytest.raises(ConfigError, match="aes-256-gcm"):
        read_keystore(json.dumps(altered).encode(), "pw", MCL)


def test_another_public_key_beside_it_is_refused_naming_both() -> None:
    other = SecretKey(78).public_key(MCL).g2.to_bytes().hex()
    with pytest.raises(ConfigError) as caught:
        read_keystore(json.dumps(KEYSTORE | {"pubkey": other}).encode(), "pw", MCL)
    assert other in str(caught.value)
    assert KEYSTORE["pubkey"] in str(caught.value)
