"""Hash to G1 as RFC 9380 does it: expand_message_xmd with SHA-256, the Shallue-van de Woestijne map, two points summed.

Hourglass signs its own messages so: a task submission of its aggregator, the authentication of an operator's answer
(`hourglass.certificate.ponos`). A certificate is never signed so: the one hash that verifies on-chain is
`hourglass.bls.hashing`, and a signature over this one is refused there.
"""

from hashlib import sha256

from hourglass.bls.curve import CURVE_B, FIELD_MODULUS, G2_GENERATOR, Backend, G1Point, G2Point
from hourglass.bls.keys import SecretKey

HOURGLASS_TAG = b"BLS_SIG_BN254G1_XMD:SHA-256_SSWU_RO_NUL_"
"""The domain separation tag of Hourglass' keys. It says SSWU, a map that this curve does not have."""

MAX_TAG_BYTES = 255
"""Longer ones are hashed first (RFC 9380, 5.3.3); nobody here has one."""
DIGEST_BYTES = 32
BLOCK_BYTES = 64
ELEMENT_BYTES = 48
"""L: so many bytes more than the field has that reducing them leaves no bias."""

# The map's constants for y² = x³ + 3 and Z = 1 (RFC 9380, 6.6.1): g(Z), −Z/2, √(−3·g(Z)) with sign 0, −4·g(Z)/3.
Z = 1
C1 = 0x4
C2 = 0x183227397098D014DC2822DB40C0AC2ECBC0B548B438E5469E10460B6C3E7EA3
C3 = 0x16789AF3A83522EB353C98FC6B36D713D5D8D1CC5DFFFFFFA
C4 = 0x10216F7BA065E00DE81AC1E7808072C9DD2B2385CD7B438469602EB24829A9BD


def hash_to_g1_rfc9380(message: bytes, tag: bytes, backend: Backend) -> G1Point:
    """hash_to_curve, the random-oracle variant. Raises ValueError for a tag that is empty or too long."""
    first, second = hash_to_field(message, tag)
    return backend.g1_sum([map_to_g1(first), map_to_g1(second)])


def hash_to_field(message: bytes, tag: bytes) -> tuple[int, int]:
    """Two elements of F_p. Raises ValueError for a tag that is empty or too long."""
    uniform = expand_message(message, tag, 2 * ELEMENT_BYTES)
    return (
        int.from_bytes(uniform[:ELEMENT_BYTES], "big") % FIELD_MODULUS,
        int.from_bytes(uniform[ELEMENT_BYTES:], "big") % FIELD_MODULUS,
    )


def expand_message(message: bytes, tag: bytes, length: int) -> bytes:
    """expand_message_xmd with SHA-256. Raises ValueError for a tag that is empty or too long."""
    if not 0 < len(tag) <= MAX_TAG_BYTES:
        raise ValueError(f"a domain separation tag has 1 to {MAX_TAG_BYTES} bytes, not {len(tag)}")
    suffix = tag + bytes([len(tag)])
    start = sha256(bytes(BLOCK_BYTES) + message + length.to_bytes(2, "big") + b"\0" + suffix).digest()
    block = bytes(DIGEST_BYTES)
    uniform = b""
    for number in range(1, -(-length // DIGEST_BYTES) + 1):
        mixed = bytes(a ^ b for a, b in zip(start, block, strict=True))
        block = sha256(mixed + bytes([number]) + suffix).digest()
        uniform += block
    return uniform[:length]


def map_to_g1(element: int) -> G1Point:
    """The Shallue-van de Woestijne map: a point for every element of F_p. Not constant in time: nothing is secret."""
    p = FIELD_MODULUS
    square = element * element % p * C1 % p
    plus, minus = (1 + square) % p, (1 - square) % p
    inverse = pow(plus * minus, p - 2, p)
    shift = element * minus % p * inverse % p * C3 % p
    last = (Z + C4 * pow(plus * plus % p * inverse, 2, p)) % p
    for x in ((C2 - shift) % p, (C2 + shift) % p):
        y = _root(x)
        if y is not None:
            break
    else:
        x, y = last, _root(last)
    assert y is not None, "one of the three is always on the curve"
    return G1Point(x, y if y % 2 == element % 2 else p - y)


def sign_rfc9380(secret: SecretKey, message: bytes, backend: Backend, tag: bytes = HOURGLASS_TAG) -> G1Point:
    """scalar · H(message). Never for a certificate."""
    return backend.g1_combine([hash_to_g1_rfc9380(message, tag, backend)], [secret.scalar])


def verify_rfc9380(
    public_key: G2Point, message: bytes, signature: G1Point, backend: Backend, tag: bytes = HOURGLASS_TAG
) -> bool:
    """e(signature, g2) = e(H(message), public key). Points are checked; the identity signs nothing."""
    if signature.is_identity or public_key.is_identity:
        return False
    point = hash_to_g1_rfc9380(message, tag, backend)
    return backend.pairing_is_one([(signature, G2_GENERATOR), (-point, public_key)])


def _root(x: int) -> int | None:
    """A y of this x, if there is one; p ≡ 3 mod 4."""
    square = (x * x * x + CURVE_B) % FIELD_MODULUS
    y = pow(square, (FIELD_MODULUS + 1) // 4, FIELD_MODULUS)
    return y if y * y % FIELD_MODULUS == square else None
