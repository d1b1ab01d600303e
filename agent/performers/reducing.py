"""Reduces what gRPC performers observed, by the rule that the definition on-chain names.

A performer of another language has no reducers, and its observations come without a type. So the agent runs those of
this project's rules whose meaning does not depend on the type, or whose name says it: whoever holds the same definition
gets the same value, with whichever performer.
"""

from collections.abc import Sequence
from typing import Any

from hourglass.errors import HandlerError
from hourglass.reasons import Reason
from hourglass.workflow import abi
from hourglass.workflow.arithmetic import mean, stake_weighted_mean, total, trimmed_mean
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.identifiers import StakeWeight
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.reducers import (
    Reducer,
    Weighed,
    identical,
    majority,
    median,
    stake_weighted_median,
)
from hourglass.workflow.series import TickValue, decode_continuous
from hourglass.workflow.values import BYTES, INT, TEXT, ValueType
from hourglass.workflow.votes import weighted_vote

_OF_INTEGERS: tuple[Reducer[Any], ...] = (
    stake_weighted_median,
    median,
    stake_weighted_mean,
    mean,
    trimmed_mean,
    total,
)
_OF_ANY_BYTES: tuple[Reducer[Any], ...] = (identical, majority)
RULES: dict[str, tuple[Reducer[Any], ValueType[Any]]] = {
    **{rule.name: (rule, INT) for rule in _OF_INTEGERS},
    # One value has one encoding, so that comparing bytes compares values.
    **{rule.name: (rule, BYTES) for rule in _OF_ANY_BYTES},
    weighted_vote.name: (weighted_vote, TEXT),
}
"""By the name in the phase's metadata, with the type of the values that it takes and gives."""


def reduce_as_defined(phase: PhaseDefinition, observations: Sequence[tuple[bytes, StakeWeight]]) -> bytes:
    """The agreed value, encoded. An observation that is none of the rule's type is left out.

    Raises HandlerError(REDUCER_UNKNOWN | REDUCER_FAILED).
    """
    name = _reducer_of(phase)
    if name not in RULES:
        raise HandlerError(Reason.REDUCER_UNKNOWN, f"Phase {phase.name!r} names {name!r}."[:200])
    rule, value_type = RULES[name]
    seen = []
    for raw, weight in observations:
        try:
            value = TickValue.decode(raw).value if phase.phase_type is PhaseType.CONTINUOUS else raw
            seen.append(Weighed(value_type.decode(value), weight))
        except ValueError:
            continue
    try:
        return value_type.encode(rule.reduce(seen))
    except ValueError as error:
        raise HandlerError(Reason.REDUCER_FAILED, f"{name}: {error}"[:200]) from error


def _reducer_of(phase: PhaseDefinition) -> str:
    try:
        if phase.phase_type is PhaseType.CONTINUOUS:
            return decode_continuous(phase.metadata).reducer
        (name,) = abi.decode(["string"], phase.metadata)
    except ValueError as error:
        raise HandlerError(
            Reason.REDUCER_UNKNOWN, f"The metadata of phase {phase.name!r} names none."[:200]
        ) from error
    return str(name)
