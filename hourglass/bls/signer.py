"""Whatever signs with an operator's BLS key: a secret in memory, or a server that keeps it."""

from dataclasses import dataclass, field
from typing import Protocol

from hourglass.bls.curve import Backend, G1Point
from hourglass.bls.keys import PublicKey, SecretKey
from hourglass.bls.signatures import sign


class BlsSigner(Protocol):
    """One operator's BLS key, wherever it is kept.

    `sign` may block for the time limit of a request: call it in a thread. What it returns has been verified against
    `public_key`, unless the secret is this process's own.
    """

    @property
    def public_key(self) -> PublicKey:
        """In both groups; known without asking anybody."""
        ...

    def sign(self, digest: bytes) -> G1Point:
        """scalar · H(digest), of 32 bytes. Raises SignerError(SIGNER_UNREACHABLE | SIGNER_REFUSED | SIGNER_FALSE)."""
        ...


@dataclass(frozen=True, slots=True)
class LocalBlsSigner:
    """Signs with a secret that this process holds."""

    secret: SecretKey = field(repr=False)
    backend: Backend
    public_key: PublicKey = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "public_key", self.secret.public_key(self.backend))

    def sign(self, digest: bytes) -> G1Point:
        """At once, and never refused."""
        return sign(self.secret, digest, self.backend)
