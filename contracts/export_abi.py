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
EXPORTED = (
    "WorkflowStateMachine",
    "WorkflowRegistry",
    "TriggerConditions",
    "FeeVault",
    "OperatorTable",
    "EcdsaOperatorTable",
    "KeyRegistrar",
    "WorkflowAVSRegistrar",
    "ERC1967Proxy",
    "TaskMailbox",
    "FlatFeeHook",
    "LocalCore",
    "TransportedTables",
)
CALLED_THROUGH = {"WorkflowStateMachine": ("WorkflowRegistry",)}
"""Whom a contract delegates calls to: whoever calls it meets all of these, too."""
ERRORS_THROUGH = {
    "WorkflowStateMachine": ("TriggerConditions", "FeeVault"),
    "TaskMailbox": ("OperatorTable", "EcdsaOperatorTable"),
}
"""Whose errors come out of it."""


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

    The ABI is all that callers of the contract meet, also what it passes on to others and what comes from them.
    Deterministic: the compiler appends no metadata, and the ABI comes in the compiler's own order.
    """
    artifact = _artifact(name)
    abi = list(artifact["abi"])
    for other in CALLED_THROUGH.get(name, ()):
        abi += [entry for entry in _artifact(other)["abi"] if entry["type"] in {"function", "event", "error"}]
    for other in ERRORS_THROUGH.get(name, ()):
        abi += [entry for entry in _artifact(other)["abi"] if entry["type"] == "error"]
    data = {"abi": _each_once(abi), "bytecode": artifact["bytecode"]["object"]}
    return json.dumps(data, indent=1) + "\n"


def _artifact(name: str) -> dict[str, Any]:
    path = CONTRACTS / "out" / f"{name}.sol" / f"{name}.json"
    artifact: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return artifact


def _each_once(abi: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without repetitions, such as an error that two contracts declare alike; the order stays."""
    seen: dict[str, dict[str, Any]] = {}
    for entry in abi:
        types = [_type(one) for one in entry.get("inputs", ())]
        seen.setdefault(f"{entry['type']} {entry.get('name', '')}({','.join(types)})", entry)
    return list(seen.values())


def _type(entry: dict[str, Any]) -> str:
    parts = ",".join(_type(part) for part in entry.get("components", ()))
    return f"{entry['type']}({parts})"


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
