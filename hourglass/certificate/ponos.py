"""What Hourglass' own aggregator and executor (ponos) sign to each other, so that a fleet may mix both kinds of node.

Two messages, each the concatenation of 32-byte words whose keccak256 is signed: the aggregator's task submission, seven
words, and the authentication of an operator's answer, five. BN254 keys sign them over RFC 9380's hash to G1
(`hourglass.bls.rfc9380`), never over the one that certificates use, so neither can be taken for the other.

Nothing here vouches for a result: the certificate's signature does. The authentication says who sent that signature,
which anybody could have copied.
"""

from dataclasses import dataclass

from eth_hash.auto import keccak

from hourglass.bls.curve import Backend, G1Point, G2Point
from hourglass.bls.keys import SecretKey
from hourglass.bls.rfc9380 import sign_rfc9380, verify_rfc9380
from hourglass.errors import DecodeError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import WORD_BYTES, Address, Digest, OperatorSetId

VERSION = 1
"""The one version of both messages."""


@dataclass(frozen=True, slots=True)
class TaskSubmission:
    """The aggregator asks an executor to run a task: what `TaskSubmission.signature` covers.

    Raises ValueError unless the task id has 32 bytes.
    """

    task_id: bytes
    """32 bytes: the task's hash."""
    operator_set: OperatorSetId
    executor: Address
    reference_timestamp: int
    """uint32."""
    task_block_number: int
    """uint64."""
    payload: bytes

    def __post_init__(self) -> None:
        _require_word(self.task_id)

    def signing_bytes(self) -> bytes:
        """224 bytes: task, AVS, executor, operator set, reference timestamp, block, keccak256(payload)."""
        return _words(
            self.task_id,
            self.operator_set.avs,
            self.executor,
            self.operator_set.number,
            self.reference_timestamp,
            self.task_block_number,
            bytes(keccak(self.payload)),
        )

    def digest(self) -> Digest:
        """keccak256 of the signing bytes: what the aggregator's key signs, of either curve."""
        return Digest(keccak(self.signing_bytes()))


@dataclass(frozen=True, slots=True)
class ResultAuthentication:
    """An operator vouches that this result signature is from itself: what `TaskResult.auth_signature` covers.

    Raises ValueError unless the task id has 32 bytes.
    """

    task_id: bytes
    """32 bytes: the task's hash."""
    operator_set: OperatorSetId
    operator: Address
    result_signature: bytes
    """As sent; over the certificate's digest."""

    def __post_init__(self) -> None:
        _require_word(self.task_id)

    def signing_bytes(self) -> bytes:
        """160 bytes: task, AVS, operator, operator set, keccak256(result signature)."""
        return _words(
            self.task_id,
            self.operator_set.avs,
            self.operator,
            self.operator_set.number,
            bytes(keccak(self.result_signature)),
        )

    def digest(self) -> Digest:
        """keccak256 of the signing bytes: what the operator's key signs, of either curve."""
        return Digest(keccak(self.signing_bytes()))


Message = TaskSubmission | ResultAuthentication


def sign_message(secret: SecretKey, message: Message, backend: Backend) -> G1Point:
    """A BN254 key's signature, 64 bytes when sent."""
    return sign_rfc9380(secret, message.digest(), backend)


def is_signed_by(public_key: G2Point, message: Message, signature: bytes, backend: Backend) -> bool:
    """Is it this BN254 key's signature of this message? Raises PointError for bytes that are no point."""
    return verify_rfc9380(public_key, message.digest(), G1Point.from_bytes(signature), backend)


def require_version(version: int) -> None:
    """Refuse any version but the one. Raises DecodeError(UNSUPPORTED_VERSION)."""
    if version != VERSION:
        raise DecodeError(Reason.UNSUPPORTED_VERSION, f"ponos' version {version}, here is {VERSION}.")


def read_task_id(text: str) -> bytes:
    """The 32 bytes of a task id as it travels: 0x and 64 digits, in any letter case. Raises DecodeError(MALFORMED)."""
    try:
        task_id = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        task_id = b""
    if not text.startswith("0x") or len(text) != len("0x") + 2 * WORD_BYTES or len(task_id) != WORD_BYTES:
        raise DecodeError(Reason.MALFORMED, "A task id is 0x and 64 hexadecimal digits.")
    return task_id


def read_address(text: str) -> Address:
    """An address as it travels, in any letter case, as its bytes: spelling decides nothing.

    Raises DecodeError(MALFORMED).
    """
    try:
        return Address.parse(text)
    except ValueError as error:
        raise DecodeError(Reason.MALFORMED, f"An address is 0x and 40 hexadecimal digits: {error}.") from None


def _words(*values: bytes | int) -> bytes:
    """Each on the right of its 32 bytes."""
    return b"".join(
        value.to_bytes(WORD_BYTES, "big") if isinstance(value, int) else value.rjust(WORD_BYTES, b"\0")
        for value in values
    )


def _require_word(task_id: bytes) -> None:
    if len(task_id) != WORD_BYTES:
        raise ValueError(f"a task id has {WORD_BYTES} bytes, not {len(task_id)}")
