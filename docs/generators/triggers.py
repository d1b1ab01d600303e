"""Every kind of trigger condition: how it is written, what it means, and the bytes that the contract holds."""

import ast
import inspect
import typing
from collections.abc import Iterator

from generators.prose import NOTE, attribute_words, one_line, table
from hourglass.workflow import trigger_conditions, trigger_encoding, trigger_rules, triggers
from hourglass.workflow.identifiers import WORD_BYTES, Address
from hourglass.workflow.trigger_conditions import Comparison, Condition, TriggerConditionType
from hourglass.workflow.trigger_description import COMPARED
from hourglass.workflow.trigger_encoding import CHILDREN, ENVELOPE, LEAVES

EXAMPLES = (
    "always()",
    "price_above(5_000)",
    "price_below(5_000)",
    "at_time(datetime(2027, 1, 1, tzinfo=UTC))",
    "data_hash(keccak(b'data'))",
    "approved_by(alice, bob, required=1)",
    "oracle_within(5_000, 50)",
    "at_block(21_000_000)",
    "result_above(0, 5_000)",
    "result_at_least(0, 5_000)",
    "result_below(0, 5_000)",
    "result_at_most(0, 5_000)",
    "result_equals(0, 5_000)",
    "result_differs(0, 5_000)",
    "chain_event(token, 'Transfer(address,address,uint256)', None, alice)",
    "all_of(price_above(5_000), at_block(21_000_000))",
    "any_of(price_above(5_000), at_block(21_000_000))",
    "not_(price_above(5_000))",
)
"""One for each constructor."""
WORKED = "price_above(5_000)"
ALICE, BOB, TOKEN = Address(b"\xa1" * 20), Address(b"\xb0" * 20), Address(b"\x70" * 20)
SHAPES = {
    TriggerConditionType.ALL: f"({', '.join(CHILDREN)})",
    TriggerConditionType.ANY: f"({', '.join(CHILDREN)})",
    TriggerConditionType.NOT: "the other condition's own bytes",
}
VALUES = {
    TriggerConditionType.ALL: triggers.AllOf,
    TriggerConditionType.ANY: triggers.AnyOf,
    TriggerConditionType.NOT: triggers.Not,
}

INTRODUCTION = """\
What a CONDITIONAL phase waits for. On-chain a condition is `abi.encode(uint8 type, bytes params)`, exactly as
`abi.encode` gives it. Who judges it: [protocol.md](../protocol.md#7-conditions).
"""
ARGUMENTS = """\
A constructor raises `TriggerError`, a `DefinitionError`, for what the contract would refuse. Addresses and hashes
may be bytes or `0x` text; `result_…` takes a phase or its number.
"""
COMPARED_RESULTS = """\
A result that is compared must be one word, an `int256`. A phase that ended without a result, or with one of another
length, compares as nothing: the condition does not hold.
"""


def page() -> str:
    """docs/reference/triggers.md."""
    lines = [
        NOTE + "# Trigger conditions\n",
        INTRODUCTION,
        "## Types\n",
    ]
    lines += table(("type", "it holds when", "`params` are `abi.encode` of"), _types())
    lines += ["## How they are written\n", "All of them are in `hourglass`.\n"]
    lines += table(("constructor", "meaning", "example", "in words", "bytes"), _constructors())
    lines += [
        ARGUMENTS,
        "## Ways to compare\n",
    ]
    lines += table(
        ("number", "name", "in words"), ((one.value, one.name, COMPARED[one]) for one in Comparison)
    )
    lines += [
        COMPARED_RESULTS,
        "## Data\n",
        (trigger_rules.__doc__ or "").partition("\n\n")[2].strip() + "\n",
        "## Limits\n",
    ]
    lines += table(("limit", "value", ""), _limits())
    lines += ["## An example's bytes\n", f"`{WORKED}`, word by word:\n", "```", *_words(WORKED), "```", ""]
    return "\n".join(lines)


def constructors() -> tuple[str, ...]:
    """What authors call to make a condition, in the source's order."""
    return tuple(
        name
        for name, value in vars(triggers).items()
        if name in triggers.__all__
        and inspect.isfunction(value)
        and value.__module__ == triggers.__name__
        and typing.get_type_hints(value).get("return") == Condition
    )


def _types() -> Iterator[tuple[object, ...]]:
    for kind in TriggerConditionType:
        leaf = LEAVES.get(kind)
        value = VALUES[kind] if leaf is None else leaf.python_type
        words = one_line(value.__doc__).removeprefix(f"{kind.name}: ")
        shape = SHAPES[kind] if leaf is None else f"({', '.join(_named(value, leaf.params))})"
        yield f"{kind.value} {kind.name}", words, f"`{shape}`" if shape.startswith("(") else shape


def _named(value: type, types: tuple[str, ...]) -> Iterator[str]:
    yield from (f"{kind} {name}" for kind, name in zip(types, value.__annotations__, strict=True))


def _constructors() -> Iterator[tuple[str, ...]]:
    for example in EXAMPLES:
        condition = made(example)
        encoded = triggers.encode(condition)
        yield (
            f"`{_signature(example)}`",
            one_line(getattr(triggers, called(example)).__doc__),
            f"`{example}`",
            triggers.describe(condition),
            f"{len(encoded)}",
        )


def _words(example: str) -> Iterator[str]:
    data = triggers.encode(made(example))
    yield from (data[start : start + WORD_BYTES].hex() for start in range(0, len(data), WORD_BYTES))


def made(example: str) -> Condition:
    """The condition that an example writes."""
    from datetime import UTC, datetime

    from eth_hash.auto import keccak

    names = {"alice": ALICE, "bob": BOB, "token": TOKEN, "UTC": UTC, "datetime": datetime, "keccak": keccak}
    condition: Condition = eval(example, {**vars(triggers), **names})
    return condition


def called(example: str) -> str:
    """The constructor that an example calls first."""
    call = ast.parse(example, mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.func, ast.Name)
    return call.func.id


def _signature(example: str) -> str:
    name = called(example)
    parameters = inspect.signature(getattr(triggers, name)).parameters
    return f"{name}({', '.join(_parameter(one) for one in parameters.values())})"


def _parameter(one: inspect.Parameter) -> str:
    star = "*" if one.kind is inspect.Parameter.VAR_POSITIONAL else ""
    default = "" if one.default is inspect.Parameter.empty else f"={one.default}"
    return f"{star}{one.name}{default}"


def _limits() -> Iterator[tuple[object, ...]]:
    yield "bytes of a condition", f"{trigger_encoding.MAX_CONDITION_BYTES:,}", ""
    words = attribute_words(trigger_encoding) | attribute_words(trigger_conditions)
    for what, name in (
        ("depth", "MAX_DEPTH"),
        ("conditions", "MAX_CONDITIONS"),
    ):
        yield what, getattr(trigger_encoding, name), words.get(name, "")
    for what, name in (
        ("conditions side by side in ALL or ANY", "MAX_CHILDREN"),
        ("signers of a MULTI_SIG", "MAX_SIGNERS"),
        ("topics of a CHAIN_EVENT", "MAX_TOPICS"),
    ):
        yield what, getattr(trigger_conditions, name), words.get(name, "")
    yield "a threshold, an expected value", "0 to 2²⁵⁵ − 1", words["MAX_VALUE"]


assert len(ENVELOPE) == 2, "the page says so"
