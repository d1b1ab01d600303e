"""Where an account's key is: in a file, read once, or with a Web3Signer that never lets it go."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hourglass.certificate.ecdsa import address_of
from hourglass.chain.port import Account, SigningAccount
from hourglass.errors import ConfigError
from hourglass.keystores.ethereum import read_ethereum_keystore
from hourglass.reasons import Reason
from hourglass.secret_files import read_open
from hourglass.workflow.identifiers import WORD_BYTES, Address

if TYPE_CHECKING:
    from hourglass.chain.web3signer import Web3SignerAccount


class Web3SignerConfig(BaseModel):
    """An account of a Web3Signer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    """Of its service, http or https."""
    address: str
    """The account. Every signature must recover to it."""
    ca_file: Path | None = None
    """PEM certificates that vouch for the server; without it those of the system."""
    client_certificate_file: Path | None = None
    """PEM certificate that tells the server who asks."""
    client_key_file: Path | None = None
    """Its PEM key."""
    timeout_s: float = Field(default=5.0, gt=0)
    """The longest that one signature may take."""

    @field_validator("url")
    @classmethod
    def _is_plain_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("it is no http or https URL")
        if parts.username or parts.password or parts.query:
            raise ValueError("credentials do not belong into a URL: use a client certificate")
        return value.rstrip("/")

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return str(Address.parse(value))

    @model_validator(mode="after")
    def _has_both_halves(self) -> "Web3SignerConfig":
        if (self.client_certificate_file is None) != (self.client_key_file is None):
            raise ValueError("client_certificate_file and client_key_file belong together")
        files = (self.ca_file, self.client_certificate_file)
        if not self.url.startswith("https:") and any(file is not None for file in files):
            raise ValueError("certificates are for https")
        return self


class KeyConfig(BaseModel):
    """A secp256k1 key: a file with 64 hexadecimal digits, an Ethereum keystore (version 3) with its password file, or a
    Web3Signer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: Path | None = None
    password_file: Path | None = None
    web3signer: Web3SignerConfig | None = None

    @model_validator(mode="after")
    def _is_in_one_place(self) -> "KeyConfig":
        if (self.file is None) == (self.web3signer is None):
            raise ValueError("a key is in a file or with a web3signer: name one of the two")
        if self.password_file is not None and self.file is None:
            raise ValueError("password_file is for a keystore file")
        return self


def load_account(config: KeyConfig) -> SigningAccount:
    """The account. Raises ConfigError(KEY_UNUSABLE), naming the file and never its content; a Web3Signer is not asked
    yet."""
    if config.web3signer is not None:
        return _remote(config.web3signer)
    if config.file is None:
        raise ConfigError(Reason.KEY_UNUSABLE, "The settings of a key name no file.")
    secret = _secret(config.file, config.password_file)
    try:
        return Account(address_of(secret), secret)
    except ValueError as error:
        raise ConfigError(
            Reason.KEY_UNUSABLE, f"{config.file}: no key of secp256k1 has this value."
        ) from error


async def open_account(config: KeyConfig) -> SigningAccount:
    """The account of a node, which had better not start without it: a Web3Signer proves that it signs.

    Raises as `load_account`, and SignerError.
    """
    if config.web3signer is None:
        return load_account(config)
    account = _remote(config.web3signer)
    await account.prove()
    return account


def _remote(config: Web3SignerConfig) -> "Web3SignerAccount":
    # An HTTP client, which commands with a key in a file do without.
    from hourglass.chain.web3signer import Web3SignerAccount

    return Web3SignerAccount.of(config)


def _secret(file: Path, password_file: Path | None) -> bytes:
    text = read_open(file)
    if not text.startswith("{"):
        return _from_hex(file, text)
    password = "" if password_file is None else read_open(password_file)
    try:
        return read_ethereum_keystore(text.encode("utf-8"), password)
    except ConfigError as error:
        raise ConfigError(error.reason, f"{file}: {error.detail}") from error


def _from_hex(file: Path, text: str) -> bytes:
    try:
        raw = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raw = b""
    if len(raw) != WORD_BYTES:
        raise ConfigError(
            Reason.KEY_UNUSABLE, f"{file} holds neither a keystore nor {2 * WORD_BYTES} digits."
        )
    return raw
