"""Drives one `PhaseSession`: its inbox, its timers, and the performing of its effects.

One task owns the session. Slow effects run as tasks of the driver's own group and put their outcome into the
inbox, so the session itself never waits.

    bus, chain ──▶ inbox ──▶ session.receive ──▶ effects ──▶ perform ─┐
                     ▲                                                │ outcome
                     └────────────────────────────────────────────────┘
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from aggregator.events import (
    AttestationReceived,
    BadSigners,
    Certified,
    Certify,
    CloseOnChain,
    Effect,
    Event,
    Note,
    ObservationReceived,
    ProposalSigned,
    Publish,
    RefusalReceived,
    SignProposal,
    SignSeries,
    SubmissionFailed,
    SubmissionMined,
    Submit,
    WakeAfter,
    Woken,
)
from aggregator.journey import Journey, Step
from aggregator.session import PhaseSession
from hourglass.bls.curve import Backend
from hourglass.bus.port import Bus
from hourglass.certificate.curves import BadSignatures, certify_or_blame
from hourglass.certificate.digests import proposal_digest, series_proposal_digest
from hourglass.certificate.slots import Kind, ObservationSlot
from hourglass.chain.port import (
    Call,
    CheckPhaseTimeout,
    Receipt,
    SigningAccount,
    SubmitPhaseResult,
    SubmitTaskResult,
)
from hourglass.errors import BusError, ChainError, DecodeError, SignerError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address
from messages.requests import PhaseRequest, Proposal, SeriesProposal, TickCertificate
from messages.subjects import subject_of
from messages.wire import encode

MAX_INBOX = 8_192
"""Answers waiting for one session: eight from each of 1,024 operators. What overflows is asked for again."""

ANSWERS = (ObservationReceived, AttestationReceived, RefusalReceived)
"""What anybody on the bus may send any number of."""

log = structlog.get_logger(__name__)

SendCall = Callable[[Call], Awaitable[Receipt]]


@dataclass(frozen=True, slots=True)
class Edges:
    """What a driver acts through."""

    bus: Bus
    send: SendCall
    account: SigningAccount
    backend: Backend


@dataclass(slots=True)
class Driver:
    """One session and its inbox. `run` is its only task; `put`, `Opened` first, and `close` are for the node."""

    session: PhaseSession
    edges: Edges
    journey: Journey
    dropped: int = 0
    transaction: Receipt | None = None
    _inbox: asyncio.Queue[Event | None] = field(default_factory=asyncio.Queue)
    _timer: asyncio.TimerHandle | None = None

    @property
    def gas_used(self) -> int | None:
        """Gas of this session's own transaction, once mined."""
        return None if self.transaction is None else self.transaction.gas_used

    def put(self, event: Event) -> None:
        """Hand over one fact. An answer is dropped, and counted, if the inbox is full: the session asks again."""
        # Nobody says a second time what became of the session's own effects; and those are few.
        if isinstance(event, ANSWERS) and self._inbox.qsize() >= MAX_INBOX:
            self.dropped += 1
            self._log(operator=None, reason=Reason.INBOX_FULL, detail=f"{self.dropped} dropped so far.")
        else:
            self._inbox.put_nowait(event)

    def close(self) -> None:
        """End `run` once everything before this has been received."""
        self._inbox.put_nowait(None)

    async def run(self) -> None:
        """Receive until closed, then see transactions through; whatever else is under way is cancelled."""
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            # What is under way when the session closes: transactions are seen through, all else is moot.
            tasks: set[asyncio.Task[None]] = set()
            while (event := await self._inbox.get()) is not None:
                self.journey.heard(event, loop.time())
                for effect in self.session.receive(event, loop.time()):
                    self.journey.wished(effect, loop.time())
                    if isinstance(effect, WakeAfter):
                        self._wake_after(effect.seconds)
                        continue
                    if isinstance(effect, Note):
                        # At once: what is said as the session closes must still be heard.
                        self._log(effect.operator, effect.reason, effect.detail)
                        continue
                    task = group.create_task(self._perform(effect))
                    if not isinstance(effect, Submit | CloseOnChain):
                        tasks.add(task)
                        task.add_done_callback(tasks.discard)
            if self._timer is not None:
                self._timer.cancel()
            for task in tasks:
                task.cancel()

    def _wake_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.put, Woken())

    async def _perform(self, effect: Effect) -> None:
        match effect:
            case Publish(message):
                await self._publish(message)
            case SignProposal() | SignSeries():
                await self._propose(effect)
            case Certify():
                self.put(await asyncio.to_thread(self._certify, effect))
            case Submit():
                await self._send(_submission(self.session.opening.slot, effect))
            case CloseOnChain():
                slot = self.session.opening.slot
                await self._send(CheckPhaseTimeout(slot.execution_id, slot.phase_index))
            case Note() | WakeAfter():
                pass  # Done where it was wished.

    async def _publish(self, message: PhaseRequest | Proposal | SeriesProposal | TickCertificate) -> None:
        try:
            await self.edges.bus.publish(str(subject_of(message)), encode(message))
        except (BusError, DecodeError) as error:
            self._log(operator=None, reason=error.reason, detail=error.detail)

    async def _propose(self, effect: SignProposal | SignSeries) -> None:
        """The key may be a server's, which may not answer: then the round goes by without our proposal."""
        try:
            self.put(ProposalSigned(await asyncio.to_thread(self._sign, effect)))
        except SignerError as error:
            self._log(operator=None, reason=error.reason, detail=error.detail)

    def _sign(self, effect: SignProposal | SignSeries) -> Proposal | SeriesProposal:
        """Blocks until the key has answered, so it has a thread."""
        return (
            self._sign_series(effect) if isinstance(effect, SignSeries) else self._sign_observations(effect)
        )

    def _sign_observations(self, effect: SignProposal) -> Proposal:
        opening = self.session.opening
        digest = proposal_digest(effect.slot, opening.operator_set, opening.inputs_hash, effect.observations)
        return Proposal(
            slot=effect.slot,
            operator_set=opening.operator_set,
            inputs_hash=opening.inputs_hash,
            observations=effect.observations,
            aggregator=opening.me,
            signature=self.edges.account.sign(digest),
        )

    def _sign_series(self, effect: SignSeries) -> SeriesProposal:
        opening = self.session.opening
        digest = series_proposal_digest(
            effect.slot,
            opening.operator_set,
            opening.inputs_hash,
            effect.ticks,
            [(one.tick, one.round, one.value) for one in effect.certified],
        )
        return SeriesProposal(
            slot=effect.slot,
            operator_set=opening.operator_set,
            inputs_hash=opening.inputs_hash,
            ticks=effect.ticks,
            certified=effect.certified,
            aggregator=opening.me,
            signature=self.edges.account.sign(digest),
        )

    def _certify(self, effect: Certify) -> Certified | BadSigners:
        """One pairing if all is well; blame only if it fails."""
        table, backend = self.session.opening.table, self.edges.backend
        made = certify_or_blame(table, effect.message_hash, effect.signatures, backend, secrets.token_bytes)
        if isinstance(made, BadSignatures):
            return BadSigners(effect.slot, effect.digest, made.operators)
        return Certified(effect.slot, effect.digest, made, tuple(effect.signatures))

    async def _send(self, call: Call) -> None:
        try:
            self.transaction = await self.edges.send(call)
        except ChainError as error:
            self.put(SubmissionFailed(error.reason, error.detail))
        else:
            self.journey.mark(Step.MINED, asyncio.get_running_loop().time())
            self.put(SubmissionMined())

    def _log(self, operator: Address | None, reason: Reason, detail: str) -> None:
        slot = self.session.opening.slot
        log.info(
            reason.summary,
            reason=reason.code,
            operator=None if operator is None else str(operator),
            detail=detail,
            execution=slot.execution_id.hex(),
            phase=slot.phase_index,
        )


def _submission(slot: ObservationSlot, effect: Submit) -> Call:
    match slot.kind:
        case Kind.PHASE:
            return SubmitPhaseResult(
                slot.execution_id, slot.phase_index, effect.round, effect.result, effect.certificate
            )
        case Kind.TASK:
            return SubmitTaskResult(slot.state_machine, slot.execution_id, effect.result, effect.certificate)
