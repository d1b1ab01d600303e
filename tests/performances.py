"""Work for performers: plain tasks and phases."""

from dataclasses import replace
from typing import Any

import samples

from agent.performers.port import Work
from hourglass.certificate.slots import Kind
from hourglass.workflow.identifiers import Attempt, ChainTime, ExecutionId, PhaseIndex, Tick
from hourglass.workflow.phases import PhaseType

TASK_HASH = ExecutionId(bytes(range(32)))


def task(payload: bytes, **changes: Any) -> Work:
    """A plain task."""
    made = Work(
        definition_hash=bytes(32),
        execution_id=TASK_HASH,
        phase_index=PhaseIndex(0),
        phase_name="task",
        phase_type=PhaseType.IMMEDIATE,
        metadata=b"",
        attempt=Attempt(0),
        tick=Tick(0),
        payload=payload,
        results=(),
        trigger_data=None,
        operator=samples.OPERATORS[0],
        deadline=ChainTime(2_000_000_000),
        kind=Kind.TASK,
    )
    return replace(made, **changes)


def phase(phase_type: PhaseType = PhaseType.IMMEDIATE, **changes: Any) -> Work:
    """A phase's first attempt."""
    made = task(b"payload", kind=Kind.PHASE, attempt=Attempt(1), phase_type=phase_type, phase_name="work")
    return replace(made, **changes)


def word(value: int) -> bytes:
    """As handlers encode an integer."""
    return value.to_bytes(32, "big", signed=True)
