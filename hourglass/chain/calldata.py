"""What this project asks of the contract, as the bytes and the ether of a transaction. Pure."""

from collections.abc import Sequence

from eth_abi.abi import encode as abi_encode
from eth_hash.auto import keccak

from hourglass.certificate.digests import phase_definition_tuple, phase_options_tuple
from hourglass.chain.codec import Contract
from hourglass.chain.port import (
    Call,
    CallContract,
    CancelExecution,
    CheckPhaseTimeout,
    ExecuteWorkflow,
    RegisterWorkflow,
    SetPaused,
    SubmitPhaseResult,
    SubmitTaskResult,
    Trigger,
)
from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.identifiers import Address

SUBMIT_RESULT = bytes(keccak(b"submitResult(bytes32,bytes,bytes)")[:4])
"""`TaskMailbox.submitResult(taskHash, executorCert, result)`."""


def calldata(machine: Contract, call: Call) -> bytes:
    """Selector and arguments."""
    match call:
        case RegisterWorkflow(definition, triggers):
            return _registration(machine, definition, triggers)
        case ExecuteWorkflow(workflow, payload):
            return machine.call("executeWorkflow", workflow, payload)
        case SubmitPhaseResult(execution_id, phase_index, round, result, certificate):
            return machine.call(
                "submitPhaseResult", execution_id, phase_index, round, result, certificate.encode()
            )
        case SubmitTaskResult(_, task_hash, result, certificate):
            return SUBMIT_RESULT + abi_encode(
                ["bytes32", "bytes", "bytes"], [task_hash, certificate.encode(), result]
            )
        case CheckPhaseTimeout(execution_id, phase_index):
            return machine.call("checkPhaseTimeout", execution_id, phase_index)
        case Trigger(execution_id, phase_index, data):
            return machine.call("trigger", execution_id, phase_index, data)
        case CancelExecution(execution_id):
            return machine.call("cancelExecution", execution_id)
        case SetPaused(paused):
            return machine.call("pause" if paused else "unpause")
        case CallContract(data=data):
            return data


def _registration(machine: Contract, definition: WorkflowDefinition, triggers: Sequence[Address]) -> bytes:
    phases = [phase_definition_tuple(phase) for phase in definition.phases]
    sources = [str(one) for one in triggers]
    if definition.is_plain:
        return machine.call("registerWorkflow", definition.name, phases, sources)
    options = [phase_options_tuple(phase.options) for phase in definition.phases]
    timeout = definition.execution_timeout_s
    return machine.call("registerWorkflowWithOptions", definition.name, phases, options, timeout, sources)


def value_of(call: Call) -> int:
    """The ether that goes with it, in wei."""
    match call:
        case RegisterWorkflow() | ExecuteWorkflow() | CallContract():
            return call.value_wei
        case _:
            return 0


def receiver_of(call: Call, state_machine: Address) -> Address:
    """The contract that it is for."""
    match call:
        case CallContract(to=to):
            return to
        case SubmitTaskResult(mailbox=mailbox):
            return mailbox
        case _:
            return state_machine
