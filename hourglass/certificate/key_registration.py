"""What EigenLayer's `KeyRegistrar.registerKey` asks for: the key's data, and a proof that its owner has it."""

from dataclasses import dataclass

from eth_abi.abi import encode as abi_encode
from eth_hash.auto import keccak

from hourglass.bls.signer import BlsSigner
from hourglass.certificate.digests import ecdsa_key_registration_digest, key_registration_digest
from hourglass.certificate.ecdsa_signer import EcdsaSigner
from hourglass.workflow.identifiers import Address, ChainId, Digest, OperatorSetId

REGISTER_KEY = "registerKey(address,(address,uint32),bytes,bytes)"
SELECTOR_BYTES = 4


@dataclass(frozen=True, slots=True)
class KeyRegistration:
    """One key of one operator for one operator set."""

    operator: Address
    operator_set: OperatorSetId
    digest: Digest
    """What the proof signs. It binds operator, set, key, chain and registrar."""
    key_data: bytes
    """192 bytes of a BN254 key, G1 then G2; 20 bytes, its address, of a secp256k1 key."""
    proof: bytes
    """64 bytes of a BN254 key, 65 of a secp256k1 key."""

    @property
    def calldata(self) -> bytes:
        """The call, for the operator's own account to send."""
        types = ["address", "(address,uint32)", "bytes", "bytes"]
        which = (str(self.operator_set.avs), self.operator_set.number)
        arguments = abi_encode(types, [str(self.operator), which, self.key_data, self.proof])
        return bytes(keccak(REGISTER_KEY.encode("ascii"))[:SELECTOR_BYTES]) + arguments


def bn254_registration(
    registrar: Address, chain_id: ChainId, operator: Address, operator_set: OperatorSetId, key: BlsSigner
) -> KeyRegistration:
    """Of a set whose curve is BN254. Raises SignerError if a remote key does not sign."""
    data = key.public_key.key_data
    digest = key_registration_digest(registrar, chain_id, operator, operator_set, data)
    return KeyRegistration(operator, operator_set, digest, data, key.sign(digest).to_bytes())


def ecdsa_registration(
    registrar: Address, chain_id: ChainId, operator: Address, operator_set: OperatorSetId, key: EcdsaSigner
) -> KeyRegistration:
    """Of a set whose curve is ECDSA. Raises SignerError if a remote key does not sign."""
    digest = ecdsa_key_registration_digest(registrar, chain_id, operator, operator_set, key.address)
    return KeyRegistration(operator, operator_set, digest, bytes(key.address), key.sign(digest))
