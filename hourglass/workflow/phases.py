"""The phase types as rows of one table. What doesn't fit the table still lives in this file."""

from dataclasses import dataclass
from enum import IntEnum


class PhaseType(IntEnum):
    """Numbered as the contract numbers them."""

    IMMEDIATE = 0
    COORDINATION = 1
    CONTINUOUS = 2
    CONDITIONAL = 3
    AGGREGATION = 4


@dataclass(frozen=True, slots=True)
class PhasePlan:
    """How a phase of one type is worked: read by the machine, the agent, the aggregator and the docs."""

    observes: bool
    """Operators observe first, and a proposal decides the bytes; otherwise each handler computes them."""
    ticks: bool
    """It is worked again and again, and what is signed at the end is the series of certified ticks."""
    gated: bool
    """It has a trigger condition, and no work begins before that holds."""
    any_stake: bool
    """Its threshold may be 0: any positive stake."""
    work: str
    """What the operators do, for the docs."""
    signs: str
    """The value that is signed, for the docs."""

    @property
    def rounds(self) -> bool:
        """Do proposals decide the bytes, so that they come in rounds?"""
        return self.observes


PLANS: dict[PhaseType, PhasePlan] = {
    PhaseType.IMMEDIATE: PhasePlan(
        observes=False,
        ticks=False,
        gated=False,
        any_stake=False,
        work="run the handler once; it is deterministic, so honest operators sign the same bytes",
        signs="the handler's result",
    ),
    PhaseType.COORDINATION: PhasePlan(
        observes=True,
        ticks=False,
        gated=False,
        any_stake=False,
        work="each makes its own observation; they agree on one value, then sign it",
        signs="the observations, reduced",
    ),
    PhaseType.CONTINUOUS: PhasePlan(
        observes=True,
        ticks=True,
        gated=False,
        any_stake=True,
        work="observe and agree again at every tick; a tick without a quorum is recorded as missed",
        signs="each tick's observations, reduced; at the end the series of certified ticks",
    ),
    PhaseType.CONDITIONAL: PhasePlan(
        observes=False,
        ticks=False,
        gated=True,
        any_stake=True,
        work="wait until the trigger condition holds, then run the handler",
        signs="the handler's result, which says that the condition held",
    ),
    PhaseType.AGGREGATION: PhasePlan(
        observes=False,
        ticks=False,
        gated=False,
        any_stake=False,
        work="combine the results of the phases it depends on, by a reducer or a handler",
        signs="the combined value",
    ),
}
"""How each type is worked."""
