"""The `hourglass` command as a person, or a script, uses it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 60.0


def hourglass(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hourglass.cli", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, "COLUMNS": "200", **environment},
        check=False,
    )


def answer(finished: subprocess.CompletedProcess[str]) -> Any:
    assert finished.returncode == 0, finished.stderr
    return json.loads(finished.stdout)


def children_of(pid: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found + [deeper for child in found for deeper in children_of(child)]


def gone(pids: list[int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


class Running:
    """A command that keeps running, in a folder of its own."""

    def __init__(self, *arguments: str, cwd: Path) -> None:
        self.temporary = cwd / "tmp"
        self.temporary.mkdir()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hourglass.cli", *arguments],
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "TMPDIR": str(self.temporary), "COLUMNS": "200"},
        )
        self.said = ""

    def until_it_says(self, words: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if words in line:
                return
        pytest.fail(f"it never said {words!r}:\n{self.said}")

    def interrupt(self) -> list[int]:
        """Ctrl-C; gives the processes that it had started."""
        pids = children_of(self.process.pid)
        self.process.send_signal(signal.SIGINT)
        assert self.process.stdout is not None
        self.said += self.process.stdout.read()
        self.process.stdout.close()
        self.process.wait(timeout=PATIENCE_S)
        return pids


@pytest.fixture
def dev(tmp_path: Path) -> Iterator[Running]:
    running = Running("dev", cwd=tmp_path)
    running.until_it_says("workflow execute")
    yield running
    if running.process.poll() is None:
        running.interrupt()


def test_a_workflow_is_registered_executed_and_looked_at_on_the_local_network(
    dev: Running, tmp_path: Path
) -> None:
    workflow = next(line.split()[-1] for line in dev.said.splitlines() if "workflow register" in line)
    registered = answer(hourglass("workflow", "register", workflow, "-o", "json", cwd=tmp_path))
    assert registered["version"] == 1
    again = answer(hourglass("workflow", "register", workflow, "-o", "json", cwd=tmp_path))
    assert again["version"] == 2

    executed = answer(
        hourglass("workflow", "execute", "price-agreement", "-i", "ETH/USD", "-o", "json", cwd=tmp_path)
    )
    assert executed["status"] == "COMPLETED"
    assert bytes.fromhex(executed["result"][2:]).startswith(b"ETH/USD=")

    rows = answer(hourglass("status", executed["execution"], "-o", "json", cwd=tmp_path))
    assert [row["status"] for row in rows] == ["COMPLETED", "COMPLETED"]
    assert "of 66.67 %" in rows[0]["stake signed"]
    table = hourglass("status", executed["execution"], cwd=tmp_path)
    assert "COORDINATION" in table.stdout

    late = hourglass("workflow", "execute", "price-agreement", "-i", "x", "--timeout", "0", cwd=tmp_path)
    assert late.returncode == 4, late.stderr

    unknown = hourglass("workflow", "execute", "nothing", cwd=tmp_path)
    assert unknown.returncode == 2
    assert "has registered no workflow 'nothing'" in unknown.stderr

    second = hourglass("dev", cwd=tmp_path)
    assert second.returncode == 2
    assert "another local network runs from this folder" in second.stderr


def test_ctrl_c_leaves_no_process_and_no_file(dev: Running, tmp_path: Path) -> None:
    pids = dev.interrupt()
    assert len(pids) >= 8, "chain, bus, an aggregator, five agents and their workers"
    deadline = time.monotonic() + PATIENCE_S
    while not gone(pids) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone(pids)
    assert list(dev.temporary.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["tmp"]


def test_the_demo_names_the_broken_operator_and_ends_by_itself(tmp_path: Path) -> None:
    finished = hourglass("demo", cwd=tmp_path)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    shown = " ".join(finished.stdout.split())
    for phase in ("Price Monitoring", "Deviation Coordination", "Price Update Execution", "Summary"):
        assert f"{phase} COMPLETED" in shown
    assert "Announcement COMPLETED ETH/USD=50" in shown
    assert "operator-5 signed another value" in finished.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("agent", "run"),
        ("aggregator", "run"),
        ("workflow", "register"),
        ("workflow", "execute"),
        ("status",),
        ("keys", "new"),
        ("keys", "import"),
        ("keys", "show"),
        ("bench", "certify"),
        ("bench", "phase"),
        ("dev",),
        ("demo",),
    ],
    ids=" ".join,
)
def test_every_command_explains_itself(arguments: tuple[str, ...], tmp_path: Path) -> None:
    finished = hourglass(*arguments, "--help", cwd=tmp_path)
    assert finished.returncode == 0
    assert "Usage:" in finished.stdout


def test_errors_say_what_to_do_and_never_show_a_traceback(tmp_path: Path) -> None:
    missing = hourglass("status", "0x" + "00" * 32, cwd=tmp_path)
    assert missing.returncode == 2
    assert "start one with `hourglass dev`" in missing.stderr

    network = tmp_path / "network.yaml"
    network.write_text(
        "chain: {rpc_url: 'http://user:hunter2@127.0.0.1:1/key', chain_id: 1, "
        f"state_machine: '0x{'11' * 20}'}}\n"
    )
    unreachable = hourglass("status", "0x" + "00" * 32, "-n", str(network), cwd=tmp_path)
    assert unreachable.returncode == 3
    assert "hunter2" not in unreachable.stderr
    assert "/key" not in unreachable.stderr

    wrong = hourglass("status", "0x1234", "-n", str(network), cwd=tmp_path)
    assert wrong.returncode == 2

    network.write_text("chain: {rpc_url: 1}\nmoon: full\n")
    invalid = hourglass("status", "0x" + "00" * 32, "-n", str(network), cwd=tmp_path)
    assert invalid.returncode == 2
    assert "chain.chain_id" in invalid.stderr
    assert "moon" in invalid.stderr

    usage = hourglass("workflow", "register", cwd=tmp_path)
    assert usage.returncode == 2
    for finished in (missing, unreachable, wrong, invalid, usage):
        assert "Traceback" not in finished.stderr
        assert finished.stdout == ""


def test_keys_are_made_shown_and_imported_without_showing_the_secret(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse")
    secret = ("--password-file", "password", "-o", "json")
    made = answer(hourglass("keys", "new", "key.json", *secret, cwd=tmp_path))
    assert (tmp_path / "key.json").stat().st_mode & 0o077 == 0
    assert answer(hourglass("keys", "show", "key.json", *secret, cwd=tmp_path)) == made

    copied = hourglass(
        "keys",
        "import",
        "copy.json",
        "--from",
        "key.json",
        "--from-password-file",
        "password",
        *secret,
        cwd=tmp_path,
    )
    assert (
        answer(copied)["public key G2 (128 bytes, imaginary first)"]
        == made["public key G2 (128 bytes, imaginary first)"]
    )
    (tmp_path / "scalar").write_text("12345678901234567890")
    from_scalar = hourglass("keys", "import", "third.json", "--from", "scalar", *secret, cwd=tmp_path)
    assert "12345678901234567890" not in from_scalar.stdout
    assert from_scalar.returncode == 0

    assert hourglass("keys", "new", "key.json", *secret, cwd=tmp_path).returncode == 2, (
        "never over another key"
    )
    (tmp_path / "password").write_text("wrong")
    refused = hourglass("keys", "show", "key.json", *secret, cwd=tmp_path)
    assert refused.returncode == 2
    assert "password is wrong" in refused.stderr
