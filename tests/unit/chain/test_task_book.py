"""The fold over a mailbox's events: what is open is what was created, not answered, and in time."""

from collections import Counter
from dataclasses import replace

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from hourglass.certificate.digests import inputs_hash, message_hash, task_message_hash
from hourglass.certificate.operators import CurveType
from hourglass.certificate.slots import Kind
from hourglass.chain.task_book import TaskBook
from hourglass.chain.task_phase import definition_of, slot_of, started_by, view_of
from hourglass.chain.tasks import TaskCreated, TaskEvent, TaskHash, TaskStatus, TaskVerified, TaskView
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.history import MAX_REWIND_BLOCKS, RewindError
from hourglass.workflow.identifiers import Address, BasisPoints, BlockNumber, ChainTime, Round
from hourglass.workflow.phases import PLANS, PhaseType

DEADLINE = ChainTime(1_000)
MAILBOX = Address(b"\x0a" * 20)
NOBODY = Address(bytes(20))


def created(number: int, deadline: ChainTime = DEADLINE) -> TaskCreated:
    return TaskCreated(
        samples.OPERATORS[0],
        TaskHash(bytes([number]) * 32),
        samples.SET,
        samples.TIMESTAMP,
        samples.OPERATORS[0],
        0,
        deadline,
        b"payload %d" % number,
    )


def verified(number: int) -> TaskVerified:
    return TaskVerified(
        samples.OPERATORS[1], TaskHash(bytes([number]) * 32), samples.SET, b"certificate", b"r"
    )


def open_in(book: TaskBook, at: int = 500) -> list[int]:
    return [task.task_hash[0] for task in book.open_tasks(ChainTime(at))]


def test_a_task_is_open_until_it_is_answered_or_its_time_is_over() -> None:
    book = TaskBook()
    for number in (1, 2, 3):
        book.add(BlockNumber(number), created(number, ChainTime(1_000 * number)))
    assert open_in(book) == [1, 2, 3]
    book.add(BlockNumber(4), verified(2))
    assert open_in(book) == [1, 3]
    assert open_in(book, 1_000) == [1, 3], "the deadline itself is still in time"
    assert open_in(book, 1_001) == [3]
    assert book.known(TaskHash(b"\x02" * 32))
    assert not book.known(TaskHash(b"\x09" * 32))


def test_an_answer_that_a_reorg_removes_opens_the_task_again() -> None:
    book = TaskBook()
    book.add(BlockNumber(10), created(1))
    book.add(BlockNumber(11), created(2))
    book.add(BlockNumber(12), verified(1))
    book.rewind(BlockNumber(12))
    assert open_in(book) == [1, 2]
    book.rewind(BlockNumber(11))
    assert open_in(book) == [1]
    book.rewind(BlockNumber(0))
    assert open_in(book) == []


def test_what_is_over_is_forgotten_once_no_reorg_can_bring_it_back() -> None:
    book = TaskBook()
    for number in (1, 2, 3):
        book.add(BlockNumber(number), created(number, ChainTime(10_000 if number == 3 else 1_000)))
    book.add(BlockNumber(4), verified(1))
    book.add(BlockNumber(4 + MAX_REWIND_BLOCKS), created(4))
    assert open_in(book, 2_000) == [3]
    assert book.known(TaskHash(b"\x01" * 32)), "its answer is not yet out of reach"
    assert not book.known(TaskHash(b"\x02" * 32)), "expired, and created too long ago to return"
    book.add(BlockNumber(5 + MAX_REWIND_BLOCKS), created(5))
    assert open_in(book, 2_000) == [3]
    assert not book.known(TaskHash(b"\x01" * 32))
    with pytest.raises(RewindError):
        book.rewind(BlockNumber(4))
    book.rewind(BlockNumber(5))
    assert open_in(book, 2_000) == [3]


def test_an_answer_to_a_task_from_before_the_first_block_changes_nothing() -> None:
    book = TaskBook()
    book.add(BlockNumber(1), verified(1))
    assert open_in(book) == []


histories = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2)), max_size=20)
"""Whose turn it is, and after how many blocks: a task is created at its first turn and answered at its second."""


@given(histories, st.integers(0, 20))
def test_after_a_rewind_it_is_as_if_what_was_removed_had_never_happened(
    steps: list[tuple[int, int]], cut: int
) -> None:
    whole, part, block = TaskBook(), TaskBook(), 0
    turns: Counter[int] = Counter()
    for number, gap in steps:
        block += gap
        turns[number] += 1
        if turns[number] > 2:
            continue
        event: TaskEvent = created(number) if turns[number] == 1 else verified(number)
        whole.add(BlockNumber(block), event)
        if block < cut:
            part.add(BlockNumber(block), event)
    whole.rewind(BlockNumber(cut))
    assert open_in(whole) == open_in(part)


# ── As a phase ────────────────────────────────────────────────────────────────────────────────────────

VIEW = TaskView(
    ChainTime(500), BlockNumber(9), TaskHash(b"\x01" * 32), TaskStatus.CREATED, samples.OPERATORS[0],
    ChainTime(400), DEADLINE, samples.SET, samples.TIMESTAMP, b"payload 1", b"", CurveType.BN254,
    BasisPoints(6_667), NOBODY, NOBODY, 0, samples.OPERATORS[0], False,
)  # fmt: skip


def test_a_task_is_an_immediate_phase_of_the_same_operator_set_table_and_deadline() -> None:
    view, definition, started = view_of(VIEW), definition_of(VIEW), started_by(created(1))
    assert definition.phase_type is view.phase_type is PhaseType.IMMEDIATE
    assert not PLANS[view.phase_type].observes
    assert definition.consensus_threshold == view.consensus_threshold == 6_667
    assert started.operator_set == view.operator_set == samples.SET
    assert started.reference_timestamp == view.reference_timestamp == samples.TIMESTAMP
    assert started.deadline == view.deadline == DEADLINE
    assert definition.timeout_s == 600
    assert started.inputs_hash == view.inputs_hash == inputs_hash(b"payload 1", ())
    assert started.attempt == view.attempt == 0
    assert (view.execution_status, view.status) == (ExecutionStatus.RUNNING, PhaseStatus.ACTIVE)


@pytest.mark.parametrize("status", [TaskStatus.NONE, TaskStatus.VERIFIED, TaskStatus.EXPIRED])
def test_only_a_task_that_takes_a_result_is_open(status: TaskStatus) -> None:
    view = view_of(replace(VIEW, status=status))
    assert view.status is not PhaseStatus.ACTIVE
    assert view.execution_status is not ExecutionStatus.RUNNING


def test_tasks_without_consensus_take_any_positive_stake() -> None:
    assert definition_of(replace(VIEW, threshold=None)).consensus_threshold == 0
    assert view_of(replace(VIEW, threshold=None)).consensus_threshold == 0


def test_what_is_signed_for_a_task_is_the_mailbox_s_message_hash_whatever_the_inputs() -> None:
    slot = slot_of(samples.CHAIN_ID, MAILBOX, created(1)).in_round(Round(0))
    assert slot.kind is Kind.TASK
    assert slot.state_machine == MAILBOX
    expected = task_message_hash(b"\x01" * 32, b"result")
    assert message_hash(slot, samples.SET, samples.INPUTS, b"result") == expected
    assert message_hash(replace(slot, kind=Kind.PHASE), samples.SET, samples.INPUTS, b"result") != expected
