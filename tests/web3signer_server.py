"""An HTTP server that speaks Web3Signer's protocol, signing with eth-account.

As Web3Signer does, it names accounts by address in JSON-RPC and by public key in REST, has a chain id of its own,
ignores what it does not know, and hashes what it signs unless told not to.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from coincurve import PrivateKey
from eth_account import Account as EthAccount
from eth_hash.auto import keccak

from hourglass.certificate.ecdsa import address_of, sign_digest
from hourglass.workflow.identifiers import Digest

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Web3Signer:
    """The server: keeps keys, and misbehaves on request."""

    secrets: tuple[bytes, ...]
    chain_id: int
    url: str = ""
    signs_with: bytes | None = None
    """Another key than the one it is asked for."""
    knows_apply_hash: bool = False
    """Releases after 26.4.2 can be told not to hash."""
    altered: dict[str, Any] = field(default_factory=dict)
    """Fields of transactions that it changes."""
    answer: Answer | None = None
    asked: list[str] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.answer is not None:
            return await self.answer(request)
        if request.path == "/":
            return self.json_rpc(await request.json())
        if request.path == "/api/v1/eth1/publicKeys":
            return web.json_response(["0x" + self.public_key(secret).hex() for secret in self.secrets])
        return self.signed(request.match_info["rest"].rsplit("/", 1)[-1], await request.json())

    def public_key(self, secret: bytes) -> bytes:
        return PrivateKey(secret).public_key.format(compressed=False)[1:]

    def signed(self, identifier: str, body: dict[str, Any]) -> web.Response:
        named = {"0x" + self.public_key(secret).hex(): secret for secret in self.secrets}
        if identifier not in named:
            return web.Response(status=404)
        data = bytes.fromhex(body["data"][2:])
        hashes = not self.knows_apply_hash or body.get("applyHash", True)
        digest = keccak(data) if hashes else data
        signature = sign_digest(self.signs_with or named[identifier], Digest(bytes(digest)))
        return web.Response(text="0x" + signature.hex())

    def json_rpc(self, body: dict[str, Any]) -> web.Response:
        def say(**what: Any) -> web.Response:
            return web.json_response({"jsonrpc": "2.0", "id": body["id"], **what})

        addresses = {str(address_of(secret)).lower(): secret for secret in self.secrets}
        if body["method"] == "eth_accounts":
            return say(result=list(addresses))
        asked = dict(body["params"][0])
        sender = asked.pop("from").lower()
        if sender not in addresses:
            return web.json_response(
                {
                    "jsonrpc": "2.0",
                    "id": 1,
                    "error": {"code": -32000, "message": "No unlocked account matches"},
                },
                status=400,
            )
        assert set(asked) == {"to", "value", "data", "nonce", "gas", "maxFeePerGas", "maxPriorityFeePerGas"}
        transaction = {"type": 2, "chainId": self.chain_id, **asked, **self.altered}
        signed = EthAccount.sign_transaction(transaction, self.signs_with or addresses[sender])
        return say(result="0x" + signed.raw_transaction.hex())


@asynccontextmanager
async def serving(server: Web3Signer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Web3Signer]:
    """The server on a port of its own."""
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        port = runner.addresses[0][1]
        server.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{port}"
        yield server
    finally:
        await runner.cleanup()
