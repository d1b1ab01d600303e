"""One phase attempt as an aggregator sees it, pure: events in, effects out.

A `PhaseSession` decides and never waits: publishing, pairings and transactions are effects, their outcomes are
events. It holds nothing that it cannot rebuild: made anew from the chain, its first act is to ask every agent
again, and the journals answer.

    Opened ─▶ Collection ─▶ decision ─▶ Submit ─▶ over                                   phases of one tick
    ClockMoved ─▶ a Collection per tick ─▶ TickCertificate… ─▶ the series' Collection ─▶ decision ─▶ Submit   CONTINUOUS

It is level-triggered: `Woken` asks "what is missing now?" of the state. Time is an argument: `now` is loop time, for
pacing; deadlines and ticks follow the chain's clock alone.
"""

from dataclasses import dataclass, field

from aggregator.collection import Agreement, Collection, Rounds
from aggregator.decision import Decision, ProposedSeries
from aggregator.events import (
    AttestationReceived,
    BadSigners,
    Certified,
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
    SubmissionFailed,
    SubmissionMined,
    Submit,
    WakeAfter,
    Woken,
)
from aggregator.opening import Opening, Pace
from aggregator.ticking import Ticking
from hourglass.certificate.slots import Kind
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import ChainTime, Tick
from hourglass.workflow.turns import submission_order
from messages.requests import TickCertificate
from messages.responses import Attestation, Observation, Refusal

WHOLE = Tick(0)


@dataclass(slots=True)
class PhaseSession:
    """One phase attempt, seen by one aggregator. `receive` never raises for anything that came from outside."""

    opening: Opening
    pace: Pace = field(default_factory=Pace)
    collections: dict[Tick, Collection] = field(default_factory=dict)
    """The slots that are being worked; of a series the latest ticks only."""
    ticking: Ticking | None = None
    """The ticks of a CONTINUOUS phase."""
    _chain_time: ChainTime = ChainTime(0)
    _submit_at: float | None = None
    _close_at: float | None = None
    _wake_at: float | None = None

    def __post_init__(self) -> None:
        if self.opening.plan.ticks:
            self.ticking = Ticking(self.opening)

    def receive(self, event: Event, now: float) -> Effects:
        """What to do about one more fact, at loop time `now`."""
        effects: Effects = ()
        match event:
            case Opened():
                pass
            case ObservationReceived(message):
                collection = self.collections.get(message.slot.tick)
                effects = collection.observed(message) if collection else self._unplaced(message)
            case AttestationReceived(message):
                collection = self.collections.get(message.slot.tick)
                effects = (
                    collection.attested(message, now, self._chain_time)
                    if collection
                    else self._unplaced(message)
                )
            case RefusalReceived(message):
                collection = self.collections.get(message.slot.tick)
                if collection is None:
                    return self._unplaced(message)
                member = self.opening.table.index_of(message.operator) is not None
                if member and message.reason_code == Reason.TICK_LEFT_OUT.code:
                    self._recall_missed(now)
                effects = collection.refused(message)
            case Certified(slot):
                effects = self._on_certified(event, slot.tick, now)
            case BadSigners(slot):
                collection = self.collections.get(slot.tick)
                effects = collection.bad_signers(event) if collection else ()
            case ProposalSigned(proposal):
                collection = self.collections.get(proposal.slot.tick)
                return collection.signed(proposal) if collection else ()
            case ClockMoved(chain_time):
                self._chain_time = max(self._chain_time, chain_time)
            case SubmissionMined():
                self._try_again_later(now)
            case SubmissionFailed(reason, detail):
                effects = self._on_submission_failed(reason, detail, now)
            case Woken():
                self._wake_at = None
        return effects + self._sweep(now)

    def _recall_missed(self, now: float) -> None:
        """Somebody has seen a tick certified that this node gave up: journals may tell. Meanwhile nothing waits."""
        if self.ticking is None:
            return
        for tick in sorted(self.ticking.given_up):
            self._open_tick(tick, now)

    # ── Outcomes ──────────────────────────────────────────────────────────────────────────────────────

    def _unplaced(self, message: Observation | Attestation | Refusal) -> Effects:
        """An answer about a slot that nobody collects for: a tick that is over or not due, or a gate still closed."""
        tick = message.slot.tick
        if self.ticking is None:
            reason = Reason.PHASE_NOT_OPEN if tick == WHOLE else Reason.WRONG_TICK
        elif tick == WHOLE:
            reason = Reason.SERIES_NOT_OVER
        else:
            reason = (
                Reason.LATE
                if tick <= self.ticking.schedule.tick_at(self._chain_time)
                else Reason.TICK_NOT_DUE
            )
        return (Note(message.operator, reason),)

    def _on_certified(self, event: Certified, tick: Tick, now: float) -> Effects:
        collection = self.collections.get(tick)
        if collection is None:
            return ()
        undecided = collection.decision is None
        effects = collection.certified(event)
        decision = collection.decision
        if not undecided or decision is None:
            return effects
        if self.ticking is None or tick == WHOLE:
            self._submit_at = now + self._turns_before_mine() * self.pace.turn_s
            return effects
        certificate = TickCertificate(
            self.opening.slot,
            self.opening.operator_set,
            self.opening.inputs_hash,
            self.ticking.take(decision),
        )
        return (*effects, Publish(certificate))

    def _on_submission_failed(self, reason: Reason, detail: str, now: float) -> Effects:
        self._try_again_later(now)
        return (Note(None, reason, detail),)

    def _try_again_later(self, now: float) -> None:
        """Unless the chain has closed the session by then. It does once what was mined is seen; what a reorg has taken
        out before is sent again, and what is merely waiting for confirmations is refused in simulation, for no gas."""
        if self.decision is not None and not self.past_deadline:
            self._submit_at = now + self.pace.resubmit_s
        elif self.opening.slot.kind is Kind.PHASE:
            self._close_at = now + self.pace.resubmit_s

    # ── What is missing now? ──────────────────────────────────────────────────────────────────────────

    def _sweep(self, now: float) -> Effects:
        """Everything that should be under way in this state and is not."""
        if self.past_deadline:
            return self._close(now)
        if self.opening.started.waiting:
            # Its gate is closed: there is nothing to do before the chain says otherwise.
            return ()
        if self.decision is not None:
            return self._submit(self.decision, now)
        effects = self._settle_ticks(now)
        series = None if self.ticking is None else self.ticking.series(self._chain_time)
        self._open_collections(now, series)
        for tick, collection in self.collections.items():
            effects += collection.sweep(now, self._chain_time, series if tick == WHOLE else None)
        wakes = [collection.wake_at for collection in self.collections.values()]
        return effects + self._wake(now, min(wakes, default=float("inf")))

    def _open_collections(self, now: float, series: ProposedSeries | None) -> None:
        opening, started_at = self.opening, self.opening.started_at
        if self.ticking is None:
            agreement = Agreement.OBSERVATIONS if opening.plan.observes else Agreement.HANDLER
            self._open(WHOLE, agreement, Rounds(started_at, opening.length_s), now)
            return
        if series is not None:
            self._open(WHOLE, Agreement.SERIES, Rounds(started_at, opening.length_s), now)
            return
        for tick in self.ticking.open_at(self._chain_time):
            self._open_tick(tick, now)

    def _open_tick(self, tick: Tick, now: float) -> None:
        if self.ticking is not None:
            schedule = self.ticking.schedule
            rounds = Rounds(schedule.due(tick), schedule.interval_s)
            self._open(tick, Agreement.OBSERVATIONS, rounds, now)

    def _open(self, tick: Tick, agreement: Agreement, rounds: Rounds, now: float) -> None:
        if tick not in self.collections:
            slot = self.opening.slot.at_tick(tick)
            self.collections[tick] = Collection(self.opening, self.pace, slot, agreement, rounds, now)

    def _settle_ticks(self, now: float) -> Effects:
        """Give up ticks whose time is over, and let go of those that are settled and not the latest."""
        if self.ticking is None:
            return ()
        effects: Effects = ()
        for tick, collection in list(self.collections.items()):
            if tick == WHOLE or not self.ticking.is_over(tick, self._chain_time):
                continue
            if collection.decision is not None:
                del self.collections[tick]
            elif now >= collection.opened_at + self.pace.recall_s and not collection.is_certifying:
                # After a restart, journals have had their time to answer for a tick that was certified before.
                del self.collections[tick]
                if tick not in self.ticking.given_up:
                    self.ticking.given_up.add(tick)
                    effects += (Note(None, Reason.TICK_MISSED, f"Tick {tick}."), *collection.silent())
        return effects

    def _submit(self, decision: Decision, now: float) -> Effects:
        if self._submit_at is None:
            return ()
        if now < self._submit_at:
            return self._wake(now, self._submit_at)
        self._submit_at = None
        return (Submit(decision.slot.round, decision.result, decision.certificate),)

    def _close(self, now: float) -> Effects:
        if self._close_at is None and self.opening.slot.kind is Kind.TASK:
            # A mailbox needs nobody to tell it the time; this is the last that is heard of the task.
            self._close_at = float("inf")
            return (Note(None, Reason.TASK_EXPIRED), *self._silent())
        if self._close_at is None:
            self._close_at = now + self._turns_before_mine() * self.pace.turn_s
        if now < self._close_at:
            return self._wake(now, self._close_at)
        self._close_at = float("inf")
        effects: Effects = (CloseOnChain(),)
        if self.decision is None and not self.opening.started.waiting:
            effects += (Note(None, Reason.QUORUM_NOT_REACHED),)
        return effects + self._silent()

    def _silent(self) -> Effects:
        return tuple(note for one in self.collections.values() for note in one.silent())

    def _wake(self, now: float, at: float) -> Effects:
        if at == float("inf") or (self._wake_at is not None and self._wake_at <= at):
            return ()
        self._wake_at = at
        return (WakeAfter(max(0.0, at - now)),)

    # ── Views ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def decision(self) -> Decision | None:
        """What is submitted, once a quorum has signed it."""
        whole = self.collections.get(WHOLE)
        return None if whole is None else whole.decision

    @property
    def latest(self) -> Collection | None:
        """What is being worked now: the whole phase or series, else its latest tick."""
        if not self.collections:
            return None
        return self.collections[WHOLE if WHOLE in self.collections else max(self.collections)]

    @property
    def past_deadline(self) -> bool:
        """Has the deadline passed by the chain's clock?"""
        return self._chain_time > self.opening.started.deadline

    def _turns_before_mine(self) -> int:
        opening = self.opening
        order = submission_order(opening.aggregators, opening.slot.execution_id, opening.slot.phase_index)
        return order.index(opening.me) if opening.me in order else len(order)
