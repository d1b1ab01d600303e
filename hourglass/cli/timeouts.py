"""Why a phase attempt timed out: what the chain fixed, held against what operators answered. Pure.

The chain keeps deadlines and results, never answers; those are in aggregators' memory, and in the operators' own logs.
Where nobody remembers, the verdict says that and no more.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from hourglass.certificate.quorum import FULL, missing_stake, quorum_reached
from hourglass.reasons import Reason, reason_by_code
from hourglass.workflow.identifiers import (
    Address,
    BasisPoints,
    ChainTime,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    StakeWeight,
)

FIRST_ATTESTATION, LAST_ATTESTATION = "first attestation", "last attestation"
"""Steps of an aggregator's journey through an attempt, in seconds since it opened it."""
TASK_ATTEMPT = 0
"""Those of phases are counted from 1."""
MINUTES_WORTH_S = 120
"""Longer spans are told in minutes."""


class Cause(Enum):
    """What kept the quorum away. `advice` is what to do next."""

    advice: str

    def __new__(cls, code: str, advice: str) -> "Cause":
        """One row of the table below."""
        cause = object.__new__(cls)
        cause._value_ = code
        cause.advice = advice
        return cause

    NOBODY_REMEMBERS = (
        "nobody_remembers",
        (
            "Ask another aggregator, or read the operators' logs (`hourglass logs --log FILE`); an aggregator that "
            "restarts forgets what is over."
        ),
    )
    GATE_STAYED_SHUT = (
        "gate_stayed_shut",
        (
            "Look at the phase's condition: `hourglass workflow trigger` opens it for a source, and a longer timeout "
            "gives the world more time."
        ),
    )
    TOO_LATE = (
        "too_late",
        (
            "Look at the aggregator's log for its transaction: its balance, its fee limit, or an endpoint that lagged; "
            "a longer timeout helps where the quorum came in the last seconds."
        ),
    )
    DISAGREEMENT = (
        "disagreement",
        "Make the handler deterministic, or let operators agree first: a `coordination` phase with a reducer.",
    )
    REFUSALS = ("refusals", "")
    SILENCE = (
        "silence",
        (
            "Ask those operators whether their agents run, reach the bus and the chain, and have this workflow; their "
            "logs name what they refused."
        ),
    )


@dataclass(frozen=True, slots=True)
class TimedOut:
    """One attempt that ended at its deadline, as the chain has it."""

    execution_id: ExecutionId
    phase_index: PhaseIndex
    phase_name: str
    attempt: int
    operator_set: OperatorSetId
    threshold: BasisPoints
    started_at: ChainTime
    deadline: ChainTime
    told_at: ChainTime | None
    """When somebody told the contract; None: nobody has."""
    waiting: bool
    """Its gate was still shut."""
    weights: Mapping[Address, tuple[StakeWeight, ...]]
    """Every operator of the set, at the attempt's reference timestamp."""

    @property
    def is_task(self) -> bool:
        """A plain task's: nobody tells a mailbox that one has expired, and it is not tried again."""
        return self.attempt == TASK_ATTEMPT


@dataclass(frozen=True, slots=True)
class Verdict:
    """One timed-out attempt, explained. Stake is of the column that was furthest from its threshold."""

    facts: TimedOut
    cause: Cause
    sentence: str
    advice: str
    signed: tuple[Address, ...]
    """Who signed the result with the most stake."""
    outvoted: tuple[Address, ...]
    """Who signed another one."""
    refused: Mapping[Address, str]
    """Who said why not, by reason's code."""
    silent: tuple[Address, ...]
    """Who said nothing; nobody where nobody remembers."""
    stake_signed: StakeWeight
    stake_total: StakeWeight
    stake_short: StakeWeight
    first_attestation_s: float | None
    last_attestation_s: float | None


@dataclass(frozen=True, slots=True)
class Answers:
    """What aggregators, together, remember of one attempt."""

    signers: Mapping[str, frozenset[Address]]
    """By digest."""
    reasons: Mapping[Address, str]
    first_attestation_s: float | None
    last_attestation_s: float | None


def answers_of(snapshots: Iterable[Mapping[str, Any]], facts: TimedOut) -> Answers | None:
    """Of the status APIs' snapshots, those of this attempt, joined; None if there is none.

    A reason counts only for an operator that no aggregator has a signature of: each hears for itself, and one may
    have heard what another missed. That an operator gave no answer is no reason but silence.
    """
    mine = [
        one
        for one in snapshots
        if one["phase"] == facts.phase_index
        and one["attempt"] == facts.attempt
        and one["execution"] == "0x" + facts.execution_id.hex()
    ]
    if not mine:
        return None
    signers: dict[str, set[Address]] = {}
    reasons: dict[Address, str] = {}
    for said in (one for snapshot in mine for one in snapshot["operators"]):
        who = Address.parse(said["operator"])
        for digest in said["signed"]:
            signers.setdefault(digest, set()).add(who)
        if said["reason"] not in (None, Reason.NO_ANSWER.code):
            reasons.setdefault(who, said["reason"])
    heard = frozenset(who for group in signers.values() for who in group)
    times = [one.get("journey") or {} for one in mine]
    return Answers(
        {digest: frozenset(group) for digest, group in signers.items()},
        {who: reason for who, reason in reasons.items() if who not in heard},
        min((one[FIRST_ATTESTATION] for one in times if FIRST_ATTESTATION in one), default=None),
        max((one[LAST_ATTESTATION] for one in times if LAST_ATTESTATION in one), default=None),
    )


def explain(
    facts: TimedOut,
    answers: Answers | None,
    logged: Mapping[Address, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> Verdict:
    """Why this attempt timed out. `logged`: the reason that an operator's own log gives; `names` for display."""
    known = answers or Answers({}, {}, None, None)
    leading = _leading(facts, known)
    signed = _in_table_order(facts, known.signers.get(leading, frozenset()))
    outvoted = _in_table_order(
        facts, frozenset().union(*(group for digest, group in known.signers.items() if digest != leading))
    )
    outvoted = tuple(who for who in outvoted if who not in signed)
    refused = {
        who: reason for who, reason in {**(logged or {}), **known.reasons}.items() if who in facts.weights
    }
    for who in (*signed, *outvoted):
        refused.pop(who, None)
    heard = {*signed, *outvoted, *refused}
    silent = () if answers is None else tuple(who for who in facts.weights if who not in heard)
    column = _column(facts, signed)
    total = _stake(facts, facts.weights, column)
    have = _stake(facts, signed, column)
    short = missing_stake(have, total, facts.threshold)
    told = _Told(facts, names or {}, column, total, have, short)
    if facts.waiting:
        cause, sentence, advice = Cause.GATE_STAYED_SHUT, told.shut(), Cause.GATE_STAYED_SHUT.advice
    elif answers is None:
        cause, sentence, advice = Cause.NOBODY_REMEMBERS, told.forgotten(), Cause.NOBODY_REMEMBERS.advice
    else:
        cause, sentence, advice = _of_answers(told, signed, outvoted, refused, silent, len(known.signers))
    return Verdict(
        facts,
        cause,
        sentence,
        advice,
        signed,
        outvoted,
        refused,
        silent,
        have,
        total,
        short,
        known.first_attestation_s,
        known.last_attestation_s,
    )


def _of_answers(
    told: "_Told",
    signed: Sequence[Address],
    outvoted: Sequence[Address],
    refused: Mapping[Address, str],
    silent: Sequence[Address],
    results: int,
) -> tuple[Cause, str, str]:
    facts, column = told.facts, told.column
    if _reaches(facts, signed):
        return Cause.TOO_LATE, told.late(), Cause.TOO_LATE.advice
    if outvoted and _reaches(facts, (*signed, *outvoted)):
        return Cause.DISAGREEMENT, told.split(results), Cause.DISAGREEMENT.advice
    if _stake(facts, refused, column) > _stake(facts, silent, column):
        by_reason: Counter[str] = Counter()
        for who, code in refused.items():
            by_reason[code] += facts.weights[who][column]
        code = by_reason.most_common(1)[0][0]
        reason = reason_by_code(code)
        those = [who for who in facts.weights if refused.get(who) == code]
        return Cause.REFUSALS, told.objected(those, code, reason), reason.advice if reason else ""
    return Cause.SILENCE, told.silent(silent), Cause.SILENCE.advice


@dataclass(frozen=True, slots=True)
class _Told:
    """The sentences."""

    facts: TimedOut
    names: Mapping[str, str]
    column: int
    total: StakeWeight
    have: StakeWeight
    short: StakeWeight

    def shut(self) -> str:
        seconds = self.facts.deadline - self.facts.started_at
        return f"Its condition was not shown to hold within {_span(seconds)}, so nobody was asked to sign."

    def forgotten(self) -> str:
        return (
            "No aggregator that answers remembers this attempt, so who signed is not known; the chain keeps results "
            "and deadlines only."
        )

    def late(self) -> str:
        return f"{self._share(self.have)} of the stake signed one result, enough, but no certificate was mined in time."

    def split(self, results: int) -> str:
        return (
            f"Enough stake answered, but with {results} different results; the largest has {self._share(self.have)}, "
            f"{self._needed()}."
        )

    def objected(self, those: Sequence[Address], code: str, reason: Reason | None) -> str:
        said = reason.summary.rstrip(".") if reason else "a reason that this release does not know"
        share = self._share(_stake(self.facts, those, self.column))
        return f"{self._named(those)} ({share} of the stake) did not count: {code}, {said}; {self._lack()}."

    def silent(self, those: Sequence[Address]) -> str:
        share = self._share(_stake(self.facts, those, self.column))
        return f"{self._named(those)} ({share} of the stake) never answered; {self._lack()}."

    def _lack(self) -> str:
        return f"{self._share(self.have)} signed, {self._needed()}"

    def _needed(self) -> str:
        bps = self.facts.threshold * 100 / FULL
        return f"{bps:.2f} % was needed: {self.short} of {self.total} short"

    def _share(self, stake: int) -> str:
        return f"{stake * 100 / self.total:.1f} %" if self.total else "none"

    def _named(self, those: Sequence[Address]) -> str:
        return ", ".join(self.names.get(str(who), str(who)) for who in those) or "Nobody"


def _leading(facts: TimedOut, answers: Answers) -> str:
    return max(answers.signers, key=lambda digest: _stake(facts, answers.signers[digest], 0), default="")


def _in_table_order(facts: TimedOut, whom: frozenset[Address]) -> tuple[Address, ...]:
    return tuple(who for who in facts.weights if who in whom)


def _stake(facts: TimedOut, whom: Iterable[Address], column: int) -> StakeWeight:
    return StakeWeight(sum(facts.weights[who][column] for who in whom if who in facts.weights))


def _columns(facts: TimedOut) -> range:
    return range(len(next(iter(facts.weights.values()), ())))


def _column(facts: TimedOut, signed: Sequence[Address]) -> int:
    """The one that is furthest from its threshold, as a share of its whole; the first if all are there."""

    def lacking(column: int) -> float:
        total = _stake(facts, facts.weights, column)
        return missing_stake(_stake(facts, signed, column), total, facts.threshold) / total if total else 0.0

    return max(_columns(facts), key=lacking, default=0)


def _reaches(facts: TimedOut, whom: Sequence[Address]) -> bool:
    columns = _columns(facts)
    signed = [_stake(facts, whom, column) for column in columns]
    total = [_stake(facts, facts.weights, column) for column in columns]
    return bool(columns) and quorum_reached(signed, total, facts.threshold)


def _span(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < MINUTES_WORTH_S else f"{seconds / 60:.0f} min"
