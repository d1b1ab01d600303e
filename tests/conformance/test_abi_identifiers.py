"""EigenLayer's selectors, topics and errors, and that ours by the same names are the same."""

import json
from importlib import resources
from typing import Any

import pytest
from eth_hash.auto import keccak
from eth_utils.abi import abi_to_signature
from vectors import load

CONTRACTS: dict[str, dict[str, dict[str, str]]] = load("abi_identifiers")["contracts"]
LENGTHS = {"functions": 4, "events": 32, "errors": 4}
STANDS_FOR = {
    "OperatorTable": "BN254CertificateVerifier",
    "EcdsaOperatorTable": "ECDSACertificateVerifier",
    "TaskMailbox": "ITaskMailbox",
}
ABIS = resources.files("hourglass.chain") / "abi"
OUR_OWN = {
    "functions": {"configureOperatorSet", "disableRoot", "getMessageHash", "initialize"},
    "events": {"Initialized"},
    "errors": {
        "InvalidMessageHash",
        "InvalidReferenceTimestamp",
        "KeyAlreadyRegistered",
        "OperatorAlreadyRegistered",
        "OperatorSetNotConfigured",
        "ThresholdNotMet",
    },
}
"""By kind: names that mean something of ours, too; none is called on, or comes from, a contract of theirs."""
OPENZEPPELINS = {
    "Initialized(uint8)",
    "InvalidShortString()",
    "StringTooLong(string)",
    "SignatureExpired()",
}
"""Of proxies, of strings kept short, and of other signatures: no part of verifying a certificate."""


@pytest.mark.parametrize("kind", LENGTHS)
@pytest.mark.parametrize("name", CONTRACTS)
def test_an_identifier_is_the_hash_of_what_it_stands_for(name: str, kind: str) -> None:
    for signature, identifier in CONTRACTS[name][kind].items():
        assert "0x" + keccak(signature.encode())[: LENGTHS[kind]].hex() == identifier


@pytest.mark.parametrize("kind", LENGTHS)
@pytest.mark.parametrize("ours", STANDS_FOR)
def test_what_stands_for_a_contract_of_theirs_has_all_that_it_has(ours: str, kind: str) -> None:
    theirs = set(CONTRACTS[STANDS_FOR[ours]][kind])
    assert theirs - _declared(ours, kind) <= OPENZEPPELINS


@pytest.mark.parametrize("ours", sorted(path.name.removesuffix(".json") for path in ABIS.iterdir()))
def test_what_has_a_name_of_theirs_has_its_signature_too(ours: str) -> None:
    """Whatever we deploy or call: a misspelt type would be another selector, and a call that nobody answers."""
    for kind in LENGTHS:
        theirs = {signature for listed in CONTRACTS.values() for signature in listed[kind]}
        names = {_name(signature) for signature in theirs}
        named_alike = {one for one in _declared(ours, kind) if _name(one) in names}
        assert {_name(one) for one in named_alike - theirs} <= OUR_OWN[kind]


@pytest.mark.parametrize("name", CONTRACTS)
def test_nothing_has_two_identifiers(name: str) -> None:
    for kind in LENGTHS:
        identifiers = CONTRACTS[name][kind].values()
        assert len(set(identifiers)) == len(identifiers)


def _name(signature: str) -> str:
    return signature.partition("(")[0]


def _declared(contract: str, kind: str) -> set[str]:
    abi: list[Any] = json.loads((ABIS / f"{contract}.json").read_text("utf-8"))["abi"]
    return {abi_to_signature(entry) for entry in abi if entry["type"] == kind.removesuffix("s")}
