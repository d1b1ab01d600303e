"""How commands name things: executions, phases, addresses, keys, and what each is read as."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hourglass.errors import ConfigError
from hourglass.reasons import Reason

if TYPE_CHECKING:
    from hourglass.workflow.definition import WorkflowDefinition
    from hourglass.workflow.identifiers import Address, ExecutionId, PhaseIndex

Spec = Annotated[str, typer.Argument(metavar="MODULE:NAME", help="Or FILE.py:NAME.")]
Execution = Annotated[str, typer.Argument(help="The execution's id, 0x and 64 hexadecimal digits.")]
PhaseName = Annotated[str, typer.Argument(metavar="PHASE", help="The phase's name, or its number from 0.")]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key",
        help="The key of the account to act as: 64 hexadecimal digits, or a keystore. Otherwise the network's.",
    ),
]
KeyPassword = Annotated[
    Path | None, typer.Option("--password-file", help="A file with the keystore's password.")
]


def execution_of(text: str) -> "ExecutionId":
    """Raises ConfigError(UNKNOWN_NAME) for what can't be an execution's id."""
    from hourglass.workflow.identifiers import WORD_BYTES, ExecutionId

    raw = _hexadecimal(text)
    if raw is None or len(raw) != WORD_BYTES:
        raise ConfigError(Reason.UNKNOWN_NAME, f"{text!r} is no execution id: 0x and 64 hexadecimal digits.")
    return ExecutionId(raw)


def address_of(text: str) -> "Address":
    """Raises ConfigError(UNKNOWN_NAME) for what is no address."""
    from hourglass.workflow.identifiers import Address

    try:
        return Address.parse(text)
    except ValueError as error:
        raise ConfigError(
            Reason.UNKNOWN_NAME, f"{text!r} is no address: 0x and 40 hexadecimal digits."
        ) from error


def phase_of(definition: "WorkflowDefinition", text: str) -> "PhaseIndex":
    """By its name, or else by its number. Raises ConfigError(UNKNOWN_NAME), naming the phases that there are."""
    from hourglass.workflow.identifiers import PhaseIndex

    names = [phase.name for phase in definition.phases]
    if text in names:
        return PhaseIndex(names.index(text))
    if text.isascii() and text.isdigit() and int(text) < len(names):
        return PhaseIndex(int(text))
    listed = ", ".join(repr(name) for name in names)
    raise ConfigError(Reason.UNKNOWN_NAME, f"{definition.name!r} has no phase {text!r}; it has {listed}.")


def payload_of(text: str, option: str = "--input") -> bytes:
    """Text as UTF-8, 0x-hexadecimal as bytes, @FILE as the file's content. Raises ConfigError(INVALID_CONFIG)."""
    try:
        if text.startswith("@"):
            return Path(text[1:]).read_bytes()
        return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode("utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(Reason.INVALID_CONFIG, f"{option} {text}: {error}.") from error


def data_of(text: str, option: str) -> bytes:
    """Hexadecimal with 0x. Raises ConfigError(INVALID_CONFIG)."""
    raw = _hexadecimal(text)
    if raw is None:
        raise ConfigError(Reason.INVALID_CONFIG, f"{option} {text!r} is not hexadecimal.")
    return raw


def _hexadecimal(text: str) -> bytes | None:
    try:
        return bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        return None
