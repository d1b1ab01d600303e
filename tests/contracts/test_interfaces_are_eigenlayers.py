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
AT_LEAST = {"BN254CertificateVerifier", "ECDSACertificateVerifier", "KeyRegistrar"}
"""What must be among those compared, so that a renamed interface does not drop out unseen."""
NOT_IN_THE_DATA: dict[str, set[str]] = {}
"""By EigenLayer's contract: what it does have, though the data, a part of it, does not list it."""

pytestmark = pytest.mark.timeout(400)


def test_every_interface_is_part_of_eigenlayers(compiled: ModuleType) -> None:
    found = dict(_interfaces(compiled.CONTRACTS))
    assert found.keys() >= AT_LEAST
    for name, entries in found.items():
        listed = _listed(name)
        for entry in entries:
            if entry["type"] in KINDS:
                signature = abi_to_signature(entry)
                known = signature in listed[KINDS[entry["type"]]] or signature in NOT_IN_THE_DATA.get(
                    name, ()
                )
                assert known, f"{name} has no {entry['type']} {signature}"


def _interfaces(contracts: Path) -> Iterator[tuple[str, list[Any]]]:
    """Every interface of ours that has the name of one of EigenLayer's, I before it or not, and its newest ABI."""
    for source in sorted((contracts / "src").rglob("I*.sol")):
        name = source.stem.removeprefix("I")
        if not _has(name):
            continue
        artifacts = (contracts / "out").rglob(f"{source.name}/{source.stem}*.json")
        newest = max(artifacts, key=lambda path: path.stat().st_mtime)
        yield name, json.loads(newest.read_text("utf-8"))["abi"]


def _has(name: str) -> bool:
    return any(_bare(theirs) == name for theirs in THEIRS)


def _listed(name: str) -> dict[str, dict[str, str]]:
    return next(listed for theirs, listed in THEIRS.items() if _bare(theirs) == name)


def _bare(theirs: str) -> str:
    """`IAllocationManager (part)` is AllocationManager's."""
    return theirs.partition(" ")[0].removeprefix("I")
