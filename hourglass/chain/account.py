"""Where a node's paying account comes from: a key file, read once."""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from hourglass.certificate.ecdsa import address_of
from hourglass.chain.port import Account
from hourglass.errors import ConfigError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import WORD_BYTES


class KeyConfig(BaseModel):
    """A secp256k1 key: either a file with 64 hexadecimal digits, or a web3 v3 keystore with its password file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path
    password_file: Path | None = None


def load_account(config: KeyConfig) -> Account:
    """The account in a key file. Raises ConfigError(KEY_UNUSABLE), naming the file and never its content."""
    try:
        text = config.file.read_text("utf-8").strip()
        password = config.password_file.read_text("utf-8").strip() if config.password_file else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(Reason.KEY_UNUSABLE, f"{config.file}: {type(error).__name__}.") from error
    try:
        secret = _from_keystore(text, password) if text.startswith("{") else _from_hex(text)
        return Account(address_of(secret), secret)
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            Reason.KEY_UNUSABLE, f"{config.file} holds no usable secp256k1 key, or the password is wrong."
        ) from error


def _from_keystore(text: str, password: str) -> bytes:
    # Only for keystores: it takes half a second to import.
    from hourglass.chain.signing import EthAccount

    return bytes(EthAccount.decrypt(json.loads(text), password))


def _from_hex(text: str) -> bytes:
    raw = bytes.fromhex(text.removeprefix("0x"))
    if len(raw) != WORD_BYTES:
        raise ValueError("a secp256k1 key has 32 bytes")
    return raw
