"""Operator tables are believed only if they hash to what the verifier holds, whatever an endpoint says."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from eth_abi.abi import encode
from hypothesis import given, settings
from hypothesis import strategies as st

from hourglass.bls.keys import PublicKey, SecretKey
from hourglass.bls.signatures import default_backend
from hourglass.certificate.operators import Operator, OperatorTable
from hourglass.chain.codec import load_contract
from hourglass.chain.tables import MAX_TABLES, TableReader
from hourglass.errors import ChainError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, OperatorSetId, ReferenceTimestamp, StakeWeight

ENTRIES_ABI = "(address,(uint256,uint256),(uint256[2],uint256[2]),uint256[])[]"
INFO_ABI = "(bytes32,uint256,(uint256,uint256),uint256[])"
SET = OperatorSetId(Address(b"\xbb" * 20), 1)
TIME = ReferenceTimestamp(1_700_000_000)
STALENESS_S = 3_600
KEYS = tuple(SecretKey(50 + index).public_key(default_backend()) for index in range(5))
OTHER_KEY = SecretKey(99).public_key(default_backend())

Entry = tuple[str, tuple[int, int], tuple[tuple[int, int], tuple[int, int]], list[int]]


def table_of(weights: Sequence[tuple[int, ...]]) -> OperatorTable:
    operators = tuple(
        Operator(Address(bytes([index + 1]) * 20), key.g1, key.g2, tuple(map(StakeWeight, columns)))
        for index, (key, columns) in enumerate(zip(KEYS, weights, strict=False))
    )
    return OperatorTable(SET, TIME, STALENESS_S, operators)


def entry_of(operator: Operator) -> Entry:
    g1, g2 = operator.pubkey_g1, operator.pubkey_g2.words
    return str(operator.address), (g1.x, g1.y), (g2[:2], g2[2:]), list(operator.weights)


@dataclass
class Verifier:
    """A verifier that holds one table, behind an endpoint that may alter its rows."""

    table: OperatorTable
    alter: Callable[[list[Entry]], list[Entry]] = lambda entries: entries
    asked: int = 0
    contract: Any = field(default_factory=lambda: load_contract("OperatorTable"))

    async def ask(self, data: bytes) -> bytes:
        self.asked += 1
        key = self.table.aggregate_g1
        which = ((str(SET.avs), SET.number), TIME)
        info = (self.table.root, len(self.table.operators), (key.x, key.y), self.table.total_weights)
        rows = self.alter([entry_of(operator) for operator in self.table.operators])
        return {
            self.contract.call("getOperatorTable", *which): encode([ENTRIES_ABI], [rows]),
            self.contract.call("getOperatorSetInfo", *which): encode([INFO_ABI], [info]),
            self.contract.call("maxOperatorTableStaleness", which[0]): encode(["uint32"], [STALENESS_S]),
        }[data]

    async def read(self) -> OperatorTable:
        return await TableReader(self.contract).read(self.ask, SET, TIME)


TRUE = table_of([(10,), (20,), (30,)])


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2**96), st.integers(0, 2**96)), min_size=1, max_size=5))
async def test_a_true_table_is_read_as_it_is(weights: list[tuple[int, int]]) -> None:
    table = table_of(weights)
    assert await Verifier(table).read() == table


def _with_weight(entries: list[Entry]) -> list[Entry]:
    address, g1, g2, _ = entries[0]
    return [(address, g1, g2, [11]), *entries[1:]]


def _with_key(key: PublicKey) -> Callable[[list[Entry]], list[Entry]]:
    def alter(entries: list[Entry]) -> list[Entry]:
        address, _, _, weights = entries[0]
        words = key.g2.words
        return [(address, (key.g1.x, key.g1.y), (words[:2], words[2:]), weights), *entries[1:]]

    return alter


def _with_g2_of_another(entries: list[Entry]) -> list[Entry]:
    address, g1, _, weights = entries[0]
    words = OTHER_KEY.g2.words
    return [(address, g1, (words[:2], words[2:]), weights), *entries[1:]]


def _with_g2_swapped(entries: list[Entry]) -> list[Entry]:
    """The sum stays what it is, the two operators' keys in G2 change places."""
    (a, a1, a2, aw), (b, b1, b2, bw), *others = entries
    return [(a, a1, b2, aw), (b, b1, a2, bw), *others]


def _with_point_off_the_curve(entries: list[Entry]) -> list[Entry]:
    address, _, g2, weights = entries[0]
    return [(address, (1, 1), g2, weights), *entries[1:]]


LIES: dict[str, Callable[[list[Entry]], list[Entry]]] = {
    "a weight": _with_weight,
    "a key": _with_key(OTHER_KEY),
    "a key in G2": _with_g2_of_another,
    "two keys in G2 swapped": _with_g2_swapped,
    "a point off the curve": _with_point_off_the_curve,
    "one missing": lambda entries: entries[1:],
    "one twice": lambda entries: [*entries, entries[0]],
    "another order": lambda entries: entries[::-1],
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
async def test_a_table_that_is_not_the_verifiers_is_refused(
    lie: Callable[[list[Entry]], list[Entry]],
) -> None:
    with pytest.raises(ChainError) as refused:
        await Verifier(TRUE, lie).read()
    assert refused.value.reason is Reason.TABLE_MISMATCH


async def test_a_table_without_rows_is_unavailable() -> None:
    with pytest.raises(ChainError) as refused:
        await Verifier(TRUE, lambda _: []).read()
    assert refused.value.reason is Reason.TABLE_UNAVAILABLE


async def test_a_table_is_asked_for_once_and_the_oldest_read_are_forgotten() -> None:
    verifier = Verifier(TRUE)
    reader = TableReader(verifier.contract)
    table = await reader.read(verifier.ask, SET, TIME)
    assert reader.known(SET, TIME) is table
    assert reader.known(SET, ReferenceTimestamp(TIME + 1)) is None

    async def ask_of_any_time(data: bytes) -> bytes:
        time = TIME.to_bytes(32, "big")
        return await verifier.ask(data[:68] + time if len(data) > 68 else data)

    for later in range(1, MAX_TABLES + 1):
        await reader.read(ask_of_any_time, SET, ReferenceTimestamp(TIME + later))
    assert reader.known(SET, TIME) is None
    assert reader.known(SET, ReferenceTimestamp(TIME + MAX_TABLES)) is not None
