"""When a phase attempt reached each of its steps: what `bench phase` and the status page report."""

from dataclasses import dataclass, field
from enum import Enum

from aggregator.events import (
    AttestationReceived,
    Certified,
    Certify,
    Effect,
    Event,
    ObservationReceived,
    Opened,
    Publish,
    SignProposal,
    Submit,
)


class Step(Enum):
    """In the order in which they happen; a phase without observations skips two."""

    OPENED = "opened"
    ASKED = "asked"
    FIRST_OBSERVATION = "first observation"
    PROPOSED = "proposed"
    FIRST_ATTESTATION = "first attestation"
    LAST_ATTESTATION = "last attestation"
    """So far: others may still come, after the quorum too."""
    QUORUM = "quorum"
    CERTIFIED = "certified"
    SUBMITTED = "submitted"
    MINED = "mined"


@dataclass(slots=True)
class Journey:
    """Loop time of each step: of the first moment of all but LAST_ATTESTATION."""

    at: dict[Step, float] = field(default_factory=dict)

    def mark(self, step: Step, now: float) -> None:
        """Remember it, unless it was reached before."""
        self.at.setdefault(step, now)

    def heard(self, event: Event, now: float) -> None:
        """The steps that begin with a fact."""
        match event:
            case Opened():
                self.mark(Step.OPENED, now)
            case ObservationReceived():
                self.mark(Step.FIRST_OBSERVATION, now)
            case AttestationReceived():
                self.mark(Step.FIRST_ATTESTATION, now)
                self.at[Step.LAST_ATTESTATION] = now
            case Certified():
                self.mark(Step.CERTIFIED, now)
            case _:
                pass

    def wished(self, effect: Effect, now: float) -> None:
        """The steps that begin with a wish."""
        match effect:
            case Publish():
                self.mark(Step.ASKED, now)
            case SignProposal():
                self.mark(Step.PROPOSED, now)
            case Certify():
                self.mark(Step.QUORUM, now)
            case Submit():
                self.mark(Step.SUBMITTED, now)
            case _:
                pass

    def seconds(self) -> dict[str, float]:
        """Seconds from the opening to each step that was reached."""
        opened = self.at.get(Step.OPENED, 0.0)
        return {step.value: self.at[step] - opened for step in Step if step in self.at}
