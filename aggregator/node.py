"""The aggregator's wiring: one page, and the map of its tasks.

    chain watcher ──▶ Road ──▶ Sessions: one Driver per open phase attempt or task ──▶ sender ──▶ contract
                                    ▲ answers
    bus RESPONSES ──▶ decode ──▶ route ──┘            status API reads all of it, writes none

There is a road for workflow phases and, where a mailbox is configured, one for plain tasks; each has its watcher and
its sessions. Tasks, all in one group: a watcher per road, the answers, and one per driver. Nothing is stored: at the
start each watcher folds its contract's whole history, and each session's first act is to ask every agent again. `run`
ends by being cancelled; then the group is cancelled, after it the API's socket closes. Bus and chain belong to the
caller.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from aggregator.api import serve_status
from aggregator.config import AggregatorConfig
from aggregator.driver import Edges
from aggregator.events import AttestationReceived, ObservationReceived, RefusalReceived
from aggregator.phase_road import PhaseRoad
from aggregator.sessions import Answer, Sessions, insist
from aggregator.snapshot import snapshot
from aggregator.task_road import TaskRoad
from hourglass.bls.signatures import default_backend
from hourglass.bus.port import Bus, Delivery, StreamSpec
from hourglass.certificate.slots import Kind, ObservationSlot
from hourglass.chain.mailbox_port import LoggedTaskEvent, TaskMailbox
from hourglass.chain.port import Block, Chain, LoggedEvent, SigningAccount
from hourglass.chain.sender import TransactionSender
from hourglass.chain.watcher import HeadAdvanced, Reorged
from hourglass.errors import DecodeError
from hourglass.reasons import Reason
from hourglass.workflow.execution import IllegalTransitionError
from hourglass.workflow.history import RewindError
from hourglass.workflow.identifiers import Address, ExecutionId, Tick
from messages.responses import Attestation, Observation, Refusal
from messages.subjects import RESPONSES, STREAMS, check_subject, responses_filter
from messages.wire import Message, decode

log = structlog.get_logger(__name__)


async def run(
    config: AggregatorConfig,
    chain: Chain,
    bus: Bus,
    account: SigningAccount,
    ready: Callable[[int], None] | None = None,
    mailbox: TaskMailbox | None = None,
) -> None:
    """Be an aggregator until cancelled. `ready` is told the API's port once everything is up."""
    await bus.ensure_streams(tuple(StreamSpec(**plan.as_dict()) for plan in STREAMS))
    settings = config.chain
    sender = TransactionSender(chain, account, settings.transaction_timeout_s, settings.max_fee_gwei)
    edges = Edges(bus, sender.send, account, default_backend())
    pace = config.pace.pace()
    node = Node(edges, Sessions(PhaseRoad(chain, account.address), edges, pace))
    if mailbox is not None and config.tasks is not None:
        avss = frozenset(map(Address.parse, config.tasks.avss))
        node.tasks = Sessions(TaskRoad(chain, mailbox, account.address, avss), edges, pace)
    async with serve_status(node, config.api) as port, asyncio.TaskGroup() as group:
        for sessions in node.roads:
            group.create_task(node.follow(group, sessions, settings.poll_interval_s, settings.confirmations))
        group.create_task(node.receive_answers())
        log.info("aggregator up", address=str(account.address), api_port=port)
        if ready is not None:
            ready(port)


@dataclass(slots=True)
class Node:
    """What the tasks share. Every field is owned by the event loop."""

    edges: Edges
    phases: Sessions
    tasks: Sessions | None = None
    """None where no mailbox is served."""
    refused: Counter[Reason] = field(default_factory=Counter)
    head: Block | None = None

    @property
    def roads(self) -> tuple[Sessions, ...]:
        """Every road that is served."""
        return (self.phases,) if self.tasks is None else (self.phases, self.tasks)

    # ── The chain ─────────────────────────────────────────────────────────────────────────────────────

    async def follow(
        self, group: asyncio.TaskGroup, sessions: Sessions, poll_interval_s: float, confirmations: int
    ) -> None:
        """Fold every event there ever was, then keep sessions equal to what the chain has open."""
        while True:
            try:
                await self._follow(group, sessions, poll_interval_s, confirmations)
            except (IllegalTransitionError, RewindError) as error:
                # A reorg deeper than is remembered, or an endpoint that mixed two chains: begin again.
                log.error(
                    "the chain's history does not fit together; it is read again",
                    road=sessions.road.name,
                    detail=str(error),
                )
                sessions.road.forget()
                await asyncio.sleep(poll_interval_s)

    async def _follow(
        self, group: asyncio.TaskGroup, sessions: Sessions, poll_interval_s: float, confirmations: int
    ) -> None:
        road = sessions.road
        first = await insist(road.first_block)
        async for seen in road.watch(first, poll_interval_s, confirmations):
            match seen:
                case LoggedEvent() | LoggedTaskEvent():
                    road.take(seen.block, seen.event)
                case Reorged(first_removed):
                    log.warning("blocks were replaced", road=road.name, first_removed=first_removed)
                    road.rewind(first_removed)
                case HeadAdvanced(block):
                    if sessions is self.phases:
                        self.head = block
                    sessions.reconcile(group, block.timestamp)

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
        answer = _as_answer(message)
        if answer is None:
            self._refuse(Reason.UNKNOWN_MESSAGE, delivery.subject, "It is no answer.")
        else:
            self._route(answer, delivery.subject)

    def _route(self, answer: Answer, subject: str) -> None:
        slot = answer.message.slot
        slot = (slot if isinstance(slot, ObservationSlot) else slot.observation_slot).at_tick(Tick(0))
        sessions = self.tasks if slot.kind is Kind.TASK else self.phases
        reason = Reason.WRONG_CONTRACT if sessions is None else sessions.route(answer, slot)
        if reason is not None:
            self._refuse(reason, subject, "")

    def _refuse(self, reason: Reason, subject: str, detail: str) -> None:
        self.refused[reason] += 1
        log.info("answer refused", reason=reason.code, subject=subject, detail=detail)

    # ── Views ─────────────────────────────────────────────────────────────────────────────────────────

    @property
    def ready(self) -> bool:
        """Have all watchers seen the head?"""
        return all(sessions.chain_time is not None for sessions in self.roads)

    def status(self) -> dict[str, Any]:
        """The node, as plain data."""
        road = self.phases.road
        executions = len(road.history.executions) if isinstance(road, PhaseRoad) else 0
        return {
            "aggregator": str(self.edges.account.address),
            "head": None if self.head is None else self.head.number,
            "chain_time": None if self.head is None else self.head.timestamp,
            "executions": executions,
            "open_phases": [snapshot(driver.session) for driver in self.phases.drivers.values()],
            "open_tasks": [snapshot(driver.session) for driver in self._task_drivers()],
            "refused": {reason.code: count for reason, count in self.refused.items()},
        }

    def _task_drivers(self) -> list[Any]:
        return [] if self.tasks is None else list(self.tasks.drivers.values())

    def execution_status(self, execution_id: ExecutionId) -> dict[str, Any]:
        """One execution or task, as plain data: each phase attempt that this node works or remembers."""
        return {
            "execution": "0x" + execution_id.hex(),
            "phases": [
                snapshot(driver.session) | {"journey": driver.journey.seconds(), "gas_used": driver.gas_used}
                for sessions in self.roads
                for driver in sessions.known()
                if driver.session.opening.slot.execution_id == execution_id
            ],
        }


def _as_answer(message: Message) -> Answer | None:
    match message:
        case Observation():
            return ObservationReceived(message)
        case Attestation():
            return AttestationReceived(message)
        case Refusal():
            return RefusalReceived(message)
        case _:
            return None
