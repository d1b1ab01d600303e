"""The custom errors of the contracts, read from their sources: parameters, groups, and what their notices say.

The sources are read and not the compiler's output, since they alone say how the errors are grouped, and since writing
the docs must not need a compiler. A test compares what this finds with the compiled ABI. It knows no more Solidity than
the interfaces use, and raises SyntaxError for anything else that looks like an error.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from eth_hash.auto import keccak

ELEMENTARY = re.compile(r"address|bool|bytes|string|u?int(8|16|32|64|96|128|160|256)|bytes(4|32)")
ENUMS = frozenset({"CurveType", "ExecutionStatus", "PhaseStatus", "PhaseType", "Stage", "TaskStatus"})
"""The contracts' own types that errors carry: the ABI knows them as uint8."""
ERROR = re.compile(r"error (?P<name>\w+)\((?P<parameters>[^()]*)\);")
TAG = re.compile(r"@(\w+)\s*(.*)")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that an error carries."""

    type: str
    name: str
    words: str = ""

    @property
    def abi_type(self) -> str:
        """As it stands in the signature."""
        return "uint8" if self.type in ENUMS else self.type


@dataclass(frozen=True, slots=True)
class CustomError:
    """One error as its contract declares it."""

    name: str
    parameters: tuple[Parameter, ...]
    group: str
    """The comment above its neighbours; empty without one."""
    notice: str

    @property
    def signature(self) -> str:
        """What its selector is the hash of."""
        return f"{self.name}({','.join(one.abi_type for one in self.parameters)})"

    @property
    def selector(self) -> str:
        """The first four bytes of the answer of a call that it refuses."""
        return "0x" + keccak(self.signature.encode("ascii"))[:4].hex()

    @property
    def declaration(self) -> str:
        """As a reader of the source sees it."""
        return f"{self.name}({', '.join(f'{one.type} {one.name}' for one in self.parameters)})"


@dataclass(slots=True)
class _Reader:
    """Where the reading stands."""

    group: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    last_tag: str = ""

    def natspec(self, line: str) -> None:
        tag = TAG.match(line)
        if tag is None:
            # A comment without a tag is a notice, and a line without one goes on with the last.
            self.last_tag = self.last_tag or "notice"
            self.tags[self.last_tag] = f"{self.tags.get(self.last_tag, '')} {line}".strip()
            return
        self.last_tag, words = tag[1], tag[2]
        if self.last_tag == "param":
            name, _, words = words.partition(" ")
            self.last_tag = f"param {name}"
        self.tags[self.last_tag] = words.strip()

    def forget(self) -> None:
        self.tags, self.last_tag = {}, ""


def errors_in(path: Path) -> tuple[CustomError, ...]:
    """The errors that a source declares, in its order. Raises SyntaxError for one that it can't read."""
    return tuple(_errors(path.read_text("utf-8"), str(path)))


def _errors(source: str, where: str) -> Iterator[CustomError]:
    reader = _Reader()
    for number, raw in enumerate(source.splitlines(), 1):
        line = raw.strip()
        if line.startswith("///"):
            reader.natspec(line.removeprefix("///").strip())
        elif line.startswith("//"):
            reader.group = line.removeprefix("//").strip(" ─")
            reader.forget()
        elif line.startswith("error "):
            matched = ERROR.fullmatch(line)
            if matched is None:
                raise SyntaxError(f"{where}:{number}: an error is declared on one line, unlike {line!r}")
            yield CustomError(
                matched["name"],
                tuple(_parameters(matched["parameters"], reader.tags, f"{where}:{number}")),
                reader.group,
                reader.tags.get("notice", ""),
            )
            reader.forget()
        else:
            if line.startswith(("interface ", "library ", "contract ", "abstract ")):
                reader.group = ""
            reader.forget()


def _parameters(text: str, tags: dict[str, str], where: str) -> Iterator[Parameter]:
    for one in filter(None, (part.strip() for part in text.split(","))):
        kind, _, name = one.partition(" ")
        kind = kind.rpartition(".")[2]
        if not name.isidentifier() or not (ELEMENTARY.fullmatch(kind) or kind in ENUMS):
            raise SyntaxError(f"{where}: {one!r} is no parameter of a known type, and a name")
        yield Parameter(kind, name, tags.get(f"param {name}", ""))
