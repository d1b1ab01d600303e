"""A server that speaks Cerberus' protocol and shares no code with the client.

It reads and writes the protocol's bytes by hand, so that a wrong field number fails.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from hourglass.bls.curve import FIELD_MODULUS
from hourglass.bls.keys import SecretKey
from hourglass.bls.mcl import MclBackend
from hourglass.bls.signatures import sign

MCL = MclBackend()
HELD_S = 30.0
API_KEY = "0193-api-key-of-this-test"
PASSWORD = "p@$$w0rd of the key"
TLS = Path(__file__).parent / "tls"
LENGTH_DELIMITED = 2


def fields(message: bytes) -> dict[int, bytes]:
    """A protobuf message of short strings and bytes, read by hand."""
    found = {}
    while message:
        tag, length = message[0], message[1]
        assert tag & 7 == LENGTH_DELIMITED
        assert length < 0x80
        found[tag >> 3] = message[2 : 2 + length]
        message = message[2 + length :]
    return found


def response(signature: bytes) -> bytes:
    """A SignGenericResponse, written by hand."""
    return bytes([1 << 3 | LENGTH_DELIMITED, len(signature)]) + signature


@dataclass
class Cerberus:
    """The server: keeps one key, wants its API key and password, and misbehaves on request."""

    secret: SecretKey
    port: int = 0
    answer: Callable[[bytes], bytes] | None = None
    holds: bool = False
    """Answers nothing until it is stopped."""
    stopping: threading.Event = field(default_factory=threading.Event)
    asked: list[dict[int, bytes]] = field(default_factory=list)

    def sign_generic(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        request = fields(message)
        self.asked.append(request)
        given = dict(context.invocation_metadata()).get("authorization")
        if given is None:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "missing authorization header")
        if given != API_KEY:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, f"invalid token {given!r}")
        if request[1] != self.key_id.encode() or request.get(3) != PASSWORD.encode():
            context.abort(grpc.StatusCode.INTERNAL, f"cannot open with {request.get(3, b'')!r}\nmore")
        if self.holds:
            self.stopping.wait(HELD_S)
        if self.answer is not None:
            return self.answer(request[2])
        return response(sign(self.secret, request[2], MCL).to_bytes())

    @property
    def key_id(self) -> str:
        """X, and the larger of the two roots of Y marked with 0b11 on top, the smaller with 0b10."""
        point = self.secret.public_key(MCL).g1
        mark = 0b11 if 2 * point.y > FIELD_MODULUS else 0b10
        return f"{point.x | mark << 254:064x}"


@contextmanager
def serving(server: Cerberus, tls: bool = False, port: int = 0) -> Iterator[Cerberus]:
    """The server on this port, or on one of its own."""
    with ThreadPoolExecutor(4) as threads:
        running = grpc.server(threads)
        handler: Any = grpc.unary_unary_rpc_method_handler(server.sign_generic)
        running.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler("signer.v1.Signer", {"SignGeneric": handler}),)
        )
        if tls:
            pair = ((TLS / "localhost.key").read_bytes(), (TLS / "localhost.pem").read_bytes())
            server.port = running.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
        else:
            server.port = running.add_insecure_port(f"127.0.0.1:{port}")
        running.start()
        try:
            yield server
        finally:
            server.stopping.set()
            running.stop(0).wait(5)
