"""An account in a Web3Signer: it signs as the key itself would, and nothing false ever leaves it."""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import samples
from aiohttp import web
from structlog.testing import capture_logs
from web3signer_server import Web3Signer, serving

from hourglass.certificate.digests import approval_digest, ecdsa_certificate_digest, observation_digest
from hourglass.certificate.ecdsa import HALF_ORDER, address_of, sign_digest
from hourglass.certificate.ecdsa_signer import HashedDigest
from hourglass.chain.account import KeyConfig, Web3SignerConfig, load_account, open_account
from hourglass.chain.port import Account, ExecuteWorkflow, Transaction, TransactionPlan
from hourglass.chain.sender import TransactionSender
from hourglass.chain.web3signer import Web3SignerAccount
from hourglass.errors import ChainError, ConfigError, SignerError
from hourglass.reasons import Reason
from hourglass.testing.worlds import ONE_PHASE, anvil_world
from hourglass.workflow.identifiers import Address, ChainId, Digest, MessageHash, ReferenceTimestamp

SECRET = bytes(range(1, 33))
OTHER = bytes(range(2, 34))
ADDRESS = address_of(SECRET)
LOCAL = Account(ADDRESS, SECRET)
CHAIN = 31_337
DIGEST = approval_digest(samples.OBSERVATION_SLOT)
TRANSACTION = Transaction(
    ChainId(CHAIN), Address(b"\x05" * 20), b"\xab\xcd" * 50, 7, TransactionPlan(3, 210_000, 40 * 10**9, 10**9)
)
TLS = Path(__file__).parents[2] / "tls"
ORDER = 2 * HALF_ORDER + 1


@pytest.fixture
async def signer() -> AsyncIterator[Web3Signer]:
    async with serving(server()) as found:
        yield found


def server() -> Web3Signer:
    """One that keeps another key, and this test's."""
    return Web3Signer((OTHER, SECRET), CHAIN)


def account_of(server: Web3Signer, **others: Any) -> Web3SignerAccount:
    """The account with this server."""
    config = {"url": server.url, "address": str(ADDRESS), "timeout_s": 5.0, **others}
    return Web3SignerAccount.of(Web3SignerConfig.model_validate(config))


async def refused_transaction(account: Web3SignerAccount) -> SignerError:
    """Why it was not signed."""
    with pytest.raises(SignerError) as caught:
        await account.sign_transaction(TRANSACTION)
    return caught.value


async def refused_digest(account: Web3SignerAccount) -> SignerError:
    """Why it was not signed."""
    with pytest.raises(SignerError) as caught:
        await asyncio.to_thread(account.sign, DIGEST)
    return caught.value


async def test_it_signs_as_the_key_itself_would(signer: Web3Signer) -> None:
    account = account_of(signer)
    await account.prove()
    assert await account.sign_transaction(TRANSACTION) == await LOCAL.sign_transaction(TRANSACTION)
    assert await asyncio.to_thread(account.sign, DIGEST) == LOCAL.sign(DIGEST)
    assert account.address == ADDRESS


async def test_settings_open_it_and_have_it_prove_itself(signer: Web3Signer) -> None:
    config = KeyConfig.model_validate({"web3signer": {"url": signer.url + "/", "address": str(ADDRESS)}})
    account = await open_account(config)
    assert await account.sign_transaction(TRANSACTION) == await LOCAL.sign_transaction(TRANSACTION)
    signer.secrets = (OTHER,)
    with pytest.raises(SignerError, match="no such account") as caught:
        await open_account(config)
    assert caught.value.reason is Reason.SIGNER_REFUSED


async def test_several_digests_at_once_are_each_signed(signer: Web3Signer) -> None:
    account = account_of(signer)
    digests = [Digest(HashedDigest(bytes([number]))) for number in range(6)]
    signatures = await asyncio.gather(*(asyncio.to_thread(account.sign, one) for one in digests))
    assert list(signatures) == [LOCAL.sign(one) for one in digests]


async def test_it_never_blocks_an_event_loop(signer: Web3Signer) -> None:
    account = account_of(signer)
    with pytest.raises(RuntimeError, match="event loop"):
        account.sign(DIGEST)


@pytest.mark.parametrize(
    ("altered", "named"),
    [
        ({"to": "0x" + "66" * 20}, "to"),
        ({"value": "0x8"}, "value"),
        ({"data": "0xabce"}, "data"),
        ({"nonce": "0x4"}, "nonce"),
        ({"gas": "0x33451"}, "gas"),
        ({"maxFeePerGas": hex(41 * 10**9)}, "maxFeePerGas"),
        ({"maxPriorityFeePerGas": hex(2 * 10**9)}, "maxPriorityFeePerGas"),
        ({"chainId": 1}, "chainId"),
        ({"accessList": [{"address": "0x" + "66" * 20, "storageKeys": []}]}, "accessList"),
    ],
)
async def test_another_transaction_than_the_one_asked_for_is_never_sent(
    signer: Web3Signer, altered: dict[str, Any], named: str
) -> None:
    signer.altered = altered
    error = await refused_transaction(account_of(signer))
    assert error.reason is Reason.SIGNER_FALSE
    assert f"another transaction: {named} differs" in error.detail


async def test_another_key_than_the_one_asked_for_is_noticed(signer: Web3Signer) -> None:
    signer.signs_with = OTHER
    account = account_of(signer)
    error = await refused_transaction(account)
    assert error.reason is Reason.SIGNER_FALSE
    assert str(address_of(OTHER)) in error.detail
    assert (await refused_digest(account)).reason is Reason.SIGNER_FALSE


async def test_a_key_that_it_does_not_have_is_refused(signer: Web3Signer) -> None:
    signer.secrets = (OTHER,)
    account = account_of(signer)
    error = await refused_transaction(account)
    assert error.reason is Reason.SIGNER_REFUSED
    assert "No unlocked account matches" in error.detail
    assert "no such key" in (await refused_digest(account)).detail


async def test_every_release_signs_the_digests_of_this_project(signer: Web3Signer) -> None:
    """It hashes what it is given, and is given what the digest is the hash of."""
    account = account_of(signer)
    for knows_apply_hash in (True, False):
        signer.knows_apply_hash = knows_apply_hash
        for digest in (
            observation_digest(samples.OBSERVATION_SLOT, samples.SET, samples.INPUTS, b"seen"),
            approval_digest(samples.OBSERVATION_SLOT),
            ecdsa_certificate_digest(bytes(32), ReferenceTimestamp(1), MessageHash(bytes(range(32)))),
        ):
            assert await asyncio.to_thread(account.sign, digest) == LOCAL.sign(digest)


async def test_a_bare_digest_is_signed_by_releases_that_need_not_hash(signer: Web3Signer) -> None:
    account = account_of(signer)
    bare = Digest(bytes(range(32)))
    signer.knows_apply_hash = True
    assert await asyncio.to_thread(account.sign, bare) == LOCAL.sign(bare)
    signer.knows_apply_hash = False
    with pytest.raises(SignerError) as caught:
        await asyncio.to_thread(account.sign, bare)
    assert caught.value.reason is Reason.SIGNER_FALSE


def high_s(signature: bytes) -> bytes:
    """The other signature of the same digest, which contracts refuse."""
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


@pytest.mark.parametrize(
    "said",
    [
        "", "0x", "nonsense", "0xzz", "<html>", "[]", "null", "{}", '{"result":null}', '{"result":"0x"}',
        '{"result":"0x02c0"}', '{"result":7}', '["0x00"]', '{"error":7}', "[" * 50_000, "é",
        "0x" + high_s(sign_digest(SECRET, DIGEST)).hex(), "0x" + sign_digest(SECRET, DIGEST)[:-1].hex(),
        "0x" + (sign_digest(SECRET, DIGEST)[:-1] + b"\0").hex(), "x" * (2 * 1024 * 1024),
    ],
    ids=lambda said: said[:12] or "empty",
)  # fmt: skip
async def test_whatever_else_it_says_is_no_signature(signer: Web3Signer, said: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=said, content_type="application/json")

    account = account_of(signer)
    await asyncio.to_thread(account.sign, DIGEST)
    signer.answer = answer
    assert (await refused_digest(account)).reason is Reason.SIGNER_FALSE
    assert (await refused_transaction(account)).reason is Reason.SIGNER_FALSE
    error = await refused_digest(account_of(signer))
    assert error.reason in (Reason.SIGNER_FALSE, Reason.SIGNER_REFUSED)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(500, Reason.SIGNER_UNREACHABLE), (404, Reason.SIGNER_REFUSED), (302, Reason.SIGNER_REFUSED)],
)
async def test_a_status_of_http_is_no_signature(signer: Web3Signer, status: int, reason: Reason) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    signer.answer = answer
    account = account_of(signer)
    assert (await refused_transaction(account)).reason is reason
    assert (await refused_digest(account)).reason is reason
    assert "/elsewhere" not in signer.asked


async def test_a_server_that_takes_too_long_is_not_waited_for(signer: Web3Signer) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(300):
            await response.write(b" ")
            await asyncio.sleep(0.1)
        return response

    signer.answer = answer
    started = time.monotonic()
    error = await refused_transaction(account_of(signer, timeout_s=0.3))
    assert error.reason is Reason.SIGNER_UNREACHABLE
    assert "TimeoutError" in error.detail
    assert time.monotonic() - started < 10


async def test_an_answer_without_end_is_cut_off(signer: Web3Signer) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(64):
            await response.write(b" " * 65_536)
        return response

    signer.answer = answer
    error = await refused_transaction(account_of(signer))
    assert "longer than 1048576 bytes" in error.detail


async def test_a_server_that_is_away_is_unreachable() -> None:
    async with serving(server()) as gone:
        account = account_of(gone)
    assert (await refused_transaction(account)).reason is Reason.SIGNER_UNREACHABLE
    assert (await refused_digest(account)).reason is Reason.SIGNER_UNREACHABLE


def server_tls(client_ca: Path | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "localhost.pem", TLS / "localhost.key")
    if client_ca is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


async def test_over_tls_the_server_is_who_the_certificate_says() -> None:
    async with serving(server(), server_tls()) as signer:
        await account_of(signer, ca_file=TLS / "localhost.pem").prove()
        signer.asked.clear()
        for distrusting in (account_of(signer, ca_file=TLS / "stranger.pem"), account_of(signer)):
            error = await refused_transaction(distrusting)
            assert error.reason is Reason.SIGNER_UNREACHABLE
            assert "Certificate" in error.detail
        assert signer.asked == []


async def test_it_tells_who_asks_by_a_certificate() -> None:
    mine = {"client_certificate_file": TLS / "localhost.pem", "client_key_file": TLS / "localhost.key"}
    async with serving(server(), server_tls(client_ca=TLS / "localhost.pem")) as signer:
        await account_of(signer, ca_file=TLS / "localhost.pem", **mine).prove()
        signer.asked.clear()
        error = await refused_transaction(account_of(signer, ca_file=TLS / "localhost.pem"))
        assert error.reason is Reason.SIGNER_UNREACHABLE
        assert signer.asked == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "signer:9000"},
        {"url": "ftp://signer"},
        {"url": "http://"},
        {"url": "http://user:secret@signer:9000"},
        {"url": "http://signer:9000?key=secret"},
        {"address": "0x12"},
        {"timeout_s": 0},
        {"ca_file": "ca.pem"},
        {"url": "https://signer", "client_key_file": "key.pem"},
        {"secret": "11" * 32},
    ],
)
def test_settings_that_cannot_be_meant_are_refused_and_shown_to_nobody(wrong: dict[str, Any]) -> None:
    right = {"url": "http://signer:9000", "address": str(ADDRESS)}
    assert Web3SignerConfig.model_validate(right).url == "http://signer:9000"
    with pytest.raises(ValueError):
        Web3SignerConfig.model_validate(right | wrong)


@pytest.mark.parametrize("name", ["nowhere.pem", "README.md"])
def test_certificates_that_cannot_be_read_are_named(name: str) -> None:
    config = Web3SignerConfig(url="https://signer", address=str(ADDRESS), ca_file=TLS / name)
    with pytest.raises(ConfigError, match=name) as caught:
        load_account(KeyConfig(web3signer=config))
    assert caught.value.reason is Reason.KEY_UNUSABLE


async def test_transactions_are_in_no_log(signer: Web3Signer) -> None:
    with capture_logs() as logs:
        account = account_of(signer)
        await account.prove()
        await account.sign_transaction(TRANSACTION)
    assert logs == []
    assert json.dumps(repr(account)).count("0x") == 2


def test_a_key_is_in_one_place(tmp_path: Path) -> None:
    remote = {"url": "http://signer:9000", "address": str(ADDRESS)}
    for wrong in (
        {},
        {"file": "key", "web3signer": remote},
        {"web3signer": remote, "password_file": "password"},
    ):
        with pytest.raises(ValueError):
            KeyConfig.model_validate(wrong)


async def test_on_a_real_chain_its_transactions_are_mined_and_its_refusals_are_tried_again(
    signer: Web3Signer,
) -> None:
    async with anvil_world() as world:
        workflow = await world.registered(ONE_PHASE)
        signer.secrets, signer.chain_id = (world.admin.secret,), world.chain.chain_id
        config = Web3SignerConfig(url=signer.url, address=str(world.admin.address))
        sender = TransactionSender(world.chain, Web3SignerAccount.of(config), timeout_s=20)
        assert (await sender.send(ExecuteWorkflow(workflow, b"1"))).succeeded
        nonce = await world.chain.next_nonce(world.admin.address)
        signer.secrets = (OTHER,)
        with pytest.raises(ChainError) as caught:
            await sender.send(ExecuteWorkflow(workflow, b"2"))
        assert caught.value.reason is Reason.SIGNER_REFUSED
        signer.secrets = (world.admin.secret,)
        assert (await sender.send(ExecuteWorkflow(workflow, b"2"))).succeeded
        assert await world.chain.next_nonce(world.admin.address) == nonce + 1
