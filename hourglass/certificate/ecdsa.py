"""secp256k1 signatures as the EVM's ecrecover takes them: 65 bytes r ‖ s ‖ v, v 27 or 28, low s (EIP-2)."""

from coincurve import PrivateKey, PublicKey
from eth_hash.auto import keccak

from hourglass.certificate.digests import observation_digest
from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import ObservationSlot
from hourglass.workflow.identifiers import WORD_BYTES, Address, Digest, InputsHash, OperatorSetId

SIGNATURE_BYTES = 65
V_OFFSET = 27
HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


def sign_digest(secret: bytes, digest: Digest) -> bytes:
    """65 bytes; deterministic (RFC 6979), low s."""
    signature = PrivateKey(secret).sign_recoverable(digest, hasher=None)
    return signature[:-1] + bytes([signature[-1] + V_OFFSET])


def recover_signer(digest: Digest, signature: bytes) -> Address | None:
    """Whose signature it is; None for anything that ecrecover, or a careful contract, would refuse."""
    if len(signature) != SIGNATURE_BYTES or signature[-1] not in (V_OFFSET, V_OFFSET + 1):
        return None
    if int.from_bytes(signature[WORD_BYTES : 2 * WORD_BYTES], "big") > HALF_ORDER:
        return None
    recoverable = signature[:-1] + bytes([signature[-1] - V_OFFSET])
    try:
        key = PublicKey.from_signature_and_message(recoverable, digest, hasher=None)
    except Exception:  # no point has this r or s; some releases of coincurve raise just Exception
        return None
    return _address(key)


def address_of(secret: bytes) -> Address:
    """The address of a secret key."""
    return _address(PublicKey.from_secret(secret))


def is_authentic(
    observation: SignedObservation, slot: ObservationSlot, operator_set: OperatorSetId, inputs: InputsHash
) -> bool:
    """Did this operator itself observe this value, in this very slot and for these inputs?"""
    digest = observation_digest(slot, operator_set, inputs, observation.value)
    return recover_signer(digest, observation.signature) == observation.operator


def _address(key: PublicKey) -> Address:
    return Address(keccak(key.format(compressed=False)[1:])[-20:])
