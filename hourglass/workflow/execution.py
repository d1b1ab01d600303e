"""One run of a workflow, as a fold over what the contract says happened."""

from enum import IntEnum


class PhaseStatus(IntEnum):
    """Numbered as the contract numbers them. TIMED_OUT is computed from the deadline, never waited for."""

    PENDING = 0
    ACTIVE = 1
    COMPLETED = 2
    FAILED = 3
    CONDITIONAL_WAITING = 4
    TIMED_OUT = 5


class ExecutionStatus(IntEnum):
    """Numbered as the contract numbers them."""

    NONE = 0
    RUNNING = 1
    COMPLETED = 2
    FAILED = 3
