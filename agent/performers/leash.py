"""Runs one command, and ends it and all that it started when standard input closes.

The agent holds the other end. However the agent ends, its end closes with it, and no performer stays behind that
would hold the port against the next one.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

GRACE_S = 5.0
NOT_STARTED = 127
"""What shells say of a command that cannot be run."""


def _signal(group: int, which: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, which)


def _end_when_let_go(child: "subprocess.Popen[bytes]") -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    _signal(child.pid, signal.SIGTERM)
    time.sleep(GRACE_S)
    _signal(child.pid, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Its exit code; of one that a signal ended, 128 and the signal's number."""
    try:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return NOT_STARTED
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: _signal(child.pid, signal.SIGTERM))
    threading.Thread(target=_end_when_let_go, args=(child,), daemon=True).start()
    code = child.wait()
    _signal(child.pid, signal.SIGKILL)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
