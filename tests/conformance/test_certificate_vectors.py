"""Certificates end to end: built, encoded and judged as EigenLayer's verifier does, on both backends."""

from typing import Any

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from vectors import load, raw

from hourglass.bls.curve import Backend, G1Point
from hourglass.bls.keys import SecretKey
from hourglass.bls.mcl import MclBackend
from hourglass.bls.reference import ReferenceBackend
from hourglass.bls.signatures import sign
from hourglass.certificate.certificates import CERTIFICATE_ABI, Certificate, certify, verify_certificate
from hourglass.certificate.digests import task_message_hash
from hourglass.certificate.operators import Operator, OperatorTable
from hourglass.certificate.quorum import quorum_reached, verifier_accepts
from hourglass.errors import RefusedError
from hourglass.workflow.identifiers import (
    Address,
    BasisPoints,
    MessageHash,
    OperatorSetId,
    ReferenceTimestamp,
    StakeWeight,
)

VECTORS = load("certificates_end_to_end")
ERRORS = {
    "0xec6268b8": "NonSignerIndicesNotSorted",
    "0x03f4a78e": "InvalidOperatorIndex",
    "0x439cc0cd": "VerificationFailed",
    "0x6568bdb8": "ReferenceTimestampDoesNotExist",
}
TIMESTAMP = ReferenceTimestamp(1_759_996_400)
SETS: dict[int, dict[str, Any]] = {one["id"]: one for one in VECTORS["operator_sets"]}
FLOW = VECTORS["mailbox_flow"]
both_backends = pytest.mark.parametrize(
    "backend", [MclBackend(), ReferenceBackend()], ids=lambda backend: backend.name
)


def operator(index: int) -> Address:
    return Address(bytes([index + 1]) * 20)


def table(set_id: int, backend: Backend) -> OperatorTable:
    rows = [
        (SecretKey(int(one["sk"])).public_key(backend), tuple(StakeWeight(int(w)) for w in one["weights"]))
        for one in SETS[set_id]["operators"]
    ]
    operators = tuple(
        Operator(operator(index), key.g1, key.g2, weights) for index, (key, weights) in enumerate(rows)
    )
    operator_set = OperatorSetId(Address(b"\xa5" * 20), set_id)
    return OperatorTable(operator_set, TIMESTAMP, SETS[set_id]["max_staleness"], operators, backend)


def signatures(set_id: int, signers: list[int], digest: bytes, backend: Backend) -> dict[Address, G1Point]:
    secrets = [int(one["sk"]) for one in SETS[set_id]["operators"]]
    return {operator(index): sign(SecretKey(secrets[index]), digest, backend) for index in signers}


@both_backends
@pytest.mark.parametrize("set_id", SETS)
def test_a_table_has_the_verifier_s_leaves_root_key_and_totals(set_id: int, backend: Backend) -> None:
    expected, made = SETS[set_id], table(set_id, backend)
    for index, (row, one) in enumerate(zip(made.operators, expected["operators"], strict=True)):
        assert one["index"] == index
        assert [str(row.pubkey_g1.x), str(row.pubkey_g1.y)] == one["pubkey"]
        assert row.info.leaf() == raw(one["leaf"])
    assert made.root == raw(expected["root"])
    assert [str(made.aggregate_g1.x), str(made.aggregate_g1.y)] == expected["aggregate_pubkey"]
    assert [str(total) for total in made.total_weights] == expected["total_weights"]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"][:40])
def test_a_certificate_s_bytes_are_read_and_written_alike(case: dict[str, Any]) -> None:
    encoded = raw(case["abi_encoded_certificate"])
    certificate = Certificate.decode(encoded)
    assert certificate.encode() == encoded
    assert VECTORS["certificate_abi_type"] == CERTIFICATE_ABI
    if "signed_weights" not in case["expected"]:
        return  # It was spoilt after the other fields were written down.
    assert certificate.reference_timestamp == case["reference_timestamp"]
    assert certificate.message_hash == raw(case["message_hash"])
    assert [str(certificate.signature.x), str(certificate.signature.y)] == case["signature"]
    assert [str(word) for word in certificate.apk.words] == [*case["apk"]["X"], *case["apk"]["Y"]]


def test_the_one_case_of_a_set_without_data_is_there_for_its_staleness_alone() -> None:
    others = [case["name"] for case in VECTORS["cases"] if case["operator_set"]["id"] not in SETS]
    assert len(others) == 1
    assert "stale" in others[0]


@both_backends
@pytest.mark.parametrize(
    "case",
    [case for case in VECTORS["cases"] if case["operator_set"]["id"] in SETS],
    ids=lambda case: case["name"][:40],
)
def test_certificates_are_judged_and_built_as_the_verifier_does(
    case: dict[str, Any], backend: Backend
) -> None:
    certificate = Certificate.decode(raw(case["abi_encoded_certificate"]))
    set_id, expected = case["operator_set"]["id"], case["expected"]
    known = table(set_id, backend)
    if "revert" in expected:
        with pytest.raises(RefusedError) as caught:
            verify_certificate(certificate, known, backend)
        assert caught.value.detail == ERRORS[expected["revert"].split("output: ")[1][:10]]
        return
    signed = verify_certificate(certificate, known, backend)
    assert [str(weight) for weight in signed] == expected["signed_weights"]
    for bps, passes in expected["proportion_ok_by_bps"].items():
        threshold = BasisPoints(int(bps))
        assert verifier_accepts(signed, known.total_weights, threshold) is passes
        assert passes or not quorum_reached(signed, known.total_weights, threshold), "ours is never laxer"
    if case["signers"]:
        assert known.digest(certificate.message_hash) == raw(case["digest"])
        made = signatures(set_id, case["signers"], raw(case["digest"]), backend)
        assert certify(known, certificate.message_hash, made, backend) == certificate


@both_backends
def test_a_task_s_certificate_is_the_mailbox_s(backend: Backend) -> None:
    known = table(FLOW["task_params"]["operatorSetId"], backend)
    message_hash = task_message_hash(raw(FLOW["task_hash"]), raw(FLOW["result"]))
    assert message_hash == raw(FLOW["message_hash"])
    made = signatures(1, FLOW["signers"], known.digest(message_hash), backend)
    assert certify(known, message_hash, made, backend).encode() == raw(FLOW["executor_cert"])


def test_a_task_s_hash_threshold_and_quorum_are_the_mailbox_s() -> None:
    params = FLOW["task_params"]
    of_set = (params["avs"], params["operatorSetId"])
    words = encode(
        ["uint256", "address", "uint256", "(address,(address,uint32),bytes)"],
        [
            FLOW["global_task_count"],
            FLOW["mailbox"],
            FLOW["chain_id"],
            (params["refundCollector"], of_set, raw(params["payload"])),
        ],
    )
    assert keccak(words) == raw(FLOW["task_hash"])
    threshold = BasisPoints(int(FLOW["consensus_value"], 16))
    assert encode(["uint16"], [threshold]) == raw(FLOW["consensus_value"])
    known = table(params["operatorSetId"], MclBackend())
    for signers, enough in ((FLOW["signers"], True), (FLOW["below_threshold_signers"], False)):
        signed = known.weight_of(operator(index) for index in signers)
        assert quorum_reached(signed, known.total_weights, threshold) is enough
        assert verifier_accepts(signed, known.total_weights, threshold) is enough
    assert "0x59fa4a93" in FLOW["below_threshold_outcome"]


@pytest.mark.parametrize(
    "case",
    VECTORS["gas_by_set_size"],
    ids=lambda case: f"{case['non_signers']} of {case['operators']} absent",
)
def test_certificates_of_larger_sets_are_as_long_as_the_verifier_s(case: dict[str, Any]) -> None:
    backend = MclBackend()
    keys = [SecretKey(1_000 + number).public_key(backend) for number in range(case["operators"])]
    operators = tuple(
        Operator(operator(index), key.g1, key.g2, (StakeWeight(1),)) for index, key in enumerate(keys)
    )
    known = OperatorTable(OperatorSetId(operator(0), 1), TIMESTAMP, 0, operators, backend)
    message_hash = MessageHash(bytes(32))
    signers = range(case["non_signers"], case["operators"])
    made = {
        operator(index): sign(SecretKey(1_000 + index), known.digest(message_hash), backend)
        for index in signers
    }
    assert len(certify(known, message_hash, made, backend).encode()) == case["certificate_bytes"]
