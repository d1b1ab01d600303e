"""The chain behind the in-memory endpoints: blocks, a pool of transactions, and time that moves only when told to.

No event loop, no clock, no chance: whoever holds the ledger mines, advances and reorganises it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from eth_hash.auto import keccak

from hourglass.certificate.curves import AnyTable
from hourglass.certificate.digests import ecdsa_domain_separator
from hourglass.certificate.ecdsa_table import EcdsaOperator, EcdsaOperatorTable
from hourglass.certificate.operators import Operator, OperatorTable
from hourglass.chain.memory_performance import Performance
from hourglass.chain.memory_rules import ContractState, Home
from hourglass.chain.memory_tasks import created
from hourglass.chain.port import Block, Call, ChainLog, LoggedEvent, Receipt, SigningAccount, TransactionPlan
from hourglass.chain.tasks import TaskHash
from hourglass.errors import ChainError, RevertedError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import (
    WORD_BYTES,
    Address,
    BasisPoints,
    BlockNumber,
    ChainTime,
    OperatorSetId,
    ReferenceTimestamp,
    TxHash,
)

GENESIS_TIME = ChainTime(1_700_000_000)
BLOCK_TIME_S = 1
"""Between a block and the next where nobody says otherwise: timestamps strictly rise."""
GAS_USED = 250_000
"""Of every transaction: gas is nothing that the twin teaches."""
BASE_FEE_WEI = 10**9
REPLACEMENT_PERCENT = 110
"""What another transaction with the same nonce must offer, as nodes demand."""

TWO_THIRDS = BasisPoints(6_667)
ECDSA_DOMAIN_SEPARATOR = ecdsa_domain_separator(Address(b"\xec" * 20))
"""Of the verifier of ECDSA operator sets, whose address is nobody else's here."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """Handed over, perhaps never mined."""

    sender: Address
    call: Call
    plan: TransactionPlan
    tx_hash: TxHash


@dataclass(frozen=True, slots=True)
class Mined:
    """One block with all that it made true."""

    header: Block
    state: ContractState
    nonces: Mapping[Address, int]
    transactions: tuple[Transaction, ...] = ()
    events: tuple[LoggedEvent, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    logs: tuple[ChainLog, ...] = ()
    """Other contracts' events."""


@dataclass(slots=True)
class Ledger:
    """One chain with one state machine and its operator table. The admin has every role, as after `initialize`.

    With `auto_mine` every transaction is mined as it arrives, as anvil does.
    """

    home: Home
    aggregators: tuple[Address, ...]
    auto_mine: bool = True
    drop_transactions: bool = False
    """Take transactions and forget them, as a full pool does."""
    genesis_time: ChainTime = GENESIS_TIME
    trigger_sources: tuple[Address, ...] = ()
    """Who may open gates in every workflow, beside the admin."""
    _blocks: list[Mined] = field(default_factory=list)
    _pool: list[Transaction] = field(default_factory=list)
    _receipts: dict[TxHash, Receipt] = field(default_factory=dict)
    _taken: int = 0
    _forks: int = 0

    def __post_init__(self) -> None:
        admins = frozenset({self.home.admin})
        state = ContractState(self.aggregators, admins, admins, admins | set(self.trigger_sources))
        genesis = Block(BlockNumber(0), self._hash(b"", 0), bytes(WORD_BYTES), self.genesis_time)
        self._blocks.append(Mined(genesis, state, {}))

    # ── What stands ───────────────────────────────────────────────────────────────────────────────────

    @property
    def newest(self) -> Mined:
        """The head."""
        return self._blocks[-1]

    @property
    def head(self) -> Block:
        """The head's header."""
        return self.newest.header

    def mined(self, number: int) -> Mined | None:
        """The block of this number; None if there is none."""
        return self._blocks[number] if 0 <= number < len(self._blocks) else None

    def receipt(self, tx_hash: TxHash) -> Receipt | None:
        """Of a mined transaction."""
        return self._receipts.get(tx_hash)

    def next_nonce(self, address: Address) -> int:
        """After the last transaction, mined or waiting without a gap."""
        nonce = self.newest.nonces.get(address, 0)
        waiting = {one.plan.nonce for one in self._pool if one.sender == address}
        while nonce in waiting:
            nonce += 1
        return nonce

    # ── What happens ──────────────────────────────────────────────────────────────────────────────────

    def take(self, call: Call, plan: TransactionPlan, account: SigningAccount) -> TxHash:
        """Take a transaction. Raises ChainError(TRANSACTION_FAILED) for a nonce or fee that no node takes."""
        if plan.nonce < self.newest.nonces.get(account.address, 0):
            raise ChainError(Reason.TRANSACTION_FAILED, f"Nonce {plan.nonce} is used.")
        if plan.max_fee_per_gas_wei < BASE_FEE_WEI:
            raise ChainError(Reason.TRANSACTION_FAILED, "It offers less than the base fee.")
        self._taken += 1
        tx_hash = TxHash(keccak(b"transaction" + account.address + self._taken.to_bytes(WORD_BYTES, "big")))
        if self.drop_transactions:
            return tx_hash
        self._replace(account.address, plan)
        self._pool.append(Transaction(account.address, call, plan, tx_hash))
        if self.auto_mine:
            self.mine()
        return tx_hash

    def _replace(self, sender: Address, plan: TransactionPlan) -> None:
        """Make room for a better offer with the same nonce."""
        for waiting in list(self._pool):
            if (waiting.sender, waiting.plan.nonce) != (sender, plan.nonce):
                continue
            if plan.max_fee_per_gas_wei * 100 < waiting.plan.max_fee_per_gas_wei * REPLACEMENT_PERCENT:
                raise ChainError(Reason.TRANSACTION_FAILED, "It offers too little to replace another.")
            self._pool.remove(waiting)

    def mine(self, after_s: int = BLOCK_TIME_S) -> Block:
        """Mine a block this many seconds after the newest, with everything from the pool that fits its nonce."""
        if after_s < 1:
            raise ValueError("a block's timestamp is later than its parent's")
        parent = self.newest
        number, time = BlockNumber(parent.header.number + 1), ChainTime(parent.header.timestamp + after_s)
        taken = self._ready()
        parts = parent.header.hash + b"".join(one.tx_hash for one in taken)
        header = Block(number, self._hash(parts, time), parent.header.hash, time)
        state, nonces = parent.state, dict(parent.nonces)
        events: list[LoggedEvent] = []
        receipts: list[Receipt] = []
        for one in taken:
            self._pool.remove(one)
            nonces[one.sender] = one.plan.nonce + 1
            state, receipt = self._perform(one, header, state, len(events))
            events += receipt.events
            receipts.append(receipt)
            self._receipts[one.tx_hash] = receipt
        self._blocks.append(Mined(header, state, nonces, taken, tuple(events), tuple(receipts)))
        return header

    def advance(self, seconds: int) -> Block:
        """Let this much chain time pass: one block, that much later."""
        return self.mine(seconds)

    def simulate(self, call: Call, sender: Address, at: Mined) -> None:
        """Raises RevertedError if the call would revert at the end of this block."""
        Performance(self.home, at.state, at.header, sender).perform(call)

    def publish_table(
        self,
        operator_set: OperatorSetId,
        operators: Sequence[Operator] | Sequence[EcdsaOperator],
        max_staleness_s: int = 0,
        after_s: int = BLOCK_TIME_S,
    ) -> ReferenceTimestamp:
        """A new table of the set, from a new block on, of the curve that its members' keys are of.

        Raises ValueError for one that cannot be.
        """
        now = ReferenceTimestamp(self.head.timestamp + after_s)
        on_bn254 = tuple(one for one in operators if isinstance(one, Operator) and any(one.weights))
        on_ecdsa = tuple(one for one in operators if isinstance(one, EcdsaOperator) and any(one.weights))
        table: AnyTable
        if on_ecdsa:
            table = EcdsaOperatorTable(operator_set, now, max_staleness_s, on_ecdsa, ECDSA_DOMAIN_SEPARATOR)
        else:
            table = OperatorTable(operator_set, now, max_staleness_s, on_bn254, self.home.backend)
        self.mine(after_s)
        state = self.newest.state
        tables = {**state.tables, operator_set: (*state.tables.get(operator_set, ()), table)}
        self._blocks[-1] = replace(self.newest, state=replace(state, tables=tables))
        return now

    def create_task(
        self,
        operator_set: OperatorSetId,
        payload: bytes,
        sla_s: int = 120,
        threshold: BasisPoints | None = TWO_THIRDS,
    ) -> TaskHash:
        """A plain task in the twin's mailbox, in a new block; its hash. Raises RevertedError if it refuses."""
        self.mine()
        terms = (operator_set, payload, sla_s, threshold)
        state, task_hash = created(self.newest.state, self.home, self.head, *terms)
        self._blocks[-1] = replace(self.newest, state=state)
        # A task takes no result in its own block, and here blocks come with transactions only.
        self.mine()
        return task_hash

    def log(self, emitter: Address, topics: Sequence[bytes], data: bytes = b"") -> None:
        """Another contract's event, in a new block."""
        self.mine()
        log = ChainLog(self.head.number, emitter, tuple(topics), data)
        self._blocks[-1] = replace(self.newest, logs=(log,))

    def reorg(self, depth: int, keep_transactions: bool = False, grow: int = 0) -> None:
        """Replace the newest `depth` blocks by other, empty ones, and `grow` more.

        With `keep_transactions` what they held goes back to the pool, to be mined with the first of them;
        otherwise it never happened.
        """
        if not 1 <= depth < len(self._blocks):
            raise ValueError(f"there are no {depth} blocks to replace")
        removed = self._blocks[-depth:]
        del self._blocks[-depth:]
        self._forks += 1
        for block in removed:
            for one in block.transactions:
                del self._receipts[one.tx_hash]
                if keep_transactions:
                    self._pool.append(one)
        for _ in range(depth + grow):
            self.mine()

    # ── How ───────────────────────────────────────────────────────────────────────────────────────────

    def _ready(self) -> tuple[Transaction, ...]:
        """What can be mined now: each account's transactions in the order of their nonces, without gaps."""
        nonces = dict(self.newest.nonces)
        ready: list[Transaction] = []
        for one in sorted(self._pool, key=lambda waiting: waiting.plan.nonce):
            if one.plan.nonce == nonces.get(one.sender, 0):
                nonces[one.sender] = one.plan.nonce + 1
                ready.append(one)
        return tuple(ready)

    def _perform(
        self, one: Transaction, header: Block, state: ContractState, log_index: int
    ) -> tuple[ContractState, Receipt]:
        performance = Performance(self.home, state, header, one.sender)
        try:
            performance.perform(one.call)
        except RevertedError:
            performance, succeeded = Performance(self.home, state, header, one.sender), False
        else:
            succeeded = True
        events = tuple(
            LoggedEvent(header.number, header.hash, log_index + index, one.tx_hash, event)
            for index, event in enumerate(performance.events)
        )
        price = min(one.plan.max_fee_per_gas_wei, BASE_FEE_WEI + one.plan.max_priority_fee_per_gas_wei)
        return performance.state, Receipt(one.tx_hash, header.number, succeeded, GAS_USED, price, events)

    def _hash(self, parts: bytes, timestamp: int) -> bytes:
        """A block's hash: no two forks have the same."""
        return bytes(keccak(parts + timestamp.to_bytes(8, "big") + self._forks.to_bytes(8, "big")))
