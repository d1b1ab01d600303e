"""What a gRPC status means for the work: the reason that an operator sees."""

import grpc

from hourglass.errors import HandlerError
from hourglass.reasons import Reason, reason_by_code

REASON_KEY = "hourglass-reason"
"""Trailing metadata: why, in words of `hourglass.reasons`, where this project's own server says no."""
SAID_BY_PERFORMERS = frozenset(
    {
        Reason.UNKNOWN_WORKFLOW,
        Reason.HANDLER_FAILED,
        Reason.HANDLER_TIMED_OUT,
        Reason.HANDLER_WRONG_TYPE,
        Reason.RESULT_TOO_LARGE,
        Reason.PERFORMER_CRASHED,
        Reason.PERFORMER_UNSUITED,
    }
)
SHOWN_CHARACTERS = 200


def problem_of(error: grpc.aio.AioRpcError) -> str:
    """Why it is not there. Raises HandlerError(PERFORMER_UNSUITED) if waiting will not help."""
    match error.code():
        case grpc.StatusCode.UNAUTHENTICATED | grpc.StatusCode.PERMISSION_DENIED:
            raise failure_of(error) from None
        case code:
            return f"{code.name}, {shown(error.details() or '')}"


def failure_of(error: grpc.aio.AioRpcError) -> HandlerError:
    """What a status means for the work. Raised without its cause: gRPC's errors spell out all that was sent."""
    code, said = error.code(), error.details() or ""
    detail = f"{code.name}, {shown(said)}"
    for key, value in error.trailing_metadata() or ():
        reason = reason_by_code(str(value)) if key == REASON_KEY else None
        if reason in SAID_BY_PERFORMERS and reason is not None:
            return HandlerError(reason, shown(said))
    match code:
        case grpc.StatusCode.UNAVAILABLE:
            return HandlerError(Reason.PERFORMER_CRASHED, f"It may have begun: {detail}")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return HandlerError(Reason.HANDLER_TIMED_OUT, detail)
        case (
            grpc.StatusCode.UNIMPLEMENTED
            | grpc.StatusCode.UNAUTHENTICATED
            | grpc.StatusCode.PERMISSION_DENIED
        ):
            return HandlerError(Reason.PERFORMER_UNSUITED, detail)
        case grpc.StatusCode.RESOURCE_EXHAUSTED if "larger than max" in said:
            return HandlerError(Reason.RESULT_TOO_LARGE, detail)
        case _:
            return HandlerError(Reason.HANDLER_FAILED, detail)


def shown(text: str) -> str:
    """Of what a foreign process said, so much that a log stays readable."""
    return "".join(one if one.isprintable() else " " for one in text)[:SHOWN_CHARACTERS]
