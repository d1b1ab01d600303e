"""The real chain: one JSON-RPC endpoint. The only import of web3.

web3's provider carries the requests, over one session that keeps its connections: web3's own opens one per request
and asks a thread for leave. Its contract objects are not used, because an agent reads a phase on its way to every
signature and they cost several times the call. Whatever the endpoint answers is turned into this project's own frozen
values here, and whatever goes wrong into ChainError or RevertedError.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from eth_abi.exceptions import DecodingError
from eth_hash.auto import keccak

from hourglass.certificate.curves import AnyTable
from hourglass.certificate.digests import definition_hash, workflow_id
from hourglass.chain import decoding
from hourglass.chain.calldata import calldata, receiver_of, value_of
from hourglass.chain.codec import Contract, load_contract
from hourglass.chain.config import ChainConfig
from hourglass.chain.ecdsa_tables import EcdsaTableReader
from hourglass.chain.eigenlayer.tables import EigenLayerTables, open_tables
from hourglass.chain.port import (
    Block,
    Call,
    ChainLog,
    ChainView,
    ExecutionView,
    FeeQuote,
    LoggedEvent,
    Receipt,
    SigningAccount,
    Transaction,
    TransactionPlan,
)
from hourglass.chain.recursion import recursion_limit_kept
from hourglass.chain.refusals import reason_of
from hourglass.chain.tables import TableReader
from hourglass.chain.transactions import GAS_CAP
from hourglass.errors import ChainError, RevertedError, SignerError
from hourglass.reasons import Reason
from hourglass.workflow.definition import RegisteredWorkflow
from hourglass.workflow.identifiers import (
    Address,
    BlockNumber,
    ChainId,
    ExecutionId,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    TxHash,
    WorkflowId,
)

with recursion_limit_kept():
    from web3 import AsyncHTTPProvider
    from web3.types import RPCEndpoint, RPCResponse

T = TypeVar("T")

NO_CONTRACT = "0x" + "00" * 20
UNKNOWN = frozenset({"UnknownWorkflow", "UnknownExecution", "UnknownPhase"})
"""What the contract says of ids that it does not know: an answer, not a failure."""
REVERT_CODES = (3, -32015)
"""An execution that reverted: geth, reth and anvil; Nethermind."""
SIMULATION_CODES = (-32000, -32003)
"""What endpoints answer to a simulation that ran out of gas, among other things."""


class _Provider(AsyncHTTPProvider):
    """web3's provider with a session of ours, and with no more JSON than needed."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        super().__init__(url, exception_retry_configuration=None)
        self._session = session

    async def _make_request(self, method: RPCEndpoint, request_data: bytes) -> bytes:
        try:
            return await self._post(request_data)
        except aiohttp.ServerDisconnectedError:
            # A kept connection that the endpoint was just closing. All that we ask may be asked twice, also to
            # hand over the same signed bytes; what only a test's chain understands may not.
            if not method.startswith("eth_"):
                raise
            return await self._post(request_data)

    async def _post(self, data: bytes) -> bytes:
        async with self._session.post(str(self.endpoint_uri), data=data) as response:
            body: bytes = await response.read()
            return body

    def encode_rpc_request(self, method: RPCEndpoint, params: Any) -> bytes:
        return json.dumps(self.form_request(method, params)).encode("ascii")

    @staticmethod
    def decode_rpc_response(raw_response: bytes) -> RPCResponse:
        answer: RPCResponse = json.loads(raw_response)
        return answer


@dataclass(slots=True)
class Rpc:
    """Requests to one endpoint, each with a time limit."""

    url: str
    timeout_s: float
    provider: AsyncHTTPProvider

    async def request(self, method: str, *parameters: Any) -> Any:
        """The result. Raises ChainError(CHAIN_UNREACHABLE), or RpcRefusedError with what the endpoint said."""
        try:
            async with asyncio.timeout(self.timeout_s):
                answer: Any = await self.provider.make_request(RPCEndpoint(method), list(parameters))
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            # Not `from error`: the HTTP client's errors spell out the whole URL, with the key that it may hold.
            detail = f"{masked(self.url)}: {type(error).__name__} on {method}."
            raise ChainError(Reason.CHAIN_UNREACHABLE, detail) from None
        match answer:
            case {"error": dict(refusal)}:
                raise RpcRefusedError(refusal)
            case {"result": result}:
                return result
            case _:
                detail = f"{masked(self.url)} answers {method} with no JSON-RPC."
                raise ChainError(Reason.CHAIN_UNREACHABLE, detail)


class RpcRefusedError(Exception):
    """An endpoint's JSON-RPC error. Never leaves this room."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error.get("message", "")))
        self.code = error.get("code")
        data = error.get("data")
        if isinstance(data, dict):
            data = data.get("data")
        self.data = bytes.fromhex(data[2:]) if isinstance(data, str) and data.startswith("0x") else b""


@asynccontextmanager
async def open_rpc(url: str, timeout_s: float = 10.0) -> AsyncIterator[Rpc]:
    """A session with an endpoint, closed on leaving."""
    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as session:
        yield Rpc(url, timeout_s, _Provider(url, session))


@dataclass(slots=True)
class EvmChain:
    """One state machine through one endpoint, opened with `connect`."""

    rpc: Rpc
    chain_id: ChainId
    state_machine: Address
    machine: Contract
    tables: TableReader
    ecdsa_tables: EcdsaTableReader
    eigenlayer: EigenLayerTables | None = None
    """Where BN254 tables come from, if not from a verifier that keeps their rows."""
    _workflows: dict[WorkflowId, RegisteredWorkflow] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def connect(cls, config: ChainConfig) -> AsyncIterator["EvmChain"]:
        """Connect and check: the chain is the configured one, and the contract is there.

        Raises ChainError(CHAIN_UNREACHABLE | WRONG_CHAIN | CONTRACT_MISSING).
        """
        address = Address.parse(config.state_machine)
        async with AsyncExitStack() as stack:
            rpc = await stack.enter_async_context(open_rpc(config.rpc_url, config.request_timeout_s))
            machine, verifier = load_contract("WorkflowStateMachine"), load_contract("OperatorTable")
            ecdsa = EcdsaTableReader(load_contract("EcdsaOperatorTable"))
            chain = cls(rpc, ChainId(config.chain_id), address, machine, TableReader(verifier), ecdsa)
            found = chain._understood(_number, await chain._ask("eth_chainId"))
            if found != config.chain_id:
                detail = f"{masked(config.rpc_url)} is chain {found}, not {config.chain_id}."
                raise ChainError(Reason.WRONG_CHAIN, detail)
            if await chain._ask("eth_getCode", str(address), "latest") in ("0x", ""):
                raise ChainError(Reason.CONTRACT_MISSING, f"Nothing is at {address} on chain {found}.")
            if config.eigenlayer is not None:
                url = config.eigenlayer.rpc_url
                core = rpc
                if url is not None:
                    core = await stack.enter_async_context(open_rpc(url, config.request_timeout_s))
                chain.eigenlayer = await open_tables(
                    config.eigenlayer, partial(chain._ask, rpc=core), partial(chain._call_core, core)
                )
            yield chain

    # ── Reading ───────────────────────────────────────────────────────────────────────────────────────

    async def head(self) -> Block:
        """The newest block that the endpoint knows."""
        found = await self._ask("eth_getBlockByNumber", "latest", False)
        return self._understood(decoding.block, found)

    async def block(self, number: BlockNumber) -> Block | None:
        """None if the chain has no such block."""
        found = await self._ask("eth_getBlockByNumber", hex(number), False)
        return None if found is None else self._understood(decoding.block, found)

    async def start_block(self) -> BlockNumber:
        """The block in which the state machine was initialised."""
        (number,) = await self._read("startBlock")
        return BlockNumber(number)

    async def events(self, first: BlockNumber, last: BlockNumber) -> tuple[LoggedEvent, ...]:
        """The state machine's events in these blocks, in order."""
        query = {"address": str(self.state_machine), "fromBlock": hex(first), "toBlock": hex(last)}
        return await self._logs(query)

    async def events_of(self, block: Block) -> tuple[LoggedEvent, ...]:
        """The state machine's events in exactly this block (EIP-234)."""
        return await self._logs({"address": str(self.state_machine), "blockHash": "0x" + block.hash.hex()})

    async def logs_matching(
        self, emitter: Address, topics: tuple[bytes | None, ...], first: BlockNumber, last: BlockNumber
    ) -> tuple[ChainLog, ...]:
        """Any contract's events in these blocks, in order; a None topic matches any."""
        query = {
            "address": str(emitter),
            "fromBlock": hex(first),
            "toBlock": hex(last),
            "topics": [None if topic is None else "0x" + topic.hex() for topic in topics],
        }
        found = self._understood(decoding.logs, await self._ask("eth_getLogs", query))
        # Endpoints disagree on whether a null at the end also matches where there is no such topic: geth says no.
        return tuple(log for log in found if len(log.topics) >= len(topics))

    async def _logs(self, query: dict[str, str]) -> tuple[LoggedEvent, ...]:
        return await self.logs(query, partial(decoding.events, self.machine))

    async def logs(
        self, query: dict[str, Any], convert: Callable[[list[Any]], tuple[T, ...]]
    ) -> tuple[T, ...]:
        """Any contract's events by a query of eth_getLogs, as its own file understands them."""
        return self._understood(convert, await self._ask("eth_getLogs", query))

    async def workflow(self, wanted: WorkflowId) -> RegisteredWorkflow | None:
        """A registered workflow; it never changes, so it is read once."""
        if wanted not in self._workflows:
            view = await self._read_known("getWorkflow", wanted)
            if view is None:
                return None
            (phases,) = await self._read("getWorkflowPhases", wanted)
            (options,) = await self._read("getWorkflowOptions", wanted)
            found = self._understood(lambda parts: decoding.workflow(*parts), (view[0], phases, options))
            if definition_hash(found.definition) != found.definition_hash:
                raise ChainError(Reason.CHAIN_UNREACHABLE, "A definition does not hash to its own hash.")
            self._workflows[wanted] = found
        return self._workflows[wanted]

    async def latest_workflow(self, creator: Address, name: str) -> RegisteredWorkflow | None:
        """The newest version that this creator registered under this name."""
        (version,) = await self._read("latestVersion", str(creator), name)
        if version == 0:
            return None
        return await self.workflow(workflow_id(self.chain_id, self.state_machine, creator, name, version))

    async def execution(self, execution_id: ExecutionId) -> ExecutionView | None:
        """None if the contract does not know it."""
        view = await self._read_known("getExecution", execution_id)
        return None if view is None else self._understood(decoding.execution, view[0])

    async def phase(self, execution_id: ExecutionId, phase_index: PhaseIndex) -> ChainView | None:
        """One call; None if the contract does not know it."""
        view = await self._read_known("getPhase", execution_id, phase_index)
        return None if view is None else self._understood(decoding.phase, view[0])

    async def aggregators(self) -> tuple[Address, ...]:
        """As the contract lists them."""
        (listed,) = await self._read("aggregators")
        return tuple(Address.parse(one) for one in listed)

    async def operator_table(
        self, operator_set: OperatorSetId, reference_timestamp: ReferenceTimestamp
    ) -> AnyTable:
        """The table, rebuilt and checked against what its verifier holds; read once.

        A set signs on one curve only: the verifier of ECDSA sets is asked first whether it has the table.
        """
        which = (operator_set, reference_timestamp)
        for source in (self.tables, self.ecdsa_tables, self.eigenlayer):
            if source is not None and (known := source.known(*which)) is not None:
                return known
        (verifier,), (ecdsa_verifier,) = await asyncio.gather(
            self._read("verifier"), self._read("ecdsaVerifier")
        )
        ask_ecdsa = partial(self._call, Address.parse(ecdsa_verifier))
        if ecdsa_verifier != NO_CONTRACT and await self.ecdsa_tables.has(ask_ecdsa, *which):
            holder_of = None if self.eigenlayer is None else self.eigenlayer.holder_of
            return await self.ecdsa_tables.read(ask_ecdsa, *which, holder_of)
        ask = partial(self._call, Address.parse(verifier))
        if self.eigenlayer is not None:
            return await self.eigenlayer.read(ask, self._call, *which)
        return await self.tables.read(ask, *which)

    async def balance(self, account: Address) -> int:
        """Its ether, in wei."""
        return self._understood(_number, await self._ask("eth_getBalance", str(account), "latest"))

    async def view(self, contract: Contract, to: Address, function: str, *arguments: Any) -> tuple[Any, ...]:
        """What a view function of any contract answers. Raises ChainError(CONTRACT_MISSING) if it is another one."""
        data = await self._call(to, contract.call(function, *arguments))
        try:
            return contract.answer(function, data)
        except ValueError as error:
            detail = f"{to} does not answer {function} as it should."
            raise ChainError(Reason.CONTRACT_MISSING, detail) from error

    # ── Sending ───────────────────────────────────────────────────────────────────────────────────────

    async def next_nonce(self, address: Address) -> int:
        """After the last transaction that the chain's pending state knows."""
        return self._understood(_number, await self._ask("eth_getTransactionCount", str(address), "pending"))

    async def fees(self) -> FeeQuote:
        """What the next block charges, by the latest one and the endpoint's advice."""
        latest, priority = await asyncio.gather(
            self._ask("eth_getBlockByNumber", "latest", False), self._ask("eth_maxPriorityFeePerGas")
        )
        return self._understood(
            lambda _: FeeQuote(_number(latest.get("baseFeePerGas", "0x0")), _number(priority)), latest
        )

    async def estimate_gas(self, call: Call, sender: Address) -> int:
        """Gas the call needs now. Raises RevertedError if the contract would refuse it.

        eth_estimateGas runs a call ten times over to find the least gas it can do with, which for a certificate
        is 30 ms of pairings and on a busy machine 200. eth_createAccessList runs it once and says what it
        used; the margin of the plan is there anyway. Only what fails is asked the long way, for its reason.
        """
        transaction = {
            "from": str(sender),
            "to": str(receiver_of(call, self.state_machine)),
            "data": "0x" + calldata(self.machine, call).hex(),
            "value": hex(value_of(call)),
            "gas": hex(GAS_CAP),
        }
        try:
            simulated = await self.rpc.request("eth_createAccessList", transaction, "latest")
        except RpcRefusedError:
            simulated = None
        match simulated:
            case {"gasUsed": str(used), **others} if not others.get("error"):
                return self._understood(_number, used)
            case _:
                return self._understood(_number, await self._ask("eth_estimateGas", transaction))

    async def send(self, call: Call, plan: TransactionPlan, account: SigningAccount) -> TxHash:
        """Sign and hand over one transaction."""
        data = calldata(self.machine, call)
        to = receiver_of(call, self.state_machine)
        try:
            raw = await account.sign_transaction(Transaction(self.chain_id, to, data, value_of(call), plan))
        except SignerError as error:
            raise ChainError(error.reason, error.detail) from error
        tx_hash = TxHash(keccak(raw))
        try:
            await self._ask("eth_sendRawTransaction", "0x" + raw.hex())
        except ChainError:
            # Its answer may have been lost on the way back; then sending anew would do everything twice.
            if not await self._has(tx_hash):
                raise
        return tx_hash

    async def _has(self, tx_hash: TxHash) -> bool:
        try:
            return await self._ask("eth_getTransactionByHash", "0x" + tx_hash.hex()) is not None
        except ChainError:
            return False

    async def receipt(self, tx_hash: TxHash) -> Receipt | None:
        """None while it is not mined."""
        found = await self._ask("eth_getTransactionReceipt", "0x" + tx_hash.hex())
        return None if found is None else self._understood(partial(decoding.receipt, self.machine), found)

    # ── How ───────────────────────────────────────────────────────────────────────────────────────────

    async def _read(self, function: str, *arguments: Any) -> tuple[Any, ...]:
        return await self.view(self.machine, self.state_machine, function, *arguments)

    async def _read_known(self, function: str, *arguments: Any) -> tuple[Any, ...] | None:
        try:
            return await self._read(function, *arguments)
        except RevertedError as error:
            if error.error_name in UNKNOWN:
                return None
            raise

    async def _call(self, to: Address, data: bytes, block: BlockNumber | None = None) -> bytes:
        at = "latest" if block is None else hex(block)
        answer = await self._ask("eth_call", {"to": str(to), "data": "0x" + data.hex()}, at)
        return self._understood(_data, answer)

    async def _call_core(self, core: Rpc, to: Address, data: bytes, block: BlockNumber | None) -> bytes:
        """On the chain where stake lives; an endpoint there may have no state of an older block."""
        at = "latest" if block is None else hex(block)
        try:
            answer = await self._ask("eth_call", {"to": str(to), "data": "0x" + data.hex()}, at, rpc=core)
        except RevertedError:
            raise
        except ChainError as error:
            if error.reason is not Reason.ENDPOINT_REFUSED:
                raise
            detail = f"{error.detail} It has no state of block {block}: an archive endpoint has."
            raise ChainError(Reason.TABLE_UNAVAILABLE, detail) from error
        return self._understood(_data, answer)

    def _understood(self, convert: Callable[[Any], T], found: Any) -> T:
        """An endpoint may answer anything: what cannot be read is as good as no answer."""
        try:
            return convert(found)
        except (ArithmeticError, AttributeError, DecodingError, LookupError, TypeError, ValueError) as error:
            detail = f"{masked(self.rpc.url)} answers in no form that is known: {type(error).__name__}."
            raise ChainError(Reason.CHAIN_UNREACHABLE, detail) from error

    async def _ask(self, method: str, *parameters: Any, rpc: Rpc | None = None) -> Any:
        try:
            return await (rpc or self.rpc).request(method, *parameters)
        except RpcRefusedError as error:
            raise self._refused(method, error) from error

    def _error(self, data: bytes) -> tuple[str, tuple[Any, ...]]:
        """A custom error's name and fields: of the state machine and what it calls, or of a task mailbox."""
        name, fields = self.machine.error(data)
        return (name, fields) if name else load_contract("TaskMailbox").error(data)

    def _refused(self, method: str, error: RpcRefusedError) -> ChainError:
        simulated = method == "eth_estimateGas" and error.code in SIMULATION_CODES
        if error.data or error.code in REVERT_CODES or simulated:
            name, fields = self._error(error.data)
            shown = ", ".join(_shown(one) for one in fields)
            return RevertedError(reason_of(name, fields), name or "unknown", f"{name or str(error)}({shown})")
        reason = Reason.TRANSACTION_FAILED if method.startswith("eth_send") else Reason.ENDPOINT_REFUSED
        return ChainError(reason, f"{masked(self.rpc.url)} on {method}: {error}")


def masked(url: str) -> str:
    """Scheme and host only: paths and user info of endpoints hold their keys."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}"


def _number(text: str) -> int:
    return int(text, 16)


def _data(text: str) -> bytes:
    return bytes.fromhex(text[2:])


def _shown(value: Any) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else str(value)
