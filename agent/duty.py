"""What an operator owes one phase attempt, pure: events in, effects out.

A `Duty` decides and never waits. Everything slow or unsafe is an effect: reading the chain, running the
handler, the signer's fsync. Its outcome comes back as an event. So a duty needs no clock, no socket and no key,
and the whole of an agent's protocol can be read, and simulated, from this file.

    PhaseRequest ─▶ Recall ─▶ anything signed before? answer with it, again
                       │ no
                       ▼
                    ViewChain ─▶ checks ─▶ RunHandler ─▶ Attest ─▶ Publish(Attestation)       IMMEDIATE
                                                     └─▶ Observe ─▶ Publish(Observation)      COORDINATION
    PhaseRequest ─▶ … checks ─▶ WatchCondition ─▶ RunHandler ─▶ …                            CONDITIONAL
    Proposal     ─▶ ViewChain ─▶ checks ─▶ Reduce     ─▶ Attest ─▶ Publish(Attestation)

A CONTINUOUS phase has one duty per tick, which works like a COORDINATION phase's, and one for the series (tick 0):

    TickCertificate ─▶ ViewChain ─▶ checks ─▶ VerifyTicks ─▶ kept: no series may leave it out
    SeriesProposal  ─▶ ViewChain ─▶ checks ─▶ VerifyTicks ─▶ Attest ─▶ Publish(Attestation)

Duties are level-triggered: a repeated request makes a duty do again whatever is missing, so a lost message, a
crashed handler or a restart costs time and nothing else. A duty may be dropped at any moment and made anew: the
journal remembers what was signed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.checks import Evidence, Identity, Objection, check_address, check_proposal, check_request
from agent.events import (
    Attest,
    Attested,
    ChainNotViewed,
    ChainViewed,
    ConditionJudged,
    Effects,
    Event,
    HandlerGaveUp,
    HandlerReturned,
    Looked,
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
    SeriesProposed,
    SigningRefused,
    TickReceived,
    TicksVerified,
    VerifyTicks,
    ViewChain,
    WatchCondition,
)
from agent.series_checks import (
    check_nothing_left_out,
    check_series_proposal,
    check_tick_certificate,
    scope_of,
    series_bytes,
)
from hourglass.certificate.ecdsa_table import EcdsaOperatorTable
from hourglass.certificate.slots import ObservationSlot, Slot
from hourglass.certificate.ticks import CertifiedTick, TickScope
from hourglass.reasons import Reason
from hourglass.workflow.definition import TriggerMode
from hourglass.workflow.identifiers import InputsHash, OperatorSetId, Round, Tick
from hourglass.workflow.phases import PLANS
from messages.requests import PhaseRequest, Proposal, SeriesProposal, TickCertificate
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
    _taken: dict[Round, Proposal | SeriesProposal] = field(default_factory=dict)
    _ticks: dict[Tick, CertifiedTick] = field(default_factory=dict)
    """Of the series: the ticks that this agent has seen certified, at most as many as the phase has."""
    _scope: TickScope | None = None
    """What they were certified under. A reorg may start the very same attempt again under another."""

    @property
    def is_worth_keeping(self) -> bool:
        """Does it hold what no journal gives back, and nobody can make up who is no quorum?"""
        return bool(self._ticks)

    def receive(self, event: Event) -> Effects:
        """What to do about one more fact."""
        match event:
            case RequestReceived(request):
                return self._on_request(request)
            case Recalled(observation, attestations):
                return self._on_recalled(observation, attestations)
            case ProposalReceived(proposal):
                return self._on_proposal(proposal)
            case TickReceived(certificate):
                return self._on_tick(certificate)
            case SeriesProposed(proposal):
                return self._on_proposal(proposal)
            case ChainViewed(about, evidence, known_s):
                return self._on_viewed(about, evidence, known_s)
            case ConditionJudged(request, evidence, objection):
                return self._on_judged(request, evidence, objection)
            case TicksVerified(about, evidence, valid):
                return self._on_ticks_verified(about, evidence, valid)
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
        # It may have a mebibyte, and nobody has checked yet that there is such a phase.
        request, self._request = self._request, None
        return self._answer(request) if request is not None else ()

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

    def _on_viewed(self, about: Looked, evidence: Evidence, known_s: float) -> Effects:
        objection: Objection | None
        match about:
            case PhaseRequest():
                objection = check_request(about, evidence, self.me)
                return self._begin(about, evidence) if objection is None else self._refuse(objection)
            case Proposal():
                objection = check_proposal(about, evidence, self.me, known_s)
                if objection is None and self._take(about):
                    return (Reduce(about, evidence),)
                return self._refuse(objection or self._second(about))
            case TickCertificate():
                objection = check_tick_certificate(about, evidence)
                # Nobody waits for a refusal of what is sent for our own good.
                verify = VerifyTicks(about, evidence, (about.certified,))
                return (verify,) if objection is None else (Note(objection),)
            case SeriesProposal():
                seen = self._seen(evidence)
                objection = check_series_proposal(about, evidence, self.me, seen, known_s)
                if objection is not None:
                    return self._refuse(objection)
                unseen = tuple(one for one in about.certified if seen.get(one.tick) != one)
                if not unseen:
                    return self._on_ticks_verified(about, evidence, True)
                return (VerifyTicks(about, evidence, unseen),)

    def _begin(self, request: PhaseRequest, evidence: Evidence) -> Effects:
        """Start the work, unless it is under way or done."""
        plan = PLANS[evidence.view.phase_type]
        if self._working or self._attestations or self._observation is not None:
            return ()
        if plan.ticks and self.slot.tick == 0:
            # The series needs no handler: it is signed when it is proposed.
            return ()
        self._working = True
        if plan.gated and evidence.phase.options.trigger_mode is TriggerMode.OPERATORS:
            return (WatchCondition(request, evidence),)
        return (RunHandler(request, evidence),)

    def _on_judged(self, request: PhaseRequest, evidence: Evidence, objection: Objection | None) -> Effects:
        if objection is None:
            return (RunHandler(request, evidence),)
        self._working = False
        return self._refuse(objection)

    def _on_value(self, request: PhaseRequest, evidence: Evidence, value: bytes) -> Effects:
        if PLANS[evidence.view.phase_type].observes:
            return (Observe(self.slot, evidence.view.operator_set, request.inputs_hash, value),)
        return (self._attest(self.slot.in_round(Round(0)), request.inputs_hash, evidence, value),)

    # ── Proposals ─────────────────────────────────────────────────────────────────────────────────────

    def _on_proposal(self, proposal: Proposal | SeriesProposal) -> Effects:
        objection = check_address(proposal.slot, self.me)
        if objection is not None:
            return self._refuse(objection)
        answered = self._attestations.get(proposal.slot.round)
        if answered is not None:
            taken = self._taken.get(proposal.slot.round)
            if taken is not None and _proposed(taken) != _proposed(proposal):
                return (*self._refuse(self._second(proposal)), Publish(answered))
            return (Publish(answered),)
        return (ViewChain(proposal),)

    def _take(self, proposal: Proposal | SeriesProposal) -> bool:
        """Take the first valid proposal of each round; the journal would refuse a second one anyway."""
        taken = self._taken.setdefault(proposal.slot.round, proposal)
        while len(self._taken) > MAX_ROUNDS_ANSWERED:
            # The journal still refuses a second digest in a round that is forgotten here.
            del self._taken[min(self._taken)]
        return _proposed(taken) == _proposed(proposal)

    # ── Ticks ─────────────────────────────────────────────────────────────────────────────────────────

    def _on_tick(self, certificate: TickCertificate) -> Effects:
        objection = check_address(certificate.slot, self.me)
        if objection is not None:
            return (Note(objection),)
        one = certificate.certified
        return () if self._ticks.get(one.tick) == one else (ViewChain(certificate),)

    def _seen(self, evidence: Evidence) -> Mapping[Tick, CertifiedTick]:
        return self._ticks if self._scope == scope_of(self.slot, evidence) else {}

    def _keep(self, one: CertifiedTick, evidence: Evidence) -> None:
        scope = scope_of(self.slot, evidence)
        if self._scope != scope:
            self._scope, self._ticks = scope, {}
        self._ticks.setdefault(one.tick, one)

    def _on_ticks_verified(
        self, about: TickCertificate | SeriesProposal, evidence: Evidence, valid: bool
    ) -> Effects:
        if not valid:
            objection = Objection(Reason.TICK_NOT_CERTIFIED, "Its summed signature does not verify.")
            return (Note(objection),) if isinstance(about, TickCertificate) else self._refuse(objection)
        match about:
            case TickCertificate(certified=one):
                self._keep(one, evidence)
                return ()
            case SeriesProposal():
                # Another tick may have been seen certified while these were verified.
                left_out = check_nothing_left_out(about, self._seen(evidence))
                if left_out is not None:
                    return self._refuse(left_out)
                if not self._take(about):
                    return self._refuse(self._second(about))
                return (self._attest(about.slot, about.inputs_hash, evidence, series_bytes(about)),)

    # ── Answers ───────────────────────────────────────────────────────────────────────────────────────

    def _second(self, proposal: Proposal | SeriesProposal) -> Objection:
        return Objection(Reason.SECOND_PROPOSAL, f"Round {proposal.slot.round}, by {proposal.aggregator}.")

    def _attest(self, slot: Slot, inputs: InputsHash, evidence: Evidence, result: bytes) -> Attest:
        # The chain's set, never a message's: whoever spoke first about this slot may have named another.
        view = evidence.view
        table = evidence.table
        domain = table.domain_separator if isinstance(table, EcdsaOperatorTable) else None
        return Attest(slot, view.operator_set, inputs, view.reference_timestamp, result, domain)

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


def _proposed(proposal: Proposal | SeriesProposal) -> tuple[object, ...]:
    """What two proposals of one round must have in common to be the same."""
    match proposal:
        case Proposal():
            return proposal.observations
        case SeriesProposal():
            return (proposal.ticks, *proposal.certified)
