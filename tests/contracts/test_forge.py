"""The contracts' own tests, which forge runs, and their format."""

import os
import subprocess
from pathlib import Path

import pytest

CONTRACTS = Path(__file__).parents[2] / "contracts"
pytestmark = pytest.mark.timeout(400)  # The first build on a fresh machine, with the other tests beside it.


def _run(forge: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "FORGE_SNAPSHOT_CHECK": "true", "FORGE_SNAPSHOT_EMIT": "false"}
    return subprocess.run(
        [forge, *arguments], cwd=CONTRACTS, env=environment, capture_output=True, text=True, check=False
    )


def test_forge_passes_every_contract_test(forge_alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Gas included: to accept other figures than snapshots/gas.json holds, run `forge test` and commit it."""
    run = _run(forge_alone, "test")
    summary = [line for line in run.stdout.splitlines() if line.startswith(("Ran ", "[FAIL"))]
    with capsys.disabled():
        print("", *summary[-1:], sep="\n")  # noqa: T201  forge's summary is this test's result
    assert run.returncode == 0, run.stdout + run.stderr
    assert summary[-1].endswith("total tests)")
    assert ", 0 failed, 0 skipped" in summary[-1]


def test_the_sources_are_formatted(forge: Path) -> None:
    run = _run(forge, "fmt", "--check")
    assert run.returncode == 0, run.stdout
