"""The agent's wiring: one page, and the map of its tasks.

    bus PHASES ──▶ decode ──▶ Duty.receive ──▶ effects ──▶ perform ──▶ outcome ──┐
                                  ▲                                              │
                                  └──────────────────────────────────────────────┘
    perform: chain (look), performer (handlers, reducers), signer (journal, keys), bus (answers)

Tasks, all in one group: the requests, and one per effect under way. A duty is touched by the event loop only and
is forgotten when many newer ones have come: the journal remembers all that matters. `run` ends by being
cancelled; then the group is cancelled, the performer's process ends, and the journal is closed. Bus and chain
belong to the caller.
"""

import asyncio
import secrets
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from agent.checks import Evidence, Identity, Objection
from agent.config import AgentConfig
from agent.duty import Duty
from agent.events import (
    Attest,
    Attested,
    ChainNotViewed,
    ChainViewed,
    ConditionJudged,
    Effect,
    Event,
    HandlerGaveUp,
    HandlerReturned,
    Looked,
    Note,
    Observe,
    Observed,
    ProposalReceived,
    Publish,
    Recall,
    Recalled,
    Reduce,
    Reduced,
    ReducerGaveUp,
    RequestReceived,
    RunHandler,
    SeriesProposed,
    SigningRefused,
    TickReceived,
    TicksVerified,
    VerifyTicks,
    ViewChain,
    WatchCondition,
)
from agent.gate import judge
from agent.handlers import Handlers
from agent.series_checks import scope_of
from agent.signer import Signer
from hourglass.bls.signatures import default_backend
from hourglass.bus.port import Bus, Delivery, StreamSpec
from hourglass.certificate.slots import Kind, ObservationSlot
from hourglass.certificate.ticks import COEFFICIENT_BYTES, are_signed
from hourglass.chain.mailbox_port import TaskMailbox
from hourglass.chain.port import Chain
from hourglass.chain.task_phase import definition_of, view_of
from hourglass.errors import BusError, ChainError, DecodeError, HandlerError, SignerError
from hourglass.reasons import Fault, Reason
from hourglass.workflow.identifiers import Address, OperatorSetId
from messages.requests import PhaseRequest, Proposal, SeriesProposal, TickCertificate
from messages.responses import Attestation, Observation, Refusal
from messages.subjects import PHASES, STREAMS, check_subject, requests_filter, subject_of
from messages.wire import decode, encode

MAX_DUTIES = 4_096
"""Phase attempts remembered at once. Older ones are made anew from the journal if anybody still asks; the last to go
are those that have seen ticks certified, which nobody can make them forget by asking for what does not exist."""
MAX_UNDER_WAY = 1_024
"""Effects under way at once; beyond it the agent stops taking requests until some have ended."""

log = structlog.get_logger(__name__)


async def run(
    config: AgentConfig,
    chain: Chain,
    bus: Bus,
    signer: Signer,
    handlers: Handlers,
    ready: Callable[[], None] | None = None,
    mailbox: TaskMailbox | None = None,
) -> None:
    """Be an operator's agent until cancelled. `ready` is called once requests are being taken.

    `mailbox`: whose plain tasks it takes beside phases; None: it takes none.
    """
    await bus.ensure_streams(tuple(StreamSpec(**plan.as_dict()) for plan in STREAMS))
    sets = tuple(OperatorSetId(Address.parse(one.avs), one.number) for one in config.operator_sets)
    tasks_of = None if mailbox is None else mailbox.address
    me = Identity(signer.operator, chain.chain_id, chain.state_machine, tasks_of)
    async with asyncio.TaskGroup() as group:
        node = Node(me, chain, bus, signer, handlers, group, mailbox)
        durable = f"agent-{signer.operator.hex()}"
        async with bus.subscribe(PHASES.name, durable, requests_filter(sets)) as deliveries:
            log.info("agent up", operator=str(signer.operator), sets=[str(one) for one in sets])
            if ready is not None:
                ready()
            async for delivery in deliveries:
                await node.receive(delivery)


@dataclass(slots=True)
class Node:
    """Joins duties to what they act through. Everything here is owned by the event loop."""

    me: Identity
    chain: Chain
    bus: Bus
    signer: Signer
    handlers: Handlers
    group: asyncio.TaskGroup
    mailbox: TaskMailbox | None = None
    duties: OrderedDict[ObservationSlot, Duty] = field(default_factory=OrderedDict)
    refused: Counter[Reason] = field(default_factory=Counter)
    _seen_at: dict[ObservationSlot, float] = field(default_factory=dict)
    _room: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MAX_UNDER_WAY))

    async def receive(self, delivery: Delivery) -> None:
        """One message from the bus: decoded, given to its duty, and acknowledged."""
        try:
            message = decode(delivery.data)
            check_subject(message, delivery.subject)
        except DecodeError as error:
            self._note(error.reason, error.detail, subject=delivery.subject)
        else:
            match message:
                case PhaseRequest():
                    duty = self._duty(message.slot, message.operator_set)
                    await self._feed(duty, RequestReceived(message))
                case Proposal():
                    duty = self._duty(message.slot.observation_slot, message.operator_set)
                    await self._feed(duty, ProposalReceived(message))
                case TickCertificate():
                    await self._feed(self._duty(message.slot, message.operator_set), TickReceived(message))
                case SeriesProposal():
                    duty = self._duty(message.slot.observation_slot, message.operator_set)
                    await self._feed(duty, SeriesProposed(message))
                case _:
                    self._note(Reason.UNKNOWN_MESSAGE, "It is no request.", subject=delivery.subject)
        # Acknowledged before the work is done: an aggregator asks again for whatever does not arrive,
        # and the journal, not the bus, is what this operator may rely on.
        await delivery.ack()

    def _duty(self, slot: ObservationSlot, operator_set: OperatorSetId) -> Duty:
        if slot not in self.duties:
            self.duties[slot] = Duty(self.me, slot, operator_set)
            self._seen_at[slot] = asyncio.get_running_loop().time()
            if len(self.duties) > MAX_DUTIES:
                oldest = next(iter(self.duties))
                others = (
                    one for one, duty in self.duties.items() if not duty.is_worth_keeping and one != slot
                )
                self._forget(next(others, oldest))
        return self.duties[slot]

    def _forget(self, slot: ObservationSlot) -> None:
        self.duties.pop(slot, None)
        self._seen_at.pop(slot, None)

    async def _feed(self, duty: Duty, event: Event) -> None:
        try:
            wished = duty.receive(event)
        except Exception:
            self._give_up(duty)
            return
        for effects in _in_order(wished):
            await self._room.acquire()
            self.group.create_task(self._perform_all(duty, effects))

    async def _perform_all(self, duty: Duty, effects: tuple[Effect, ...]) -> None:
        outcomes: list[Event] = []
        try:
            for effect in effects:
                outcome = await self._perform(duty, effect)
                if outcome is not None:
                    outcomes.append(outcome)
        except Exception:
            self._give_up(duty)
        finally:
            self._room.release()
        for outcome in outcomes:
            await self._feed(duty, outcome)

    def _give_up(self, duty: Duty) -> None:
        """One phase must not take the others along; when it is asked for again, the duty is made anew."""
        log.exception("a duty failed", execution=duty.slot.execution_id.hex(), phase=duty.slot.phase_index)
        self._forget(duty.slot)

    async def _perform(self, duty: Duty, effect: Effect) -> Event | None:
        match effect:
            case Recall(slot):
                return await self._recall(slot)
            case ViewChain(about):
                return await self._view(duty, about)
            case WatchCondition():
                return await self._watch(effect)
            case VerifyTicks():
                return await asyncio.to_thread(self._verify_ticks, effect)
            case RunHandler():
                return await self._run_handler(effect)
            case Reduce():
                return await self._reduce(effect)
            case Observe() | Attest():
                return await self._sign(effect)
            case Publish(message):
                await self._publish(message)
            case Note(objection):
                self._note(objection.reason, objection.detail, slot=duty.slot)
        return None

    async def _recall(self, slot: ObservationSlot) -> Event:
        try:
            return Recalled(*await asyncio.to_thread(self.signer.recall, slot))
        except SignerError as error:
            return SigningRefused(Objection(error.reason, error.detail))

    async def _view(self, duty: Duty, about: Looked) -> Event:
        slot = duty.slot
        try:
            if slot.kind is Kind.TASK:
                evidence = await self._task_evidence(slot)
            else:
                evidence = await self._phase_evidence(slot)
        except ChainError as error:
            return ChainNotViewed(about, Objection(error.reason, error.detail))
        now = asyncio.get_running_loop().time()
        return ChainViewed(about, evidence, now - self._seen_at.get(slot, now))

    async def _phase_evidence(self, slot: ObservationSlot) -> Evidence:
        view = await self.chain.phase(slot.execution_id, slot.phase_index)
        if view is None:
            raise ChainError(Reason.UNKNOWN_EXECUTION)
        table = await self.chain.operator_table(view.operator_set, view.reference_timestamp)
        workflow = await self.chain.workflow(view.workflow_id)
        if workflow is None:
            raise ChainError(Reason.UNKNOWN_EXECUTION)
        return Evidence(view, table, workflow.definition.phases[slot.phase_index])

    async def _task_evidence(self, slot: ObservationSlot) -> Evidence:
        task = None if self.mailbox is None else await self.mailbox.task(slot.execution_id)
        if task is None:
            raise ChainError(Reason.TASK_UNKNOWN)
        table = await self.chain.operator_table(task.operator_set, task.reference_timestamp)
        return Evidence(view_of(task), table, definition_of(task))

    async def _watch(self, effect: WatchCondition) -> Event:
        try:
            objection = await judge(
                effect.request, effect.evidence, self.chain, self.handlers, self.me.operator
            )
        except (HandlerError, ChainError) as error:
            objection = Objection(error.reason, error.detail)
        return ConditionJudged(effect.request, effect.evidence, objection)

    def _verify_ticks(self, effect: VerifyTicks) -> Event:
        """Blocks for a pairing per tick, so it has a thread."""
        about = effect.about
        slot = about.slot if isinstance(about, TickCertificate) else about.slot.observation_slot
        entropy = secrets.token_bytes(COEFFICIENT_BYTES * len(effect.ticks))
        valid = are_signed(effect.ticks, scope_of(slot, effect.evidence), default_backend(), entropy)
        return TicksVerified(about, effect.evidence, valid)

    async def _run_handler(self, effect: RunHandler) -> Event:
        try:
            value = await self.handlers.run(effect.request, effect.evidence, self.me.operator)
        except HandlerError as error:
            return HandlerGaveUp(Objection(error.reason, error.detail))
        return HandlerReturned(effect.request, effect.evidence, value)

    async def _reduce(self, effect: Reduce) -> Event:
        try:
            value = await self.handlers.reduce(effect.proposal, effect.evidence)
        except HandlerError as error:
            return ReducerGaveUp(effect.proposal, Objection(error.reason, error.detail))
        return Reduced(effect.proposal, effect.evidence, value)

    async def _sign(self, effect: Observe | Attest) -> Event:
        """The signer's fsync blocks, so it has a thread; it alone decides whether to sign."""
        try:
            match effect:
                case Observe(slot, operator_set, inputs, value):
                    return Observed(
                        await asyncio.to_thread(self.signer.observe, slot, operator_set, inputs, value)
                    )
                case Attest(slot, operator_set, inputs, timestamp, result, domain):
                    return Attested(
                        await asyncio.to_thread(
                            self.signer.attest, slot, operator_set, inputs, timestamp, result, domain
                        )
                    )
        except SignerError as error:
            return SigningRefused(Objection(error.reason, error.detail))

    async def _publish(self, message: Observation | Attestation | Refusal) -> None:
        subject = str(subject_of(message))
        try:
            await self.bus.publish(subject, encode(message))
        except BusError as error:
            self._note(error.reason, error.detail, subject=subject)

    def _note(
        self, reason: Reason, detail: str, slot: ObservationSlot | None = None, subject: str | None = None
    ) -> None:
        self.refused[reason] += 1
        # What is nobody's fault, like a condition that does not hold yet, needs nobody's attention.
        tell = log.info if reason.fault is Fault.NOBODY else log.warning
        tell(
            reason.summary,
            reason=reason.code,
            detail=detail,
            advice=reason.advice,
            subject=subject,
            execution=slot.execution_id.hex() if slot else None,
            phase=slot.phase_index if slot else None,
        )


def _in_order(effects: tuple[Effect, ...]) -> list[tuple[Effect, ...]]:
    """Effects that may run side by side; answers to be published keep their order, as one group."""
    answers = tuple(effect for effect in effects if isinstance(effect, Publish))
    others: list[tuple[Effect, ...]] = [(one,) for one in effects if not isinstance(one, Publish)]
    return [*others, answers] if answers else others
