"""A plain task, as Hourglass has them: created at the context's `TaskMailbox`, waited for, and told as JSON."""

import asyncio
from typing import Any

from hourglass.chain.codec import load_contract
from hourglass.cli.devkit.context import TASK_MAILBOX, Context, ProjectSettings
from hourglass.cli.devkit.mailbox import MAILBOX
from hourglass.cli.devkit.wallet import Wallet
from hourglass.cli.output import Exit, err
from hourglass.errors import ConfigError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address

POLL_S = 0.5
GRACE_S = 15.0
"""Beyond the tasks' own limit: for the result's transaction to be mined."""


async def perform(context: Context, project: ProjectSettings, payload: bytes) -> tuple[dict[str, Any], Exit]:
    """Create the task, and wait for as long as the mailbox would take its result. Raises ConfigError, ChainError."""
    mailbox, l2 = context.task_mailbox, context.chains.l2
    if mailbox is None:
        raise ConfigError(
            Reason.INVALID_CONFIG,
            f"The context's deployed_l2_contracts have no {TASK_MAILBOX}: run `devkit avs deploy contracts l2` on "
            "a chain that has EigenLayer's, or with workflow.verifier `local`.",
        )
    key = context.app_private_key
    async with Wallet.open(l2.rpc_url, l2.chain_id, key, "app_private_key") as wallet:
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
    contract, operator_set = load_contract(MAILBOX), (context.avs.address, project.executor.operatorSetId)
    task = str(wallet.address), operator_set, payload
    receipt = await wallet.call(contract, mailbox, "createTask", task)
    (created,) = [one for one in _events(receipt["logs"], mailbox) if one[0] == "TaskCreated"]
    return "0x" + created[1]["taskHash"].hex(), receipt["blockNumber"]


def _events(logs: list[dict[str, Any]], mailbox: Address) -> list[tuple[str, dict[str, Any]]]:
    """The mailbox's events among these logs: names and fields."""
    mine = [log for log in logs if Address.parse(log["address"]) == mailbox]
    found = [
        load_contract(MAILBOX).event([_bytes(topic) for topic in log["topics"]], _bytes(log["data"]))
        for log in mine
    ]
    return [one for one in found if one is not None]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])


async def _verified(wallet: Wallet, mailbox: Address, task_hash: str, block: str) -> dict[str, Any]:
    first = load_contract(MAILBOX).topic("TaskVerified")
    wanted = {
        "address": str(mailbox),
        "fromBlock": block,
        "topics": ["0x" + first.hex(), None, task_hash],
    }
    while True:
        found = _events(await wallet.rpc.request("eth_getLogs", wanted), mailbox)
        if found:
            fields = found[-1][1]
            return {
                "taskHash": task_hash,
                "status": "verified",
                "executorOperatorSetId": str(fields["executorOperatorSetId"]),
                "executorCert": "0x" + fields["executorCert"].hex(),
                "result": "0x" + fields["result"].hex(),
            }
        await asyncio.sleep(POLL_S)
