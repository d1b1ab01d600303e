"""Signs with a BLS key that a Cerberus server keeps. The only import of grpc here.

The server hashes the digest to the curve as EigenLayer's contracts do and multiplies. It is not trusted to have done
so: what it answers is verified against the configured public key before anyone sees it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from eth_hash.auto import keccak
from google.protobuf.message import DecodeError as ProtobufError

from hourglass.bls.compressed import compressed
from hourglass.bls.curve import G1_BYTES, G1_GENERATOR, G2_GENERATOR, Backend, G1Point, G2Point
from hourglass.bls.keys import PublicKey
from hourglass.bls.signatures import verify
from hourglass.cerberus.config import CerberusConfig
from hourglass.cerberus.wire.signer_pb2 import SignGenericRequest, SignGenericResponse
from hourglass.errors import ConfigError, PointError, SignerError
from hourglass.reasons import Reason
from hourglass.secret_files import read_open, read_sealed

METHOD = "/signer.v1.Signer/SignGeneric"
UNREACHABLE = frozenset(
    {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED}
)
OPTIONS = (
    # The signer is asked directly, and as soon as it is back: gRPC would wait two minutes after an outage.
    ("grpc.enable_http_proxy", 0),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A channel of its own, so that a TLS session of other credentials is never taken up.
    ("grpc.use_local_subchannel_pool", 1),
)
PROOF = bytes(keccak(b"Hourglass Workflow asks a remote signer for its first signature."))
"""Signed at the start to see that all is well. No certificate's digest hashes to it."""
SHOWN_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class CerberusSigner:
    """One key of one server. Safe to use from several threads."""

    address: str
    public_key: PublicKey
    backend: Backend = field(repr=False)
    timeout_s: float
    _channel: grpc.Channel = field(repr=False)
    _api_key: str = field(repr=False)
    _password: str = field(repr=False)

    @classmethod
    @contextmanager
    def open(cls, config: CerberusConfig, backend: Backend) -> Iterator["CerberusSigner"]:
        """A signer, and its connection closed on leaving. Asks nothing yet; `prove` does.

        Raises ConfigError(KEY_UNUSABLE) for a public key that is none, and for files that cannot be read.
        """
        public_key = _public_key(config.public_key, backend)
        api_key, password = _secret(config.api_key_file), _secret(config.password_file)
        if not (api_key.isascii() and api_key.isprintable()):
            raise ConfigError(
                Reason.KEY_UNUSABLE, f"{config.api_key_file} holds no API key: it is not printable."
            )
        with _channel(config) as channel:
            yield cls(config.address, public_key, backend, config.timeout_s, channel, api_key, password)

    @property
    def key_id(self) -> str:
        """How the server names the key: its compressed G1 point in hexadecimal."""
        return compressed(self.public_key.g1).hex()

    def prove(self) -> None:
        """Have one harmless digest signed, so that wrong settings show at the start. Raises SignerError."""
        self.sign(PROOF)

    def sign(self, digest: bytes) -> G1Point:
        """scalar · H(digest), verified. Raises SignerError(SIGNER_UNREACHABLE | SIGNER_REFUSED | SIGNER_FALSE)."""
        request = SignGenericRequest(public_key_g1=self.key_id, data=digest, password=self._password)
        signature = self._understood(self._ask(request.SerializeToString()))
        if not verify(self.public_key.g2, digest, signature, self.backend):
            raise self._error(
                Reason.SIGNER_FALSE, "its signature does not verify under the configured public key"
            )
        return signature

    def _ask(self, request: bytes) -> bytes:
        call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self._channel.unary_unary(METHOD)
        metadata = (("authorization", self._api_key),) if self._api_key else ()
        try:
            return call(request, timeout=self.timeout_s, metadata=metadata)
        except grpc.RpcError as error:
            # Not `from error`: gRPC's errors spell out all that the server said.
            reason = Reason.SIGNER_UNREACHABLE if error.code() in UNREACHABLE else Reason.SIGNER_REFUSED
            raise self._error(reason, f"{error.code().name}, {self._shown(error.details() or '')}") from None

    def _understood(self, answer: bytes) -> G1Point:
        try:
            signature = SignGenericResponse.FromString(answer).signature
            return G1Point.from_bytes(signature)
        except (ProtobufError, PointError) as error:
            wrong = error.detail if isinstance(error, PointError) else "It is no answer to SignGeneric."
            raise self._error(Reason.SIGNER_FALSE, wrong.rstrip(".")) from None

    def _error(self, reason: Reason, what: str) -> SignerError:
        return SignerError(reason, f"Cerberus at {self.address}, key {self.key_id}: {what}.")

    def _shown(self, text: str) -> str:
        """What a server says goes into logs: no secrets of ours, no line breaks, not much."""
        for secret in (self._api_key, self._password):
            text = text.replace(secret, "…") if secret else text
        return "".join(letter if letter.isprintable() else " " for letter in text[:SHOWN_CHARACTERS])


@contextmanager
def _channel(config: CerberusConfig) -> Iterator[grpc.Channel]:
    if config.plaintext:
        channel = grpc.insecure_channel(config.address, OPTIONS)
    else:
        roots = read_sealed(config.ca_file) if config.ca_file is not None else None
        channel = grpc.secure_channel(config.address, grpc.ssl_channel_credentials(roots), OPTIONS)
    try:
        yield channel
    finally:
        channel.close()


def _secret(path: Path | None) -> str:
    return "" if path is None else read_open(path)


def _public_key(text: str, backend: Backend) -> PublicKey:
    data = bytes.fromhex(text.removeprefix("0x"))
    try:
        key = PublicKey(G1Point.from_bytes(data[:G1_BYTES]), G2Point.from_bytes(data[G1_BYTES:], backend))
    except PointError as error:
        raise ConfigError(
            Reason.KEY_UNUSABLE, f"The configured public key is none. {error.detail}"
        ) from error
    if not backend.pairing_is_one([(key.g1, G2_GENERATOR), (-G1_GENERATOR, key.g2)]):
        raise ConfigError(
            Reason.KEY_UNUSABLE, "The configured public key's two halves are of different keys."
        )
    return key
