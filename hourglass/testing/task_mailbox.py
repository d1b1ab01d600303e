"""A TaskMailbox on a local chain: deployed beside the other contracts, its operator sets configured, tasks created."""

from dataclasses import dataclass

from eth_abi.abi import encode as abi_encode

from hourglass.certificate.operators import CurveType
from hourglass.chain.codec import load_contract
from hourglass.chain.mailbox import EvmTaskMailbox
from hourglass.chain.port import CallContract
from hourglass.chain.sender import TransactionSender
from hourglass.chain.tasks import TaskCreated, TaskHash
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import SETUP_GAS, Deployment, Script
from hourglass.workflow.identifiers import ADDRESS_BYTES, Address, BasisPoints, OperatorSetId

MAILBOX = "TaskMailbox"
NOBODY = Address(bytes(ADDRESS_BYTES))
TWO_THIRDS = BasisPoints(6_667)
NONE, STAKE_PROPORTION_THRESHOLD = 0, 1
"""`ConsensusType`."""


@dataclass(frozen=True, slots=True)
class TaskTerms:
    """How an operator set's tasks are worked."""

    sla_s: int = 120
    threshold: BasisPoints | None = TWO_THIRDS
    """None: any valid certificate."""
    curve: CurveType = CurveType.BN254
    fee: int = 0
    """What each task costs, in units of the fee token."""
    fee_token: Address = NOBODY
    fee_collector: Address = NOBODY

    def as_tuple(self, hook: Address) -> tuple[object, ...]:
        """`ExecutorOperatorSetTaskConfig`, as the ABI takes it."""
        if self.threshold is None:
            consensus: tuple[int, bytes] = (NONE, b"")
        else:
            consensus = (STAKE_PROPORTION_THRESHOLD, abi_encode(["uint16"], [self.threshold]))
        addresses = (str(self.fee_token), int(self.curve), str(self.fee_collector))
        return (str(hook), self.sla_s, *addresses, consensus, b"")


async def deploy_mailbox(
    anvil: Anvil, deployment: Deployment, terms: dict[OperatorSetId, TaskTerms]
) -> Address:
    """Deploy a mailbox over the deployment's operator tables, with these operator sets; its address.

    Raises ChainError(TRANSACTION_REVERTED), naming the step, if the contract refuses one.
    """
    script = await Script.by(anvil, deployment.admin)
    mailbox = script.deploy(MAILBOX, str(deployment.operator_table), str(deployment.ecdsa_table))
    admin = str(deployment.admin.address)
    script.call(MAILBOX, mailbox, SETUP_GAS, "initialize", admin, 0, admin)
    for operator_set, one in terms.items():
        hook = script.deploy("FlatFeeHook", one.fee)
        which = (str(operator_set.avs), operator_set.number)
        script.call(
            MAILBOX, mailbox, SETUP_GAS, "setExecutorOperatorSetTaskConfig", which, one.as_tuple(hook)
        )
    await script.run()
    return mailbox


async def create_task(
    sender: TransactionSender,
    mailbox: EvmTaskMailbox,
    operator_set: OperatorSetId,
    payload: bytes,
    refund_collector: Address = NOBODY,
) -> TaskHash:
    """Create a task by the sender's account; its hash. Raises RevertedError if the mailbox refuses."""
    which = (str(operator_set.avs), operator_set.number)
    data = load_contract(MAILBOX).call("createTask", (str(refund_collector), which, payload))
    receipt = await sender.send(CallContract(mailbox.address, data))
    (created,) = (
        logged.event
        for logged in await mailbox.events(receipt.block, receipt.block)
        if logged.tx_hash == receipt.tx_hash and isinstance(logged.event, TaskCreated)
    )
    return created.task_hash
