"""The committed ABIs and bytecode are what the sources compile to, so that running needs no Solidity tools."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from eth_hash.auto import keccak
from eth_utils.abi import abi_to_signature

from hourglass.chain.codec import load_contract

ROOT = Path(__file__).parents[2]
PACKAGE_DATA = ROOT / "hourglass" / "chain" / "abi"
EXPORTED = (
    "ERC1967Proxy",
    "EcdsaOperatorTable",
    "FeeVault",
    "FlatFeeHook",
    "KeyRegistrar",
    "LocalCore",
    "OperatorTable",
    "TaskMailbox",
    "TransportedTables",
    "TriggerConditions",
    "WorkflowAVSRegistrar",
    "WorkflowRegistry",
    "WorkflowStateMachine",
)
SIZE_LIMIT = 24_576
"""EIP-170."""
ROOM = 1_000
"""What correcting a mistake may want."""


pytestmark = pytest.mark.timeout(400)  # The first build on a fresh machine, with the other tests beside it.


def _committed(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((PACKAGE_DATA / f"{name}.json").read_text("utf-8"))
    return data


def _compiled(module: ModuleType, source: str, name: str) -> dict[str, Any]:
    """Forge's artifact; of a source that was compiled in several ways, the latest."""
    folder = module.CONTRACTS / "out" / f"{source}.sol"
    found = [*folder.glob(f"{name}.json"), *folder.glob(f"{name}.*.json")]
    latest = max(found, key=lambda path: path.stat().st_mtime)
    artifact: dict[str, Any] = json.loads(latest.read_text("utf-8"))
    return artifact


def _signatures(abi: list[Any], kind: str) -> list[str]:
    return [abi_to_signature(entry) for entry in abi if entry["type"] == kind]


def test_the_committed_data_is_what_the_sources_compile_to(compiled: ModuleType) -> None:
    for name in compiled.EXPORTED:
        committed = (PACKAGE_DATA / f"{name}.json").read_text("utf-8")
        assert committed == compiled.exported(name), f"{name}.json is out of date: run `make abi`"


def test_nothing_else_is_committed_beside_them(export_abi: ModuleType) -> None:
    assert sorted(export_abi.EXPORTED) == list(EXPORTED)
    assert sorted(path.stem for path in PACKAGE_DATA.iterdir()) == list(EXPORTED)


@pytest.mark.parametrize("name", EXPORTED)
def test_every_contract_leaves_room_below_the_size_limit(name: str, compiled: ModuleType) -> None:
    artifact = compiled.CONTRACTS / "out" / f"{name}.sol" / f"{name}.json"
    runtime = json.loads(artifact.read_text("utf-8"))["deployedBytecode"]["object"].removeprefix("0x")
    assert 0 < len(runtime) // 2 <= SIZE_LIMIT - ROOM


@pytest.mark.parametrize("name", EXPORTED)
def test_the_bytecode_is_complete(name: str) -> None:
    text = _committed(name)["bytecode"]
    assert text.startswith("0x")
    assert "__" not in text, "a library is not linked"
    assert load_contract(name).bytecode


# ── The state machine, whose halves have one ABI ──────────────────────────────────────────────────────


def test_the_state_machines_abi_is_its_whole_interface(compiled: ModuleType) -> None:
    abi = _committed("WorkflowStateMachine")["abi"]
    interface = _compiled(compiled, "IWorkflowStateMachine", "IWorkflowStateMachine")["abi"]
    for kind, least in (("function", 30), ("event", 18), ("error", 60)):
        wanted = set(_signatures(interface, kind))
        assert len(wanted) >= least
        assert wanted - set(_signatures(abi, kind)) == set()


def test_the_state_machines_abi_names_every_error_that_passes_through(compiled: ModuleType) -> None:
    errors = set(_signatures(_committed("WorkflowStateMachine")["abi"], "error"))
    for source, name in (
        ("IFeeVault", "IFeeVaultErrors"),
        ("ITriggerConditions", "ITriggerConditionsErrors"),
        ("IBN254CertificateVerifier", "IBN254CertificateVerifierErrors"),
    ):
        passing = set(_signatures(_compiled(compiled, source, name)["abi"], "error"))
        assert len(passing) > 10
        assert passing - errors == set()


@pytest.mark.parametrize("kind", ["function", "error"])
def test_no_two_entries_of_the_state_machines_abi_answer_to_one_selector(kind: str) -> None:
    signatures = _signatures(_committed("WorkflowStateMachine")["abi"], kind)
    selectors = {keccak(text.encode())[:4] for text in signatures}
    assert len(selectors) == len(signatures) > 0


def test_the_half_that_answers_first_hides_nothing_of_the_other(compiled: ModuleType) -> None:
    """A selector that both know is the same function of the same base: a role's, say."""
    first = _compiled(compiled, "WorkflowStateMachine", "WorkflowStateMachine")["methodIdentifiers"]
    behind = _compiled(compiled, "WorkflowRegistry", "WorkflowRegistry")["methodIdentifiers"]
    shared = {name for name in first if name in behind}
    assert "hasRole(bytes32,address)" in shared
    assert {first[name] for name in shared} == set(first.values()) & set(behind.values())
    interface = _compiled(compiled, "IWorkflowStateMachine", "IWorkflowStateMachine")["methodIdentifiers"]
    assert shared & set(interface) == set()
