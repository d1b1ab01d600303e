"""`hourglass performer serve`, asked as stock Hourglass asks: by a client that knows its bytes and no more."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import commands
import grpc
import pytest
from vectors import load, raw

from agent.performers.wire.performer_pb2 import TaskRequest

WIRE = load("performer_wire")
PATHS, CASES = WIRE["grpc_paths"], {case["message"]: raw(case["encoded"]) for case in WIRE["cases"]}
SQUARES = """
import asyncio, json
from hourglass import Workflow

squares = Workflow("squares")

@squares.task
async def square(task) -> bytes:
    if task.payload.startswith(b"begin"):
        open(task.payload.partition(b" ")[2], "w").close()
        await asyncio.sleep(3)
        return b"done"
    return bytes([int(json.loads(task.payload)["numberToBeSquared"]) ** 2])
"""
PATIENCE_S = 20


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    (tmp_path / "squares.py").write_text(SQUARES)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "hourglass.cli",
            "performer",
            "serve",
            "squares.py",
            "--listen",
            "127.0.0.1:0",
        ],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    try:
        assert process.stdout is not None
        word, port = process.stdout.readline().split()
        assert word == "ready"
        yield int(port), process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE_S)


def ask(port: int, path: str, request: bytes) -> bytes:
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call: Any = channel.unary_unary(path)
        answer: bytes = call(request, timeout=10, wait_for_ready=True)
        return answer


def test_stock_clients_get_their_answer_byte_for_byte(served: tuple[int, subprocess.Popen[str]]) -> None:
    port, process = served
    assert ask(port, PATHS["health"], b"") == b"\x08\x01"
    assert ask(port, PATHS["start_sync"], CASES["StartSyncRequest"]) == CASES["StartSyncResponse"]
    assert ask(port, PATHS["execute_task"], CASES["TaskRequest"]) == CASES["TaskResponse"]
    # Without a payload the handler fails: that is a status, never an empty result.
    with pytest.raises(grpc.RpcError) as caught:
        ask(port, PATHS["execute_task"], CASES["TaskRequest (empty payload)"])
    failed: Any = caught.value
    assert failed.code() is grpc.StatusCode.UNKNOWN
    assert ("hourglass-reason", "handler_failed") in failed.trailing_metadata()
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 0


def test_what_is_under_way_ends_before_it_stops(
    served: tuple[int, subprocess.Popen[str]], tmp_path: Path
) -> None:
    port, process = served
    mark = tmp_path / "begun"
    request = TaskRequest(task_id=b"0x" + b"0" * 64, payload=b"begin " + str(mark).encode())
    with ThreadPoolExecutor() as pool:
        under_way = pool.submit(ask, port, PATHS["execute_task"], request.SerializeToString())
        while not mark.exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert under_way.result(PATIENCE_S).endswith(b"done")
    assert process.wait(PATIENCE_S) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.py"], "nothing.py"),
        (["two.py"], "one, two"),
        (["two.py:one", "--listen", "nowhere"], "nowhere"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_sentence(tmp_path: Path, arguments: list[str], said: str) -> None:
    source = "from hourglass import Workflow\none, two = Workflow('one'), Workflow('two')\n"
    task = "@one.task\nasync def answer(task) -> bytes:\n    return b''\n"
    (tmp_path / "two.py").write_text(source + task)
    finished = commands.run("performer", "serve", *arguments, cwd=tmp_path)
    assert finished.returncode == 2, finished.stderr
    assert finished.stdout == ""
    assert said in finished.stderr
    assert "This is a bug" not in finished.stderr
