"""One task from its creation to its result, on the mailbox of local networks, at the vectors' own address."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from eth_hash.auto import keccak
from vectors import load, raw
from verifier import deploy, published

from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend, sign
from hourglass.certificate.certificates import certify
from hourglass.certificate.operators import CurveType, Operator, OperatorTable
from hourglass.chain.client import RpcRefusedError
from hourglass.chain.codec import load_contract
from hourglass.chain.tasks import TaskStatus
from hourglass.testing.anvil import Anvil
from hourglass.workflow.identifiers import (
    Address,
    MessageHash,
    OperatorSetId,
    ReferenceTimestamp,
    StakeWeight,
)

VECTORS = load("certificates_end_to_end")
FLOW: dict[str, Any] = VECTORS["mailbox_flow"]
PARAMS = FLOW["task_params"]
MAILBOX = load_contract("TaskMailbox")
SET = OperatorSetId(Address.parse(PARAMS["avs"]), PARAMS["operatorSetId"])
OF_SET = (PARAMS["avs"], PARAMS["operatorSetId"])
TIMESTAMP = ReferenceTimestamp(1_759_996_400)
SETS_SLOT = 6
"""Where OperatorRegistry keeps `_sets`."""
SLA_S = 3_600
GAS = 5_000_000
STAKE_PROPORTION_THRESHOLD = 1
NOBODY = str(Address(bytes(20)))

pytestmark = pytest.mark.asyncio(loop_scope="module")


def operators() -> tuple[Operator, ...]:
    found = next(one for one in VECTORS["operator_sets"] if one["id"] == SET.number)
    rows = []
    for index, one in enumerate(found["operators"]):
        key = SecretKey(int(one["sk"])).public_key(default_backend())
        weights = tuple(StakeWeight(int(weight)) for weight in one["weights"])
        rows.append(Operator(Address(bytes([index + 1]) * 20), key.g1, key.g2, weights))
    return tuple(rows)


TABLE = OperatorTable(SET, TIMESTAMP, 0, operators())


@dataclass(frozen=True, slots=True)
class Mailbox:
    """The vectors' mailbox, with their operator set."""

    anvil: Anvil

    async def ask(self, function: str, *arguments: Any) -> tuple[Any, ...]:
        """A view's or a simulation's answer. Raises RpcRefusedError."""
        data = "0x" + MAILBOX.call(function, *arguments).hex()
        call = {"from": str(self.anvil.accounts[0].address), "to": FLOW["mailbox"], "data": data}
        return MAILBOX.answer(function, raw(await self.anvil.rpc.request("eth_call", call, "latest")))

    async def send(self, function: str, *arguments: Any) -> None:
        """By the set's owner, and mined."""
        data = "0x" + MAILBOX.call(function, *arguments).hex()
        sender = str(self.anvil.accounts[0].address)
        call = {"from": sender, "to": FLOW["mailbox"], "data": data, "gas": hex(GAS)}
        sent = await self.anvil.request("eth_sendTransaction", call)
        await self.anvil.mine()
        receipt = await self.anvil.request("eth_getTransactionReceipt", sent)
        assert receipt["status"] == "0x1", function


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mailbox() -> AsyncIterator[Mailbox]:
    """Its operator set is configured, and no task was ever created."""
    async with Anvil.start(chain_id=FLOW["chain_id"], genesis_timestamp=TIMESTAMP) as anvil:
        owner = str(anvil.accounts[0].address)
        table = await deploy(anvil, load_contract("OperatorTable"), owner)
        known = int.from_bytes(keccak(SET.key + SETS_SLOT.to_bytes(32, "big")), "big")
        newest = 1 | TIMESTAMP << 40 | len(TABLE.total_weights) << 72
        installed = {hex(known): "0x" + newest.to_bytes(32, "big").hex()} | published(TABLE)
        for slot, value in installed.items():
            await anvil.request("anvil_setStorageAt", table, slot, value)
        hook = await deploy(anvil, load_contract("FlatFeeHook"), 0)
        made = await deploy(anvil, MAILBOX, table, NOBODY)
        code = await anvil.request("eth_getCode", made, "latest")
        await anvil.request("anvil_setCode", FLOW["mailbox"], code)
        found = Mailbox(anvil)
        await anvil.set_automine(False)
        await found.send("initialize", owner, 0, owner)
        consensus = (STAKE_PROPORTION_THRESHOLD, raw(FLOW["consensus_value"]))
        terms = (hook, SLA_S, NOBODY, int(CurveType.BN254), NOBODY, consensus, b"")
        await found.send("setExecutorOperatorSetTaskConfig", OF_SET, terms)
        yield found


async def test_a_task_has_the_vectors_hash_and_takes_their_certificate_and_no_lesser_one(
    mailbox: Mailbox,
) -> None:
    params = (PARAMS["refundCollector"], OF_SET, raw(PARAMS["payload"]))
    task, result = raw(FLOW["task_hash"]), raw(FLOW["result"])
    assert await mailbox.ask("createTask", params) == (task,)
    await mailbox.send("createTask", params)
    assert await mailbox.ask("getTaskStatus", task) == (TaskStatus.CREATED,)
    assert await mailbox.ask("getMessageHash", task, result) == (raw(FLOW["message_hash"]),)

    too_few = signed_by(FLOW["below_threshold_signers"])
    with pytest.raises(RpcRefusedError) as refused:
        await mailbox.ask("submitResult", task, too_few, result)
    assert MAILBOX.error(refused.value.data) == ("TimestampAtCreation", ())
    await mailbox.anvil.increase_time(1)
    with pytest.raises(RpcRefusedError) as refused:
        await mailbox.ask("submitResult", task, too_few, result)
    assert "0x" + refused.value.data.hex() in FLOW["below_threshold_outcome"]
    assert MAILBOX.error(refused.value.data) == ("ThresholdNotMet", ())

    assert signed_by(FLOW["signers"]) == raw(FLOW["executor_cert"])
    await mailbox.send("submitResult", task, raw(FLOW["executor_cert"]), result)
    assert await mailbox.ask("getTaskStatus", task) == (FLOW["status_after"],)
    assert await mailbox.ask("getTaskResult", task) == (result,)


def signed_by(signers: list[int]) -> bytes:
    """abi.encode of these operators' certificate of the result."""
    found = next(one for one in VECTORS["operator_sets"] if one["id"] == SET.number)["operators"]
    message_hash = MessageHash(raw(FLOW["message_hash"]))
    backend = default_backend()
    made = {
        TABLE.operators[index].address: sign(
            SecretKey(int(found[index]["sk"])), TABLE.digest(message_hash), backend
        )
        for index in signers
    }
    return certify(TABLE, message_hash, made, backend).encode()
