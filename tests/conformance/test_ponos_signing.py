"""The bytes that Hourglass' aggregator and executors sign to each other, and who is believed for them."""

from dataclasses import replace
from typing import Any

import pytest
from vectors import load, raw

from hourglass.bls.curve import Backend
from hourglass.bls.keys import SecretKey
from hourglass.bls.mcl import MclBackend
from hourglass.bls.reference import ReferenceBackend
from hourglass.bls.signatures import sign
from hourglass.certificate.ponos import (
    ResultAuthentication,
    TaskSubmission,
    is_signed_by,
    read_address,
    read_task_id,
    require_version,
    sign_message,
)
from hourglass.errors import DecodeError, PointError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import OperatorSetId

VECTORS = load("ponos_signing_bytes")
both_backends = pytest.mark.parametrize(
    "backend", [MclBackend(), ReferenceBackend()], ids=lambda backend: backend.name
)


def submission(case: dict[str, Any]) -> TaskSubmission:
    return TaskSubmission(
        task_id=read_task_id(case["task_id"]),
        operator_set=OperatorSetId(read_address(case["avs"]), case["operator_set_id"]),
        executor=read_address(case["executor"]),
        reference_timestamp=case["reference_timestamp"],
        task_block_number=case["task_block_number"],
        payload=raw(case["payload"]),
    )


def authentication(case: dict[str, Any]) -> ResultAuthentication:
    return ResultAuthentication(
        task_id=read_task_id(case["task_id"]),
        operator_set=OperatorSetId(read_address(case["avs"]), case["operator_set_id"]),
        operator=read_address(case["operator"]),
        result_signature=raw(case["result_signature_64"]),
    )


@pytest.mark.parametrize("case", VECTORS["submission"], ids=lambda case: case["task_id"][:10])
def test_a_submission_is_seven_words(case: dict[str, Any]) -> None:
    made = submission(case)
    assert made.signing_bytes() == raw(case["signing_bytes"])
    assert len(made.signing_bytes()) == 224
    assert made.digest() == raw(case["keccak"])


@both_backends
@pytest.mark.parametrize("case", VECTORS["auth"], ids=lambda case: case["task_id"][:10])
def test_an_authentication_is_five_words_and_its_signature_hourglass_own(
    case: dict[str, Any], backend: Backend
) -> None:
    made = authentication(case)
    assert made.signing_bytes() == raw(case["signing_bytes"])
    assert len(made.signing_bytes()) == 160
    assert made.signing_bytes()[-32:] == raw(case["result_sig_digest"])
    assert made.digest() == raw(case["keccak"])
    secret = SecretKey(int(case["sk"]))
    signature = raw(case["auth_signature_64"])
    assert sign_message(secret, made, backend).to_bytes() == signature
    assert is_signed_by(secret.public_key(backend).g2, made, signature, backend)


def test_an_authentication_is_believed_of_its_signer_for_this_very_result_alone() -> None:
    backend = MclBackend()
    case = VECTORS["auth"][0]
    made, signature = authentication(case), raw(case["auth_signature_64"])
    key = SecretKey(int(case["sk"])).public_key(backend).g2
    others = [
        replace(made, task_id=bytes(32)),
        replace(made, operator_set=OperatorSetId(made.operator_set.avs, 1)),
        replace(made, operator_set=OperatorSetId(made.operator, made.operator_set.number)),
        replace(made, operator=made.operator_set.avs),
        replace(made, result_signature=bytes(64)),
    ]
    assert is_signed_by(key, made, signature, backend)
    for other in others:
        assert not is_signed_by(key, other, signature, backend)
    assert not is_signed_by(SecretKey(7).public_key(backend).g2, made, signature, backend)
    certificates = sign(SecretKey(int(case["sk"])), made.digest(), backend).to_bytes()
    assert not is_signed_by(key, made, certificates, backend), "over the hash that certificates use"


@pytest.mark.parametrize(
    "field", ["task_id", "executor", "operator_set", "reference_timestamp", "task_block_number", "payload"]
)
def test_a_submission_binds_each_of_its_fields(field: str) -> None:
    first, second = (submission(case) for case in VECTORS["submission"][:2])
    assert replace(first, **{field: getattr(second, field)}).digest() != first.digest()


def test_an_address_is_its_bytes_however_it_is_spelled() -> None:
    case = VECTORS["submission"][1]
    spelled = case | {"avs": case["avs"].lower(), "executor": "0x" + case["executor"][2:].upper()}
    assert spelled != case
    assert submission(spelled).signing_bytes() == raw(case["signing_bytes"])


def test_no_version_but_1_is_read() -> None:
    require_version(1)
    for version in (0, 2, 2**32 - 1):
        with pytest.raises(DecodeError) as caught:
            require_version(version)
        assert caught.value.reason is Reason.UNSUPPORTED_VERSION


@pytest.mark.parametrize(
    "text", ["", "0x", "12" * 33, "0x" + "12" * 31, "0x" + "12" * 33, "0x" + "g" * 64, "0x" + "1 " * 32]
)
def test_what_is_no_task_id_is_refused(text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read_task_id(text)
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize("text", ["", "12" * 21, "0x" + "12" * 19, "0x" + "12" * 21, "0x" + "g" * 40])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(DecodeError) as caught:
        read_address(text)
    assert caught.value.reason is Reason.MALFORMED


def test_a_task_id_that_is_no_word_is_no_message() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        replace(submission(VECTORS["submission"][0]), task_id=b"1")
    with pytest.raises(ValueError, match="32 bytes"):
        replace(authentication(VECTORS["auth"][0]), task_id=b"1")


@pytest.mark.parametrize("signature", [b"", bytes(64), b"\x01" * 64])
def test_bytes_that_are_no_point_are_no_signature(signature: bytes) -> None:
    backend = MclBackend()
    case = VECTORS["auth"][0]
    with pytest.raises(PointError):
        is_signed_by(SecretKey(7).public_key(backend).g2, authentication(case), signature, backend)
