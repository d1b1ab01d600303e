"""The signer and its journal: one digest per slot for ever, whatever happens in between."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import samples
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from agent.journal import Journal
from agent.signer import OperatorKeys, Signer
from hourglass.bls.curve import G1Point
from hourglass.bls.keys import PublicKey
from hourglass.bls.signer import LocalBlsSigner
from hourglass.chain.port import Account
from hourglass.errors import SignerError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import PhaseIndex, Round

SIGNING_CHILD = """
import sys
from pathlib import Path
import samples
from agent.journal import Journal
from agent.signer import Signer
from dataclasses import dataclass, replace
from hourglass.workflow.identifiers import PhaseIndex
with Journal.open(Path(sys.argv[1])) as journal:
    signer = Signer(journal, samples.operator_keys(0))
    for number in range(int(sys.argv[2]), 10_000_000):
        slot = replace(samples.SLOT, phase_index=PhaseIndex(number))
        signed = signer.attest(slot, samples.SET, samples.INPUTS, samples.TIMESTAMP, b"%d" % number)
        print(number, signed.signature.hex(), flush=True)
"""


@dataclass(slots=True)
class CountingKey:
    """A key somewhere else, that counts how often it is asked."""

    kept: LocalBlsSigner
    asked: int = 0

    @property
    def public_key(self) -> PublicKey:
        return self.kept.public_key

    def sign(self, digest: bytes) -> G1Point:
        self.asked += 1
        return self.kept.sign(digest)


def test_a_key_is_asked_once_for_a_slot_and_never_for_a_second_digest(tmp_path: Path) -> None:
    key = CountingKey(LocalBlsSigner(samples.KEYS[0], samples.BACKEND))
    account = Account(samples.OPERATORS[0], samples.SECRETS[0])
    for _ in range(2):  # again after a restart
        with Journal.open(tmp_path / "journal") as journal:
            signer = Signer(journal, OperatorKeys(account, {samples.SET: key}))
            assert attest(signer, b"result") == attest(signer, b"result")
            with pytest.raises(SignerError) as refused:
                attest(signer, b"another")
            assert refused.value.reason is Reason.WOULD_EQUIVOCATE
            assert key.asked == 1


def signer_on(journal: Journal) -> Signer:
    return Signer(journal, samples.operator_keys(0))


def attest(signer: Signer, result: bytes, index: int = 0, round: int = 0) -> bytes:
    slot = replace(samples.SLOT, phase_index=PhaseIndex(index), round=Round(round))
    return signer.attest(slot, samples.SET, samples.INPUTS, samples.TIMESTAMP, result).signature


def reason_of(path: Path) -> str:
    with pytest.raises(SignerError) as caught, Journal.open(path):
        pass
    assert caught.value.reason is Reason.JOURNAL_UNAVAILABLE
    return caught.value.detail


def test_the_same_request_gives_the_same_signature_and_another_is_refused(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        signer = signer_on(journal)
        first = attest(signer, b"a")
        assert first == samples.attestation(0, b"a").signature
        assert attest(signer, b"a") == first
        with pytest.raises(SignerError) as caught:
            attest(signer, b"b")
        assert caught.value.reason is Reason.WOULD_EQUIVOCATE
        assert attest(signer, b"b", round=1), "another round is another slot"


def test_it_remembers_after_a_restart(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        first = attest(signer_on(journal), b"a")
    with Journal.open(tmp_path / "j") as journal:
        signer = signer_on(journal)
        assert attest(signer, b"a") == first
        with pytest.raises(SignerError):
            attest(signer, b"b")


def test_an_observation_asked_for_again_is_the_first_one_whatever_is_seen_now(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        signer = signer_on(journal)
        first = signer.observe(samples.OBSERVATION_SLOT, samples.SET, samples.INPUTS, b"\x01")
        assert signer.observe(samples.OBSERVATION_SLOT, samples.SET, samples.INPUTS, b"\x02") == first
    with Journal.open(tmp_path / "j") as journal:
        observation, attestations = signer_on(journal).recall(samples.OBSERVATION_SLOT)
        assert observation == first
        assert attestations == ()


def test_recall_gives_every_round_in_order(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        signer = signer_on(journal)
        for round in (2, 0, 1):
            attest(signer, b"%d" % round, round=round)
        _, attestations = signer.recall(samples.OBSERVATION_SLOT)
        assert [one.slot.round for one in attestations] == [0, 1, 2]
        assert attestations[2] == samples.attestation(0, b"2", samples.OBSERVATION_SLOT.in_round(Round(2)))


def test_two_agents_cannot_share_a_journal(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j"):
        assert "locked" in reason_of(tmp_path / "j")


def test_an_older_copy_put_back_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal.open(path) as journal:
        attest(signer_on(journal), b"a")
    shutil.copy(path, tmp_path / "backup")
    with Journal.open(path) as journal:
        attest(signer_on(journal), b"b", index=1)
    shutil.copy(tmp_path / "backup", path)
    assert "an older copy" in reason_of(path)
    path.unlink()
    assert "an older copy" in reason_of(path), "an empty journal is the oldest copy of all"


def test_a_mark_that_a_crash_left_behind_is_raised_before_anything_is_said_again(tmp_path: Path) -> None:
    path, mark = tmp_path / "j", tmp_path / "j.mark"
    with Journal.open(path) as journal:
        attest(signer_on(journal), b"a")
    backup, behind = path.read_bytes(), mark.read_bytes()
    with Journal.open(path) as journal:
        attest(signer_on(journal), b"b", index=1)
    mark.write_bytes(behind)
    with Journal.open(path) as journal:
        attest(signer_on(journal), b"b", index=1)
    path.write_bytes(backup)
    assert "an older copy" in reason_of(path)


def test_a_damaged_journal_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal.open(path) as journal:
        attest(signer_on(journal), b"a")
    data = bytearray(path.read_bytes())
    data[100:4_000] = os.urandom(3_900)
    path.write_bytes(data)
    reason_of(path)
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 100)
    reason_of(path)


def test_a_journal_of_a_later_release_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with Journal.open(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    assert "schema 99" in reason_of(path)


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j"):
        assert (tmp_path / "j").stat().st_mode & 0o077 == 0


def test_the_signer_shows_no_secret(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j") as journal:
        shown = repr(signer_on(journal))
    assert samples.SECRETS[0].hex() not in shown
    assert str(samples.KEYS[0].scalar) not in shown


class Signing(RuleBasedStateMachine):
    """Any sequence of requests, repeats and restarts, against the rule: one digest per slot."""

    def __init__(self) -> None:
        super().__init__()
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "journal"
        self.released: dict[tuple[int, int], tuple[bytes, bytes]] = {}
        self.context = Journal.open(self.path)
        self.signer = signer_on(self.context.__enter__())

    @rule(index=st.integers(0, 2), round=st.integers(0, 1), result=st.sampled_from([b"a", b"b", b"c"]))
    def attest(self, index: int, round: int, result: bytes) -> None:
        before = self.released.get((index, round))
        try:
            signature = attest(self.signer, result, index, round)
        except SignerError:
            assert before is not None
            assert before[0] != result
            return
        assert before is None or before == (result, signature)
        self.released[index, round] = (result, signature)

    @rule()
    def restart(self) -> None:
        self.context.__exit__(None, None, None)
        self.context = Journal.open(self.path)
        self.signer = signer_on(self.context.__enter__())

    @invariant()
    def everything_released_is_remembered(self) -> None:
        for (index, round), (result, signature) in self.released.items():
            assert attest(self.signer, result, index, round) == signature

    def teardown(self) -> None:
        self.context.__exit__(None, None, None)
        self.folder.cleanup()


TestSigning = Signing.TestCase
TestSigning.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)


def test_after_kill_9_every_signature_that_left_the_process_is_in_the_journal(tmp_path: Path) -> None:
    path, chance, number = tmp_path / "j", random.Random(5), 0
    released: dict[int, str] = {}
    for _ in range(3):
        child = subprocess.Popen(
            [sys.executable, "-c", SIGNING_CHILD, str(path), str(number)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(samples.__file__).parent)},
        )
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.1))
        child.send_signal(signal.SIGKILL)
        lines = [first, *child.stdout.read().splitlines()]
        child.stdout.close()
        child.wait()
        for line in lines:
            parts = line.split()
            if len(parts) == 2 and len(parts[1]) == 128:
                released[int(parts[0])] = parts[1]
        number = max(released) + 2
    assert len(released) >= 3
    with Journal.open(path) as journal:
        signer = signer_on(journal)
        for index, signature in released.items():
            assert attest(signer, b"%d" % index, index=index).hex() == signature
            with pytest.raises(SignerError):
                attest(signer, b"another", index=index)
