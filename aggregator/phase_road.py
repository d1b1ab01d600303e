"""The road of workflow phases: `WorkflowStateMachine`'s events, folded into executions."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field

from aggregator.opening import Opening
from aggregator.road import OpenWork
from aggregator.routing import Home
from hourglass.certificate.slots import ObservationSlot
from hourglass.chain.port import Chain
from hourglass.chain.watcher import WatchEvent, watch
from hourglass.errors import ChainError
from hourglass.reasons import Reason
from hourglass.workflow.definition import RegisteredWorkflow
from hourglass.workflow.events import WorkflowEvent
from hourglass.workflow.history import History
from hourglass.workflow.identifiers import Address, BlockNumber, ChainTime, WorkflowId


@dataclass(slots=True)
class PhaseRoad:
    """A `Road`. `me` is the aggregator's own address."""

    chain: Chain
    me: Address
    history: History = field(default_factory=History)
    _workflows: dict[WorkflowId, RegisteredWorkflow] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For logs."""
        return "workflows"

    @property
    def home(self) -> Home:
        """The state machine that is served."""
        return Home(self.chain.chain_id, self.chain.state_machine)

    async def first_block(self) -> BlockNumber:
        """In which the state machine was initialised."""
        return await self.chain.start_block()

    def watch(
        self, first: BlockNumber, poll_interval_s: float, confirmations: int
    ) -> AsyncIterator[WatchEvent]:
        """The state machine's events."""
        return watch(self.chain, first, poll_interval_s, confirmations)

    def take(self, block: BlockNumber, event: WorkflowEvent) -> None:
        """Fold one event."""
        self.history.add(block, event)

    def rewind(self, first_removed: BlockNumber) -> None:
        """After a reorg."""
        self.history.rewind(first_removed)

    def forget(self) -> None:
        """Begin again."""
        self.history = History()

    def open_work(self, chain_time: ChainTime) -> Iterable[OpenWork]:
        """Every phase attempt that the chain has open, past its deadline too: it is the contract that closes it."""
        return (OpenWork(phase.slot, phase.started) for phase in self.home.open_phases(self.history))

    async def read_opening(self, work: OpenWork) -> Opening:
        """The phase as the chain holds it, with the execution as it stands here."""
        started = work.started
        execution = self.history.executions.get(started.execution_id)
        if execution is None:
            raise ChainError(Reason.UNKNOWN_EXECUTION, "A reorg has removed it.")
        workflow = await self._workflow(execution.workflow_id)
        definition = workflow.definition.phases[started.phase_index]
        table = await self.chain.operator_table(started.operator_set, started.reference_timestamp)
        view = await self.chain.phase(started.execution_id, started.phase_index)
        if view is None or view.attempt != started.attempt:
            raise ChainError(Reason.UNKNOWN_EXECUTION, "The endpoint does not hold this attempt any more.")
        return Opening(
            me=self.me,
            slot=work.slot,
            started=started,
            started_at=view.started_at,
            phase=definition,
            payload=execution.payload,
            dependency_results=execution.results(definition.dependencies),
            trigger_data=execution.phase(started.phase_index).trigger_data,
            table=table,
            aggregators=await self.chain.aggregators(),
        )

    async def _workflow(self, workflow_id: WorkflowId) -> RegisteredWorkflow:
        if workflow_id not in self._workflows:
            found = await self.chain.workflow(workflow_id)
            if found is None:
                raise ChainError(Reason.UNKNOWN_EXECUTION, f"Workflow {workflow_id.hex()} is not there.")
            self._workflows[workflow_id] = found
        return self._workflows[workflow_id]

    def why_homeless(self, slot: ObservationSlot) -> Reason:
        """Why no session takes an answer for this slot."""
        return self.home.why_homeless(slot, self.history)
