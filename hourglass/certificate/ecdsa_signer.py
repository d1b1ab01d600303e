"""Whatever signs digests with a secp256k1 key: a secret in memory, or a server that keeps it."""

from typing import Protocol

from hourglass.workflow.identifiers import Address, Digest


class EcdsaSigner(Protocol):
    """One secp256k1 key, wherever it is kept.

    `sign` may block for the time limit of a request: call it in a thread. What it returns recovers to `address`.
    """

    @property
    def address(self) -> Address:
        """Whom its signatures recover to; known without asking anybody."""
        ...

    def sign(self, digest: Digest) -> bytes:
        """65 bytes r ‖ s ‖ v of the 32-byte digest itself, low s, v 27 or 28.

        Raises SignerError(SIGNER_UNREACHABLE | SIGNER_REFUSED | SIGNER_FALSE).
        """
        ...
