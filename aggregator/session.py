"""One phase attempt as an aggregator sees it, pure: events in, effects out.

A `PhaseSession` decides and never waits: publishing, pairings and transactions are effects, their outcomes are
events. It holds nothing that it cannot rebuild: made anew from the chain, its first act is to ask every agent
again, and the journals answer.

    Opened ─▶ Publish(PhaseRequest) ─▶ Attestation… ─▶ stake suffices ─▶ Certify ─▶ Certified ─▶ Submit ─▶ over
                    │                                     ▲                └─▶ BadSigners: dropped, named
                    └─▶ Observation… ─▶ stake suffices ─▶ Publish(Proposal of this round, if it is our turn)

It is level-triggered: `Woken` asks "what is missing now?" of the state, so a lost message costs time and
nothing else. Time is an argument: `now` is loop time, for pacing; deadlines follow the chain's clock alone.
"""

from dataclasses import dataclass, field

from aggregator.events import (
    AttestationReceived,
    BadSigners,
    Certified,
    Certify,
    ClockMoved,
    CloseOnChain,
    Effects,
    Event,
    Note,
    ObservationReceived,
    Opened,
    ProposalSigned,
    Publish,
    RefusalReceived,
    SignProposal,
    SubmissionFailed,
    Submit,
    WakeAfter,
    Woken,
)
from aggregator.opening import Opening, Pace
from hourglass.bls.curve import G1Point
from hourglass.certificate.certificates import Certificate
from hourglass.certificate.digests import certificate_digest, phase_message_hash
from hourglass.certificate.ecdsa import is_authentic
from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.quorum import quorum_reached
from hourglass.certificate.slots import ObservationSlot, Slot
from hourglass.certificate.tally import Put, Tally
from hourglass.errors import PointError
from hourglass.reasons import Reason, reason_by_code
from hourglass.workflow.definition import MAX_RESULT_BYTES
from hourglass.workflow.identifiers import (
    Address,
    ChainTime,
    Digest,
    InputsHash,
    MessageHash,
    OperatorSetId,
    Round,
    StakeWeight,
)
from hourglass.workflow.phases import PLANS
from hourglass.workflow.turns import proposer, round_at, submission_order
from messages.requests import PhaseRequest, Proposal
from messages.responses import Attestation, Observation, Refusal

ROUND_LOOK_AHEAD = 1
"""Agents answer proposals of the next round at the most; so an attestation of a later one is nobody's."""
USED_ROUND_SHARE = 3
"""More than one part in so many of the stake has signed in a round: somebody proposed in it. Fewer may lie."""


@dataclass(slots=True)
class Candidate:
    """A digest that operators have signed: what it is about."""

    slot: Slot
    message_hash: MessageHash
    result: bytes


@dataclass(frozen=True, slots=True)
class Decision:
    """The digest that has its quorum. It never changes again, whatever arrives."""

    slot: Slot
    digest: Digest
    result: bytes
    certificate: Certificate
    signers: tuple[Address, ...]


@dataclass(slots=True)
class PhaseSession:
    """One phase attempt, seen by one aggregator. `receive` never raises for anything that came from outside."""

    opening: Opening
    pace: Pace = field(default_factory=Pace)
    tally: Tally = field(init=False)
    decision: Decision | None = None
    observations: dict[Address, SignedObservation] = field(default_factory=dict)
    objections: dict[Address, Reason] = field(default_factory=dict)
    """The latest reason per operator for which its answer is missing or does not count."""
    _candidates: dict[Digest, Candidate] = field(default_factory=dict)
    _proposals: dict[Round, Proposal] = field(default_factory=dict)
    _rounds_proposed: set[Round] = field(default_factory=set)
    _gather_until: float | None = None
    _certifying: Digest | None = None
    _stuck: tuple[Digest, int] | None = None
    _chain_time: ChainTime = ChainTime(0)
    _opened_at: float = 0.0
    _solicit_at: float = 0.0
    _submit_at: float | None = None
    _close_at: float | None = None
    _wake_at: float | None = None

    def __post_init__(self) -> None:
        self.tally = Tally(self.opening.table, self.opening.phase.consensus_threshold)

    def receive(self, event: Event, now: float) -> Effects:
        """What to do about one more fact, at loop time `now`."""
        match event:
            case Opened():
                self._opened_at = self._solicit_at = now
                return self._sweep(now)
            case ObservationReceived(message):
                return self._on_observation(message) + self._sweep(now)
            case AttestationReceived(message):
                return self._on_attestation(message, now) + self._sweep(now)
            case RefusalReceived(message):
                return self._on_refusal(message)
            case Certified():
                return self._on_certified(event, now) + self._sweep(now)
            case BadSigners(_, digest, operators):
                return self._on_bad_signers(digest, operators) + self._sweep(now)
            case ProposalSigned(proposal):
                self._proposals[proposal.slot.round] = proposal
                return (Publish(proposal),)
            case ClockMoved(chain_time):
                self._chain_time = max(self._chain_time, chain_time)
                return self._sweep(now)
            case SubmissionFailed(reason, detail):
                return self._on_submission_failed(reason, detail, now) + self._sweep(now)
            case Woken():
                self._wake_at = None
                return self._sweep(now)

    # ── Answers ───────────────────────────────────────────────────────────────────────────────────────

    def _on_observation(self, message: Observation) -> Effects:
        opening, observation = self.opening, message.observation
        who = observation.operator
        reason = self._misplaced(message.slot, message.operator_set, message.inputs_hash)
        if reason is None and opening.table.index_of(who) is None:
            reason = Reason.NOT_A_MEMBER
        known = self.observations.get(who)
        if reason is None and known is not None:
            reason = Reason.DUPLICATE if known.value == observation.value else Reason.CONFLICTING
        if reason is None and not is_authentic(
            observation, opening.slot, opening.operator_set, opening.inputs_hash
        ):
            reason = Reason.FORGED_OBSERVATION
        if reason is not None:
            return self._object(who, reason)
        self.observations[who] = observation
        self.objections.pop(who, None)
        return ()

    def _on_attestation(self, message: Attestation, now: float) -> Effects:
        who, slot = message.operator, message.slot
        reason = self._misplaced(slot.observation_slot, message.operator_set, message.inputs_hash)
        if reason is None and message.reference_timestamp != self.opening.started.reference_timestamp:
            reason = Reason.WRONG_REFERENCE_TIMESTAMP
        if reason is None and not self._round_counts(slot.round, now):
            reason = Reason.WRONG_ROUND
        if reason is None and len(message.result) > MAX_RESULT_BYTES:
            reason = Reason.RESULT_TOO_LARGE
        if reason is not None:
            return self._object(who, reason)
        try:
            signature = G1Point.from_bytes(message.signature)
        except PointError as error:
            return self._object(who, error.reason, error.detail)
        message_hash = phase_message_hash(
            slot, self.opening.operator_set, self.opening.inputs_hash, message.result
        )
        digest = certificate_digest(self.opening.started.reference_timestamp, message_hash)
        put = self.tally.put(who, digest, slot.round, signature)
        if put in (Put.COUNTED, Put.CONFLICTING):
            self._candidates[digest] = Candidate(slot, message_hash, message.result)
            self._forget_candidates()
        return self._on_put(who, message.result, put)

    def _on_put(self, who: Address, result: bytes, put: Put) -> Effects:
        match put:
            case Put.COUNTED:
                self.objections.pop(who, None)
                return ()
            case Put.DUPLICATE:
                return ()
            case Put.LATE:
                decided = self.decision
                # The same result in another round is another digest, and no other opinion.
                outvoted = decided is not None and result != decided.result
                return self._object(who, Reason.OUTVOTED if outvoted else Reason.LATE)
            case Put.CONFLICTING:
                return self._object(who, Reason.CONFLICTING)
            case Put.NOT_A_MEMBER:
                return self._object(who, Reason.NOT_A_MEMBER)
            case Put.FLOODING:
                return self._object(who, Reason.FLOODING)

    def _on_refusal(self, message: Refusal) -> Effects:
        reason = self._misplaced(message.slot, message.operator_set, self.opening.inputs_hash)
        if reason is None and self.opening.table.index_of(message.operator) is None:
            reason = Reason.NOT_A_MEMBER
        # A newer agent may refuse for a reason that this release has not heard of.
        said = reason_by_code(message.reason_code) or Reason.UNKNOWN_MESSAGE
        return self._object(message.operator, reason or said, message.detail)

    def _misplaced(
        self, slot: ObservationSlot, operator_set: OperatorSetId, inputs: InputsHash
    ) -> Reason | None:
        opening = self.opening
        if slot.chain_id != opening.slot.chain_id:
            return Reason.WRONG_CHAIN
        if slot.state_machine != opening.slot.state_machine:
            return Reason.WRONG_CONTRACT
        if slot != opening.slot:
            return Reason.WRONG_ATTEMPT
        if operator_set != opening.operator_set:
            return Reason.WRONG_OPERATOR_SET
        return None if inputs == opening.inputs_hash else Reason.INPUTS_MISMATCH

    def _round_counts(self, round: Round, now: float) -> bool:
        return round <= self._round(now) + ROUND_LOOK_AHEAD if self.observes else round == 0

    def _forget_candidates(self) -> None:
        """Those of which the tally has let go: of lost rounds, or with nothing but bad signatures."""
        kept = set(self.tally.digests)
        for digest in [digest for digest in self._candidates if digest not in kept]:
            del self._candidates[digest]

    def _object(self, who: Address, reason: Reason, detail: str = "") -> Effects:
        if reason is not Reason.DUPLICATE and self.opening.table.index_of(who) is not None:
            self.objections[who] = reason
        return (Note(who, reason, detail),)

    # ── Outcomes ──────────────────────────────────────────────────────────────────────────────────────

    def _on_certified(self, event: Certified, now: float) -> Effects:
        self._certifying = None
        if self.decision is not None:
            return ()
        candidate = self._candidates.get(event.digest)
        if candidate is None:
            # Its signers have moved on to later rounds while it was being certified: the round is lost.
            return ()
        self.decision = Decision(event.slot, event.digest, candidate.result, event.certificate, event.signers)
        self.tally.freeze(event.digest)
        self._submit_at = now + self._turns_before_mine() * self.pace.turn_s
        outvoted = [
            who
            for digest in self._candidates
            if digest != event.digest and self._candidates[digest].slot.round == event.slot.round
            for who in self.tally.signers_of(digest)
        ]
        return tuple(note for who in outvoted for note in self._object(who, Reason.OUTVOTED))

    def _on_bad_signers(self, digest: Digest, operators: tuple[Address, ...]) -> Effects:
        self._certifying = None
        if not operators:
            self._stuck = (digest, len(self.tally.signers_of(digest)))
        for operator in operators:
            self.tally.drop(operator, digest)
        return tuple(note for who in operators for note in self._object(who, Reason.INVALID_SIGNATURE))

    def _on_submission_failed(self, reason: Reason, detail: str, now: float) -> Effects:
        if self.decision is not None and not self.past_deadline:
            self._submit_at = now + self.pace.resubmit_s
        else:
            self._close_at = now + self.pace.resubmit_s
        return (Note(None, reason, detail),)

    # ── What is missing now? ──────────────────────────────────────────────────────────────────────────

    def _sweep(self, now: float) -> Effects:
        """Everything that should be under way in this state and is not."""
        if self.past_deadline:
            return self._close(now)
        if self.decision is not None:
            return self._submit(self.decision, now)
        effects = self._certify()
        if now >= self._solicit_at:
            self._solicit_at = now + self.pace.solicit_s
            effects += self._solicit(now)
        effects += self._propose(now)
        return effects + self._wake(now, self._solicit_at)

    def _certify(self) -> Effects:
        digest = self.tally.quorum()
        if digest is None or self._certifying is not None:
            return ()
        # Nothing to blame and still no valid sum: keys that cancel out. Only another signer can change that.
        if self._stuck == (digest, len(self.tally.signers_of(digest))):
            return ()
        self._certifying = digest
        candidate = self._candidates[digest]
        return (Certify(candidate.slot, digest, candidate.message_hash, self.tally.signatures_of(digest)),)

    def _solicit(self, now: float) -> Effects:
        answered = self.observations.keys() if self.observes else self.tally.answered
        missing = tuple(o.address for o in self.opening.table.operators if o.address not in answered)
        effects: Effects = ()
        # Even with all observations in, an aggregator that restarted must hear of attestations given before.
        if missing or not self._proposals:
            effects += (Publish(self._request(missing if answered else ())),)
        proposal = self._proposals.get(self._round(now))
        if proposal is not None:
            effects += (Publish(proposal),)
        return effects

    def _request(self, wanted: tuple[Address, ...]) -> PhaseRequest:
        opening = self.opening
        return PhaseRequest(
            slot=opening.slot,
            operator_set=opening.operator_set,
            reference_timestamp=opening.started.reference_timestamp,
            inputs_hash=opening.inputs_hash,
            payload=opening.payload,
            dependency_results=opening.dependency_results,
            wanted=wanted,
            aggregator=opening.me,
        )

    def _propose(self, now: float) -> Effects:
        """Propose in this round, if it is ours, nothing was proposed in it, and a quorum has observed."""
        if not self.observes or not self.opening.aggregators or not self._observed_quorum():
            return ()
        if self._gather_until is None:
            self._gather_until = now + self.pace.gather_s
        if now < self._gather_until and len(self.observations) < len(self.opening.table.operators):
            return self._wake(now, self._gather_until)
        opening, round = self.opening, self._round(now)
        turn = proposer(opening.aggregators, opening.slot.execution_id, opening.slot.phase_index, round)
        if turn != opening.me or round in self._rounds_proposed or self._is_used(round):
            return ()
        self._rounds_proposed.add(round)
        chosen = tuple(self.observations[who] for who in sorted(self.observations))
        return (SignProposal(opening.slot.in_round(round), chosen),)

    def _is_used(self, round: Round) -> bool:
        """Has somebody proposed in this round, perhaps ourselves before a restart? Then agents have signed in it."""
        total = self.opening.table.total_weights[0]
        return any(
            candidate.slot.round == round and self.tally.stake_of(digest)[0] * USED_ROUND_SHARE > total
            for digest, candidate in self._candidates.items()
        )

    def _submit(self, decision: Decision, now: float) -> Effects:
        if self._submit_at is None:
            return ()
        if now < self._submit_at:
            return self._wake(now, self._submit_at)
        self._submit_at = None
        return (Submit(decision.slot.round, decision.result, decision.certificate),)

    def _close(self, now: float) -> Effects:
        if self._close_at is None:
            self._close_at = now + self._turns_before_mine() * self.pace.turn_s
        if now < self._close_at:
            return self._wake(now, self._close_at)
        self._close_at = float("inf")
        undecided = () if self.decision is not None else (Note(None, Reason.QUORUM_NOT_REACHED),)
        return (CloseOnChain(), *undecided, *self._missing_notes())

    def _missing_notes(self) -> Effects:
        silent = [
            operator.address
            for operator in self.opening.table.operators
            if operator.address not in self.tally.answered and operator.address not in self.objections
        ]
        return tuple(note for who in silent for note in self._object(who, Reason.NO_ANSWER))

    def _wake(self, now: float, at: float) -> Effects:
        if self._wake_at is not None and self._wake_at <= at:
            return ()
        self._wake_at = at
        return (WakeAfter(max(0.0, at - now)),)

    # ── Views ─────────────────────────────────────────────────────────────────────────────────────────

    def candidate(self, digest: Digest) -> Candidate:
        """What a digest that operators have signed is about. Raises KeyError for any other digest."""
        return self._candidates[digest]

    @property
    def observes(self) -> bool:
        """Does this phase observe and propose before it attests?"""
        return PLANS[self.opening.phase.phase_type].observes

    @property
    def past_deadline(self) -> bool:
        """Has the deadline passed by the chain's clock?"""
        return self._chain_time > self.opening.started.deadline

    @property
    def observed_weight(self) -> tuple[StakeWeight, ...]:
        """The stake that has observed, per column."""
        return self.opening.table.weight_of(self.observations.keys())

    def _observed_quorum(self) -> bool:
        table = self.opening.table
        return quorum_reached(
            self.observed_weight, table.total_weights, self.opening.phase.consensus_threshold
        )

    def _round(self, now: float) -> Round:
        by_chain = self._chain_time - self.opening.started_at
        return round_at(max(now - self._opened_at, by_chain), self.opening.phase.timeout_s)

    def _turns_before_mine(self) -> int:
        opening = self.opening
        order = submission_order(opening.aggregators, opening.slot.execution_id, opening.slot.phase_index)
        return order.index(opening.me) if opening.me in order else len(order)
