"""Interfaces of ours that are written from EigenLayer's declare nothing that EigenLayer's does not.

A misspelt type would give another selector, and a call that no deployed contract answers.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from eth_utils.abi import abi_to_signature
from vectors import load

THEIRS: dict[str, dict[str, dict[str, str]]] = load("abi_identifiers")["contracts"]
KINDS = {"function": "functions", "event": "events", "error": "errors"}
AT_LEAST = {
    "AllocationManager",
    "AVSTaskHook",
    "BN254CertificateVerifier",
    "ECDSACertificateVerifier",
    "KeyRegistrar",
    "TaskMailbox",
}
"""What must be among those compared, so that a renamed interface does not drop out unseen."""
pytestmark = pytest.mark.timeout(400)


def test_every_interface_is_part_of_eigenlayers(compiled: ModuleType) -> None:
    found = list(_interfaces(compiled.CONTRACTS))
    assert {name for name, _ in found} >= AT_LEAST
    for name, entries in found:
        listed = _listed(name)
        for entry in entries:
            if entry["type"] in KINDS:
                signature = abi_to_signature(entry)
                assert signature in listed[KINDS[entry["type"]]], f"{name} has no {entry['type']} {signature}"


def _interfaces(contracts: Path) -> Iterator[tuple[str, list[Any]]]:
    """Every interface whose name begins as one of EigenLayer's does, by that name, and its newest ABI."""
    for source in sorted((contracts / "src").rglob("I*.sol")):
        name = next(
            (_bare(one) for one in THEIRS if source.stem.removeprefix("I").startswith(_bare(one))), None
        )
        if name is None:
            continue
        artifacts = (contracts / "out").rglob(f"{source.name}/{source.stem}*.json")
        newest = max(artifacts, key=lambda path: path.stat().st_mtime)
        yield name, json.loads(newest.read_text("utf-8"))["abi"]


def _listed(name: str) -> dict[str, dict[str, str]]:
    return next(listed for theirs, listed in THEIRS.items() if _bare(theirs) == name)


def _bare(theirs: str) -> str:
    """`IAllocationManager (part)` is AllocationManager's."""
    return theirs.partition(" ")[0].removeprefix("I")
