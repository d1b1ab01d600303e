"""Subjects and streams: where each message travels. Both directions of a subject's text are in its class.

    phase.<set>.<execution>.<phase>                  PhaseRequest    ┐ stream PHASES
    task.<set>.<hash>                                PhaseRequest    │
    propose.<set>.<execution>.<phase>                Proposal        │
    tick.<set>.<execution>.<phase>                   TickCertificate │
    series.<set>.<execution>.<phase>                 SeriesProposal  ┘
    observe.<set>.<execution>.<phase>.<operator>     Observation     ┐
    attest.<set>.<execution>.<phase>.<operator>      Attestation     │ stream RESPONSES
    refuse.<set>.<execution>.<phase>.<operator>      Refusal         ┘

<set> is the AVS's address in lower-case hexadecimal without 0x, a hyphen, and the operator set's number; <execution>
64 hexadecimal digits; <phase> decimal; <operator> 40 hexadecimal digits. With an operator's own token at the end, a
bus permission of one line keeps it from speaking for others. A TaskMailbox task is asked for by its hash; it is
answered like phase 0 of an execution of that id.
"""

from dataclasses import asdict, dataclass
from typing import Any

from hourglass.certificate.slots import Kind
from hourglass.errors import DecodeError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, ExecutionId, OperatorSetId, PhaseIndex
from messages.requests import PhaseRequest, Proposal, SeriesProposal, TickCertificate
from messages.responses import Attestation, Observation, Refusal
from messages.wire import MAX_MESSAGE_BYTES, Message

VERB_OF = {
    PhaseRequest: "phase",
    Proposal: "propose",
    TickCertificate: "tick",
    SeriesProposal: "series",
    Observation: "observe",
    Attestation: "attest",
    Refusal: "refuse",
}
TASK_VERB = "task"
REQUEST_VERBS = ("phase", TASK_VERB, "propose", "tick", "series")
RESPONSE_VERBS = ("observe", "attest", "refuse")


@dataclass(frozen=True, slots=True)
class Subject:
    """Where one message travels. `operator` is None for what aggregators say."""

    verb: str
    operator_set: OperatorSetId
    execution_id: ExecutionId
    phase_index: PhaseIndex
    operator: Address | None = None

    def __str__(self) -> str:
        tokens = [self.verb, set_token(self.operator_set), self.execution_id.hex()]
        if self.verb != TASK_VERB:
            tokens.append(str(self.phase_index))
        return ".".join(tokens if self.operator is None else [*tokens, self.operator.hex()])

    @classmethod
    def parse(cls, subject: str) -> "Subject":
        """From its text. Raises DecodeError(SUBJECT_MISMATCH) for a subject that no message has."""
        verb, *tokens = subject.split(".")
        try:
            if verb in RESPONSE_VERBS:
                set_, execution, phase, operator = tokens
                who: Address | None = Address(bytes.fromhex(operator))
            elif verb == TASK_VERB:
                set_, execution = tokens
                phase, who = "0", None
            elif verb in REQUEST_VERBS:
                set_, execution, phase = tokens
                who = None
            else:
                raise ValueError("unknown verb")
            avs, _, number = set_.partition("-")
            parsed = cls(
                verb,
                OperatorSetId(Address(bytes.fromhex(avs)), int(number)),
                ExecutionId(bytes.fromhex(execution)),
                PhaseIndex(int(phase)),
                who,
            )
        except ValueError as error:
            raise DecodeError(Reason.SUBJECT_MISMATCH, f"No message has the subject {subject!r}.") from error
        if str(parsed) != subject:
            raise DecodeError(Reason.SUBJECT_MISMATCH, f"The subject {subject!r} is not in its one form.")
        return parsed


def subject_of(message: Message) -> Subject:
    """The one subject on which this message may travel."""
    match message:
        case PhaseRequest() | Proposal() | TickCertificate() | SeriesProposal():
            operator = None
        case Observation() | Attestation() | Refusal():
            operator = message.operator
    slot = message.slot
    asks_for_task = isinstance(message, PhaseRequest) and slot.kind is Kind.TASK
    verb = TASK_VERB if asks_for_task else VERB_OF[type(message)]
    return Subject(verb, message.operator_set, slot.execution_id, slot.phase_index, operator)


def check_subject(message: Message, subject: str) -> None:
    """Raise DecodeError(SUBJECT_MISMATCH) unless the message says what the subject it came on says."""
    if Subject.parse(subject) != subject_of(message):
        raise DecodeError(Reason.SUBJECT_MISMATCH, f"It came on {subject}.")


def set_token(operator_set: OperatorSetId) -> str:
    """An operator set as one token of a subject."""
    return f"{operator_set.avs.hex()}-{operator_set.number}"


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """A stream as plain data, for the bus to apply."""

    name: str
    subjects: tuple[str, ...]
    max_age_s: int
    max_bytes: int
    max_message_bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Its fields by name."""
        return asdict(self)


MAX_AGE_S = 24 * 3_600
"""Nothing on the bus is the truth, so a day is plenty: what is older is asked for again."""
MAX_STREAM_BYTES = 1024 * 1024 * 1024

PHASES = StreamPlan(
    "PHASES",
    tuple(f"{verb}.>" for verb in REQUEST_VERBS),
    MAX_AGE_S,
    MAX_STREAM_BYTES,
    MAX_MESSAGE_BYTES,
)
RESPONSES = StreamPlan(
    "RESPONSES",
    tuple(f"{verb}.>" for verb in RESPONSE_VERBS),
    MAX_AGE_S,
    MAX_STREAM_BYTES,
    MAX_MESSAGE_BYTES,
)
STREAMS = (PHASES, RESPONSES)


def requests_filter(operator_sets: tuple[OperatorSetId, ...]) -> tuple[str, ...]:
    """What an agent of these operator sets hears."""
    return tuple(f"{verb}.{set_token(one)}.>" for one in operator_sets for verb in REQUEST_VERBS)


def responses_filter() -> tuple[str, ...]:
    """What an aggregator hears: everything that agents say."""
    return RESPONSES.subjects
