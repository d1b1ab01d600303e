"""How an AVS developer writes a workflow: a name, and one decorated handler per phase."""

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar

from hourglass.errors import DefinitionError
from hourglass.workflow.context import Context
from hourglass.workflow.definition import PhaseDefinition, WorkflowDefinition, validate
from hourglass.workflow.identifiers import WORD_BYTES, BasisPoints, PhaseIndex
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.reducers import Reducer
from hourglass.workflow.values import ValueType, value_type_of

T = TypeVar("T")
Handler = Callable[[Context], Awaitable[T]]
PERCENT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*%\s*")
BASIS_POINTS_PER_PERCENT = 100


@dataclass(frozen=True, slots=True, eq=False)
class Phase(Generic[T]):
    """One phase as its author wrote it: a definition, a handler, and the type of its result."""

    name: str
    index: PhaseIndex
    phase_type: PhaseType
    handler: Handler[T]
    value_type: ValueType[T]
    reducer: Reducer[T] | None
    operator_set: int
    threshold: BasisPoints
    timeout_s: int
    after: tuple["Phase[Any] | str", ...]
    metadata: bytes
    required_stake: int


@dataclass(slots=True)
class Workflow:
    """A workflow under construction. Phases are numbered in the order in which they are written.

    Every decorator takes:

    - `operator_set`: the number of the operator set, within the AVS, that works this phase;
    - `threshold`: the stake that must sign, as "66.67%" or in basis points (6667);
    - `timeout`: seconds, or a timedelta, from the phase's start to its deadline on the chain's clock;
    - `after`: the phases that must complete first, as the decorated handlers or their names;
    - `required_stake`: the least stake weight that the operator set must hold when the phase starts;
    - `name`: otherwise the handler's own.

    Raises DefinitionError, at the decorator where it can be known there, else in `compile`.
    """

    name: str
    phases: list[Phase[Any]] = field(default_factory=list)

    def immediate(
        self,
        *,
        operator_set: int,
        threshold: str | int,
        timeout: int | timedelta,
        after: Sequence[Phase[Any] | str] = (),
        required_stake: int = 0,
        metadata: bytes = b"",
        name: str | None = None,
    ) -> Callable[[Handler[T]], Phase[T]]:
        """A phase whose handler is deterministic: honest operators compute, and sign, the same bytes."""

        def decorate(handler: Handler[T]) -> Phase[T]:
            return self._add(
                PhaseType.IMMEDIATE, handler, None, metadata, name, operator_set, threshold, timeout, after,
                required_stake,
            )  # fmt: skip

        return decorate

    def coordination(
        self,
        *,
        operator_set: int,
        threshold: str | int,
        timeout: int | timedelta,
        reduce: Reducer[T],
        after: Sequence[Phase[Any] | str] = (),
        required_stake: int = 0,
        name: str | None = None,
    ) -> Callable[[Handler[T]], Phase[T]]:
        """A phase whose handler observes: operators agree on `reduce` of a quorum's observations."""
        if not isinstance(reduce, Reducer):
            raise DefinitionError("`reduce` is no Reducer: decorate your function with @reducer(name).")
        metadata = _abi_string(reduce.name)

        def decorate(handler: Handler[T]) -> Phase[T]:
            return self._add(
                PhaseType.COORDINATION, handler, reduce, metadata, name, operator_set, threshold, timeout,
                after, required_stake,
            )  # fmt: skip

        return decorate

    def compile(self) -> WorkflowDefinition:
        """The definition as the contract takes it. Raises DefinitionError if it can never run."""
        index_of = {phase.name: phase.index for phase in self.phases}
        definition = WorkflowDefinition(
            self.name,
            tuple(
                PhaseDefinition(
                    name=phase.name,
                    phase_type=phase.phase_type,
                    timeout_s=phase.timeout_s,
                    dependencies=tuple(self._dependency(phase, other, index_of) for other in phase.after),
                    trigger_condition=b"",
                    operator_set_id=phase.operator_set,
                    metadata=phase.metadata,
                    required_stake=phase.required_stake,
                    consensus_threshold=phase.threshold,
                )
                for phase in self.phases
            ),
        )
        validate(definition)
        return definition

    def _add(
        self,
        phase_type: PhaseType,
        handler: Handler[T],
        reducer: Reducer[T] | None,
        metadata: bytes,
        name: str | None,
        operator_set: int,
        threshold: str | int,
        timeout: int | timedelta,
        after: Sequence[Phase[Any] | str],
        required_stake: int,
    ) -> Phase[T]:
        phase_name = name if name is not None else getattr(handler, "__name__", "")
        where = f"phase {phase_name!r}"
        if not inspect.iscoroutinefunction(handler):
            raise DefinitionError(f"{where}: write its handler as `async def`.")
        phase = Phase(
            name=phase_name,
            index=PhaseIndex(len(self.phases)),
            phase_type=phase_type,
            handler=handler,
            value_type=value_type_of(_returned(handler, where), f"the handler of {where}"),
            reducer=reducer,
            operator_set=operator_set,
            threshold=basis_points(threshold, where),
            timeout_s=_seconds(timeout, where),
            after=tuple(after),
            metadata=metadata,
            required_stake=required_stake,
        )
        if any(phase_name == other.name for other in self.phases):
            raise DefinitionError(f"{where}: there is already a phase of that name.")
        self.phases.append(phase)
        return phase

    def _dependency(
        self, phase: Phase[Any], other: Phase[Any] | str, index_of: dict[str, PhaseIndex]
    ) -> PhaseIndex:
        if isinstance(other, str):
            if other not in index_of:
                raise DefinitionError(
                    f"phase {phase.name!r}: `after` names {other!r}, which is no phase of it."
                )
            return index_of[other]
        if not isinstance(other, Phase):
            raise DefinitionError(
                f"phase {phase.name!r}: `after` holds {other!r}; give phases or their names."
            )
        if not any(other is own for own in self.phases):
            raise DefinitionError(f"phase {phase.name!r}: `after` names {other.name!r} of another workflow.")
        return other.index


def _returned(handler: Handler[Any], where: str) -> object:
    try:
        return typing.get_type_hints(handler).get("return")
    except NameError as error:
        raise DefinitionError(f"the handler of {where}: {error} in its annotations.") from error


def basis_points(threshold: str | int, where: str) -> BasisPoints:
    """Basis points from "66.67%" or 6667. Raises DefinitionError for anything that is not exact."""
    if isinstance(threshold, bool) or not isinstance(threshold, int | str):
        raise DefinitionError(f'{where}: write its threshold as "66.67%" or in basis points, 6667.')
    if isinstance(threshold, int):
        return BasisPoints(threshold)
    matched = PERCENT.fullmatch(threshold)
    try:
        points = Decimal(matched[1]) * BASIS_POINTS_PER_PERCENT if matched else Decimal("NaN")
    except InvalidOperation:
        points = Decimal("NaN")
    if points.is_nan() or points != points.to_integral_value():
        raise DefinitionError(f"{where}: {threshold!r} is no percentage with at most two decimals.")
    return BasisPoints(int(points))


def _seconds(timeout: int | timedelta, where: str) -> int:
    if isinstance(timeout, timedelta):
        if timeout % timedelta(seconds=1):
            raise DefinitionError(f"{where}: its timeout is not a whole number of seconds.")
        return timeout // timedelta(seconds=1)
    if isinstance(timeout, bool) or not isinstance(timeout, int):
        raise DefinitionError(f"{where}: write its timeout in whole seconds.")
    return timeout


def _abi_string(text: str) -> bytes:
    """`abi.encode(string)`, by hand: an ABI library would take longer to import than all the rest."""
    raw = text.encode("utf-8")
    padding = -len(raw) % WORD_BYTES
    return (
        WORD_BYTES.to_bytes(WORD_BYTES, "big") + len(raw).to_bytes(WORD_BYTES, "big") + raw + bytes(padding)
    )
