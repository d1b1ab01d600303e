"""The aggregator's wiring: one page, and the map of its tasks.

    chain watcher ──▶ History ──▶ reconcile: one Driver per open phase attempt ──▶ sender ──▶ contract
                                         ▲ answers
    bus RESPONSES ──▶ decode ──▶ route ──┘            status API reads all of it, writes none

Tasks, all in one group: the watcher, the answers, and one per driver. Nothing is stored: at the start the watcher
folds the contract's whole history, and each session's first act is to ask every agent again. `run` ends by being
cancelled; then the group is cancelled, after it the API's socket closes. Bus and chain belong to the caller.

Sessions are opened and closed by comparing what the chain says is open with what is running, after every block:
a lost event, a reorg and a restart are all the same case.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from aggregator.api import serve_status
from aggregator.config import AggregatorConfig
from aggregator.driver import Driver, Edges
from aggregator.events import AttestationReceived, ClockMoved, ObservationReceived, Opened, RefusalReceived
from aggregator.journey import Journey
from aggregator.opening import Opening, Pace
from aggregator.routing import Home, OpenPhase
from aggregator.session import PhaseSession
from aggregator.snapshot import snapshot
from hourglass.bls.signatures import default_backend
from hourglass.bus.port import Bus, Delivery, StreamSpec
from hourglass.certificate.slots import ObservationSlot
from hourglass.chain.port import Block, Chain, LoggedEvent, SigningAccount
from hourglass.chain.sender import TransactionSender
from hourglass.chain.watcher import HeadAdvanced, Reorged, watch
from hourglass.errors import ChainError, DecodeError
from hourglass.reasons import Reason
from hourglass.workflow.definition import RegisteredWorkflow
from hourglass.workflow.events import PhaseStarted
from hourglass.workflow.execution import IllegalTransitionError
from hourglass.workflow.history import History, RewindError
from hourglass.workflow.identifiers import ChainTime, ExecutionId, Tick, WorkflowId
from messages.responses import Attestation, Observation, Refusal
from messages.subjects import RESPONSES, STREAMS, check_subject, responses_filter
from messages.wire import Message, decode

MAX_REMEMBERED = 256
"""Closed sessions that are kept, for the status API and for late answers."""
RETRY_CEILING_S = 5.0

log = structlog.get_logger(__name__)


async def run(
    config: AggregatorConfig,
    chain: Chain,
    bus: Bus,
    account: SigningAccount,
    ready: Callable[[int], None] | None = None,
) -> None:
    """Be an aggregator until cancelled. `ready` is told the API's port once everything is up."""
    await bus.ensure_streams(tuple(StreamSpec(**plan.as_dict()) for plan in STREAMS))
    settings = config.chain
    sender = TransactionSender(chain, account, settings.transaction_timeout_s, settings.max_fee_gwei)
    edges = Edges(bus, sender.send, account, default_backend())
    node = Node(chain, edges, config.pace.pace(), Home(chain.chain_id, chain.state_machine))
    async with serve_status(node, config.api) as port, asyncio.TaskGroup() as group:
        group.create_task(node.follow_chain(group, settings.poll_interval_s, settings.confirmations))
        group.create_task(node.receive_answers())
        log.info("aggregator up", address=str(account.address), api_port=port)
        if ready is not None:
            ready(port)


@dataclass(slots=True)
class Node:
    """What the tasks share. Every field is owned by the event loop; only `_reconcile` opens and closes drivers."""

    chain: Chain
    edges: Edges
    pace: Pace
    home: Home
    history: History = field(default_factory=History)
    drivers: dict[ObservationSlot, Driver] = field(default_factory=dict)
    remembered: OrderedDict[ObservationSlot, Driver] = field(default_factory=OrderedDict)
    refused: Counter[Reason] = field(default_factory=Counter)
    head: Block | None = None
    _working: dict[PhaseStarted, asyncio.Task[None]] = field(default_factory=dict)
    _workflows: dict[WorkflowId, RegisteredWorkflow] = field(default_factory=dict)

    # ── The chain ─────────────────────────────────────────────────────────────────────────────────────

    async def follow_chain(
        self, group: asyncio.TaskGroup, poll_interval_s: float, confirmations: int
    ) -> None:
        """Fold every event there ever was, then keep sessions equal to what the chain has open."""
        while True:
            try:
                await self._follow(group, poll_interval_s, confirmations)
            except (IllegalTransitionError, RewindError) as error:
                # A reorg deeper than is remembered, or an endpoint that mixed two chains: begin again.
                log.error("the chain's history does not fit together; it is read again", detail=str(error))
                self.history = History()
                await asyncio.sleep(poll_interval_s)

    async def _follow(self, group: asyncio.TaskGroup, poll_interval_s: float, confirmations: int) -> None:
        first = await _insist(self.chain.start_block)
        async for seen in watch(self.chain, first, poll_interval_s, confirmations):
            match seen:
                case LoggedEvent():
                    self.history.add(seen.block, seen.event)
                case Reorged(first_removed):
                    log.warning("blocks were replaced", first_removed=first_removed)
                    self.history.rewind(first_removed)
                case HeadAdvanced(block):
                    self.head = block
                    self._reconcile(group, block.timestamp)

    def _reconcile(self, group: asyncio.TaskGroup, chain_time: ChainTime) -> None:
        wanted = {phase.started: phase for phase in self.home.open_phases(self.history)}
        for started in self._working.keys() - wanted.keys():
            self._end(started)
        for started, phase in wanted.items():
            if started not in self._working:
                self._working[started] = group.create_task(self._work(phase))
        for driver in self.drivers.values():
            driver.put(ClockMoved(chain_time))

    def _end(self, started: PhaseStarted) -> None:
        """What opened is over, or is another now: its gate opened, or a reorg started it anew."""
        driver = self.drivers.get(self.home.slot(started))
        if driver is not None and driver.session.opening.started == started:
            driver.close()
        else:
            self._working[started].cancel()

    async def _work(self, phase: OpenPhase) -> None:
        """One phase attempt, from its opening until the chain has closed it."""
        driver: Driver | None = None
        try:
            opening = await _insist(lambda: self._read_opening(phase))
            driver = Driver(PhaseSession(opening, self.pace), self.edges, Journey())
            driver.put(Opened())
            if self.head is not None:
                driver.put(ClockMoved(self.head.timestamp))
            self.drivers[phase.slot] = driver
            await driver.run()
        except Exception:
            # One phase must not take the others along; the next block makes its session anew.
            log.exception(
                "a session failed", execution=phase.slot.execution_id.hex(), phase=phase.slot.phase_index
            )
        finally:
            self._working.pop(phase.started, None)
            if driver is not None and self.drivers.get(phase.slot) is driver:
                del self.drivers[phase.slot]
                self._remember(phase.slot, driver)

    async def _read_opening(self, phase: OpenPhase) -> Opening:
        workflow = await self._workflow(phase.execution.workflow_id)
        started, definition = phase.started, workflow.definition.phases[phase.started.phase_index]
        table = await self.chain.operator_table(started.operator_set, started.reference_timestamp)
        view = await self.chain.phase(started.execution_id, started.phase_index)
        if view is None or view.attempt != started.attempt:
            raise ChainError(Reason.UNKNOWN_EXECUTION, "The endpoint does not hold this attempt any more.")
        return Opening(
            me=self.edges.account.address,
            slot=phase.slot,
            started=started,
            started_at=view.started_at,
            phase=definition,
            payload=phase.execution.payload,
            dependency_results=phase.execution.results(definition.dependencies),
            trigger_data=phase.execution.phase(started.phase_index).trigger_data,
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

    # ── The bus ───────────────────────────────────────────────────────────────────────────────────────

    async def receive_answers(self) -> None:
        """Decode and route whatever the agents say."""
        durable = f"aggregator-{self.edges.account.address.hex()}"
        async with self.edges.bus.subscribe(RESPONSES.name, durable, responses_filter()) as deliveries:
            async for delivery in deliveries:
                self._receive(delivery)
                await delivery.ack()

    def _receive(self, delivery: Delivery) -> None:
        try:
            message = decode(delivery.data)
            check_subject(message, delivery.subject)
        except DecodeError as error:
            self._refuse(error.reason, delivery.subject, error.detail)
            return
        event = _as_event(message)
        if event is None:
            self._refuse(Reason.UNKNOWN_MESSAGE, delivery.subject, "It is no answer.")
        else:
            self._route(event, delivery.subject)

    def _route(
        self, event: ObservationReceived | AttestationReceived | RefusalReceived, subject: str
    ) -> None:
        slot = event.message.slot
        slot = (slot if isinstance(slot, ObservationSlot) else slot.observation_slot).at_tick(Tick(0))
        driver = self.drivers.get(slot)
        if driver is not None:
            driver.put(event)
        elif slot in self.remembered:
            # Its driver has ended, so the session is nobody's; it still records who was late or outvoted.
            try:
                self.remembered[slot].session.receive(event, asyncio.get_running_loop().time())
            except Exception:
                # One phase that is over must not take all others' answers along.
                log.exception("a session failed", execution=slot.execution_id.hex(), phase=slot.phase_index)
                del self.remembered[slot]
        elif all(self.home.slot(started) != slot for started in self._working):
            self._refuse(self.home.why_homeless(slot, self.history), subject, "")

    def _refuse(self, reason: Reason, subject: str, detail: str) -> None:
        self.refused[reason] += 1
        log.info("answer refused", reason=reason.code, subject=subject, detail=detail)

    def _remember(self, slot: ObservationSlot, driver: Driver) -> None:
        self.remembered[slot] = driver
        while len(self.remembered) > MAX_REMEMBERED:
            self.remembered.popitem(last=False)

    # ── Views ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def ready(self) -> bool:
        """Has the watcher seen the head?"""
        return self.head is not None

    def status(self) -> dict[str, Any]:
        """The node, as plain data."""
        return {
            "aggregator": str(self.edges.account.address),
            "head": None if self.head is None else self.head.number,
            "chain_time": None if self.head is None else self.head.timestamp,
            "executions": len(self.history.executions),
            "open_phases": [snapshot(driver.session) for driver in self.drivers.values()],
            "refused": {reason.code: count for reason, count in self.refused.items()},
        }

    def execution_status(self, execution_id: ExecutionId) -> dict[str, Any]:
        """One execution, as plain data: each phase attempt that this node works or remembers."""
        known = [*self.remembered.values(), *self.drivers.values()]
        return {
            "execution": "0x" + execution_id.hex(),
            "phases": [
                snapshot(driver.session) | {"journey": driver.journey.seconds(), "gas_used": driver.gas_used}
                for driver in known
                if driver.session.opening.slot.execution_id == execution_id
            ],
        }


T = TypeVar("T")


async def _insist(read: Callable[[], Awaitable[T]]) -> T:
    """Ask the chain until it answers: whoever waits for this has nothing else to do meanwhile."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(ChainError), wait=wait_exponential(0.1, RETRY_CEILING_S)
    ):
        with attempt:
            return await read()
    raise AssertionError("unreachable: the retrying never ends without a result")


def _as_event(message: Message) -> ObservationReceived | AttestationReceived | RefusalReceived | None:
    match message:
        case Observation():
            return ObservationReceived(message)
        case Attestation():
            return AttestationReceived(message)
        case Refusal():
            return RefusalReceived(message)
        case _:
            return None
