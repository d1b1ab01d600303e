// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {WorkflowRecords} from "./WorkflowRecords.sol";
import {OperatorSet} from "./interfaces/ICertificateVerifier.sol";
import {IWorkflowExecutions} from "./interfaces/IWorkflowStateMachine.sol";
import {PhaseDigests} from "./libraries/PhaseDigests.sol";

/// @title How executions and their phases stand, told as of the answering block
abstract contract ExecutionViews is IWorkflowExecutions, WorkflowRecords {
    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IWorkflowExecutions
    function getExecution(bytes32 executionId) external view returns (ExecutionView memory) {
        Execution storage execution = _execution(executionId);
        return ExecutionView({
            asOf: uint64(block.timestamp),
            executionId: executionId,
            workflowId: execution.workflowId,
            initiator: execution.initiator,
            status: execution.status,
            startedAt: execution.startedAt,
            deadline: execution.deadline,
            phaseCount: execution.phaseCount,
            resolvedMask: execution.resolvedMask,
            payload: execution.payload
        });
    }

    /// @inheritdoc IWorkflowExecutions
    function getPhase(bytes32 executionId, uint32 phaseIndex) external view returns (PhaseView memory view_) {
        Execution storage execution = _execution(executionId);
        Phase storage phase = _phase(executionId, execution, phaseIndex);
        Workflow storage workflow = _state().workflows[execution.workflowId];
        PhaseConfig storage config = workflow.phases[phaseIndex];

        view_.asOf = uint64(block.timestamp);
        view_.blockNumber = uint64(block.number);
        view_.executionStatus = execution.status;
        view_.workflowId = execution.workflowId;
        view_.definitionHash = workflow.definitionHash;
        view_.phaseType = config.phaseType;
        view_.status = _statusOf(phase);
        view_.attempt = phase.attempt;
        OperatorSet memory operatorSet = _operatorSet(workflow, config, phaseIndex);
        (view_.avs, view_.operatorSetId) = (operatorSet.avs, operatorSet.id);
        view_.consensusThreshold = config.consensusThreshold;
        view_.referenceTimestamp = phase.referenceTimestamp;
        view_.startedAt = phase.startedAt;
        view_.deadline = phase.deadline;
        view_.startedBlock = phase.startedBlock;
        if (phase.startedAt != 0) view_.inputsHash = _inputsHash(workflow, execution, config, phase);
        view_.result = _resultOf(phase);
        view_.resultHash = _resultHashOf(phase);
        view_.aggregators = _state().aggregators;
        view_.curve = _isEcdsa(config) ? CurveType.ECDSA : CurveType.BN254;
    }

    /// @inheritdoc IWorkflowExecutions
    function getPhaseStatus(bytes32 executionId, uint32 phaseIndex) external view returns (PhaseStatus) {
        return _statusOf(_phase(executionId, _execution(executionId), phaseIndex));
    }

    /// @inheritdoc IWorkflowExecutions
    function getPhaseResult(bytes32 executionId, uint32 phaseIndex) external view returns (bytes memory) {
        return _resultOf(_phase(executionId, _execution(executionId), phaseIndex));
    }

    /// @inheritdoc IWorkflowExecutions
    function getMessageHash(bytes32 executionId, uint32 phaseIndex, uint32 round, bytes calldata result)
        external
        view
        returns (bytes32)
    {
        Execution storage execution = _execution(executionId);
        Phase storage phase = _phase(executionId, execution, phaseIndex);
        if (phase.startedAt == 0) revert PhaseNotActive(phase.status);
        Workflow storage workflow = _state().workflows[execution.workflowId];
        PhaseConfig storage config = workflow.phases[phaseIndex];
        return PhaseDigests.messageHash(
            _operatorSet(workflow, config, phaseIndex),
            PhaseDigests.slot(executionId, phaseIndex, phase.attempt, round),
            _inputsHash(workflow, execution, config, phase),
            keccak256(result)
        );
    }

    /// @inheritdoc IWorkflowExecutions
    function getApprovalDigest(bytes32 executionId, uint32 phaseIndex) external view returns (bytes32) {
        Phase storage phase = _phase(executionId, _execution(executionId), phaseIndex);
        return PhaseDigests.approvalDigest(executionId, phaseIndex, phase.attempt);
    }

    // ── Internals ────────────────────────────────────────────────────────────────────────────────────

    /// @dev The one place where a deadline becomes a status.
    function _statusOf(Phase storage phase) private view returns (PhaseStatus status) {
        status = phase.status;
        bool open = status == PhaseStatus.ACTIVE || status == PhaseStatus.CONDITIONAL_WAITING;
        if (open && block.timestamp > phase.deadline) return PhaseStatus.TIMED_OUT;
    }
}
