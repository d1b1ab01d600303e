"""A plain task, as Hourglass has them: created at the context's `TaskMailbox`, waited for, and told as JSON."""

import asyncio
from typing import Any

from eth_abi.abi import decode, encode
from eth_hash.auto import keccak

from hourglass.chain.codec import Contract
from hourglass.cli.devkit.context import Context, ProjectSettings
from hourglass.cli.devkit.wallet import Wallet
from hourglass.cli.output import Exit, err
from hourglass.errors import ConfigError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address

CREATE_TASK = keccak(b"createTask((address,(address,uint32),bytes))")[:4]
TASK_CREATED = keccak(b"TaskCreated(address,bytes32,address,uint32,uint32,address,uint96,uint256,bytes)")
TASK_VERIFIED = keccak(b"TaskVerified(address,bytes32,address,uint32,bytes,bytes)")
REFUSALS = (
    "PayloadIsEmpty",
    "ExecutorOperatorSetNotRegistered",
    "ExecutorOperatorSetTaskConfigNotSet",
    "CertificateStale",
    "InvalidFeeReceiver",
    "InvalidAddressZero",
    "InvalidTaskCreator",
)
"""The mailbox's errors, none with fields."""
POLL_S = 0.5
GRACE_S = 15.0
"""Beyond the tasks' own limit: for the result's transaction to be mined."""


async def perform(context: Context, project: ProjectSettings, payload: bytes) -> tuple[dict[str, Any], Exit]:
    """Create the task, and wait for as long as the mailbox would take its result. Raises ConfigError, ChainError."""
    mailbox, l2 = context.eigenlayer_address("l2", "task_mailbox"), context.chains.l2
    key = context.app_private_key
    async with Wallet.open(l2.rpc_url, l2.chain_id, key, "app_private_key") as wallet:
        if not await wallet.has_code(mailbox):
            raise ConfigError(
                Reason.INVALID_CONFIG,
                f"There is no contract at the context's eigenlayer.l2.task_mailbox, {mailbox}: plain tasks need "
                "EigenLayer's, so start the devnet as a fork of a chain that has it.",
            )
        task_hash, block = await _create(wallet, mailbox, context, project, payload)
        err.print(f"Task {task_hash} is created; waiting for its result.", highlight=False)
        patience_s = project.mailbox.taskSla + GRACE_S
        try:
            async with asyncio.timeout(patience_s):
                return await _verified(wallet, mailbox, task_hash, block), Exit.FINE
        except TimeoutError:
            err.print(
                f"No result came within {patience_s:.0f} s. → Look at `hourglass status` and the nodes' logs."
            )
            return {"taskHash": task_hash, "status": "timeout"}, Exit.FAILED


async def _create(
    wallet: Wallet, mailbox: Address, context: Context, project: ProjectSettings, payload: bytes
) -> tuple[str, str]:
    """The task's hash and the block that it is in."""
    operator_set = context.avs.address, project.executor.operatorSetId
    task = str(wallet.address), operator_set, payload
    data = CREATE_TASK + encode(["(address,(address,uint32),bytes)"], [task])
    receipt = await wallet.send(errors_of_mailbox(), "createTask", mailbox, data)
    (task_hash,) = (
        log["topics"][2]
        for log in receipt["logs"]
        if Address.parse(log["address"]) == mailbox and log["topics"][0] == "0x" + TASK_CREATED.hex()
    )
    return task_hash, receipt["blockNumber"]


async def _verified(wallet: Wallet, mailbox: Address, task_hash: str, block: str) -> dict[str, Any]:
    wanted = {
        "address": str(mailbox),
        "fromBlock": block,
        "topics": ["0x" + TASK_VERIFIED.hex(), None, task_hash],
    }
    while True:
        found = await wallet.rpc.request("eth_getLogs", wanted)
        if found:
            data = bytes.fromhex(found[-1]["data"][2:])
            set_number, certificate, result = decode(["uint32", "bytes", "bytes"], data)
            return {
                "taskHash": task_hash,
                "status": "verified",
                "executorOperatorSetId": str(set_number),
                "executorCert": "0x" + certificate.hex(),
                "result": "0x" + result.hex(),
            }
        await asyncio.sleep(POLL_S)


def errors_of_mailbox() -> Contract:
    """What `createTask` refuses with, by name."""
    return Contract([{"type": "error", "name": name, "inputs": []} for name in REFUSALS], b"")
