"""Ethereum's keystores of version 3 ("Web3 secret storage"), for secp256k1 keys."""

import json
import uuid
from collections.abc import Mapping
from typing import Any

from hourglass.certificate.ecdsa import address_of
from hourglass.errors import ConfigError
from hourglass.keystores.encryption import (
    KEY_BYTES,
    MALFORMED,
    SCRYPT_N,
    check_named,
    decrypt_v3,
    encrypt_v3,
    parse,
    unusable,
)
from hourglass.workflow.identifiers import Address

VERSION = 3


def is_ethereum_keystore(keystore: Mapping[str, Any]) -> bool:
    """Is it one of an Ethereum account, by its fields?"""
    crypto = keystore.get("crypto", keystore.get("Crypto"))
    return isinstance(crypto, dict) and "kdfparams" in crypto and "publicKey" not in keystore


def read_ethereum_keystore(data: bytes, password: str) -> bytes:
    """The 32-byte secret. Raises ConfigError(KEY_UNUSABLE): not such a keystore, wrong password, parameters out of
    bounds, or another key inside than the address that stands beside it, naming both."""
    keystore = parse(data)
    if not is_ethereum_keystore(keystore):
        raise unusable("It is no keystore of an Ethereum account.")
    try:
        check_named("version", keystore["version"], VERSION)
        secret = decrypt_v3(keystore.get("crypto", keystore.get("Crypto")), password)
        if len(secret) != KEY_BYTES:
            raise unusable(f"It holds {len(secret)} bytes; a secp256k1 key has {KEY_BYTES}.")
        _check_address(keystore.get("address"), address_of(secret))
    except ConfigError:
        raise
    except MALFORMED as error:
        raise unusable(
            "It is no Ethereum keystore that this release reads: a field is missing or damaged."
        ) from error
    return secret


def write_ethereum_keystore(
    secret: bytes, password: str, salt: bytes, iv: bytes, scrypt_n: int = SCRYPT_N
) -> bytes:
    """A keystore of version 3. `salt` (32 bytes) and `iv` (16) are fresh entropy; ValueError for other lengths."""
    written = {
        "address": bytes(address_of(secret)).hex(),
        "crypto": encrypt_v3(secret, password, salt, iv, scrypt_n),
        "id": str(uuid.UUID(bytes=salt[:16], version=4)),
        "version": VERSION,
    }
    return json.dumps(written, indent=2).encode()


def _check_address(stored: Any, computed: Address) -> None:
    said = str(stored or "").removeprefix("0x").lower()
    if said and said != bytes(computed).hex():
        raise unusable(f"Its address says 0x{said}, the key inside is that of {computed}.")
