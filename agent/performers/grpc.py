"""Runs tasks and phases on a gRPC performer: an AVS's own server, in whatever language, as Hourglass asks it.

A plain task goes as it came. A phase goes as a task whose payload says what it is (`hourglass.workflow.phase_payload`).
Deadlines are the phase's own. Nothing is asked twice that may have been taken: whether the performer is there is found
out by its health check, which may be repeated; the call itself may only if the operator says so. The only import of
grpc in the agent, with `server` beside it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import structlog
from google.protobuf.message import Message
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from agent.performers.config import PerformerConfig
from agent.performers.port import Work
from agent.performers.reducing import reduce_as_defined
from agent.performers.statuses import failure_of, problem_of, shown
from agent.performers.wire.performer_pb2 import StartSyncRequest, StartSyncResponse, TaskRequest, TaskResponse
from hourglass.certificate.slots import Kind
from hourglass.errors import ConfigError, HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.identifiers import PhaseIndex, StakeWeight
from hourglass.workflow.phase_payload import PhasePayload, is_phase, task_id, task_id_of_phase
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import TickValue

SERVICE = "eigenlayer.hourglass.v1.performer.PerformerService"
EXECUTE_TASK = f"/{SERVICE}/ExecuteTask"
START_SYNC = f"/{SERVICE}/StartSync"
HEALTH = "/grpc.health.v1.Health/Check"
MAX_MESSAGE_BYTES = 3 * 1024 * 1024 // 2
"""1.5 MiB each way, as Hourglass allows itself."""
HEALTH_TIMEOUT_S = 2.0
"""As stock Hourglass has it."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
MAX_REPEATS = 5
"""Of work that may be repeated: what ends its performer five times over will do so again."""
NOT_UP = "It is being started."
OPTIONS = (
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # gRPC's own repetitions may run a task twice.
    ("grpc.enable_retries", 0),
    # The performer is asked directly, and as soon as it is back.
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.use_local_subchannel_pool", 1),
)

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class GrpcPerformer:
    """Opened with `open`, which asks nothing yet: the performer may come up later, and go, and come again."""

    config: PerformerConfig
    has_served: bool = False
    """Has it ever served where it is asked now?"""
    _channel: grpc.aio.Channel | None = None
    _address: str = ""
    _synced: bool = False
    """Has this connection been told to start?"""
    _served_at: float = float("-inf")
    """When it last said that it serves, by the event loop's clock."""
    _checking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _knows_no_health: bool = False
    _at_work: int = 0
    _problem: str | None = NOT_UP
    """Why it did not serve when it was last looked at; None if it did."""

    @classmethod
    @asynccontextmanager
    async def open(cls, config: PerformerConfig) -> AsyncIterator["GrpcPerformer"]:
        """A performer, its connection closed on leaving. Raises ConfigError for a `ca_file` that cannot be read."""
        performer = cls(config)
        try:
            if config.address is not None:
                await performer.connect(config.address)
            yield performer
        finally:
            await performer.disconnect()

    async def connect(self, address: str) -> None:
        """Ask at this address from now on. What is under way at another one is given up."""
        await self.disconnect()
        self._channel, self._address = _channel_to(address, self.config.ca_file), address

    async def disconnect(self) -> None:
        """Ask nowhere: what is under way is given up, what comes waits."""
        channel, self._channel = self._channel, None
        self.has_served = False
        self._forget()
        if channel is not None:
            await channel.close()

    @property
    def is_at_work(self) -> bool:
        """Has it been asked for something that it has not answered yet?"""
        return self._at_work > 0

    async def perform(self, work: Work, timeout_s: float) -> bytes:
        """A task's result, a phase's value or observation.

        Raises HandlerError: PERFORMER_UNREACHABLE if it was not asked, PERFORMER_CRASHED if it may have been and the
        connection broke, PERFORMER_WRONG_ANSWER, PERFORMER_UNSUITED, TASK_POSES_AS_PHASE, and what handlers do.
        """
        ends = asyncio.get_running_loop().time() + timeout_s
        request = request_of(work)
        response = await self._ask(request, ends)
        if response.task_id != request.task_id:
            theirs = shown(bytes(response.task_id).decode("ascii", errors="replace"))
            raise HandlerError(Reason.PERFORMER_WRONG_ANSWER, f"It answers for {theirs or 'no task'!r}.")
        result = bytes(response.result)
        if work.kind is Kind.PHASE and work.phase_type is PhaseType.CONTINUOUS:
            try:
                TickValue.decode(result)
            except ValueError as error:
                raise HandlerError(Reason.PERFORMER_WRONG_ANSWER, f"{error}.") from error
        return result

    async def watch(self, work: Work, timeout_s: float) -> list[bytes] | None:
        """Nothing: the condition is judged by what the chain holds and by the first dependency's result."""
        return None

    async def reduce(
        self,
        definition: bytes,
        phase_index: PhaseIndex,
        phase: PhaseDefinition,
        observations: Sequence[tuple[bytes, StakeWeight]],
        timeout_s: float,
    ) -> bytes:
        """By the rule that the definition names; the performer is not asked."""
        return reduce_as_defined(phase, observations)

    async def probe(self) -> str | None:
        """Ask for its health, and tell it to start if that is due. None if it serves, else what is wrong.

        Raises HandlerError(PERFORMER_UNSUITED) if waiting will not help.
        """
        problem = NOT_UP if self._channel is None else await self._probe(self._channel)
        if problem is not None and problem != self._problem:
            log.warning("the performer does not serve", address=self._address, detail=problem)
        if problem is None and self._problem is not None:
            log.info("the performer serves", address=self._address)
        self._problem = problem
        return problem

    async def _probe(self, channel: grpc.aio.Channel) -> str | None:
        if channel.get_state(try_to_connect=True) is not grpc.ChannelConnectivity.READY:
            self._synced = False
        problem = await self._health(channel)
        if problem is None and not self._synced:
            problem = await self._start(channel)
        if problem is None and channel is self._channel:
            self._synced = self.has_served = True
            self._served_at = asyncio.get_running_loop().time()
        return problem

    # ── One question ──────────────────────────────────────────────────────────────────────────────────

    async def _ask(self, request: TaskRequest, ends: float) -> TaskResponse:
        loop, repeats = asyncio.get_running_loop(), 0
        while True:
            channel = await self._serving(ends)
            left_s = ends - loop.time()
            self._at_work += 1
            try:
                answer: TaskResponse = await _call(channel, EXECUTE_TASK, request, TaskResponse, left_s)
                return answer
            except grpc.aio.AioRpcError as error:
                failure = failure_of(error)
            except (asyncio.CancelledError, grpc.aio.UsageError):
                # Its channel was closed, since what the agent had started has ended; or the agent itself gives up.
                if _is_cancelled():
                    raise
                failure = HandlerError(Reason.PERFORMER_CRASHED, "The connection was closed meanwhile.")
            finally:
                self._at_work -= 1
            if failure.reason is Reason.PERFORMER_CRASHED:
                self._forget()
                pause_s = FIRST_PAUSE_S * 2**repeats
                if self.config.idempotent and repeats < MAX_REPEATS and loop.time() + pause_s < ends:
                    log.warning("the performer is asked once more", detail=failure.detail)
                    await asyncio.sleep(pause_s)
                    repeats += 1
                    continue
            raise failure

    async def _serving(self, ends: float) -> grpc.aio.Channel:
        """The channel, once the performer serves. Raises HandlerError(PERFORMER_UNREACHABLE) if it does not in time."""
        loop = asyncio.get_running_loop()
        ends = min(ends, loop.time() + self.config.patience_s)
        pause_s = FIRST_PAUSE_S
        try:
            async with asyncio.timeout_at(ends), self._checking:
                while True:
                    if self._channel is not None and self._is_fresh(self._channel):
                        return self._channel
                    if await self.probe() is None and self._channel is not None:
                        return self._channel
                    if loop.time() + pause_s >= ends:
                        break
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        except TimeoutError:
            pass
        where = self._address or "The container"
        raise HandlerError(Reason.PERFORMER_UNREACHABLE, f"{where}: {self._problem or NOT_UP}")

    def _is_fresh(self, channel: grpc.aio.Channel) -> bool:
        age_s = asyncio.get_running_loop().time() - self._served_at
        connected = channel.get_state() is grpc.ChannelConnectivity.READY
        return connected and self._synced and age_s < self.config.health_interval_s

    def _forget(self) -> None:
        self._synced, self._served_at = False, float("-inf")

    async def _health(self, channel: grpc.aio.Channel) -> str | None:
        try:
            answer = await _call(channel, HEALTH, HealthCheckRequest(), HealthCheckResponse, HEALTH_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                # It is there and speaks gRPC. Hourglass' own always say that they serve, so little is lost.
                if not self._knows_no_health:
                    log.warning("the performer has no health check; it is used nevertheless")
                self._knows_no_health = True
                return None
            return problem_of(error)
        except (asyncio.CancelledError, grpc.aio.UsageError):
            if _is_cancelled():
                raise
            return NOT_UP
        if answer.status != HealthCheckResponse.SERVING:
            return f"Its health check says {HealthCheckResponse.ServingStatus.Name(answer.status)}."
        return None

    async def _start(self, channel: grpc.aio.Channel) -> str | None:
        try:
            await _call(channel, START_SYNC, StartSyncRequest(), StartSyncResponse, HEALTH_TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            return None if error.code() is grpc.StatusCode.UNIMPLEMENTED else problem_of(error)
        except (asyncio.CancelledError, grpc.aio.UsageError):
            if _is_cancelled():
                raise
            return NOT_UP
        return None


def request_of(work: Work) -> TaskRequest:
    """What a performer is asked. Raises HandlerError(TASK_POSES_AS_PHASE)."""
    if work.kind is Kind.TASK:
        if is_phase(work.payload):
            raise HandlerError(Reason.TASK_POSES_AS_PHASE)
        return TaskRequest(task_id=task_id(work.execution_id), payload=work.payload)
    phase = PhasePayload(
        definition_hash=work.definition_hash,
        execution_id=work.execution_id,
        phase_index=work.phase_index,
        phase_name=work.phase_name,
        phase_type=work.phase_type,
        attempt=work.attempt,
        tick=work.tick,
        deadline=work.deadline,
        operator=work.operator,
        payload=work.payload,
        results=work.results,
        trigger_data=work.trigger_data,
        metadata=work.metadata,
    )
    which = task_id_of_phase(work.execution_id, work.phase_index, work.attempt, work.tick)
    return TaskRequest(task_id=task_id(which), payload=phase.encode())


def _channel_to(address: str, ca_file: Path | None) -> grpc.aio.Channel:
    if ca_file is None:
        return grpc.aio.insecure_channel(address, options=OPTIONS)
    try:
        roots = ca_file.read_bytes()
    except OSError as error:
        raise ConfigError(Reason.INVALID_CONFIG, f"{ca_file}: {error.strerror}.") from error
    return grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(roots), options=OPTIONS)


async def _call(
    channel: grpc.aio.Channel, method: str, request: Message, answer: Any, timeout_s: float
) -> Any:
    ask: Any = channel.unary_unary(
        method,
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=answer.FromString,
    )
    return await ask(request, timeout=max(timeout_s, 0.001))


def _is_cancelled() -> bool:
    """Is this task itself being cancelled, and not only the call that it waits for?"""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
