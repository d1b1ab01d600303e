"""Operators whose keys are on secp256k1 earn what their phases pay: submitted, shared and taken out on a real chain."""

import pytest
from vaults import MILLI_ETHER, PRICES, set_schedule

from hourglass.certificate.digests import phase_message_hash
from hourglass.certificate.ecdsa import address_of, sign_digest
from hourglass.certificate.ecdsa_table import EcdsaOperatorTable, certify_ecdsa
from hourglass.certificate.slots import Slot
from hourglass.chain.client import EvmChain
from hourglass.chain.config import ChainConfig
from hourglass.chain.fees import FeeVault
from hourglass.chain.port import CallContract, ExecuteWorkflow, Receipt, RegisterWorkflow, SubmitPhaseResult
from hourglass.chain.sender import TransactionSender
from hourglass.errors import RevertedError
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import OperatorRegistration, deploy_local
from hourglass.testing.worlds import FIRST, SET, STRANGER, phase
from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.events import WorkflowExecutionStarted
from hourglass.workflow.identifiers import Address, Round, Tick

SECRETS = tuple(bytes([0x51 + index]) * 32 for index in range(3))
KEYS = tuple(map(address_of, SECRETS))
OPERATORS = tuple(Address(bytes([index + 1]) * 20) for index in range(3))
WEIGHTS = (40, 35, 25)
POOL = 9 * MILLI_ETHER
RESULT = b"\x01" * 32
WORKFLOW = WorkflowDefinition("keyed", (phase("only"),))


def registrations() -> list[OperatorRegistration]:
    return [
        OperatorRegistration(operator, {}, {SET: (weight,)}, {SET: key})
        for operator, key, weight in zip(OPERATORS, KEYS, WEIGHTS, strict=True)
    ]


async def submission(
    chain: EvmChain, started: WorkflowExecutionStarted, signers: set[int]
) -> SubmitPhaseResult:
    """The call that completes the only phase, certified by these operators."""
    view = await chain.phase(started.execution_id, FIRST)
    assert view is not None
    table = await chain.operator_table(view.operator_set, view.reference_timestamp)
    assert isinstance(table, EcdsaOperatorTable)
    slot = Slot(
        chain.chain_id, chain.state_machine, started.execution_id, FIRST, view.attempt, Tick(0), Round(0)
    )
    message = phase_message_hash(slot, view.operator_set, view.inputs_hash, RESULT)
    signatures = {OPERATORS[index]: sign_digest(SECRETS[index], table.digest(message)) for index in signers}
    certificate = certify_ecdsa(table, message, signatures)
    return SubmitPhaseResult(started.execution_id, FIRST, Round(0), RESULT, certificate)


async def test_who_signed_shares_the_pool_by_stake_and_takes_it_out() -> None:
    async with Anvil.start() as anvil:
        deployed = await deploy_local(anvil, registrations(), [STRANGER.address], with_fees=True)
        assert deployed.fee_vault is not None
        config = ChainConfig(
            rpc_url=anvil.rpc_url, chain_id=anvil.chain_id, state_machine=str(deployed.state_machine)
        )
        async with EvmChain.connect(config) as chain:
            sender = TransactionSender(chain, deployed.admin, timeout_s=10)
            vault = FeeVault(chain, deployed.fee_vault)
            await set_schedule(vault, deployed.admin, PRICES)
            await sender.send(RegisterWorkflow(WORKFLOW, value_wei=PRICES.workflow_fee))
            known = await chain.latest_workflow(deployed.admin.address, WORKFLOW.name)
            assert known is not None
            receipt: Receipt = await sender.send(
                ExecuteWorkflow(known.workflow_id, b"payload", PRICES.phase_fee)
            )
            (started,) = (
                one.event for one in receipt.events if isinstance(one.event, WorkflowExecutionStarted)
            )
            assert await vault.signers(started.execution_id, FIRST) == ()
            await sender.send(await submission(chain, started, {0, 1}))

            signers = await vault.signers(started.execution_id, FIRST)
            assert signers == tuple(sorted(KEYS[:2]))
            for index in (0, 1):
                await sender.send(vault.claim_as_signer(started.execution_id, FIRST, index, signers))
                assert await vault.has_claimed(started.execution_id, FIRST, index)
                credit = await vault.credit(None, OPERATORS[index])
                assert credit == POOL * WEIGHTS[index] // sum(WEIGHTS[:2])
            with pytest.raises(RevertedError) as absent:
                await sender.send(vault.claim_as_signer(started.execution_id, FIRST, 2, signers))
            assert absent.value.error_name == "NotASigner"
            with pytest.raises(RevertedError) as others:
                await sender.send(vault.claim_as_signer(started.execution_id, FIRST, 1, KEYS))
            assert others.value.error_name == "OtherSigners"


async def test_the_verifier_that_is_named_stays() -> None:
    async with Anvil.start() as anvil:
        deployed = await deploy_local(anvil, registrations(), [STRANGER.address])
        config = ChainConfig(
            rpc_url=anvil.rpc_url, chain_id=anvil.chain_id, state_machine=str(deployed.state_machine)
        )
        async with EvmChain.connect(config) as chain:
            sender = TransactionSender(chain, deployed.admin, timeout_s=10)
            again = chain.machine.call("setEcdsaVerifier", str(deployed.ecdsa_table))
            with pytest.raises(RevertedError) as refused:
                await sender.send(CallContract(deployed.state_machine, again))
            assert refused.value.error_name == "EcdsaVerifierAlreadySet"
