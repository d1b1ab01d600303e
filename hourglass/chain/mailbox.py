"""A TaskMailbox on the real chain, through the same endpoint as the state machine."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from eth_abi.abi import decode as abi_decode

from hourglass.certificate.digests import task_message_hash
from hourglass.certificate.operators import CurveType
from hourglass.chain.client import EvmChain
from hourglass.chain.codec import Contract, load_contract
from hourglass.chain.config import ChainConfig
from hourglass.chain.decoding import named, standing
from hourglass.chain.mailbox_port import LoggedTaskEvent
from hourglass.chain.port import Block
from hourglass.chain.tasks import TaskCreated, TaskEvent, TaskHash, TaskStatus, TaskVerified, TaskView
from hourglass.errors import ChainError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import (
    WORD_BYTES,
    Address,
    BasisPoints,
    BlockNumber,
    ChainId,
    ChainTime,
    OperatorSetId,
    ReferenceTimestamp,
)

MAX_TASK_SLA_S = 7 * 24 * 3_600
"""The mailbox's own bound (half of EigenLayer's DEALLOCATION_DELAY): a task that is older takes no result."""
CREATED_TOPIC = "TaskCreated"
VERIFIED_TOPIC = "TaskVerified"
PROBE = (b"\x0f" * WORD_BYTES, b"which form of the message hash is it?")
"""A task's hash and a result, of nobody's."""
NO_CONSENSUS = 0
"""`ConsensusType.NONE`."""


@dataclass(slots=True)
class EvmTaskMailbox:
    """A `mailbox_port.TaskMailbox`."""

    chain: EvmChain
    address: Address
    contract: Contract = field(default_factory=partial(load_contract, "TaskMailbox"))

    @property
    def chain_id(self) -> ChainId:
        """Of the chain that it is on."""
        return self.chain.chain_id

    async def head(self) -> Block:
        """The newest block."""
        return await self.chain.head()

    async def block(self, number: BlockNumber) -> Block | None:
        """A block by its number."""
        return await self.chain.block(number)

    async def start_block(self) -> BlockNumber:
        """The first block of the last seven days, found by bisection: older tasks have expired."""
        head = await self.head()
        oldest = head.timestamp - MAX_TASK_SLA_S
        low, high = 0, int(head.number)
        while low < high:
            middle = (low + high) // 2
            block = await self.block(BlockNumber(middle))
            if block is None or block.timestamp < oldest:
                low = middle + 1
            else:
                high = middle
        return BlockNumber(low)

    async def events(self, first: BlockNumber, last: BlockNumber) -> tuple[LoggedTaskEvent, ...]:
        """Tasks created and answered in these blocks."""
        return await self._logs({"fromBlock": hex(first), "toBlock": hex(last)})

    async def events_of(self, block: Block) -> tuple[LoggedTaskEvent, ...]:
        """Tasks created and answered in exactly this block (EIP-234)."""
        return await self._logs({"blockHash": "0x" + block.hash.hex()})

    async def _logs(self, where: dict[str, str]) -> tuple[LoggedTaskEvent, ...]:
        topics = [["0x" + self.contract.topic(name).hex() for name in (CREATED_TOPIC, VERIFIED_TOPIC)]]
        query = {"address": str(self.address), "topics": topics, **where}
        return await self.chain.logs(query, self._folded)

    def _folded(self, logs: list[Any]) -> tuple[LoggedTaskEvent, ...]:
        return tuple(
            LoggedTaskEvent(*standing(log), event)
            for log in logs
            if (known := named(self.contract, log)) is not None and (event := task_event(*known)) is not None
        )

    async def task(self, task_hash: TaskHash) -> TaskView | None:
        """The task by the newest state; `as_of` and `block` are those of the head, which may be a block earlier."""
        head = await self.head()
        (found,) = await self.chain.view(self.contract, self.address, "getTaskInfo", task_hash)
        try:
            return _view(head, task_hash, found)
        except (ValueError, OverflowError, TypeError) as error:
            detail = f"{self.address} answers getTaskInfo in no form that is known: {type(error).__name__}."
            raise ChainError(Reason.CONTRACT_MISSING, detail) from error


async def open_mailbox(chain: EvmChain, config: ChainConfig) -> EvmTaskMailbox | None:
    """The mailbox that the settings name, if they do.

    Raises ChainError: CONTRACT_MISSING if it is not there, MAILBOX_UNSUITED if it has operators sign something else
    than this release signs, as EigenLayer's before v1.8.1 did: the result alone, whichever task it answers.
    """
    if config.task_mailbox is None:
        return None
    mailbox = EvmTaskMailbox(chain, Address.parse(config.task_mailbox))
    (theirs,) = await chain.view(mailbox.contract, mailbox.address, "getMessageHash", *PROBE)
    if theirs != task_message_hash(*PROBE):
        raise ChainError(Reason.MAILBOX_UNSUITED, f"{mailbox.address} on chain {chain.chain_id}.")
    return mailbox


def task_event(name: str, f: dict[str, Any]) -> TaskEvent | None:
    """A mailbox's event by its name and fields; None for one that nobody folds."""
    match name:
        case "TaskCreated":
            return TaskCreated(
                creator=Address.parse(f["creator"]),
                task_hash=TaskHash(f["taskHash"]),
                operator_set=OperatorSetId(Address.parse(f["avs"]), f["executorOperatorSetId"]),
                reference_timestamp=ReferenceTimestamp(f["operatorTableReferenceTimestamp"]),
                refund_collector=Address.parse(f["refundCollector"]),
                avs_fee=f["avsFee"],
                deadline=ChainTime(f["taskDeadline"]),
                payload=f["payload"],
            )
        case "TaskVerified":
            return TaskVerified(
                aggregator=Address.parse(f["aggregator"]),
                task_hash=TaskHash(f["taskHash"]),
                operator_set=OperatorSetId(Address.parse(f["avs"]), f["executorOperatorSetId"]),
                certificate=f["executorCert"],
                result=f["result"],
            )
        case _:
            return None


def _view(head: Block, task_hash: TaskHash, found: Any) -> TaskView | None:
    creator, created_at, avs, fee, collector, number, _, status, refunded, timestamp, config, *texts = found
    hook, sla_s, fee_token, curve, _, consensus, _ = config
    payload, _, result = texts
    told = TaskStatus(status)
    if told is TaskStatus.NONE:
        return None
    deadline = ChainTime(created_at + sla_s)
    # By the clock, whatever state the endpoint computed it by.
    expired = told is TaskStatus.CREATED and head.timestamp > deadline
    return TaskView(
        as_of=head.timestamp,
        block=head.number,
        task_hash=task_hash,
        status=TaskStatus.EXPIRED if expired else told,
        creator=Address.parse(creator),
        created_at=ChainTime(created_at),
        deadline=deadline,
        operator_set=OperatorSetId(Address.parse(avs), number),
        reference_timestamp=ReferenceTimestamp(timestamp),
        payload=payload,
        result=result,
        curve=CurveType(curve),
        threshold=_threshold(*consensus),
        hook=Address.parse(hook),
        fee_token=Address.parse(fee_token),
        avs_fee=fee,
        refund_collector=Address.parse(collector),
        is_fee_refunded=refunded,
    )


def _threshold(consensus: int, value: bytes) -> BasisPoints | None:
    if consensus == NO_CONSENSUS:
        return None
    (basis_points,) = abi_decode(["uint16"], value)
    return BasisPoints(basis_points)
