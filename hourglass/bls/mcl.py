"""The native backend: mcl, from the wheel `mclbn256`.

WARNING: the wheel initialises its library for another curve (CurveFp254BNb), which verifies its own signatures
and nobody else's. It is re-initialised here for alt_bn128 and refuses to load unless a known product of pairings
holds. The library is used through ctypes because the wheel's own classes convert through decimal strings, at
forty times the cost; ctypes also releases the interpreter lock while it computes.
"""

import ctypes
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from mclbn256 import mclbn256

from hourglass.bls.curve import (
    COORDINATE_BYTES,
    G1_GENERATOR,
    G1_IDENTITY,
    G2_GENERATOR,
    G2_IDENTITY,
    G1Point,
    G2Point,
)

ALT_BN128 = 4
COMPILED_TIME_VARIABLE = 44
FP_BYTES = 32
G1_STRUCT = 3 * FP_BYTES
G2_STRUCT = 6 * FP_BYTES
GT_STRUCT = 12 * FP_BYTES
MAX_STRUCTS = 8_192
"""Points kept in mcl's form: some operator sets of the largest size, about 3 MB."""

Buffer = ctypes.Array[ctypes.c_char]


def _load() -> Any:
    """The library, for our curve. Raises ImportError if it cannot be had."""
    library = mclbn256.loaded_libraries["libmclbn256"]
    if library.mclBn_init(ALT_BN128, COMPILED_TIME_VARIABLE) != 0:
        raise ImportError("mclbn256's library does not initialise for alt_bn128")
    return library


LIBRARY = _load()
"""Initialised once, under the import lock: doing it again would change constants under another thread's feet."""


class MclBackend:
    """Points are structs (X, Y, Z) in Montgomery form; an affine point has Z = 1, the identity Z = 0."""

    name = "mcl"

    def __init__(self) -> None:
        """Test it. Raises ImportError if the library is not what it should be."""
        self._library = LIBRARY
        one = ctypes.create_string_buffer(FP_BYTES)
        self._library.mclBnFp_setInt(one, 1)
        self._one = one.raw
        # The same keys, and while blaming the same signatures, are converted again and again.
        self._struct_g1 = lru_cache(MAX_STRUCTS)(self._make_g1)
        self._struct_g2 = lru_cache(MAX_STRUCTS)(self._make_g2)
        self._self_test()

    def _self_test(self) -> None:
        doubled = self.g1_sum([G1_GENERATOR, G1_GENERATOR])
        holds = self.pairing_is_one([(doubled, G2_GENERATOR), (-G1_GENERATOR, G2_GENERATOR)])
        if holds or not self.pairing_is_one(
            [(doubled, G2_GENERATOR), (-G1_GENERATOR, self.g2_combine([G2_GENERATOR], [2]))]
        ):
            raise ImportError("mclbn256's library fails its self-test for alt_bn128")

    def g1_sum(self, points: Sequence[G1Point]) -> G1Point:
        """About 4 µs a point."""
        total = ctypes.create_string_buffer(G1_STRUCT)
        packed = self._pack_g1(points)
        add, address = self._library.mclBnG1_add, ctypes.addressof(packed)
        for offset in range(0, len(points) * G1_STRUCT, G1_STRUCT):
            add(total, total, ctypes.c_void_p(address + offset))
        return self._unpack_g1(total)

    def g2_sum(self, points: Sequence[G2Point]) -> G2Point:
        """About 6 µs a point."""
        total = ctypes.create_string_buffer(G2_STRUCT)
        packed = self._pack_g2(points)
        add, address = self._library.mclBnG2_add, ctypes.addressof(packed)
        for offset in range(0, len(points) * G2_STRUCT, G2_STRUCT):
            add(total, total, ctypes.c_void_p(address + offset))
        return self._unpack_g2(total)

    def g1_combine(self, points: Sequence[G1Point], scalars: Sequence[int]) -> G1Point:
        """One multi-scalar multiplication."""
        total = ctypes.create_string_buffer(G1_STRUCT)
        if points:
            self._library.mclBnG1_mulVec(
                total, self._pack_g1(points), self._pack_scalars(scalars), ctypes.c_size_t(len(points))
            )
        return self._unpack_g1(total)

    def g2_combine(self, points: Sequence[G2Point], scalars: Sequence[int]) -> G2Point:
        """One multi-scalar multiplication."""
        total = ctypes.create_string_buffer(G2_STRUCT)
        if points:
            self._library.mclBnG2_mulVec(
                total, self._pack_g2(points), self._pack_scalars(scalars), ctypes.c_size_t(len(points))
            )
        return self._unpack_g2(total)

    def g2_in_subgroup(self, point: G2Point) -> bool:
        """0.15 ms."""
        return bool(self._library.mclBnG2_isValidOrder(self._pack_g2([point])))

    def pairing_is_one(self, pairs: Sequence[tuple[G1Point, G2Point]]) -> bool:
        """0.4 ms for two pairs."""
        value = ctypes.create_string_buffer(GT_STRUCT)
        # mcl's Miller loop does not expect the identity; its pairing with anything is 1.
        factors = [(a, b) for a, b in pairs if not (a.is_identity or b.is_identity)]
        if not factors:
            return True
        self._library.mclBn_millerLoopVec(
            value,
            self._pack_g1([a for a, _ in factors]),
            self._pack_g2([b for _, b in factors]),
            ctypes.c_size_t(len(factors)),
        )
        self._library.mclBn_finalExp(value, value)
        return bool(self._library.mclBnGT_isOne(value))

    # ── Structs ───────────────────────────────────────────────────────────────────────────────────────

    def _pack_g1(self, points: Sequence[G1Point]) -> Buffer:
        structs = b"".join(map(self._struct_g1, points))
        return ctypes.create_string_buffer(structs, max(len(structs), 1))

    def _pack_g2(self, points: Sequence[G2Point]) -> Buffer:
        structs = b"".join(map(self._struct_g2, points))
        return ctypes.create_string_buffer(structs, max(len(structs), 1))

    def _make_g1(self, point: G1Point) -> bytes:
        if point.is_identity:
            return bytes(G1_STRUCT)
        return self._montgomery(point.x, point.y) + self._one

    def _make_g2(self, point: G2Point) -> bytes:
        if point.is_identity:
            return bytes(G2_STRUCT)
        words = self._montgomery(point.x_real, point.x_imaginary, point.y_real, point.y_imaginary)
        return words + self._one + bytes(FP_BYTES)

    def _pack_scalars(self, scalars: Sequence[int]) -> Buffer:
        packed = ctypes.create_string_buffer(max(1, len(scalars)) * FP_BYTES)
        address = ctypes.addressof(packed)
        for place, scalar in enumerate(scalars):
            self._library.mclBnFr_setLittleEndianMod(
                ctypes.c_void_p(address + place * FP_BYTES),
                scalar.to_bytes(COORDINATE_BYTES, "little"),
                ctypes.c_size_t(COORDINATE_BYTES),
            )
        return packed

    def _montgomery(self, *words: int) -> bytes:
        out = ctypes.create_string_buffer(len(words) * FP_BYTES)
        address = ctypes.addressof(out)
        for place, word in enumerate(words):
            self._library.mclBnFp_setLittleEndian(
                ctypes.c_void_p(address + place * FP_BYTES),
                word.to_bytes(COORDINATE_BYTES, "little"),
                ctypes.c_size_t(COORDINATE_BYTES),
            )
        return out.raw

    def _load(self, struct: Buffer, place: int) -> int:
        out = ctypes.create_string_buffer(FP_BYTES)
        source = ctypes.c_void_p(ctypes.addressof(struct) + place * FP_BYTES)
        self._library.mclBnFp_getLittleEndian(out, ctypes.c_size_t(FP_BYTES), source)
        return int.from_bytes(out.raw, "little")

    def _unpack_g1(self, struct: Buffer) -> G1Point:
        if self._library.mclBnG1_isZero(struct):
            return G1_IDENTITY
        self._library.mclBnG1_normalize(struct, struct)
        return G1Point(self._load(struct, 0), self._load(struct, 1))

    def _unpack_g2(self, struct: Buffer) -> G2Point:
        if self._library.mclBnG2_isZero(struct):
            return G2_IDENTITY
        self._library.mclBnG2_normalize(struct, struct)
        real, imaginary = self._load(struct, 0), self._load(struct, 1)
        return G2Point(imaginary, real, self._load(struct, 3), self._load(struct, 2))
