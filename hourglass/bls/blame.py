"""Who spoiled the sum? Names every invalid signature among many over one digest.

Plain bisection finds ordinary bad signatures with a few pairings each: a set whose sum verifies is set aside, a
set whose sum does not is halved. It can be fooled by colluders whose errors cancel (σ+X and σ−X), so what is
left is checked once more with random coefficients, under which errors cancel with probability 2⁻¹²⁸; only if that
fails, which takes collusion, is the slower weighted bisection run.

Colluders may also hold keys that sum to zero (k and r − k). A batch of only them has the identity as its key, and as
its valid signature: so batches are judged by the bare equation, under which a batch's error is exactly the sum of
its members' errors. Otherwise a valid signature would be named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hourglass.bls.curve import Backend, G1Point, G2Point
from hourglass.bls.signatures import equation_holds, verify

COEFFICIENT_BYTES = 16

Entry = tuple[G2Point, G1Point]
"""A public key and its signature."""


@dataclass(frozen=True, slots=True)
class _Batch:
    backend: Backend
    digest: bytes
    entries: Sequence[Entry]
    coefficients: Sequence[int] | None

    def holds(self, indices: Sequence[int]) -> bool:
        keys = [self.entries[index][0] for index in indices]
        signatures = [self.entries[index][1] for index in indices]
        if len(indices) == 1:
            return verify(keys[0], self.digest, signatures[0], self.backend)
        if self.coefficients is None:
            key, signature = self.backend.g2_sum(keys), self.backend.g1_sum(signatures)
        else:
            scalars = [self.coefficients[index] for index in indices]
            key = self.backend.g2_combine(keys, scalars)
            signature = self.backend.g1_combine(signatures, scalars)
        return equation_holds(key, self.digest, signature, self.backend)

    def invalid(self, indices: Sequence[int]) -> list[int]:
        if not indices or self.holds(indices):
            return []
        return self._invalid_among_failing(indices)

    def _invalid_among_failing(self, indices: Sequence[int]) -> list[int]:
        if len(indices) == 1:
            return list(indices)
        middle = len(indices) // 2
        left, right = indices[:middle], indices[middle:]
        found = self.invalid(left)
        # If the left half holds, the fault must be in the right one: its check can be spared.
        return found + (self.invalid(right) if found else self._invalid_among_failing(right))


def find_invalid(
    backend: Backend, digest: bytes, entries: Sequence[Entry], entropy: Callable[[int], bytes]
) -> tuple[int, ...]:
    """Indices of all entries whose signature is invalid. `entropy(n)` gives n unpredictable bytes."""
    everything = range(len(entries))
    plain = _Batch(backend, digest, entries, None)
    bad = set(plain.invalid(everything))
    rest = [index for index in everything if index not in bad]
    coefficients = [1 + int.from_bytes(entropy(COEFFICIENT_BYTES), "big") for _ in everything]
    bad.update(_Batch(backend, digest, entries, coefficients).invalid(rest))
    return tuple(sorted(bad))
