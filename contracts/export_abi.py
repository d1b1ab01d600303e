"""Compile the contracts and write what running needs of them into the Python package: `make abi`.

Plain Python: it needs forge and solc (`npm ci` in this folder) and nothing else.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).resolve().parent
PACKAGE_DATA = CONTRACTS.parent / "hourglass" / "chain" / "abi"
EXPORTED = ("WorkflowStateMachine", "OperatorTable", "ERC1967Proxy")


class NoForgeError(RuntimeError):
    """Forge is not installed."""


def forge() -> Path:
    """The forge that npm installed for this machine. Raises NoForgeError."""
    found = sorted(CONTRACTS.glob("node_modules/@foundry-rs/forge-*/bin/forge*"))
    if not found:
        raise NoForgeError("There is no forge here: run `npm ci` in contracts/.")
    return found[0]


def compile_contracts() -> None:
    """Build sources and tests; forge keeps what has not changed. Raises CalledProcessError, having said why."""
    subprocess.run([forge(), "build", "--quiet"], cwd=CONTRACTS, check=True)


def exported(name: str) -> str:
    """The text of a contract's data file, from forge's output: ABI and creation bytecode.

    Deterministic: the compiler appends no metadata, and the ABI comes in the compiler's own order.
    """
    artifact: dict[str, Any] = json.loads(
        (CONTRACTS / "out" / f"{name}.sol" / f"{name}.json").read_text("utf-8")
    )
    data = {"abi": artifact["abi"], "bytecode": artifact["bytecode"]["object"]}
    return json.dumps(data, indent=1) + "\n"


def main() -> int:
    """Compile and write."""
    compile_contracts()
    PACKAGE_DATA.mkdir(exist_ok=True)
    for name in EXPORTED:
        (PACKAGE_DATA / f"{name}.json").write_text(exported(name), "utf-8")
        sys.stdout.write(f"{name}.json\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
