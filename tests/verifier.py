"""Certificates put to the contract, and to our Python, as the bytes that they are."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

from hourglass.certificate.certificates import Certificate, verify_certificate
from hourglass.certificate.operators import OperatorTable
from hourglass.chain.client import RpcRefusedError
from hourglass.chain.codec import Contract, load_contract
from hourglass.errors import RefusedError
from hourglass.testing.anvil import Anvil
from hourglass.workflow.identifiers import BasisPoints, StakeWeight

Outcome = tuple[StakeWeight, ...] | str
"""The signed weights, or the name of the error; `UNREADABLE` where the bytes are no certificate at all."""

UNREADABLE = "unreadable"
WORD = 32
CALL_GAS = 500_000_000
"""Enough for a thousand non-signers."""
DEPLOY_GAS = 8_000_000
TABLES_SLOT = 7
"""Where OperatorRegistry keeps `_tables`; that it is right is seen from `getOperatorSetInfo`."""
NO_CERTIFICATE = (0, bytes(32), (0, 0), ((0, 0), (0, 0)), ())


@dataclass(frozen=True, slots=True)
class Verifier:
    """A deployed OperatorTable that is shown any table, for the length of one call, as if it were published.

    Nothing is written: registering and publishing a thousand operators for each case would take hours.
    """

    anvil: Anvil
    address: str
    contract: Contract

    async def verify(self, encoded: bytes, table: OperatorTable) -> Outcome:
        """`verifyCertificate` of abi.encode(certificate)."""
        answer = await self._call("verifyCertificate", encoded, table)
        if isinstance(answer, str):
            return answer
        (weights,) = self.contract.answer("verifyCertificate", answer)
        return tuple(weights)

    async def accepts(
        self, encoded: bytes, table: OperatorTable, thresholds: Sequence[BasisPoints]
    ) -> bool | str:
        """`verifyCertificateProportion`, one threshold for each column."""
        answer = await self._call("verifyCertificateProportion", encoded, table, thresholds)
        if isinstance(answer, str):
            return answer
        (accepted,) = self.contract.answer("verifyCertificateProportion", answer)
        return bool(accepted)

    async def knows(self, table: OperatorTable) -> bool:
        """Does the contract, shown this table, answer with all of it?"""
        call = self.contract.call("getOperatorSetInfo", _set(table), table.reference_timestamp)
        answer = await self._request(call, table)
        (info,) = self.contract.answer("getOperatorSetInfo", answer)
        aggregate = table.aggregate_g1
        expected = (table.root, len(table.operators), (aggregate.x, aggregate.y), table.total_weights)
        return tuple(info) == expected

    async def _call(
        self, function: str, encoded: bytes, table: OperatorTable, thresholds: Sequence[int] | None = None
    ) -> bytes | str:
        """The calldata is laid around the encoded certificate, so that no encoder of ours stands between."""
        empty = (_set(table), NO_CERTIFICATE) if thresholds is None else (_set(table), NO_CERTIFICATE, ())
        head = self.contract.call(function, *empty)[: 4 + 2 * WORD]
        words = 3 if thresholds is None else 4
        offset = int.from_bytes(encoded[:WORD], "big") + (words - 1) * WORD
        data = head + _word(offset % 2**256)
        if thresholds is not None:
            data += _word(words * WORD + len(encoded) - WORD)
        data += encoded[WORD:]
        if thresholds is not None:
            data += b"".join(_word(one) for one in (len(thresholds), *thresholds))
        try:
            return await self._request(data, table)
        except RpcRefusedError as refused:
            if not refused.data:
                assert "revert" in str(refused), refused
                return UNREADABLE
            return self.contract.error(refused.data)[0]

    async def _request(self, data: bytes, table: OperatorTable) -> bytes:
        call = {"to": self.address, "data": "0x" + data.hex(), "gas": hex(CALL_GAS)}
        shown = {self.address: {"stateDiff": published(table)}}
        answer: str = await self.anvil.rpc.request("eth_call", call, "latest", shown)
        return bytes.fromhex(answer.removeprefix("0x"))


@asynccontextmanager
async def deployed_verifier() -> AsyncIterator[Verifier]:
    """An OperatorTable without any operator, on a chain of its own."""
    async with Anvil.start() as anvil:
        owner = str(anvil.accounts[0].address)
        contract = load_contract("OperatorTable")
        created = {"from": owner, "data": "0x" + contract.creation(owner).hex(), "gas": hex(DEPLOY_GAS)}
        await anvil.set_automine(False)
        sent = await anvil.request("eth_sendTransaction", created)
        await anvil.mine()
        await anvil.set_automine(True)
        receipt = await anvil.request("eth_getTransactionReceipt", sent)
        assert receipt["status"] == "0x1"
        yield Verifier(anvil, receipt["contractAddress"], contract)


def published(table: OperatorTable) -> dict[str, str]:
    """The storage that publishing this table leaves behind, as far as certificates are verified with it."""
    of_set = keccak(table.operator_set.key + _word(TABLES_SLOT))
    first = int.from_bytes(keccak(_word(table.reference_timestamp) + of_set), "big")
    weights = int.from_bytes(keccak(_word(first + 4)), "big")
    storage = {
        first: int.from_bytes(table.root, "big"),
        first + 1: len(table.operators),
        first + 2: table.aggregate_g1.x,
        first + 3: table.aggregate_g1.y,
        first + 4: len(table.total_weights),
        **{weights + column: total for column, total in enumerate(table.total_weights)},
    }
    return {"0x" + _word(slot).hex(): "0x" + _word(value).hex() for slot, value in storage.items()}


def judge(encoded: bytes, table: OperatorTable) -> Outcome:
    """What our Python says of the same bytes, in the contract's words."""
    try:
        certificate = Certificate.decode(encoded)
    except DecodingError:
        return UNREADABLE
    try:
        return verify_certificate(certificate, table, table.backend)
    except RefusedError as refused:
        return refused.detail


def _set(table: OperatorTable) -> tuple[str, int]:
    return str(table.operator_set.avs), table.operator_set.number


def _word(value: int) -> bytes:
    return value.to_bytes(WORD, "big")
