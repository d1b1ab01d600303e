"""Key files of every form, as `hourglass keys` reads and writes them: known by their content, never by their name."""

import os
import secrets
from collections.abc import Callable
from enum import Enum
from pathlib import Path

from hourglass.bls.curve import SUBGROUP_ORDER
from hourglass.bls.keys import ENTROPY_BYTES, SecretKey
from hourglass.bls.signatures import default_backend
from hourglass.certificate.ecdsa import address_of
from hourglass.chain.port import Account
from hourglass.errors import ConfigError
from hourglass.keystores.bn254 import Bn254Keystore, kind_of, read_keystore, write_keystore
from hourglass.keystores.encryption import IV_BYTES, SALT_BYTES, parse
from hourglass.keystores.ethereum import is_ethereum_keystore, read_ethereum_keystore, write_ethereum_keystore
from hourglass.reasons import Reason
from hourglass.secret_files import read_sealed
from hourglass.workflow.identifiers import WORD_BYTES

KeyPair = SecretKey | Account
"""Of BN254, or of secp256k1."""


class Kind(Enum):
    """Which curve a new or bare key is for."""

    bn254 = "bn254"
    ecdsa = "ecdsa"


class Form(Enum):
    """Of a keystore file."""

    eip2335 = "eip2335"
    """BN254: as Hourglass writes it."""
    legacy = "legacy"
    """BN254: as DevKit reads it, in the shape of Ethereum's version 3."""
    ethereum = "ethereum"
    """secp256k1: Ethereum's version 3."""


KIND_OF = {Form.eip2335: Kind.bn254, Form.legacy: Kind.bn254, Form.ethereum: Kind.ecdsa}
BN254_FORM = {Form.eip2335: Bn254Keystore.EIP2335, Form.legacy: Bn254Keystore.LEGACY}


def new_key(kind: Kind) -> KeyPair:
    """Of the system's own chance."""
    if kind is Kind.bn254:
        return SecretKey.from_entropy(secrets.token_bytes(ENTROPY_BYTES))
    while True:
        secret = secrets.token_bytes(WORD_BYTES)
        try:
            return Account(address_of(secret), secret)
        except ValueError:  # zero, or not below the group's order: once in 2¹²⁸ times
            continue


def form_of(data: bytes) -> Form:
    """Which form of keystore this is. Raises ConfigError(KEY_UNUSABLE) for none."""
    keystore = parse(data)
    if is_ethereum_keystore(keystore) and "pubKey" not in keystore:
        return Form.ethereum
    return Form.eip2335 if kind_of(keystore) is Bn254Keystore.EIP2335 else Form.legacy


def read_key(path: Path, password: Callable[[], str]) -> tuple[Form, KeyPair]:
    """The key in a keystore file; its password is asked for once the file is known to be a keystore.

    Raises ConfigError(KEY_UNUSABLE), naming the file.
    """
    data = read_sealed(path)
    try:
        form = form_of(data)
        if form is Form.ethereum:
            secret = read_ethereum_keystore(data, password())
            return form, Account(address_of(secret), secret)
        return form, read_keystore(data, password(), default_backend())
    except ConfigError as error:
        raise ConfigError(error.reason, f"{path}: {error.detail}") from error


def read_bare(path: Path, text: str, kind: Kind) -> KeyPair:
    """A key that lies open: a scalar in decimal or 0x-hexadecimal for BN254, 64 hexadecimal digits for secp256k1.

    Raises ConfigError(KEY_UNUSABLE), naming the file only.
    """
    try:
        if kind is Kind.ecdsa:
            secret = bytes.fromhex(text.removeprefix("0x"))
            if len(secret) == WORD_BYTES:
                return Account(address_of(secret), secret)
        elif 0 < (scalar := int(text, 0)) < SUBGROUP_ORDER:
            return SecretKey(scalar)
    except ValueError:
        pass
    what = "64 hexadecimal digits" if kind is Kind.ecdsa else "a scalar from 1 to r - 1"
    raise ConfigError(Reason.KEY_UNUSABLE, f"{path} holds neither a keystore nor {what}.")


def sealed(key: KeyPair, form: Form, password: str) -> bytes:
    """The keystore. Raises ConfigError(KEY_UNUSABLE) for a form of the other curve."""
    salt, iv = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(IV_BYTES)
    match key, form:
        case SecretKey(), Form.eip2335 | Form.legacy:
            return write_keystore(key, password, salt, iv, default_backend(), kind=BN254_FORM[form])
        case Account(secret=secret), Form.ethereum:
            return write_ethereum_keystore(secret, password, salt, iv)
        case _:
            wanted = KIND_OF[form].value
            raise ConfigError(
                Reason.KEY_UNUSABLE, f"Form {form.value} is for {wanted} keys; this is another one."
            )


def write_new(path: Path, data: bytes) -> None:
    """A file of the owner's alone, and never over another: whoever loses a key loses what it stands for.

    Raises ConfigError(KEY_UNUSABLE).
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigError(Reason.KEY_UNUSABLE, f"{path} exists; choose another name.") from error
    except OSError as error:
        raise ConfigError(Reason.KEY_UNUSABLE, f"{path}: {error.strerror}.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
