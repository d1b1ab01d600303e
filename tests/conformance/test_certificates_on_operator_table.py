"""The local network's OperatorTable answers as EigenLayer's verifier does: its accept/reject table on a real EVM."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from eth_hash.auto import keccak

from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend, sign
from hourglass.certificate.digests import key_registration_digest
from hourglass.chain.client import RpcRefusedError
from hourglass.chain.codec import load_contract
from hourglass.testing.anvil import Anvil
from hourglass.workflow.identifiers import Address, ChainId, OperatorSetId

DATA = Path(__file__).parent / "data"
CHAIN_ID = 1
GENESIS = 1_759_990_000
TABLE = load_contract("OperatorTable")
STALE_SET = 6
PATIENCE_S = 10.0
POLL_S = 0.002
CALL_GAS = 5_000_000
"""Far more than any certificate here costs, far less than what an off-curve point burns on EigenLayer's verifier."""

pytestmark = pytest.mark.asyncio(loop_scope="module")


def _load(name: str) -> Any:
    return json.loads((DATA / name).read_text("utf-8"))


CERTIFICATES = _load("certificates_end_to_end.json")
CASES: list[dict[str, Any]] = CERTIFICATES["cases"]
CLOCK: int = CERTIFICATES["clock"]
SETS: dict[int, dict[str, Any]] = {one["id"]: one for one in CERTIFICATES["operator_sets"]}
AVS = Address.parse(CASES[0]["operator_set"]["avs"])
CASE_NAMES = [case["name"] for case in CASES]
OUTCOMES: list[dict[str, Any]] = _load("bn254_keys_and_signatures.json")["verifier_outcomes"]
TREES = _load("operator_info_tree.json")
VERIFIER: dict[str, dict[str, str]] = _load("abi_identifiers.json")["contracts"]["BN254CertificateVerifier"]


@dataclass(frozen=True, slots=True)
class Network:
    """A chain whose clock stands at the vectors' clock, with one table contract per operator set of the vectors.

    One contract each, because the vectors use the same keys in several sets and a key is registered once.
    """

    anvil: Anvil
    tables: dict[int, str]

    async def transact(self, to: str | None, data: bytes) -> dict[str, Any]:
        """Send from the owner and mine; the receipt of a success."""
        sender = str(self.anvil.accounts[0].address)
        transaction = {"from": sender, "data": "0x" + data.hex(), "gas": hex(CALL_GAS)}
        if to is not None:
            transaction["to"] = to
        tx_hash = await self.anvil.request("eth_sendTransaction", transaction)
        receipt = await self.mined(tx_hash)
        assert receipt["status"] == "0x1", data[:4].hex()
        return receipt

    async def mined(self, tx_hash: str) -> dict[str, Any]:
        """The receipt, as soon as there is one."""
        async with asyncio.timeout(PATIENCE_S):
            while (receipt := await self.anvil.request("eth_getTransactionReceipt", tx_hash)) is None:
                await asyncio.sleep(POLL_S)
        found: dict[str, Any] = receipt
        return found

    async def call(self, set_id: int, data: bytes) -> bytes:
        """An answer, or the revert's data as RpcRefusedError. Nothing changes, as each case expects."""
        call = {"to": self.tables[set_id], "data": "0x" + data.hex(), "gas": hex(CALL_GAS)}
        answer: str = await self.anvil.rpc.request("eth_call", call, "latest")
        return bytes.fromhex(answer.removeprefix("0x"))

    async def ask(self, set_id: int, function: str, *arguments: Any) -> tuple[Any, ...]:
        """A call's decoded answer."""
        return TABLE.answer(function, await self.call(set_id, TABLE.call(function, *arguments)))


def _members(set_id: int) -> list[tuple[int, list[int]]]:
    """Secrets and weights. The stale set is not among the vectors' sets: its certificate names set 1's first two."""
    if set_id != STALE_SET:
        return [
            (int(one["sk"]), [int(weight) for weight in one["weights"]]) for one in SETS[set_id]["operators"]
        ]
    return [(int(one["sk"]), [1]) for one in SETS[1]["operators"][:2]]


async def _fill(network: Network, set_id: int) -> None:
    operator_set = (str(AVS), set_id)
    table = network.tables[set_id]
    stale_after = 999 if set_id == STALE_SET else 0
    await network.transact(table, TABLE.call("configureOperatorSet", operator_set, stale_after))
    for index, (scalar, weights) in enumerate(_members(set_id)):
        operator = Address(keccak(b"operator %d" % index)[-20:])
        secret = SecretKey(scalar)
        key_data = secret.public_key(default_backend()).key_data
        digest = key_registration_digest(
            Address.parse(table), ChainId(CHAIN_ID), operator, OperatorSetId(AVS, set_id), key_data
        )
        proof = sign(secret, digest, default_backend()).to_bytes()
        call = TABLE.call("registerOperator", operator_set, str(operator), key_data, proof, weights)
        await network.transact(table, call)


async def _publish(network: Network, timestamp: int, set_ids: list[int]) -> None:
    """All in one block, since several sets share their reference timestamp."""
    await network.anvil.set_automine(False)
    sent = []
    for set_id in set_ids:
        transaction = {
            "from": str(network.anvil.accounts[0].address),
            "to": network.tables[set_id],
            "data": "0x" + TABLE.call("publishTable", (str(AVS), set_id)).hex(),
            "gas": hex(CALL_GAS),
        }
        sent.append(await network.anvil.request("eth_sendTransaction", transaction))
    await network.anvil.mine_at(timestamp)
    await network.anvil.set_automine(True)
    for tx_hash in sent:
        assert (await network.mined(tx_hash))["status"] == "0x1"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def network() -> AsyncIterator[Network]:
    """The vectors' tables, at the vectors' clock."""
    async with Anvil.start(chain_id=CHAIN_ID, genesis_timestamp=GENESIS) as anvil:
        network = Network(anvil, {})
        owner = str(anvil.accounts[0].address)
        for set_id in (*SETS, STALE_SET):
            receipt = await network.transact(None, TABLE.creation(owner))
            network.tables[set_id] = receipt["contractAddress"]
            await _fill(network, set_id)
        published = {case["reference_timestamp"] for case in CASES if "signed_weights" in case["expected"]}
        assert len(published) == 1, "the vectors' tables share one timestamp"
        await _publish(network, published.pop(), list(SETS))
        stale = next(case for case in CASES if case["operator_set"]["id"] == STALE_SET)
        await _publish(network, stale["reference_timestamp"], [STALE_SET])
        await anvil.mine_at(CLOCK)
        yield network


def _certificate_call(function: str, case: dict[str, Any], *more: tuple[str, list[int]]) -> bytes:
    """Calldata around the vector's own certificate bytes, so that no encoder of ours stands between."""
    certificate = bytes.fromhex(case["abi_encoded_certificate"].removeprefix("0x"))[32:]
    operator_set = bytes(AVS).rjust(32, b"\0") + int(case["operator_set"]["id"]).to_bytes(32, "big")
    heads = 3 + len(more)
    tail = b"".join(
        len(values).to_bytes(32, "big") + b"".join(v.to_bytes(32, "big") for v in values)
        for _, values in more
    )
    offsets = (32 * heads).to_bytes(32, "big")
    if more:
        offsets += (32 * heads + len(certificate)).to_bytes(32, "big")
    return TABLE.call(function, *_EMPTY_ARGUMENTS[function])[:4] + operator_set + offsets + certificate + tail


_NO_CERTIFICATE = (0, bytes(32), (0, 0), ((0, 0), (0, 0)), ())
_EMPTY_ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "verifyCertificate": ((str(AVS), 1), _NO_CERTIFICATE),
    "verifyCertificateProportion": ((str(AVS), 1), _NO_CERTIFICATE, ()),
}


@pytest.mark.parametrize("case", CASES, ids=CASE_NAMES)
async def test_each_certificate_is_accepted_or_refused_as_by_eigenlayers_verifier(
    network: Network, case: dict[str, Any]
) -> None:
    expected = case["expected"]
    set_id = case["operator_set"]["id"]
    call = _certificate_call("verifyCertificate", case)
    if "revert" in expected:
        with pytest.raises(RpcRefusedError) as refused:
            await network.call(set_id, call)
        assert "0x" + refused.value.data.hex() in expected["revert"]
        assert len(refused.value.data) == 4
        return
    (weights,) = TABLE.answer("verifyCertificate", await network.call(set_id, call))
    assert [str(weight) for weight in weights] == expected["signed_weights"]
    for bps, reached in expected["proportion_ok_by_bps"].items():
        thresholds = [int(bps)] * len(weights)
        call = _certificate_call("verifyCertificateProportion", case, ("uint16[]", thresholds))
        assert TABLE.answer("verifyCertificateProportion", await network.call(set_id, call)) == (reached,)


async def test_the_stale_certificate_was_good_until_its_last_second(network: Network) -> None:
    case = next(case for case in CASES if case["operator_set"]["id"] == STALE_SET)
    last = case["reference_timestamp"] + 999
    call = {
        "to": network.tables[STALE_SET],
        "data": "0x" + _certificate_call("verifyCertificate", case).hex(),
        "gas": hex(CALL_GAS),
    }
    answer = await network.anvil.rpc.request("eth_call", call, "latest", {}, {"time": hex(last)})
    assert TABLE.answer("verifyCertificate", bytes.fromhex(answer[2:])) == ((2,),)


async def test_published_tables_have_the_vectors_roots_keys_and_totals(network: Network) -> None:
    for set_id, expected in SETS.items():
        timestamp = CASES[0]["reference_timestamp"]
        (info,) = await network.ask(set_id, "getOperatorSetInfo", (str(AVS), set_id), timestamp)
        root, count, key, totals = info
        assert "0x" + root.hex() == expected["root"]
        assert count == len(expected["operators"])
        assert [str(part) for part in key] == expected["aggregate_pubkey"]
        assert [str(total) for total in totals] == expected["total_weights"]


async def test_rows_of_a_table_are_complete_and_in_index_order(network: Network) -> None:
    timestamp = CASES[0]["reference_timestamp"]
    for set_id, expected in SETS.items():
        (rows,) = await network.ask(set_id, "getOperatorTable", (str(AVS), set_id), timestamp)
        for (_, g1, g2, weights), one in zip(rows, expected["operators"], strict=True):
            assert [str(part) for part in g1] == one["pubkey"]
            assert [str(weight) for weight in weights] == one["weights"]
            public = SecretKey(int(one["sk"])).public_key(default_backend())
            assert b"".join(part.to_bytes(32, "big") for pair in g2 for part in pair) == public.g2.to_bytes()
            (leaf,) = await network.ask(set_id, "calculateOperatorInfoLeaf", (g1, weights))
            assert "0x" + leaf.hex() == one["leaf"]


async def test_leaves_and_digests_are_the_vectors(network: Network) -> None:
    for one in TREES["leaves"]:
        pubkey = tuple(int(part, 16) for part in one["pubkey"])
        (leaf,) = await network.ask(
            1, "calculateOperatorInfoLeaf", (pubkey, [int(w) for w in one["weights"]])
        )
        assert "0x" + leaf.hex() == one["leaf"]
    for one in _load("digests_and_typehashes.json")["cases"]:
        message_hash = bytes.fromhex(one["message_hash"][2:])
        (digest,) = await network.ask(
            1, "calculateCertificateDigest", one["reference_timestamp"], message_hash
        )
        assert "0x" + digest.hex() == one["bn254_digest"]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=[one["name"] for one in OUTCOMES])
async def test_single_signatures_come_out_as_on_eigenlayers_verifier(
    network: Network, outcome: dict[str, Any]
) -> None:
    """Where EigenLayer's burns all gas, on a point off the curve, ours says so for little."""
    arguments = (
        bytes.fromhex(outcome["digest"][2:]),
        tuple(int(part) for part in outcome["g1"]),
        tuple(tuple(int(part) for part in pair) for pair in outcome["g2"]),
        tuple(int(part) for part in outcome["sig"]),
    )
    if isinstance(outcome["returned_pair"], list):
        answer = await network.ask(1, "trySignatureVerification", *arguments)
        assert list(answer) == outcome["returned_pair"]
        return
    with pytest.raises(RpcRefusedError) as refused:
        await network.ask(1, "trySignatureVerification", *arguments)
    assert TABLE.error(refused.value.data) == ("InvalidPoint", arguments[3])


async def test_gas_stays_within_a_twentieth_of_eigenlayers(network: Network) -> None:
    for case in CASES:
        if "signed_weights" not in case["expected"] or not case["signers"]:
            continue
        set_id = case["operator_set"]["id"]
        snapshot = await network.anvil.request("evm_snapshot")
        calldata = _certificate_call("verifyCertificate", case)
        receipt = await network.transact(network.tables[set_id], calldata)
        await network.anvil.request("evm_revert", snapshot)
        intrinsic = 21_000 + sum(16 if byte else 4 for byte in calldata)
        used = int(receipt["gasUsed"], 16)
        assert used - intrinsic < 1.05 * case["expected"]["verifyCertificate_gas"], case["name"]


async def test_selectors_topics_and_errors_are_eigenlayers() -> None:
    abi = json.loads((_package_data() / "OperatorTable.json").read_text("utf-8"))["abi"]
    ours = {
        kind: {_signature(one) for one in abi if one["type"] == kind}
        for kind in ("function", "event", "error")
    }
    kinds = (("functions", "function", 4), ("events", "event", 32), ("errors", "error", 4))
    for theirs, kind, length in kinds:
        for signature, identifier in VERIFIER[theirs].items():
            assert "0x" + keccak(signature.encode())[:length].hex() == identifier
            if signature != "Initialized(uint8)":  # OpenZeppelin's, of a proxy; ours is none.
                assert signature in ours[kind], f"{kind} {signature} is missing"


def _package_data() -> Path:
    return Path(__file__).parents[2] / "hourglass" / "chain" / "abi"


def _signature(entry: dict[str, Any]) -> str:
    return f"{entry['name']}({','.join(_type(one) for one in entry['inputs'])})"


def _type(entry: dict[str, Any]) -> str:
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    return f"({','.join(_type(part) for part in entry['components'])}){kind.removeprefix('tuple')}"
