"""What operators and users type: the settings of each node, and the commands."""

from collections.abc import Iterator
from types import UnionType
from typing import Any, get_args, get_origin

import typer.main
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from agent.config import AgentConfig
from aggregator.config import AggregatorConfig, PaceConfig
from aggregator.opening import Pace
from generators.prose import NOTE, attribute_words, one_line, table
from hourglass.cli.app import app
from hourglass.cli.network import NetworkConfig

WORDS_ELSEWHERE: dict[type[BaseModel], type] = {PaceConfig: Pace}
"""Settings that only carry another class's values: what these mean stands there."""


def settings() -> str:
    """docs/reference/configuration.md."""
    lines = [NOTE + "# Configuration\n", "One YAML file per node. Unknown settings are refused.\n"]
    for title, model in (
        ("Agent (`hourglass agent run`)", AgentConfig),
        ("Aggregator (`hourglass aggregator run`)", AggregatorConfig),
        ("Network (`--network`)", NetworkConfig),
    ):
        lines += [f"## {title}\n"]
        lines += table(("setting", "type", "default", "meaning"), _rows(model))
    return "\n".join(lines)


def _rows(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, ...]]:
    words = attribute_words(WORDS_ELSEWHERE.get(model, model))
    for name, info in model.model_fields.items():
        default = "required" if info.default is PydanticUndefined else f"`{_plain(info.default)}`"
        inner, repeated = _model_in(info.annotation)
        if inner is None:
            yield f"`{prefix}{name}`", f"`{_name(info.annotation)}`", default, words.get(name, "")
            continue
        if not issubclass(type(info.default), BaseModel) and (
            repeated or words.get(name) or info.default is None
        ):
            kind = "list" if repeated else "section"
            yield f"`{prefix}{name}`", kind, default, words.get(name, one_line(inner.__doc__))
        yield from _rows(inner, f"{prefix}{name}{'[]' if repeated else ''}.")


def _model_in(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The section that a setting holds, if it does, and whether it holds any number of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    repeated = get_origin(annotation) is tuple
    for one in get_args(annotation):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one, repeated
    return None, False


def _plain(default: object) -> object:
    return "none" if default is None else "empty" if default in ({}, ()) else default


def _name(annotation: Any) -> str:
    """A type as a reader of YAML knows it."""
    if isinstance(annotation, UnionType):
        return " or ".join(_name(one) for one in get_args(annotation) if one is not type(None))
    if get_origin(annotation) is tuple:
        return f"list of {_name(get_args(annotation)[0])}"
    if get_origin(annotation) is dict:
        return "map of " + " to ".join(_name(one) for one in get_args(annotation))
    return str(annotation.__name__)


def commands() -> str:
    """docs/reference/commands.md: every command, as `--help` has it."""
    lines = [
        NOTE + "# Commands\n",
        "Exit codes: 0 fine, 1 the workflow failed, 2 usage, 3 unreachable, 4 timeout.\n",
    ]
    root: Any = typer.main.get_command(app)
    for path, command in _walk(root, "hourglass"):
        lines += [f"## `{path}`\n", (command.help or "").strip() + "\n"]
        options = [one for one in command.params if one.name != "help"]
        if options:
            lines += table(
                ("option", "meaning"), ((_spelled(one), getattr(one, "help", "") or "") for one in options)
            )
    return "\n".join(lines)


def _walk(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, child in sorted(command.commands.items()):
            yield from _walk(child, f"{path} {name}")
    elif not command.hidden:
        yield path, command


def _spelled(option: Any) -> str:
    if option.param_type_name == "argument":
        return f"`{(option.metavar or option.name).upper()}`"
    return ", ".join(f"`{one}`" for one in option.opts)
