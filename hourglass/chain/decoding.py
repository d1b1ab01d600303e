"""From what an endpoint answers to this project's own values. Pure."""

from typing import Any

from hourglass.chain.codec import Contract
from hourglass.chain.port import Block, ChainView, ExecutionView, LoggedEvent, Receipt
from hourglass.workflow.definition import PhaseDefinition, RegisteredWorkflow, WorkflowDefinition
from hourglass.workflow.events import (
    PhaseCompleted,
    PhaseFailed,
    PhaseStarted,
    PhaseTimedOut,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowExecutionStarted,
    WorkflowFailed,
    WorkflowRegistered,
)
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import (
    Address,
    Attempt,
    BasisPoints,
    BlockNumber,
    ChainTime,
    ExecutionId,
    InputsHash,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    Round,
    TxHash,
    WorkflowId,
)
from hourglass.workflow.phases import PhaseType

Json = dict[str, Any]


def block(found: Json) -> Block:
    """From eth_getBlockByNumber."""
    return Block(
        BlockNumber(int(found["number"], 16)),
        _bytes(found["hash"]),
        _bytes(found["parentHash"]),
        ChainTime(int(found["timestamp"], 16)),
    )


def event(machine: Contract, log: Json) -> LoggedEvent | None:
    """From a log; None for an event that no one folds (roles, upgrades)."""
    known = machine.event([_bytes(topic) for topic in log["topics"]], _bytes(log["data"]))
    if known is None:
        return None
    decoded = _workflow_event(machine, *known)
    if decoded is None:
        return None
    return LoggedEvent(
        BlockNumber(int(log["blockNumber"], 16)),
        _bytes(log["blockHash"]),
        int(log["logIndex"], 16),
        TxHash(_bytes(log["transactionHash"])),
        decoded,
    )


def events(machine: Contract, logs: list[Json]) -> tuple[LoggedEvent, ...]:
    """From eth_getLogs, in the chain's order."""
    return tuple(one for log in logs if (one := event(machine, log)) is not None)


def _workflow_event(machine: Contract, name: str, f: Json) -> WorkflowEvent | None:
    match name:
        case "WorkflowRegistered":
            return WorkflowRegistered(
                WorkflowId(f["workflowId"]),
                Address.parse(f["creator"]),
                f["name"],
                f["version"],
                f["definitionHash"],
            )
        case "WorkflowExecutionStarted":
            return WorkflowExecutionStarted(
                ExecutionId(f["executionId"]),
                WorkflowId(f["workflowId"]),
                Address.parse(f["initiator"]),
                f["payload"],
            )
        case "WorkflowCompleted":
            return WorkflowCompleted(ExecutionId(f["executionId"]))
        case "WorkflowFailed":
            return WorkflowFailed(ExecutionId(f["executionId"]), PhaseIndex(f["phaseIndex"]))
        case "PhaseStarted" | "PhaseCompleted" | "PhaseFailed" | "PhaseTimedOut":
            return _phase_event(machine, name, f)
        case _:
            return None


def _phase_event(machine: Contract, name: str, f: Json) -> WorkflowEvent:
    which = (ExecutionId(f["executionId"]), PhaseIndex(f["phaseIndex"]), Attempt(f["attempt"]))
    match name:
        case "PhaseStarted":
            return PhaseStarted(
                *which,
                OperatorSetId(Address.parse(f["avs"]), f["operatorSetId"]),
                ReferenceTimestamp(f["referenceTimestamp"]),
                ChainTime(f["deadline"]),
                InputsHash(f["inputsHash"]),
            )
        case "PhaseCompleted":
            return PhaseCompleted(
                *which,
                Round(f["round"]),
                f["result"],
                f["signedWeight"],
                f["totalWeight"],
                Address.parse(f["submitter"]),
            )
        case "PhaseFailed":
            return PhaseFailed(*which, machine.error_name(f["errorSelector"]))
        case _:
            return PhaseTimedOut(*which, ChainTime(f["deadline"]))


def workflow(view: tuple[Any, ...], phases: tuple[tuple[Any, ...], ...]) -> RegisteredWorkflow:
    """From `WorkflowView` and its phases."""
    (found_id, creator, version, _created, hash_, avs, name, _triggers) = view
    definition = WorkflowDefinition(
        name,
        tuple(
            PhaseDefinition(
                phase_name,
                PhaseType(phase_type),
                timeout,
                tuple(PhaseIndex(one) for one in dependencies),
                trigger,
                operator_set,
                metadata,
                stake,
                BasisPoints(threshold),
            )
            for (
                phase_name,
                phase_type,
                timeout,
                dependencies,
                trigger,
                operator_set,
                metadata,
                stake,
                threshold,
            ) in phases
        ),
    )
    return RegisteredWorkflow(
        WorkflowId(found_id), Address.parse(creator), version, hash_, Address.parse(avs), definition
    )


def execution(view: tuple[Any, ...]) -> ExecutionView:
    """From the contract's `ExecutionView`."""
    (as_of, execution_id, workflow_id, initiator, status, started_at, phase_count, _completed, payload) = view
    return ExecutionView(
        ChainTime(as_of),
        ExecutionId(execution_id),
        WorkflowId(workflow_id),
        Address.parse(initiator),
        ExecutionStatus(status),
        ChainTime(started_at),
        payload,
        phase_count,
    )


def phase(view: tuple[Any, ...]) -> ChainView:
    """From the contract's `PhaseView`."""
    (
        as_of,
        execution_status,
        workflow_id,
        definition_hash,
        phase_type,
        status,
        attempt,
        avs,
        operator_set_id,
        threshold,
        reference_timestamp,
        started_at,
        deadline,
        inputs_hash,
        result,
        aggregators,
    ) = view
    return ChainView(
        ChainTime(as_of),
        ExecutionStatus(execution_status),
        WorkflowId(workflow_id),
        definition_hash,
        PhaseType(phase_type),
        PhaseStatus(status),
        Attempt(attempt),
        OperatorSetId(Address.parse(avs), operator_set_id),
        BasisPoints(threshold),
        ReferenceTimestamp(reference_timestamp),
        ChainTime(started_at),
        ChainTime(deadline),
        InputsHash(inputs_hash),
        result,
        tuple(Address.parse(one) for one in aggregators),
    )


def receipt(machine: Contract, found: Json) -> Receipt:
    """From eth_getTransactionReceipt."""
    return Receipt(
        TxHash(_bytes(found["transactionHash"])),
        BlockNumber(int(found["blockNumber"], 16)),
        int(found["status"], 16) == 1,
        int(found["gasUsed"], 16),
        int(found.get("effectiveGasPrice", "0x0"), 16),
        events(machine, found["logs"]),
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
