"""The committed ABIs and bytecode are what the sources compile to, so that running needs no Solidity tools."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

from hourglass.chain.codec import load_contract

ROOT = Path(__file__).parents[2]
PACKAGE_DATA = ROOT / "hourglass" / "chain" / "abi"
SIZE_LIMIT = 24_576
"""EIP-170."""
ROOM = 2_000
"""What the next release's phase types may want."""


pytestmark = pytest.mark.timeout(400)  # The first build on a fresh machine, with the other tests beside it.


@pytest.fixture
def export(forge_alone: Path) -> ModuleType:
    """contracts/export_abi.py, which is in no package, having compiled."""
    spec = importlib.util.spec_from_file_location("export_abi", ROOT / "contracts" / "export_abi.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.forge() == forge_alone
    module.compile_contracts()
    return module


def test_the_committed_data_is_what_the_sources_compile_to(export: ModuleType) -> None:
    for name in export.EXPORTED:
        committed = (PACKAGE_DATA / f"{name}.json").read_text("utf-8")
        assert committed == export.exported(name), f"{name}.json is out of date: run `make abi`"


def test_nothing_else_is_committed_beside_them() -> None:
    names = {path.name for path in PACKAGE_DATA.iterdir()}
    assert names == {"WorkflowStateMachine.json", "OperatorTable.json", "ERC1967Proxy.json"}


def test_the_state_machine_leaves_room_below_the_size_limit(export: ModuleType) -> None:
    artifact = export.CONTRACTS / "out" / "WorkflowStateMachine.sol" / "WorkflowStateMachine.json"
    runtime = json.loads(artifact.read_text("utf-8"))["deployedBytecode"]["object"].removeprefix("0x")
    assert len(runtime) // 2 <= SIZE_LIMIT - ROOM


def test_the_bytecode_is_complete() -> None:
    for name in ("WorkflowStateMachine", "OperatorTable", "ERC1967Proxy"):
        text = json.loads((PACKAGE_DATA / f"{name}.json").read_text("utf-8"))["bytecode"]
        assert text.startswith("0x")
        assert "__" not in text, "a library is not linked"
        assert load_contract(name).bytecode
