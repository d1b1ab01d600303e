"""What the contract would do: one call, performed by the state machine's rules on plain values. Pure.

It follows `WorkflowStateMachine` line by line where order shows: which refusal comes first, which event comes next.
"""

from dataclasses import dataclass, field, replace

from hourglass.certificate.digests import (
    approval_digest,
    definition_hash,
    execution_id,
    inputs_hash,
    phase_message_hash,
    triggered_inputs_hash,
    workflow_id,
)
from hourglass.certificate.ecdsa import recover_signer
from hourglass.certificate.slots import ObservationSlot
from hourglass.chain.memory_rules import (
    ContractState,
    Home,
    Opening,
    Span,
    newest_table,
    refusal,
    require_about,
    require_fresh,
    require_quorum,
    verified_weights,
)
from hourglass.chain.port import (
    Block,
    Call,
    CallContract,
    CancelExecution,
    CheckPhaseTimeout,
    ExecuteWorkflow,
    RegisterWorkflow,
    SetPaused,
    SubmitPhaseResult,
    Trigger,
)
from hourglass.errors import DefinitionError, RevertedError
from hourglass.workflow.definition import (
    MAX_PAYLOAD_BYTES,
    MAX_RESULT_BYTES,
    MAX_STORED_RESULT_BYTES,
    MAX_TRIGGER_DATA_BYTES,
    FailurePolicy,
    RegisteredWorkflow,
    TriggerMode,
)
from hourglass.workflow.events import (
    ConditionalTriggerActivated,
    ExecutionEvent,
    PhaseCompleted,
    PhaseFailed,
    PhaseFellBack,
    PhaseGivenUp,
    PhaseSkipped,
    PhaseStarted,
    PhaseTimedOut,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowExecutionStarted,
    WorkflowFailed,
    WorkflowRegistered,
)
from hourglass.workflow.execution import (
    OPEN,
    Execution,
    ExecutionStatus,
    PhaseStatus,
    apply,
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
class Performance:
    """One call, performed on a copy. `state` and `events` count only if `perform` returns."""

    home: Home
    state: ContractState
    block: Block
    """The block in which it is performed, or at whose end it is simulated."""
    sender: Address
    events: list[WorkflowEvent] = field(default_factory=list)

    def perform(self, call: Call) -> None:
        """Raises RevertedError where the contract reverts."""
        match call:
            case RegisterWorkflow():
                self._register(call)
            case ExecuteWorkflow():
                self._execute(call)
            case SubmitPhaseResult():
                self._submit(call)
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

    @property
    def now(self) -> ChainTime:
        """The block's timestamp."""
        return self.block.timestamp

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
        self._emit(WorkflowExecutionStarted(started, call.workflow_id, self.sender, call.payload))
        for index in startable(self.state.executions[started], workflow.definition):
            self._start(started, index)

    def _cancel(self, which: ExecutionId) -> None:
        execution = self._execution(which)
        _require_running(execution)
        if self.sender != execution.initiator:
            raise refusal("NotTheInitiator", execution.initiator, self.sender)
        self._emit(WorkflowCancelled(which, self.sender))

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

    # ── Starting phases ───────────────────────────────────────────────────────────────────────────────

    def _start(self, which: ExecutionId, index: PhaseIndex) -> None:
        """Open the phase's next attempt. Raises RevertedError, with nothing changed, without a usable table."""
        execution, workflow = self._known(which, index)
        phase, operator_set = workflow.definition.phases[index], workflow.operator_set(index)
        before = execution.phase(index)
        deadline = self._deadline(which, phase.timeout_s)
        table = newest_table(self.state, operator_set, phase.required_stake)
        require_fresh(table, deadline)
        if before.started is None:
            inputs = inputs_hash(execution.payload, execution.results(phase.dependencies))
        else:
            inputs = before.started.inputs_hash
        self.state = replace(
            self.state,
            openings={**self.state.openings, (which, index): Opening(self.now, self.block.number)},
        )
        self._emit(
            PhaseStarted(
                which,
                index,
                _next_attempt(execution, index),
                operator_set,
                table.reference_timestamp,
                deadline,
                inputs,
                waiting=phase.options.trigger_mode is TriggerMode.SOURCE and before.trigger_data is None,
            )
        )

    def _start_or_fail(self, which: ExecutionId, index: PhaseIndex) -> None:
        """Open the phase's next attempt, or let its failure policy decide."""
        try:
            self._start(which, index)
        except RevertedError as problem:
            attempt = _next_attempt(self._execution(which), index)
            self._emit(PhaseFailed(which, index, attempt, problem.error_name))
            self._give_up(which, index)

    def _give_up(self, which: ExecutionId, index: PhaseIndex) -> None:
        """A phase has failed for good: its policy decides what follows."""
        _, workflow = self._known(which, index)
        options = workflow.definition.phases[index].options
        match options.on_failure:
            case FailurePolicy.FAIL_EXECUTION:
                self._emit(WorkflowFailed(which, index))
            case FailurePolicy.CONTINUE:
                self._emit(PhaseGivenUp(which, index))
            case FailurePolicy.FALLBACK:
                self._emit(PhaseFellBack(which, index, options.fallback_phase))
                self._start_or_fail(which, options.fallback_phase)

    def _advance(self, which: ExecutionId) -> None:
        """Start what waits for nothing else, lowest first; then the execution may be complete."""
        _, workflow = self._known(which, PhaseIndex(0))
        definition = workflow.definition
        while ready := startable(self._execution(which), definition):
            self._start_or_fail(which, ready[0])
        execution = self._execution(which)
        needed = set(map(PhaseIndex, range(len(definition.phases)))) - definition.fallbacks
        if execution.status is ExecutionStatus.RUNNING and all(map(execution.is_resolved, needed)):
            self._emit(WorkflowCompleted(which))

    # ── Open phases ───────────────────────────────────────────────────────────────────────────────────

    def _submit(self, call: SubmitPhaseResult) -> None:
        self._require_unpaused()
        execution, workflow = self._known(call.execution_id, call.phase_index)
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
        self._advance(call.execution_id)

    def _trigger(self, call: Trigger) -> None:
        self._require_unpaused()
        execution, workflow = self._known(call.execution_id, call.phase_index)
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
        self._emit(
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
        execution, workflow = self._known(which, index)
        started = self._opened(execution, index, OPEN)
        if self.now <= started.deadline:
            raise refusal("DeadlineNotPassed", started.deadline, self.now)
        phase = workflow.definition.phases[index]
        then = after_deadline(phase, execution.phase(index), self.now, self.state.spans[which].deadline)
        if then is AfterDeadline.SKIP:
            self._emit(PhaseSkipped(which, index, started.attempt))
        else:
            self._emit(PhaseTimedOut(which, index, started.attempt, started.deadline))
        match then:
            case AfterDeadline.END_EXECUTION:
                self._emit(WorkflowFailed(which, index))
            case AfterDeadline.RETRY:
                self._start_or_fail(which, index)
            case AfterDeadline.FAIL:
                self._give_up(which, index)
            case AfterDeadline.SKIP:
                pass
        self._advance(which)

    # ── How ───────────────────────────────────────────────────────────────────────────────────────────

    def _require_unpaused(self) -> None:
        if self.state.paused:
            raise refusal("EnforcedPause")

    def _execution(self, which: ExecutionId) -> Execution:
        execution = self.state.executions.get(which)
        if execution is None:
            raise refusal("UnknownExecution", which)
        return execution

    def _known(self, which: ExecutionId, index: PhaseIndex) -> tuple[Execution, RegisteredWorkflow]:
        execution = self._execution(which)
        workflow = self.state.workflows[execution.workflow_id]
        if not 0 <= index < len(workflow.definition.phases):
            raise refusal("UnknownPhase", which, index)
        return execution, workflow

    def _opened(
        self, execution: Execution, index: PhaseIndex, statuses: frozenset[PhaseStatus]
    ) -> PhaseStarted:
        phase = execution.phase(index)
        if phase.status not in statuses or phase.started is None:
            raise refusal("PhaseNotActive", phase.status)
        _require_running(execution)
        return phase.started

    def _deadline(self, which: ExecutionId, timeout_s: int) -> ChainTime:
        """Of an attempt that starts now: never after the execution's own."""
        overall = self.state.spans[which].deadline
        deadline = ChainTime(self.now + timeout_s)
        return deadline if overall is None else min(deadline, overall)

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

    def _emit(self, event: ExecutionEvent) -> None:
        before = self.state.executions.get(event.execution_id)
        after = apply(before, event)
        self.state = replace(self.state, executions={**self.state.executions, after.execution_id: after})
        self.events.append(event)


def _recover(digest: bytes, signature: bytes) -> Address | None:
    return recover_signer(Digest(digest), signature)


def _next_attempt(execution: Execution, index: PhaseIndex) -> Attempt:
    started = execution.phase(index).started
    return Attempt(1 if started is None else started.attempt + 1)


def _require_running(execution: Execution) -> None:
    if execution.status is not ExecutionStatus.RUNNING:
        raise refusal("ExecutionNotRunning", execution.status)


def _require_no_value(value_wei: int) -> None:
    if value_wei:
        raise refusal("UnexpectedValue", value_wei)
