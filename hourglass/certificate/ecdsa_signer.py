"""Whatever signs typed data with a secp256k1 key: a secret in memory, or a server that keeps it."""

from typing import Protocol

from eth_hash.auto import keccak

from hourglass.workflow.identifiers import Address, Digest


class HashedDigest(bytes):
    """A digest that remembers what it is the hash of. Otherwise as any 32 bytes.

    Signing servers hash for themselves: they are given `preimage`, and can see what they sign.
    """

    preimage: bytes

    def __new__(cls, preimage: bytes) -> "HashedDigest":
        """keccak256 of these bytes."""
        digest = super().__new__(cls, keccak(preimage))
        digest.preimage = preimage
        return digest

    def __getnewargs__(self) -> tuple[bytes]:
        return (self.preimage,)


class EcdsaSigner(Protocol):
    """One secp256k1 key, wherever it is kept.

    `sign` may block for the time limit of a request: call it in a thread. What it returns recovers to `address`.
    """

    @property
    def address(self) -> Address:
        """Whom its signatures recover to; known without asking anybody."""
        ...

    def sign(self, digest: Digest) -> bytes:
        """65 bytes r ‖ s ‖ v, low s, v 27 or 28, of a digest as `digests.py` makes them.

        Raises SignerError(SIGNER_UNREACHABLE | SIGNER_REFUSED | SIGNER_FALSE).
        """
        ...
