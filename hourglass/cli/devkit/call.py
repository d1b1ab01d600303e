"""`devkit avs call`: its pairs, as one of our commands or as a plain task. Pure."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from hourglass.cli.devkit.values import encode_value
from hourglass.errors import ConfigError
from hourglass.reasons import Reason


@dataclass(frozen=True, slots=True)
class Verb:
    """One `workflow=…`: our command, what it needs, and which pairs become which options."""

    command: tuple[str, ...]
    arguments: tuple[str, ...]
    """Pairs that must be there, in the command's order; `module` and `name` of a registration are one."""
    options: Mapping[str, str]
    flags: Mapping[str, tuple[str, str]]
    """Pairs that are true or false, and what each becomes."""


NO_FLAGS: Mapping[str, tuple[str, str]] = {}
VERBS: Mapping[str, Verb] = {
    "register": Verb(
        ("workflow", "register"),
        ("module", "name"),
        {"trigger_source": "--trigger-source", "max_fee": "--max-fee"},
        NO_FLAGS,
    ),
    "execute": Verb(
        ("workflow", "execute"),
        ("name",),
        {"input": "--input", "creator": "--creator", "max_fee": "--max-fee", "timeout": "--timeout"},
        {"wait": ("--wait", "--no-wait")},
    ),
    "status": Verb(("status",), ("execution",), {}, NO_FLAGS),
    "trigger": Verb(
        ("workflow", "trigger"),
        ("execution", "phase"),
        {"data": "--data", "price": "--price", "approvals": "--approvals"},
        NO_FLAGS,
    ),
    "cancel": Verb(("workflow", "cancel"), ("execution",), {}, NO_FLAGS),
    "logs": Verb(
        ("logs",),
        (),
        {"id": "--workflow-id", "execution": "--execution-id", "phase": "--phase"},
        NO_FLAGS,
    ),
    "debug": Verb(
        ("debug", "--timeout-analysis"),
        (),
        {"id": "--workflow-id", "execution": "--execution-id"},
        NO_FLAGS,
    ),
}
REPEATED = frozenset({"trigger_source"})
"""Values that hold several, separated by commas: DevKit's values have no spaces and no repetition."""
TASK = frozenset({"signature", "args"})


@dataclass(frozen=True, slots=True)
class Command:
    """One of our commands."""

    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """A task for `TaskMailbox`."""

    payload: bytes


def read_call(text: str) -> Command | Task:
    """What these parameters ask for. Raises ConfigError(INVALID_CONFIG), saying how to write them."""
    try:
        pairs = json.loads(text)
    except ValueError:
        pairs = None
    if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
        raise ConfigError(
            Reason.INVALID_CONFIG, "The second argument is a JSON object of texts: key=value pairs."
        )
    if "workflow" in pairs:
        return _command(dict(pairs))
    unknown = sorted(pairs.keys() - TASK)
    if unknown or pairs.keys() != TASK:
        raise ConfigError(
            Reason.INVALID_CONFIG,
            f"Nothing goes by {_listed(unknown) if unknown else 'that'}: write workflow={'|'.join(VERBS)} with its "
            "pairs, or a task as signature='(uint256,string)' args='(5,\"hello\")'.",
        )
    return Task(encode_value(pairs["signature"], pairs["args"]))


def _command(pairs: dict[str, str]) -> Command:
    word = pairs.pop("workflow")
    verb = VERBS.get(word)
    if verb is None:
        raise ConfigError(Reason.INVALID_CONFIG, f"workflow={word} is unknown; there are {', '.join(VERBS)}.")
    known = {*verb.arguments, *verb.options, *verb.flags}
    missing = [name for name in verb.arguments if not pairs.get(name)]
    unknown = sorted(pairs.keys() - known)
    if missing or unknown:
        wrong = f"needs {_listed(missing)}" if missing else f"does not know {_listed(unknown)}"
        raise ConfigError(
            Reason.INVALID_CONFIG, f"workflow={word} {wrong}; it takes {_listed(sorted(known))}."
        )
    arguments = [*verb.command, *_positional(word, verb, pairs)]
    for name, option in verb.options.items():
        if name in pairs:
            values = pairs[name].split(",") if name in REPEATED else [pairs[name]]
            # One word each, so that a value which begins with a dash is no option.
            arguments += [f"{option}={value}" for value in values]
    for name, (yes, no) in verb.flags.items():
        if name in pairs:
            if pairs[name] not in ("true", "false"):
                raise ConfigError(Reason.INVALID_CONFIG, f"{name}={pairs[name]} is neither true nor false.")
            arguments.append(yes if pairs[name] == "true" else no)
    return Command((*arguments, "--output=json"))


def _positional(word: str, verb: Verb, pairs: Mapping[str, str]) -> list[str]:
    if word == "register":
        return [f"{pairs['module']}:{pairs['name']}"]
    return [pairs[name] for name in verb.arguments]


def _listed(names: list[str]) -> str:
    return ", ".join(f"{name}=" for name in names)
