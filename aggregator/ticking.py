"""The ticks of one CONTINUOUS phase attempt: which are due, certified, given up, and when the series is over. Pure."""

from dataclasses import dataclass, field

from aggregator.decision import Decision, ProposedSeries
from aggregator.opening import Opening
from hourglass.certificate.ticks import CertifiedTick, bitmap
from hourglass.workflow.identifiers import ChainTime, Tick
from hourglass.workflow.series import Schedule, TickValue, schedule_of
from hourglass.workflow.series_end import ended_at


@dataclass(slots=True)
class Ticking:
    """What has become of each tick. Rebuilt after a restart from what the agents' journals answer."""

    opening: Opening
    schedule: Schedule = field(init=False)
    certified: dict[Tick, CertifiedTick] = field(default_factory=dict)
    given_up: set[Tick] = field(default_factory=set)
    """Over without a quorum: the series will call them missed."""
    _values: dict[Tick, TickValue] = field(default_factory=dict)

    def __post_init__(self) -> None:
        opening = self.opening
        self.schedule = schedule_of(opening.phase.metadata, opening.started_at, opening.started.deadline)

    def open_at(self, now: ChainTime) -> tuple[Tick, ...]:
        """The ticks to be worked at `now`, in order: due, and neither certified nor given up."""
        last = min((tick for tick, value in self._values.items() if value.stop), default=None)
        due = self.schedule.tick_at(now) if last is None else last
        return tuple(
            Tick(tick)
            for tick in range(1, due + 1)
            if tick not in self.certified and tick not in self.given_up
        )

    def is_over(self, tick: Tick, now: ChainTime) -> bool:
        """Has the time passed in which operators sign this tick?"""
        return now >= self.schedule.closes(tick)

    def take(self, decision: Decision) -> CertifiedTick:
        """A tick has its quorum. Its value is a `TickValue`: collections count no other."""
        tick, table = decision.slot.tick, self.opening.table
        indices = [index for who in decision.signers if (index := table.index_of(who)) is not None]
        made = CertifiedTick(
            tick,
            decision.slot.round,
            decision.result,
            bitmap(indices, len(table.operators)),
            decision.certificate.signature_bytes,
        )
        self.certified[tick] = made
        self.given_up.discard(tick)
        self._values[tick] = TickValue.decode(decision.result)
        return made

    def series(self, now: ChainTime) -> ProposedSeries | None:
        """The whole series, once it is over and nothing in it is still open."""
        last = ended_at(self.schedule, self._values, now)
        if last is None:
            return None
        settled = self.certified.keys() | self.given_up
        if any(Tick(tick) not in settled for tick in range(1, last + 1)):
            return None
        return ProposedSeries(
            last, tuple(self.certified[tick] for tick in sorted(self.certified) if tick <= last)
        )
