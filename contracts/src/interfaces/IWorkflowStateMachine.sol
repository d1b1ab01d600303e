// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What a workflow state machine's values look like
interface IWorkflowStateMachineTypes {
    /// @notice How the operators of a phase work. The order is fixed for ever.
    enum PhaseType {
        IMMEDIATE,
        COORDINATION,
        CONTINUOUS,
        CONDITIONAL,
        AGGREGATION
    }

    /// @notice Where a phase of an execution stands. The order is fixed for ever.
    enum PhaseStatus {
        PENDING,
        ACTIVE,
        COMPLETED,
        FAILED,
        CONDITIONAL_WAITING,
        TIMED_OUT
    }

    /// @notice Where an execution stands.
    enum ExecutionStatus {
        NONE,
        RUNNING,
        COMPLETED,
        FAILED
    }

    /// @notice What holds a phase back. Encoded as `abi.encode(TriggerConditionType, bytes params)`.
    enum TriggerConditionType {
        NONE,
        PRICE_THRESHOLD,
        TIME_THRESHOLD,
        DATA_HASH,
        MULTI_SIG,
        ORACLE_VALUE
    }

    /// @notice One phase of a workflow, as its author defines it. The order of fields is fixed for ever.
    /// @param timeout Seconds from the phase's start to its deadline.
    /// @param dependencies Indices of phases that must have completed; any indices, as long as there is no cycle.
    /// @param operatorSetId The number of the operator set within the state machine's AVS.
    /// @param requiredStake The least total stake weight (first column) that the set must have when the phase starts.
    /// @param consensusThreshold Basis points of stake that must sign, 1 to 10,000.
    struct PhaseDefinition {
        string name;
        PhaseType phaseType;
        uint32 timeout;
        uint32[] dependencies;
        bytes triggerCondition;
        uint32 operatorSetId;
        bytes metadata;
        uint256 requiredStake;
        uint16 consensusThreshold;
    }

    /// @notice A registered workflow without its phases.
    /// @param definitionHash keccak256(abi.encode(name, phases)): what operators compare their own code with.
    struct WorkflowView {
        bytes32 workflowId;
        address creator;
        uint32 version;
        uint64 creationTime;
        bytes32 definitionHash;
        address avs;
        string name;
        address[] authorizedTriggers;
    }

    /// @notice One run of a workflow.
    struct ExecutionView {
        bytes32 executionId;
        bytes32 workflowId;
        address initiator;
        ExecutionStatus status;
        uint64 startedAt;
        uint32 phaseCount;
        uint32 completedCount;
        bytes payload;
    }

    /// @notice One phase of one run: everything that an operator needs to judge a request, in one call.
    /// @param asOf block.timestamp of the answering block.
    /// @param deadline The last second at which a result is taken.
    /// @param inputsHash What the phase's result is computed from, fixed when the attempt started.
    /// @param result Empty until the phase has completed.
    /// @param aggregators Who may propose, and the base order of submission.
    struct PhaseView {
        uint64 asOf;
        ExecutionStatus executionStatus;
        bytes32 workflowId;
        bytes32 definitionHash;
        PhaseType phaseType;
        PhaseStatus status;
        uint32 attempt;
        address avs;
        uint32 operatorSetId;
        uint16 consensusThreshold;
        uint32 referenceTimestamp;
        uint64 startedAt;
        uint64 deadline;
        bytes32 inputsHash;
        bytes result;
        address[] aggregators;
    }
}

/// @title What a workflow state machine says happened
interface IWorkflowStateMachineEvents is IWorkflowStateMachineTypes {
    event WorkflowRegistered(
        bytes32 indexed workflowId, address indexed creator, string name, uint32 version, bytes32 definitionHash
    );
    event WorkflowExecutionStarted(
        bytes32 indexed executionId, bytes32 indexed workflowId, address indexed initiator, bytes payload
    );
    event PhaseStarted(
        bytes32 indexed executionId,
        uint32 indexed phaseIndex,
        uint32 attempt,
        address avs,
        uint32 operatorSetId,
        uint32 referenceTimestamp,
        uint64 deadline,
        bytes32 inputsHash
    );
    event PhaseCompleted(
        bytes32 indexed executionId,
        uint32 indexed phaseIndex,
        uint32 attempt,
        uint32 round,
        bytes result,
        uint256 signedWeight,
        uint256 totalWeight,
        address submitter
    );
    /// @param error The selector of the error for which the phase could not start.
    event PhaseFailed(bytes32 indexed executionId, uint32 indexed phaseIndex, uint32 attempt, bytes4 error);
    event PhaseTimedOut(bytes32 indexed executionId, uint32 indexed phaseIndex, uint32 attempt, uint64 deadline);
    event WorkflowCompleted(bytes32 indexed executionId);
    event WorkflowFailed(bytes32 indexed executionId, uint32 phaseIndex);
    event WorkflowCreatorAuthorized(address indexed creator, bool authorized);
    event AggregatorsSet(address[] aggregators);
}
