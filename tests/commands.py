"""The `hourglass` command as a process of its own, and a local network for it to talk to."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 60.0
READY = "workflow execute"
"""What `hourglass dev` says last."""


def run(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "hourglass.cli", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, "COLUMNS": "240", **environment},
        check=False,
    )


def refusal(finished: subprocess.CompletedProcess[str], code: int = 2) -> str:
    """What a command said that would not do it: a sentence, no traceback, and nothing for other programs to read."""
    assert finished.returncode == code, finished.stdout + finished.stderr
    assert finished.stdout == ""
    assert "Traceback" not in finished.stderr
    assert "This is a bug" not in finished.stderr
    return " ".join(finished.stderr.split())


@dataclass(frozen=True, slots=True)
class Shell:
    """A folder near which a network is found."""

    folder: Path
    network_file: Path

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command here."""
        return run(*arguments, cwd=self.folder)

    def ask(self, *arguments: str, code: int = 0) -> Any:
        """What a command answers in JSON."""
        finished = self.run(*arguments, "-o", "json")
        assert finished.returncode == code, finished.stdout + finished.stderr
        return json.loads(finished.stdout)

    def refused(self, *arguments: str) -> str:
        """Why a command would not do it."""
        return refusal(self.run(*arguments))

    def file(self, name: str, text: str) -> str:
        """Write a file here; its name."""
        (self.folder / name).write_text(text, "utf-8")
        return name


@contextmanager
def local_network(folder: Path, *specs: str) -> Iterator[Shell]:
    """`hourglass dev` in this folder, serving these workflows, until the context is left."""
    served = [part for spec in specs for part in ("--workflow", spec)]
    process = subprocess.Popen(
        [sys.executable, "-m", "hourglass.cli", "dev", *served],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "COLUMNS": "240"},
    )
    try:
        yield Shell(folder, _until_ready(process))
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=PATIENCE_S)


def _until_ready(process: subprocess.Popen[str]) -> Path:
    assert process.stdout is not None
    said, network_file = "", None
    for line in process.stdout:
        said += line
        if line.strip().startswith("network file"):
            network_file = Path(line.split()[-1])
        if READY in line and network_file is not None:
            return network_file
    pytest.fail(f"the local network did not come up:\n{said}")
