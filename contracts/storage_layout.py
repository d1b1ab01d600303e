"""Where the state machine keeps everything, as the compiler says, and whether another release could go on from there.

    python contracts/storage_layout.py > contracts/snapshots/storage-<version>.json

prints the layout of the sources, to be committed with a release.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).resolve().parent
COMPILED = CONTRACTS / "out" / "StorageProbe.sol" / "StorageProbe.json"
SLOT_BYTES = 32
RENAMED = {("Execution", "completedMask"): "resolvedMask"}
"""What had another name in an older release: the same bits, which by now say more."""


@dataclass(frozen=True, slots=True)
class Member:
    """One field of a struct. `offset` and `bytes` count from the low end of `slot`."""

    label: str
    slot: int
    offset: int
    bytes: int
    type: str

    @property
    def first(self) -> int:
        """Its first byte, counted over the struct's slots."""
        return self.slot * SLOT_BYTES + self.offset

    def overlaps(self, other: "Member") -> bool:
        """Do they share a byte?"""
        return self.first < other.first + other.bytes and other.first < self.first + self.bytes


@dataclass(frozen=True, slots=True)
class Struct:
    """A struct's fields. `fixed`: something stands behind it, as behind an array's element, so it can't grow."""

    members: tuple[Member, ...]
    bytes: int
    fixed: bool


Layout = Mapping[str, Struct]
"""Every struct that is stored, by its name."""


def differences(old: Layout, new: Layout) -> Iterator[str]:
    """What a contract with the new layout would misread of the old one's storage: nothing, if it may follow."""
    for name, struct in old.items():
        if name not in new:
            yield f"{name} is gone"
            continue
        yield from _moved(name, struct, new[name])
        yield from _overwritten(name, struct, new[name])
        if struct.fixed and struct.bytes != new[name].bytes:
            yield f"{name} has {new[name].bytes} bytes, not {struct.bytes}, and something stands behind it"


def _moved(name: str, old: Struct, new: Struct) -> Iterator[str]:
    found = {member.label: member for member in new.members}
    for member in old.members:
        label = member.label if member.label in found else RENAMED.get((name, member.label), "")
        now = found.get(label)
        if now is None:
            yield f"{name}.{member.label} is gone"
        elif (now.slot, now.offset) != (member.slot, member.offset):
            yield f"{name}.{label} has moved"
        elif (now.type, now.bytes) != (member.type, member.bytes):
            yield f"{name}.{label} is a {now.type}, not a {member.type}"


def _overwritten(name: str, old: Struct, new: Struct) -> Iterator[str]:
    kept = {member.label for member in old.members}
    kept |= {RENAMED[name, label] for label in kept if (name, label) in RENAMED}
    for member in new.members:
        for before in old.members:
            if member.label not in kept and member.overlaps(before):
                yield f"{name}.{member.label} stands where {before.label} stood"


# ── Reading ───────────────────────────────────────────────────────────────────────────────────────────


def of_compiled() -> Layout:
    """The layout that the sources were compiled to, last."""
    artifact = json.loads(COMPILED.read_text("utf-8"))
    return _of_compiler(artifact["storageLayout"]["types"])


def of_snapshot(text: str) -> Layout:
    """A layout that `snapshot` wrote."""
    return {
        name: Struct(tuple(Member(**one) for one in struct["members"]), struct["bytes"], struct["fixed"])
        for name, struct in json.loads(text).items()
    }


def snapshot(layout: Layout) -> str:
    """The text to commit."""
    return json.dumps({name: asdict(struct) for name, struct in sorted(layout.items())}, indent=1) + "\n"


def _of_compiler(types: Mapping[str, Any]) -> Layout:
    inside = _inside_others(types)
    return {
        _plain(key): Struct(
            tuple(_member(one, types) for one in description["members"]),
            int(description["numberOfBytes"]),
            fixed=_plain(key) in inside,
        )
        for key, description in types.items()
        if "members" in description
    }


def _member(entry: Mapping[str, Any], types: Mapping[str, Any]) -> Member:
    size = int(types[entry["type"]]["numberOfBytes"])
    return Member(entry["label"], int(entry["slot"]), entry["offset"], size, _plain(entry["type"]))


def _inside_others(types: Mapping[str, Any]) -> set[str]:
    """The structs that are elements of arrays or fields of structs, not mappings' values."""
    holders = [description["base"] for description in types.values() if "base" in description]
    fields = [one["type"] for description in types.values() for one in description.get("members", ())]
    return {_plain(key) for key in (*holders, *fields)}


def _plain(key: str) -> str:
    """A type's name without the numbers that the compiler gives to declarations."""
    plain = re.sub(r"(struct|enum|contract)\((\w+)\)\d+", r"\2", key.removeprefix("t_"))
    return re.sub(r"_storage\b", "", plain).replace("t_", "")


if __name__ == "__main__":
    from export_abi import compile_contracts  # type: ignore[import-not-found,unused-ignore]  # Beside this file.

    compile_contracts()
    sys.stdout.write(snapshot(of_compiled()))
