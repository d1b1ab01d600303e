"""An agent opens all its keys at the start, wherever they are, or does not start."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cerberus_server import API_KEY, MCL, PASSWORD, Cerberus, serving
from web3signer_server import Web3Signer
from web3signer_server import serving as serving_web3signer

from agent.config import AgentConfig
from agent.keys import open_keys
from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import sign
from hourglass.bls.signer import LocalBlsSigner
from hourglass.certificate.ecdsa import address_of, recover_signer
from hourglass.errors import ConfigError, SignerError
from hourglass.keystores.bn254 import write_keystore
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, Digest, OperatorSetId

OPERATOR = bytes(range(1, 33))
OF_SET = bytes(range(2, 34))
LOCAL, REMOTE = SecretKey(2**200 + 77), SecretKey(2**200 + 78)
AVS = Address(b"\x0b" * 20)
DIGEST = Digest(bytes(range(32)))
QUICK = 16


@pytest.fixture
def cerberus() -> Iterator[Cerberus]:
    with serving(Cerberus(REMOTE)) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With an operator key, a key of an ECDSA set, a keystore, and credentials."""
    (tmp_path / "bls.json").write_bytes(write_keystore(LOCAL, "hunter2", bytes(32), bytes(16), MCL, QUICK))
    secrets = {
        "operator": OPERATOR.hex(),
        "ecdsa": OF_SET.hex(),
        "pw": "hunter2",
        "api-key": API_KEY,
        "password": PASSWORD,
    }
    for name, secret in secrets.items():
        (tmp_path / name).write_text(secret)
    return tmp_path


def config(folder: Path, sets: list[dict[str, Any]], **others: Any) -> AgentConfig:
    """Settings of an agent in these sets."""
    return AgentConfig.model_validate(
        {
            "chain": {"rpc_url": "http://node", "chain_id": 1, "state_machine": str(AVS)},
            "bus": {"url": "nats://bus"},
            "operator_key": {"file": folder / "operator"},
            "journal": folder / "journal",
            "operator_sets": [{"avs": str(AVS), **one} for one in sets],
            "workflows": ["workflow.py:it"],
            **others,
        }
    )


def keystore(folder: Path) -> dict[str, Any]:
    return {"keystore": folder / "bls.json", "password_file": folder / "pw"}


def remote(folder: Path, port: int, **others: Any) -> dict[str, Any]:
    return {
        "cerberus": {
            "address": f"127.0.0.1:{port}",
            "public_key": REMOTE.public_key(MCL).key_data.hex(),
            "api_key_file": folder / "api-key",
            "password_file": folder / "password",
            "plaintext": True,
            **others,
        }
    }


async def test_each_set_has_its_key_wherever_it_is(folder: Path, cerberus: Cerberus) -> None:
    sets: list[dict[str, Any]] = [
        {"number": 1},
        {"number": 2, "bls_key": remote(folder, cerberus.port)},
        {"number": 3, "ecdsa_key": {"file": folder / "ecdsa"}},
    ]
    async with open_keys(config(folder, sets, bls_key=keystore(folder)), MCL) as keys:
        assert keys.account.address == address_of(OPERATOR)
        assert keys.bls[OperatorSetId(AVS, 1)].sign(DIGEST) == sign(LOCAL, DIGEST, MCL)
        assert keys.bls[OperatorSetId(AVS, 2)].sign(DIGEST) == sign(REMOTE, DIGEST, MCL)
        assert recover_signer(DIGEST, keys.ecdsa[OperatorSetId(AVS, 3)].sign(DIGEST)) == address_of(OF_SET)
        assert set(keys.ecdsa) == {OperatorSetId(AVS, 3)}
        for secret in ("hunter2", API_KEY, PASSWORD, OPERATOR.hex(), str(LOCAL.scalar)):
            assert secret not in repr(keys)


async def test_a_key_that_several_sets_share_is_opened_once(folder: Path, cerberus: Cerberus) -> None:
    both = [{"number": number, "bls_key": remote(folder, cerberus.port)} for number in (1, 2)]
    async with open_keys(config(folder, both), MCL) as keys:
        assert keys.bls[OperatorSetId(AVS, 1)] is keys.bls[OperatorSetId(AVS, 2)]
    assert len(cerberus.asked) == 1, "one proof"
    async with open_keys(
        config(folder, [{"number": 1}, {"number": 2}], bls_key=keystore(folder)), MCL
    ) as keys:
        assert isinstance(keys.bls[OperatorSetId(AVS, 1)], LocalBlsSigner)
        assert keys.bls[OperatorSetId(AVS, 1)] is keys.bls[OperatorSetId(AVS, 2)]


async def test_an_operator_key_with_a_web3signer_signs_observations(folder: Path) -> None:
    async with serving_web3signer(Web3Signer((OPERATOR,), 1)) as server:
        key = {"web3signer": {"url": server.url, "address": str(address_of(OPERATOR))}}
        async with open_keys(
            config(folder, [{"number": 1}], bls_key=keystore(folder), operator_key=key), MCL
        ) as keys:
            assert keys.account.address == address_of(OPERATOR)
        server.secrets = (OF_SET,)
        with pytest.raises(SignerError, match="no such account"):
            async with open_keys(
                config(folder, [{"number": 1}], bls_key=keystore(folder), operator_key=key), MCL
            ):
                pass


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"public_key": LOCAL.public_key(MCL).key_data.hex()}, Reason.SIGNER_REFUSED),
        ({"api_key_file": None}, Reason.SIGNER_REFUSED),
        ({"address": "127.0.0.1:1"}, Reason.SIGNER_UNREACHABLE),
    ],
)
async def test_an_agent_that_can_t_sign_does_not_start(
    folder: Path, cerberus: Cerberus, change: dict[str, Any], reason: Reason
) -> None:
    sets = [{"number": 1, "bls_key": remote(folder, cerberus.port, **change)}]
    with pytest.raises(SignerError) as caught:
        async with open_keys(config(folder, sets), MCL):
            pass
    assert caught.value.reason is reason


async def test_a_keystore_that_does_not_open_is_named(folder: Path) -> None:
    (folder / "pw").write_text("wrong")
    with pytest.raises(ConfigError, match=r"bls\.json: Its password is wrong"):
        async with open_keys(config(folder, [{"number": 1}], bls_key=keystore(folder)), MCL):
            pass


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ([{"number": 4}], "operator set 4 has no bls_key or ecdsa_key"),
        ([{"number": 4, "bls_key": {}}], "name one of the two"),
        ([{"number": 4, "bls_key": {"password_file": "pw"}}], "name one of the two"),
        ([{"number": 4, "ecdsa_key": {}}], "name one of the two"),
    ],
)
def test_a_set_without_a_key_is_refused(folder: Path, sets: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        config(folder, sets)


def test_a_key_is_in_one_place(folder: Path) -> None:
    both = keystore(folder) | remote(folder, 1)
    with pytest.raises(ValueError, match="name one of the two"):
        config(folder, [{"number": 1, "bls_key": both}])
    with pytest.raises(ValueError, match="cerberus has its own"):
        config(folder, [{"number": 1, "bls_key": remote(folder, 1) | {"password_file": "pw"}}])
