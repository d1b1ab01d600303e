"""The chain as the rest of the system sees it.

What is *not* promised: that the head only grows (a reorg replaces blocks), that two reads see the same block
(each answer says as of when it holds), that a sent transaction is ever mined, or that an endpoint tells the
truth. Errors are `ChainError` with a reason; a contract's refusal is `RevertedError` with its custom error.
"""

from dataclasses import dataclass
from typing import Protocol

from hourglass.certificate.curves import AnyCertificate, AnyTable
from hourglass.certificate.ecdsa import sign_digest
from hourglass.certificate.ecdsa_signer import EcdsaSigner
from hourglass.workflow.definition import RegisteredWorkflow, WorkflowDefinition
from hourglass.workflow.events import WorkflowEvent
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    BasisPoints,
    BlockNumber,
    ChainId,
    ChainTime,
    Digest,
    ExecutionId,
    InputsHash,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    Round,
    TxHash,
    WorkflowId,
)
from hourglass.workflow.phases import PhaseType


@dataclass(frozen=True, slots=True)
class Block:
    """One block's header, as far as anybody here needs it."""

    number: BlockNumber
    hash: bytes
    parent_hash: bytes
    timestamp: ChainTime


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event and where it stands; (block, log_index) orders all events of one chain."""

    block: BlockNumber
    block_hash: bytes
    log_index: int
    tx_hash: TxHash
    event: WorkflowEvent


@dataclass(frozen=True, slots=True)
class ChainView:
    """All that an agent needs to judge a request, read in one call: the phase as the contract holds it."""

    as_of: ChainTime
    """Timestamp of the block that answered."""
    execution_status: ExecutionStatus
    workflow_id: WorkflowId
    definition_hash: bytes
    phase_type: PhaseType
    status: PhaseStatus
    attempt: Attempt
    operator_set: OperatorSetId
    consensus_threshold: BasisPoints
    reference_timestamp: ReferenceTimestamp
    started_at: ChainTime
    deadline: ChainTime
    block: BlockNumber
    """The block that answered."""
    started_block: BlockNumber
    """The block in which the attempt started."""
    inputs_hash: InputsHash
    result: bytes
    """Empty until COMPLETED, and if it is longer than MAX_STORED_RESULT_BYTES."""
    result_hash: bytes
    """keccak256 of the result; zero until COMPLETED."""
    aggregators: tuple[Address, ...]
    """Who may propose and in which order to submit, as the contract lists them."""


@dataclass(frozen=True, slots=True)
class ChainLog:
    """One event of any contract."""

    block: BlockNumber
    emitter: Address
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class ExecutionView:
    """One execution as the contract holds it."""

    as_of: ChainTime
    execution_id: ExecutionId
    workflow_id: WorkflowId
    initiator: Address
    status: ExecutionStatus
    started_at: ChainTime
    deadline: ChainTime | None
    """The last second at which any phase takes a result; None: no overall deadline."""
    payload: bytes
    phase_count: int
    resolved: frozenset[PhaseIndex]
    """The phases that nobody waits for any longer."""


# ── Calls: what this project ever asks the contract to do ─────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class RegisterWorkflow:
    """`registerWorkflow`, or `registerWorkflowWithOptions` if the definition has any: store its next version."""

    definition: WorkflowDefinition
    authorized_triggers: tuple[Address, ...] = ()
    """Who may open the gates of its conditional phases."""
    value_wei: int = 0
    """Ether for the fee vault, if it charges any."""


@dataclass(frozen=True, slots=True)
class ExecuteWorkflow:
    """`executeWorkflow`: start a run with this payload."""

    workflow_id: WorkflowId
    payload: bytes
    value_wei: int = 0
    """Ether for the fee vault, if it charges any."""


@dataclass(frozen=True, slots=True)
class SubmitPhaseResult:
    """`submitPhaseResult`: complete a phase with a quorum's certificate."""

    execution_id: ExecutionId
    phase_index: PhaseIndex
    round: Round
    result: bytes
    certificate: AnyCertificate


@dataclass(frozen=True, slots=True)
class SubmitTaskResult:
    """`TaskMailbox.submitResult`: answer a task with a quorum's certificate. It goes to the mailbox."""

    mailbox: Address
    task_hash: ExecutionId
    result: bytes
    certificate: AnyCertificate


@dataclass(frozen=True, slots=True)
class CheckPhaseTimeout:
    """`checkPhaseTimeout`: end a phase's attempt whose deadline has passed; what follows is the definition's."""

    execution_id: ExecutionId
    phase_index: PhaseIndex


@dataclass(frozen=True, slots=True)
class Trigger:
    """`trigger`: open the gate of a phase that waits for it."""

    execution_id: ExecutionId
    phase_index: PhaseIndex
    data: bytes


@dataclass(frozen=True, slots=True)
class CancelExecution:
    """`cancelExecution`: end a running execution; for its initiator."""

    execution_id: ExecutionId


@dataclass(frozen=True, slots=True)
class SetPaused:
    """`pause` or `unpause`; for pausers."""

    paused: bool


@dataclass(frozen=True, slots=True)
class CallContract:
    """Any function of another contract, as its calldata: a fee vault's, a token's."""

    to: Address
    data: bytes
    value_wei: int = 0


Call = (
    RegisterWorkflow
    | ExecuteWorkflow
    | SubmitPhaseResult
    | SubmitTaskResult
    | CheckPhaseTimeout
    | Trigger
    | CancelExecution
    | SetPaused
    | CallContract
)


@dataclass(frozen=True, slots=True)
class FeeQuote:
    """What the next block charges, in wei per gas."""

    base_fee_wei: int
    priority_fee_wei: int


@dataclass(frozen=True, slots=True)
class TransactionPlan:
    """Everything about a transaction but its call and its signature. Made by `transactions.py`, pure."""

    nonce: int
    gas_limit: int
    max_fee_per_gas_wei: int
    max_priority_fee_per_gas_wei: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A mined transaction, and what it made happen."""

    tx_hash: TxHash
    block: BlockNumber
    succeeded: bool
    gas_used: int
    effective_gas_price_wei: int
    events: tuple[LoggedEvent, ...]


@dataclass(frozen=True, slots=True)
class Transaction:
    """An EIP-1559 transaction before its signature."""

    chain_id: ChainId
    to: Address
    data: bytes
    value_wei: int
    plan: TransactionPlan


class SigningAccount(EcdsaSigner, Protocol):
    """A secp256k1 account that pays for transactions and signs digests, wherever its key is kept."""

    async def sign_transaction(self, transaction: Transaction) -> bytes:
        """The raw transaction, ready for eth_sendRawTransaction. Raises SignerError."""
        ...


@dataclass(frozen=True, slots=True)
class Account:
    """A `SigningAccount` whose secret this process holds. It never shows in repr or logs."""

    address: Address
    secret: bytes

    def sign(self, digest: Digest) -> bytes:
        """65 bytes, at once."""
        return sign_digest(self.secret, digest)

    async def sign_transaction(self, transaction: Transaction) -> bytes:
        """At once."""
        # Only nodes that pay need it, and it takes half a second to import.
        from hourglass.chain.signing import signed_transaction

        return signed_transaction(transaction, self.secret)

    def __repr__(self) -> str:
        return f"Account({self.address})"


class Chain(Protocol):
    """One state machine on one chain. Every method may raise ChainError; each has its own time limit."""

    @property
    def chain_id(self) -> ChainId:
        """The chain's own id, checked against the configuration at the start."""
        ...

    @property
    def state_machine(self) -> Address:
        """The contract's address."""
        ...

    async def head(self) -> Block:
        """The newest block that the endpoint knows."""
        ...

    async def block(self, number: BlockNumber) -> Block | None:
        """None if the chain has no such block (yet, or any more)."""
        ...

    async def start_block(self) -> BlockNumber:
        """The block in which the state machine was initialised: nothing happened before it."""
        ...

    async def events(self, first: BlockNumber, last: BlockNumber) -> tuple[LoggedEvent, ...]:
        """The state machine's events in these blocks, both included, in order."""
        ...

    async def events_of(self, block: Block) -> tuple[LoggedEvent, ...]:
        """The state machine's events in exactly this block, by its hash, in order.

        Raises ChainError if the endpoint does not hold this very block (any more, or yet): `events` answers
        nothing for a block that an endpoint has not seen, which near the head would skip events unnoticed.
        """
        ...

    async def workflow(self, workflow_id: WorkflowId) -> RegisteredWorkflow | None:
        """A registered workflow with its phases; None if there is none of that id."""
        ...

    async def latest_workflow(self, creator: Address, name: str) -> RegisteredWorkflow | None:
        """The newest version that this creator registered under this name."""
        ...

    async def execution(self, execution_id: ExecutionId) -> ExecutionView | None:
        """None if the contract does not know it."""
        ...

    async def phase(self, execution_id: ExecutionId, phase_index: PhaseIndex) -> ChainView | None:
        """One call; None if the contract does not know the execution or it has no such phase."""
        ...

    async def logs_matching(
        self, emitter: Address, topics: tuple[bytes | None, ...], first: BlockNumber, last: BlockNumber
    ) -> tuple[ChainLog, ...]:
        """Any contract's events in these blocks, both included, in order; a None topic matches any. For CHAIN_EVENT
        conditions."""
        ...

    async def aggregators(self) -> tuple[Address, ...]:
        """Who may propose, and the base order of submission, as the contract lists them."""
        ...

    async def operator_table(
        self, operator_set: OperatorSetId, reference_timestamp: ReferenceTimestamp
    ) -> AnyTable:
        """The table, checked: it hashes to the root that the verifier holds. Raises ChainError(TABLE_*)."""
        ...

    async def next_nonce(self, address: Address) -> int:
        """The nonce after the last transaction of this account that the chain's pending state knows."""
        ...

    async def fees(self) -> FeeQuote:
        """What the next block charges."""
        ...

    async def estimate_gas(self, call: Call, sender: Address) -> int:
        """Gas the call needs now. Raises RevertedError if the contract would refuse it."""
        ...

    async def send(self, call: Call, plan: TransactionPlan, account: SigningAccount) -> TxHash:
        """Sign and hand over one transaction. Returning says nothing about its ever being mined.

        A remote signer's SignerError comes as ChainError with its reason: nothing was sent.
        """
        ...

    async def receipt(self, tx_hash: TxHash) -> Receipt | None:
        """None while it is not mined (it may never be)."""
        ...
