"""What can happen to a state machine, as values.

Whom an action is about is a number, so that a story still makes sense when others of its actions are left out.
"""

from dataclasses import dataclass
from enum import Enum, auto

from hourglass.certificate.ecdsa import address_of
from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.identifiers import Address, OperatorSetId, WorkflowId
from hourglass.workflow.triggers import chain_event

SECRETS = (b"\x31" * 32, b"\x32" * 32, b"\x33" * 32)
SIGNERS = tuple(sorted(map(address_of, SECRETS)))
EMITTER = Address(b"\xee" * 20)
SEEN = chain_event(EMITTER, "Seen(uint256)", 5)
SHORT_S, LONG_S = 60, 120
NOBODYS = WorkflowId(b"\x07" * 32)
NO_PHASE, NOBODY = 14, 15
"""Numbers that mean a phase, an execution or a workflow that is not there."""


class Who(Enum):
    """The admin has every role; the other one is a source of some workflows, and nothing else."""

    ADMIN = auto()
    STRANGER = auto()


class When(Enum):
    """How much time passes before an action, and with it."""

    SOON = auto()
    LATER = auto()
    AT_DEADLINE = auto()
    AFTER_DEADLINE = auto()
    AT_THE_END = auto()
    """Of the execution, if that has one."""


class Flaw(Enum):
    """What is wrong with a certificate."""

    NONE = auto()
    OTHER_RESULT = auto()
    OTHER_ATTEMPT = auto()
    OTHER_INPUTS = auto()
    NEWEST_TABLE = auto()
    NOBODY_SIGNED = auto()


class Data(Enum):
    """What a trigger brings; fitting: what the phase's condition waits for."""

    FITTING = auto()
    NOTHING = auto()
    LOW_PRICE = auto()
    HIGH_PRICE = auto()
    HIGH_AND_NOTHING = auto()
    OTHER_APPROVALS = auto()
    GARBAGE = auto()
    TOO_MUCH = auto()


@dataclass(frozen=True, slots=True)
class Rest:
    """A second passes: what an action shrinks to that a failure does not need."""


@dataclass(frozen=True, slots=True)
class Register:
    definition: WorkflowDefinition
    own_source: bool
    by: Who = Who.ADMIN
    value_wei: int = 0


@dataclass(frozen=True, slots=True)
class Execute:
    workflow: int
    """From the newest on."""
    payload: int = 5
    by: Who = Who.ADMIN
    value_wei: int = 0


@dataclass(frozen=True, slots=True)
class Submit:
    phase: int
    signers: tuple[int, ...] | None
    round: int
    result: int
    flaw: Flaw
    when: When


@dataclass(frozen=True, slots=True)
class Pull:
    """A trigger."""

    phase: int
    data: Data
    by: Who
    when: When


@dataclass(frozen=True, slots=True)
class TimeOut:
    phase: int
    when: When


@dataclass(frozen=True, slots=True)
class Cancel:
    execution: int
    by: Who


@dataclass(frozen=True, slots=True)
class Pause:
    """Or its end."""

    paused: bool
    by: Who
    lasts: int
    """So many more actions, then the admin ends it."""


@dataclass(frozen=True, slots=True)
class Upgrade:
    pass


@dataclass(frozen=True, slots=True)
class Republish:
    operator_set: OperatorSetId
    weights: tuple[tuple[int, ...], ...]
    staleness_s: int
    then: Execute | Register | None
    """In the very next second, when it may just be fresh enough."""


NEXT_RUN = Execute(0)

Action = Rest | Register | Execute | Submit | Pull | TimeOut | Cancel | Pause | Upgrade | Republish
