"""Keystores: written and read again, and refused with a sentence whatever is wrong with them."""

import copy
import hashlib
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from hourglass.bls.compressed import compressed
from hourglass.bls.curve import SUBGROUP_ORDER
from hourglass.bls.keys import SecretKey
from hourglass.bls.mcl import MclBackend
from hourglass.errors import ConfigError
from hourglass.keystores.bn254 import Bn254Keystore, kind_of, read_keystore, write_keystore
from hourglass.keystores.encryption import aes
from hourglass.reasons import Reason

MCL = MclBackend()
QUICK = 16
"""scrypt's cost in tests."""
SALT, IV = bytes(range(32)), bytes(range(16))
SECRET = SecretKey(77)
KINDS = tuple(Bn254Keystore)


def written(kind: Bn254Keystore, secret: SecretKey = SECRET, password: str = "pw") -> dict[str, Any]:
    """A keystore of this kind."""
    data = write_keystore(secret, password, SALT, IV, MCL, QUICK, kind)
    keystore: dict[str, Any] = json.loads(data)
    return keystore


KEYSTORES = {kind: written(kind) for kind in KINDS}
KEYSTORE = KEYSTORES[Bn254Keystore.EIP2335]
LEGACY = KEYSTORES[Bn254Keystore.LEGACY]


@settings(max_examples=100, deadline=None)
@given(
    st.integers(1, SUBGROUP_ORDER - 1),
    st.text(max_size=20),
    st.binary(min_size=32, max_size=32),
    st.binary(min_size=16, max_size=16),
    st.sampled_from(KINDS),
)
def test_what_is_written_is_read_again(
    scalar: int, password: str, salt: bytes, iv: bytes, kind: Bn254Keystore
) -> None:
    data = write_keystore(SecretKey(scalar), password, salt, iv, MCL, QUICK, kind)
    assert kind_of(json.loads(data)) is kind
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
    with pytest.raises(ValueError, match=r"32 bytes of salt, not 31|16 bytes of iv, not 15"):
        write_keystore(SECRET, "pw", salt, iv, MCL, scrypt_n=QUICK)


def places(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path to every field."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield (*path, name)
            yield from places(value, (*path, name))


STRANGE: tuple[Any, ...] = (None, [], {}, "", "zz", "é", -1, 0, 2**33, 2**70, 1.5, "00" * 40)


def opened(keystore: Any) -> int | None:
    """The scalar inside, None if it is refused: nothing else may happen."""
    try:
        return read_keystore(json.dumps(keystore).encode(), "pw", MCL).scalar
    except ConfigError as error:
        assert error.reason is Reason.KEY_UNUSABLE
        return None


@pytest.mark.parametrize("kind", KINDS)
def test_a_strange_field_opens_the_same_key_or_none(kind: Bn254Keystore) -> None:
    for path in places(KEYSTORES[kind]):
        for strange in STRANGE:
            altered = copy.deepcopy(KEYSTORES[kind])
            node = altered
            for name in path[:-1]:
                node = node[name]
            node[path[-1]] = strange
            assert opened(altered) in (SECRET.scalar, None), (path, strange)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.data(), st.sampled_from(KINDS))
def test_whatever_is_put_into_a_field_it_opens_the_same_key_or_none(
    data: st.DataObject, kind: Bn254Keystore
) -> None:
    altered = copy.deepcopy(KEYSTORES[kind])
    for path in data.draw(st.lists(st.sampled_from(list(places(altered))), min_size=1, max_size=3)):
        node: Any = altered
        for name in path[:-1]:
            node = node.get(name, {}) if isinstance(node, dict) else {}
        if isinstance(node, dict):
            if data.draw(st.booleans()):
                node.pop(path[-1], None)
            else:
                node[path[-1]] = data.draw(JSON)
    assert opened(altered) in (SECRET.scalar, None)


@settings(max_examples=200, deadline=None)
@given(st.data(), st.sampled_from(KINDS))
def test_whatever_byte_is_changed_it_opens_the_same_key_or_none(
    data: st.DataObject, kind: Bn254Keystore
) -> None:
    raw = bytearray(json.dumps(KEYSTORES[kind]).encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert read_keystore(bytes(raw), "pw", MCL).scalar == SECRET.scalar
    except ConfigError as error:
        assert error.reason is Reason.KEY_UNUSABLE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"1",
        b'"x"',
        b"{}",
        b"[" * 60_000,
        b'{"publicKey":' * 5_000,
        b" " * 2**20,
    ],
)
def test_what_is_no_keystore_is_refused(data: bytes) -> None:
    with pytest.raises(ConfigError, match=r"no keystore|no BLS keystore|up to 65536 bytes") as caught:
        read_keystore(data, "pw", MCL)
    assert caught.value.reason is Reason.KEY_UNUSABLE


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"n": 2**40}, "scrypt's memory"),
        ({"n": 2**20}, "scrypt's memory"),
        ({"r": 2**30}, "scrypt's memory"),
        ({"p": 2**20}, "scrypt's p"),
        ({"dklen": 2**31}, "derived key has 2147483648 bytes"),
        ({"salt": "00" * 65}, "salt would be 65"),
        ({"n": 3}, "damaged"),
        ({"n": 16.5}, "damaged"),
        ({"n": True}, "damaged"),
        ({"n": 0}, "damaged"),
    ],
)
@pytest.mark.parametrize("kind", KINDS)
def test_parameters_that_would_cost_too_much_are_refused_at_once(
    kind: Bn254Keystore, parameters: dict[str, Any], said: str
) -> None:
    altered = copy.deepcopy(KEYSTORES[kind])
    crypto = altered["crypto"]
    (crypto["kdf"]["params"] if kind is Bn254Keystore.EIP2335 else crypto["kdfparams"]).update(parameters)
    started = time.monotonic()
    with pytest.raises(ConfigError, match=said):
        read_keystore(json.dumps(altered).encode(), "pw", MCL)
    assert time.monotonic() - started < 5


def pbkdf2(rounds: int, prf: str = "hmac-sha256") -> bytes:
    """An EIP-2335 keystore under PBKDF2, made here by hand."""
    altered = copy.deepcopy(KEYSTORE)
    crypto = altered["crypto"]
    key = hashlib.pbkdf2_hmac("sha256", b"pw", SALT, min(rounds, 10), 32)
    sealed = aes(key, IV, SECRET.scalar.to_bytes(32, "big"))
    crypto["kdf"] = {
        "function": "pbkdf2",
        "params": {"dklen": 32, "c": rounds, "prf": prf, "salt": SALT.hex()},
        "message": "",
    }
    crypto["checksum"]["message"] = hashlib.sha256(key[16:] + sealed).hexdigest()
    crypto["cipher"]["message"] = sealed.hex()
    return json.dumps(altered).encode()


def test_pbkdf2_is_read_within_its_bound() -> None:
    assert read_keystore(pbkdf2(10), "pw", MCL).scalar == SECRET.scalar
    with pytest.raises(ConfigError, match="PBKDF2's rounds"):
        read_keystore(pbkdf2(10**12), "pw", MCL)
    with pytest.raises(ConfigError, match="hmac-sha512"):
        read_keystore(pbkdf2(10, "hmac-sha512"), "pw", MCL)


def test_another_key_derivation_is_refused_by_its_name() -> None:
    altered = copy.deepcopy(KEYSTORE)
    altered["crypto"]["kdf"]["function"] = "argon2"
    with pytest.raises(ConfigError, match="argon2"):
        read_keystore(json.dumps(altered).encode(), "pw", MCL)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "alter",
    [
        {"curveType": "bls381"},
        {"curveType": None, "curve": "bls12-381"},
        {"pubkey": "ab" * 48, "publicKey": "ab" * 48},
        {"pubkey": "ab" * 96, "publicKey": "0x" + "ab" * 96},
    ],
    ids=["by name", "by its other name", "by a key in G1", "by a key in G2"],
)
def test_a_key_of_another_curve_is_refused_before_its_password_is_asked(
    kind: Bn254Keystore, alter: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match=r"on the curve 'bls|on BLS12-381"):
        read_keystore(json.dumps(KEYSTORES[kind] | alter).encode(), "not asked", MCL)


def test_keystores_of_other_keys_are_named() -> None:
    ethereum = {"address": "00" * 20, "crypto": LEGACY["crypto"], "version": 3}
    with pytest.raises(ConfigError, match="Ethereum account"):
        read_keystore(json.dumps(ethereum).encode(), "pw", MCL)
    with pytest.raises(ConfigError, match="eigenlayer-cli"):
        read_keystore(json.dumps(ethereum | {"pubKey": "E([1,2])"}).encode(), "pw", MCL)


def test_digits_inside_stand_for_their_bytes_not_for_their_number() -> None:
    digits = b"1234567890" * 7
    key = hashlib.scrypt(b"pw", salt=SALT, n=QUICK, r=8, p=1, dklen=32)
    sealed = aes(key, IV, digits)
    altered = copy.deepcopy(LEGACY)
    expected = SecretKey(int.from_bytes(digits, "big") % SUBGROUP_ORDER)
    altered["publicKey"] = expected.public_key(MCL).g2.to_bytes().hex()
    altered["crypto"] |= {"ciphertext": sealed.hex(), "mac": keccak(key[16:] + sealed).hex()}
    assert opened(altered) == expected.scalar


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_password_is_said_to_be_wrong(kind: Bn254Keystore) -> None:
    with pytest.raises(ConfigError, match="password is wrong"):
        read_keystore(json.dumps(KEYSTORES[kind]).encode(), "PW", MCL)


def test_another_cipher_is_refused_by_its_name() -> None:
    altered = copy.deepcopy(KEYSTORE)
    altered["crypto"]["cipher"]["function"] = "aes-256-gcm"
    with pytest.raises(ConfigError, match="aes-256-gcm"):
        read_keystore(json.dumps(altered).encode(), "pw", MCL)


@pytest.mark.parametrize(
    ("kind", "name"), [(Bn254Keystore.EIP2335, "pubkey"), (Bn254Keystore.LEGACY, "publicKey")]
)
def test_another_public_key_beside_it_is_refused_naming_both(kind: Bn254Keystore, name: str) -> None:
    other = SecretKey(78).public_key(MCL)
    for said in (other.g2.to_bytes(), other.g1.to_bytes(), other.key_data, compressed(other.g1)):
        with pytest.raises(ConfigError) as caught:
            read_keystore(json.dumps(KEYSTORES[kind] | {name: said.hex()}).encode(), "pw", MCL)
        assert said.hex() in str(caught.value)
        assert SECRET.public_key(MCL).g2.to_bytes().hex() in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "name"), [(Bn254Keystore.EIP2335, "pubkey"), (Bn254Keystore.LEGACY, "publicKey")]
)
def test_its_own_public_key_is_known_in_every_form(kind: Bn254Keystore, name: str) -> None:
    own = SECRET.public_key(MCL)
    for said in (own.g2.to_bytes(), own.g1.to_bytes(), own.key_data, compressed(own.g1)):
        assert opened(KEYSTORES[kind] | {name: "0x" + said.hex().upper()}) == SECRET.scalar


@pytest.mark.parametrize(
    ("kind", "name"), [(Bn254Keystore.EIP2335, "pubkey"), (Bn254Keystore.LEGACY, "publicKey")]
)
def test_a_keystore_that_names_no_public_key_is_refused(kind: Bn254Keystore, name: str) -> None:
    """Its iv is under no checksum: damaged, it would open as another key, and nobody would notice."""
    for said in ("", None, 7):
        assert opened(KEYSTORES[kind] | {name: said}) is None
    without = {field: value for field, value in KEYSTORES[kind].items() if field != name}
    assert opened(without) is None
