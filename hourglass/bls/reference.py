"""The reference backend: py_ecc, plain Python. Right, slow (0.6 s a verification), and everywhere."""

import sys
from collections.abc import Sequence
from typing import Any

from hourglass.bls.curve import G1_IDENTITY, G2_IDENTITY, SUBGROUP_ORDER, G1Point, G2Point


def _load() -> Any:
    """py_ecc raises the whole process' recursion limit to 100,000 when imported, and does not need it.

    Left so, deeply nested JSON from outside ends the interpreter (stack overflow) instead of raising RecursionError.
    """
    limit = sys.getrecursionlimit()
    from py_ecc import optimized_bn128

    sys.setrecursionlimit(limit)
    return optimized_bn128


bn128 = _load()
"""Untyped, since py_ecc exports more than it declares to."""


class ReferenceBackend:
    """py_ecc's optimized_bn128: projective points, coefficients real part first."""

    name = "py_ecc"

    def g1_sum(self, points: Sequence[G1Point]) -> G1Point:
        """One addition each."""
        total = bn128.Z1
        for point in points:
            total = bn128.add(total, _g1(point))
        return _from_g1(total)

    def g2_sum(self, points: Sequence[G2Point]) -> G2Point:
        """One addition each."""
        total = bn128.Z2
        for point in points:
            total = bn128.add(total, _g2(point))
        return _from_g2(total)

    def g1_combine(self, points: Sequence[G1Point], scalars: Sequence[int]) -> G1Point:
        """One multiplication each."""
        total = bn128.Z1
        for point, scalar in zip(points, scalars, strict=True):
            total = bn128.add(total, bn128.multiply(_g1(point), scalar))
        return _from_g1(total)

    def g2_combine(self, points: Sequence[G2Point], scalars: Sequence[int]) -> G2Point:
        """One multiplication each."""
        total = bn128.Z2
        for point, scalar in zip(points, scalars, strict=True):
            total = bn128.add(total, bn128.multiply(_g2(point), scalar))
        return _from_g2(total)

    def g2_in_subgroup(self, point: G2Point) -> bool:
        """r · point, computed."""
        return bool(bn128.is_inf(bn128.multiply(_g2(point), SUBGROUP_ORDER)))

    def pairing_is_one(self, pairs: Sequence[tuple[G1Point, G2Point]]) -> bool:
        """One Miller loop each, one final exponentiation."""
        product = bn128.FQ12.one()
        for a, b in pairs:
            product *= bn128.pairing(_g2(b), _g1(a), final_exponentiate=False)
        return bool(bn128.final_exponentiate(product) == bn128.FQ12.one())


def _g1(point: G1Point) -> Any:
    if point.is_identity:
        return bn128.Z1
    return (bn128.FQ(point.x), bn128.FQ(point.y), bn128.FQ.one())


def _g2(point: G2Point) -> Any:
    if point.is_identity:
        return bn128.Z2
    return (
        bn128.FQ2([point.x_real, point.x_imaginary]),
        bn128.FQ2([point.y_real, point.y_imaginary]),
        bn128.FQ2.one(),
    )


def _from_g1(point: Any) -> G1Point:
    if bn128.is_inf(point):
        return G1_IDENTITY
    x, y = bn128.normalize(point)
    return G1Point(int(x), int(y))


def _from_g2(point: Any) -> G2Point:
    if bn128.is_inf(point):
        return G2_IDENTITY
    x, y = bn128.normalize(point)
    (x_real, x_imaginary), (y_real, y_imaginary) = x.coeffs, y.coeffs
    return G2Point(int(x_imaginary), int(x_real), int(y_imaginary), int(y_real))
