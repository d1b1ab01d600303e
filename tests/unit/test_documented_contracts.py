"""The page about the contracts leaves out no function, role or file of theirs, and names none that is not there."""

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "contracts" / "src"
PAGE = (ROOT / "docs" / "contracts.md").read_text("utf-8")
CONTRACTS = ("WorkflowStateMachine", "WorkflowRegistry", "TriggerConditions", "FeeVault")
PLUMBING = {"UPGRADE_INTERFACE_VERSION", "proxiableUUID", "supportsInterface"}
"""OpenZeppelin's own, which nobody calls by hand."""
CODE = re.compile(r"`([^`\n]+)`")


def functions(contract: str) -> set[str]:
    abi = json.loads((ROOT / "hourglass" / "chain" / "abi" / f"{contract}.json").read_text("utf-8"))["abi"]
    return {entry["name"] for entry in abi if entry["type"] == "function"} - PLUMBING


def named() -> set[str]:
    """Every name that stands in code on the page, arguments aside."""
    return {one.partition("(")[0] for one in CODE.findall(PAGE)}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_function_and_role_of_a_contract_is_named(contract: str) -> None:
    limits_and_hashes = re.compile(r"MAX_\w+|\w+_TYPEHASH|\w+_GAS")
    wanted = {name for name in functions(contract) if not limits_and_hashes.fullmatch(name)}
    assert len(wanted) > 1
    assert wanted - named() == set()


def test_no_function_is_named_that_no_contract_has() -> None:
    tables = [line for line in PAGE.splitlines() if line.startswith("| `")]
    first_cells = "".join(line.split(" | ")[0] for line in tables)
    called = {one.partition("(")[0] for one in CODE.findall(first_cells) if "(" in one}
    assert called
    assert called - set().union(*map(functions, CONTRACTS)) == set()


def test_every_source_is_named_and_every_named_source_is_there() -> None:
    files = {path.relative_to(SOURCES).as_posix() for path in SOURCES.rglob("*.sol")}
    shown = {one for one in named() if one.endswith(".sol")}
    assert shown - files == set()
    libraries = {Path(one).stem for one in files if one.startswith("libraries/")}
    assert libraries - named() == set()
    helpers = {
        "local/Proxy.sol",
        "interfaces/IBN254CertificateVerifier.sol",
        "interfaces/ICertificateVerifier.sol",
        "interfaces/IECDSACertificateVerifier.sol",
        "interfaces/IKeyRegistrar.sol",
    }
    rest = {one for one in files if not one.startswith("libraries/")} - helpers
    assert rest - shown == set()
