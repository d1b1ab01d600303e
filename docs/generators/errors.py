"""Every custom error that a user of the contracts can meet, as they declare it, with this project's reason for it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from generators.prose import NOTE, linked, table
from generators.solidity import CustomError, Parameter, errors_in
from hourglass.chain.refusals import reason_of
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "contracts" / "src"
PYTHON_RULES = ROOT / "hourglass" / "workflow"
STATUSES: dict[str, tuple[PhaseStatus | ExecutionStatus, ...]] = {
    "PhaseStatus": tuple(PhaseStatus),
    "ExecutionStatus": tuple(ExecutionStatus),
}
RULE = re.compile(r"(?:[A-Z][a-z]+){2,}")

SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "State machine",
        "Of `WorkflowStateMachine` and of `WorkflowRegistry` behind the same address.",
        ("interfaces/IWorkflowStateMachine.sol",),
    ),
    (
        "Trigger conditions",
        "They pass through registration and `trigger`.",
        ("interfaces/ITriggerConditions.sol",),
    ),
    (
        "Fee vault",
        "They pass through registration and `executeWorkflow` where a vault charges for these.",
        ("interfaces/IFeeVault.sol",),
    ),
    (
        "Certificate verifier",
        "EigenLayer's, the curve's and the operator tables' trees'. They pass through `submitPhaseResult`.",
        ("interfaces/IBN254CertificateVerifier.sol", "libraries/BN254.sol", "libraries/OperatorInfoTree.sol"),
    ),
    (
        "Local operator table",
        "`OperatorTable` stands in for EigenLayer's verifier and registrar on local networks; no other network has it.",
        ("interfaces/IOperatorTable.sol",),
    ),
)

OPEN_ZEPPELIN = {
    "AccessControlUnauthorizedAccount(address account, bytes32 neededRole)": "The caller lacks the role: have the "
    "contract's admin grant it.",
    "AccessControlBadConfirmation()": "A role can be renounced only by its holder: call from that account.",
    "EnforcedPause()": "The contract is paused: wait until a pauser ends it.",
    "ExpectedPause()": "The contract is not paused, so there is nothing to end.",
    "ReentrancyGuardReentrantCall()": "A call came back into the contract while it was at work: call again afterwards.",
    "InvalidInitialization()": "The contract has been set up already, or is no proxy.",
    "NotInitializing()": "Set-up code was called outside of set-up.",
    "UUPSUnauthorizedCallContext()": "An upgrade must be asked of the proxy: use its address.",
    "UUPSUnsupportedProxiableUUID(bytes32 slot)": "The new implementation is none for this kind of proxy.",
    "ERC1967InvalidImplementation(address implementation)": "There is no code at the new implementation's address.",
    "ERC1967NonPayable()": "Ether was sent with an upgrade that calls nothing: send none.",
    "ERC1967ProxyUninitialized()": "A proxy must be set up when it is deployed: give it the call of `initialize`.",
    "AddressEmptyCode(address target)": "There is no code at the address that was to be called.",
    "FailedCall()": "The call inside failed and did not say why.",
    "SafeERC20FailedOperation(address token)": "The token refused the transfer: approve the vault for the fee first, "
    "and hold enough.",
    "OwnableInvalidOwner(address owner)": "Nobody can be the owner by the zero address: pass the real one.",
    "OwnableUnauthorizedAccount(address account)": "Only the owner may: call from that account.",
    "InvalidShortString()": "A text that is stored in one word was not.",
    "StringTooLong(string str)": "The text does not fit one word.",
}
"""The library's own, which have no notice in any source of this project."""

INTRODUCTION = """\
What a refused call answers with. The selector is the first four bytes of the answer's data. *Reason* is what this
project's commands, logs and status say for it ([reasons.md](../reasons.md)). *Earlier* is where Python refuses the same
before anything is sent: its `DefinitionError` has the error's name as `rule`.
"""


def page() -> str:
    """docs/reference/errors.md."""
    earlier = python_rules()
    lines = [
        NOTE + "# Custom errors of the contracts\n",
        INTRODUCTION,
    ]
    for title, words, sources in SECTIONS:
        lines += [f"## {title}\n", words + "\n"]
        for group, errors in groupby(_declared(sources), lambda one: one.group):
            if group:
                lines.append(f"### {group}\n")
            lines += _table(errors, earlier)
    lines += ["## OpenZeppelin\n", "Of the libraries that the contracts stand on.\n"]
    lines += _table(open_zeppelin(), earlier)
    return "\n".join(lines)


def documented() -> Iterator[CustomError]:
    """Every error on the page."""
    for _, _, sources in SECTIONS:
        yield from _declared(sources)
    yield from open_zeppelin()


def open_zeppelin() -> Iterator[CustomError]:
    """The libraries' errors, by name."""
    for declaration, notice in sorted(OPEN_ZEPPELIN.items()):
        name, _, inside = declaration.removesuffix(")").partition("(")
        parts = (one.partition(" ") for one in filter(None, inside.split(", ")))
        yield CustomError(name, tuple(Parameter(kind, said) for kind, _, said in parts), "", notice)


def _declared(sources: Iterable[str]) -> Iterator[CustomError]:
    """Each signature once: the verifier's interface and the curve's library share some."""
    seen: set[str] = set()
    for source in sources:
        for error in errors_in(SOURCES / source):
            if error.signature not in seen:
                seen.add(error.signature)
                yield error


def _table(errors: Iterable[CustomError], earlier: dict[str, list[str]]) -> list[str]:
    return table(
        ("error", "meaning, and what to do", "reason", "earlier"),
        (
            (
                f"`{one.declaration}`<br>`{one.selector}`",
                _meaning(one),
                _reasons(one),
                ", ".join(map(linked, earlier.get(one.name, ()))) or "–",
            )
            for one in errors
        ),
    )


def _reasons(error: CustomError) -> str:
    """The reason, and those that it has for single statuses."""
    usual = reason_of(error.name)
    words = [f"`{usual.code}`"]
    for parameter in error.parameters:
        for status in STATUSES.get(parameter.type, ()):
            reason = reason_of(error.name, [status])
            if reason is not usual:
                words.append(f"{status.name}: `{reason.code}`")
    return "<br>".join(words)


def _meaning(error: CustomError) -> str:
    words = [error.notice or f"{reason_of(error.name).summary} {reason_of(error.name).advice}"]
    words += [f"`{one.name}`: {one.words}" for one in error.parameters if one.words]
    return " ".join(words)


def python_rules() -> dict[str, list[str]]:
    """The contracts' errors that Python's own checks name as their `rule`, and in which files."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted(PYTHON_RULES.glob("*.py")):
        source = path.read_text("utf-8")
        if "DefinitionError" not in source and "TriggerError" not in source:
            continue
        calls = (node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call))
        for argument in (one for call in calls for one in call.args):
            if isinstance(argument, ast.Constant) and RULE.fullmatch(str(argument.value)):
                found[str(argument.value)].add(path.relative_to(ROOT).as_posix())
    return {rule: sorted(files) for rule, files in found.items()}
