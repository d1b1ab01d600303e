"""What this operator has signed and observed, for ever: fsynced before anything leaves the process.

One row per slot and one per observation slot, in SQLite with a rollback journal and `synchronous = EXTRA`: a commit
returns only when the data and its directory entry are on disk. Write-ahead logging
would be as safe only with the same fsyncs, and would spread the truth over two files that a copy can tear apart.

Two agents cannot share a journal: the file is locked for as long as it is open. A *restored backup* is the danger
that no database can see by itself: an old copy has forgotten signatures that were released. So every commit raises a
counter in the journal and then in a second file beside it, the high-water mark, before anything is released. A
journal that is behind its mark is refused. What this cannot catch: both files restored together, from one and the
same old copy, or both deleted. Do not copy them back, ever; after a lost disk, register a new key.
"""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import ObservationSlot, Slot
from hourglass.errors import SignerError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import (
    Address,
    Digest,
    InputsHash,
    OperatorSetId,
    ReferenceTimestamp,
    Round,
)
from messages.responses import Attestation, Observation

SCHEMA_VERSION = 1
MARK_SUFFIX = ".mark"
LOCK_TIMEOUT_S = 0.0
SLOT_COLUMNS = "chain_id, state_machine, execution_id, phase_index, attempt, tick"
SCHEMA = f"""
CREATE TABLE attestations (
    chain_id TEXT NOT NULL, state_machine BLOB NOT NULL, execution_id BLOB NOT NULL,
    phase_index INTEGER NOT NULL, attempt INTEGER NOT NULL, tick INTEGER NOT NULL, round INTEGER NOT NULL,
    digest BLOB NOT NULL, avs BLOB NOT NULL, set_number INTEGER NOT NULL, operator BLOB NOT NULL,
    inputs_hash BLOB NOT NULL, reference_timestamp INTEGER NOT NULL, result BLOB NOT NULL, signature BLOB NOT NULL,
    UNIQUE ({SLOT_COLUMNS}, round)
) STRICT;
CREATE TABLE observations (
    chain_id TEXT NOT NULL, state_machine BLOB NOT NULL, execution_id BLOB NOT NULL,
    phase_index INTEGER NOT NULL, attempt INTEGER NOT NULL, tick INTEGER NOT NULL,
    avs BLOB NOT NULL, set_number INTEGER NOT NULL, operator BLOB NOT NULL,
    inputs_hash BLOB NOT NULL, value BLOB NOT NULL, signature BLOB NOT NULL,
    UNIQUE ({SLOT_COLUMNS})
) STRICT;
CREATE TABLE generation (commits INTEGER NOT NULL) STRICT;
INSERT INTO generation VALUES (0);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A signature that was released, or may have been: the digest decides whether another one is the same."""

    digest: Digest
    attestation: Attestation


@dataclass(slots=True)
class Journal:
    """Opened with `open`. Usable from several threads, one at a time."""

    path: Path
    _connection: sqlite3.Connection
    _mark: int
    _generation: int
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator["Journal"]:
        """Open or create. Raises SignerError(JOURNAL_UNAVAILABLE): locked, damaged, or older than its mark."""
        mark: int | None = None
        connection: sqlite3.Connection | None = None
        try:
            with _unavailable_if(path, sqlite3.Error, OSError, ValueError):
                mark_path = path.with_name(path.name + MARK_SUFFIX)
                # Closed to others from its first moment: it tells what was signed before the chain does.
                mark = os.open(mark_path, os.O_RDWR | os.O_CREAT, 0o600)
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
                connection = _connect(path)
                generation = _prepare(connection)
                marked = int(os.pread(mark, 32, 0).decode("ascii") or "0")
            if generation < marked:
                raise SignerError(
                    Reason.JOURNAL_UNAVAILABLE,
                    f"{path} has {generation} commits, its mark says {marked}: an older copy was put in its place.",
                )
            with _unavailable_if(path, OSError):
                # Dying between a commit and its mark leaves the mark behind: raise it before anything is said again.
                _raise_mark(mark, generation)
            yield cls(path, connection, mark, generation)
        finally:
            if connection is not None:
                connection.close()
            if mark is not None:
                os.close(mark)

    def attestations(self, slot: ObservationSlot) -> tuple[Attestation, ...]:
        """Every attestation of this phase attempt and tick, by round."""
        with self._turn, _unavailable_if(self.path, sqlite3.Error):
            rows = self._connection.execute(
                f"SELECT * FROM attestations WHERE ({SLOT_COLUMNS}) = (?, ?, ?, ?, ?, ?) ORDER BY round",
                _key(slot),
            ).fetchall()
        return tuple(_entry(slot, row).attestation for row in rows)

    def observation(self, slot: ObservationSlot) -> Observation | None:
        """The observation of this slot, if there is one."""
        with self._turn, _unavailable_if(self.path, sqlite3.Error):
            return self._observation(slot)

    def attestation(self, slot: Slot) -> Entry | None:
        """What was signed in this very slot, if anything was."""
        with self._turn, _unavailable_if(self.path, sqlite3.Error):
            return self._entry(slot)

    def record_attestation(self, digest: Digest, attestation: Attestation) -> Entry:
        """What stands in the journal for this slot from now on: this entry if there was none, else the older one.

        When it returns, that entry is on disk. It is the caller's to compare digests.
        """
        slot = attestation.slot
        with self._turn, _unavailable_if(self.path, sqlite3.Error, OSError):
            found = self._entry(slot)
            if found is not None:
                return found
            row = (
                *_key(slot.observation_slot),
                slot.round,
                digest,
                bytes(attestation.operator_set.avs),
                attestation.operator_set.number,
                bytes(attestation.operator),
                attestation.inputs_hash,
                attestation.reference_timestamp,
                attestation.result,
                attestation.signature,
            )
            self._insert("attestations", row)
            return Entry(digest, attestation)

    def record_observation(self, observation: Observation) -> Observation:
        """What stands in the journal for this slot from now on: this one if there was none, else the older one."""
        with self._turn, _unavailable_if(self.path, sqlite3.Error, OSError):
            found = self._observation(observation.slot)
            if found is not None:
                return found
            signed = observation.observation
            row = (
                *_key(observation.slot),
                bytes(observation.operator_set.avs),
                observation.operator_set.number,
                bytes(signed.operator),
                observation.inputs_hash,
                signed.value,
                signed.signature,
            )
            self._insert("observations", row)
            return observation

    # ── How ───────────────────────────────────────────────────────────────────────────────────────────

    def _insert(self, table: str, row: tuple[object, ...]) -> None:
        generation = self._generation + 1
        places = ", ".join("?" * len(row))
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.execute(f"INSERT INTO {table} VALUES ({places})", row)
            self._connection.execute("UPDATE generation SET commits = ?", (generation,))
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        self._generation = generation
        # After the commit and before anything is released: dying in between leaves the mark behind, which is
        # harmless; the other order would leave the journal behind, and refuse to start for nothing.
        _raise_mark(self._mark, generation)

    def _entry(self, slot: Slot) -> Entry | None:
        row = self._connection.execute(
            f"SELECT * FROM attestations WHERE ({SLOT_COLUMNS}, round) = (?, ?, ?, ?, ?, ?, ?)",
            (*_key(slot.observation_slot), slot.round),
        ).fetchone()
        return None if row is None else _entry(slot.observation_slot, row)

    def _observation(self, slot: ObservationSlot) -> Observation | None:
        row = self._connection.execute(
            f"SELECT * FROM observations WHERE ({SLOT_COLUMNS}) = (?, ?, ?, ?, ?, ?)", _key(slot)
        ).fetchone()
        if row is None:
            return None
        avs, number, operator, inputs, value, signature = row[6:]
        return Observation(
            slot,
            OperatorSetId(Address(avs), number),
            InputsHash(inputs),
            SignedObservation(Address(operator), value, signature),
        )


def _raise_mark(mark: int, generation: int) -> None:
    os.pwrite(mark, str(generation).encode("ascii"), 0)
    os.fdatasync(mark)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=LOCK_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.execute("PRAGMA synchronous = EXTRA")
    # Takes the lock now, not at the first signature: a second agent must fail at its start.
    connection.execute("BEGIN EXCLUSIVE")
    connection.execute("COMMIT")
    return connection


def _prepare(connection: sqlite3.Connection) -> int:
    """Create the schema or check it; the number of commits so far."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == 0:
        connection.executescript(f"BEGIN; {SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")
    elif version != SCHEMA_VERSION:
        raise ValueError(f"it has schema {version}, this release reads {SCHEMA_VERSION}")
    (healthy,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if healthy != "ok":
        raise ValueError(f"it is damaged: {healthy}")
    (generation,) = connection.execute("SELECT commits FROM generation").fetchone()
    return int(generation)


def _key(slot: ObservationSlot) -> tuple[object, ...]:
    # Chain ids may exceed SQLite's integers.
    return (
        str(slot.chain_id),
        bytes(slot.state_machine),
        slot.execution_id,
        slot.phase_index,
        slot.attempt,
        slot.tick,
    )


def _entry(slot: ObservationSlot, row: tuple[object, ...]) -> Entry:
    round, digest, avs, number, operator, inputs, timestamp, result, signature = row[6:]
    attestation = Attestation(
        slot.in_round(Round(int(str(round)))),
        OperatorSetId(Address(_blob(avs)), int(str(number))),
        Address(_blob(operator)),
        InputsHash(_blob(inputs)),
        ReferenceTimestamp(int(str(timestamp))),
        _blob(result),
        _blob(signature),
    )
    return Entry(Digest(_blob(digest)), attestation)


def _blob(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise sqlite3.DatabaseError("a column holds another type than its own")
    return value


@contextmanager
def _unavailable_if(path: Path, *errors: type[Exception]) -> Iterator[None]:
    try:
        yield
    except errors as error:
        raise SignerError(Reason.JOURNAL_UNAVAILABLE, f"{path}: {error}.") from error
