"""An account that deploys and calls, through one endpoint, before there is any state machine to speak through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from hourglass.certificate.ecdsa import address_of
from hourglass.chain.client import Rpc, RpcRefusedError, open_rpc
from hourglass.chain.codec import Contract
from hourglass.chain.signing import EthAccount
from hourglass.errors import ChainError, ConfigError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import WORD_BYTES, Address

FIRST_POLL_S, MAX_POLL_S = 0.05, 1.0
RECEIPT_TIMEOUT_S = 120.0
GAS_MARGIN_PERCENT = 130
"""Of the estimate: what a neighbour in the same block may add."""
FEE_HEADROOM = 2
"""Times the current price, which eight full blocks could not bring here."""


@dataclass(slots=True)
class Wallet:
    """One account, one transaction after the other."""

    rpc: Rpc
    chain_id: int
    address: Address
    secret: bytes

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, chain_id: int, key: SecretStr, what: str) -> AsyncIterator["Wallet"]:
        """Connect. `what`: the key's name in the context, for errors.

        Raises ConfigError(KEY_UNUSABLE), ConfigError(INVALID_CONFIG) for another chain, ChainError.
        """
        secret = secret_of(key, what)
        async with open_rpc(url) as rpc:
            found = int(await rpc.request("eth_chainId"), 16)
            if found != chain_id:
                raise ConfigError(
                    Reason.INVALID_CONFIG, f"The endpoint is of chain {found}; the context says {chain_id}."
                )
            yield cls(rpc, chain_id, address_of(secret), secret)

    async def has_code(self, address: Address) -> bool:
        """Is there a contract?"""
        return len(await self.rpc.request("eth_getCode", str(address), "latest")) > len("0x")

    async def read(self, contract: Contract, to: Address, function: str, *arguments: object) -> Any:
        """A view's answer. Raises ChainError(TRANSACTION_REVERTED), naming the contract's error."""
        call = {"to": str(to), "data": "0x" + contract.call(function, *arguments).hex()}
        answer = await self._ask(contract, function, "eth_call", call, "latest")
        return contract.answer(function, bytes.fromhex(answer[2:]))

    async def create(self, contract: Contract, what: str, *arguments: object) -> Address:
        """Deploy; the new contract's address. Raises ChainError, naming the step."""
        receipt = await self.send(contract, what, None, contract.creation(*arguments))
        return Address.parse(receipt["contractAddress"])

    async def call(
        self, contract: Contract, to: Address, function: str, *arguments: object
    ) -> dict[str, Any]:
        """Call a function; the receipt. Raises ChainError, naming the step."""
        return await self.send(contract, function, to, contract.call(function, *arguments))

    async def send(self, contract: Contract, what: str, to: Address | None, data: bytes) -> dict[str, Any]:
        """Send these bytes; the receipt. `contract` knows the errors. Raises ChainError, naming the step."""
        plain: dict[str, Any] = {"from": str(self.address), "data": "0x" + data.hex()}
        if to is not None:
            plain["to"] = str(to)
        gas = int(await self._ask(contract, what, "eth_estimateGas", plain), 16)
        price = int(await self.rpc.request("eth_gasPrice"), 16)
        nonce = int(await self.rpc.request("eth_getTransactionCount", str(self.address), "pending"), 16)
        transaction: dict[str, Any] = {
            "type": 2,
            "chainId": self.chain_id,
            "nonce": nonce,
            "value": 0,
            "data": data,
            "gas": gas * GAS_MARGIN_PERCENT // 100,
            "maxFeePerGas": price * FEE_HEADROOM,
            "maxPriorityFeePerGas": min(price, 10**9),
        }
        if to is not None:
            transaction["to"] = str(to)
        raw = bytes(EthAccount.sign_transaction(transaction, self.secret).raw_transaction)
        tx_hash = await self._ask(contract, what, "eth_sendRawTransaction", "0x" + raw.hex())
        receipt = await self._mined(what, tx_hash)
        if receipt["status"] != "0x1":
            raise ChainError(Reason.TRANSACTION_REVERTED, f"{what} ({tx_hash}) failed.")
        return receipt

    async def _ask(self, contract: Contract, what: str, method: str, *parameters: Any) -> Any:
        try:
            return await self.rpc.request(method, *parameters)
        except RpcRefusedError as error:
            name, values = contract.error(error.data) if error.data else ("", ())
            said = f"{name}{values}" if name else str(error)
            raise ChainError(Reason.TRANSACTION_REVERTED, f"{what}: {said}") from error

    async def _mined(self, what: str, tx_hash: str) -> dict[str, Any]:
        pause_s = FIRST_POLL_S
        try:
            async with asyncio.timeout(RECEIPT_TIMEOUT_S):
                while True:
                    found: dict[str, Any] | None = await self.rpc.request(
                        "eth_getTransactionReceipt", tx_hash
                    )
                    if found is not None:
                        return found
                    await asyncio.sleep(pause_s)
                    pause_s = min(2 * pause_s, MAX_POLL_S)
        except TimeoutError as error:
            raise ChainError(Reason.TRANSACTION_FAILED, f"{what} ({tx_hash}) is not mined.") from error


def secret_of(key: SecretStr, what: str) -> bytes:
    """32 bytes. Raises ConfigError(KEY_UNUSABLE), naming the key and never its digits."""
    try:
        secret = bytes.fromhex(key.get_secret_value().removeprefix("0x"))
    except ValueError:
        secret = b""
    if len(secret) != WORD_BYTES:
        raise ConfigError(Reason.KEY_UNUSABLE, f"The context's {what} is not 64 hexadecimal digits.")
    return secret
