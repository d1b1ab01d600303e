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
    work: str
    """What the operators do, for the docs."""
    signs: str
    """The value that is signed, for the docs."""


PLANS: dict[PhaseType, PhasePlan] = {
    PhaseType.IMMEDIATE: PhasePlan(
        observes=False,
        work="run the handler once; it is deterministic, so honest operators sign the same bytes",
        signs="the handler's result",
    ),
    PhaseType.COORDINATION: PhasePlan(
        observes=True,
        work="each makes its own observation; they agree on one value, then sign it",
        signs="the observations, reduced",
    ),
}
"""The types that this release works. The contract refuses to register the others."""
