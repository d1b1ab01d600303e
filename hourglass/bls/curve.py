"""The curve's points as plain values, the checks on every outside point, and what a backend must do.

BN254 (alt_bn128), y² = x³ + 3 over F_p; G2 over F_p² with i² = −1. Coordinates are integers, the identity is
(0, 0) as in the EVM's precompiles (EIP-196, EIP-197).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hourglass.errors import PointError

FIELD_MODULUS = 21888242871839275222246405745257275088696311157297823662689037894645226208583
"""p."""
SUBGROUP_ORDER = 21888242871839275222246405745257275088548364400416034343698204186575808495617
"""r."""
COORDINATE_BYTES = 32
G1_BYTES = 2 * COORDINATE_BYTES
G2_BYTES = 4 * COORDINATE_BYTES
CURVE_B = 3


@dataclass(frozen=True, slots=True)
class G1Point:
    """A signature, or a public key in G1. Unchecked when built directly; `from_bytes` and `check` check."""

    x: int
    y: int

    @property
    def is_identity(self) -> bool:
        """The point at infinity."""
        return self.x == 0 and self.y == 0

    def to_bytes(self) -> bytes:
        """64 bytes, X ‖ Y, big-endian."""
        return self.x.to_bytes(COORDINATE_BYTES, "big") + self.y.to_bytes(COORDINATE_BYTES, "big")

    @classmethod
    def from_bytes(cls, data: bytes) -> "G1Point":
        """A point from outside, checked. Raises PointError: length, range, curve, identity."""
        if len(data) != G1_BYTES:
            raise PointError(f"A G1 point has {G1_BYTES} bytes, not {len(data)}.")
        return cls(
            int.from_bytes(data[:COORDINATE_BYTES], "big"), int.from_bytes(data[COORDINATE_BYTES:], "big")
        ).check()

    def check(self) -> "G1Point":
        """Itself, if it is a point of the group other than the identity. G1's cofactor is 1: curve is subgroup."""
        x, y = self.x, self.y
        if not (0 <= x < FIELD_MODULUS and 0 <= y < FIELD_MODULUS):
            raise PointError("A coordinate is not below the field modulus.")
        if x == 0 and y == 0:
            raise PointError("It is the identity.")
        if (y * y - x * x * x - CURVE_B) % FIELD_MODULUS:
            raise PointError("It is not on the curve.")
        return self

    def __neg__(self) -> "G1Point":
        return G1Point(self.x, -self.y % FIELD_MODULUS)


@dataclass(frozen=True, slots=True)
class G2Point:
    """A public key in G2; imaginary parts first, as EigenLayer's `X[2], Y[2]`."""

    x_imaginary: int
    x_real: int
    y_imaginary: int
    y_real: int

    @property
    def is_identity(self) -> bool:
        """The point at infinity."""
        return not any((self.x_imaginary, self.x_real, self.y_imaginary, self.y_real))

    @property
    def words(self) -> tuple[int, int, int, int]:
        """X[0], X[1], Y[0], Y[1]."""
        return (self.x_imaginary, self.x_real, self.y_imaginary, self.y_real)

    def to_bytes(self) -> bytes:
        """128 bytes, X[0] ‖ X[1] ‖ Y[0] ‖ Y[1], big-endian: gnark's and EigenLayer's order."""
        return b"".join(word.to_bytes(COORDINATE_BYTES, "big") for word in self.words)

    @classmethod
    def from_bytes(cls, data: bytes, backend: "Backend") -> "G2Point":
        """A point from outside, checked. Raises PointError: length, range, curve, subgroup, identity."""
        if len(data) != G2_BYTES:
            raise PointError(f"A G2 point has {G2_BYTES} bytes, not {len(data)}.")
        words = [
            int.from_bytes(data[start : start + COORDINATE_BYTES], "big")
            for start in range(0, G2_BYTES, COORDINATE_BYTES)
        ]
        return cls(*words).check(backend)

    def check(self, backend: "Backend") -> "G2Point":
        """Itself, if it is a point of the r-order subgroup other than the identity."""
        if not all(0 <= word < FIELD_MODULUS for word in self.words):
            raise PointError("A coordinate is not below the field modulus.")
        if self.is_identity:
            raise PointError("It is the identity.")
        if not self._on_twist():
            raise PointError("It is not on the curve.")
        if not backend.g2_in_subgroup(self):
            raise PointError("It is not in the subgroup.")
        return self

    def _on_twist(self) -> bool:
        """y² = x³ + 3 / (9 + i), multiplied out by 9 + i."""
        x = (self.x_real, self.x_imaginary)
        left = _multiply((9, 1), _multiply((self.y_real, self.y_imaginary), (self.y_real, self.y_imaginary)))
        cubed = _multiply((9, 1), _multiply(x, _multiply(x, x)))
        return left == ((cubed[0] + CURVE_B) % FIELD_MODULUS, cubed[1])

    def __neg__(self) -> "G2Point":
        return G2Point(
            self.x_imaginary, self.x_real, -self.y_imaginary % FIELD_MODULUS, -self.y_real % FIELD_MODULUS
        )


def _multiply(a: tuple[int, int], b: tuple[int, int]) -> tuple[int, int]:
    """In F_p², (real, imaginary)."""
    return (
        (a[0] * b[0] - a[1] * b[1]) % FIELD_MODULUS,
        (a[0] * b[1] + a[1] * b[0]) % FIELD_MODULUS,
    )


G1_IDENTITY = G1Point(0, 0)
G1_GENERATOR = G1Point(1, 2)
G2_IDENTITY = G2Point(0, 0, 0, 0)
G2_GENERATOR = G2Point(
    11559732032986387107991004021392285783925812861821192530917403151452391805634,
    10857046999023057135944570762232829481370756359578518086990519993285655852781,
    4082367875863433681332203403145435568316851327593401208105741076214120093531,
    8495653923123431417604973247489272438418190587263600148770280649306958101930,
)


class Backend(Protocol):
    """The arithmetic. Takes checked points or the identity; what it does with others is undefined."""

    @property
    def name(self) -> str:
        """For logs and benchmarks."""
        ...

    def g1_sum(self, points: Sequence[G1Point]) -> G1Point:
        """The identity for none."""
        ...

    def g2_sum(self, points: Sequence[G2Point]) -> G2Point:
        """The identity for none."""
        ...

    def g1_combine(self, points: Sequence[G1Point], scalars: Sequence[int]) -> G1Point:
        """Σ scalar · point."""
        ...

    def g2_combine(self, points: Sequence[G2Point], scalars: Sequence[int]) -> G2Point:
        """Σ scalar · point."""
        ...

    def g2_in_subgroup(self, point: G2Point) -> bool:
        """Is r · point the identity? The point is on the curve."""
        ...

    def pairing_is_one(self, pairs: Sequence[tuple[G1Point, G2Point]]) -> bool:
        """Is the product of the pairings 1? One final exponentiation, as precompile 0x08."""
        ...
