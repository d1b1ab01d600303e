"""Logs of a mailbox, whatever stands in them: a deadline beyond every clock, and a log that is none."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from eth_abi.exceptions import DecodingError
from hypothesis import given
from hypothesis import strategies as st

from hourglass.chain.codec import load_contract
from hourglass.chain.decoding import named
from hourglass.chain.mailbox import task_event
from hourglass.chain.task_book import TaskBook
from hourglass.chain.tasks import TaskCreated
from hourglass.workflow.identifiers import Address, BlockNumber, ChainTime

MAILBOX = load_contract("TaskMailbox")
SOMEBODY = str(Address(b"\x07" * 20))
FARTHEST = 2**256 - 1
NEVER = ChainTime(2**64)
NOT_UNDERSTOOD = (ArithmeticError, DecodingError, LookupError, TypeError, ValueError)
"""What the chain's edge takes for an endpoint that answers in no known form."""


def log_of(deadline: int, payload: bytes = b"payload") -> dict[str, Any]:
    topics, data = MAILBOX.log(
        "TaskCreated",
        {
            "creator": SOMEBODY,
            "taskHash": b"\x7a" * 32,
            "avs": SOMEBODY,
            "executorOperatorSetId": 2**32 - 1,
            "operatorTableReferenceTimestamp": 2**32 - 1,
            "refundCollector": SOMEBODY,
            "avsFee": 2**96 - 1,
            "taskDeadline": deadline,
            "payload": payload,
        },
    )
    return {"topics": ["0x" + topic.hex() for topic in topics], "data": "0x" + data.hex()}


def read(log: dict[str, Any]) -> object:
    known = named(MAILBOX, log)
    return None if known is None else task_event(*known)


def test_a_deadline_beyond_every_clock_is_open_until_then() -> None:
    """It is as many seconds as it says: nothing here is as narrow as the number of a machine."""
    event = read(log_of(FARTHEST))
    assert isinstance(event, TaskCreated)
    assert event.deadline == FARTHEST
    book = TaskBook()
    book.add(BlockNumber(1), event)
    assert book.open_tasks(NEVER) == (event,)
    assert book.open_tasks(ChainTime(FARTHEST)) == (event,)
    assert book.open_tasks(ChainTime(FARTHEST + 1)) == ()


def without_topics(log: dict[str, Any]) -> dict[str, Any]:
    return log | {"topics": []}


def one_topic_less(log: dict[str, Any]) -> dict[str, Any]:
    return log | {"topics": log["topics"][:-1]}


def one_topic_more(log: dict[str, Any]) -> dict[str, Any]:
    return log | {"topics": [*log["topics"], log["topics"][-1]]}


def without_data(log: dict[str, Any]) -> dict[str, Any]:
    return log | {"data": "0x"}


def half_of_the_data(log: dict[str, Any]) -> dict[str, Any]:
    return log | {"data": log["data"][: len(log["data"]) // 4 * 2]}


def another_event(log: dict[str, Any]) -> dict[str, Any]:
    return log | {"topics": ["0x" + "11" * 32, *log["topics"][1:]]}


@pytest.mark.parametrize(
    "spoil",
    [without_topics, one_topic_less, one_topic_more, without_data, half_of_the_data, another_event],
    ids=lambda spoil: spoil.__name__,
)
def test_what_is_no_log_of_a_task_is_no_task(spoil: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    with suppress(*NOT_UNDERSTOOD):
        assert read(spoil(log_of(1))) is None


@given(st.binary(max_size=400))
def test_any_bytes_as_a_task_s_log_are_survived(data: bytes) -> None:
    with suppress(*NOT_UNDERSTOOD):
        assert isinstance(read(log_of(1) | {"data": "0x" + data.hex()}), TaskCreated)
