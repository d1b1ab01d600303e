"""The local network's EcdsaOperatorTable answers as EigenLayer's ECDSA verifier does, at the vectors' own address."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

import pytest
import pytest_asyncio
from eth_hash.auto import keccak
from eth_utils.abi import abi_to_signature
from vectors import load, raw

from hourglass.chain.client import RpcRefusedError
from hourglass.chain.codec import load_contract
from hourglass.testing.anvil import Anvil

TABLE = load_contract("EcdsaOperatorTable")
VECTORS = load("ecdsa_certificates")
DIGESTS = load("digests_and_typehashes")
IDENTIFIERS: dict[str, dict[str, str]] = load("abi_identifiers")["contracts"]["ECDSACertificateVerifier"]
VERIFIER: str = VECTORS["verifier"]
OPERATOR_SET = (VECTORS["operator_set"]["avs"], VECTORS["operator_set"]["id"])
TIMESTAMP: int = VECTORS["reference_timestamp"]
MAX_STALENESS_S = 999
CASES: list[dict[str, Any]] = VECTORS["cases"]
OWNER_SLOT = "0x0"
"""Where Ownable keeps the owner, which no constructor sets in code that is put into place."""
GENESIS = TIMESTAMP - 1_000
CALL_GAS = 5_000_000
NOT_OURS = {
    "Initialized(uint8)": "OpenZeppelin's, of a proxy; ours is none",
    "InvalidShortString()": "OpenZeppelin's, of the way in which the version is kept",
    "StringTooLong(string)": "OpenZeppelin's, of the way in which the version is kept",
    "SignatureExpired()": "of other signatures that EigenLayer takes",
}

pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True, slots=True)
class Verifier:
    """The local table under the address that the vectors' signatures are for."""

    anvil: Anvil

    async def transact(self, to: str | None, data: bytes) -> dict[str, Any]:
        """Send from the owner; the receipt of a success."""
        transaction = {
            "from": str(self.anvil.accounts[0].address),
            "data": "0x" + data.hex(),
            "gas": hex(CALL_GAS),
        }
        if to is not None:
            transaction["to"] = to
        tx_hash = await self.anvil.request("eth_sendTransaction", transaction)
        async with asyncio.timeout(10.0):
            while (receipt := await self.anvil.request("eth_getTransactionReceipt", tx_hash)) is None:
                await asyncio.sleep(0.002)
        assert receipt["status"] == "0x1"
        found: dict[str, Any] = receipt
        return found

    async def call(self, data: bytes, at: int = TIMESTAMP) -> bytes:
        """An answer as of a time, or the revert's data as RpcRefusedError."""
        call = {"to": VERIFIER, "data": "0x" + data.hex(), "gas": hex(CALL_GAS)}
        answer: str = await self.anvil.rpc.request("eth_call", call, "latest", {}, {"time": hex(at)})
        return raw(answer)

    async def ask(self, function: str, *arguments: Any) -> tuple[Any, ...]:
        """A call's decoded answer."""
        return TABLE.answer(function, await self.call(TABLE.call(function, *arguments)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def verifier() -> AsyncIterator[Verifier]:
    """The vectors' table, published at its reference timestamp."""
    async with Anvil.start(chain_id=1, genesis_timestamp=GENESIS) as anvil:
        verifier = Verifier(anvil)
        owner = str(anvil.accounts[0].address)
        receipt = await verifier.transact(None, TABLE.creation(owner))
        code = await anvil.request("eth_getCode", receipt["contractAddress"], "latest")
        await anvil.request("anvil_setCode", VERIFIER, code)
        await anvil.request("anvil_setStorageAt", VERIFIER, OWNER_SLOT, "0x" + owner[2:].rjust(64, "0"))
        await verifier.transact(VERIFIER, TABLE.call("configureOperatorSet", OPERATOR_SET, MAX_STALENESS_S))
        rows = [
            (one["address"], one["address"], [int(weight) for weight in one["weights"]])
            for one in VECTORS["operators"]
        ]
        await anvil.request("evm_setNextBlockTimestamp", TIMESTAMP)
        await verifier.transact(VERIFIER, TABLE.call("publishTable", OPERATOR_SET, rows))
        yield verifier


def _call(function: str, case: dict[str, Any], thresholds: list[int] | None = None) -> bytes:
    """Calldata around the vector's own certificate bytes, so that no encoder of ours stands between."""
    certificate = raw(case["abi_encoded_certificate"])[32:]
    operator_set = raw(OPERATOR_SET[0]).rjust(32, b"\0") + int(OPERATOR_SET[1]).to_bytes(32, "big")
    nothing = ((OPERATOR_SET), (0, bytes(32), b""))
    if thresholds is None:
        selector = TABLE.call(function, *nothing)[:4]
        return selector + operator_set + (96).to_bytes(32, "big") + certificate
    tail = b"".join(value.to_bytes(32, "big") for value in (len(thresholds), *thresholds))
    certificate += bytes(-len(certificate) % 32)
    offsets = (128).to_bytes(32, "big") + (128 + len(certificate)).to_bytes(32, "big")
    return TABLE.call(function, *nothing, [])[:4] + operator_set + offsets + certificate + tail


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
async def test_each_certificate_is_accepted_or_refused_as_by_eigenlayers_verifier(
    verifier: Verifier, case: dict[str, Any]
) -> None:
    expected = case["expected"]
    call = _call("verifyCertificate", case)
    if "revert" in expected:
        with pytest.raises(RpcRefusedError) as refused:
            await verifier.call(call)
        assert f"output: 0x{refused.value.data.hex()} " in expected["revert"]
        return
    weights, signers = TABLE.answer("verifyCertificate", await verifier.call(call))
    assert [str(weight) for weight in weights] == expected["signed_weights"]
    assert list(signers) == expected["signers"]


async def test_two_of_three_reach_seventy_of_a_hundred_and_no_more(verifier: Verifier) -> None:
    case = next(case for case in CASES if case["name"] == "two of three")
    for bps, reached in ((7_000, True), (7_001, True), (7_099, True), (7_100, False)):
        call = _call("verifyCertificateProportion", case, [bps])
        answer = TABLE.answer("verifyCertificateProportion", await verifier.call(call))
        assert answer == (reached, tuple(case["expected"]["signers"])), "floor(total · bps / 10,000)"
    for amount, reached in ((70, True), (71, False)):
        call = _call("verifyCertificateNominal", case, [amount])
        answer = TABLE.answer("verifyCertificateNominal", await verifier.call(call))
        assert answer == (reached, tuple(case["expected"]["signers"]))


async def test_a_certificate_is_good_until_the_tables_last_second(verifier: Verifier) -> None:
    call = _call("verifyCertificate", CASES[0])
    weights, _ = TABLE.answer("verifyCertificate", await verifier.call(call, TIMESTAMP + MAX_STALENESS_S))
    assert weights == (100,)
    with pytest.raises(RpcRefusedError) as refused:
        await verifier.call(call, TIMESTAMP + MAX_STALENESS_S + 1)
    assert TABLE.error(refused.value.data) == ("CertificateStale", ())


async def test_digests_and_domain_are_the_vectors(verifier: Verifier) -> None:
    (digest,) = await verifier.ask("calculateCertificateDigest", TIMESTAMP, raw(VECTORS["message_hash"]))
    assert digest == raw(VECTORS["digest"])
    for one in DIGESTS["cases"]:
        assert one["ecdsa_verifier"] == VERIFIER
        assert await verifier.ask("domainSeparator") == (raw(one["ecdsa_domain_separator"]),)
        arguments = one["reference_timestamp"], raw(one["message_hash"])
        assert await verifier.ask("calculateCertificateDigest", *arguments) == (raw(one["ecdsa_digest"]),)
        (preimage,) = await verifier.ask("calculateCertificateDigestBytes", *arguments)
        assert preimage[:34] == b"\x19\x01" + raw(one["ecdsa_domain_separator"])
        assert keccak(preimage) == raw(one["ecdsa_digest"])
    (typehash,) = await verifier.ask("ECDSA_CERTIFICATE_TYPEHASH")
    assert typehash == raw(
        DIGESTS["typehashes"]["ECDSACertificate(uint32 referenceTimestamp,bytes32 messageHash)"]
    )


async def test_the_table_is_the_vectors_in_its_order(verifier: Verifier) -> None:
    rows = [
        (one["address"].lower(), tuple(int(weight) for weight in one["weights"]))
        for one in VECTORS["operators"]
    ]
    (infos,) = await verifier.ask("getOperatorInfos", OPERATOR_SET, TIMESTAMP)
    assert [(key.lower(), weights) for key, weights in infos] == rows
    assert await verifier.ask("getTotalStakeWeights", OPERATOR_SET, TIMESTAMP) == ((100,),)
    assert await verifier.ask("getOperatorCount", OPERATOR_SET, TIMESTAMP) == (3,)


async def test_selectors_topics_and_errors_are_eigenlayers() -> None:
    path = resources.files("hourglass.chain") / "abi" / "EcdsaOperatorTable.json"
    abi = json.loads(path.read_text("utf-8"))["abi"]
    for theirs, kind, length in (
        ("functions", "function", 4),
        ("events", "event", 32),
        ("errors", "error", 4),
    ):
        ours = {abi_to_signature(entry) for entry in abi if entry["type"] == kind}
        for signature, identifier in IDENTIFIERS[theirs].items():
            assert "0x" + keccak(signature.encode())[:length].hex() == identifier
            assert (signature in ours) != (signature in NOT_OURS), f"{kind} {signature}"
