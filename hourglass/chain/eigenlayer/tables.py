"""BN254 operator tables rebuilt from EigenLayer's contracts, and believed only if they hash to the verifier's root.

    verifier (where phases run)  reference timestamp ─▶ table updater ─▶ reference block, root still valid?
    core (where stake lives)     at that block: calculator ─▶ members with weight; key registrar ─▶ their keys
    here                         those without a key left out, the rest numbered ─▶ table ─▶ the verifier's root?

An index is a place among those who have weight *and* key, not among the set's members: one without moves all behind it
up. Whatever changes afterwards (stake, keys, members) changes nothing here, since all is read as of one block.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from hourglass.bls.curve import G1Point, G2Point
from hourglass.bls.signatures import default_backend
from hourglass.certificate.operators import Operator, OperatorTable
from hourglass.chain.codec import Contract, load_contract
from hourglass.chain.config import EigenLayerConfig
from hourglass.chain.eigenlayer.deployments import CORE_CONTRACTS, CoreContracts
from hourglass.chain.tables import Ask, KnownTables, check_table
from hourglass.errors import ChainError, ConfigError, PointError, RevertedError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import (
    Address,
    BlockNumber,
    ChainId,
    OperatorSetId,
    ReferenceTimestamp,
    StakeWeight,
)

AskAt = Callable[[Address, bytes, BlockNumber | None], Awaitable[bytes]]
"""A contract's answer to calldata as of one block; None: the newest."""

GENERATOR_REFERENCE_TIMESTAMP = 1
"""The bootstrap table of EigenLayer's own transporters: no operator set's."""
READS_AT_ONCE = 32
"""Keys are asked for one by one; more at once than this gets an endpoint's rate limit instead of an answer."""


@dataclass(slots=True)
class EigenLayerTables(KnownTables[OperatorTable]):
    """Reads each table once: a table never changes. `core` and `verifier` are ABIs."""

    contracts: CoreContracts
    core: Contract
    verifier: Contract
    """With the table updater's reads."""
    ask_core: AskAt
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(READS_AT_ONCE))

    async def read(
        self, ask: Ask, ask_updater: AskAt, operator_set: OperatorSetId, timestamp: ReferenceTimestamp
    ) -> OperatorTable:
        """The table, checked. `ask`: the verifier; `ask_updater`: any contract beside it.

        Raises ChainError(TABLE_UNAVAILABLE | TABLE_DISABLED | TABLE_MISMATCH).
        """
        where = f"{operator_set} at {timestamp}"
        if timestamp == GENERATOR_REFERENCE_TIMESTAMP:
            raise ChainError(Reason.TABLE_UNAVAILABLE, f"{where}: that is the transporters' bootstrap table.")
        which = (str(operator_set.avs), operator_set.number)
        info = await self._verifier_says(ask, "getOperatorSetInfo", which, timestamp)
        staleness = await self._verifier_says(ask, "maxOperatorTableStaleness", which)
        updater = Address.parse(await self._verifier_says(ask, "operatorTableUpdater"))
        block = await _reference_block(_View(ask_updater, self.verifier, updater, None), timestamp, where)
        operators = await self._operators(operator_set, block)
        try:
            table = OperatorTable(operator_set, timestamp, staleness, operators)
        except ValueError as error:
            raise ChainError(Reason.TABLE_MISMATCH, f"{where}, block {block}: {error}.") from error
        check_table(table, info)
        self.remember(table)
        return table

    async def holder_of(self, operator_set: OperatorSetId, key: Address) -> Address:
        """Whose secp256k1 key this is, by the key registrar; keys are never handed on, so no block matters.

        Raises ChainError(TABLE_MISMATCH) for nobody's.
        """
        which = (str(operator_set.avs), operator_set.number)
        registrar = _View(self.ask_core, self.core, self.contracts.key_registrar, None)
        async with self._turns:
            found, _ = await registrar.all("getOperatorFromSigningKey", which, bytes(key))
        operator = Address.parse(found)
        if not any(operator):
            raise ChainError(Reason.TABLE_MISMATCH, f"{operator_set}: {key} is nobody's key.")
        return operator

    async def _verifier_says(self, ask: Ask, function: str, *arguments: Any) -> Any:
        answer = await ask(self.verifier.call(function, *arguments))
        try:
            return self.verifier.answer(function, answer)[0]
        except ValueError as error:
            detail = f"The verifier does not answer {function} as EigenLayer's does."
            raise ChainError(Reason.TABLE_UNAVAILABLE, detail) from error

    async def _operators(self, operator_set: OperatorSetId, block: BlockNumber) -> tuple[Operator, ...]:
        which = (str(operator_set.avs), operator_set.number)
        registry = _View(self.ask_core, self.core, self.contracts.cross_chain_registry, block)
        calculator = Address.parse(await registry.one("getOperatorTableCalculator", which))
        if not any(calculator):
            detail = f"{operator_set} has no table calculator at block {block}: it is not transported."
            raise ChainError(Reason.TABLE_UNAVAILABLE, detail)
        weights = _View(self.ask_core, self.core, calculator, block)
        members, rows = await weights.all("getOperatorSetWeights", which)
        registrar = _View(self.ask_core, self.core, self.contracts.key_registrar, block)
        operators = await asyncio.gather(
            *(
                self._operator(registrar, which, Address.parse(member), tuple(map(StakeWeight, row)))
                for member, row in zip(members, rows, strict=True)
            )
        )
        return tuple(one for one in operators if one is not None)

    async def _operator(
        self, registrar: "_View", which: tuple[str, int], member: Address, weights: tuple[StakeWeight, ...]
    ) -> Operator | None:
        """None for whom the table leaves out: without weight, or without a key."""
        if not any(weights):
            return None
        async with self._turns:
            (x1, y1), (x2, y2) = await registrar.all("getBN254Key", which, str(member))
        if (x1, y1) == (0, 0):
            return None
        try:
            return Operator(
                member, G1Point(x1, y1).check(), G2Point(*x2, *y2).check(default_backend()), weights
            )
        except PointError as error:
            raise ChainError(Reason.TABLE_MISMATCH, f"{member}'s key: {error.detail}") from error


@dataclass(frozen=True, slots=True)
class _View:
    """One contract's views, as of one block."""

    ask: AskAt
    abi: Contract
    address: Address
    block: BlockNumber | None

    async def one(self, function: str, *arguments: Any) -> Any:
        """The only value that it answers. Raises ChainError."""
        return (await self.all(function, *arguments))[0]

    async def all(self, function: str, *arguments: Any) -> tuple[Any, ...]:
        """All that it answers. Raises ChainError."""
        where = "" if self.block is None else f" at block {self.block}"
        try:
            answer = await self.ask(self.address, self.abi.call(function, *arguments), self.block)
        except RevertedError as error:
            detail = f"{self.address} refuses {function}{where}: {error.error_name}."
            raise ChainError(Reason.TABLE_UNAVAILABLE, detail) from error
        try:
            return self.abi.answer(function, answer)
        except ValueError as error:
            detail = f"{self.address} does not answer {function}{where} as EigenLayer's contract does."
            raise ChainError(Reason.TABLE_UNAVAILABLE, detail) from error


async def _reference_block(updater: _View, timestamp: ReferenceTimestamp, where: str) -> BlockNumber:
    """The block that the table shows. Raises ChainError if its root has been disabled, or there is none."""
    if not await updater.one("isRootValidByTimestamp", timestamp):
        raise ChainError(Reason.TABLE_DISABLED, f"{where}.")
    block = await updater.one("getReferenceBlockNumberByTimestamp", timestamp)
    if not block:
        raise ChainError(Reason.TABLE_UNAVAILABLE, f"{where}: the table updater knows no such time.")
    return BlockNumber(block)


async def open_tables(
    config: EigenLayerConfig, ask: Callable[..., Awaitable[Any]], ask_core: AskAt
) -> EigenLayerTables:
    """By the configured contracts, or those that are known of the chain that the endpoint is on.

    `ask`: JSON-RPC of the chain where stake lives. Raises ConfigError(INVALID_CONFIG) if the contracts aren't known.
    """
    chain_id = ChainId(int(await ask("eth_chainId"), 16))
    known = CORE_CONTRACTS.get(chain_id)
    registrar, registry = config.key_registrar, config.cross_chain_registry
    if known is None and (registrar is None or registry is None):
        detail = f"`chain.eigenlayer` has to name key_registrar and cross_chain_registry on chain {chain_id}."
        raise ConfigError(Reason.INVALID_CONFIG, detail)
    contracts = CoreContracts(
        known.key_registrar if known is not None and registrar is None else Address.parse(str(registrar)),
        known.cross_chain_registry
        if known is not None and registry is None
        else Address.parse(str(registry)),
    )
    return EigenLayerTables(
        contracts, load_contract("LocalCore"), load_contract("TransportedTables"), ask_core
    )
