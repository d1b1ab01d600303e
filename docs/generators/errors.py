"""Every custom error that a user of the contracts can meet, as they declare it, with this project's reason for it."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from generators import notices
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


@dataclass(frozen=True, slots=True)
class Section:
    """The errors that some sources declare."""

    title: str
    words: str
    sources: tuple[str, ...]
    notices: Mapping[str, str] = field(default_factory=dict)
    """What those mean whose source does not say, by name."""

    def errors(self) -> Iterator[CustomError]:
        """Each signature once: the verifier's interface and the curve's library share some.

        Raises LookupError for an error whose meaning nobody says.
        """
        seen: set[str] = set()
        for error in (one for source in self.sources for one in errors_in(SOURCES / source)):
            if error.signature in seen:
                continue
            seen.add(error.signature)
            notice = error.notice or self.notices.get(error.name)
            if notice is None:
                raise LookupError(
                    f"{error.name} has no @notice in {', '.join(self.sources)}: say what it means."
                )
            yield replace(error, notice=notice)


SECTIONS = (
    Section(
        "State machine",
        "Of `WorkflowStateMachine` and of `WorkflowRegistry` behind the same address.",
        ("interfaces/IWorkflowStateMachine.sol",),
    ),
    Section(
        "Trigger conditions",
        "They pass through registration and `trigger`.",
        ("interfaces/ITriggerConditions.sol",),
        notices.TRIGGER_CONDITIONS,
    ),
    Section(
        "Fee vault",
        "They pass through registration and `executeWorkflow` where a vault charges for these.",
        ("interfaces/IFeeVault.sol",),
        notices.FEE_VAULT,
    ),
    Section(
        "Certificate verifiers",
        "EigenLayer's, the curve's and the operator tables' trees'. They pass through `submitPhaseResult`.",
        (
            "interfaces/ICertificateVerifier.sol",
            "interfaces/IBN254CertificateVerifier.sol",
            "interfaces/IECDSACertificateVerifier.sol",
            "libraries/BN254.sol",
            "libraries/OperatorInfoTree.sol",
        ),
        notices.VERIFIER,
    ),
    Section(
        "The registrar",
        "`WorkflowAVSRegistrar` answers EigenLayer's allocation manager with these when operators join or leave.",
        ("interfaces/IAVSRegistrar.sol",),
    ),
    Section(
        "Task mailbox",
        "Of EigenLayer's `TaskMailbox`, as the one for local networks has them. They pass through `createTask`, "
        "`submitResult` and `refundFee`, beside the verifiers' own.",
        ("local/eigenlayer/ITaskMailbox.sol", "local/eigenlayer/TaskMailbox.sol"),
    ),
    Section(
        "Slashing and rewards",
        "Of the adapters to EigenLayer ([slashing and rewards](../developers/slashing-and-rewards.md)).",
        (
            "adapters/AllocationManagerSlasher.sol",
            "adapters/ParticipationLedger.sol",
            "adapters/ParticipationRewards.sol",
        ),
    ),
    Section(
        "Local operator tables",
        "`OperatorTable`, `EcdsaOperatorTable` and `LocalCore` stand in for EigenLayer's verifiers, registrar and core "
        "on local networks; no other network has them.",
        (
            "interfaces/IOperatorTable.sol",
            "interfaces/IEcdsaOperatorTable.sol",
            "local/eigenlayer/LocalCore.sol",
        ),
        notices.LOCAL_TABLE,
    ),
)

INTRODUCTION = """\
What a refused call answers with. The selector is the first four bytes of the answer's data. *Reason* is what this
project's commands, logs and status say for it ([reasons.md](../reasons.md)). *Earlier* is where Python refuses the same
before anything is sent: its `DefinitionError` has the error's name as `rule`.
"""


def page() -> str:
    """docs/reference/errors.md."""
    earlier = python_rules()
    lines = [NOTE + "# Custom errors of the contracts\n", INTRODUCTION]
    for section in SECTIONS:
        lines += [f"## {section.title}\n", section.words + "\n"]
        for group, errors in groupby(section.errors(), lambda one: one.group):
            if group:
                lines.append(f"### {group}\n")
            lines += _table(errors, earlier)
    lines += ["## OpenZeppelin\n", "Of the libraries that the contracts stand on.\n"]
    lines += _table(open_zeppelin(), earlier)
    return "\n".join(lines)


def documented() -> Iterator[CustomError]:
    """Every error on the page."""
    for section in SECTIONS:
        yield from section.errors()
    yield from open_zeppelin()


def open_zeppelin() -> Iterator[CustomError]:
    """The libraries' errors, by name."""
    for declaration, notice in sorted(notices.OPEN_ZEPPELIN.items()):
        name, _, inside = declaration.removesuffix(")").partition("(")
        parts = (one.partition(" ") for one in filter(None, inside.split(", ")))
        yield CustomError(name, tuple(Parameter(kind, said) for kind, _, said in parts), "", notice)


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
    return " ".join([error.notice, *(f"`{one.name}`: {one.words}" for one in error.parameters if one.words)])


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
