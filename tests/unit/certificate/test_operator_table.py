"""Operator tables: what can be one, and what it answers."""

from dataclasses import replace

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from hourglass.bls.curve import G2_GENERATOR, G1Point
from hourglass.certificate.operators import Operator, OperatorTable, merkle_root
from hourglass.workflow.identifiers import Address, StakeWeight

TABLE = samples.TABLE
FIRST, SECOND = TABLE.operators[:2]


def operator(number: int) -> Operator:
    """A row whose keys nobody checks here."""
    return Operator(
        Address(number.to_bytes(20, "big")), G1Point(number, number), G2_GENERATOR, (StakeWeight(number),)
    )


@pytest.mark.parametrize(
    ("operators", "why"),
    [
        ((), "at least one operator"),
        ((FIRST, replace(SECOND, address=FIRST.address)), "an operator is in the table twice"),
        ((FIRST, replace(SECOND, pubkey_g1=FIRST.pubkey_g1)), "a key is in the table twice"),
        ((FIRST, replace(SECOND, weights=(StakeWeight(1), StakeWeight(2)))), "equally many weights"),
    ],
)
def test_what_cannot_be_a_table_is_none(operators: tuple[Operator, ...], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        OperatorTable(samples.SET, samples.TIMESTAMP, 0, operators)


@given(st.integers(1, 64))
def test_every_member_s_proof_leads_to_the_root_and_no_other_s_does(size: int) -> None:
    table = OperatorTable(
        samples.SET, samples.TIMESTAMP, 0, tuple(operator(number) for number in range(1, size + 1))
    )
    for index, member in enumerate(table.operators):
        assert table.index_of(member.address) == index
        assert merkle_root(member.info.leaf(), index, table.proof(index)) == table.root
        heavier = replace(member.info, weights=(StakeWeight(member.weights[0] + 1),))
        assert merkle_root(heavier.leaf(), index, table.proof(index)) != table.root
        if size > 1:
            assert merkle_root(member.info.leaf(), index ^ 1, table.proof(index)) != table.root


def test_strangers_have_no_place_and_no_weight() -> None:
    stranger = Address(b"\x99" * 20)
    assert TABLE.index_of(stranger) is None
    assert TABLE.weight_of([stranger, samples.OPERATORS[0]]) == (samples.WEIGHTS[0],)
    assert TABLE.weight_of([]) == (0,)
    assert TABLE.total_weights == (sum(samples.WEIGHTS),)
    with pytest.raises(KeyError):
        TABLE.operator(stranger)


def test_every_column_is_summed_on_its_own() -> None:
    rows = tuple(
        replace(member, weights=(StakeWeight(1), StakeWeight(10 * index)))
        for index, member in enumerate(TABLE.operators)
    )
    table = OperatorTable(samples.SET, samples.TIMESTAMP, 0, rows)
    assert table.total_weights == (5, 100)
    assert table.weight_of(samples.OPERATORS[3:]) == (2, 70)
