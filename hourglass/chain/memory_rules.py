"""What the contracts would do: the state machine's and the operator table's rules on plain values. Pure.

The twin's state is one frozen value per block, so a reorg is nothing but going back to an earlier one. Refusals carry
the contract's own error names, except for definitions: there only the reason is the contract's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from hourglass.bls.curve import Backend
from hourglass.bls.signatures import default_backend
from hourglass.certificate.certificates import Certificate, verify_certificate
from hourglass.certificate.digests import (
    definition_hash,
    execution_id,
    inputs_hash,
    phase_message_hash,
    workflow_id,
)
from hourglass.certificate.operators import OperatorTable
from hourglass.certificate.quorum import FULL
from hourglass.certificate.slots import Slot
from hourglass.chain.port import Call, CheckPhaseTimeout, ExecuteWorkflow, RegisterWorkflow, SubmitPhaseResult
from hourglass.chain.refusals import reason_of
from hourglass.errors import DefinitionError, PointError, RefusedError, RevertedError
from hourglass.workflow.definition import (
    MAX_PAYLOAD_BYTES,
    MAX_RESULT_BYTES,
    RegisteredWorkflow,
    WorkflowDefinition,
    validate,
)
from hourglass.workflow.events import (
    PhaseCompleted,
    PhaseFailed,
    PhaseStarted,
    PhaseTimedOut,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowExecutionStarted,
    WorkflowFailed,
    WorkflowRegistered,
)
from hourglass.workflow.execution import (
    Execution,
    ExecutionEvent,
    ExecutionStatus,
    PhaseState,
    PhaseStatus,
    apply,
    startable,
)
from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    ChainId,
    ChainTime,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    Round,
    StakeWeight,
    Tick,
    WorkflowId,
)
from hourglass.workflow.phases import PLANS

FIRST_ATTEMPT = Attempt(1)
ONLY_TICK = Tick(0)
ONLY_ROUND = Round(0)


@dataclass(frozen=True, slots=True)
class Home:
    """Where the state machine stands, and for whom. Set once, as `initialize` sets it."""

    chain_id: ChainId
    state_machine: Address
    avs: Address
    admin: Address
    backend: Backend = field(default_factory=default_backend, compare=False)


@dataclass(frozen=True, slots=True)
class ContractState:
    """All that both contracts hold after one block."""

    aggregators: tuple[Address, ...]
    creators: frozenset[Address]
    workflows: Mapping[WorkflowId, RegisteredWorkflow] = field(default_factory=dict)
    versions: Mapping[tuple[Address, str], int] = field(default_factory=dict)
    executions: Mapping[ExecutionId, Execution] = field(default_factory=dict)
    started_at: Mapping[ExecutionId, ChainTime] = field(default_factory=dict)
    tables: Mapping[OperatorSetId, tuple[OperatorTable, ...]] = field(default_factory=dict)
    """Oldest first: the last is the one that phases pin."""

    def table(self, operator_set: OperatorSetId, timestamp: ReferenceTimestamp) -> OperatorTable | None:
        """A published table."""
        known = self.tables.get(operator_set, ())
        return next((table for table in known if table.reference_timestamp == timestamp), None)


def refusal(name: str, *fields: object) -> RevertedError:
    """The contract's answer is no, with this custom error."""
    shown = ", ".join(_shown(one) for one in fields)
    return RevertedError(reason_of(name, fields), name, f"{name}({shown})")


@dataclass(slots=True)
class Performance:
    """One call, performed on a copy. `state` and `events` count only if `perform` returns."""

    home: Home
    state: ContractState
    now: ChainTime
    sender: Address
    events: list[WorkflowEvent] = field(default_factory=list)

    def perform(self, call: Call) -> None:
        """Raises RevertedError where the contract reverts."""
        match call:
            case RegisterWorkflow(definition):
                self._register(definition)
            case ExecuteWorkflow(workflow, payload):
                self._execute(workflow, payload)
            case SubmitPhaseResult():
                self._submit(call)
            case CheckPhaseTimeout(execution, phase_index):
                self._time_out(execution, phase_index)

    # ── Workflows and executions ──────────────────────────────────────────────────────────────────────

    def _register(self, definition: WorkflowDefinition) -> None:
        if self.sender not in self.state.creators:
            raise refusal("AccessControlUnauthorizedAccount", self.sender, "WORKFLOW_CREATOR_ROLE")
        try:
            validate(definition)
        except DefinitionError as error:
            raise RevertedError(error.reason, "InvalidDefinition", error.detail) from error
        version = self.state.versions.get((self.sender, definition.name), 0) + 1
        hash_ = definition_hash(definition)
        found = workflow_id(
            self.home.chain_id, self.home.state_machine, self.sender, definition.name, version
        )
        workflow = RegisteredWorkflow(found, self.sender, version, hash_, self.home.avs, definition)
        self.state = replace(
            self.state,
            workflows={**self.state.workflows, found: workflow},
            versions={**self.state.versions, (self.sender, definition.name): version},
        )
        self.events.append(WorkflowRegistered(found, self.sender, definition.name, version, hash_))

    def _execute(self, which: WorkflowId, payload: bytes) -> None:
        workflow = self.state.workflows.get(which)
        if workflow is None:
            raise refusal("UnknownWorkflow", which)
        if len(payload) > MAX_PAYLOAD_BYTES:
            raise refusal("PayloadTooLarge", MAX_PAYLOAD_BYTES, len(payload))
        number = len(self.state.executions) + 1
        started = execution_id(
            self.home.chain_id, self.home.state_machine, which, number, self.sender, payload
        )
        self.state = replace(self.state, started_at={**self.state.started_at, started: self.now})
        self._emit(WorkflowExecutionStarted(started, which, self.sender, payload))
        for index in startable(self.state.executions[started], workflow.definition):
            problem = self._start(started, index)
            if problem is not None:
                raise problem

    # ── Phases ────────────────────────────────────────────────────────────────────────────────────────

    def _start(self, which: ExecutionId, index: PhaseIndex) -> RevertedError | None:
        """Open a phase; or why it cannot be."""
        execution, workflow = self._known(which, index)
        phase, operator_set = workflow.definition.phases[index], workflow.operator_set(index)
        tables = self.state.tables.get(operator_set, ())
        if not tables:
            return refusal("TableMissing", operator_set.avs, operator_set.number)
        table, deadline = tables[-1], ChainTime(self.now + phase.timeout_s)
        fresh_until = table.reference_timestamp + table.max_staleness_s
        if table.max_staleness_s and deadline > fresh_until:
            return refusal("TableStale", deadline, fresh_until)
        if table.total_weights[0] < max(phase.required_stake, 1):
            return refusal("RequiredStakeNotMet", phase.required_stake, table.total_weights[0])
        inputs = inputs_hash(execution.payload, execution.results(phase.dependencies))
        self._emit(
            PhaseStarted(
                which, index, FIRST_ATTEMPT, operator_set, table.reference_timestamp, deadline, inputs
            )
        )
        return None

    def _submit(self, call: SubmitPhaseResult) -> None:
        execution, workflow = self._known(call.execution_id, call.phase_index)
        started = self._active(execution, call.phase_index)
        definition = workflow.definition.phases[call.phase_index]
        if self.now > started.deadline:
            raise refusal("DeadlinePassed", started.deadline, self.now)
        if len(call.result) > MAX_RESULT_BYTES:
            raise refusal("ResultTooLarge", MAX_RESULT_BYTES, len(call.result))
        if call.round != ONLY_ROUND and not PLANS[definition.phase_type].observes:
            raise refusal("InvalidRound", ONLY_ROUND, call.round)
        self._check_about(call, started)
        signed, total = self._verified(call.certificate, started)
        if signed[0] == 0:
            raise refusal("NoStakeSigned")
        for column, (have, whole) in enumerate(zip(signed, total, strict=True)):
            if have * FULL < definition.consensus_threshold * whole:
                raise refusal("ThresholdNotMet", column, have, whole, definition.consensus_threshold)
        self._emit(
            PhaseCompleted(
                call.execution_id,
                call.phase_index,
                started.attempt,
                call.round,
                call.result,
                signed[0],
                total[0],
                self.sender,
            )
        )
        self._advance(call.execution_id, workflow.definition)

    def _check_about(self, call: SubmitPhaseResult, started: PhaseStarted) -> None:
        certificate = call.certificate
        slot = Slot(
            self.home.chain_id,
            self.home.state_machine,
            call.execution_id,
            call.phase_index,
            started.attempt,
            ONLY_TICK,
            call.round,
        )
        expected = phase_message_hash(slot, started.operator_set, started.inputs_hash, call.result)
        pinned = started.reference_timestamp
        if certificate.reference_timestamp != pinned:
            raise refusal("InvalidReferenceTimestamp", pinned, certificate.reference_timestamp)
        if certificate.message_hash != expected:
            raise refusal("InvalidMessageHash", expected, certificate.message_hash)
        if certificate.signature.is_identity or certificate.apk.is_identity:
            raise refusal("EmptyCertificate")

    def _verified(
        self, certificate: Certificate, started: PhaseStarted
    ) -> tuple[Sequence[StakeWeight], Sequence[StakeWeight]]:
        """Signed and total weights, as the verifier answers."""
        table = self.state.table(started.operator_set, started.reference_timestamp)
        if table is None:
            raise refusal("ReferenceTimestampDoesNotExist")
        if table.max_staleness_s and self.now > table.reference_timestamp + table.max_staleness_s:
            raise refusal("CertificateStale")
        try:
            certificate.signature.check()
        except PointError as error:
            raise refusal("InvalidPoint", certificate.signature.x, certificate.signature.y) from error
        try:
            certificate.apk.check(self.home.backend)
            return verify_certificate(certificate, table, self.home.backend), table.total_weights
        except PointError as error:
            raise refusal("VerificationFailed") from error
        except RefusedError as error:
            raise refusal(error.detail) from error

    def _advance(self, which: ExecutionId, definition: WorkflowDefinition) -> None:
        """Start what waited for nothing else; the first that cannot start ends the execution."""
        for index in startable(self.state.executions[which], definition):
            problem = self._start(which, index)
            if problem is not None:
                self._emit(PhaseFailed(which, index, FIRST_ATTEMPT, problem.error_name))
                self._emit(WorkflowFailed(which, index))
                return
        execution = self.state.executions[which]
        indices = map(PhaseIndex, range(len(definition.phases)))
        if all(execution.phase(index).status is PhaseStatus.COMPLETED for index in indices):
            self._emit(WorkflowCompleted(which))

    def _time_out(self, which: ExecutionId, index: PhaseIndex) -> None:
        execution, _ = self._known(which, index)
        started = self._active(execution, index)
        if self.now <= started.deadline:
            raise refusal("DeadlineNotPassed", started.deadline, self.now)
        self._emit(PhaseTimedOut(which, index, started.attempt, started.deadline))
        self._emit(WorkflowFailed(which, index))

    # ── How ───────────────────────────────────────────────────────────────────────────────────────────

    def _known(self, which: ExecutionId, index: PhaseIndex) -> tuple[Execution, RegisteredWorkflow]:
        execution = self.state.executions.get(which)
        if execution is None:
            raise refusal("UnknownExecution", which)
        workflow = self.state.workflows[execution.workflow_id]
        if not 0 <= index < len(workflow.definition.phases):
            raise refusal("UnknownPhase", which, index)
        return execution, workflow

    def _active(self, execution: Execution, index: PhaseIndex) -> PhaseStarted:
        phase: PhaseState = execution.phase(index)
        if phase.status is not PhaseStatus.ACTIVE or phase.started is None:
            raise refusal("PhaseNotActive", phase.status)
        if execution.status is not ExecutionStatus.RUNNING:
            raise refusal("ExecutionNotRunning", execution.status)
        return phase.started

    def _emit(self, event: ExecutionEvent) -> None:
        before = self.state.executions.get(event.execution_id)
        after = apply(before, event)
        self.state = replace(self.state, executions={**self.state.executions, after.execution_id: after})
        self.events.append(event)


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
