"""What an operator owes one phase attempt, pure: events in, effects out.

A `Duty` decides and never waits. Everything slow or unsafe is an effect: reading the chain, running the
handler, the signer's fsync. Its outcome comes back as an event. So a duty needs no clock, no socket and no key,
and the whole of an agent's protocol can be read, and simulated, from this file.

    PhaseRequest ─▶ Recall ─▶ anything signed before? answer with it, again
                       │ no
                       ▼
                    ViewChain ─▶ checks ─▶ RunHandler ─▶ Attest ─▶ Publish(Attestation)       IMMEDIATE
                                                     └─▶ Observe ─▶ Publish(Observation)      COORDINATION
    Proposal     ─▶ ViewChain ─▶ checks ─▶ Reduce     ─▶ Attest ─▶ Publish(Attestation)

Duties are level-triggered: a repeated request makes a duty do again whatever is missing, so a lost message, a
crashed handler or a restart costs time and nothing else. A duty may be dropped at any moment and made anew: the
journal remembers what was signed.
"""

from dataclasses import dataclass, field

from agent.checks import Evidence, Identity, Objection, check_address, check_proposal, check_request
from agent.events import (
    Attest,
    Attested,
    ChainNotViewed,
    ChainViewed,
    Effects,
    Event,
    HandlerGaveUp,
    HandlerReturned,
    Note,
    Observe,
    Observed,
    ProposalReceived,
    Publish,
    Recall,
    Recalled,
    Reduce,
    Reduced,
    ReducerGaveUp,
    RequestReceived,
    RunHandler,
    SigningRefused,
    ViewChain,
)
from hourglass.certificate.slots import ObservationSlot, Slot
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import InputsHash, OperatorSetId, Round
from hourglass.workflow.phases import PLANS
from messages.requests import PhaseRequest, Proposal
from messages.responses import Attestation, Observation, Refusal

MAX_DETAIL = 256
"""What fits into a refusal's detail."""
NOT_WORTH_SAYING = frozenset(
    {Reason.PHASE_NOT_OPEN, Reason.DEADLINE_PASSED, Reason.WRONG_CHAIN, Reason.WRONG_CONTRACT}
)
"""No aggregator waits for a refusal of these: the phase is over, or never was ours."""
MAX_ROUNDS_ANSWERED = 8
"""A repeated request is answered with the attestations of this many latest rounds: older ones are lost causes."""


@dataclass(slots=True)
class Duty:
    """One phase attempt, seen by one operator. `receive` never raises for anything that came from outside."""

    me: Identity
    slot: ObservationSlot
    operator_set: OperatorSetId
    """As the first message said it: good enough for refusals, and for nothing that is signed."""
    _recalled: bool = False
    _working: bool = False
    _request: PhaseRequest | None = None
    _observation: Observation | None = None
    _attestations: dict[Round, Attestation] = field(default_factory=dict)
    _taken: dict[Round, Proposal] = field(default_factory=dict)

    def receive(self, event: Event) -> Effects:
        """What to do about one more fact."""
        match event:
            case RequestReceived(request):
                return self._on_request(request)
            case Recalled(observation, attestations):
                return self._on_recalled(observation, attestations)
            case ProposalReceived(proposal):
                return self._on_proposal(proposal)
            case ChainViewed(about, evidence, elapsed_s):
                return self._on_viewed(about, evidence, elapsed_s)
            case ChainNotViewed(_, objection):
                return self._refuse(objection)
            case HandlerReturned(request, evidence, value):
                return self._on_value(request, evidence, value)
            case HandlerGaveUp(objection):
                self._working = False
                return self._refuse(objection)
            case Reduced(proposal, evidence, value):
                return (self._attest(proposal.slot, proposal.inputs_hash, evidence, value),)
            case ReducerGaveUp(proposal, objection):
                self._taken.pop(proposal.slot.round, None)
                return self._refuse(objection)
            case Observed(observation):
                self._working = False
                self._observation = observation
                return (Publish(observation),)
            case Attested(attestation):
                self._working = False
                self._attestations[attestation.slot.round] = attestation
                return (Publish(attestation),)
            case SigningRefused(objection):
                self._working = False
                return self._refuse(objection)

    # ── Requests ──────────────────────────────────────────────────────────────────────────────────────

    def _on_request(self, request: PhaseRequest) -> Effects:
        objection = check_address(request.slot, self.me)
        if objection is not None:
            return self._refuse(objection)
        if request.wanted and self.me.operator not in request.wanted:
            return ()
        self._request = request
        if not self._recalled:
            return (Recall(self.slot),)
        return self._answer(request)

    def _on_recalled(self, observation: Observation | None, attestations: tuple[Attestation, ...]) -> Effects:
        self._recalled = True
        self._observation = self._observation or observation
        for attestation in attestations:
            self._attestations.setdefault(attestation.slot.round, attestation)
        return self._answer(self._request) if self._request is not None else ()

    def _answer(self, request: PhaseRequest) -> Effects:
        """Say again what was said before; begin the work if nothing was."""
        if self._attestations or self._observation is not None:
            latest = sorted(self._attestations)[-MAX_ROUNDS_ANSWERED:]
            # Attestations first: an aggregator that restarted learns that a round is used up before it
            # has a quorum of observations to propose with in that same round.
            again = tuple(Publish(self._attestations[round]) for round in latest)
            return again if self._observation is None else (*again, Publish(self._observation))
        if self._working:
            return ()
        return (ViewChain(request),)

    def _on_viewed(self, about: PhaseRequest | Proposal, evidence: Evidence, elapsed_s: float) -> Effects:
        match about:
            case PhaseRequest():
                objection = check_request(about, evidence, self.me)
                if objection is not None:
                    return self._refuse(objection)
                if self._working or self._attestations or self._observation is not None:
                    return ()
                self._working = True
                return (RunHandler(about, evidence),)
            case Proposal():
                objection = check_proposal(about, evidence, self.me, elapsed_s)
                if objection is not None:
                    return self._refuse(objection)
                return self._take(about, evidence)

    def _on_value(self, request: PhaseRequest, evidence: Evidence, value: bytes) -> Effects:
        if PLANS[evidence.view.phase_type].observes:
            return (Observe(self.slot, evidence.view.operator_set, request.inputs_hash, value),)
        return (self._attest(self.slot.in_round(Round(0)), request.inputs_hash, evidence, value),)

    # ── Proposals ─────────────────────────────────────────────────────────────────────────────────────

    def _on_proposal(self, proposal: Proposal) -> Effects:
        objection = check_address(proposal.slot, self.me)
        if objection is not None:
            return self._refuse(objection)
        answered = self._attestations.get(proposal.slot.round)
        if answered is not None:
            taken = self._taken.get(proposal.slot.round)
            if taken is not None and taken.observations != proposal.observations:
                return (*self._refuse(self._second(proposal)), Publish(answered))
            return (Publish(answered),)
        return (ViewChain(proposal),)

    def _take(self, proposal: Proposal, evidence: Evidence) -> Effects:
        """Take the first valid proposal of each round; the journal would refuse a second one anyway."""
        taken = self._taken.setdefault(proposal.slot.round, proposal)
        while len(self._taken) > MAX_ROUNDS_ANSWERED:
            # The journal still refuses a second digest in a round that is forgotten here.
            del self._taken[min(self._taken)]
        if taken.observations != proposal.observations:
            return self._refuse(self._second(proposal))
        return (Reduce(proposal, evidence),)

    # ── Answers ───────────────────────────────────────────────────────────────────────────────────────

    def _second(self, proposal: Proposal) -> Objection:
        return Objection(Reason.SECOND_PROPOSAL, f"Round {proposal.slot.round}, by {proposal.aggregator}.")

    def _attest(self, slot: Slot, inputs: InputsHash, evidence: Evidence, result: bytes) -> Attest:
        # The chain's set, never a message's: whoever spoke first about this slot may have named another.
        view = evidence.view
        return Attest(slot, view.operator_set, inputs, view.reference_timestamp, result)

    def _refuse(self, objection: Objection) -> Effects:
        if objection.reason in NOT_WORTH_SAYING:
            return (Note(objection),)
        refusal = Refusal(
            self.slot,
            self.operator_set,
            self.me.operator,
            objection.reason.code,
            objection.detail[:MAX_DETAIL],
        )
        return (Note(objection), Publish(refusal))
