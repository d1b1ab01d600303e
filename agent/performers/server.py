"""Offers Python handlers as a gRPC performer, as stock Hourglass drives one: plain tasks, and phases."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, NoReturn, cast

import grpc
import structlog
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from agent.performers.grpc import MAX_MESSAGE_BYTES, SERVICE
from agent.performers.port import Performer, Work
from agent.performers.statuses import REASON_KEY
from agent.performers.wire.performer_pb2 import StartSyncRequest, StartSyncResponse, TaskRequest, TaskResponse
from hourglass.certificate.slots import Kind
from hourglass.errors import ConfigError, HandlerError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import (
    WORD_BYTES,
    Address,
    Attempt,
    ChainTime,
    ExecutionId,
    PhaseIndex,
    Tick,
)
from hourglass.workflow.phase_payload import PhasePayload, UnsupportedVersionError, is_phase, task_id
from hourglass.workflow.phases import PhaseType

STATUS = {
    Reason.UNKNOWN_WORKFLOW: grpc.StatusCode.NOT_FOUND,
    Reason.HANDLER_TIMED_OUT: grpc.StatusCode.DEADLINE_EXCEEDED,
    Reason.HANDLER_WRONG_TYPE: grpc.StatusCode.FAILED_PRECONDITION,
    Reason.RESULT_TOO_LARGE: grpc.StatusCode.OUT_OF_RANGE,
    Reason.PERFORMER_CRASHED: grpc.StatusCode.ABORTED,
}
"""Not those that stock Hourglass repeats (UNAVAILABLE, INTERNAL, RESOURCE_EXHAUSTED): to ask again would not help."""
OTHERWISE = grpc.StatusCode.UNKNOWN
OPTIONS = (
    ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
    # Two servers must not share a port and take half of the tasks each.
    ("grpc.so_reuseport", 0),
)

log = structlog.get_logger(__name__)


@asynccontextmanager
async def serving(
    performer: Performer, listen: str, timeout_s: float, grace_s: float = 10.0
) -> AsyncIterator[int]:
    """Serve at host:port until the context is left; the port. What is under way then has `grace_s` to end.

    `timeout_s`: the longest that a handler may take; a caller's deadline may end it sooner. Raises
    ConfigError(INVALID_CONFIG) if nothing can listen there.
    """
    server = grpc.aio.server(options=OPTIONS)
    service = _Service(performer, timeout_s)
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler(
                SERVICE,
                {
                    "ExecuteTask": _method(service.execute_task, TaskRequest),
                    "StartSync": _method(service.start_sync, StartSyncRequest),
                },
            ),
        )
    )
    state = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(state, server)
    try:
        port = server.add_insecure_port(listen)
    except RuntimeError as error:
        raise ConfigError(Reason.INVALID_CONFIG, f"Nothing can listen at {listen}.") from error
    await server.start()
    try:
        for name in ("", SERVICE):
            await state.set(name, health_pb2.HealthCheckResponse.SERVING)
        yield port
    finally:
        await state.enter_graceful_shutdown()
        await server.stop(grace_s)


class _Service:
    def __init__(self, performer: Performer, timeout_s: float) -> None:
        self._performer = performer
        self._timeout_s = timeout_s

    async def execute_task(
        self, request: TaskRequest, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> TaskResponse:
        left_s = cast("float | None", context.time_remaining())
        timeout_s = self._timeout_s if left_s is None else min(self._timeout_s, left_s)
        try:
            result = await self._performer.perform(work_of(request), timeout_s)
        except UnsupportedVersionError as error:
            await _refuse(context, grpc.StatusCode.UNIMPLEMENTED, Reason.PERFORMER_UNSUITED, f"{error}.")
        except ValueError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, f"{error}.")
        except HandlerError as error:
            log.warning(error.reason.summary, reason=error.reason.code, detail=error.detail)
            await _refuse(context, STATUS.get(error.reason, OTHERWISE), error.reason, error.detail)
        return TaskResponse(task_id=request.task_id, result=result)

    async def start_sync(
        self, request: StartSyncRequest, context: "grpc.aio.ServicerContext[Any, Any]"
    ) -> StartSyncResponse:
        return StartSyncResponse()


def work_of(request: TaskRequest) -> Work:
    """What is asked for. Raises ValueError for a request that is none.

    Nobody says who runs a plain task and until when: its operator is the zero address, its deadline 0.
    """
    which, payload = bytes(request.task_id), bytes(request.payload)
    try:
        digest = bytes.fromhex(which.decode("ascii").removeprefix("0x"))
    except ValueError as error:
        raise ValueError("the task id is no hexadecimal text") from error
    if task_id(digest) != which.lower() or len(digest) != WORD_BYTES:
        raise ValueError("the task id is not 0x and the hexadecimal digits of 32 bytes")
    if is_phase(payload):
        return _phase_of(PhasePayload.decode(payload))
    return Work(
        definition_hash=bytes(WORD_BYTES),
        execution_id=ExecutionId(digest),
        phase_index=PhaseIndex(0),
        phase_name="",
        phase_type=PhaseType.IMMEDIATE,
        metadata=b"",
        attempt=Attempt(0),
        tick=Tick(0),
        payload=payload,
        results=(),
        trigger_data=None,
        operator=Address(bytes(20)),
        deadline=ChainTime(0),
        kind=Kind.TASK,
    )


def _phase_of(phase: PhasePayload) -> Work:
    return Work(
        definition_hash=phase.definition_hash,
        execution_id=phase.execution_id,
        phase_index=phase.phase_index,
        phase_name=phase.phase_name,
        phase_type=phase.phase_type,
        metadata=phase.metadata,
        attempt=phase.attempt,
        tick=phase.tick,
        payload=phase.payload,
        results=phase.results,
        trigger_data=phase.trigger_data,
        operator=phase.operator,
        deadline=phase.deadline,
    )


async def _refuse(
    context: "grpc.aio.ServicerContext[Any, Any]", code: grpc.StatusCode, reason: Reason, detail: str
) -> NoReturn:
    context.set_trailing_metadata(((REASON_KEY, reason.code),))
    await context.abort(code, f"{reason.summary} {detail}".strip())


def _method(
    call: Callable[[Any, Any], Awaitable[Message]], request: Any
) -> "grpc.RpcMethodHandler[Any, Any]":
    return grpc.unary_unary_rpc_method_handler(
        call,
        request_deserializer=request.FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )
