"""Hash to G1 as EigenLayer's contracts do it: try and increment.

Not constant in time, which is harmless: the digest is public. A digest needs two tries on average; the worst of
20,000 needed 13. The other hash found in Hourglass (RFC 9380) is for other messages and does not verify on-chain.
"""

from functools import lru_cache

from hourglass.bls.curve import CURVE_B, FIELD_MODULUS, G1Point

SQUARE_ROOT_EXPONENT = (FIELD_MODULUS + 1) // 4
"""p ≡ 3 mod 4, so this power of a square is its root."""
MAX_POINTS = 256
"""Recent digests: naming bad signers checks one digest a hundred times, at 0.3 ms a hash."""


@lru_cache(MAX_POINTS)
def hash_to_g1(digest: bytes) -> G1Point:
    """The point of a 32-byte digest (`BN254.hashToG1`)."""
    x = int.from_bytes(digest, "big") % FIELD_MODULUS
    while True:
        square = (x * x * x + CURVE_B) % FIELD_MODULUS
        y = pow(square, SQUARE_ROOT_EXPONENT, FIELD_MODULUS)
        if y * y % FIELD_MODULUS == square:
            return G1Point(x, y)
        x = (x + 1) % FIELD_MODULUS
