"""Operators' BLS keys: a secret scalar, and its public key in both groups."""

from dataclasses import dataclass

from hourglass.bls.curve import G1_GENERATOR, G2_GENERATOR, SUBGROUP_ORDER, Backend, G1Point, G2Point
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

ENTROPY_BYTES = 48
"""Sixteen more than the order has, so that reducing them leaves no measurable bias."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key in both groups. The contract proves that they match when it is registered."""

    g1: G1Point
    g2: G2Point

    @property
    def key_data(self) -> bytes:
        """192 bytes, as KeyRegistrar takes it: abi.encode(g1.X, g1.Y, g2.X[0], g2.X[1], g2.Y[0], g2.Y[1])."""
        return self.g1.to_bytes() + self.g2.to_bytes()


class SecretKey:
    """A scalar from 1 to r − 1. It never shows in repr, str, equality messages or pickles."""

    __slots__ = ("_scalar",)

    def __init__(self, scalar: int) -> None:
        """Raises ConfigError(KEY_UNUSABLE) for a scalar out of range."""
        if not 0 < scalar < SUBGROUP_ORDER:
            raise ConfigError(Reason.KEY_UNUSABLE, "A BLS secret is a scalar from 1 to r - 1.")
        self._scalar = scalar

    @classmethod
    def from_entropy(cls, entropy: bytes) -> "SecretKey":
        """From 48 bytes of entropy, which are the caller's to find."""
        if len(entropy) != ENTROPY_BYTES:
            raise ConfigError(Reason.KEY_UNUSABLE, f"A key is made of {ENTROPY_BYTES} bytes of entropy.")
        return cls(int.from_bytes(entropy, "big") % (SUBGROUP_ORDER - 1) + 1)

    @property
    def scalar(self) -> int:
        """The secret itself, for signing and for keystores."""
        return self._scalar

    def public_key(self, backend: Backend) -> PublicKey:
        """In both groups."""
        return PublicKey(
            backend.g1_combine([G1_GENERATOR], [self._scalar]),
            backend.g2_combine([G2_GENERATOR], [self._scalar]),
        )

    def __repr__(self) -> str:
        return "SecretKey(…)"

    def __reduce__(self) -> str:
        raise TypeError("a secret key does not travel")
