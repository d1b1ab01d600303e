"""From what an endpoint answers to this project's own values. Pure."""

from typing import Any

from hourglass.chain.codec import Contract
from hourglass.chain.port import Block, ChainLog, ChainView, ExecutionView, LoggedEvent, Receipt
from hourglass.workflow.definition import (
    FailurePolicy,
    PhaseDefinition,
    PhaseOptions,
    RegisteredWorkflow,
    TriggerMode,
    WorkflowDefinition,
)
from hourglass.workflow.events import (
    ConditionalTriggerActivated,
    PhaseCompleted,
    PhaseFailed,
    PhaseFellBack,
    PhaseGivenUp,
    PhaseSkipped,
    PhaseStarted,
    PhaseTimedOut,
    WorkflowCancelled,
    WorkflowCompleted,
    WorkflowEvent,
    WorkflowExecutionStarted,
    WorkflowFailed,
    WorkflowRegistered,
)
from hourglass.workflow.execution import ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import (
    ADDRESS_BYTES,
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

NOBODY = Address(bytes(ADDRESS_BYTES))
"""The zero address: none."""


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
    known = named(machine, log)
    decoded = None if known is None else _workflow_event(machine, *known)
    return None if decoded is None else LoggedEvent(*standing(log), decoded)


def named(contract: Contract, log: Json) -> tuple[str, Json] | None:
    """A log's event by its name, and its fields; None for one that this contract does not know."""
    return contract.event([_bytes(topic) for topic in log["topics"]], _bytes(log["data"]))


def standing(log: Json) -> tuple[BlockNumber, bytes, int, TxHash]:
    """Where a log stands: block, its hash, the log's index, transaction."""
    return (
        BlockNumber(int(log["blockNumber"], 16)),
        _bytes(log["blockHash"]),
        int(log["logIndex"], 16),
        TxHash(_bytes(log["transactionHash"])),
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
        case "WorkflowCancelled":
            return WorkflowCancelled(ExecutionId(f["executionId"]), Address.parse(f["initiator"]))
        case "PhaseFellBack":
            return PhaseFellBack(
                ExecutionId(f["executionId"]), PhaseIndex(f["phaseIndex"]), PhaseIndex(f["fallbackPhase"])
            )
        case "PhaseGivenUp":
            return PhaseGivenUp(ExecutionId(f["executionId"]), PhaseIndex(f["phaseIndex"]))
        case _ if "attempt" in f:
            return _attempt_event(machine, name, f)
        case _:
            return None


def _attempt_event(machine: Contract, name: str, f: Json) -> WorkflowEvent | None:
    which = (ExecutionId(f["executionId"]), PhaseIndex(f["phaseIndex"]), Attempt(f["attempt"]))
    match name:
        case "PhaseStarted" | "ConditionalTriggerSet":
            return PhaseStarted(
                *which,
                OperatorSetId(Address.parse(f["avs"]), f["operatorSetId"]),
                ReferenceTimestamp(f["referenceTimestamp"]),
                ChainTime(f["deadline"]),
                InputsHash(f["inputsHash"]),
                waiting=name == "ConditionalTriggerSet",
            )
        case "ConditionalTriggerActivated":
            return ConditionalTriggerActivated(
                *which, Address.parse(f["source"]), f["data"], InputsHash(f["inputsHash"])
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
        case "PhaseTimedOut":
            return PhaseTimedOut(*which, ChainTime(f["deadline"]))
        case "PhaseSkipped":
            return PhaseSkipped(*which)
        case _:
            return None


def log(found: Json) -> ChainLog:
    """From a log of any contract."""
    return ChainLog(
        BlockNumber(int(found["blockNumber"], 16)),
        Address.parse(found["address"]),
        tuple(map(_bytes, found["topics"])),
        _bytes(found["data"]),
    )


def logs(found: list[Json]) -> tuple[ChainLog, ...]:
    """From eth_getLogs, in the chain's order."""
    return tuple(map(log, found))


def workflow(
    view: tuple[Any, ...], phases: tuple[tuple[Any, ...], ...], options: tuple[tuple[Any, ...], ...]
) -> RegisteredWorkflow:
    """From `WorkflowView`, its phases and their options. Raises ValueError unless there are as many of each."""
    (found_id, creator, version, _created, hash_, avs, execution_timeout, name, triggers) = view
    definition = WorkflowDefinition(
        name,
        tuple(_phase_definition(*both) for both in zip(phases, options, strict=True)),
        execution_timeout,
    )
    return RegisteredWorkflow(
        WorkflowId(found_id),
        Address.parse(creator),
        version,
        hash_,
        Address.parse(avs),
        tuple(map(Address.parse, triggers)),
        definition,
    )


def _phase_definition(defined: tuple[Any, ...], options: tuple[Any, ...]) -> PhaseDefinition:
    (name, kind, timeout, dependencies, trigger, operator_set, metadata, stake, threshold) = defined
    return PhaseDefinition(
        name,
        PhaseType(kind),
        timeout,
        tuple(map(PhaseIndex, dependencies)),
        trigger,
        operator_set,
        metadata,
        stake,
        BasisPoints(threshold),
        _phase_options(options),
    )


def _phase_options(options: tuple[Any, ...]) -> PhaseOptions:
    (avs, max_attempts, on_failure, fallback_phase, trigger_mode, skip_if_unmet) = options
    named = Address.parse(avs)
    return PhaseOptions(
        None if named == NOBODY else named,
        max_attempts,
        FailurePolicy(on_failure),
        PhaseIndex(fallback_phase),
        TriggerMode(trigger_mode),
        skip_if_unmet,
    )


def execution(view: tuple[Any, ...]) -> ExecutionView:
    """From the contract's `ExecutionView`."""
    (as_of, which, workflow_id, initiator, status, started_at, deadline, phases, resolved, payload) = view
    return ExecutionView(
        ChainTime(as_of),
        ExecutionId(which),
        WorkflowId(workflow_id),
        Address.parse(initiator),
        ExecutionStatus(status),
        ChainTime(started_at),
        ChainTime(deadline) if deadline else None,
        payload,
        phases,
        frozenset(PhaseIndex(index) for index in range(phases) if resolved >> index & 1),
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
        block_number,
        started_block,
        inputs_hash,
        result,
        result_hash,
        aggregators,
        _curve,
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
        BlockNumber(block_number),
        BlockNumber(started_block),
        InputsHash(inputs_hash),
        result,
        result_hash,
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
