"""What follows when a phase's attempt ends without a result: the contract's rules, for whoever has to predict them.

The contract decides (`checkPhaseTimeout`); the in-memory chain and the tests follow these functions.
"""

from enum import Enum

from hourglass.workflow.definition import PhaseDefinition, TriggerMode
from hourglass.workflow.execution import PhaseState, PhaseStatus
from hourglass.workflow.identifiers import ChainTime
from hourglass.workflow.phases import PhaseType


class AfterDeadline(Enum):
    """What an attempt whose deadline has passed becomes."""

    END_EXECUTION = "the execution's own deadline has passed, so nothing can follow"
    SKIP = "the condition has not held, and the definition says to go on without the phase"
    RETRY = "another attempt starts"
    FAIL = "the phase has failed for good: its failure policy decides"


def after_deadline(
    definition: PhaseDefinition, phase: PhaseState, now: ChainTime, execution_deadline: ChainTime | None
) -> AfterDeadline:
    """The first that applies, in this order. `phase` is open and its deadline has passed at `now`."""
    if execution_deadline is not None and now > execution_deadline:
        return AfterDeadline.END_EXECUTION
    if definition.options.skip_if_unmet and _may_be_unmet(definition, phase):
        return AfterDeadline.SKIP
    attempt = phase.started.attempt if phase.started is not None else 0
    return AfterDeadline.RETRY if attempt < definition.options.attempts else AfterDeadline.FAIL


def _may_be_unmet(definition: PhaseDefinition, phase: PhaseState) -> bool:
    """A source's trigger is on-chain; whether operators saw the condition hold, the contract cannot know."""
    if definition.phase_type is not PhaseType.CONDITIONAL:
        return False
    return (
        phase.status is PhaseStatus.CONDITIONAL_WAITING
        or definition.options.trigger_mode is TriggerMode.OPERATORS
    )
