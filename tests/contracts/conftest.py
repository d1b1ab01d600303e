"""One forge at a time: two that compile into the same folder would tread on each other."""

import fcntl
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

CONTRACTS = Path(__file__).parents[2] / "contracts"


@pytest.fixture(scope="session")
def forge() -> Path:
    """The forge that npm installed."""
    found = sorted(CONTRACTS.glob("node_modules/@foundry-rs/forge-*/bin/forge*"))
    if not found:
        pytest.fail("There is no forge: run `npm ci` in contracts/.")
    return found[0]


@pytest.fixture
def forge_alone(forge: Path) -> Iterator[Path]:
    """Forge, while no other test process uses it."""
    cache = CONTRACTS / "cache"
    cache.mkdir(exist_ok=True)
    with (cache / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield forge


@pytest.fixture(scope="session")
def export_abi() -> ModuleType:
    """contracts/export_abi.py, which is in no package."""
    return _module("export_abi")


@pytest.fixture
def compiled(export_abi: ModuleType, forge_alone: Path) -> ModuleType:
    """contracts/export_abi.py, having compiled everything."""
    assert export_abi.forge() == forge_alone
    export_abi.compile_contracts()
    return export_abi


@pytest.fixture(scope="session")
def storage_layout() -> ModuleType:
    """contracts/storage_layout.py, which is in no package."""
    return _module("storage_layout")


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, CONTRACTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # As an import would have it: dataclasses look themselves up there.
    spec.loader.exec_module(module)
    return module
