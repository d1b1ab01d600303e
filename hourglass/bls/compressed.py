"""G1 points in 32 bytes, as gnark compresses them: Cerberus names keys by them."""

from hourglass.bls.curve import COORDINATE_BYTES, FIELD_MODULUS, G1Point

SMALLER_ROOT = 0x80
LARGER_ROOT = 0xC0
"""The field's 254 bits leave two on top, which say which of the two roots y is."""


def compressed(point: G1Point) -> bytes:
    """X big-endian, and in its top bits whether y is the larger of the two roots. The identity has no such form."""
    data = bytearray(point.x.to_bytes(COORDINATE_BYTES, "big"))
    data[0] |= LARGER_ROOT if point.y > FIELD_MODULUS // 2 else SMALLER_ROOT
    return bytes(data)
