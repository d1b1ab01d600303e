"""What happened to executions, as one line of time: the chain's events, the answers that aggregators hold, nodes' logs.

Pure. Three sources, three clocks: an event has its block's timestamp, a line of a log the clock of its node, and an
answer none (an aggregator counts answers, it does not date them), so answers stand where their attempt ended, or at
the end of what is known while it is open.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import Enum
from typing import Any

from hourglass.chain.port import LoggedEvent
from hourglass.reasons import reason_by_code
from hourglass.workflow.events import (
    PhaseCompleted,
    PhaseFailed,
    PhaseSkipped,
    PhaseTimedOut,
    WorkflowRegistered,
)
from hourglass.workflow.identifiers import Address, BlockNumber, ExecutionId, PhaseIndex

ENDINGS = (PhaseCompleted, PhaseFailed, PhaseTimedOut, PhaseSkipped)
"""What ends an attempt."""
SAID_BY_POSITION = frozenset({"execution_id", "phase_index", "attempt", "workflow_id"})
"""Fields of events that an entry has columns for."""
BRIEF_BYTES = 32
"""Longer results and payloads are cut where people read them; `hourglass status` has them whole."""


class Source(Enum):
    """Who says so."""

    CHAIN = "chain"
    AGGREGATOR = "aggregator"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened."""

    at: float | None
    """Seconds since 1970; None for an answer that nobody dated."""
    source: Source
    execution_id: ExecutionId | None
    phase: PhaseIndex | None
    attempt: int | None
    what: str
    who: str = ""
    """An operator, a node or an account."""
    detail: str = ""
    block: BlockNumber | None = None
    tx: str = ""
    reason: str = ""
    """A reason's code, of a log's line that has one."""

    @property
    def time(self) -> str:
        """In UTC, to the millisecond where the clock has any."""
        if self.at is None:
            return ""
        moment = datetime.fromtimestamp(self.at, UTC)
        text = moment.isoformat(timespec="seconds" if self.source is Source.CHAIN else "milliseconds")
        return text.replace("+00:00", "Z")

    def row(self) -> dict[str, Any]:
        """As the command shows it."""
        return {
            "time": self.time,
            "source": self.source.value,
            "execution": "" if self.execution_id is None else "0x" + self.execution_id.hex(),
            "phase": "" if self.phase is None else self.phase,
            "attempt": "" if self.attempt is None else self.attempt,
            "what": self.what,
            "who": self.who,
            "detail": self.detail,
            "block": "" if self.block is None else self.block,
            "transaction": self.tx,
        }


def entry_of_event(logged: LoggedEvent, timestamp: int, names: Mapping[str, str]) -> Entry:
    """What the contract says happened, in the contract's words."""
    event: Any = logged.event
    who = ""
    details = []
    for field in fields(event):
        value = getattr(event, field.name)
        if field.name in SAID_BY_POSITION:
            continue
        if isinstance(value, Address):
            who = names.get(str(value), str(value))
        elif value is not False and value != b"":
            details.append(f"{field.name.replace('_', ' ')} {_plain(value)}")
    return Entry(
        float(timestamp),
        Source.CHAIN,
        None if isinstance(event, WorkflowRegistered) else event.execution_id,
        getattr(event, "phase_index", None),
        getattr(event, "attempt", None),
        type(event).__name__,
        who,
        ", ".join(details),
        logged.block,
        "0x" + logged.tx_hash.hex(),
    )


def entries_of_answers(
    execution_id: ExecutionId, phases: Iterable[Mapping[str, Any]], names: Mapping[str, str]
) -> list[Entry]:
    """What one aggregator's status API says of each operator in each phase attempt that it remembers."""
    return [
        Entry(
            None,
            Source.AGGREGATOR,
            execution_id,
            PhaseIndex(phase["phase"]),
            phase["attempt"],
            what,
            names.get(one["operator"], one["operator"]),
            detail,
        )
        for phase in phases
        for one in phase["operators"]
        for what, detail in _answers(one)
    ]


def _answers(operator: Mapping[str, Any]) -> list[tuple[str, str]]:
    said = []
    if operator["observed"] is not None:
        said.append(("Observed", _brief(operator["observed"])))
    said += [("Attested", f"digest {_brief(digest)}") for digest in operator["signed"]]
    if operator["reason"]:
        reason = reason_by_code(operator["reason"])
        detail = f"{reason.summary} → {reason.advice}" if reason else ""
        said.append(("NotCounted", f"{operator['reason']}: {detail}".rstrip(": ")))
    return said


def entry_of_line(line: str, node: str) -> Entry | None:
    """One line of a node's JSON log; None if it is about no execution, or is none of ours."""
    try:
        said = json.loads(line)
        execution_id = bytes.fromhex(said["execution"].removeprefix("0x"))
        at = datetime.fromisoformat(said["timestamp"]).timestamp()
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    phase, reason = said.get("phase"), str(said.get("reason") or "")
    return Entry(
        at,
        Source.LOG,
        ExecutionId(execution_id),
        PhaseIndex(phase) if isinstance(phase, int) else None,
        said.get("attempt"),
        str(said.get("event", "")),
        node,
        ": ".join(part for part in (reason, str(said.get("detail") or "")) if part),
        reason=reason,
    )


def merged(events: Sequence[Entry], answers: Iterable[Entry], lines: Iterable[Entry]) -> list[Entry]:
    """All of them in order: events as the chain has them, lines by their clocks, answers where their attempt ended.

    Where clocks agree to the second, the chain speaks first: it is the cause of what nodes then say.
    """
    timeline: list[Entry] = []
    waiting = list(answers)
    for event in events:
        if event.what in ENDING_NAMES:
            mine = [one for one in waiting if _attempt_of(one) == _attempt_of(event)]
            timeline += mine
            waiting = [one for one in waiting if _attempt_of(one) != _attempt_of(event)]
        timeline.append(event)
    timeline += waiting
    for line in sorted(lines, key=lambda one: one.at or 0.0):
        timeline.insert(_place(timeline, line), line)
    return timeline


ENDING_NAMES = frozenset(ending.__name__ for ending in ENDINGS)


def _attempt_of(entry: Entry) -> tuple[ExecutionId | None, PhaseIndex | None, int | None]:
    return entry.execution_id, entry.phase, entry.attempt


def _place(timeline: Sequence[Entry], line: Entry) -> int:
    """Behind the last dated entry that is not later."""
    assert line.at is not None
    for index in range(len(timeline) - 1, -1, -1):
        at = timeline[index].at
        if at is not None and at <= line.at:
            return index + 1
    return 0


def concerns(entry: Entry, executions: frozenset[ExecutionId], phase: PhaseIndex | None) -> bool:
    """Is it about one of these executions, and about this phase if one is named?

    What is about a whole execution, its start and its end, concerns every phase.
    """
    return entry.execution_id in executions and (phase is None or entry.phase in (None, phase))


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return _brief("0x" + value.hex())
    return "yes" if value is True else str(value)


def _brief(hexadecimal: str) -> str:
    digits = len(hexadecimal.removeprefix("0x"))
    if digits <= 2 * BRIEF_BYTES:
        return hexadecimal
    return f"{hexadecimal[: 2 + 2 * BRIEF_BYTES]}… ({digits // 2} bytes)"
