"""Certificates put to the contract, and to our Python, as the bytes that they are."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

from hourglass.bls.signatures import default_backend
from hourglass.certificate.curves import AnyTable, decode_certificate, verify_any
from hourglass.certificate.ecdsa_table import EcdsaOperatorTable
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
"""Where OperatorRegistry keeps `_tables`."""
ECDSA_TABLES_SLOT = 2
"""Where EcdsaOperatorTable keeps them."""
NO_CERTIFICATE = (0, bytes(32), (0, 0), ((0, 0), (0, 0)), ())
NO_ECDSA_CERTIFICATE = (0, bytes(32), b"")


@dataclass(frozen=True, slots=True)
class Verifier:
    """A deployed verifier that is shown any table, for the length of one call, as if it were published.

    Nothing is written: registering and publishing a thousand operators for each case would take hours.
    """

    anvil: Anvil
    address: str
    contract: Contract
    empty: tuple[object, ...]
    """A certificate as its ABI takes it, with nothing in it."""

    async def verify(self, encoded: bytes, table: AnyTable) -> Outcome:
        """`verifyCertificate` of abi.encode(certificate)."""
        answer = await self._call("verifyCertificate", encoded, table)
        if isinstance(answer, str):
            return answer
        weights, *_ = self.contract.answer("verifyCertificate", answer)
        return tuple(weights)

    async def accepts(self, encoded: bytes, table: AnyTable, thresholds: Sequence[BasisPoints]) -> bool | str:
        """`verifyCertificateProportion`, one threshold for each column."""
        answer = await self._call("verifyCertificateProportion", encoded, table, thresholds)
        if isinstance(answer, str):
            return answer
        accepted, *_ = self.contract.answer("verifyCertificateProportion", answer)
        return bool(accepted)

    async def ask(self, table: AnyTable, function: str, *arguments: object) -> tuple[object, ...]:
        """Any view, while this table is shown."""
        return self.contract.answer(
            function, await self._request(self.contract.call(function, *arguments), table)
        )

    async def _call(
        self, function: str, encoded: bytes, table: AnyTable, thresholds: Sequence[int] | None = None
    ) -> bytes | str:
        """The calldata is laid around the encoded certificate, so that no encoder of ours stands between."""
        empty = (_set(table), self.empty) if thresholds is None else (_set(table), self.empty, ())
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

    async def _request(self, data: bytes, table: AnyTable) -> bytes:
        call = {"to": self.address, "data": "0x" + data.hex(), "gas": hex(CALL_GAS)}
        shown = {self.address: {"stateDiff": published(table)}}
        answer: str = await self.anvil.rpc.request("eth_call", call, "latest", shown)
        return bytes.fromhex(answer.removeprefix("0x"))


@asynccontextmanager
async def deployed_verifier() -> AsyncIterator[Verifier]:
    """An OperatorTable without any operator, on a chain of its own."""
    async with Anvil.start() as anvil:
        contract = load_contract("OperatorTable")
        yield Verifier(
            anvil, await deploy(anvil, contract, str(anvil.accounts[0].address)), contract, NO_CERTIFICATE
        )


@asynccontextmanager
async def deployed_ecdsa_verifier() -> AsyncIterator[Verifier]:
    """An EcdsaOperatorTable without any operator, on a chain of its own."""
    async with Anvil.start() as anvil:
        contract = load_contract("EcdsaOperatorTable")
        yield Verifier(
            anvil,
            await deploy(anvil, contract, str(anvil.accounts[0].address)),
            contract,
            NO_ECDSA_CERTIFICATE,
        )


async def deploy(anvil: Anvil, contract: Contract, *arguments: object) -> str:
    """The address of a contract that anvil's first account has deployed."""
    created = {
        "from": str(anvil.accounts[0].address),
        "data": "0x" + contract.creation(*arguments).hex(),
        "gas": hex(DEPLOY_GAS),
    }
    await anvil.set_automine(False)
    sent = await anvil.request("eth_sendTransaction", created)
    await anvil.mine()
    await anvil.set_automine(True)
    receipt = await anvil.request("eth_getTransactionReceipt", sent)
    assert receipt["status"] == "0x1"
    address: str = receipt["contractAddress"]
    return address


async def encoded_by_mailbox(anvil: Anvil, mailbox: str, function: str, encoded: bytes) -> bytes:
    """What Solidity's own abi.encode makes of a certificate that it was given as these bytes: a pure function."""
    contract = load_contract("TaskMailbox")
    empty = NO_ECDSA_CERTIFICATE if function == "getECDSACertificateBytes" else NO_CERTIFICATE
    data = contract.call(function, empty)[:4] + encoded
    answer: str = await anvil.rpc.request("eth_call", {"to": mailbox, "data": "0x" + data.hex()}, "latest")
    (found,) = contract.answer(function, bytes.fromhex(answer.removeprefix("0x")))
    return bytes(found)


def published(table: AnyTable) -> dict[str, str]:
    """The storage that publishing this table leaves behind, as far as certificates are verified with it."""
    match table:
        case OperatorTable():
            storage = _bn254_storage(table)
        case EcdsaOperatorTable():
            storage = _ecdsa_storage(table)
    return {"0x" + _word(slot).hex(): "0x" + _word(value).hex() for slot, value in storage.items()}


def _bn254_storage(table: OperatorTable) -> dict[int, int]:
    first = _table_slot(table, TABLES_SLOT)
    return {
        first: int.from_bytes(table.root, "big"),
        first + 1: len(table.operators),
        first + 2: table.aggregate_g1.x,
        first + 3: table.aggregate_g1.y,
        **_array(first + 4, table.total_weights),
    }


def _ecdsa_storage(table: EcdsaOperatorTable) -> dict[int, int]:
    first = _table_slot(table, ECDSA_TABLES_SLOT)
    storage = {first: len(table.operators), **_array(first + 1, table.total_weights)}
    entries = _hashed(_word(first))
    for index, operator in enumerate(table.operators):
        entry = entries + 3 * index
        storage |= {
            entry: int.from_bytes(operator.address, "big"),
            entry + 1: int.from_bytes(operator.key, "big"),
            **_array(entry + 2, operator.weights),
            _hashed(operator.key.rjust(WORD, b"\0") + _word(first + 2)): index + 1,
        }
    return storage


def _table_slot(table: AnyTable, tables: int) -> int:
    of_set = keccak(table.operator_set.key + _word(tables))
    return _hashed(_word(table.reference_timestamp) + of_set)


def _array(slot: int, values: Sequence[int]) -> dict[int, int]:
    first = _hashed(_word(slot))
    return {slot: len(values), **{first + index: value for index, value in enumerate(values)}}


def _hashed(data: bytes) -> int:
    return int.from_bytes(keccak(data), "big")


def judge(encoded: bytes, table: AnyTable) -> Outcome:
    """What our Python says of the same bytes, in the contract's words."""
    try:
        certificate = decode_certificate(table, encoded)
    except DecodingError:
        return UNREADABLE
    try:
        return verify_any(certificate, table, default_backend())
    except RefusedError as refused:
        return refused.detail


def _set(table: AnyTable) -> tuple[str, int]:
    return str(table.operator_set.avs), table.operator_set.number


def _word(value: int) -> bytes:
    return value.to_bytes(WORD, "big")
