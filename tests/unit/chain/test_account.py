"""Accounts from key files: every form is read, and what is refused is named without its content."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account as EthAccount

from hourglass.certificate.ecdsa import address_of
from hourglass.chain.account import KeyConfig, load_account, open_account
from hourglass.errors import ConfigError
from hourglass.keystores.ethereum import write_ethereum_keystore
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Digest

SECRET = bytes(range(1, 33))
QUICK = 16
KEYSTORE: dict[str, Any] = json.loads(
    write_ethereum_keystore(SECRET, "pass word", bytes(32), bytes(16), QUICK)
)


def written(tmp_path: Path, text: str, password: str | None = None) -> KeyConfig:
    """Settings for a key file with this text."""
    (tmp_path / "key").write_text(text)
    if password is None:
        return KeyConfig(file=tmp_path / "key")
    (tmp_path / "password").write_text(password)
    return KeyConfig(file=tmp_path / "key", password_file=tmp_path / "password")


@pytest.mark.parametrize(
    ("text", "password"),
    [
        (SECRET.hex(), None),
        ("0x" + SECRET.hex().upper() + "\n", None),
        (json.dumps(KEYSTORE), "pass word"),
        ("\n" + json.dumps(KEYSTORE), "pass word\n"),
        (json.dumps(EthAccount.encrypt(SECRET, "pass word", "pbkdf2", 10)), "pass word"),
    ],
)
async def test_each_form_is_the_same_account(tmp_path: Path, text: str, password: str | None) -> None:
    config = written(tmp_path, text, password)
    account = load_account(config)
    assert account.address == address_of(SECRET)
    assert account.sign(Digest(bytes(32))) == (await open_account(config)).sign(Digest(bytes(32)))
    assert SECRET.hex() not in f"{account!r} {account}"


@pytest.mark.parametrize(
    ("text", "password", "said"),
    [
        ("", None, "neither a keystore nor 64 digits"),
        ("5ec2e7" * 11, None, "neither a keystore nor 64 digits"),
        ("5ec2e7" * 10 + "zzzz", None, "neither a keystore nor 64 digits"),
        ("00" * 32, None, "no key of secp256k1"),
        ("ff" * 32, None, "no key of secp256k1"),
        ("{", None, "not JSON"),
        (json.dumps(KEYSTORE), "hunter2", "password is wrong"),
        (json.dumps(KEYSTORE), None, "password is wrong"),
        (json.dumps(KEYSTORE | {"address": "11" * 20}), "pass word", "address says"),
        (json.dumps({"crypto": {"kdf": {}}, "pubkey": ""}), "", "no keystore of an Ethereum account"),
    ],
)
def test_what_is_no_key_is_refused_by_the_file_s_name_only(
    tmp_path: Path, text: str, password: str | None, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        load_account(written(tmp_path, text, password))
    assert caught.value.reason is Reason.KEY_UNUSABLE
    assert str(tmp_path / "key") in caught.value.detail
    for secret in (text if len(text) > 30 else "", password):
        assert not secret or secret not in str(caught.value)


def test_a_keystore_that_asks_for_a_terabyte_is_refused_at_once(tmp_path: Path) -> None:
    bomb = json.loads(json.dumps(KEYSTORE))
    bomb["crypto"]["kdfparams"]["n"] = 2**40
    started = time.monotonic()
    with pytest.raises(ConfigError, match="memory"):
        load_account(written(tmp_path, json.dumps(bomb), "pass word"))
    assert time.monotonic() - started < 5


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "long").write_bytes(b"0" * (2 * 1024 * 1024))
    for name, said in (
        ("nowhere", "No such file"),
        ("binary", "no text"),
        ("long", "too large"),
        (".", "directory"),
    ):
        with pytest.raises(ConfigError, match=said):
            load_account(KeyConfig(file=tmp_path / name))
