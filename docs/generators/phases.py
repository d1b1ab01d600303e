"""Phase types, statuses and what follows what: the tables that the contract, agents and aggregators go by."""

from collections.abc import Iterator, Mapping
from enum import IntEnum
from types import ModuleType
from typing import TypeVar

from agent import duty
from aggregator import driver
from generators.prose import NOTE, attribute_words, one_line, table
from hourglass.chain import memory_performance
from hourglass.workflow import definition, execution, series, validation
from hourglass.workflow.definition import FailurePolicy, TriggerMode
from hourglass.workflow.execution import EXECUTION_TRANSITIONS, TRANSITIONS, ExecutionStatus, PhaseStatus
from hourglass.workflow.phases import PLANS
from hourglass.workflow.recovery import AfterDeadline, after_deadline
from messages import fields, wire

S = TypeVar("S", PhaseStatus, ExecutionStatus)
LIMITS: tuple[tuple[ModuleType, str, str], ...] = (
    (validation, "MAX_NAME_BYTES", "name of a workflow or phase, in bytes; at least 1"),
    (definition, "MAX_PHASES", "phases of a workflow; at least 1"),
    (validation, "MAX_METADATA_BYTES", "metadata of a phase, in bytes"),
    (validation, "MAX_TIMEOUT_S", "timeout of a phase, and interval between ticks, in seconds; at least 1"),
    (validation, "MAX_EXECUTION_TIMEOUT_S", "overall timeout of an execution, in seconds; 0: none"),
    (validation, "MAX_THRESHOLD_BPS", "threshold, in basis points; 0 only where any stake may suffice"),
    (validation, "MAX_ATTEMPTS", "attempts of a phase; 0 counts as 1"),
    (series, "MAX_TICKS", "ticks of a CONTINUOUS phase"),
    (memory_performance, "MAX_TRIGGERS", "trigger sources of a workflow's own"),
    (definition, "MAX_PAYLOAD_BYTES", "payload of an execution, in bytes"),
    (definition, "MAX_TRIGGER_DATA_BYTES", "data of a trigger, in bytes"),
    (definition, "MAX_RESULT_BYTES", "result of a phase, in bytes"),
    (definition, "MAX_STORED_RESULT_BYTES", "result whose bytes the contract stores, in bytes"),
    (definition, "MAX_OBSERVATION_BYTES", "observation, and a tick's value, in bytes"),
    (wire, "MAX_MESSAGE_BYTES", "message on the bus, in bytes"),
    (fields, "MAX_OPERATORS", "operators in a set"),
    (duty, "MAX_ROUNDS_ANSWERED", "rounds whose attestations an agent says again"),
    (driver, "MAX_INBOX", "answers waiting for one of an aggregator's sessions"),
)
"""Where each is defined, and of what it is the most. Those of conditions are on their own page."""

INTRODUCTION = """\
How to write them: [write-a-workflow.md](../developers/write-a-workflow.md). What travels:
[protocol.md](../protocol.md).
"""
COLUMNS = (
    "type",
    "what the operators do",
    "what is signed",
    "observe and propose first",
    "ticks",
    "gate",
    "threshold 0",
)
COMPUTED = """\
A phase whose status is {open} counts as TIMED_OUT from the second after its deadline, told to the contract or not. One
without another attempt stays so.
"""
TOLD = "Anybody tells the contract by `checkPhaseTimeout`; aggregators do.\n"


def page() -> str:
    """docs/reference/phases.md."""
    lines = [
        NOTE + "# Phase types, statuses and limits\n",
        INTRODUCTION,
        "## Types\n",
    ]
    lines += table(
        COLUMNS,
        (
            (
                f"{kind.value} {kind.name}",
                plan.work,
                plan.signs,
                *map(_yes, (plan.observes, plan.ticks, plan.gated, plan.any_stake)),
            )
            for kind, plan in PLANS.items()
        ),
    )
    lines += [
        'A threshold of 0, `"none"` in Python, asks for any positive stake.\n',
        "## A phase's statuses\n",
    ]
    lines += _diagram(TRANSITIONS, PhaseStatus.PENDING)
    lines += table(("number", "status", "meaning"), _members(PhaseStatus))
    lines += [
        COMPUTED.format(open=" or ".join(sorted(status.name for status in execution.OPEN))),
        "## An execution's statuses\n",
    ]
    lines += _diagram(EXECUTION_TRANSITIONS, ExecutionStatus.NONE)
    lines += table(("number", "status", "meaning"), _members(ExecutionStatus))
    lines += [
        "## After a missed deadline\n",
        f"{one_line(after_deadline.__doc__).partition('.')[0]}. {TOLD}",
        *(f"{place}. **{one.name}**: {one.value}." for place, one in enumerate(AfterDeadline, 1)),
        "",
        "## Failure policies\n",
        f"{one_line(FailurePolicy.__doc__)}\n",
    ]
    lines += table(("number", "policy", "meaning"), _members(FailurePolicy))
    lines += ["## Who opens a gate\n", f"{one_line(TriggerMode.__doc__)}\n"]
    lines += table(("number", "mode", "meaning"), _members(TriggerMode))
    lines += ["## Limits\n"]
    lines += table(("of", "at most", "why", "name"), _limits())
    return "\n".join(lines)


def _yes(holds: bool) -> str:
    return "yes" if holds else "–"


def _diagram(steps: Mapping[S, frozenset[S]], first: S) -> list[str]:
    ends: list[S] = [before for before, after in steps.items() if not after]
    return [
        "```mermaid",
        "stateDiagram-v2",
        f"    [*] --> {first.name}",
        *(
            f"    {before.name} --> {after.name}"
            for before, later in steps.items()
            for after in sorted(later)
        ),
        *(f"    {end.name} --> [*]" for end in ends),
        "```\n",
    ]


def _members(statuses: type[IntEnum]) -> Iterator[tuple[object, ...]]:
    words = attribute_words(statuses)
    for one in statuses:
        yield one.value, one.name, words.get(one.name, "As its name says.")


def _limits() -> Iterator[tuple[str, ...]]:
    for module, name, what in LIMITS:
        yield what, f"{getattr(module, name):,}", attribute_words(module).get(name, ""), f"`{name}`"
