// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifierErrors} from "./IBN254CertificateVerifier.sol";

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
    /// @param asOf block.timestamp of the answering block.
    struct ExecutionView {
        uint64 asOf;
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
    /// @param errorSelector The selector of the error for which the phase could not start.
    event PhaseFailed(bytes32 indexed executionId, uint32 indexed phaseIndex, uint32 attempt, bytes4 errorSelector);
    event PhaseTimedOut(bytes32 indexed executionId, uint32 indexed phaseIndex, uint32 attempt, uint64 deadline);
    event WorkflowCompleted(bytes32 indexed executionId);
    event WorkflowFailed(bytes32 indexed executionId, uint32 phaseIndex);
    event WorkflowCreatorAuthorized(address indexed creator, bool authorized);
    event AggregatorsSet(address[] aggregators);
}

/// @title What a workflow state machine refuses
/// @dev The verifier's errors pass through, so they are part of it.
interface IWorkflowStateMachineErrors is IWorkflowStateMachineTypes, IBN254CertificateVerifierErrors {
    // Set-up
    error ZeroAddress();
    error AggregatorCountOutOfRange(uint256 maximum, uint256 actual);
    error DuplicateAggregator(address aggregator);

    // Definitions
    error NameLengthOutOfRange(uint256 maximum, uint256 actual);
    error PhaseCountOutOfRange(uint256 maximum, uint256 actual);
    error TooManyTriggers(uint256 maximum, uint256 actual);
    error PhaseNameLengthOutOfRange(uint32 phaseIndex, uint256 maximum, uint256 actual);
    error DuplicatePhaseName(uint32 phaseIndex, uint32 firstIndex);
    error PhaseTypeNotSupported(uint32 phaseIndex, PhaseType phaseType);
    error TimeoutOutOfRange(uint32 phaseIndex, uint32 maximum, uint32 actual);
    error ThresholdOutOfRange(uint32 phaseIndex, uint16 maximum, uint16 actual);
    error MetadataTooLarge(uint32 phaseIndex, uint256 maximum, uint256 actual);
    error TriggerConditionNotSupported(uint32 phaseIndex, PhaseType phaseType);
    error DependencyOutOfRange(uint32 phaseIndex, uint32 dependency, uint256 phaseCount);
    error SelfDependency(uint32 phaseIndex);
    error DuplicateDependency(uint32 phaseIndex, uint32 dependency);
    /// @param phaseIndex The lowest of the phases that could never start.
    error DependencyCycle(uint32 phaseIndex);

    // Look-ups
    error UnknownWorkflow(bytes32 workflowId);
    error UnknownExecution(bytes32 executionId);
    error UnknownPhase(bytes32 executionId, uint32 phaseIndex);

    // Starting a phase
    error PayloadTooLarge(uint256 maximum, uint256 actual);
    /// @notice The operator set has no table yet.
    error TableMissing(address avs, uint32 operatorSetId);
    /// @notice The newest table goes stale before the phase's deadline.
    error TableStale(uint64 deadline, uint64 freshUntil);
    error RequiredStakeNotMet(uint256 required, uint256 actual);

    // Results
    error ExecutionNotRunning(ExecutionStatus actual);
    error PhaseNotActive(PhaseStatus actual);
    error DeadlinePassed(uint64 deadline, uint64 actual);
    error DeadlineNotPassed(uint64 deadline, uint64 actual);
    error ResultTooLarge(uint256 maximum, uint256 actual);
    /// @notice The phase's type has no proposals, so its only round is 0.
    error InvalidRound(uint32 expected, uint32 actual);
    error InvalidReferenceTimestamp(uint32 expected, uint32 actual);
    error InvalidMessageHash(bytes32 expected, bytes32 actual);
    /// @notice The signature or the signers' key is zero: nobody signed.
    error EmptyCertificate();
    error NoStakeSigned();
    error WeightColumnsMismatch(uint256 expected, uint256 actual);
    error ThresholdNotMet(uint256 column, uint256 signedWeight, uint256 totalWeight, uint16 consensusThreshold);
}

/// @title A contract that runs multi-phase workflows of an AVS, each phase on a quorum of stake
/// @notice Requirements name the custom error that answers when they are not met.
interface IWorkflowStateMachine is IWorkflowStateMachineEvents, IWorkflowStateMachineErrors {
    // ── Administration ───────────────────────────────────────────────────────────────────────────────

    /// @notice Sets the contract up behind its proxy, once. `admin` gets every role.
    /// Requirements: no address is zero (ZeroAddress); as for `setAggregators`.
    /// @param verifier The certificate verifier: EigenLayer's, or a local network's OperatorTable.
    /// @param avs The AVS whose operator sets the phases name.
    function initialize(address admin, address verifier, address avs, address[] calldata aggregators) external;

    /// @notice Lets an address register workflows, or no longer.
    /// Requirements: the caller has DEFAULT_ADMIN_ROLE.
    function authorizeWorkflowCreator(address creator, bool authorized) external;

    /// @notice Replaces the list of aggregators, whose order decides who proposes and who submits first.
    /// Requirements: the caller has DEFAULT_ADMIN_ROLE; 1 to MAX_AGGREGATORS (AggregatorCountOutOfRange), none zero
    /// (ZeroAddress), none twice (DuplicateAggregator).
    function setAggregators(address[] calldata aggregators) external;

    // ── Workflows ────────────────────────────────────────────────────────────────────────────────────

    /// @notice Stores a definition for ever. The same name again, by the same creator, makes the next version.
    /// Requirements: the caller has WORKFLOW_CREATOR_ROLE; the name has 1 to MAX_NAME_BYTES; 1 to MAX_PHASES phases, in
    /// each: a name of its own, a supported type, a timeout of 1 to MAX_TIMEOUT seconds, a threshold of 1 to
    /// MAX_THRESHOLD basis points, at most MAX_METADATA_BYTES of metadata, and dependencies that exist, appear once and
    /// make no cycle.
    /// @param authorizedTriggers Who may open the gates of conditional phases.
    function registerWorkflow(
        string calldata name,
        PhaseDefinition[] calldata phases,
        address[] calldata authorizedTriggers
    ) external returns (bytes32 workflowId);

    // ── Executions ───────────────────────────────────────────────────────────────────────────────────

    /// @notice Starts a run of a workflow, and with it every phase that depends on none. Anyone may.
    /// Requirements: the workflow exists (UnknownWorkflow); at most MAX_PAYLOAD_BYTES (PayloadTooLarge); every such
    /// phase's operator set has a table (TableMissing) that stays fresh until the deadline (TableStale) and holds
    /// enough stake (RequiredStakeNotMet).
    function executeWorkflow(bytes32 workflowId, bytes calldata payload) external returns (bytes32 executionId);

    /// @notice Takes a phase's result with the certificate for it, and starts the phases that waited for it. Anyone may.
    /// @dev A later phase that can't start, for want of a usable operator table, fails and ends the execution; the
    ///      result is kept all the same. A certificate that does not decode reverts without data.
    /// Requirements: the execution is running (ExecutionNotRunning) and the phase active (PhaseNotActive) within its
    /// deadline (DeadlinePassed); at most MAX_RESULT_BYTES (ResultTooLarge); the certificate is for the pinned
    /// table (InvalidReferenceTimestamp) and this very result (InvalidMessageHash), is signed at all
    /// (EmptyCertificate) with a point on the curve (InvalidPoint), verifies (the verifier's errors), and in every weight column
    /// signed · 10,000 >= threshold · total (ThresholdNotMet), which is more than nothing (NoStakeSigned).
    /// @param certificate abi.encode(BN254Certificate).
    function submitPhaseResult(
        bytes32 executionId,
        uint32 phaseIndex,
        uint32 round,
        bytes calldata result,
        bytes calldata certificate
    ) external;

    /// @notice Ends a phase whose deadline has passed, and its execution with it. Anyone may.
    /// Requirements: the execution is running (ExecutionNotRunning), the phase active (PhaseNotActive), the deadline
    /// passed (DeadlineNotPassed).
    function checkPhaseTimeout(bytes32 executionId, uint32 phaseIndex) external;

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    function getWorkflow(bytes32 workflowId) external view returns (WorkflowView memory);

    function getWorkflowPhases(bytes32 workflowId) external view returns (PhaseDefinition[] memory);

    /// @notice The newest version of this creator's workflow of this name; zero if there is none.
    function latestVersion(address creator, string calldata name) external view returns (uint32);

    function computeWorkflowId(address creator, string calldata name, uint32 version_) external view returns (bytes32);

    function getExecution(bytes32 executionId) external view returns (ExecutionView memory);

    /// @notice All that an operator needs to judge a request, as of one block.
    function getPhase(bytes32 executionId, uint32 phaseIndex) external view returns (PhaseView memory);

    /// @notice The phase's status by the chain's clock: TIMED_OUT from the second after the deadline, told or not.
    function getPhaseStatus(bytes32 executionId, uint32 phaseIndex) external view returns (PhaseStatus);

    /// @notice Empty until the phase has completed.
    function getPhaseResult(bytes32 executionId, uint32 phaseIndex) external view returns (bytes memory);

    /// @notice What a certificate for this result has to be about.
    /// Requirements: the phase has started (PhaseNotActive).
    function getMessageHash(bytes32 executionId, uint32 phaseIndex, uint32 round, bytes calldata result)
        external
        view
        returns (bytes32);

    function aggregators() external view returns (address[] memory);

    function avs() external view returns (address);

    function verifier() external view returns (address);

    /// @notice The block of `initialize`: nothing happened before it.
    function startBlock() external view returns (uint64);

    function version() external view returns (string memory);
}
