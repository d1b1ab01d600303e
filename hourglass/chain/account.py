"""Where an account's key is: in a file, read once, or with a Web3Signer that never lets it go."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from hourglass.certificate.ecdsa import address_of
from hourglass.chain.port import Account, SigningAccount
from hourglass.chain.web3signer import Web3SignerAccount, Web3SignerConfig
from hourglass.errors import ConfigError
from hourglass.keystores.ethereum import read_ethereum_keystore
from hourglass.reasons import Reason
from hourglass.secret_files import read_open
from hourglass.workflow.identifiers import WORD_BYTES


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
        return Web3SignerAccount.of(config.web3signer)
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
    account = load_account(config)
    if isinstance(account, Web3SignerAccount):
        await account.prove()
    return account


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
