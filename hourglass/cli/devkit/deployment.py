"""Our contracts on the context's L2, judged by EigenLayer's verifiers; or by an operator table of our own."""

from pathlib import Path
from typing import Any

from hourglass.certificate.ecdsa import address_of
from hourglass.chain.codec import load_contract
from hourglass.cli.devkit.context import STATE_MACHINE, TASK_MAILBOX, Context, ProjectSettings
from hourglass.cli.devkit.local_tables import ECDSA_TABLE, TABLE, own_tables
from hourglass.cli.devkit.mailbox import eigenlayer_mailbox, own_mailbox
from hourglass.cli.devkit.wallet import Wallet, secret_of
from hourglass.cli.output import err
from hourglass.errors import ConfigError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address

ABIS = Path("contracts/abi")
"""Where DevKit is told to find what it writes beside its own outputs."""
MACHINE = "WorkflowStateMachine"


async def deploy_l2(context: Context, project: ProjectSettings) -> dict[str, Any]:
    """What `deployL2Contracts` prints. Raises ConfigError before it sends anything, ChainError naming the step.

    The deployer administers; the application's account may register workflows.
    """
    l2 = context.chains.l2
    app = address_of(secret_of(context.app_private_key, "app_private_key"))
    aggregators = [str(Address.parse(one.address)) for one in project.aggregator.operators]
    key = context.deployer_private_key
    async with Wallet.open(l2.rpc_url, l2.chain_id, key, "deployer_private_key") as wallet:
        deployed: dict[str, tuple[str, Address]] = {}
        if project.workflow.verifier == "local":
            verifier, ecdsa = await own_tables(wallet, context, project)
            deployed["operatorTable"] = TABLE, verifier
            deployed["ecdsaOperatorTable"] = ECDSA_TABLE, ecdsa
            mailbox: Address | None = await own_mailbox(wallet, context, project, verifier, ecdsa)
        else:
            verifier = await _eigenlayer_verifier(wallet, context, "bn254_certificate_verifier")
            ecdsa = await _eigenlayer_verifier(wallet, context, "ecdsa_certificate_verifier")
            mailbox = await eigenlayer_mailbox(wallet, context, project)
        if mailbox is not None:
            deployed[TASK_MAILBOX] = "TaskMailbox", mailbox
        conditions = await _create(wallet, "TriggerConditions")
        registry = await _create(wallet, "WorkflowRegistry")
        implementation = await _create(wallet, MACHINE, str(registry), str(conditions))
        machine = load_contract(MACHINE)
        initialize = machine.call(
            "initialize", str(wallet.address), str(verifier), context.avs.address, aggregators
        )
        proxy = await _create(wallet, "ERC1967Proxy", str(implementation), initialize)
        await wallet.call(machine, proxy, "setEcdsaVerifier", str(ecdsa))
        if app != wallet.address:
            await wallet.call(machine, proxy, "authorizeWorkflowCreator", str(app), True)
    deployed[STATE_MACHINE] = MACHINE, proxy
    deployed[f"{STATE_MACHINE}Implementation"] = MACHINE, implementation
    deployed["workflowRegistry"] = "WorkflowRegistry", registry
    deployed["triggerConditions"] = "TriggerConditions", conditions
    return {"deployed_l2_contracts": [deployed_entry(name, *one) for name, one in deployed.items()]}


async def _create(wallet: Wallet, contract: str, *arguments: object) -> Address:
    address = await wallet.create(load_contract(contract), f"deploying {contract}", *arguments)
    err.print(f"{contract} at {address}", highlight=False)
    return address


async def _eigenlayer_verifier(wallet: Wallet, context: Context, name: str) -> Address:
    verifier = context.eigenlayer_address("l2", name)
    if not await wallet.has_code(verifier):
        raise ConfigError(
            Reason.INVALID_CONFIG,
            f"There is no contract at the context's eigenlayer.l2.{name}, {verifier}: start the devnet as a fork of a "
            "chain that has EigenLayer, or set workflow.verifier to `local` in "
            f".hourglass/context/{context.name}.yaml.",
        )
    return verifier


def deployed_entry(name: str, contract: str, address: Address) -> dict[str, str]:
    """A deployed contract as DevKit lists it; its ABI is written beside."""
    return {"name": name, "address": str(address), "abi": str(write_abi(contract))}


def write_abi(contract: str) -> Path:
    """The contract's ABI as a file of the project, as DevKit wants it: its path from the project's folder."""
    from importlib import resources

    source = resources.files("hourglass.chain").joinpath("abi", f"{contract}.json")
    ABIS.mkdir(parents=True, exist_ok=True)
    path = ABIS / f"{contract}.json"
    path.write_text(source.read_text("utf-8"), "utf-8")
    return path
