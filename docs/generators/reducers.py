"""Every reducer that comes with the package: its name on-chain, and its rule in its own words."""

import typing
from collections.abc import Callable, Iterator, Sequence
from types import GenericAlias, ModuleType
from typing import Any

import hourglass
from generators.prose import NOTE, one_line, table
from hourglass.workflow import arithmetic, lists, merkle, reducers, votes
from hourglass.workflow.reducers import Reducer, Weighed

MODULES: tuple[tuple[ModuleType, str], ...] = (
    (reducers, "Choosing"),
    (arithmetic, "Calculating"),
    (lists, "Lists, texts and bytes"),
    (votes, "Votes"),
    (merkle, "Merkle trees"),
)
SAMPLE_ARGUMENTS: dict[str, dict[str, int]] = {
    "weighted_vote_with": {"quorum_bps": 2_000, "majority_bps": 6_667},
    "vote_counts": {"choices": 3},
}
"""For those that are made with arguments, which become part of the name."""

INTRODUCTION = """\
From the operators' observations to the one value that they agree on. The name stands in the phase's metadata on-chain.
How to write one: [write-a-workflow.md](../developers/write-a-workflow.md#reducers).
"""


def page() -> str:
    """docs/reference/reducers.md."""
    lines = [
        NOTE + "# Reducers\n",
        INTRODUCTION,
        one_line(reducers.__doc__).partition("the others. ")[2] + "\n",
    ]
    for module, title in MODULES:
        lines += [f"## {title}\n"]
        lines += table(
            ("`from hourglass import`", "name on-chain", "of", "gives", "rule, and who can move it"),
            _rows(module),
        )
    return "\n".join(lines)


def shown() -> Iterator[tuple[str, Reducer[Any]]]:
    """Every reducer of the page, by its name in Python; those with arguments with sample ones."""
    for module, _ in MODULES:
        for name, found, _ in _found(module):
            yield name, found


def _rows(module: ModuleType) -> Iterator[tuple[str, ...]]:
    for name, rule, documented in _found(module):
        arguments = ", ".join(f"{key}={value:_}" for key, value in SAMPLE_ARGUMENTS.get(name, {}).items())
        taken, given = _types(rule.reduce)
        yield (
            f"`{name}({arguments})`" if arguments else f"`{name}`",
            f"`{rule.name}`",
            f"`{taken}`",
            f"`{given}`",
            one_line(documented.__doc__),
        )


def _found(module: ModuleType) -> Iterator[tuple[str, Reducer[Any], Callable[..., Any]]]:
    """(name, reducer, whose docstring says what it does) of those that authors import, in the source's order."""
    for name, value in vars(module).items():
        if name not in hourglass.__all__:
            continue
        if isinstance(value, Reducer) and value.reduce.__module__ == module.__name__:
            yield name, value, value.reduce
        elif name in SAMPLE_ARGUMENTS:
            yield name, value(**SAMPLE_ARGUMENTS[name]), value


def _types(rule: Callable[..., Any]) -> tuple[str, str]:
    hints = typing.get_type_hints(rule)
    given = hints.pop("return")
    ((observations),) = hints.values()
    (weighed,) = typing.get_args(observations)
    assert typing.get_origin(observations) is Sequence
    assert typing.get_origin(weighed) is Weighed
    return _name(typing.get_args(weighed)[0]), _name(given)


def _name(kind: object) -> str:
    if kind is Any:
        return "any"
    if isinstance(kind, GenericAlias):
        return f"list[{_name(typing.get_args(kind)[0])}]"
    return kind.__name__ if isinstance(kind, type) else str(kind)
