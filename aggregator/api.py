"""The read-only status API: what this aggregator knows, as JSON over HTTP.

GET /health                    200 once the chain is being followed, 503 before
GET /status                    the node: head, open phases, refusals by reason
GET /executions/{id}           every phase attempt of one execution that this node has worked
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from aiohttp import web

from aggregator.config import ApiConfig
from hourglass.workflow.identifiers import WORD_BYTES, ExecutionId


class Observable(Protocol):
    """What the API may look at."""

    @property
    def ready(self) -> bool:
        """Is the chain being followed?"""
        ...

    def status(self) -> dict[str, Any]:
        """The node, as plain data."""
        ...

    def execution_status(self, execution_id: ExecutionId) -> dict[str, Any]:
        """One execution, as plain data."""
        ...


@asynccontextmanager
async def serve_status(node: Observable, config: ApiConfig) -> AsyncIterator[int]:
    """Serve while the context lasts; gives the port, which is the system's choice if configured as 0."""
    runner = web.AppRunner(_application(node), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, config.host, config.port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def _application(node: Observable) -> web.Application:
    async def health(_: web.Request) -> web.Response:
        return web.json_response({"ready": node.ready}, status=200 if node.ready else 503)

    async def status(_: web.Request) -> web.Response:
        return web.json_response(node.status())

    async def execution(request: web.Request) -> web.Response:
        execution_id = _execution_id(request.match_info["id"])
        return web.json_response(node.execution_status(execution_id))

    application = web.Application()
    application.add_routes(
        [
            web.get("/health", health),
            web.get("/status", status),
            web.get("/executions/{id}", execution),
        ]
    )
    return application


def _execution_id(text: str) -> ExecutionId:
    try:
        raw = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raw = b""
    if len(raw) != WORD_BYTES:
        raise web.HTTPBadRequest(text="An execution id is 0x and 64 hexadecimal digits.")
    return ExecutionId(raw)
