"""A performer as an AVS's own developer writes it: plain grpcio, nothing of this project, tasks and phases in one.

    python outsider.py ADDRESS

Tasks are answered with the payload reversed. A phase's answer follows from its type. A payload that begins with one of
the words below makes it misbehave.
"""

import os
import signal
import sys
import time
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc

MAGIC = b"\xffHGPHASE"
WORD = 32
COORDINATION, CONTINUOUS, AGGREGATION = 1, 2, 4
calls: list[bytes] = []
synced = 0


# ── Two messages of two fields each: by hand, so that this file needs no generated code ───────────────────


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if not data[at - 1] & 0x80:
            return number, at


def fields(data: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        length, at = read_varint(data, at)
        found[tag >> 3] = data[at : at + length]
        at += length
    return found


def response(task_id: bytes, result: bytes) -> bytes:
    made = b"\x0a" + varint(len(task_id)) + task_id
    return made + b"\x12" + varint(len(result)) + result if result else made


# ── Look, then decide ─────────────────────────────────────────────────────────────────────────────────


def word(body: bytes, index: int) -> int:
    return int.from_bytes(body[index * WORD : (index + 1) * WORD], "big")


def tail(body: bytes, index: int) -> bytes:
    """Of a `bytes` field: what its offset points to."""
    start = word(body, index)
    length = int.from_bytes(body[start : start + WORD], "big")
    return body[start + WORD : start + WORD + length]


def inputs(body: bytes) -> list[bytes]:
    """Of `bytes[] results`, the 13th field."""
    start = word(body, 12) + WORD
    here = body[start:]
    count = int.from_bytes(body[start - WORD : start], "big")
    return [tail(here, index) for index in range(count)]


def work_phase(body: bytes) -> bytes:
    phase_type, tick, payload = word(body, 4), word(body, 6), tail(body, 9)
    if phase_type == COORDINATION:  # an observation
        return (len(payload) + 100).to_bytes(WORD, "big")
    if phase_type == CONTINUOUS and payload == b"bare":  # a mistake: a value of -1 alone
        return b"\xff" * WORD
    if phase_type == CONTINUOUS:  # go on or stop, then the tick's value
        return bytes([tick >= 3]) + tick.to_bytes(WORD, "big")
    if phase_type == AGGREGATION:
        return sum(int.from_bytes(one, "big") for one in inputs(body)).to_bytes(WORD, "big")
    return payload + b" by phase"


def work_task(task_id: bytes, payload: bytes, context: Any) -> tuple[bytes, bytes]:
    verb, _, rest = payload.partition(b" ")
    match verb:
        case b"sleep":
            time.sleep(float(rest))
        case b"crash-once":
            mark = Path(rest.decode())
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case b"crash":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"wrong-id":
            return b"0x" + b"0" * 64, b"stolen"
        case b"no-id":
            return b"", b"anonymous"
        case b"large":
            return task_id, bytes(int(rest))
        case b"fail":
            context.abort(grpc.StatusCode[rest.decode()], "as asked")
        case b"count":
            return task_id, str(calls.count(task_id)).encode()
        case b"calls":
            return task_id, str(len(calls)).encode()
        case b"synced":
            return task_id, str(synced).encode()
        case b"pid":
            return task_id, str(os.getpid()).encode()
        case b"environment":
            return task_id, ",".join(sorted(os.environ)).encode()
        case b"id":
            return task_id, task_id
    return task_id, payload[::-1]


def execute_task(request: bytes, context: Any) -> bytes:
    asked = fields(request)
    task_id, payload = asked[1], asked.get(2, b"")
    calls.append(task_id)
    if payload.startswith(MAGIC):
        if payload[8] != 1:
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "another version of phases")
        return response(task_id, work_phase(payload[9:]))
    return response(*work_task(task_id, payload, context))


def start_sync(request: bytes, context: Any) -> bytes:
    global synced
    synced += 1
    return b""


def check(request: bytes, context: Any) -> bytes:
    return b"\x08" + bytes([int(os.environ.get("HEALTH", "1"))])  # 1: SERVING


def main(address: str) -> None:
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=int(os.environ.get("WORKERS", "16"))))
    performer: dict[str, Any] = {"ExecuteTask": execute_task, "StartSync": start_sync}
    if os.environ.get("WITHOUT_START_SYNC"):
        del performer["StartSync"]
    services = {"eigenlayer.hourglass.v1.performer.PerformerService": performer}
    if not os.environ.get("WITHOUT_HEALTH"):
        services["grpc.health.v1.Health"] = {"Check": check}
    for name, methods in services.items():
        handlers: dict[str, Any] = {
            one: grpc.unary_unary_rpc_method_handler(method) for one, method in methods.items()
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(name, handlers),))
    if "TLS_KEY" in os.environ:
        pair = Path(os.environ["TLS_KEY"]).read_bytes(), Path(os.environ["TLS_CERTIFICATE"]).read_bytes()
        port = server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    else:
        port = server.add_insecure_port(address)
    server.start()
    sys.stdout.write(f"listening on {port}\n")
    sys.stdout.flush()
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1])
