"""Operator tables read from the chain, rebuilt locally, and believed only if they hash to what the verifier holds."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from eth_hash.auto import keccak

from hourglass.bls.curve import G1_GENERATOR, G2_GENERATOR, G1Point, G2Point
from hourglass.bls.signatures import default_backend
from hourglass.certificate.curves import AnyTable
from hourglass.certificate.operators import Operator, OperatorTable
from hourglass.chain.codec import Contract
from hourglass.errors import ChainError, PointError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import WORD_BYTES, Address, OperatorSetId, ReferenceTimestamp

MAX_TABLES = 64
"""Kept tables; one of 1,024 operators takes about 1 MB."""

COEFFICIENT_BYTES = 16
"""128 bits: a wrong key passes the combined check with a chance of 2⁻¹²⁸."""

Ask = Callable[[bytes], Awaitable[bytes]]
"""Calldata to the verifier, its answer back."""


Table = TypeVar("Table", bound=AnyTable)


@dataclass(slots=True)
class KnownTables(Generic[Table]):
    """The latest tables that were read and believed."""

    _tables: OrderedDict[tuple[OperatorSetId, int], Table] = field(
        default_factory=OrderedDict, init=False, repr=False
    )

    def known(self, operator_set: OperatorSetId, timestamp: ReferenceTimestamp) -> Table | None:
        """A table that was read before."""
        return self._tables.get((operator_set, timestamp))

    def remember(self, table: Table) -> None:
        """Keep it, and let go of the oldest beyond `MAX_TABLES`."""
        self._tables[table.operator_set, table.reference_timestamp] = table
        while len(self._tables) > MAX_TABLES:
            self._tables.popitem(last=False)


@dataclass(slots=True)
class TableReader(KnownTables[OperatorTable]):
    """Reads each table once: a published table never changes."""

    verifier: Contract

    async def read(
        self, ask: Ask, operator_set: OperatorSetId, timestamp: ReferenceTimestamp
    ) -> OperatorTable:
        """The table, checked. Raises ChainError(TABLE_UNAVAILABLE | TABLE_MISMATCH)."""
        which = ((str(operator_set.avs), operator_set.number), timestamp)

        async def call(function: str, *arguments: Any) -> Any:
            answer = await ask(self.verifier.call(function, *arguments))
            try:
                return self.verifier.answer(function, answer)[0]
            except ValueError as error:
                detail = (
                    f"{operator_set} at {timestamp}: the verifier does not answer {function} as ours does."
                )
                raise ChainError(Reason.TABLE_UNAVAILABLE, detail) from error

        entries = await call("getOperatorTable", *which)
        info = await call("getOperatorSetInfo", *which)
        staleness = await call("maxOperatorTableStaleness", which[0])
        if not entries:
            raise ChainError(Reason.TABLE_UNAVAILABLE, f"{operator_set} has none at {timestamp}.")
        table = _rebuild(operator_set, timestamp, staleness, entries)
        check_table(table, info)
        self.remember(table)
        return table


def _rebuild(
    operator_set: OperatorSetId, timestamp: ReferenceTimestamp, staleness: int, entries: Any
) -> OperatorTable:
    backend = default_backend()
    try:
        return OperatorTable(
            operator_set,
            timestamp,
            staleness,
            tuple(
                Operator(
                    Address.parse(address),
                    G1Point(*g1).check(),
                    G2Point(*g2[0], *g2[1]).check(backend),
                    tuple(weights),
                )
                for address, g1, g2, weights in entries
            ),
        )
    except (PointError, ValueError) as error:
        raise ChainError(Reason.TABLE_MISMATCH, f"{operator_set} at {timestamp}: {error}") from error


def check_table(table: OperatorTable, info: Any) -> None:
    """Is it what the verifier holds (its `BN254OperatorSetInfo`)? Raises ChainError(TABLE_MISMATCH)."""
    root, count, aggregate, totals = info
    rebuilt = (table.root, len(table.operators), (table.aggregate_g1.x, table.aggregate_g1.y))
    if rebuilt != (root, count, tuple(aggregate)) or table.total_weights != tuple(totals):
        detail = (
            f"{table.operator_set} at {table.reference_timestamp}: the verifier holds root 0x{root.hex()}."
        )
        raise ChainError(Reason.TABLE_MISMATCH, detail)
    if not _halves_match(table):
        detail = f"{table.operator_set} at {table.reference_timestamp}: a key differs in G1 and G2."
        raise ChainError(Reason.TABLE_MISMATCH, detail)


def _halves_match(table: OperatorTable) -> bool:
    """e(Σ cᵢ·g1ᵢ, G2) = e(G1, Σ cᵢ·g2ᵢ): the verifier's root covers the keys in G1 only, so without this an
    endpoint could invent those in G2, and honest signers would be blamed. The coefficients follow from all keys,
    so no key can be chosen to fit them.
    """
    keys = [(operator.pubkey_g1, operator.pubkey_g2) for operator in table.operators]
    seed = keccak(b"".join(g1.to_bytes() + g2.to_bytes() for g1, g2 in keys))
    coefficients = [
        int.from_bytes(keccak(seed + index.to_bytes(WORD_BYTES, "big"))[:COEFFICIENT_BYTES], "big")
        for index in range(len(keys))
    ]
    g1 = table.backend.g1_combine([g1 for g1, _ in keys], coefficients)
    g2 = table.backend.g2_combine([g2 for _, g2 in keys], coefficients)
    return table.backend.pairing_is_one([(g1, G2_GENERATOR), (-G1_GENERATOR, g2)])
