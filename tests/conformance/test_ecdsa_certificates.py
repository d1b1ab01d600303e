"""Certificates of operator sets with ECDSA keys, built, encoded and judged as EigenLayer's verifier does."""

from typing import Any

import pytest
from vectors import load, raw

from hourglass.certificate.digests import ecdsa_domain_separator
from hourglass.certificate.ecdsa import address_of, sign_digest
from hourglass.certificate.ecdsa_table import (
    ECDSA_CERTIFICATE_ABI,
    EcdsaCertificate,
    EcdsaOperator,
    EcdsaOperatorTable,
    certify_ecdsa,
    verify_ecdsa_certificate,
)
from hourglass.errors import RefusedError
from hourglass.workflow.identifiers import (
    Address,
    MessageHash,
    OperatorSetId,
    ReferenceTimestamp,
    StakeWeight,
)

VECTORS = load("ecdsa_certificates")
IDENTIFIERS = load("abi_identifiers")["contracts"]["ECDSACertificateVerifier"]
NAMES = {identifier: signature.partition("(")[0] for signature, identifier in IDENTIFIERS["errors"].items()}
MESSAGE = MessageHash(raw(VECTORS["message_hash"]))
SECRETS = {Address.parse(one["address"]): raw(one["private_key"]) for one in VECTORS["operators"]}
TABLE = EcdsaOperatorTable(
    OperatorSetId(Address.parse(VECTORS["operator_set"]["avs"]), VECTORS["operator_set"]["id"]),
    ReferenceTimestamp(VECTORS["reference_timestamp"]),
    0,
    tuple(
        EcdsaOperator(key, key, tuple(StakeWeight(int(weight)) for weight in one["weights"]))
        for key, one in zip(SECRETS, VECTORS["operators"], strict=True)
    ),
    ecdsa_domain_separator(Address.parse(VECTORS["verifier"]), VECTORS["version"].encode()[:1]),
)


def test_the_digest_and_its_signers() -> None:
    assert TABLE.digest(MESSAGE) == raw(VECTORS["digest"])
    for key, secret in SECRETS.items():
        assert address_of(secret) == key


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_a_certificate_s_bytes_are_read_and_written_alike(case: dict[str, Any]) -> None:
    encoded = raw(case["abi_encoded_certificate"])
    certificate = EcdsaCertificate.decode(encoded)
    assert certificate.encode() == encoded
    assert certificate.signatures == raw(case["signature"])
    assert certificate.message_hash == MESSAGE
    assert certificate.reference_timestamp == TABLE.reference_timestamp
    assert ECDSA_CERTIFICATE_ABI == "(uint32,bytes32,bytes)"


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_certificates_are_judged_and_built_as_the_verifier_does(case: dict[str, Any]) -> None:
    certificate = EcdsaCertificate.decode(raw(case["abi_encoded_certificate"]))
    expected = case["expected"]
    if "revert" in expected:
        with pytest.raises(RefusedError) as caught:
            verify_ecdsa_certificate(certificate, TABLE)
        assert caught.value.detail == NAMES[expected["revert"].split("output: ")[1][:10]]
        return
    assert [str(weight) for weight in verify_ecdsa_certificate(certificate, TABLE)] == expected[
        "signed_weights"
    ]
    signers = [Address.parse(signer) for signer in expected["signers"]]
    assert signers == [Address.parse(signer) for signer in case["signers"]]
    made = {signer: sign_digest(SECRETS[signer], TABLE.digest(MESSAGE)) for signer in reversed(signers)}
    assert certify_ecdsa(TABLE, MESSAGE, made) == certificate
