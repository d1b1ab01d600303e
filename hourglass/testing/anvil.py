"""A real chain on loopback: Foundry's anvil, started, driven and ended by handle. It writes no file."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hourglass.certificate.ecdsa import address_of
from hourglass.chain.client import Rpc, RpcRefusedError, open_rpc
from hourglass.chain.port import Account
from hourglass.errors import ChainError, ConfigError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address

DEFAULT_CHAIN_ID = 31_337
START_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 5.0
LISTENING = "Listening on "
KEYS_FOLLOW = "Private Keys"
KEY_HEX_LENGTH = 66
LAST_LINES = 20


@dataclass(slots=True)
class Anvil:
    """A running anvil. `accounts` are its funded development accounts, whose keys everybody knows."""

    rpc_url: str
    chain_id: int
    accounts: tuple[Account, ...]
    rpc: Rpc

    @classmethod
    @asynccontextmanager
    async def start(
        cls,
        port: int | None = None,
        block_time: int | None = None,
        chain_id: int = DEFAULT_CHAIN_ID,
        genesis_timestamp: int | None = None,
    ) -> AsyncIterator["Anvil"]:
        """Start on this or any free port, ready when entered; ended on leaving.

        Blocks come at once with a transaction; with a `block_time` (seconds) also without any.
        Raises ConfigError, with anvil's last words, if it does not come up.
        """
        arguments = [find_anvil(), "--host", "127.0.0.1", "--port", str(port or 0)]
        arguments += ["--chain-id", str(chain_id)]
        if block_time is not None:
            arguments += ["--block-time", str(block_time), "--mixed-mining"]
        if genesis_timestamp is not None:
            arguments += ["--timestamp", str(genesis_timestamp)]
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            address, accounts = await _until_listening(process.stdout)
            drain = asyncio.create_task(_drain(process.stdout))
            try:
                async with open_rpc(f"http://{address}") as rpc:
                    yield cls(rpc.url, chain_id, accounts, rpc)
            finally:
                drain.cancel()
        finally:
            await _end(process)

    async def request(self, method: str, *parameters: Any) -> Any:
        """Any JSON-RPC request. Raises ChainError, also for what anvil refuses."""
        try:
            return await self.rpc.request(method, *parameters)
        except RpcRefusedError as error:
            raise ChainError(Reason.TRANSACTION_FAILED, f"{method}: {error}") from error

    async def increase_time(self, seconds: int) -> None:
        """Mine a block that many seconds later than the newest."""
        newest = await self.request("eth_getBlockByNumber", "latest", False)
        await self.mine_at(int(newest["timestamp"], 16) + seconds)

    async def mine_at(self, timestamp: int) -> None:
        """Mine a block with this timestamp, which is later than the newest's; the clock goes on from there."""
        await self.request("evm_setNextBlockTimestamp", hex(timestamp))
        await self.mine()

    async def mine(self, blocks: int = 1) -> None:
        """Mine blocks, empty but for what waits in the pool."""
        await self.request("anvil_mine", hex(blocks))

    async def set_automine(self, enabled: bool) -> None:
        """Whether a transaction is mined as soon as it arrives."""
        await self.request("evm_setAutomine", enabled)

    async def reorg(self, depth: int) -> None:
        """Replace the newest `depth` blocks by as many empty ones; their transactions are forgotten."""
        await self.request("anvil_reorg", depth, [])

    async def fund(self, address: Address, wei: int) -> None:
        """Give an account this balance."""
        await self.request("anvil_setBalance", str(address), hex(wei))


async def _until_listening(output: asyncio.StreamReader) -> tuple[str, tuple[Account, ...]]:
    """Host and port that it announces, and the accounts that it lists before."""
    lines: list[str] = []
    secrets: list[bytes] = []
    with suppress(TimeoutError):
        async with asyncio.timeout(START_TIMEOUT_S):
            while line := (await output.readline()).decode("utf-8", errors="replace"):
                lines.append(line)
                if line.startswith(LISTENING):
                    accounts = tuple(Account(address_of(secret), secret) for secret in secrets)
                    return line.removeprefix(LISTENING).strip(), accounts
                word = line.split()[-1] if line.split() else ""
                if word.startswith("0x") and len(word) == KEY_HEX_LENGTH:
                    secrets.append(bytes.fromhex(word[2:]))
    raise ConfigError(Reason.INVALID_CONFIG, f"anvil does not come up: {''.join(lines[-LAST_LINES:])}")


async def _drain(output: asyncio.StreamReader) -> None:
    """Its log goes nowhere, but a full pipe would stop it."""
    while await output.read(2**16):
        pass


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def find_anvil() -> str:
    """The binary: HOURGLASS_ANVIL, npm's in a folder above this one or the package's, or on PATH.

    Raises ConfigError, saying how to get it.
    """
    candidates = (os.environ.get("HOURGLASS_ANVIL"), *_from_npm(), shutil.which("anvil"))
    found = next((one for one in candidates if one), None)
    if found is None:
        raise ConfigError(
            Reason.INVALID_CONFIG,
            "There is no anvil: install it with `npm ci`, or name it in HOURGLASS_ANVIL.",
        )
    return found


def _from_npm() -> Iterator[str]:
    for start in (Path.cwd(), Path(__file__).parent):
        for folder in (start, *start.parents):
            yield from map(str, sorted(folder.glob("node_modules/@foundry-rs/anvil-*/bin/anvil")))
