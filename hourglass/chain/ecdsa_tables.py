"""Tables of operator sets that sign on ECDSA, read from the verifier: it holds every row itself, so there is no root to
compare with, but the totals."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from hourglass.certificate.ecdsa_table import EcdsaOperator, EcdsaOperatorTable
from hourglass.chain.codec import Contract
from hourglass.chain.tables import Ask, KnownTables
from hourglass.errors import ChainError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import WORD_BYTES, Address, OperatorSetId, ReferenceTimestamp, StakeWeight

HolderOf = Callable[[OperatorSetId, Address], Awaitable[Address]]


@dataclass(slots=True)
class EcdsaTableReader(KnownTables[EcdsaOperatorTable]):
    """Reads each table once: a published table never changes."""

    verifier: Contract

    async def has(self, ask: Ask, operator_set: OperatorSetId, timestamp: ReferenceTimestamp) -> bool:
        """Is there one? Raises ChainError."""
        return bool(await self._view(ask, "isReferenceTimestampSet", *_which(operator_set, timestamp)))

    async def read(
        self,
        ask: Ask,
        operator_set: OperatorSetId,
        timestamp: ReferenceTimestamp,
        holder_of: HolderOf | None = None,
    ) -> EcdsaOperatorTable:
        """The table, checked. `holder_of`: whose key it is, where the verifier knows keys only, as EigenLayer's does.

        Raises ChainError(TABLE_UNAVAILABLE | TABLE_MISMATCH).
        """
        which = _which(operator_set, timestamp)
        if holder_of is None:
            rows = await self._view(ask, "getOperatorTable", *which)
        else:
            infos = await self._view(ask, "getOperatorInfos", *which)
            holders = await asyncio.gather(*(holder_of(operator_set, Address.parse(key)) for key, _ in infos))
            rows = [(str(who), *info) for who, info in zip(holders, infos, strict=True)]
        totals = await self._view(ask, "getTotalStakeWeights", *which)
        staleness = await self._view(ask, "maxOperatorTableStaleness", which[0])
        separator = await self._view(ask, "domainSeparator")
        if not rows:
            raise ChainError(Reason.TABLE_UNAVAILABLE, f"{operator_set} has none at {timestamp}.")
        table = _rebuild(operator_set, timestamp, staleness, rows, separator)
        if table.total_weights != tuple(totals):
            detail = f"{operator_set} at {timestamp}: the verifier holds {tuple(totals)} of stake in all."
            raise ChainError(Reason.TABLE_MISMATCH, detail)
        self.remember(table)
        return table

    async def _view(self, ask: Ask, function: str, *arguments: Any) -> Any:
        answer = await ask(self.verifier.call(function, *arguments))
        try:
            return self.verifier.answer(function, answer)[0]
        except ValueError as error:
            detail = f"The ECDSA verifier does not answer {function} as ours does."
            raise ChainError(Reason.TABLE_UNAVAILABLE, detail) from error


def _which(operator_set: OperatorSetId, timestamp: ReferenceTimestamp) -> tuple[tuple[str, int], int]:
    return (str(operator_set.avs), operator_set.number), timestamp


def _rebuild(
    operator_set: OperatorSetId, timestamp: ReferenceTimestamp, staleness: int, rows: Any, separator: bytes
) -> EcdsaOperatorTable:
    if len(separator) != WORD_BYTES:
        raise ChainError(Reason.TABLE_MISMATCH, f"{operator_set}: the verifier has no domain separator.")
    try:
        operators = tuple(
            EcdsaOperator(Address.parse(operator), Address.parse(key), tuple(map(StakeWeight, weights)))
            for operator, key, weights in rows
        )
        return EcdsaOperatorTable(operator_set, timestamp, staleness, operators, separator)
    except ValueError as error:
        raise ChainError(Reason.TABLE_MISMATCH, f"{operator_set} at {timestamp}: {error}") from error
