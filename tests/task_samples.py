"""One TaskMailbox task, and everything that is said about it."""

from dataclasses import replace
from typing import Any

import samples

from agent.checks import Evidence, Identity
from aggregator.opening import Opening
from hourglass.certificate.operators import CurveType
from hourglass.chain.task_phase import definition_of, slot_of, started_by, view_of
from hourglass.chain.tasks import TaskCreated, TaskHash, TaskStatus, TaskView
from hourglass.workflow.identifiers import Address, BlockNumber, ChainTime, Round
from messages.requests import PhaseRequest

MAILBOX = Address(b"\x0a" * 20)
TASK_HASH = TaskHash(b"\x7a" * 32)
NOBODY = Address(bytes(20))
PAYLOAD = b'{"any": "JSON may be a task\'s own"}'

CREATED = TaskCreated(
    creator=samples.OPERATORS[4],
    task_hash=TASK_HASH,
    operator_set=samples.SET,
    reference_timestamp=samples.TIMESTAMP,
    refund_collector=samples.OPERATORS[4],
    avs_fee=0,
    deadline=samples.DEADLINE,
    payload=PAYLOAD,
)
OBSERVATION_SLOT = slot_of(samples.CHAIN_ID, MAILBOX, CREATED)
SLOT = OBSERVATION_SLOT.in_round(Round(0))
STARTED = started_by(CREATED)
ME = Identity(samples.OPERATORS[0], samples.CHAIN_ID, samples.MACHINE, MAILBOX)


def task(**changes: Any) -> TaskView:
    """The task as the mailbox holds it."""
    made = TaskView(
        as_of=ChainTime(samples.STARTED_AT + 1),
        block=BlockNumber(12),
        task_hash=TASK_HASH,
        status=TaskStatus.CREATED,
        creator=CREATED.creator,
        created_at=samples.STARTED_AT,
        deadline=samples.DEADLINE,
        operator_set=samples.SET,
        reference_timestamp=samples.TIMESTAMP,
        payload=PAYLOAD,
        result=b"",
        curve=CurveType.BN254,
        threshold=samples.THRESHOLD,
        hook=NOBODY,
        fee_token=NOBODY,
        avs_fee=0,
        refund_collector=CREATED.refund_collector,
        is_fee_refunded=False,
    )
    return replace(made, **changes)


def evidence(**changes: Any) -> Evidence:
    """What an agent finds when it looks."""
    found = task(**changes)
    return Evidence(view_of(found), samples.TABLE, definition_of(found))


def request(**changes: Any) -> PhaseRequest:
    """An aggregator's request to work the task."""
    made = PhaseRequest(
        OBSERVATION_SLOT,
        samples.SET,
        samples.TIMESTAMP,
        STARTED.inputs_hash,
        PAYLOAD,
        (),
        None,
        (),
        samples.AGGREGATORS[0].address,
    )
    return replace(made, **changes)


def opening(me: Address) -> Opening:
    """What a session of it opens with."""
    found = task()
    return Opening(
        me=me,
        slot=OBSERVATION_SLOT,
        started=STARTED,
        started_at=found.created_at,
        phase=definition_of(found),
        payload=PAYLOAD,
        dependency_results=(),
        trigger_data=None,
        table=samples.TABLE,
        aggregators=tuple(one.address for one in samples.AGGREGATORS),
    )
