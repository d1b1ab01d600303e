"""The fee vault of a state machine: its prices, what it keeps and owes, and the calls that take money out of it."""

from dataclasses import dataclass
from typing import Any

from hourglass.certificate.operators import OperatorTable
from hourglass.chain.client import EvmChain
from hourglass.chain.codec import load_contract
from hourglass.chain.port import CallContract
from hourglass.chain.tokens import NOBODY
from hourglass.errors import ConfigError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import (
    WORD_BYTES,
    Address,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    StakeWeight,
    WorkflowId,
)


@dataclass(frozen=True, slots=True)
class Price:
    """What something costs now."""

    token: Address | None
    """None: ether."""
    amount: int
    """In the token's smallest unit."""


@dataclass(frozen=True, slots=True)
class FeeSchedule:
    """The contract's `FeeSchedule`; amounts are in the token's smallest unit."""

    token: Address | None
    """None: ether."""
    workflow_fee: int
    """For registering a workflow."""
    pricer: Address | None
    """Prices executions in place of `phase_fee`."""
    phase_fee: int
    protocol_recipient: Address | None
    protocol_bps: int
    max_gas_price_wei: int
    submitter_bounty: int
    gas_rate: int
    """Token units for an ether's worth of gas."""


@dataclass(frozen=True, slots=True)
class Escrow:
    """What an execution has paid for phases that have not completed."""

    payer: Address
    token: Address | None
    remaining: int
    """Phases that are paid for and not settled; 0 once the execution has ended."""
    amount: int


@dataclass(frozen=True, slots=True)
class Pool:
    """What the operators who signed a phase's result have to share."""

    token: Address | None
    operator_set: OperatorSetId
    reference_timestamp: ReferenceTimestamp
    amount: int
    paid: int
    """How much of it has been claimed."""
    signed_weight: StakeWeight

    def share_of(self, weight: int) -> int:
        """What an operator of this weight gets, but for rounding of weights beyond 160 bits."""
        return self.amount * weight // self.signed_weight


@dataclass(frozen=True, slots=True)
class FeeVault:
    """One fee vault, through an endpoint. Every method may raise ChainError."""

    chain: EvmChain
    address: Address

    @classmethod
    async def find(cls, chain: EvmChain) -> "FeeVault | None":
        """The vault in which the state machine's new executions pay; None if they pay nothing."""
        (found,) = await chain.view(chain.machine, chain.state_machine, "feeVault")
        address = Address.parse(found)
        return None if address == NOBODY else cls(chain, address)

    @classmethod
    async def of(cls, chain: EvmChain) -> "FeeVault":
        """The vault. Raises ConfigError(CONTRACT_MISSING) if there is none."""
        found = await cls.find(chain)
        if found is None:
            raise ConfigError(
                Reason.CONTRACT_MISSING,
                f"The state machine {chain.state_machine} has no fee vault: it charges nothing and pays nobody.",
            )
        return found

    # ── Prices ────────────────────────────────────────────────────────────────────────────────────────

    async def schedule(self) -> FeeSchedule:
        """The one in force."""
        (found,) = await self._read("schedule")
        token, workflow_fee, pricer, phase_fee, recipient, bps, max_gas_price, bounty, gas_rate = found
        return FeeSchedule(
            _some(token), workflow_fee, _some(pricer), phase_fee, _some(recipient), bps, max_gas_price, bounty, gas_rate
        )  # fmt: skip

    async def quote(
        self, workflow: WorkflowId, initiator: Address, payload: bytes, phase_count: int
    ) -> Price:
        """What an execution that starts now pays. A price contract may refuse: RevertedError."""
        token, total = await self._read("quote", workflow, str(initiator), payload, phase_count)
        return Price(_some(token), total)

    async def tokens(self) -> tuple[Address | None, ...]:
        """Ether, and every token that any of its schedules has charged in."""
        (count,) = await self._read("scheduleCount")
        found: dict[Address | None, None] = {None: None}
        for number in range(count):
            (schedule,) = await self._read("scheduleAt", number)
            found[_some(schedule[0])] = None
        return tuple(found)

    # ── What it keeps and owes ────────────────────────────────────────────────────────────────────────

    async def credit(self, token: Address | None, account: Address) -> int:
        """What the account may withdraw."""
        (amount,) = await self._read("creditOf", str(token or NOBODY), str(account))
        return int(amount)

    async def escrow(self, execution: ExecutionId) -> Escrow | None:
        """None if the execution has paid nothing here."""
        (found,) = await self._read("escrowOf", execution)
        payer, token, _schedule, remaining, per_phase, amount = found
        return Escrow(Address.parse(payer), _some(token), remaining, amount) if per_phase else None

    async def pool(self, execution: ExecutionId, phase: PhaseIndex) -> Pool | None:
        """None until the phase is settled."""
        (found,) = await self._read("poolOf", execution, phase)
        settled, token, avs, number, timestamp, amount, paid, signed_weight = found
        if not settled:
            return None
        operator_set = OperatorSetId(Address.parse(avs), number)
        return Pool(
            _some(token),
            operator_set,
            ReferenceTimestamp(timestamp),
            amount,
            paid,
            StakeWeight(signed_weight),
        )

    async def signed(self, execution: ExecutionId, phase: PhaseIndex, operator_index: int) -> bool:
        """Is this operator of a settled phase's table among those who signed its result?"""
        (missing,) = await self._read("isNonSigner", execution, phase, operator_index)
        return not missing

    async def signers(self, execution: ExecutionId, phase: PhaseIndex) -> tuple[Address, ...]:
        """The addresses of the keys that signed a settled phase of an ECDSA set, in rising order; none of another."""
        contract = load_contract("FeeVault")
        topics = (contract.topic("PhaseSigned"), execution, phase.to_bytes(WORD_BYTES, "big"))
        first, head = await self.chain.start_block(), await self.chain.head()
        logs = await self.chain.logs_matching(self.address, topics, first, head.number)
        if not logs:
            return ()
        known = contract.event(list(logs[-1].topics), logs[-1].data)
        return () if known is None else tuple(map(Address.parse, known[1]["signers"]))

    async def has_claimed(self, execution: ExecutionId, phase: PhaseIndex, operator_index: int) -> bool:
        """Has its share become its credit?"""
        (claimed,) = await self._read("hasClaimed", execution, phase, operator_index)
        return bool(claimed)

    async def _read(self, function: str, *arguments: Any) -> tuple[Any, ...]:
        return await self.chain.view(load_contract("FeeVault"), self.address, function, *arguments)

    # ── Calls ─────────────────────────────────────────────────────────────────────────────────────────

    def claim(
        self, execution: ExecutionId, phase: PhaseIndex, table: OperatorTable, operator_index: int
    ) -> CallContract:
        """Turn an operator's share of a phase's pool into its credit, with the proof of its row in the table."""
        info = table.operators[operator_index].info
        row = ((info.pubkey.x, info.pubkey.y), info.weights)
        proof = table.proof(operator_index)
        return self._call("claim", execution, phase, operator_index, row, proof)

    def claim_as_signer(
        self, execution: ExecutionId, phase: PhaseIndex, operator_index: int, signers: tuple[Address, ...]
    ) -> CallContract:
        """The same where the operators sign on ECDSA: the vault keeps a hash of who signed."""
        return self._call("claimAsSigner", execution, phase, operator_index, [str(one) for one in signers])

    def withdraw(self, token: Address | None, to: Address | None) -> CallContract:
        """Pay the sender's whole credit out, to itself or to somebody else."""
        if to is None:
            return self._call("withdraw", str(token or NOBODY))
        return self._call("withdrawTo", str(token or NOBODY), str(to))

    def _call(self, function: str, *arguments: Any) -> CallContract:
        return CallContract(self.address, load_contract("FeeVault").call(function, *arguments))


def _some(text: str) -> Address | None:
    """None for the zero address."""
    address = Address.parse(text)
    return None if address == NOBODY else address
