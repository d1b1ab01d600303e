"""Runs the outsider's performer as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

OUTSIDER = Path(__file__).parent / "e2e" / "performers" / "outsider.py"


def command(address: str) -> tuple[str, ...]:
    """What starts it."""
    return sys.executable, str(OUTSIDER), address


@contextmanager
def outsider(address: str = "127.0.0.1:0", **environment: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """One that listens: its address, and its process."""
    process = subprocess.Popen(
        command(address), stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    try:
        assert process.stdout is not None
        said = process.stdout.readline()
        assert said.startswith("listening on "), said
        yield f"127.0.0.1:{said.split()[-1]}", process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
