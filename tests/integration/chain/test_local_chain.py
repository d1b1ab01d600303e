"""The local chain itself: it starts and ends cleanly, moves when told to, and is deployed to at once."""

import os
from pathlib import Path

import pytest

from hourglass.bls.keys import SecretKey
from hourglass.chain.client import EvmChain
from hourglass.chain.config import ChainConfig
from hourglass.errors import ChainError, ConfigError
from hourglass.reasons import Reason
from hourglass.testing.anvil import Anvil, find_anvil
from hourglass.testing.deployment import OperatorRegistration, create_address, deploy_local
from hourglass.workflow.identifiers import Address, OperatorSetId, ReferenceTimestamp

OPERATOR = Address(b"\x01" * 20)
AGGREGATOR = Address(b"\x0a" * 20)


async def test_a_chain_ends_when_it_is_left_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOURGLASS_ANVIL", find_anvil())
    monkeypatch.chdir(tmp_path)
    async with Anvil.start(chain_id=4_242) as anvil:
        assert int(await anvil.request("eth_chainId"), 16) == 4_242
        url = anvil.rpc_url
    with pytest.raises(ChainError) as gone:
        async with EvmChain.connect(ChainConfig(rpc_url=url, chain_id=1, state_machine=str(OPERATOR))):
            pass
    assert gone.value.reason is Reason.CHAIN_UNREACHABLE
    assert os.listdir(tmp_path) == []


async def test_an_anvil_that_does_not_come_up_says_why() -> None:
    async with Anvil.start() as anvil:
        port = int(anvil.rpc_url.rsplit(":", 1)[1])
        with pytest.raises(ConfigError) as failed:
            async with Anvil.start(port=port):
                pass
    assert "anvil does not come up" in failed.value.detail
    assert "in use" in failed.value.detail


async def test_a_missing_binary_is_named_with_the_way_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOURGLASS_ANVIL", raising=False)
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    monkeypatch.setattr("hourglass.testing.anvil._from_npm", lambda: iter(()))
    with pytest.raises(ConfigError) as missing:
        find_anvil()
    assert "npm ci" in missing.value.detail


async def test_time_moves_when_it_is_told_to() -> None:
    async with Anvil.start(genesis_timestamp=1_900_000_000) as anvil:
        before = await anvil.request("eth_getBlockByNumber", "latest", False)
        assert int(before["timestamp"], 16) == 1_900_000_000
        await anvil.increase_time(5_000)
        after = await anvil.request("eth_getBlockByNumber", "latest", False)
    assert int(after["timestamp"], 16) == 1_900_005_000
    assert int(after["number"], 16) == int(before["number"], 16) + 1


async def test_contracts_stand_where_they_were_computed_to_be_with_a_table_for_each_set() -> None:
    registrations = [
        OperatorRegistration(OPERATOR, SecretKey(3), {1: (5, 6)}),
        OperatorRegistration(OPERATOR, SecretKey(4), {2: (7,)}),
        OperatorRegistration(AGGREGATOR, SecretKey(5), {1: (0, 0)}),
    ]
    async with Anvil.start() as anvil:
        deployed = await deploy_local(anvil, registrations, [AGGREGATOR], max_staleness_s=900)
        assert deployed.admin == anvil.accounts[0]
        assert deployed.operator_table == create_address(deployed.admin.address, 0)
        balance = await anvil.request("eth_getBalance", str(AGGREGATOR), "latest")
        assert int(balance, 16) > 0
        config = ChainConfig(
            rpc_url=anvil.rpc_url, chain_id=anvil.chain_id, state_machine=str(deployed.state_machine)
        )
        async with EvmChain.connect(config) as chain:
            assert await chain.aggregators() == (AGGREGATOR,)
            head = await chain.head()
            tables = {}
            for number in (1, 2):
                for time in range(head.timestamp - 30, head.timestamp + 1):
                    try:
                        tables[number] = await chain.operator_table(
                            OperatorSetId(deployed.avs, number), ReferenceTimestamp(time)
                        )
                    except ChainError as error:
                        assert error.reason is Reason.TABLE_UNAVAILABLE
    # Whoever has no weight is in no table.
    assert [(one.address, one.weights) for one in tables[1].operators] == [(OPERATOR, (5, 6))]
    assert [(one.address, one.weights) for one in tables[2].operators] == [(OPERATOR, (7,))]
    assert tables[1].max_staleness_s == 900


async def test_a_deployment_that_the_contracts_refuse_names_the_step() -> None:
    twice = [OperatorRegistration(OPERATOR, SecretKey(3), {1: (5,), 2: (5,)})]
    async with Anvil.start() as anvil:
        with pytest.raises(ChainError) as refused:
            await deploy_local(anvil, twice, [AGGREGATOR])
    assert refused.value.reason is Reason.TRANSACTION_REVERTED
    assert "registerOperator" in refused.value.detail


@pytest.mark.parametrize(
    ("nonce", "address"),
    [
        (0, "0xcd234a471b72ba2f1ccf0a70fcaba648a5eecd8d"),
        (1, "0x343c43a37d37dff08ae8c4a11544c718abb4fcf8"),
    ],
)
def test_a_created_contracts_address_follows_from_creator_and_nonce(nonce: int, address: str) -> None:
    creator = Address.parse("0x6ac7ea33f8831ea9dcc53393aaa88b25a785dbf0")
    assert create_address(creator, nonce) == Address.parse(address)
