"""The mailbox of plain tasks, with this AVS's terms: EigenLayer's, or one of our own for a devnet without a fork."""

from eth_abi.abi import encode

from hourglass.certificate.operators import CurveType
from hourglass.chain.codec import load_contract
from hourglass.cli.devkit.context import Context, ProjectSettings
from hourglass.cli.devkit.wallet import Wallet
from hourglass.cli.output import err
from hourglass.workflow.identifiers import ADDRESS_BYTES, Address

MAILBOX, HOOK = "TaskMailbox", "FlatFeeHook"
NOBODY = str(Address(bytes(ADDRESS_BYTES)))
FREE = 0
STAKE_PROPORTION_THRESHOLD = 1
"""Of `ConsensusType`."""


async def own_mailbox(
    wallet: Wallet, context: Context, project: ProjectSettings, table: Address, ecdsa_table: Address
) -> Address:
    """A mailbox over operator tables of our own. Raises ChainError, naming the step."""
    contract, owner = load_contract(MAILBOX), str(wallet.address)
    mailbox = await wallet.create(contract, f"deploying {MAILBOX}", str(table), str(ecdsa_table))
    await wallet.call(contract, mailbox, "initialize", owner, FREE, owner)
    await _set_terms(wallet, mailbox, context, project)
    err.print(f"{MAILBOX} at {mailbox}", highlight=False)
    return mailbox


async def eigenlayer_mailbox(wallet: Wallet, context: Context, project: ProjectSettings) -> Address | None:
    """EigenLayer's mailbox; with this project's terms, if the AVS has set none there yet. None if there is none.

    An AVS that moves over keeps its terms, and its hook. Raises ConfigError, ChainError naming the step.
    """
    if context.eigenlayer.l2.get("task_mailbox") is None:
        return None
    mailbox, contract = context.eigenlayer_address("l2", "task_mailbox"), load_contract(MAILBOX)
    if not await wallet.has_code(mailbox):
        err.print(f"There is no contract at eigenlayer.l2.task_mailbox, {mailbox}: no plain tasks are taken.")
        return None
    which = context.avs.address, project.executor.operatorSetId
    ((hook, *_),) = await wallet.read(contract, mailbox, "getExecutorOperatorSetTaskConfig", which)
    if Address.parse(hook) != Address.parse(NOBODY):
        err.print(
            f"The AVS has its terms at {mailbox} already, with the hook {hook}; they stay.", highlight=False
        )
        return mailbox
    if context.avs.avs_private_key is None:
        err.print(
            "The context has no avs_private_key, so the mailbox's terms are not set: no plain tasks are taken."
        )
        return None
    l2, key = context.chains.l2, context.avs.avs_private_key
    async with Wallet.open(l2.rpc_url, l2.chain_id, key, "avs.avs_private_key") as avs:
        await _set_terms(avs, mailbox, context, project)
    return mailbox


async def _set_terms(wallet: Wallet, mailbox: Address, context: Context, project: ProjectSettings) -> None:
    number = project.executor.operatorSetId
    hook = await wallet.create(load_contract(HOOK), f"deploying {HOOK}", FREE)
    consensus = STAKE_PROPORTION_THRESHOLD, encode(["uint16"], [project.mailbox.thresholdBps])
    terms = (
        str(hook),
        project.mailbox.taskSla,
        NOBODY,
        int(CurveType[project.curve_of(number)]),
        NOBODY,
        consensus,
        b"",
    )
    which = context.avs.address, number
    await wallet.call(load_contract(MAILBOX), mailbox, "setExecutorOperatorSetTaskConfig", which, terms)
