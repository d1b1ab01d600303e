"""What is hashed and signed: typehashes, message hashes, digests, registrations and names of operator sets."""

from typing import Any

import pytest
from eth_hash.auto import keccak
from vectors import load, raw

from hourglass.bls.curve import Backend
from hourglass.bls.keys import SecretKey
from hourglass.bls.mcl import MclBackend
from hourglass.bls.reference import ReferenceBackend
from hourglass.bls.signatures import sign
from hourglass.certificate import digests
from hourglass.workflow.identifiers import Address, ChainId, MessageHash, OperatorSetId, ReferenceTimestamp

VECTORS = load("digests_and_typehashes")
OURS = {
    "BN254Certificate(uint32 referenceTimestamp,bytes32 messageHash)": digests.BN254_CERTIFICATE,
    "ECDSACertificate(uint32 referenceTimestamp,bytes32 messageHash)": digests.ECDSA_CERTIFICATE,
    "BN254KeyRegistration(address operator,address avs,uint32 operatorSetId,bytes keyData)": (
        digests.BN254_KEY_REGISTRATION
    ),
    "EIP712Domain(string name,string version,address verifyingContract)": digests.ECDSA_DOMAIN,
    "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)": digests.DOMAIN,
}


def test_typehashes_are_the_hashes_of_their_types_and_ours_are_among_them() -> None:
    assert {declared: keccak(declared.encode()) for declared in VECTORS["typehashes"]} == {
        declared: raw(typehash) for declared, typehash in VECTORS["typehashes"].items()
    }
    for declared, typehash in OURS.items():
        assert typehash == raw(VECTORS["typehashes"][declared])


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["task_hash"][:6])
def test_a_task_s_message_hash_binds_the_task(case: dict[str, Any]) -> None:
    """As it is since v1.8.1; the older form is replayable between the tasks of a set, and is never made here."""
    message_hash = digests.task_message_hash(raw(case["task_hash"]), raw(case["result"]))
    assert message_hash == raw(case["message_hash"])
    assert keccak(raw(case["result"])) == raw(case["message_hash_v1_8_0_testnet"])
    assert message_hash != raw(case["message_hash_v1_8_0_testnet"])


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["task_hash"][:6])
def test_what_operators_of_either_curve_sign(case: dict[str, Any]) -> None:
    timestamp = ReferenceTimestamp(case["reference_timestamp"])
    message_hash = MessageHash(raw(case["message_hash"]))
    assert digests.certificate_digest(timestamp, message_hash) == raw(case["bn254_digest"])
    version = case["ecdsa_version"].encode()[:1]
    domain = digests.ecdsa_domain_separator(Address.parse(case["ecdsa_verifier"]), version)
    assert domain == raw(case["ecdsa_domain_separator"])
    assert domain == digests.ecdsa_domain_separator(Address.parse(case["ecdsa_verifier"]))
    assert digests.ecdsa_certificate_digest(domain, timestamp, message_hash) == raw(case["ecdsa_digest"])


@pytest.mark.parametrize("backend", [MclBackend(), ReferenceBackend()], ids=lambda backend: backend.name)
def test_a_key_s_registration_and_its_proof_of_possession(backend: Backend) -> None:
    case = VECTORS["bn254_key_registration"]
    secret = SecretKey(int(case["sk"]))
    assert secret.public_key(backend).key_data == raw(case["key_data"])
    assert case["version"].encode()[:1] == digests.EIGENLAYER_DOMAIN_VERSION
    digest = digests.key_registration_digest(
        Address.parse(case["key_registrar"]),
        ChainId(case["chain_id"]),
        Address.parse(case["operator"]),
        OperatorSetId(Address.parse(case["avs"]), case["operator_set_id"]),
        raw(case["key_data"]),
    )
    assert digest == raw(case["digest"])
    assert sign(secret, digest, backend).to_bytes() == raw(case["signature_64"])


@pytest.mark.parametrize("case", VECTORS["operator_set_key"], ids=lambda case: str(case["id"]))
def test_an_operator_set_s_key(case: dict[str, Any]) -> None:
    assert OperatorSetId(Address.parse(case["avs"]), case["id"]).key == raw(case["key"])
