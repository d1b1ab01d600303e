"""An account whose key a Consensys Web3Signer keeps: transactions by JSON-RPC, digests by its REST API.

It is not trusted: a raw transaction is compared field by field with the one that was asked for, and every signature
must recover to the configured address, before anything is sent or said.
"""

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from eth_hash.auto import keccak

from hourglass.certificate.ecdsa import recover_signer
from hourglass.certificate.ecdsa_signer import HashedDigest
from hourglass.chain.account import Web3SignerConfig
from hourglass.chain.port import Transaction
from hourglass.errors import ConfigError, SignerError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, Digest

MAX_ANSWER_BYTES = 1024 * 1024
SHOWN_CHARACTERS = 200
PUBLIC_KEYS = "/api/v1/eth1/publicKeys"
SIGN = "/api/v1/eth1/sign/"
UNCOMPRESSED_BYTES = 64
PROOF = Digest(HashedDigest(b"Hourglass Workflow asks a remote signer for its first signature."))
"""Signed at the start to see that all is well. No typed data and no transaction hashes to it."""


@dataclass(slots=True)
class Web3SignerAccount:
    """A `SigningAccount` without a secret. Opens one connection per signature: it signs seldom."""

    address: Address
    url: str
    timeout_s: float
    _tls: ssl.SSLContext | bool = field(repr=False)
    _key_id: str = ""

    @classmethod
    def of(cls, config: Web3SignerConfig) -> "Web3SignerAccount":
        """Asks nothing yet. Raises ConfigError(KEY_UNUSABLE) for certificate files that cannot be used."""
        return cls(Address.parse(config.address), config.url, config.timeout_s, _tls(config))

    async def prove(self) -> None:
        """See that the server signs transactions and digests of this account. Raises SignerError."""
        accounts = await self._rpc("eth_accounts", [])
        if not isinstance(accounts, list) or str(self.address).lower() not in {
            str(one).lower() for one in accounts
        }:
            raise self._error(Reason.SIGNER_REFUSED, "it has no such account")
        await self._sign(PROOF)

    async def sign_transaction(self, transaction: Transaction) -> bytes:
        """The raw transaction, compared and its sender recovered. Raises SignerError."""
        # Only nodes that pay need it, and it takes half a second to import.
        from hourglass.chain.signing import sender_of

        answer = await self._rpc("eth_signTransaction", [_parameters(self.address, transaction)])
        try:
            raw = _bytes(answer)
            sender = sender_of(raw, transaction)
        except ValueError as error:
            raise self._error(
                Reason.SIGNER_FALSE, f"asked to sign a transaction it answers, but {error}"
            ) from error
        if sender != self.address:
            raise self._error(Reason.SIGNER_FALSE, f"its signature is {sender}'s")
        return raw

    def sign(self, digest: Digest) -> bytes:
        """65 bytes, recovered. Blocks, and never an event loop: call it in a thread. Raises SignerError."""
        signing = self._sign(digest)
        try:
            return asyncio.run(signing)
        finally:
            signing.close()

    async def _sign(self, digest: Digest) -> bytes:
        if not self._key_id:
            self._key_id = self._find(await self._request("GET", PUBLIC_KEYS, None))
        answer = await self._request("POST", SIGN + self._key_id, _question(digest))
        try:
            signature = _bytes(answer.decode("ascii").strip().strip('"'))
        except ValueError as error:
            raise self._error(Reason.SIGNER_FALSE, "it answers no signature") from error
        if recover_signer(digest, signature) != self.address:
            raise self._error(Reason.SIGNER_FALSE, "its signature is another key's, or of something else")
        return signature

    def _find(self, answer: bytes) -> str:
        """How the server names the key of this account: by its public key."""
        try:
            listed = json.loads(answer)
            for one in listed:
                key = _bytes(one)
                if len(key) == UNCOMPRESSED_BYTES and Address(keccak(key)[-20:]) == self.address:
                    return str(one)
        except (ValueError, TypeError, RecursionError) as error:
            raise self._error(Reason.SIGNER_FALSE, "it answers no list of public keys") from error
        raise self._error(Reason.SIGNER_REFUSED, "it has no such key")

    async def _rpc(self, method: str, parameters: list[Any]) -> Any:
        question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
        answer = await self._request("POST", "/", question)
        try:
            found = json.loads(answer)
        except (ValueError, RecursionError):
            found = None
        match found:
            case {"error": {"message": str(message)}}:
                raise self._error(Reason.SIGNER_REFUSED, f"{method}: {_shown(message)}")
            case {"result": result} if result is not None:
                return result
            case _:
                raise self._error(Reason.SIGNER_FALSE, f"it answers {method} with no JSON-RPC")

    async def _request(self, method: str, path: str, question: dict[str, Any] | None) -> bytes:
        limit = aiohttp.ClientTimeout(total=self.timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.request(
                    method, self.url + path, json=question, ssl=self._tls, allow_redirects=False
                ) as response,
            ):
                answer = await self._read(response)
                status, is_json = response.status, "json" in response.content_type
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._error(Reason.SIGNER_UNREACHABLE, type(error).__name__) from error
        # JSON-RPC errors come with a status of their own: their message says more than the number.
        if status != 200 and not (path == "/" and is_json):
            reason = Reason.SIGNER_UNREACHABLE if status >= 500 else Reason.SIGNER_REFUSED
            raise self._error(reason, f"HTTP status {status} on {path.rsplit('/', 1)[0] or path}")
        return answer

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        answer = bytearray()
        async for chunk in response.content.iter_any():
            answer += chunk
            if len(answer) > MAX_ANSWER_BYTES:
                raise self._error(Reason.SIGNER_FALSE, f"its answer is longer than {MAX_ANSWER_BYTES} bytes")
        return bytes(answer)

    def _error(self, reason: Reason, what: str) -> SignerError:
        return SignerError(reason, f"Web3Signer at {_masked(self.url)}, account {self.address}: {what}.")


def _question(digest: Digest) -> dict[str, Any]:
    # What it is given it hashes before it signs. Releases after 26.4.2 can be told not to.
    if isinstance(digest, HashedDigest):
        return {"data": "0x" + digest.preimage.hex()}
    return {"data": "0x" + digest.hex(), "applyHash": False}


def _parameters(sender: Address, transaction: Transaction) -> dict[str, str]:
    plan = transaction.plan
    return {
        "from": str(sender),
        "to": str(transaction.to),
        "value": hex(transaction.value_wei),
        "data": "0x" + transaction.data.hex(),
        "nonce": hex(plan.nonce),
        "gas": hex(plan.gas_limit),
        "maxFeePerGas": hex(plan.max_fee_per_gas_wei),
        "maxPriorityFeePerGas": hex(plan.max_priority_fee_per_gas_wei),
    }


def _bytes(text: Any) -> bytes:
    if not isinstance(text, str) or not text.startswith("0x"):
        raise ValueError("it is no hexadecimal text")
    return bytes.fromhex(text[2:])


def _tls(config: Web3SignerConfig) -> ssl.SSLContext | bool:
    if config.ca_file is None and config.client_certificate_file is None:
        return True
    try:
        context = ssl.create_default_context(cafile=config.ca_file)
        if config.client_certificate_file is not None and config.client_key_file is not None:
            # No password is ever asked for: an encrypted key is refused instead of prompting.
            context.load_cert_chain(config.client_certificate_file, config.client_key_file, password="")
    except (OSError, ValueError) as error:
        named = ", ".join(
            str(file) for file in (config.ca_file, config.client_certificate_file) if file is not None
        )
        raise ConfigError(Reason.KEY_UNUSABLE, f"{named}: {type(error).__name__}.") from error
    return context


def _shown(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text[:SHOWN_CHARACTERS])


def _masked(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
