"""A deployed state machine can become this release: its storage is read as it was written."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SNAPSHOTS = Path(__file__).parents[2] / "contracts" / "snapshots"
RELEASES = sorted(SNAPSHOTS.glob("storage-*.json"))
pytestmark = pytest.mark.timeout(400)  # The first build on a fresh machine, with the other tests beside it.


def test_the_first_release_is_among_those_compared() -> None:
    assert "storage-0.1.0.json" in {path.name for path in RELEASES}


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
def test_the_sources_read_what_a_release_wrote(
    release: Path, storage_layout: ModuleType, compiled: ModuleType
) -> None:
    old = storage_layout.of_snapshot(release.read_text("utf-8"))
    assert set(old) == {"State", "Workflow", "PhaseConfig", "Execution", "Phase"}
    assert list(storage_layout.differences(old, storage_layout.of_compiled())) == []


# ── The comparison itself ─────────────────────────────────────────────────────────────────────────────

Change = Callable[[ModuleType, dict[str, Any]], None]


def _first_release(layout: ModuleType) -> dict[str, Any]:
    return dict(layout.of_snapshot((SNAPSHOTS / "storage-0.1.0.json").read_text("utf-8")))


def _insert(layout: ModuleType, new: dict[str, Any]) -> None:
    """A whole slot before `payloadHash`: everything from there on moves."""
    struct = new["Execution"]
    at = next(i for i, member in enumerate(struct.members) if member.label == "payloadHash")
    slot = struct.members[at].slot
    later = tuple(replace(member, slot=member.slot + 1) for member in struct.members[at:])
    inserted = layout.Member("inserted", slot, 0, 32, "uint256")
    new["Execution"] = replace(struct, members=(*struct.members[:at], inserted, *later))


def _swap(layout: ModuleType, new: dict[str, Any]) -> None:
    first, second, *rest = new["Phase"].members
    members = (replace(second, offset=0), replace(first, offset=second.bytes), *rest)
    new["Phase"] = replace(new["Phase"], members=members)


def _retype(layout: ModuleType, new: dict[str, Any]) -> None:
    *rest, last = new["Phase"].members
    new["Phase"] = replace(new["Phase"], members=(*rest, replace(last, type="string")))


def _widen(layout: ModuleType, new: dict[str, Any]) -> None:
    members = tuple(
        replace(one, bytes=4, type="uint32") if one.label == "resultLength" else one
        for one in new["Phase"].members
    )
    new["Phase"] = replace(new["Phase"], members=members)


def _remove(layout: ModuleType, new: dict[str, Any]) -> None:
    new["Workflow"] = replace(new["Workflow"], members=new["Workflow"].members[1:])


def _remove_struct(layout: ModuleType, new: dict[str, Any]) -> None:
    del new["Phase"]


def _reuse(layout: ModuleType, new: dict[str, Any]) -> None:
    intruder = layout.Member("intruder", 0, 2, 4, "uint32")
    new["Phase"] = replace(new["Phase"], members=(*new["Phase"].members, intruder))


def _grow_element(layout: ModuleType, new: dict[str, Any]) -> None:
    struct = new["PhaseConfig"]
    appended = layout.Member("appended", struct.bytes // 32, 0, 32, "uint256")
    new["PhaseConfig"] = replace(struct, members=(*struct.members, appended), bytes=struct.bytes + 32)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (_insert, "Execution.payloadHash has moved"),
        (_swap, "Phase.status has moved"),
        (_retype, "Phase.longResult is a string, not a bytes"),
        (_widen, "Phase.resultLength is a uint32, not a uint16"),
        (_remove, "Workflow.creator is gone"),
        (_remove_struct, "Phase is gone"),
        (_reuse, "Phase.intruder stands where attempt stood"),
        (_grow_element, "PhaseConfig has 224 bytes, not 192, and something stands behind it"),
    ],
)
def test_what_would_be_misread_is_named(change: Change, named: str, storage_layout: ModuleType) -> None:
    new = _first_release(storage_layout)
    change(storage_layout, new)
    assert named in list(storage_layout.differences(_first_release(storage_layout), new))


def _append(layout: ModuleType, new: dict[str, Any]) -> None:
    struct = new["Execution"]
    appended = layout.Member("appended", struct.bytes // 32, 0, 32, "uint256")
    new["Execution"] = replace(struct, members=(*struct.members, appended), bytes=struct.bytes + 32)


def _fill_free_bits(layout: ModuleType, new: dict[str, Any]) -> None:
    filler = layout.Member("filler", 0, 27, 5, "uint40")
    new["Phase"] = replace(new["Phase"], members=(*new["Phase"].members, filler))


def _rename_as_documented(layout: ModuleType, new: dict[str, Any]) -> None:
    members = tuple(
        replace(one, label="resolvedMask") if one.label == "completedMask" else one
        for one in new["Execution"].members
    )
    assert members != new["Execution"].members
    new["Execution"] = replace(new["Execution"], members=members)


@pytest.mark.parametrize("change", [_append, _fill_free_bits, _rename_as_documented])
def test_what_an_upgrade_may_do_is_not(change: Change, storage_layout: ModuleType) -> None:
    new = _first_release(storage_layout)
    change(storage_layout, new)
    assert list(storage_layout.differences(_first_release(storage_layout), new)) == []


def test_a_snapshot_says_all_that_was_taken(storage_layout: ModuleType) -> None:
    layout = _first_release(storage_layout)
    assert storage_layout.of_snapshot(storage_layout.snapshot(layout)) == layout
