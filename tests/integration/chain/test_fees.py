"""Where a fee vault charges: what a call pays goes with it, and too little is refused by a reason of its own."""

from collections.abc import AsyncIterator

import pytest

from hourglass.chain.client import EvmChain
from hourglass.chain.codec import load_contract
from hourglass.chain.config import ChainConfig
from hourglass.chain.port import Account, CancelExecution, ExecuteWorkflow, RegisterWorkflow
from hourglass.chain.sender import TransactionSender
from hourglass.errors import RevertedError
from hourglass.reasons import Reason
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import Deployment, deploy_local
from hourglass.testing.worlds import FIRST, STRANGER, TWO_PHASES, certified, registrations
from hourglass.workflow.events import WorkflowCompleted, WorkflowExecutionStarted, WorkflowRegistered
from hourglass.workflow.identifiers import Address, ExecutionId, PhaseIndex, WorkflowId

VAULT = load_contract("FeeVault")
ETHER = Address(bytes(20))
WORKFLOW_FEE, PHASE_FEE = 5_000, 1_000
NO_PRICER = str(ETHER)


class Paid:
    """A chain whose vault charges for workflows and for phases."""

    def __init__(self, anvil: Anvil, deployed: Deployment, chain: EvmChain) -> None:
        self.anvil, self.deployed, self.chain = anvil, deployed, chain

    @property
    def vault(self) -> Address:
        assert self.deployed.fee_vault is not None
        return self.deployed.fee_vault

    async def charge(self) -> None:
        """From now on."""
        recipient = str(self.deployed.admin.address)
        schedule = (str(ETHER), WORKFLOW_FEE, NO_PRICER, PHASE_FEE, recipient, 0, 0, 0, 0)
        data = "0x" + VAULT.call("setSchedule", schedule).hex()
        sent = {"from": str(self.deployed.admin.address), "to": str(self.vault), "data": data}
        receipt = await self.anvil.request("eth_sendTransaction", sent)
        while (found := await self.anvil.request("eth_getTransactionReceipt", receipt)) is None:
            pass
        assert found["status"] == "0x1"

    async def asked(self, function: str, *arguments: object) -> int:
        call = {"to": str(self.vault), "data": "0x" + VAULT.call(function, *arguments).hex()}
        answer = await self.anvil.request("eth_call", call, "latest")
        return int(VAULT.answer(function, bytes.fromhex(answer[2:]))[-1])

    async def registered(self) -> WorkflowId:
        sender = TransactionSender(self.chain, self.deployed.admin)
        receipt = await sender.send(RegisterWorkflow(TWO_PHASES, value_wei=WORKFLOW_FEE))
        event = receipt.events[0].event
        assert isinstance(event, WorkflowRegistered)
        return event.workflow_id

    async def executed(self, workflow: WorkflowId, value_wei: int, account: Account) -> ExecutionId:
        call = ExecuteWorkflow(workflow, b"payload", value_wei)
        event = (await TransactionSender(self.chain, account).send(call)).events[0].event
        assert isinstance(event, WorkflowExecutionStarted)
        return event.execution_id


@pytest.fixture
async def paid() -> AsyncIterator[Paid]:
    async with Anvil.start() as anvil:
        deployed = await deploy_local(anvil, registrations(), [STRANGER.address], with_fees=True)
        config = ChainConfig(
            rpc_url=anvil.rpc_url, chain_id=anvil.chain_id, state_machine=str(deployed.state_machine)
        )
        async with EvmChain.connect(config) as chain:
            yield Paid(anvil, deployed, chain)


async def test_a_vault_that_was_told_no_price_charges_nothing(paid: Paid) -> None:
    sender = TransactionSender(paid.chain, paid.deployed.admin)
    receipt = await sender.send(RegisterWorkflow(TWO_PHASES))
    assert receipt.succeeded
    workflow = receipt.events[0].event
    assert isinstance(workflow, WorkflowRegistered)
    await paid.executed(workflow.workflow_id, 0, STRANGER)
    assert await paid.asked("totalEscrow", str(ETHER)) == 0


async def test_a_workflow_and_a_run_of_it_are_paid_for_with_the_call(paid: Paid) -> None:
    await paid.charge()
    workflow = await paid.registered()
    assert await paid.asked("creditOf", str(ETHER), str(paid.deployed.admin.address)) == WORKFLOW_FEE
    price = await paid.asked("quote", workflow, str(STRANGER.address), b"payload", 2)
    assert price == 2 * PHASE_FEE
    execution = await paid.executed(workflow, price, STRANGER)
    assert await paid.asked("totalEscrow", str(ETHER)) == price
    for index in (FIRST, PhaseIndex(1)):
        view = await paid.chain.phase(execution, index)
        assert view is not None
        table = await paid.chain.operator_table(view.operator_set, view.reference_timestamp)
        call = certified(paid.chain, execution, index, b"r", view, table)
        receipt = await TransactionSender(paid.chain, STRANGER).send(call)
    assert receipt.events[-1].event == WorkflowCompleted(execution)
    assert await paid.asked("totalEscrow", str(ETHER)) == 0


async def test_what_was_paid_for_phases_that_never_completed_goes_back(paid: Paid) -> None:
    await paid.charge()
    execution = await paid.executed(await paid.registered(), 2 * PHASE_FEE, STRANGER)
    await TransactionSender(paid.chain, STRANGER).send(CancelExecution(execution))
    assert await paid.asked("creditOf", str(ETHER), str(STRANGER.address)) == 2 * PHASE_FEE


async def test_less_than_the_fee_is_refused(paid: Paid) -> None:
    await paid.charge()
    workflow = await paid.registered()
    for call in (
        RegisterWorkflow(TWO_PHASES, value_wei=WORKFLOW_FEE - 1),
        ExecuteWorkflow(workflow, b"payload", 2 * PHASE_FEE - 1),
        ExecuteWorkflow(workflow, b"payload"),
    ):
        with pytest.raises(RevertedError) as refused:
            await TransactionSender(paid.chain, paid.deployed.admin).send(call)
        assert (refused.value.error_name, refused.value.reason) == ("FeeNotPaid", Reason.FEE_NOT_MET)
