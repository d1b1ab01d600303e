"""The answers to one slot, pure, until they make a decision: asks, observes, proposes, tallies, certifies.

    ask ─▶ Attestation… ─▶ stake suffices ─▶ Certify ─▶ Certified ─▶ decision
     │                         ▲                └─▶ BadSigners: dropped, named
     └─▶ Observation… ─▶ stake suffices ─▶ SignProposal of this round, if it is our turn ─▶ Publish

A phase of one tick has one collection; a CONTINUOUS one has one per tick and one for the series. A collection is
level-triggered: `sweep` asks "what is missing now?" of the state, so a lost message costs time and nothing else. Time
is an argument: `now` is loop time, for pacing; `chain_time` is the clock that rounds and ticks follow.
"""

from dataclasses import dataclass, field
from enum import Enum

from aggregator.decision import Candidate, Decision, ProposedSeries
from aggregator.events import (
    BadSigners,
    Certified,
    Certify,
    Effects,
    Note,
    Publish,
    SignProposal,
    SignSeries,
)
from aggregator.opening import Opening, Pace
from hourglass.certificate.curves import read_signature
from hourglass.certificate.digests import message_hash
from hourglass.certificate.ecdsa import is_authentic
from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.quorum import quorum_reached
from hourglass.certificate.slots import ObservationSlot
from hourglass.certificate.tally import Put, Tally
from hourglass.errors import PointError
from hourglass.reasons import Reason, reason_by_code
from hourglass.workflow.identifiers import (
    Address,
    ChainTime,
    Digest,
    InputsHash,
    OperatorSetId,
    Round,
    StakeWeight,
)
from hourglass.workflow.series import schedule_of
from hourglass.workflow.series_end import tick_value_of
from hourglass.workflow.turns import proposer, round_at
from messages.requests import PhaseRequest, Proposal, SeriesProposal
from messages.responses import Attestation, Observation, Refusal

ROUND_LOOK_AHEAD = 1
"""Agents answer proposals of the next round at the most; so an attestation of a later one is nobody's."""
USED_ROUND_SHARE = 3
"""More than one part in so many of the stake has signed in a round: somebody proposed in it. Fewer may lie."""

LOOKS = 300
"""How often operators look at a condition until the deadline, at the least."""
MAX_WATCH_S = 15.0
"""However long the phase, a condition is seen to hold this soon."""


MAX_WANTED = 64
"""Named at most: beyond it everybody is asked, so that the largest inputs still fit into one message."""


class Agreement(Enum):
    """What decides the bytes that operators sign in this slot."""

    HANDLER = "every handler computes them"
    OBSERVATIONS = "a proposal of the operators' observations"
    SERIES = "a proposal of the certified ticks"


@dataclass(frozen=True, slots=True)
class Rounds:
    """When the rounds of a slot began, and how long what they belong to lasts."""

    began: ChainTime
    length_s: int


@dataclass(slots=True)
class Collection:
    """One slot's answers, seen by one aggregator. Never raises for anything that came from outside."""

    opening: Opening
    pace: Pace
    slot: ObservationSlot
    agreement: Agreement
    rounds: Rounds
    opened_at: float
    tally: Tally = field(init=False)
    decision: Decision | None = None
    observations: dict[Address, SignedObservation] = field(default_factory=dict)
    objections: dict[Address, Reason] = field(default_factory=dict)
    """The latest reason per operator for which its answer is missing or does not count."""
    wake_at: float = float("inf")
    """When to sweep again if nothing happens before."""
    _candidates: dict[Digest, Candidate] = field(default_factory=dict)
    _proposals: dict[Round, Proposal | SeriesProposal] = field(default_factory=dict)
    _next_round: Round | None = None
    """The first in which this node has not yet seen whether to propose; None before the first look."""
    _gather_until: float | None = None
    _hear_until: float | None = None
    _certifying: Digest | None = None
    _stuck: tuple[Digest, int] | None = None
    _solicit_at: float = 0.0

    def __post_init__(self) -> None:
        self.tally = Tally(self.opening.table, self.opening.phase.consensus_threshold)
        self._solicit_at = self.opened_at

    def signed(self, proposal: Proposal | SeriesProposal) -> Effects:
        """Our own proposal is signed: send it."""
        self._proposals[proposal.slot.round] = proposal
        return (Publish(proposal),)

    # ── Answers ───────────────────────────────────────────────────────────────────────────────────────

    def observed(self, message: Observation) -> Effects:
        """An operator observed."""
        opening, observation = self.opening, message.observation
        who = observation.operator
        reason = self._misplaced(message.slot, message.operator_set, message.inputs_hash)
        if reason is None and opening.table.index_of(who) is None:
            reason = Reason.NOT_A_MEMBER
        known = self.observations.get(who)
        if reason is None and known is not None:
            reason = Reason.DUPLICATE if known.value == observation.value else Reason.CONFLICTING
        if reason is None and not is_authentic(
            observation, self.slot, opening.operator_set, opening.inputs_hash
        ):
            reason = Reason.FORGED_OBSERVATION
        if reason is not None:
            return self._object(who, reason)
        self.observations[who] = observation
        self.objections.pop(who, None)
        return ()

    def attested(self, message: Attestation, now: float, chain_time: ChainTime) -> Effects:
        """An operator signed."""
        who, slot = message.operator, message.slot
        reason = self._misplaced(slot.observation_slot, message.operator_set, message.inputs_hash)
        if reason is None and message.reference_timestamp != self.opening.started.reference_timestamp:
            reason = Reason.WRONG_REFERENCE_TIMESTAMP
        if reason is None and not self._round_counts(slot.round, now, chain_time):
            reason = Reason.WRONG_ROUND
        if reason is None and len(message.result) > slot.kind.max_result_bytes:
            reason = Reason.RESULT_TOO_LARGE
        if reason is None and slot.tick and not self._is_tick_value(message.result):
            reason = Reason.WRONG_SERIES
        if reason is not None:
            return self._object(who, reason)
        try:
            signature = read_signature(self.opening.table, message.signature)
        except PointError as error:
            return self._object(who, error.reason, error.detail)
        about = message_hash(slot, self.opening.operator_set, self.opening.inputs_hash, message.result)
        digest = self.opening.table.digest(about)
        put = self.tally.put(who, digest, slot.round, signature)
        if put in (Put.COUNTED, Put.CONFLICTING):
            self._candidates[digest] = Candidate(slot, about, message.result)
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

    def refused(self, message: Refusal) -> Effects:
        """An operator says why it does not sign."""
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
        if slot.chain_id != self.slot.chain_id:
            return Reason.WRONG_CHAIN
        if slot.state_machine != self.slot.state_machine:
            return Reason.WRONG_CONTRACT
        if slot != self.slot:
            return Reason.WRONG_ATTEMPT
        if operator_set != opening.operator_set:
            return Reason.WRONG_OPERATOR_SET
        return None if inputs == opening.inputs_hash else Reason.INPUTS_MISMATCH

    def _round_counts(self, round: Round, now: float, chain_time: ChainTime) -> bool:
        if self.agreement is Agreement.HANDLER:
            return round == 0
        return round <= self._round(now, chain_time) + ROUND_LOOK_AHEAD

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

    def certified(self, event: Certified) -> Effects:
        """One pairing held: this is the decision, unless there is one already."""
        self._certifying = None
        if self.decision is not None:
            return ()
        candidate = self._candidates.get(event.digest)
        if candidate is None:
            # Its signers have moved on to later rounds while it was being certified: the round is lost.
            return ()
        self.decision = Decision(event.slot, event.digest, candidate.result, event.certificate, event.signers)
        self.tally.freeze(event.digest)
        outvoted = [
            who
            for digest in self._candidates
            if digest != event.digest and self._candidates[digest].slot.round == event.slot.round
            for who in self.tally.signers_of(digest)
        ]
        return tuple(note for who in outvoted for note in self._object(who, Reason.OUTVOTED))

    def bad_signers(self, event: BadSigners) -> Effects:
        """The sum did not verify: drop these."""
        self._certifying = None
        if not event.operators:
            self._stuck = (event.digest, len(self.tally.signers_of(event.digest)))
        for operator in event.operators:
            self.tally.drop(operator, event.digest)
        return tuple(note for who in event.operators for note in self._object(who, Reason.INVALID_SIGNATURE))

    def silent(self) -> Effects:
        """It ends: who has said nothing at all?"""
        members = (operator.address for operator in self.opening.table.operators)
        missing = [who for who in members if who not in self.tally.answered and who not in self.objections]
        return tuple(note for who in missing for note in self._object(who, Reason.NO_ANSWER))

    # ── What is missing now? ──────────────────────────────────────────────────────────────────────────

    def sweep(self, now: float, chain_time: ChainTime, series: ProposedSeries | None = None) -> Effects:
        """Everything that should be under way in this state and is not. `series`: what there is to propose."""
        self.wake_at = float("inf")
        if self.decision is not None:
            return ()
        effects = self._certify(now)
        if now >= self._solicit_at:
            self._solicit_at = now + self._solicit_s
            effects += self._solicit(now, chain_time)
        effects += self._propose(now, chain_time, series)
        self.wake_at = min(self.wake_at, self._solicit_at)
        return effects

    def _certify(self, now: float) -> Effects:
        digest = self.tally.quorum()
        if digest is None or self._certifying is not None or not self._has_heard(now):
            return ()
        # Nothing to blame and still no valid sum: keys that cancel out. Only another signer can change that.
        if self._stuck == (digest, len(self.tally.signers_of(digest))):
            return ()
        self._certifying = digest
        candidate = self._candidates[digest]
        return (Certify(candidate.slot, digest, candidate.message_hash, self.tally.signatures_of(digest)),)

    def _has_heard(self, now: float) -> bool:
        """Where any stake suffices: has everybody had a moment to sign, so that most stake decides and not haste?"""
        if self.opening.phase.consensus_threshold:
            return True
        if self._hear_until is None:
            self._hear_until = now + self._gather_s
        if now >= self._hear_until or len(self.tally.answered) == len(self.opening.table.operators):
            return True
        self.wake_at = min(self.wake_at, self._hear_until)
        return False

    def _solicit(self, now: float, chain_time: ChainTime) -> Effects:
        answered = self.observations.keys() if self.observes else self.tally.answered
        missing = tuple(o.address for o in self.opening.table.operators if o.address not in answered)
        effects: Effects = ()
        # Even with all observations in, an aggregator that restarted must hear of attestations given before.
        if missing or not self._proposals:
            wanted = missing if answered and len(missing) <= MAX_WANTED else ()
            effects += (Publish(self._request(wanted)),)
        if self._proposals:
            # Agents take an earlier round's as well, and whose turn it is now may be down.
            effects += (Publish(self._proposals[max(self._proposals)]),)
        return effects

    def _request(self, wanted: tuple[Address, ...]) -> PhaseRequest:
        opening = self.opening
        return PhaseRequest(
            slot=self.slot,
            operator_set=opening.operator_set,
            reference_timestamp=opening.started.reference_timestamp,
            inputs_hash=opening.inputs_hash,
            payload=opening.payload,
            dependency_results=opening.dependency_results,
            trigger_data=opening.trigger_data,
            wanted=wanted,
            aggregator=opening.me,
        )

    def _propose(self, now: float, chain_time: ChainTime, series: ProposedSeries | None) -> Effects:
        """Propose, if it is our turn, nothing was proposed in this round, and there is something to propose."""
        match self.agreement:
            case Agreement.HANDLER:
                return ()
            case Agreement.OBSERVATIONS:
                if not self._has_gathered(now):
                    return ()
            case Agreement.SERIES:
                if series is None:
                    return ()
        round = self._my_round(self._round(now, chain_time))
        if round is None:
            return ()
        if series is not None:
            return (SignSeries(self.slot.in_round(round), series.ticks, series.certified),)
        chosen = tuple(self.observations[who] for who in sorted(self.observations))
        return (SignProposal(self.slot.in_round(round), chosen),)

    def _my_round(self, current: Round) -> Round | None:
        """The latest round that is ours, unused, and new since the last look.

        The chain's clock moves by whole blocks: where each is several rounds long, the current round alone might
        never be ours.
        """
        opening, first = self.opening, current if self._next_round is None else self._next_round
        if not opening.aggregators or first > current:
            return None
        self._next_round = Round(current + 1)
        for number in range(current, max(first, current - len(opening.aggregators) + 1) - 1, -1):
            slot = self.slot.in_round(Round(number))
            turn = proposer(opening.aggregators, slot.execution_id, slot.phase_index, slot.round, slot.tick)
            if turn == opening.me and self._is_used(Round(number)):
                # Until those who signed in it turn out to be liars.
                self._next_round = Round(number)
                return None
            if turn == opening.me:
                return Round(number)
        return None

    def _has_gathered(self, now: float) -> bool:
        """Has a quorum observed, and have the last ones had their moment?"""
        if not self._observed_quorum():
            return False
        if self._gather_until is None:
            self._gather_until = now + self._gather_s
        if now >= self._gather_until or len(self.observations) == len(self.opening.table.operators):
            return True
        self.wake_at = min(self.wake_at, self._gather_until)
        return False

    def _is_used(self, round: Round) -> bool:
        """Has somebody proposed in this round, perhaps ourselves before a restart? Then agents have signed in it."""
        total = self.opening.table.total_weights[0]
        return any(
            candidate.slot.round == round and self.tally.stake_of(digest)[0] * USED_ROUND_SHARE > total
            for digest, candidate in self._candidates.items()
        )

    # ── Views ─────────────────────────────────────────────────────────────────────────────────────────

    def candidate(self, digest: Digest) -> Candidate:
        """What a digest that operators have signed is about. Raises KeyError for any other digest."""
        return self._candidates[digest]

    @property
    def is_certifying(self) -> bool:
        """Is a quorum being checked right now?"""
        return self._certifying is not None

    @property
    def _solicit_s(self) -> float:
        """Between asking again. A condition that may take days is not looked at every other second."""
        if not self.opening.plan.gated:
            return self.pace.solicit_s
        return max(self.pace.solicit_s, min(MAX_WATCH_S, self.rounds.length_s / LOOKS))

    @property
    def _gather_s(self) -> float:
        return self.pace.gather_s if self.opening.phase.consensus_threshold else self.pace.gather_any_s

    @property
    def observes(self) -> bool:
        """Do operators observe and agree before they attest?"""
        return self.agreement is Agreement.OBSERVATIONS

    @property
    def observed_weight(self) -> tuple[StakeWeight, ...]:
        """The stake that has observed, per column."""
        return self.opening.table.weight_of(self.observations.keys())

    def _observed_quorum(self) -> bool:
        table = self.opening.table
        return quorum_reached(
            self.observed_weight, table.total_weights, self.opening.phase.consensus_threshold
        )

    def _round(self, now: float, chain_time: ChainTime) -> Round:
        elapsed_s = max(now - self.opened_at, chain_time - self.rounds.began)
        return round_at(elapsed_s, self.rounds.length_s)

    def _is_tick_value(self, result: bytes) -> bool:
        """Is it one that the series has room for? One that is too large would keep it from ever being signed."""
        opening = self.opening
        schedule = schedule_of(opening.phase.metadata, opening.started_at, opening.started.deadline)
        try:
            tick_value_of(result, schedule.ticks)
        except ValueError:
            return False
        return True
