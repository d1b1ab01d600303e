"""One forge at a time: two that compile into the same folder would tread on each other."""

import fcntl
from collections.abc import Iterator
from pathlib import Path

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
