"""Which network a command finds, and as whom it acts there."""

from pathlib import Path

import pytest

from hourglass.certificate.ecdsa import address_of
from hourglass.cli.network import NEAR_BY, NetworkConfig, load_network, load_network_if_any, paying_account
from hourglass.errors import ConfigError

TEXT = "chain: {rpc_url: 'http://127.0.0.1:1', chain_id: 7, state_machine: '0x" + "11" * 20 + "'}\n"
OWN, OTHER = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder near which there is no network, to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def near_by(nowhere: Path) -> Path:
    """A folder above which there is one."""
    (nowhere / NEAR_BY).parent.mkdir()
    (nowhere / NEAR_BY).write_text(TEXT, "utf-8")
    return nowhere


def test_a_network_near_by_is_found_from_any_folder_below(
    near_by: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = near_by / "a" / "b"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert load_network(None).chain.chain_id == 7
    assert load_network_if_any(None) == load_network(None)


def test_a_named_network_comes_before_one_near_by(near_by: Path) -> None:
    (near_by / "other.yaml").write_text(TEXT.replace("chain_id: 7", "chain_id: 8"), "utf-8")
    assert load_network(Path("other.yaml")).chain.chain_id == 8
    found = load_network_if_any("other.yaml")
    assert found is not None
    assert found.chain.chain_id == 8


def test_a_command_that_can_do_without_a_network_takes_none_if_there_is_none_or_none_is_wanted(
    near_by: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert load_network_if_any("none") is None
    monkeypatch.chdir("/")
    assert load_network_if_any(None) is None


def test_a_command_that_needs_a_network_says_how_to_get_one(nowhere: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_network(None)
    assert "start one with `hourglass dev`" in caught.value.detail


def test_a_network_that_is_named_must_be_there(nowhere: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_network_if_any("nowhere.yaml")
    assert "nowhere.yaml" in caught.value.detail


def test_a_command_acts_as_the_key_that_it_is_given_else_as_the_network_s_own(near_by: Path) -> None:
    for name, secret in (("own", OWN), ("other", OTHER)):
        (near_by / name).write_text(secret.hex(), "utf-8")
    network = load_network(None)
    with pytest.raises(ConfigError) as caught:
        paying_account(network)
    assert "names no `key`, and there is no --key" in caught.value.detail
    keyed = NetworkConfig.model_validate({**network.model_dump(), "key": {"file": "own"}})
    assert paying_account(keyed).address == address_of(OWN)
    assert paying_account(keyed, Path("other")).address == address_of(OTHER)
    assert paying_account(network, Path("other")).address == address_of(OTHER)
