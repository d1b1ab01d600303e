"""BN254 keystores: EIP-2335 v4 as Hourglass uses it, and the older form in the shape of Ethereum's v3.

They differ in the checksum and, trap enough, in what may be inside: EIP-2335 holds the scalar's 32 bytes, DevKit's
files of the older form the *decimal digits in ASCII* of some number, whose bytes, read as one big-endian number modulo
r, are the effective scalar. Reading "bytes, big-endian, modulo r" whatever their length is right for both.
"""

import json
import unicodedata
import uuid
from collections.abc import Mapping
from enum import Enum
from typing import Any

from hourglass.bls.compressed import compressed
from hourglass.bls.curve import SUBGROUP_ORDER, Backend
from hourglass.bls.keys import PublicKey, SecretKey
from hourglass.errors import ConfigError
from hourglass.keystores.encryption import (
    CIPHER,
    KEY_BYTES,
    MALFORMED,
    SCRYPT_N,
    Checksum,
    aes,
    check_named,
    decrypt,
    decrypt_v3,
    derive,
    encrypt_v3,
    parse,
    scrypt_parameters,
    unusable,
)

CURVE = "bn254"
VERSION = 4
CONTROL_CODES = frozenset(range(0x20)) | {0x7F} | frozenset(range(0x80, 0xA0))
BLS12_381_KEY_DIGITS = (96, 192)
"""A public key of Ethereum's validators in G1 and in G2, which no key of ours has."""


class Bn254Keystore(Enum):
    """The forms of a BN254 keystore file, told apart by their fields."""

    EIP2335 = "eip2335"
    """`pubkey`, and modules in `crypto`: Hourglass' own, and Cerberus'."""
    LEGACY = "legacy"
    """`publicKey`, and `crypto` as in Ethereum's v3: DevKit's, and Hourglass' before EIP-2335."""


def kind_of(keystore: Mapping[str, Any]) -> Bn254Keystore:
    """Which form this is. Raises ConfigError(KEY_UNUSABLE) for one of another curve, and for no BN254 keystore."""
    crypto = keystore.get("crypto")
    if not isinstance(crypto, dict):
        raise unusable("It is no BLS keystore: it has no `crypto`.")
    _check_curve(keystore)
    if "kdfparams" not in crypto:
        return Bn254Keystore.EIP2335
    if "publicKey" in keystore:
        return Bn254Keystore.LEGACY
    if "pubKey" in keystore:
        raise unusable("It is a keystore of eigenlayer-cli: have that export the key, and import the scalar.")
    raise unusable("It is a keystore of an Ethereum account (secp256k1), not of a BLS key.")


def read_keystore(data: bytes, password: str, backend: Backend) -> SecretKey:
    """The key inside. Raises ConfigError(KEY_UNUSABLE): not a BN254 keystore, wrong password, parameters out of bounds,
    or another key inside than the public one that stands beside it, naming both."""
    keystore = parse(data)
    kind = kind_of(keystore)
    try:
        match kind:
            case Bn254Keystore.EIP2335:
                plaintext, stored = _decrypt_eip2335(keystore["crypto"], password), keystore["pubkey"]
            case Bn254Keystore.LEGACY:
                plaintext, stored = decrypt_v3(keystore["crypto"], password), keystore["publicKey"]
        secret = SecretKey(int.from_bytes(plaintext, "big") % SUBGROUP_ORDER)
        _check_public(stored, secret.public_key(backend))
    except ConfigError:
        raise
    except MALFORMED as error:
        raise unusable(
            "It is no BLS keystore that this release reads: a field is missing or damaged."
        ) from error
    return secret


def write_keystore(
    secret: SecretKey,
    password: str,
    salt: bytes,
    iv: bytes,
    backend: Backend,
    scrypt_n: int = SCRYPT_N,
    kind: Bn254Keystore = Bn254Keystore.EIP2335,
) -> bytes:
    """A keystore of this form. `salt` (32 bytes) and `iv` (16) are fresh entropy; ValueError for other lengths."""
    plaintext, public = (
        secret.scalar.to_bytes(KEY_BYTES, "big"),
        secret.public_key(backend).g2.to_bytes().hex(),
    )
    match kind:
        case Bn254Keystore.EIP2335:
            crypto = _encrypt_eip2335(plaintext, password, salt, iv, scrypt_n)
            named = {"pubkey": public, "path": ""}
        case Bn254Keystore.LEGACY:
            crypto, named = encrypt_v3(plaintext, password, salt, iv, scrypt_n), {"publicKey": public}
    written = {
        "crypto": crypto,
        **named,
        "uuid": str(uuid.UUID(bytes=salt[:16], version=4)),
        "version": VERSION,
        "curveType": CURVE,
    }
    return json.dumps(written, indent=2).encode()


def _encrypt_eip2335(secret: bytes, password: str, salt: bytes, iv: bytes, scrypt_n: int) -> dict[str, Any]:
    kdf = scrypt_parameters(salt, scrypt_n)
    key = derive("scrypt", kdf, _normalized(password))
    ciphertext = aes(key, iv, secret)
    checksum = Checksum.SHA256.of(key, ciphertext).hex()
    return {
        "kdf": {"function": "scrypt", "params": kdf, "message": ""},
        "checksum": {"function": Checksum.SHA256.value, "params": {}, "message": checksum},
        "cipher": {"function": CIPHER, "params": {"iv": iv.hex()}, "message": ciphertext.hex()},
    }


def _decrypt_eip2335(crypto: Mapping[str, Any], password: str) -> bytes:
    cipher, checksum, kdf = crypto["cipher"], crypto["checksum"], crypto["kdf"]
    check_named("cipher", cipher["function"], CIPHER)
    check_named("checksum", checksum["function"], Checksum.SHA256.value)
    stored = (Checksum.SHA256, checksum["message"])
    return decrypt(
        kdf["function"],
        kdf["params"],
        cipher["params"]["iv"],
        cipher["message"],
        stored,
        _normalized(password),
    )


def _normalized(password: str) -> bytes:
    """EIP-2335: NFKD, control codes stripped."""
    text = unicodedata.normalize("NFKD", password)
    return "".join(letter for letter in text if ord(letter) not in CONTROL_CODES).encode("utf-8")


def _check_curve(keystore: Mapping[str, Any]) -> None:
    said = keystore.get("curveType") or keystore.get("curve")
    if said is not None and said != CURVE:
        raise unusable(f"Its key is on the curve {said!r}; operators sign on {CURVE!r}.")
    public = keystore.get("pubkey") or keystore.get("publicKey")
    if isinstance(public, str) and len(public.removeprefix("0x")) in BLS12_381_KEY_DIGITS:
        raise unusable(f"Its public key is on BLS12-381, a validator's; operators sign on {CURVE!r}.")


def _check_public(stored: str, computed: PublicKey) -> None:
    said = stored.removeprefix("0x").lower()
    g1, g2 = computed.g1.to_bytes().hex(), computed.g2.to_bytes().hex()
    # No checksum covers the iv: without a public key beside it, a damaged file would open as another key.
    if said not in (g2, g1, computed.key_data.hex(), compressed(computed.g1).hex()):
        raise unusable(f"Its public key says {said or 'nothing'}, the key inside is {g2}.")
