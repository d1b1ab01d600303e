"""BLS keystores, bytes in and bytes out: EIP-2335 v4 as Hourglass uses it, and DevKit's older form.

Both encrypt with AES-128-CTR under a scrypt or PBKDF2 key. They differ in the checksum (SHA-256 here, keccak there)
and, trap enough, in what is inside: EIP-2335 holds the scalar's 32 bytes, DevKit's form the scalar's *decimal digits in
ASCII*, whose bytes, read as one big-endian number modulo r, are the effective scalar. Reading "bytes, big-endian,
modulo r" whatever their length is right for both.
"""

import hashlib
import hmac
import json
import unicodedata
import uuid
from collections.abc import Mapping
from typing import Any

from Crypto.Cipher import AES
from Crypto.Util import Counter
from eth_hash.auto import keccak

from hourglass.bls.curve import SUBGROUP_ORDER, Backend
from hourglass.bls.keys import PublicKey, SecretKey
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

SCRYPT_N = 2**18
SCRYPT_R = 8
SCRYPT_P = 1
KEY_BYTES = 32
CIPHER_KEY_BYTES = 16
SALT_BYTES = 32
IV_BYTES = 16
SCRYPT_MEMORY = 512 * 1024 * 1024
CIPHER = "aes-128-ctr"
CHECKSUM = "sha256"
PBKDF2_FUNCTION = "hmac-sha256"
CONTROL_CODES = frozenset(range(0x20)) | {0x7F} | frozenset(range(0x80, 0xA0))


def read_keystore(data: bytes, password: str, backend: Backend) -> SecretKey:
    """The key inside. Raises ConfigError(KEY_UNUSABLE): not a keystore, wrong password, or another key inside
    than the public one that stands beside it, naming both."""
    try:
        keystore = json.loads(data)
        if "publicKey" in keystore:
            return _read_devkit(keystore, password, backend)
        return _read_eip2335(keystore, password, backend)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        if isinstance(error, ConfigError):
            raise
        raise _unusable("It is no BLS keystore that this release reads.") from error


def write_keystore(
    secret: SecretKey, password: str, salt: bytes, iv: bytes, backend: Backend, scrypt_n: int = SCRYPT_N
) -> bytes:
    """An EIP-2335 v4 keystore with curveType bn254. `salt` (32 bytes) and `iv` (16) are fresh entropy."""
    if len(salt) != SALT_BYTES or len(iv) != IV_BYTES:
        raise ValueError(f"a keystore takes {SALT_BYTES} bytes of salt and {IV_BYTES} of iv")
    kdf = {"dklen": KEY_BYTES, "n": scrypt_n, "r": SCRYPT_R, "p": SCRYPT_P, "salt": salt.hex()}
    key = _derive("scrypt", kdf, _normalized(password))
    ciphertext = _aes(key, iv, secret.scalar.to_bytes(KEY_BYTES, "big"))
    keystore = {
        "crypto": {
            "kdf": {"function": "scrypt", "params": kdf, "message": ""},
            "checksum": {
                "function": CHECKSUM,
                "params": {},
                "message": hashlib.sha256(key[CIPHER_KEY_BYTES:] + ciphertext).hexdigest(),
            },
            "cipher": {"function": CIPHER, "params": {"iv": iv.hex()}, "message": ciphertext.hex()},
        },
        "pubkey": secret.public_key(backend).g2.to_bytes().hex(),
        "uuid": str(uuid.UUID(bytes=salt[:16], version=4)),
        "version": 4,
        "path": "",
        "curveType": "bn254",
    }
    return json.dumps(keystore, indent=2).encode()


def _read_eip2335(keystore: Mapping[str, Any], password: str, backend: Backend) -> SecretKey:
    crypto = keystore["crypto"]
    _check_named("cipher", crypto["cipher"]["function"], CIPHER)
    _check_named("checksum", crypto["checksum"]["function"], CHECKSUM)
    key = _derive(crypto["kdf"]["function"], crypto["kdf"]["params"], _normalized(password))
    ciphertext = bytes.fromhex(crypto["cipher"]["message"])
    checksum = hashlib.sha256(key[CIPHER_KEY_BYTES:] + ciphertext).digest()
    _check_password(checksum, crypto["checksum"]["message"])
    secret = _secret(_aes(key, bytes.fromhex(crypto["cipher"]["params"]["iv"]), ciphertext))
    _check_public(keystore.get("pubkey", ""), secret.public_key(backend))
    return secret


def _read_devkit(keystore: Mapping[str, Any], password: str, backend: Backend) -> SecretKey:
    crypto = keystore["crypto"]
    _check_named("cipher", crypto["cipher"], CIPHER)
    key = _derive(crypto["kdf"], crypto["kdfparams"], password.encode("utf-8"))
    ciphertext = bytes.fromhex(crypto["ciphertext"])
    _check_password(bytes(keccak(key[CIPHER_KEY_BYTES:KEY_BYTES] + ciphertext)), crypto["mac"])
    secret = _secret(_aes(key, bytes.fromhex(crypto["cipherparams"]["iv"]), ciphertext))
    _check_public(keystore["publicKey"], secret.public_key(backend))
    return secret


def _derive(function: str, parameters: Mapping[str, Any], password: bytes) -> bytes:
    salt, length = bytes.fromhex(parameters["salt"]), parameters["dklen"]
    match function:
        case "scrypt":
            n, r, p = parameters["n"], parameters["r"], parameters["p"]
            return hashlib.scrypt(password, salt=salt, n=n, r=r, p=p, maxmem=SCRYPT_MEMORY, dklen=length)
        case "pbkdf2":
            _check_named("pseudo-random function", parameters["prf"], PBKDF2_FUNCTION)
            return hashlib.pbkdf2_hmac("sha256", password, salt, parameters["c"], length)
        case _:
            raise ValueError(f"unknown key derivation {function!r}")


def _normalized(password: str) -> bytes:
    """EIP-2335: NFKD, control codes stripped."""
    text = unicodedata.normalize("NFKD", password)
    return "".join(letter for letter in text if ord(letter) not in CONTROL_CODES).encode("utf-8")


def _aes(key: bytes, iv: bytes, data: bytes) -> bytes:
    counter = Counter.new(IV_BYTES * 8, initial_value=int.from_bytes(iv, "big"))
    return bytes(AES.new(key[:CIPHER_KEY_BYTES], AES.MODE_CTR, counter=counter).encrypt(data))


def _secret(plaintext: bytes) -> SecretKey:
    return SecretKey(int.from_bytes(plaintext, "big") % SUBGROUP_ORDER)


def _check_named(part: str, said: str, known: str) -> None:
    if said != known:
        raise _unusable(f"Its {part} is {said!r}; this release reads {known!r}.")


def _check_password(computed: bytes, stored: str) -> None:
    if not hmac.compare_digest(computed, bytes.fromhex(stored.removeprefix("0x"))):
        raise _unusable("Its password is wrong.")


def _check_public(stored: str, computed: PublicKey) -> None:
    said = stored.removeprefix("0x").lower()
    forms = (computed.g2.to_bytes().hex(), computed.g1.to_bytes().hex(), computed.key_data.hex())
    if said and said not in forms:
        raise _unusable(f"Its public key says {said}, the key inside is {forms[0]}.")


def _unusable(detail: str) -> ConfigError:
    return ConfigError(Reason.KEY_UNUSABLE, detail)
