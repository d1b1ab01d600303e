"""What a performer is sent, byte for byte: the messages, their paths and the form of a task's id."""

from typing import Any

import pytest
from google.protobuf.message import Message
from vectors import load, raw

from agent.performers.grpc import EXECUTE_TASK, HEALTH, START_SYNC
from agent.performers.wire.performer_pb2 import StartSyncRequest, StartSyncResponse, TaskRequest, TaskResponse
from hourglass.workflow.phase_payload import task_id

WIRE = load("performer_wire")
KINDS: dict[str, type[Message]] = {
    one.DESCRIPTOR.name: one for one in (StartSyncRequest, StartSyncResponse, TaskRequest, TaskResponse)
}
OF_EXECUTORS = {"TaskSubmission", "TaskResult"}
"""Between Hourglass' aggregator and its executors: `test_ponos_wire.py` has them."""


def kind_of(case: dict[str, Any]) -> str:
    return str(case["message"]).partition(" ")[0]


def fields_of(case: dict[str, Any]) -> dict[str, bytes]:
    return {
        name.removesuffix("_utf8"): raw(value)
        if name in ("payload", "result")
        else value.encode()  # a task's id is its text
        for name, value in case["fields"].items()
    }


CASES = [case for case in WIRE["cases"] if kind_of(case) not in OF_EXECUTORS]


def test_every_message_of_the_vectors_is_ours_or_none_of_a_performer_s() -> None:
    assert {kind_of(case) for case in WIRE["cases"]} == set(KINDS) | OF_EXECUTORS
    assert len(CASES) == 5


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["message"])
def test_a_message_has_the_bytes_that_existing_performers_read(case: dict[str, Any]) -> None:
    kind = KINDS[kind_of(case)]
    made = kind(**fields_of(case))
    assert made.SerializeToString(deterministic=True) == raw(case["encoded"])
    assert kind.FromString(raw(case["encoded"])) == made


def test_the_calls_are_where_existing_performers_serve_them() -> None:
    paths = WIRE["grpc_paths"]
    assert (paths["execute_task"], paths["start_sync"], paths["health"]) == (EXECUTE_TASK, START_SYNC, HEALTH)


def test_a_task_s_id_is_text_of_sixty_six_bytes() -> None:
    text = CASES[0]["fields"]["task_id"]
    assert task_id(raw(text)) == text.encode()
    assert len(task_id(raw(text))) == 66
