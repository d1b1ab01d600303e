"""The real client against endpoints that are down, slow, wrong or hostile."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from hourglass.chain.client import EvmChain, masked, open_rpc
from hourglass.chain.config import ChainConfig
from hourglass.chain.port import Block, ExecuteWorkflow, TransactionPlan
from hourglass.errors import ChainError, RevertedError
from hourglass.reasons import Reason
from hourglass.testing.anvil import Anvil
from hourglass.testing.worlds import ONE_PHASE, STRANGER, anvil_world
from hourglass.workflow.identifiers import (
    Address,
    BlockNumber,
    ChainTime,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    TxHash,
    WorkflowId,
)

MACHINE = "0x" + "aa" * 20
ADDRESS = Address(b"\x01" * 20)
SECRET = "4f2c-very-secret"
EXECUTION = ExecutionId(b"\x01" * 32)
LENGTH = b"content-length:"

Answer = Callable[[dict[str, Any]], Awaitable[bytes]]
"""What an endpoint sends back for a request, headers included."""


def http(body: object, status: str = "200 OK") -> bytes:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
    return head.encode() + text


def result(value: object) -> bytes:
    return http({"jsonrpc": "2.0", "id": 0, "result": value})


def refused(code: int, message: str, data: object = None) -> bytes:
    return http({"jsonrpc": "2.0", "id": 0, "error": {"code": code, "message": message, "data": data}})


@asynccontextmanager
async def endpoint(answer: Answer, requests_per_connection: int = 1_000) -> AsyncIterator[str]:
    """An endpoint that answers so; closes a connection after so many requests."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for _ in range(requests_per_connection):
                head = await reader.readuntil(b"\r\n\r\n")
                (length,) = (
                    int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(LENGTH)
                )
                writer.write(await answer(json.loads(await reader.readexactly(length))))
                await writer.drain()
            await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def well(request: dict[str, Any]) -> bytes:
    """A healthy endpoint of chain 31337 with something at every address."""
    match request["method"]:
        case "eth_chainId":
            return result("0x7a69")
        case "eth_getCode":
            return result("0x6001")
        case _:
            return refused(-32601, "the method does not exist")


def config(url: str, chain_id: int = 31_337, timeout_s: float = 5.0) -> ChainConfig:
    return ChainConfig(rpc_url=url, chain_id=chain_id, state_machine=MACHINE, request_timeout_s=timeout_s)


@asynccontextmanager
async def connected(answer: Answer, timeout_s: float = 5.0) -> AsyncIterator[EvmChain]:
    """Connected to an endpoint that was well, and from then on answers so."""
    healthy = True

    async def by_turns(request: dict[str, Any]) -> bytes:
        return await (well if healthy else answer)(request)

    async with endpoint(by_turns) as url, EvmChain.connect(config(url, timeout_s=timeout_s)) as chain:
        healthy = False
        yield chain


# ── Connecting ────────────────────────────────────────────────────────────────────────────────────────


async def test_an_endpoint_that_is_down_is_unreachable_and_its_key_is_not_told() -> None:
    async with endpoint(well) as url:
        pass
    with pytest.raises(ChainError) as error:
        async with EvmChain.connect(config(f"{url}/v3/{SECRET}?key={SECRET}")):
            pass
    assert error.value.reason is Reason.CHAIN_UNREACHABLE
    told = "".join(map(str, (error.value, error.value.__cause__, repr(error.value))))
    assert SECRET not in told
    assert url in told
    assert error.value.__suppress_context__


async def test_another_chain_is_refused() -> None:
    async with endpoint(well) as url:
        with pytest.raises(ChainError) as error:
            async with EvmChain.connect(config(url, chain_id=1)):
                pass
    assert error.value.reason is Reason.WRONG_CHAIN
    assert "31337" in error.value.detail


@pytest.mark.parametrize("answer", [result("chain"), result(None), refused(-32601, "no")], ids=repr)
async def test_an_endpoint_that_is_no_chain_at_all_is_refused(answer: bytes) -> None:
    async def always(_request: dict[str, Any]) -> bytes:
        return answer

    async with endpoint(always) as url:
        with pytest.raises(ChainError):
            async with EvmChain.connect(config(url)):
                pass


async def test_an_address_without_a_contract_is_refused() -> None:
    async with Anvil.start() as anvil:
        with pytest.raises(ChainError) as error:
            async with EvmChain.connect(config(anvil.rpc_url)):
                pass
    assert error.value.reason is Reason.CONTRACT_MISSING


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pass@rpc.example.org/v3/key?k=key#key", "https://rpc.example.org"),
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("wss://node:443/ws/key", "wss://node:443"),
    ],
)
def test_of_an_url_only_scheme_and_host_are_shown(url: str, shown: str) -> None:
    assert masked(url) == shown


# ── Answers ───────────────────────────────────────────────────────────────────────────────────────────


async def test_an_endpoint_that_hangs_costs_its_time_limit_and_no_more() -> None:
    never = asyncio.Event()

    async def hang(_request: dict[str, Any]) -> bytes:
        await never.wait()
        return b""

    async with connected(hang, timeout_s=0.05) as chain:
        with pytest.raises(ChainError) as error:
            await chain.head()
        never.set()
    assert error.value.reason is Reason.CHAIN_UNREACHABLE


@pytest.mark.parametrize(
    "body",
    [
        http(b"<html>504</html>", "504 Gateway Timeout"),
        http(b"<html>hello</html>"),
        http([]),
        http({"jsonrpc": "2.0", "id": 0}),
        http("text"),
        b"nonsense\r\n\r\n",
    ],
    ids=["status", "html", "list", "neither", "text", "no http"],
)
async def test_whatever_is_no_answer_means_unreachable(body: bytes) -> None:
    async def answer(_request: dict[str, Any]) -> bytes:
        return body

    async with connected(answer) as chain:
        with pytest.raises(ChainError) as error:
            await chain.head()
    assert error.value.reason is Reason.CHAIN_UNREACHABLE


@pytest.mark.parametrize("code", [-32005, -32601, -32000], ids=["rate", "method", "other"])
async def test_an_endpoint_that_refuses_is_quoted(code: int) -> None:
    async def answer(_request: dict[str, Any]) -> bytes:
        return refused(code, "not for you")

    async with connected(answer) as chain:
        with pytest.raises(ChainError) as error:
            await chain.head()
    assert error.value.reason is Reason.ENDPOINT_REFUSED
    assert "not for you" in error.value.detail


@pytest.mark.parametrize(
    "answer",
    [
        refused(3, "execution reverted", "0x2f5f0d5b"),
        refused(3, "execution reverted"),
        refused(-32015, "VM execution error", {"data": "0x12345678"}),
        refused(-32000, "out of gas"),
    ],
    ids=["unknown selector", "no data", "nested data", "out of gas"],
)
async def test_a_simulation_that_fails_is_a_revert_even_if_nobody_knows_why(answer: bytes) -> None:
    async def always(_request: dict[str, Any]) -> bytes:
        return answer

    async with connected(always) as chain:
        with pytest.raises(RevertedError) as error:
            await chain.estimate_gas(ExecuteWorkflow(WorkflowId(b"\x01" * 32), b""), ADDRESS)
    assert error.value.reason is Reason.CALL_REFUSED


@pytest.mark.parametrize(
    "short_way",
    [
        refused(-32601, "the method does not exist"),
        result({"accessList": [], "error": "execution reverted", "gasUsed": "0x5208"}),
        result(None),
    ],
    ids=["unknown method", "reverted without a reason", "nonsense"],
)
async def test_gas_is_asked_for_the_long_way_where_the_short_one_gives_no_answer(short_way: bytes) -> None:
    async def answer(request: dict[str, Any]) -> bytes:
        return short_way if request["method"] == "eth_createAccessList" else result("0x1234")

    async with connected(answer) as chain:
        gas = await chain.estimate_gas(ExecuteWorkflow(WorkflowId(b"\x01" * 32), b""), ADDRESS)
    assert gas == 0x1234


async def test_an_answer_of_another_shape_means_another_contract() -> None:
    async def answer(_request: dict[str, Any]) -> bytes:
        return result("0x" + "00" * 31)

    async with connected(answer) as chain:
        with pytest.raises(ChainError) as error:
            await chain.phase(EXECUTION, PhaseIndex(0))
    assert error.value.reason is Reason.CONTRACT_MISSING


GARBAGE: tuple[object, ...] = (
    None,
    5,
    [],
    "0xzz",
    {"number": "5"},
    [{"topics": ["0x00"], "data": "0x"}],
    ["0x1"],
)


@pytest.mark.parametrize("garbage", GARBAGE, ids=repr)
async def test_whatever_an_endpoint_makes_up_is_never_more_than_a_chain_error(garbage: object) -> None:
    async def answer(_request: dict[str, Any]) -> bytes:
        return result(garbage)

    block = Block(BlockNumber(1), b"\x01" * 32, b"\x02" * 32, ChainTime(3))
    call = ExecuteWorkflow(WorkflowId(b"\x01" * 32), b"")
    table = (OperatorSetId(ADDRESS, 1), ReferenceTimestamp(1))
    outcomes = []
    async with connected(answer) as chain:
        for asked in (
            chain.head(),
            chain.block(BlockNumber(1)),
            chain.start_block(),
            chain.events(BlockNumber(1), BlockNumber(2)),
            chain.events_of(block),
            chain.logs_matching(ADDRESS, (None, b"\x01" * 32), BlockNumber(1), BlockNumber(2)),
            chain.workflow(WorkflowId(b"\x01" * 32)),
            chain.latest_workflow(ADDRESS, "w"),
            chain.execution(EXECUTION),
            chain.phase(EXECUTION, PhaseIndex(0)),
            chain.aggregators(),
            chain.operator_table(*table),
            chain.next_nonce(ADDRESS),
            chain.fees(),
            chain.estimate_gas(call, ADDRESS),
            chain.receipt(TxHash(b"\x01" * 32)),
        ):
            with suppress(ChainError):
                outcomes.append(await asked)
    # "There is none" is all that garbage may be taken for.
    assert all(outcome is None or outcome == () for outcome in outcomes)


async def test_a_connection_that_the_endpoint_closes_between_two_requests_costs_nothing() -> None:
    async def answer(_request: dict[str, Any]) -> bytes:
        return result(
            {"number": "0x5", "hash": "0x" + "11" * 32, "parentHash": "0x" + "22" * 32, "timestamp": "0x9"}
        )

    async with endpoint(answer, requests_per_connection=1) as url, open_rpc(url) as rpc:
        for _ in range(5):
            assert (await rpc.request("eth_getBlockByNumber", "latest", False))["number"] == "0x5"


# ── Sending ───────────────────────────────────────────────────────────────────────────────────────────

PLAN = TransactionPlan(0, 100_000, 10**10, 10**9)


async def test_a_transaction_whose_answer_was_lost_counts_as_sent_if_the_endpoint_has_it() -> None:
    asked: list[str] = []

    async def answer(request: dict[str, Any]) -> bytes:
        asked.append(request["method"])
        if request["method"] == "eth_sendRawTransaction":
            return http(b"", "502 Bad Gateway")
        return result({"hash": request["params"][0]})

    async with connected(answer) as chain:
        tx_hash = await chain.send(ExecuteWorkflow(WorkflowId(b"\x01" * 32), b""), PLAN, STRANGER)
    assert asked == ["eth_sendRawTransaction", "eth_getTransactionByHash"]
    assert len(tx_hash) == 32


async def test_a_transaction_that_the_endpoint_neither_takes_nor_has_was_not_sent() -> None:
    async def answer(request: dict[str, Any]) -> bytes:
        if request["method"] == "eth_sendRawTransaction":
            return refused(-32000, "nonce too low")
        return result(None)

    async with connected(answer) as chain:
        with pytest.raises(ChainError) as error:
            await chain.send(ExecuteWorkflow(WorkflowId(b"\x01" * 32), b""), PLAN, STRANGER)
    assert error.value.reason is Reason.TRANSACTION_FAILED


async def test_the_hash_that_is_computed_is_the_hash_that_the_chain_gives() -> None:
    async with anvil_world() as world:
        workflow = await world.registered(ONE_PHASE)
        receipt = await world.send(ExecuteWorkflow(workflow, b""))
        assert receipt.succeeded
        assert (await world.chain.receipt(receipt.tx_hash)) == receipt
