"""Operator tables rebuilt from EigenLayer's contracts, on a real chain: believed if they hash to the root."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transported import SET, Member, Transported, keys, operator

from hourglass.bls.signatures import default_backend, sign
from hourglass.certificate.certificates import certify
from hourglass.certificate.operators import OperatorTable
from hourglass.chain.codec import load_contract
from hourglass.chain.eigenlayer.deployments import CORE_CONTRACTS, MAINNET
from hourglass.errors import ChainError, ConfigError, RevertedError
from hourglass.reasons import Reason
from hourglass.testing.anvil import Anvil
from hourglass.workflow.identifiers import MessageHash, ReferenceTimestamp

KEYS = keys(1_024)
MESSAGE = MessageHash(b"\x11" * 32)


@pytest.fixture
async def world() -> AsyncIterator[Transported]:
    async with Anvil.start() as anvil:
        yield await Transported.deploy(anvil)


def member(number: int, *weights: int, with_key: bool = True) -> Member:
    return Member(operator(number), weights or (100 + number,), KEYS[number] if with_key else None)


async def read(world: Transported, timestamp: ReferenceTimestamp | None = None) -> OperatorTable:
    """By a node that has just started, so that nothing is remembered."""
    async with world.chain() as chain:
        table = await chain.operator_table(SET, timestamp or await world.newest(chain))
        assert isinstance(table, OperatorTable)
        return table


async def test_members_without_weight_or_key_are_left_out_and_the_others_move_up(world: Transported) -> None:
    await world.set_members(
        [member(0, with_key=False), member(1), member(2, 0), member(3), member(4, with_key=False), member(5)]
    )
    await world.transport()
    table = await read(world)
    assert [one.address for one in table.operators] == [operator(number) for number in (1, 3, 5)]
    assert [table.index_of(operator(number)) for number in (0, 1, 2, 3, 5)] == [None, 0, None, 1, 2]


async def test_what_changes_later_changes_nothing_in_a_pinned_table(world: Transported) -> None:
    await world.set_members([member(0), member(1), member(2)])
    await world.transport()
    async with world.chain() as chain:
        pinned = await world.newest(chain)
        before = await read(world, pinned)
        # A slashing, a departure, a newcomer and a rotated key.
        await world.set_members([member(2, 1), member(0), Member(operator(3), (5,), KEYS[9])])
        assert await read(world, pinned) == before
        await world.transport()
        assert await read(world, pinned) == before
        after = await read(world)
    assert after.reference_timestamp > pinned
    assert [one.address for one in after.operators] == [operator(2), operator(0), operator(3)]


async def test_a_certificate_by_a_rebuilt_table_is_taken_and_not_once_its_root_is_disabled(
    world: Transported,
) -> None:
    await world.set_members([member(0), member(1, with_key=False), member(2), member(3)])
    await world.transport()
    table = await read(world)
    digest = table.digest(MESSAGE)
    signatures = {operator(n): sign(KEYS[n], digest, default_backend()) for n in (0, 3)}
    certificate = certify(table, MESSAGE, signatures, default_backend())
    verifier, which = load_contract("TransportedTables"), (str(SET.avs), SET.number)
    async with world.chain() as chain:
        arguments = (which, certificate.as_tuple())
        (signed,) = await chain.view(verifier, world.verifier, "verifyCertificate", *arguments)
        assert tuple(signed) == (100 + 103,)
        await world.disable(table.reference_timestamp)
        with pytest.raises(RevertedError):
            await chain.view(verifier, world.verifier, "verifyCertificate", *arguments)
    with pytest.raises(ChainError) as refused:
        await read(world, table.reference_timestamp)
    assert refused.value.reason is Reason.TABLE_DISABLED


async def test_a_table_that_does_not_hash_to_the_verifier_s_root_is_believed_by_nobody(
    world: Transported,
) -> None:
    await world.set_members([member(0), member(1)])
    await world.transport()
    other = await Transported.deploy(world.anvil)
    await other.set_members([member(0), member(1, 7)])
    lying = {"key_registrar": str(other.core), "cross_chain_registry": str(other.core)}
    await world.transport()
    async with world.chain(eigenlayer=lying) as chain:
        with pytest.raises(ChainError) as refused:
            await chain.operator_table(SET, await world.newest(chain))
    assert refused.value.reason is Reason.TABLE_MISMATCH


async def test_a_time_that_was_never_transported_has_no_table(world: Transported) -> None:
    await world.set_members([member(0)])
    await world.transport()
    for timestamp in (1, 2, 12_345):
        with pytest.raises(ChainError) as refused:
            await read(world, ReferenceTimestamp(timestamp))
        assert refused.value.reason is Reason.TABLE_UNAVAILABLE


async def test_contracts_of_an_unknown_chain_have_to_be_named(world: Transported) -> None:
    with pytest.raises(ConfigError) as refused:
        async with world.chain(eigenlayer={}):
            pass
    assert refused.value.reason is Reason.INVALID_CONFIG
    assert "key_registrar" in refused.value.detail
    assert str(CORE_CONTRACTS[MAINNET].key_registrar) == "0x54f4bC6bDEbe479173a2bbDc31dD7178408A57A4"


async def test_a_set_of_200_with_three_columns_is_read_at_once(world: Transported) -> None:
    members = [member(number, 100 + number, number, 7, with_key=bool(number % 5)) for number in range(1, 201)]
    await world.set_members(members)
    await world.transport()
    table = await read(world)
    assert len(table.operators) == 160
    assert len(table.total_weights) == 3


rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), min_size=1, max_size=9)


async def test_any_history_of_a_set_is_rebuilt_to_the_root_that_the_chain_computed(
    world: Transported,
) -> None:
    """Whoever joins, leaves, loses weight or has no key: the root, checked on every read, is the contract's own."""
    histories: list[list[Member]] = []

    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
    @given(rows)
    def draw(drawn: list[tuple[int, int, bool]]) -> None:
        histories.append(
            [member(number, first, second, with_key=key) for number, (first, second, key) in enumerate(drawn)]
        )

    draw()
    seen = 0
    for members in histories:
        countable = [one for one in members if any(one.weights) and one.key is not None]
        if not countable:
            continue
        await world.set_members(members)
        await world.transport()
        table = await read(world)
        assert [one.address for one in table.operators] == [one.operator for one in countable]
        assert [one.weights for one in table.operators] == [one.weights for one in countable]
        seen += 1
    assert seen >= 5
