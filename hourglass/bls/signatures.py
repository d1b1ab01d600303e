"""Sign, sum, verify. One aggregate needs one pairing check, however many signed."""

from collections.abc import Sequence
from functools import cache

from hourglass.bls.curve import G2_GENERATOR, Backend, G1Point, G2Point
from hourglass.bls.hashing import hash_to_g1
from hourglass.bls.keys import SecretKey


@cache
def default_backend() -> Backend:
    """mcl where its wheel exists and passes its self-test, else py_ecc; `name` says which."""
    try:
        from hourglass.bls.mcl import MclBackend

        return MclBackend()
    except ImportError:
        from hourglass.bls.reference import ReferenceBackend

        return ReferenceBackend()


def sign(secret: SecretKey, digest: bytes, backend: Backend) -> G1Point:
    """scalar · H(digest). The same digest always gives the same signature."""
    return backend.g1_combine([hash_to_g1(digest)], [secret.scalar])


def verify(public_key: G2Point, digest: bytes, signature: G1Point, backend: Backend) -> bool:
    """e(signature, g2) = e(H(digest), public key). Points are checked; the identity signs nothing."""
    if signature.is_identity or public_key.is_identity:
        return False
    return equation_holds(public_key, digest, signature, backend)


def equation_holds(public_key: G2Point, digest: bytes, signature: G1Point, backend: Backend) -> bool:
    """The bare equation, true for identity and identity too. For sums inside a search, never for an answer."""
    return backend.pairing_is_one([(signature, G2_GENERATOR), (-hash_to_g1(digest), public_key)])


def verify_sum(
    public_keys: Sequence[G2Point], digest: bytes, signatures: Sequence[G1Point], backend: Backend
) -> bool:
    """Do these signatures of one digest, summed, verify against these keys, summed?

    True says nothing about single ones: two bad signatures may cancel, and the sum is valid all the same.
    """
    return verify(backend.g2_sum(public_keys), digest, backend.g1_sum(signatures), backend)
