"""How authors may write a threshold, a time and a handler's type, and what each means."""

import re
import typing
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from hourglass.errors import DefinitionError
from hourglass.workflow.identifiers import BasisPoints

PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")
BASIS_POINTS_PER_PERCENT = 100
ANY_STAKE = "none"


def basis_points(threshold: str | int, where: str) -> BasisPoints:
    """Basis points from "66.67%", 6667 or "none". Raises DefinitionError for anything that is not exact."""
    if isinstance(threshold, bool) or not isinstance(threshold, int | str):
        raise DefinitionError(f'{where}: write its threshold as "66.67%" or in basis points, 6667.')
    if isinstance(threshold, int):
        return BasisPoints(threshold)
    if threshold == ANY_STAKE:
        return BasisPoints(0)
    matched = PERCENT.fullmatch(threshold)
    try:
        points = Decimal(matched[1]) * BASIS_POINTS_PER_PERCENT if matched else Decimal("NaN")
    except InvalidOperation:
        points = Decimal("NaN")
    if points.is_nan() or points != points.to_integral_value():
        raise DefinitionError(f"{where}: {threshold!r} is no percentage with at most two decimals.")
    return BasisPoints(int(points))


def seconds(time: int | timedelta, where: str, what: str) -> int:
    """Whole seconds. Raises DefinitionError."""
    if isinstance(time, timedelta):
        if time % timedelta(seconds=1):
            raise DefinitionError(f"{where}: its {what} is not a whole number of seconds.")
        return time // timedelta(seconds=1)
    if isinstance(time, bool) or not isinstance(time, int):
        raise DefinitionError(f"{where}: write its {what} in whole seconds.")
    return time


def returned(handler: Callable[..., Any], where: str) -> object:
    """What a handler declares to return. Raises DefinitionError for an annotation that cannot be resolved."""
    try:
        return typing.get_type_hints(handler).get("return")
    except NameError as error:
        raise DefinitionError(f"the handler of {where}: {error} in its annotations.") from error
