"""What both contracts hold, and their rules about it that change nothing: tables, certificates, refusals. Pure.

The twin's state is one frozen value per block, so a reorg is nothing but going back to an earlier one. Refusals carry
the contract's own error names and fields.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hourglass.bls.curve import Backend
from hourglass.bls.signatures import default_backend
from hourglass.certificate.certificates import Certificate
from hourglass.certificate.curves import AnyCertificate, AnyTable, verify_any
from hourglass.certificate.quorum import FULL
from hourglass.chain.refusals import reason_of
from hourglass.chain.tasks import TaskCreated, TaskHash, TaskStatus, TaskVerified
from hourglass.errors import PointError, RefusedError, RevertedError
from hourglass.workflow.definition import RegisteredWorkflow
from hourglass.workflow.execution import Execution
from hourglass.workflow.identifiers import (
    Address,
    BasisPoints,
    BlockNumber,
    ChainId,
    ChainTime,
    ExecutionId,
    MessageHash,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    StakeWeight,
    WorkflowId,
)


@dataclass(frozen=True, slots=True)
class Home:
    """Where the state machine stands, and for whom. Set once, as `initialize` sets it."""

    chain_id: ChainId
    state_machine: Address
    avs: Address
    admin: Address
    backend: Backend = field(default_factory=default_backend, compare=False)


@dataclass(frozen=True, slots=True)
class Span:
    """When an execution started, and when it ends at the latest; None: no overall deadline."""

    started_at: ChainTime
    deadline: ChainTime | None


@dataclass(frozen=True, slots=True)
class Opening:
    """When and in which block a phase's latest attempt started."""

    at: ChainTime
    block: BlockNumber


@dataclass(frozen=True, slots=True)
class KeptTask:
    """A task as the mailbox keeps it, with the blocks in which it was created and answered."""

    created: TaskCreated
    created_in: BlockNumber
    created_at: ChainTime
    threshold: BasisPoints | None
    verified: TaskVerified | None = None
    verified_in: BlockNumber = BlockNumber(-1)

    def status_at(self, now: ChainTime) -> TaskStatus:
        """EXPIRED follows from the clock."""
        if self.verified is not None:
            return TaskStatus.VERIFIED
        return TaskStatus.EXPIRED if now > self.created.deadline else TaskStatus.CREATED


@dataclass(frozen=True, slots=True)
class ContractState:
    """All that both contracts hold after one block."""

    aggregators: tuple[Address, ...]
    creators: frozenset[Address]
    pausers: frozenset[Address]
    trigger_sources: frozenset[Address]
    """Those of every workflow; a workflow may authorise more."""
    paused: bool = False
    workflows: Mapping[WorkflowId, RegisteredWorkflow] = field(default_factory=dict)
    versions: Mapping[tuple[Address, str], int] = field(default_factory=dict)
    executions: Mapping[ExecutionId, Execution] = field(default_factory=dict)
    spans: Mapping[ExecutionId, Span] = field(default_factory=dict)
    openings: Mapping[tuple[ExecutionId, PhaseIndex], Opening] = field(default_factory=dict)
    tables: Mapping[OperatorSetId, tuple[AnyTable, ...]] = field(default_factory=dict)
    """Oldest first: the last is the one that phases pin, and its staleness is the set's."""
    tasks: Mapping[TaskHash, KeptTask] = field(default_factory=dict)
    """The mailbox', in the order of their creation."""

    def table(self, operator_set: OperatorSetId, timestamp: ReferenceTimestamp) -> AnyTable | None:
        """A published table."""
        known = self.tables.get(operator_set, ())
        return next((table for table in known if table.reference_timestamp == timestamp), None)


def refusal(name: str, *fields: object) -> RevertedError:
    """The contract's answer is no, with this custom error."""
    shown = ", ".join(_shown(one) for one in fields)
    return RevertedError(reason_of(name, fields), name, f"{name}({shown})")


# ── Tables ────────────────────────────────────────────────────────────────────────────────────────────


def newest_table(state: ContractState, operator_set: OperatorSetId, required_stake: int) -> AnyTable:
    """The table that a phase would pin. Raises RevertedError if there is none, or it holds too little stake."""
    tables = state.tables.get(operator_set, ())
    if not tables:
        raise refusal("TableMissing", operator_set.avs, operator_set.number)
    total = tables[-1].total_weights[0]
    if total < max(required_stake, 1):
        raise refusal("RequiredStakeNotMet", required_stake, total)
    return tables[-1]


def require_fresh(table: AnyTable, deadline: ChainTime) -> None:
    """Raises RevertedError if the table goes stale before the deadline."""
    fresh_until = table.reference_timestamp + table.max_staleness_s
    if table.max_staleness_s and deadline > fresh_until:
        raise refusal("TableStale", deadline, fresh_until)


# ── Certificates ──────────────────────────────────────────────────────────────────────────────────────


def require_about(certificate: AnyCertificate, pinned: ReferenceTimestamp, expected: MessageHash) -> None:
    """Is it for the pinned table and this very result, and signed by anybody at all? Raises RevertedError."""
    if certificate.reference_timestamp != pinned:
        raise refusal("InvalidReferenceTimestamp", pinned, certificate.reference_timestamp)
    if certificate.message_hash != expected:
        raise refusal("InvalidMessageHash", expected, certificate.message_hash)
    if not isinstance(certificate, Certificate):
        if not certificate.signatures:
            raise refusal("EmptyCertificate")
        return
    if certificate.signature.is_identity or certificate.apk.is_identity:
        raise refusal("EmptyCertificate")
    try:
        certificate.signature.check()
    except PointError as error:
        raise refusal("InvalidPoint", certificate.signature.x, certificate.signature.y) from error


def verified_weights(
    state: ContractState,
    operator_set: OperatorSetId,
    certificate: AnyCertificate,
    now: ChainTime,
    backend: Backend,
) -> tuple[Sequence[StakeWeight], Sequence[StakeWeight]]:
    """Signed and total weights, as the verifier answers. Raises RevertedError as it reverts."""
    table = state.table(operator_set, certificate.reference_timestamp)
    if table is None:
        raise refusal("ReferenceTimestampDoesNotExist")
    staleness = state.tables[operator_set][-1].max_staleness_s
    if staleness and now > table.reference_timestamp + staleness:
        raise refusal("CertificateStale")
    try:
        if isinstance(certificate, Certificate):
            certificate.apk.check(backend)
        return verify_any(certificate, table, backend), table.total_weights
    except PointError as error:
        raise refusal("VerificationFailed") from error
    except RefusedError as error:
        raise refusal(error.detail) from error


def require_quorum(
    signed: Sequence[StakeWeight], total: Sequence[StakeWeight], threshold: BasisPoints
) -> None:
    """Enough stake in every column, and more than nothing in the first? Raises RevertedError."""
    if signed[0] == 0:
        raise refusal("NoStakeSigned")
    for column, (have, whole) in enumerate(zip(signed, total, strict=True)):
        if have * FULL < threshold * whole:
            raise refusal("ThresholdNotMet", column, have, whole, threshold)


def _shown(value: object) -> str:
    match value:
        case Address():
            return str(value)
        case bytes():
            return "0x" + value.hex()
        case bool() | int():
            return str(int(value))
        case _:
            return str(value)
