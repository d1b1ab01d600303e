"""How one thing leads to another in the state machine: phases start, fail, fall back, and free those that waited. Pure.

It follows `WorkflowStateMachine` where order shows: which event comes next.
"""

from dataclasses import dataclass, field, replace

from hourglass.certificate.digests import inputs_hash
from hourglass.chain.memory_rules import ContractState, Home, Opening, newest_table, refusal, require_fresh
from hourglass.chain.port import Block
from hourglass.errors import RevertedError
from hourglass.workflow.definition import FailurePolicy, RegisteredWorkflow, TriggerMode
from hourglass.workflow.events import (
    ExecutionEvent,
    PhaseFailed,
    PhaseFellBack,
    PhaseGivenUp,
    PhaseStarted,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowFailed,
)
from hourglass.workflow.execution import Execution, ExecutionStatus, apply, startable
from hourglass.workflow.identifiers import Address, Attempt, ChainTime, ExecutionId, PhaseIndex


@dataclass(slots=True)
class Progress:
    """What a call has changed so far, on a copy."""

    home: Home
    state: ContractState
    block: Block
    """The block in which it is performed, or at whose end it is simulated."""
    sender: Address
    events: list[WorkflowEvent] = field(default_factory=list)

    @property
    def now(self) -> ChainTime:
        """The block's timestamp."""
        return self.block.timestamp

    # ── Look-ups ──────────────────────────────────────────────────────────────────────────────────────

    def execution(self, which: ExecutionId) -> Execution:
        """Raises RevertedError if there is none of that id."""
        execution = self.state.executions.get(which)
        if execution is None:
            raise refusal("UnknownExecution", which)
        return execution

    def known(self, which: ExecutionId, index: PhaseIndex) -> tuple[Execution, RegisteredWorkflow]:
        """An execution that has such a phase, and its workflow. Raises RevertedError."""
        execution = self.execution(which)
        workflow = self.state.workflows[execution.workflow_id]
        if not 0 <= index < len(workflow.definition.phases):
            raise refusal("UnknownPhase", which, index)
        return execution, workflow

    def emit(self, event: ExecutionEvent) -> None:
        """Make it so, and say so."""
        before = self.state.executions.get(event.execution_id)
        after = apply(before, event)
        self.state = replace(self.state, executions={**self.state.executions, after.execution_id: after})
        self.events.append(event)

    # ── Starting phases ───────────────────────────────────────────────────────────────────────────────

    def start(self, which: ExecutionId, index: PhaseIndex) -> None:
        """Open the phase's next attempt. Raises RevertedError, with nothing changed, without a usable table."""
        execution, workflow = self.known(which, index)
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
        self.emit(
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

    def start_or_fail(self, which: ExecutionId, index: PhaseIndex) -> None:
        """Open the phase's next attempt, or let its failure policy decide."""
        try:
            self.start(which, index)
        except RevertedError as problem:
            attempt = _next_attempt(self.execution(which), index)
            self.emit(PhaseFailed(which, index, attempt, problem.error_name))
            self.give_up(which, index)

    def give_up(self, which: ExecutionId, index: PhaseIndex) -> None:
        """A phase has failed for good: its policy decides what follows."""
        _, workflow = self.known(which, index)
        options = workflow.definition.phases[index].options
        match options.on_failure:
            case FailurePolicy.FAIL_EXECUTION:
                self.emit(WorkflowFailed(which, index))
            case FailurePolicy.CONTINUE:
                self.emit(PhaseGivenUp(which, index))
            case FailurePolicy.FALLBACK:
                self.emit(PhaseFellBack(which, index, options.fallback_phase))
                self.start_or_fail(which, options.fallback_phase)

    def advance(self, which: ExecutionId) -> None:
        """Start what waits for nothing else, lowest first; then the execution may be complete."""
        _, workflow = self.known(which, PhaseIndex(0))
        definition = workflow.definition
        while ready := startable(self.execution(which), definition):
            self.start_or_fail(which, ready[0])
        execution = self.execution(which)
        needed = set(map(PhaseIndex, range(len(definition.phases)))) - definition.fallbacks
        if execution.status is ExecutionStatus.RUNNING and all(map(execution.is_resolved, needed)):
            self.emit(WorkflowCompleted(which))

    def _deadline(self, which: ExecutionId, timeout_s: int) -> ChainTime:
        """Of an attempt that starts now: never after the execution's own."""
        overall = self.state.spans[which].deadline
        deadline = ChainTime(self.now + timeout_s)
        return deadline if overall is None else min(deadline, overall)


def _next_attempt(execution: Execution, index: PhaseIndex) -> Attempt:
    started = execution.phase(index).started
    return Attempt(1 if started is None else started.attempt + 1)
