"""What the contract would do: one call, performed by the state machine's rules on plain values. Pure.

It follows `WorkflowStateMachine` where order shows: which refusal comes first. What a call leads to is in
`memory_progress`.
"""

from dataclasses import dataclass, replace

from hourglass.certificate.digests import (
    approval_digest,
    definition_hash,
    execution_id,
    phase_message_hash,
    triggered_inputs_hash,
    workflow_id,
)
from hourglass.certificate.ecdsa import recover_signer
from hourglass.certificate.slots import ObservationSlot
from hourglass.chain.memory_progress import Progress
from hourglass.chain.memory_rules import (
    Span,
    newest_table,
    refusal,
    require_about,
    require_quorum,
    verified_weights,
)
from hourglass.chain.memory_tasks import answered
from hourglass.chain.port import (
    Call,
    CallContract,
    CancelExecution,
    CheckPhaseTimeout,
    ExecuteWorkflow,
    RegisterWorkflow,
    SetPaused,
    SubmitPhaseResult,
    SubmitTaskResult,
    Trigger,
)
from hourglass.errors import DefinitionError, RevertedError
from hourglass.workflow.definition import (
    MAX_PAYLOAD_BYTES,
    MAX_RESULT_BYTES,
    MAX_STORED_RESULT_BYTES,
    MAX_TRIGGER_DATA_BYTES,
    RegisteredWorkflow,
)
from hourglass.workflow.events import (
    ConditionalTriggerActivated,
    PhaseCompleted,
    PhaseSkipped,
    PhaseStarted,
    PhaseTimedOut,
    WorkflowCancelled,
    WorkflowExecutionStarted,
    WorkflowFailed,
    WorkflowRegistered,
)
from hourglass.workflow.execution import (
    OPEN,
    Execution,
    ExecutionStatus,
    PhaseStatus,
    startable,
)
from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    ChainTime,
    Digest,
    ExecutionId,
    PhaseIndex,
    Round,
    Tick,
)
from hourglass.workflow.phases import PLANS
from hourglass.workflow.recovery import AfterDeadline, after_deadline
from hourglass.workflow.triggers import Facts, TriggerDataError, decode, holds
from hourglass.workflow.validation import validate

MAX_TRIGGERS = 16
"""A workflow's own authorised trigger sources."""
WHOLE_PHASE = Tick(0)
ONLY_ROUND = Round(0)


@dataclass(slots=True)
class Performance(Progress):
    """One call, performed. What it changed counts only if `perform` returns."""

    def perform(self, call: Call) -> None:
        """Raises RevertedError where the contract reverts."""
        match call:
            case RegisterWorkflow():
                self._register(call)
            case ExecuteWorkflow():
                self._execute(call)
            case SubmitPhaseResult():
                self._submit(call)
            case SubmitTaskResult():
                self.state = answered(self.state, self.home, self.block, self.sender, call)
            case CheckPhaseTimeout(execution, phase_index):
                self._time_out(execution, phase_index)
            case Trigger():
                self._trigger(call)
            case CancelExecution(execution):
                self._cancel(execution)
            case SetPaused(paused):
                self._set_paused(paused)
            case CallContract():
                pass  # There is no other contract here, and calling an address without code does nothing.

    # ── Workflows and executions ──────────────────────────────────────────────────────────────────────

    def _register(self, call: RegisterWorkflow) -> None:
        self._require_unpaused()
        if self.sender not in self.state.creators:
            raise refusal("AccessControlUnauthorizedAccount", self.sender, "WORKFLOW_CREATOR_ROLE")
        _require_no_value(call.value_wei)
        definition = call.definition
        try:
            validate(definition)
        except DefinitionError as error:
            if not error.rule:
                raise
            raise RevertedError(error.reason, error.rule, error.detail) from error
        if len(call.authorized_triggers) > MAX_TRIGGERS:
            raise refusal("TooManyTriggers", MAX_TRIGGERS, len(call.authorized_triggers))
        version = self.state.versions.get((self.sender, definition.name), 0) + 1
        workflow = RegisteredWorkflow(
            workflow_id(self.home.chain_id, self.home.state_machine, self.sender, definition.name, version),
            self.sender,
            version,
            definition_hash(definition),
            self.home.avs,
            call.authorized_triggers,
            definition,
        )
        self._require_tables(workflow, lasting=True)
        self.state = replace(
            self.state,
            workflows={**self.state.workflows, workflow.workflow_id: workflow},
            versions={**self.state.versions, (self.sender, definition.name): version},
        )
        self.events.append(
            WorkflowRegistered(
                workflow.workflow_id, self.sender, definition.name, version, workflow.definition_hash
            )
        )

    def _execute(self, call: ExecuteWorkflow) -> None:
        self._require_unpaused()
        _require_no_value(call.value_wei)
        workflow = self.state.workflows.get(call.workflow_id)
        if workflow is None:
            raise refusal("UnknownWorkflow", call.workflow_id)
        if len(call.payload) > MAX_PAYLOAD_BYTES:
            raise refusal("PayloadTooLarge", MAX_PAYLOAD_BYTES, len(call.payload))
        self._require_tables(workflow, lasting=False)
        started = execution_id(
            self.home.chain_id,
            self.home.state_machine,
            call.workflow_id,
            len(self.state.executions) + 1,
            self.sender,
            call.payload,
        )
        timeout = workflow.definition.execution_timeout_s
        span = Span(self.now, ChainTime(self.now + timeout) if timeout else None)
        self.state = replace(self.state, spans={**self.state.spans, started: span})
        self.emit(WorkflowExecutionStarted(started, call.workflow_id, self.sender, call.payload))
        for index in startable(self.state.executions[started], workflow.definition):
            self.start(started, index)

    def _cancel(self, which: ExecutionId) -> None:
        execution = self.execution(which)
        _require_running(execution)
        if self.sender != execution.initiator:
            raise refusal("NotTheInitiator", execution.initiator, self.sender)
        self.emit(WorkflowCancelled(which, self.sender))

    def _set_paused(self, paused: bool) -> None:
        if self.sender not in self.state.pausers:
            raise refusal("AccessControlUnauthorizedAccount", self.sender, "PAUSER_ROLE")
        if self.state.paused == paused:
            raise refusal("EnforcedPause" if paused else "ExpectedPause")
        self.state = replace(self.state, paused=paused)

    def _require_tables(self, workflow: RegisteredWorkflow, lasting: bool) -> None:
        """Every phase's operator set has a table with enough stake; `lasting`: one that could last its timeout."""
        for index, phase in enumerate(workflow.definition.phases):
            operator_set = workflow.operator_set(PhaseIndex(index))
            table = newest_table(self.state, operator_set, phase.required_stake)
            if lasting and 0 < table.max_staleness_s < phase.timeout_s:
                raise refusal("TimeoutExceedsStaleness", index, table.max_staleness_s, phase.timeout_s)

    # ── Open phases ───────────────────────────────────────────────────────────────────────────────────

    def _submit(self, call: SubmitPhaseResult) -> None:
        self._require_unpaused()
        execution, workflow = self.known(call.execution_id, call.phase_index)
        started = self._opened(execution, call.phase_index, frozenset({PhaseStatus.ACTIVE}))
        definition = workflow.definition.phases[call.phase_index]
        if self.now > started.deadline:
            raise refusal("DeadlinePassed", started.deadline, self.now)
        if len(call.result) > MAX_RESULT_BYTES:
            raise refusal("ResultTooLarge", MAX_RESULT_BYTES, len(call.result))
        if call.round != ONLY_ROUND and not PLANS[definition.phase_type].rounds:
            raise refusal("InvalidRound", ONLY_ROUND, call.round)
        slot = self._slot(call.execution_id, call.phase_index, started.attempt).in_round(call.round)
        expected = phase_message_hash(slot, started.operator_set, started.inputs_hash, call.result)
        require_about(call.certificate, started.reference_timestamp, expected)
        signed, total = verified_weights(
            self.state, started.operator_set, call.certificate, self.now, self.home.backend
        )
        require_quorum(signed, total, definition.consensus_threshold)
        self.emit(
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
        self.advance(call.execution_id)

    def _trigger(self, call: Trigger) -> None:
        self._require_unpaused()
        execution, workflow = self.known(call.execution_id, call.phase_index)
        if self.sender not in self.state.trigger_sources | set(workflow.authorized_triggers):
            raise refusal("NotATriggerSource", self.sender)
        _require_running(execution)
        phase = execution.phase(call.phase_index)
        if phase.status is not PhaseStatus.CONDITIONAL_WAITING or phase.started is None:
            raise refusal("PhaseNotWaiting", phase.status)
        if self.now > phase.started.deadline:
            raise refusal("DeadlinePassed", phase.started.deadline, self.now)
        if len(call.data) > MAX_TRIGGER_DATA_BYTES:
            raise refusal("TriggerDataTooLarge", MAX_TRIGGER_DATA_BYTES, len(call.data))
        if not self._holds(call, execution, workflow, phase.started.attempt):
            raise refusal("TriggerNotMet")
        self.emit(
            ConditionalTriggerActivated(
                call.execution_id,
                call.phase_index,
                phase.started.attempt,
                self.sender,
                call.data,
                triggered_inputs_hash(phase.started.inputs_hash, call.data),
            )
        )

    def _time_out(self, which: ExecutionId, index: PhaseIndex) -> None:
        execution, workflow = self.known(which, index)
        started = self._opened(execution, index, OPEN)
        if self.now <= started.deadline:
            raise refusal("DeadlineNotPassed", started.deadline, self.now)
        phase = workflow.definition.phases[index]
        then = after_deadline(phase, execution.phase(index), self.now, self.state.spans[which].deadline)
        if then is AfterDeadline.SKIP:
            self.emit(PhaseSkipped(which, index, started.attempt))
        else:
            self.emit(PhaseTimedOut(which, index, started.attempt, started.deadline))
        match then:
            case AfterDeadline.END_EXECUTION:
                self.emit(WorkflowFailed(which, index))
            case AfterDeadline.RETRY:
                self.start_or_fail(which, index)
            case AfterDeadline.FAIL:
                self.give_up(which, index)
            case AfterDeadline.SKIP:
                pass
        self.advance(which)

    # ── How ───────────────────────────────────────────────────────────────────────────────────────────

    def _require_unpaused(self) -> None:
        if self.state.paused:
            raise refusal("EnforcedPause")

    def _opened(
        self, execution: Execution, index: PhaseIndex, statuses: frozenset[PhaseStatus]
    ) -> PhaseStarted:
        phase = execution.phase(index)
        if phase.status not in statuses or phase.started is None:
            raise refusal("PhaseNotActive", phase.status)
        _require_running(execution)
        return phase.started

    def _slot(self, which: ExecutionId, index: PhaseIndex, attempt: Attempt) -> ObservationSlot:
        return ObservationSlot(
            self.home.chain_id, self.home.state_machine, which, index, attempt, WHOLE_PHASE
        )

    def _holds(
        self, call: Trigger, execution: Execution, workflow: RegisteredWorkflow, attempt: Attempt
    ) -> bool:
        """Does the phase's condition hold, by the contract's own view and this data?"""
        phase = workflow.definition.phases[call.phase_index]
        results = [result for _, result in execution.results(phase.dependencies)]
        present = [result is not None and len(result) <= MAX_STORED_RESULT_BYTES for result in results]
        facts = Facts(
            self.now,
            self.block.number,
            approval_digest(self._slot(call.execution_id, call.phase_index, attempt)),
            phase.dependencies,
            tuple(
                result if here and result is not None else b""
                for result, here in zip(results, present, strict=True)
            ),
            tuple(present),
        )
        condition = decode(phase.trigger_condition, phase.dependencies)
        try:
            return holds(condition, facts, call.data, _recover)
        except TriggerDataError as error:
            raise refusal("TriggerDataMalformed") from error


def _recover(digest: bytes, signature: bytes) -> Address | None:
    return recover_signer(Digest(digest), signature)


def _require_running(execution: Execution) -> None:
    if execution.status is not ExecutionStatus.RUNNING:
        raise refusal("ExecutionNotRunning", execution.status)


def _require_no_value(value_wei: int) -> None:
    if value_wei:
        raise refusal("UnexpectedValue", value_wei)
