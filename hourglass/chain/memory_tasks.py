"""A TaskMailbox' rules, for the twin. Pure: it follows the contract where order and refusals show."""

from dataclasses import replace

from eth_hash.auto import keccak

from hourglass.certificate.certificates import Certificate
from hourglass.certificate.digests import task_message_hash
from hourglass.certificate.quorum import FULL
from hourglass.chain.memory_rules import (
    ContractState,
    Home,
    KeptTask,
    newest_table,
    refusal,
    verified_weights,
)
from hourglass.chain.port import Block, SubmitTaskResult
from hourglass.chain.tasks import TaskCreated, TaskHash, TaskStatus, TaskVerified, TaskView
from hourglass.workflow.identifiers import (
    ADDRESS_BYTES,
    Address,
    BasisPoints,
    ChainTime,
    OperatorSetId,
)

MAILBOX = Address(b"\x7a" * ADDRESS_BYTES)
"""Where the twin's mailbox is."""
NOBODY = Address(bytes(ADDRESS_BYTES))


def created(
    state: ContractState,
    home: Home,
    block: Block,
    operator_set: OperatorSetId,
    payload: bytes,
    sla_s: int,
    threshold: BasisPoints | None,
) -> tuple[ContractState, TaskHash]:
    """The state with one more task, and its hash. Raises RevertedError without a table that stays fresh so long."""
    if not payload:
        raise refusal("PayloadIsEmpty")
    table = newest_table(state, operator_set, 0)
    if table.max_staleness_s and block.timestamp + sla_s > table.reference_timestamp + table.max_staleness_s:
        raise refusal("CertificateStale")
    # Any hash that binds what EigenLayer's does will do: nobody recomputes it.
    number = len(state.tasks).to_bytes(8, "big")
    task_hash = TaskHash(
        keccak(b"task" + number + home.chain_id.to_bytes(8, "big") + operator_set.key + payload)
    )
    task = TaskCreated(
        home.admin,
        task_hash,
        operator_set,
        table.reference_timestamp,
        home.admin,
        0,
        ChainTime(block.timestamp + sla_s),
        payload,
    )
    kept = KeptTask(task, block.number, block.timestamp, threshold)
    return replace(state, tasks={**state.tasks, task_hash: kept}), task_hash


def answered(
    state: ContractState, home: Home, block: Block, sender: Address, call: SubmitTaskResult
) -> ContractState:
    """The state after `submitResult`. Raises RevertedError where the mailbox reverts."""
    kept = state.tasks.get(call.task_hash)
    status = TaskStatus.NONE if kept is None else kept.status_at(block.timestamp)
    if kept is None or status is not TaskStatus.CREATED:
        raise refusal("InvalidTaskStatus", TaskStatus.CREATED, status)
    if block.timestamp <= kept.created_at:
        raise refusal("TimestampAtCreation")
    task, certificate = kept.created, call.certificate
    if certificate.reference_timestamp != task.reference_timestamp:
        raise refusal("InvalidReferenceTimestamp")
    if certificate.message_hash != task_message_hash(call.task_hash, call.result):
        raise refusal("InvalidMessageHash")
    empty = (
        certificate.signature.is_identity
        if isinstance(certificate, Certificate)
        else not certificate.signatures
    )
    if empty:
        raise refusal("EmptyCertificateSignature")
    signed, total = verified_weights(state, task.operator_set, certificate, block.timestamp, home.backend)
    if kept.threshold is not None and signed[0] < total[0] * kept.threshold // FULL:
        raise refusal("ThresholdNotMet")
    verified = TaskVerified(sender, call.task_hash, task.operator_set, certificate.encode(), call.result)
    done = replace(kept, verified=verified, verified_in=block.number)
    return replace(state, tasks={**state.tasks, call.task_hash: done})


def view(state: ContractState, block: Block, task_hash: TaskHash) -> TaskView | None:
    """The task as of a block; None if there is none of this hash."""
    kept = state.tasks.get(task_hash)
    if kept is None:
        return None
    task = kept.created
    (table,) = [
        one for one in state.tables[task.operator_set] if one.reference_timestamp == task.reference_timestamp
    ]
    return TaskView(
        as_of=block.timestamp,
        block=block.number,
        task_hash=task_hash,
        status=kept.status_at(block.timestamp),
        creator=task.creator,
        created_at=kept.created_at,
        deadline=task.deadline,
        operator_set=task.operator_set,
        reference_timestamp=task.reference_timestamp,
        payload=task.payload,
        result=b"" if kept.verified is None else kept.verified.result,
        curve=table.curve,
        threshold=kept.threshold,
        hook=NOBODY,
        fee_token=NOBODY,
        avs_fee=task.avs_fee,
        refund_collector=task.refund_collector,
        is_fee_refunded=False,
    )
