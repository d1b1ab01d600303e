"""The AVS's registrar on L1: DevKit names it to EigenLayer's allocation manager, which asks it about operators."""

from typing import Any

from hourglass.chain.codec import load_contract
from hourglass.cli.devkit.context import Context, ProjectSettings
from hourglass.cli.devkit.deployment import deployed_entry
from hourglass.cli.devkit.wallet import Wallet
from hourglass.cli.output import err
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

CONTRACT = "WorkflowAVSRegistrar"
NAME = "workflowAVSRegistrar"
"""DevKit takes the deployed contract whose name contains "avsregistrar"."""


async def deploy_l1(context: Context, project: ProjectSettings) -> dict[str, Any]:
    """What `deployL1Contracts` prints. With a local verifier there is nothing to register at, and so no registrar.

    Raises ConfigError before it sends anything, ChainError naming the step.
    """
    if project.workflow.verifier == "local":
        err.print("The verifier is local: nothing is deployed on L1.")
        return {"deployed_l1_contracts": []}
    manager, l1 = context.eigenlayer_address("l1", "allocation_manager"), context.chains.l1
    key = context.deployer_private_key
    async with Wallet.open(l1.rpc_url, l1.chain_id, key, "deployer_private_key") as wallet:
        if not await wallet.has_code(manager):
            raise ConfigError(
                Reason.INVALID_CONFIG,
                f"There is no contract at the context's eigenlayer.l1.allocation_manager, {manager}: start the devnet "
                f"as a fork of a chain that has EigenLayer, or set workflow.verifier to `local` in "
                f".hourglass/context/{context.name}.yaml.",
            )
        registrar = await wallet.create(
            load_contract(CONTRACT), f"deploying {CONTRACT}", str(manager), context.avs.address
        )
    err.print(f"{CONTRACT} at {registrar}", highlight=False)
    return {"deployed_l1_contracts": [deployed_entry(NAME, CONTRACT, registrar)]}
