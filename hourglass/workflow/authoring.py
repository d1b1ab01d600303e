"""How an AVS developer writes a workflow: a name, and one decorated handler per phase."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Generic, TypedDict, TypeVar, Unpack, cast, overload

from hourglass.errors import DefinitionError
from hourglass.workflow import abi
from hourglass.workflow.compiling import compile_workflow
from hourglass.workflow.context import Context
from hourglass.workflow.definition import TriggerMode, WorkflowDefinition
from hourglass.workflow.identifiers import Address, BasisPoints, PhaseIndex, StakeWeight
from hourglass.workflow.notation import basis_points, returned, seconds
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.reducers import Reducer, Weighed, stake_weighted_median
from hourglass.workflow.series import Series, encode_continuous, series_of
from hourglass.workflow.tasks import TaskHandler
from hourglass.workflow.triggers import Condition, encode
from hourglass.workflow.values import ValueType, value_type_of

T = TypeVar("T")
Handler = Callable[[Context], Awaitable[T]]
Watch = Callable[[Context], Awaitable[int | bytes | list[bytes]]]


@dataclass(frozen=True, slots=True, eq=False)
class Phase(Generic[T]):
    """One phase as its author wrote it: a definition, a handler, and the type of its result."""

    name: str
    index: PhaseIndex
    phase_type: PhaseType
    handler: Handler[Any]
    value_type: ValueType[Any]
    """Of what the handler returns and a reducer takes and gives."""
    result_type: ValueType[T]
    """Of what stands on-chain: of a CONTINUOUS phase the series of such values, else the same."""
    settings: "_Settings"
    reducer: Reducer[Any] | None = None
    watch: Watch | None = None
    metadata: bytes = b""
    trigger_condition: bytes = b""
    trigger_mode: TriggerMode = TriggerMode.OPERATORS
    skip_if_unmet: bool = False


class Shared(TypedDict, total=False):
    """What every phase takes besides what its type needs. See `Workflow`."""

    avs: Address | str | None
    required_stake: int
    attempts: int
    on_failure: str | Phase[Any]


class Common(Shared, total=False):
    """What every decorator takes besides what its type needs. See `Workflow`."""

    after: Sequence[Phase[Any] | str]
    name: str | None


@dataclass(frozen=True, slots=True)
class _Settings:
    """What all phases have, checked as far as a phase alone can be."""

    operator_set: int
    threshold: BasisPoints
    timeout_s: int
    after: tuple[Phase[Any] | str, ...] = ()
    avs: Address | None = None
    required_stake: int = 0
    attempts: int = 1
    on_failure: str | Phase[Any] = "fail"


@dataclass(slots=True)
class Workflow:
    """A workflow under construction. Phases are numbered in the order in which they are written.

    Every decorator takes:

    - `operator_set`: the number of the operator set, within the AVS, that works this phase;
    - `threshold`: the stake that must sign, as "66.67%" or in basis points (6667); CONTINUOUS and CONDITIONAL phases
      also take "none": any positive stake;
    - `timeout`: seconds, or a timedelta, from the phase's start to its deadline on the chain's clock;
    - `after`: the phases that must end first, as the decorated handlers or their names;
    - `avs`: another AVS's address, if its operator set works the phase;
    - `required_stake`: the least stake weight that the operator set must hold when the phase starts;
    - `attempts`: how often the phase may start, each time with its whole timeout;
    - `on_failure`: what follows then: "fail" the execution, "continue" without the phase's result, or the phase
      (itself or its name) that stands in for it;
    - `name`: otherwise the handler's own.

    `timeout`: an overall limit for every execution, none unless given.

    Raises DefinitionError, at the decorator where it can be known there, else in `compile`.
    """

    name: str
    timeout: int | timedelta = 0
    phases: list[Phase[Any]] = field(default_factory=list)
    task_handler: TaskHandler | None = None
    """Answers plain TaskMailbox tasks. No part of the definition: the mailbox knows nothing of workflows."""

    def task(self, handler: TaskHandler) -> TaskHandler:
        """The handler of the AVS's plain tasks, beside the phases: bytes in, the same bytes out on every operator.

        Raises DefinitionError for a second one, and for one that is not `async def`.
        """
        if self.task_handler is not None:
            raise DefinitionError(f"workflow {self.name!r}: it has a handler of plain tasks already.")
        if not inspect.iscoroutinefunction(handler):
            raise DefinitionError(f"workflow {self.name!r}: write its handler of tasks as `async def`.")
        self.task_handler = handler
        return handler

    def immediate(
        self,
        *,
        operator_set: int,
        threshold: str | int,
        timeout: int | timedelta,
        metadata: bytes = b"",
        **common: Unpack[Common],
    ) -> Callable[[Handler[T]], Phase[T]]:
        """A phase whose handler is deterministic: honest operators compute, and sign, the same bytes."""

        def decorate(handler: Handler[T]) -> Phase[T]:
            made = _phase(PhaseType.IMMEDIATE, handler, operator_set, threshold, timeout, common)
            return self._add(replace(made, metadata=metadata))

        return decorate

    def coordination(
        self,
        *,
        operator_set: int,
        threshold: str | int,
        timeout: int | timedelta,
        reduce: Reducer[T],
        **common: Unpack[Common],
    ) -> Callable[[Handler[T]], Phase[T]]:
        """A phase whose handler observes: operators agree on `reduce` of a quorum's observations."""
        _check_reducer(reduce)

        def decorate(handler: Handler[T]) -> Phase[T]:
            made = _phase(PhaseType.COORDINATION, handler, operator_set, threshold, timeout, common)
            return self._add(replace(made, reducer=reduce, metadata=abi.encode(["string"], [reduce.name])))

        return decorate

    @overload
    def continuous(
        self,
        *,
        operator_set: int,
        threshold: str | int,
        timeout: int | timedelta,
        interval: int | timedelta,
        updates: int = 0,
        **common: Unpack[Common],
    ) -> Callable[[Handler[int]], Phase[Series[int]]]: ...

    @overload
    def continuous(
        self,
        *,
        operator_set: int,
        threshold: str | int,
        timeout: int | timedelta,
        interval: int | timedelta,
        updates: int = 0,
        reduce: Reducer[T],
        **common: Unpack[Common],
    ) -> Callable[[Handler[T]], Phase[Series[T]]]: ...

    def continuous(
        self,
        *,
        operator_set: int,
        threshold: str | int,
        timeout: int | timedelta,
        interval: int | timedelta,
        updates: int = 0,
        reduce: Reducer[Any] = stake_weighted_median,
        **common: Unpack[Common],
    ) -> Callable[[Handler[Any]], Phase[Series[Any]]]:
        """A phase whose handler observes at every tick: `updates` of them, the first at once, one each `interval`.

        Operators agree at each tick as in a COORDINATION phase; the result is the series. `updates=0`: until the
        timeout. A handler that raises `EarlyStop(value)` wishes to end the series with this tick. Without `reduce`
        it is the stake-weighted median.
        """
        _check_reducer(reduce)

        def decorate(handler: Handler[Any]) -> Phase[Series[Any]]:
            made = _phase(PhaseType.CONTINUOUS, handler, operator_set, threshold, timeout, common)
            interval_s = seconds(interval, f"phase {made.name!r}", "interval")
            try:
                metadata = encode_continuous(interval_s, updates, reduce.name)
            except ValueError as error:
                raise DefinitionError(
                    f"phase {made.name!r}: its interval or updates are out of range: {error}.",
                    "ContinuousMetadataMalformed",
                ) from error
            return self._add(
                replace(
                    cast("Phase[Series[Any]]", made),
                    reducer=reduce,
                    result_type=series_of(made.value_type),
                    metadata=metadata,
                )
            )

        return decorate

    def conditional(
        self,
        *,
        operator_set: int,
        threshold: str | int,
        timeout: int | timedelta,
        when: Condition,
        triggered_by: str = "operators",
        watch: Watch | None = None,
        skip_if_unmet: bool = False,
        metadata: bytes = b"",
        **common: Unpack[Common],
    ) -> Callable[[Handler[T]], Phase[T]]:
        """A phase whose deterministic handler runs once the condition `when` holds.

        `triggered_by="operators"`: each operator watches the condition and signs only if it holds. What they compare
        with it comes from `watch`, an async function of the Context that gives the value (or a MULTI_SIG's
        approvals), else from the result of the first phase in `after`. `triggered_by="source"`: an authorised source
        calls `trigger` on the contract, which checks its data. With `skip_if_unmet` a condition that has not held by
        the deadline lets the workflow go on without the phase.
        """
        modes = {"operators": TriggerMode.OPERATORS, "source": TriggerMode.SOURCE}

        def decorate(handler: Handler[T]) -> Phase[T]:
            made = _phase(PhaseType.CONDITIONAL, handler, operator_set, threshold, timeout, common)
            if triggered_by not in modes:
                raise DefinitionError(f'phase {made.name!r}: `triggered_by` is "operators" or "source".')
            if watch is not None and not inspect.iscoroutinefunction(watch):
                raise DefinitionError(f"phase {made.name!r}: write its watch as `async def`.")
            return self._add(
                replace(
                    made,
                    metadata=metadata,
                    watch=watch,
                    trigger_condition=encode(when),
                    trigger_mode=modes[triggered_by],
                    skip_if_unmet=skip_if_unmet,
                )
            )

        return decorate

    def aggregation(
        self,
        *,
        operator_set: int,
        threshold: str | int,
        timeout: int | timedelta,
        metadata: bytes = b"",
        **common: Unpack[Common],
    ) -> Callable[[Handler[T]], Phase[T]]:
        """A phase whose handler combines the results of the phases in `after`, deterministically."""

        def decorate(handler: Handler[T]) -> Phase[T]:
            made = _phase(PhaseType.AGGREGATION, handler, operator_set, threshold, timeout, common)
            _check_combines(made)
            return self._add(replace(made, metadata=metadata))

        return decorate

    def combine(
        self,
        name: str,
        *,
        of: Sequence[Phase[T]],
        reduce: Reducer[T],
        operator_set: int,
        threshold: str | int,
        timeout: int | timedelta,
        **shared: Unpack[Shared],
    ) -> Phase[T]:
        """An AGGREGATION phase without a handler: `reduce` of the results of the phases `of`, each of weight 1.

        Those that ended without a result are left out; if none has one, the handler fails.
        """
        _check_reducer(reduce)
        phases = tuple(of)

        async def combined(ctx: Context) -> T:
            found = [ctx.result(one) for one in phases if ctx.has_result(one)]
            return reduce.reduce([Weighed(value, StakeWeight(1)) for value in found])

        if not phases or any(not isinstance(one, Phase) for one in phases):
            raise DefinitionError(f"phase {name!r}: `of` needs the phases whose results it combines.")
        if any(one.result_type != phases[0].result_type for one in phases):
            raise DefinitionError(
                f"phase {name!r}: the phases that it combines have results of different types."
            )
        combined.__annotations__["return"] = phases[0].result_type.python_type
        made: Phase[T] = _phase(
            PhaseType.AGGREGATION,
            combined,
            operator_set,
            threshold,
            timeout,
            Common(name=name, after=phases, **shared),
            phases[0].result_type,
        )
        return self._add(replace(made, metadata=abi.encode(["string"], [reduce.name])))

    def compile(self) -> WorkflowDefinition:
        """The definition as the contract takes it. Raises DefinitionError if it can never run."""
        return compile_workflow(self.name, seconds(self.timeout, "the workflow", "timeout"), self.phases)

    def _add(self, phase: Phase[T]) -> Phase[T]:
        if any(phase.name == other.name for other in self.phases):
            raise DefinitionError(f"phase {phase.name!r}: there is already a phase of that name.")
        numbered = replace(phase, index=PhaseIndex(len(self.phases)))
        self.phases.append(numbered)
        return numbered


def _phase(
    phase_type: PhaseType,
    handler: Handler[T],
    operator_set: int,
    threshold: str | int,
    timeout: int | timedelta,
    common: Common,
    value_type: ValueType[T] | None = None,
) -> Phase[T]:
    given = common.get("name")
    name = given if given is not None else getattr(handler, "__name__", "")
    where = f"phase {name!r}"
    if not inspect.iscoroutinefunction(handler):
        raise DefinitionError(f"{where}: write its handler as `async def`.")
    kind = value_type or value_type_of(returned(handler, where), f"the handler of {where}")
    avs = common.get("avs")
    try:
        address = Address.parse(avs) if isinstance(avs, str) else avs
    except ValueError as error:
        raise DefinitionError(f"{where}: its AVS is no address: {error}.") from error
    settings = _Settings(
        operator_set=operator_set,
        threshold=basis_points(threshold, where),
        timeout_s=seconds(timeout, where, "timeout"),
        after=tuple(common.get("after", ())),
        avs=address,
        required_stake=common.get("required_stake", 0),
        attempts=common.get("attempts", 1),
        on_failure=common.get("on_failure", "fail"),
    )
    return Phase(name, PhaseIndex(0), phase_type, handler, kind, kind, settings)


def _check_reducer(rule: object) -> None:
    if not isinstance(rule, Reducer):
        raise DefinitionError("`reduce` is no Reducer: decorate your function with @reducer(name).")


def _check_combines(phase: Phase[Any]) -> None:
    if not phase.settings.after:
        raise DefinitionError(f"phase {phase.name!r}: an AGGREGATION combines the phases in `after`.")
