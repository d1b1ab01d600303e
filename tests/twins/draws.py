"""What stories are made of, as Hypothesis draws and shrinks it: mostly sensible, some at the edge, some nonsense."""

from dataclasses import replace
from typing import Any

from eth_hash.auto import keccak
from hypothesis import strategies as st
from impossible import IMPOSSIBLE
from twins.actions import (
    LONG_S,
    NEXT_RUN,
    SEEN,
    SHORT_S,
    SIGNERS,
    Action,
    Cancel,
    Data,
    Execute,
    Flaw,
    Pause,
    Pull,
    Register,
    Republish,
    Rest,
    Submit,
    TimeOut,
    Upgrade,
    When,
    Who,
)

from hourglass.testing.worlds import FOREIGN, FOREIGN_AVS, HOME, NO_SET, OTHER, WEIGHTS, phase
from hourglass.workflow.definition import (
    MAX_PAYLOAD_BYTES,
    MAX_RESULT_BYTES,
    MAX_STORED_RESULT_BYTES,
    FailurePolicy,
    PhaseDefinition,
    TriggerMode,
    WorkflowDefinition,
)
from hourglass.workflow.identifiers import Address, BasisPoints, PhaseIndex
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.triggers import (
    Condition,
    all_of,
    always,
    any_of,
    approved_by,
    at_block,
    data_hash,
    encode,
    not_,
    price_above,
    result_above,
)

LONG_RESULTS = (MAX_STORED_RESULT_BYTES, MAX_RESULT_BYTES)
MAX_PHASES_DRAWN = 6
CONDITIONS: tuple[Condition, ...] = (
    always(),
    price_above(100),
    not_(price_above(100)),
    data_hash(keccak(b"")),
    at_block(60),
    approved_by(*SIGNERS, required=2),
    approved_by(*SIGNERS, required=1),
    SEEN,
    all_of(price_above(100), always()),
    any_of(price_above(100), not_(always())),
)
POLICIES = st.sampled_from(
    [FailurePolicy.FAIL_EXECUTION, FailurePolicy.CONTINUE, FailurePolicy.CONTINUE, FailurePolicy.FALLBACK]
)
numbers = st.integers(0, 15)
people = st.sampled_from([*[Who.ADMIN] * 6, Who.STRANGER])
moments = st.sampled_from([*[When.SOON] * 8, When.LATER, When.AT_DEADLINE, When.AFTER_DEADLINE])
values = st.sampled_from([*[0] * 24, 1])


@st.composite
def options(draw: st.DrawFn, kind: PhaseType) -> dict[str, Any]:
    found: dict[str, Any] = {
        "max_attempts": draw(st.sampled_from([0, 1, 2, 3])),
        "on_failure": draw(POLICIES),
    }
    if kind is PhaseType.CONDITIONAL:
        found["trigger_mode"] = draw(
            st.sampled_from([TriggerMode.SOURCE, TriggerMode.SOURCE, TriggerMode.OPERATORS])
        )
        found["skip_if_unmet"] = draw(st.sampled_from([True, False, False]))
    return found


@st.composite
def phases(draw: st.DrawFn, name: str, after: tuple[int, ...]) -> PhaseDefinition:
    kind = draw(st.sampled_from([*PhaseType, PhaseType.CONDITIONAL, PhaseType.CONDITIONAL]))
    more = draw(options(kind))
    where = draw(st.sampled_from([HOME, HOME, OTHER, FOREIGN]))
    if where is FOREIGN:
        more["avs"] = FOREIGN_AVS
    if kind is PhaseType.CONDITIONAL:
        conditions = [*CONDITIONS, *(result_above(index, 5) for index in after)]
        more["condition"] = encode(draw(st.sampled_from(conditions)))
    least = (0,) if kind in (PhaseType.CONTINUOUS, PhaseType.CONDITIONAL) else ()
    return phase(
        name,
        *after,
        kind=kind,
        operator_set=where.number,
        threshold=draw(st.sampled_from([1, 3_333, 6_666, 6_667, 10_000, *least])),
        stake=draw(st.sampled_from([0, 0, 1, sum(WEIGHTS)] if where is HOME else [0, 1])),
        timeout_s=draw(st.sampled_from([SHORT_S, LONG_S])),
        **more,
    )


@st.composite
def definitions(draw: st.DrawFn) -> WorkflowDefinition:
    """Any graph of phases with fallbacks; possible, as long as the operator sets have their stake."""
    count = draw(st.integers(1, 4))
    order = draw(st.permutations(range(count)))
    made: list[PhaseDefinition] = []
    for at in range(count):
        before = order[: order.index(at)]
        after = draw(st.lists(st.sampled_from(before), unique=True)) if before else []
        made.append(draw(phases(f"phase {at}", tuple(after))))
    for at in range(MAX_PHASES_DRAWN):
        if at >= len(made) or made[at].options.on_failure is not FailurePolicy.FALLBACK:
            continue
        plain = made[at].options
        if len(made) == MAX_PHASES_DRAWN:
            made[at] = replace(made[at], options=replace(plain, on_failure=FailurePolicy.CONTINUE))
            continue
        same = tuple(draw(st.permutations(made[at].dependencies)))
        made[at] = replace(made[at], options=replace(plain, fallback_phase=PhaseIndex(len(made))))
        made.append(draw(phases(f"phase {len(made)}", same)))
    timeout_s = draw(st.sampled_from([0, 0, 0, LONG_S - 20, LONG_S - 20, 10 * LONG_S]))
    return WorkflowDefinition(draw(st.sampled_from(["a", "b"])), tuple(made), timeout_s)


CHANGES: tuple[dict[str, Any], ...] = (
    {"timeout_s": 0},
    {"timeout_s": 2**32 - 1},
    {"consensus_threshold": BasisPoints(0)},
    {"consensus_threshold": BasisPoints(10_001)},
    {"name": ""},
    {"name": "phase 0"},
    {"metadata": bytes(1_025)},
    {"metadata": b""},
    {"trigger_condition": b""},
    {"trigger_condition": b"\x01"},
    {"dependencies": (PhaseIndex(0),)},
    {"dependencies": (PhaseIndex(1), PhaseIndex(1))},
    {"dependencies": (PhaseIndex(9),)},
    {"operator_set_id": NO_SET},
    {"required_stake": 2**255},
    {"phase_type": PhaseType.CONDITIONAL},
    {"phase_type": PhaseType.CONTINUOUS},
)
OPTION_CHANGES: tuple[dict[str, Any], ...] = (
    {"max_attempts": 17},
    {"skip_if_unmet": True},
    {"trigger_mode": TriggerMode.SOURCE},
    {"on_failure": FailurePolicy.FALLBACK},
    {"on_failure": FailurePolicy.FALLBACK, "fallback_phase": PhaseIndex(1)},
    {"fallback_phase": PhaseIndex(0)},
    {"fallback_phase": PhaseIndex(7)},
    {"avs": Address(b"\x09" * 20)},
)


@st.composite
def spoiled(draw: st.DrawFn) -> WorkflowDefinition:
    """Changed in up to three places, so that it breaks rules, several perhaps, or none."""
    definition = draw(definitions())
    made = list(definition.phases)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(made) - 1))
        if draw(st.booleans()):
            made[at] = replace(made[at], **draw(st.sampled_from(CHANGES)))
        else:
            made[at] = replace(
                made[at], options=replace(made[at].options, **draw(st.sampled_from(OPTION_CHANGES)))
            )
    timeout_s = draw(st.sampled_from([definition.execution_timeout_s] * 6 + [2**32 - 1]))
    return replace(definition, phases=tuple(made), execution_timeout_s=timeout_s)


any_definition = st.one_of(
    definitions(),
    definitions(),
    spoiled(),
    st.sampled_from([one for broken in IMPOSSIBLE.values() for one in broken]),
)
results = st.sampled_from(
    [0, 1, *[32] * 3, 33, 100, *(limit + more for limit in LONG_RESULTS for more in (0, 1))]
)
registrations = st.builds(Register, any_definition, st.booleans(), people, values)
executions = st.builds(
    Execute,
    numbers,
    st.sampled_from([*[5] * 9, 0, MAX_PAYLOAD_BYTES, MAX_PAYLOAD_BYTES + 1]),
    people,
    values,
)
submissions = st.builds(
    Submit,
    numbers,
    st.sampled_from([None, None, None, (0,), (3, 4), (0, 3, 4), (1, 2, 3, 4)]),
    st.sampled_from([*[0] * 7, 1]),
    results,
    st.sampled_from([*[Flaw.NONE] * 12, *Flaw]),
    moments,
)
pulls = st.builds(
    Pull,
    numbers,
    st.sampled_from([*[Data.FITTING] * 6, *Data]),
    people,
    moments,
)
timeouts = st.builds(
    TimeOut,
    numbers,
    st.sampled_from([*[When.AFTER_DEADLINE] * 8, When.SOON, When.AT_DEADLINE, When.AT_THE_END]),
)
tables = st.sampled_from([HOME, HOME, OTHER, FOREIGN]).flatmap(
    lambda which: st.builds(
        Republish,
        st.just(which),
        st.lists(
            st.sampled_from([(0, 5), (3, 0), (3, 7)] if which is FOREIGN else [(1,), (30,), (31,), (0,)]),
            min_size={HOME: 5, OTHER: 1, FOREIGN: 2}[which],
            max_size={HOME: 5, OTHER: 1, FOREIGN: 2}[which],
        )
        .filter(lambda rows: any(any(row) for row in rows))
        .map(tuple),
        st.sampled_from([0, 0, *range(SHORT_S - 1, SHORT_S + 3), LONG_S, LONG_S + 1, 2 * LONG_S]),
        st.sampled_from([NEXT_RUN, NEXT_RUN, None]) | st.builds(Register, definitions(), st.just(True)),
    )
)
KINDS: list[st.SearchStrategy[Any]] = [
    st.just(Rest()),
    *[submissions] * 8,
    *[timeouts] * 5,
    *[pulls] * 5,
    *[executions] * 4,
    *[registrations] * 2,
    *[tables] * 3,
    st.builds(Cancel, numbers, people),
    st.builds(Pause, st.sampled_from([True, True, False]), people, st.integers(1, 3)),
    st.just(Upgrade()),
]
actions: st.SearchStrategy[Action] = st.sampled_from(KINDS).flatmap(lambda kind: kind)
"""Mostly sensible, some at the edge, some nonsense."""
