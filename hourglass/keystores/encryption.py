"""What all keystores share: AES-128-CTR under a key that scrypt or PBKDF2 makes of a password.

A keystore is a file from outside, and its parameters say how much memory and time to spend before the password is even
looked at: all of them have a bound here.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

from Crypto.Cipher import AES
from Crypto.Util import Counter
from eth_hash.auto import keccak

from hourglass.errors import ConfigError
from hourglass.reasons import Reason

SCRYPT_N = 2**18
SCRYPT_R = 8
SCRYPT_P = 1
MAX_SCRYPT_P = 16
MAX_SCRYPT_MEMORY = 512 * 1024 * 1024
"""Twice what every wallet and tool asks for."""
SCRYPT_OVERHEAD = 1024 * 1024
SCRYPT_BLOCK_BYTES = 128
MAX_PBKDF2_ROUNDS = 10_000_000
KEY_BYTES = 32
CIPHER_KEY_BYTES = 16
SALT_BYTES = 32
IV_BYTES = 16
MAX_SALT_BYTES = 64
MAX_SECRET_BYTES = 128
"""DevKit's digits are up to 78."""
MAX_KEYSTORE_BYTES = 64 * 1024
CIPHER = "aes-128-ctr"
PBKDF2_FUNCTION = "hmac-sha256"
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading a field of JSON from outside may raise."""


class Checksum(Enum):
    """Of the second half of the derived key and the ciphertext: tells a wrong password."""

    SHA256 = "sha256"
    KECCAK = "keccak256"

    def of(self, key: bytes, ciphertext: bytes) -> bytes:
        """32 bytes."""
        data = key[CIPHER_KEY_BYTES:KEY_BYTES] + ciphertext
        return hashlib.sha256(data).digest() if self is Checksum.SHA256 else bytes(keccak(data))


def parse(data: bytes) -> Mapping[str, Any]:
    """The JSON object in a file. Raises ConfigError(KEY_UNUSABLE)."""
    if len(data) > MAX_KEYSTORE_BYTES:
        raise unusable(f"A keystore has up to {MAX_KEYSTORE_BYTES} bytes, not {len(data)}.")
    try:
        found = json.loads(data)
    except MALFORMED as error:
        raise unusable("It is no keystore: not JSON.") from error
    if not isinstance(found, dict):
        raise unusable("It is no keystore: not a JSON object.")
    return found


def decrypt(
    kdf: str,
    parameters: Mapping[str, Any],
    iv: str,
    ciphertext: str,
    checksum: tuple[Checksum, str],
    password: bytes,
) -> bytes:
    """The secret inside. Raises ConfigError(KEY_UNUSABLE), and whatever is in MALFORMED."""
    sealed, start = bytes.fromhex(ciphertext), bytes.fromhex(iv)
    if not 0 < len(sealed) <= MAX_SECRET_BYTES or len(start) != IV_BYTES:
        raise ValueError("a ciphertext or iv of an impossible length")
    key = derive(kdf, parameters, password)
    kind, stored = checksum
    if not hmac.compare_digest(kind.of(key, sealed), bytes.fromhex(stored.removeprefix("0x"))):
        raise unusable("Its password is wrong.")
    return aes(key, start, sealed)


def decrypt_v3(crypto: Mapping[str, Any], password: str) -> bytes:
    """The secret in the `crypto` of Ethereum's version 3. Raises as `decrypt`."""
    check_named("cipher", crypto["cipher"], CIPHER)
    return decrypt(
        crypto["kdf"],
        crypto["kdfparams"],
        crypto["cipherparams"]["iv"],
        crypto["ciphertext"],
        (Checksum.KECCAK, crypto["mac"]),
        password.encode("utf-8"),
    )


def encrypt_v3(secret: bytes, password: str, salt: bytes, iv: bytes, scrypt_n: int) -> dict[str, Any]:
    """The `crypto` of Ethereum's version 3. Raises ValueError for a salt or iv of another length."""
    kdf = scrypt_parameters(salt, scrypt_n)
    key = derive("scrypt", kdf, password.encode("utf-8"))
    ciphertext = aes(key, iv, secret)
    return {
        "cipher": CIPHER,
        "ciphertext": ciphertext.hex(),
        "cipherparams": {"iv": iv.hex()},
        "kdf": "scrypt",
        "kdfparams": kdf,
        "mac": Checksum.KECCAK.of(key, ciphertext).hex(),
    }


def derive(kdf: str, parameters: Mapping[str, Any], password: bytes) -> bytes:
    """The 32-byte key. Raises ConfigError(KEY_UNUSABLE) for parameters out of bounds, and whatever is in MALFORMED."""
    salt = bytes.fromhex(parameters["salt"])
    _check_bound("salt", len(salt), MAX_SALT_BYTES)
    if parameters["dklen"] != KEY_BYTES:
        raise unusable(f"Its derived key has {parameters['dklen']!r} bytes; this release reads {KEY_BYTES}.")
    match kdf:
        case "scrypt":
            n, r, p = (_number(parameters, name) for name in ("n", "r", "p"))
            _check_bound("scrypt's p", p, MAX_SCRYPT_P)
            _check_bound("scrypt's memory", SCRYPT_BLOCK_BYTES * n * r, MAX_SCRYPT_MEMORY)
            limit = MAX_SCRYPT_MEMORY + SCRYPT_BLOCK_BYTES * r * (p + 2) + SCRYPT_OVERHEAD
            return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=limit, dklen=KEY_BYTES)
        case "pbkdf2":
            check_named("pseudo-random function", parameters["prf"], PBKDF2_FUNCTION)
            rounds = _number(parameters, "c")
            _check_bound("PBKDF2's rounds", rounds, MAX_PBKDF2_ROUNDS)
            return hashlib.pbkdf2_hmac("sha256", password, salt, rounds, KEY_BYTES)
        case _:
            raise unusable(f"Its key derivation is {kdf!r}; this release reads 'scrypt' and 'pbkdf2'.")


def scrypt_parameters(salt: bytes, n: int = SCRYPT_N) -> dict[str, Any]:
    """As every tool writes them. Raises ValueError for a salt of another length than 32 bytes."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a keystore takes {SALT_BYTES} bytes of salt, not {len(salt)}")
    return {"dklen": KEY_BYTES, "n": n, "r": SCRYPT_R, "p": SCRYPT_P, "salt": salt.hex()}


def aes(key: bytes, iv: bytes, data: bytes) -> bytes:
    """Encrypts and decrypts. Raises ValueError for an iv of another length than 16 bytes."""
    if len(iv) != IV_BYTES:
        raise ValueError(f"a keystore takes {IV_BYTES} bytes of iv, not {len(iv)}")
    counter = Counter.new(IV_BYTES * 8, initial_value=int.from_bytes(iv, "big"))
    return bytes(AES.new(key[:CIPHER_KEY_BYTES], AES.MODE_CTR, counter=counter).encrypt(data))


def check_named(part: str, said: Any, known: str | int) -> None:
    """Raises ConfigError(KEY_UNUSABLE) for what this release does not read."""
    if said != known:
        raise unusable(f"Its {part} is {said!r}; this release reads {known!r}.")


def unusable(detail: str) -> ConfigError:
    """Why a key cannot be used."""
    return ConfigError(Reason.KEY_UNUSABLE, detail)


def _number(parameters: Mapping[str, Any], name: str) -> int:
    number = parameters[name]
    if type(number) is not int or number < 1:
        raise ValueError(f"{name} is no positive integer")
    return number


def _check_bound(what: str, asked: int, most: int) -> None:
    if asked > most:
        raise unusable(f"Its {what} would be {asked}; this release goes to {most}.")
