"""Whoever meets a custom error finds a sentence on it that says what to do: the documentation is made of them."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from eth_utils.abi import abi_to_signature

SOURCES = [
    ("IWorkflowStateMachine", "IWorkflowStateMachineErrors"),
    ("ICertificateVerifier", "ICertificateVerifierErrors"),
    ("IBN254CertificateVerifier", "IBN254CertificateVerifierErrors"),
    ("IECDSACertificateVerifier", "IECDSACertificateVerifierErrors"),
    ("IEcdsaOperatorTable", "IEcdsaOperatorTable"),
    ("IFeeVault", "IFeeVaultErrors"),
    ("BN254", "BN254"),
    ("OperatorInfoTree", "OperatorInfoTree"),
    ("IAVSRegistrar", "IWorkflowAVSRegistrar"),
    ("ParticipationLedger", "ParticipationLedger"),
]
pytestmark = pytest.mark.timeout(400)  # The first build on a fresh machine, with the other tests beside it.


def _artifact(folder: Path, name: str) -> dict[str, Any]:
    found = [*folder.glob(f"{name}.json"), *folder.glob(f"{name}.*.json")]
    artifact: dict[str, Any] = json.loads(
        max(found, key=lambda path: path.stat().st_mtime).read_text("utf-8")
    )
    return artifact


@pytest.mark.parametrize(("source", "name"), SOURCES)
def test_every_error_has_its_notice(source: str, name: str, compiled: ModuleType) -> None:
    artifact = _artifact(compiled.CONTRACTS / "out" / f"{source}.sol", name)
    errors = {abi_to_signature(entry) for entry in artifact["abi"] if entry["type"] == "error"}
    explained = {
        signature: " ".join(one["notice"] for one in notices)
        for signature, notices in artifact["userdoc"]["errors"].items()
    }
    assert errors - explained.keys() == set()
    assert errors
    silent = {
        signature for signature, notice in explained.items() if ":" not in notice and "." not in notice[:-1]
    }
    assert silent == set(), "what is wrong, and after a colon or in another sentence what to do"
