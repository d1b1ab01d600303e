"""Digests, trees, certificates and definitions, bit for bit as the deployed contracts have them."""

from typing import Any

import pytest
from eth_abi.abi import encode
from vectors import load, raw

from hourglass.bls.curve import G1Point
from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend, sign
from hourglass.certificate import digests
from hourglass.certificate.certificates import Certificate, certify, verify_certificate
from hourglass.certificate.operators import (
    Operator,
    OperatorInfo,
    OperatorTable,
    merkle_levels,
    merkle_root,
)
from hourglass.certificate.quorum import quorum_reached, verifier_accepts
from hourglass.errors import RefusedError
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.identifiers import (
    Address,
    BasisPoints,
    ChainId,
    MessageHash,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    StakeWeight,
)
from hourglass.workflow.phases import PhaseType

BACKEND = default_backend()
DIGESTS = load("digests_and_typehashes")
TREES = load("operator_info_tree")
CERTIFICATES = load("certificates_end_to_end")
ERRORS = {
    "0xec6268b8": "NonSignerIndicesNotSorted",
    "0x03f4a78e": "InvalidOperatorIndex",
    "0x439cc0cd": "VerificationFailed",
    "0x6568bdb8": "ReferenceTimestampDoesNotExist",
}
TIMESTAMP = 1_759_996_400


@pytest.mark.parametrize("case", DIGESTS["cases"])
def test_message_hashes_and_certificate_digests(case: dict[str, Any]) -> None:
    message_hash = digests.task_message_hash(raw(case["task_hash"]), raw(case["result"]))
    assert message_hash == raw(case["message_hash"])
    assert digests.certificate_digest(case["reference_timestamp"], message_hash) == raw(case["bn254_digest"])


def test_key_registration_digest_and_proof_of_possession() -> None:
    case = DIGESTS["bn254_key_registration"]
    operator_set = OperatorSetId(Address.parse(case["avs"]), case["operator_set_id"])
    digest = digests.key_registration_digest(
        Address.parse(case["key_registrar"]),
        ChainId(case["chain_id"]),
        Address.parse(case["operator"]),
        operator_set,
        raw(case["key_data"]),
    )
    assert digest == raw(case["digest"])
    assert sign(SecretKey(int(case["sk"])), digest, BACKEND).to_bytes() == raw(case["signature_64"])


def test_operator_set_keys() -> None:
    for case in DIGESTS["operator_set_key"]:
        assert OperatorSetId(Address.parse(case["avs"]), case["id"]).key == raw(case["key"])


@pytest.mark.parametrize("case", TREES["leaves"])
def test_operator_info_leaves(case: dict[str, Any]) -> None:
    info = OperatorInfo(
        G1Point(*(int(x, 0) for x in case["pubkey"])), tuple(StakeWeight(int(w)) for w in case["weights"])
    )
    if "preimage" in case:
        assert b"\x75" + info.encode() == raw(case["preimage"])
    assert info.leaf() == raw(case["leaf"])


@pytest.mark.parametrize("case", TREES["trees"])
def test_operator_info_trees_and_all_their_proofs(case: dict[str, Any]) -> None:
    leaves = [raw(leaf) for leaf in case["leaves"]]
    levels = merkle_levels(leaves)
    assert levels[-1][0] == raw(case["root"])
    for index, proof in enumerate(case["proofs"]):
        assert merkle_root(leaves[index], index, raw(proof)) == raw(case["root"])


def table(set_id: int, timestamp: int) -> OperatorTable:
    found = next(one for one in CERTIFICATES["operator_sets"] if one["id"] == set_id)
    keys = [SecretKey(int(one["sk"])).public_key(BACKEND) for one in found["operators"]]
    operators = tuple(
        Operator(
            Address(bytes([n + 1]) * 20), key.g1, key.g2, tuple(StakeWeight(int(w)) for w in one["weights"])
        )
        for n, (key, one) in enumerate(zip(keys, found["operators"], strict=True))
    )
    made = OperatorTable(
        OperatorSetId(Address(b"\xa5" * 20), set_id), ReferenceTimestamp(timestamp), 0, operators
    )
    assert made.root == raw(found["root"])
    return made


KNOWN = {one["id"] for one in CERTIFICATES["operator_sets"]}


@pytest.mark.parametrize("case", CERTIFICATES["cases"], ids=lambda case: case["name"][:40])
def test_certificates_are_encoded_judged_and_built_as_the_verifier_does(case: dict[str, Any]) -> None:
    encoded = raw(case["abi_encoded_certificate"])
    certificate = Certificate.decode(encoded)
    assert certificate.encode() == encoded
    if case["operator_set"]["id"] not in KNOWN:
        assert "stale" in case["name"], "the one set without data is there for its staleness alone"
        return
    known = table(case["operator_set"]["id"], TIMESTAMP)
    expected = case["expected"]
    if "revert" in expected:
        with pytest.raises(RefusedError) as caught:
            verify_certificate(certificate, known, BACKEND)
        assert caught.value.detail == ERRORS[expected["revert"].split("output: ")[1][:10]]
        return
    signed = verify_certificate(certificate, known, BACKEND)
    assert [str(weight) for weight in signed] == expected["signed_weights"]
    for bps, passes in expected["proportion_ok_by_bps"].items():
        threshold = BasisPoints(int(bps))
        assert verifier_accepts(signed, known.total_weights, threshold) is passes
        assert passes or not quorum_reached(signed, known.total_weights, threshold), "ours is never laxer"
    if case["signers"]:
        assert (
            certify(known, MessageHash(raw(case["message_hash"])), signatures(case), BACKEND) == certificate
        )


def signatures(case: dict[str, Any]) -> dict[Address, G1Point]:
    found = next(one for one in CERTIFICATES["operator_sets"] if one["id"] == case["operator_set"]["id"])
    return {
        Address(bytes([n + 1]) * 20): sign(
            SecretKey(int(found["operators"][n]["sk"])), raw(case["digest"]), BACKEND
        )
        for n in case["signers"]
    }


@pytest.mark.parametrize("case", load("stake_threshold")["cases"])
def test_the_floored_threshold_and_our_exact_one(case: dict[str, Any]) -> None:
    total, threshold = (StakeWeight(int(case["total"])),), BasisPoints(case["bps"])
    least, exact = int(case["min_signed"]), max(1, int(case["signed_needed_if_ceil"]))
    assert verifier_accepts((StakeWeight(least),), total, threshold)
    assert least == 0 or not verifier_accepts((StakeWeight(least - 1),), total, threshold)
    assert quorum_reached((StakeWeight(exact),), total, threshold)
    assert not quorum_reached((StakeWeight(exact - 1),), total, threshold)


@pytest.mark.parametrize("case", load("seed_workflow_encodings")["phases"], ids=lambda case: case["name"])
def test_phase_definitions_are_encoded_as_the_first_draft_did(case: dict[str, Any]) -> None:
    phase = PhaseDefinition(
        case["name"],
        PhaseType(case["phase_type"]),
        case["timeout"],
        tuple(PhaseIndex(one) for one in case["dependencies"]),
        raw(case["trigger_condition"]),
        case["operator_set_id"],
        raw(case["metadata"]),
        case["required_stake"],
        BasisPoints(case["consensus_threshold"]),
    )
    encoded = encode([digests.PHASE_DEFINITION_ABI], [digests.phase_definition_tuple(phase)])
    assert encoded == raw(case["encoded"])
