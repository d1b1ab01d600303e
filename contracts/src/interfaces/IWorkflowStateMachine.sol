// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifierErrors} from "./IBN254CertificateVerifier.sol";
import {IECDSACertificateVerifierErrors} from "./IECDSACertificateVerifier.sol";

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
        TIMED_OUT,
        SKIPPED
    }

    /// @notice Where an execution stands.
    enum ExecutionStatus {
        NONE,
        RUNNING,
        COMPLETED,
        FAILED,
        CANCELLED
    }

    /// @notice What follows when a phase has used up its attempts, or can't start.
    enum FailurePolicy {
        FAIL_EXECUTION,
        CONTINUE,
        FALLBACK
    }

    /// @notice Who says that a conditional phase's condition holds.
    enum TriggerMode {
        OPERATORS,
        SOURCE
    }

    /// @notice Which curve an operator set's keys are on; EigenLayer's numbers. The order is fixed for ever.
    enum CurveType {
        NONE,
        ECDSA,
        BN254
    }

    /// @notice One phase of a workflow, as its author defines it. The order of fields is fixed for ever.
    /// @param timeout Seconds from the phase's start to its deadline.
    /// @param dependencies Indices of phases that must have completed; any indices, as long as there is no cycle.
    /// @param operatorSetId The number of the operator set within the state machine's AVS.
    /// @param requiredStake The least total stake weight (first column) that the set must have when the phase starts.
    /// @param triggerCondition What a CONDITIONAL phase waits for, as ITriggerConditions encodes it; else empty.
    /// @param metadata CONTINUOUS: abi.encode(interval, updates), perhaps with the reducer's name; else what the
    ///        operators' code makes of it.
    /// @param consensusThreshold Basis points of stake that must sign, 1 to 10,000; in CONTINUOUS and CONDITIONAL phases
    ///        also 0: any positive stake.
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

    /// @notice What a phase has beyond its definition. All zero: what `registerWorkflow` gives it.
    /// @param avs Whose operator set works the phase; zero: the state machine's own AVS.
    /// @param maxAttempts How often the phase may start, each time with its whole timeout; 0 counts as 1.
    /// @param fallbackPhase With FALLBACK: the phase that then stands in. It has the same dependencies, nobody depends on
    ///        it, it stands in for one phase only, and dependents read its result as the failed phase's. Otherwise 0.
    /// @param triggerMode CONDITIONAL: OPERATORS watch the condition and sign only if it holds, or a SOURCE calls `trigger`.
    /// @param skipIfUnmet CONDITIONAL: a condition that has not held by the deadline makes the phase SKIPPED: its dependents
    ///        go on without a result.
    struct PhaseOptions {
        address avs;
        uint8 maxAttempts;
        FailurePolicy onFailure;
        uint32 fallbackPhase;
        TriggerMode triggerMode;
        bool skipIfUnmet;
    }

    /// @notice A registered workflow without its phases.
    /// @param definitionHash What operators compare their own code with: keccak256(abi.encode(name, phases)) if every
    ///        option is zero, else keccak256(abi.encode(name, phases, options, executionTimeout)).
    /// @param executionTimeout Seconds from an execution's start to its overall deadline; 0: none.
    struct WorkflowView {
        bytes32 workflowId;
        address creator;
        uint32 version;
        uint64 creationTime;
        bytes32 definitionHash;
        address avs;
        uint32 executionTimeout;
        string name;
        address[] authorizedTriggers;
    }

    /// @notice One run of a workflow.
    /// @param asOf block.timestamp of the answering block.
    /// @param deadline The last second at which any phase takes a result; 0: none.
    /// @param resolvedMask The phases that nobody waits for any longer, phase i being bit i: completed, skipped, or failed
    ///        with a policy to go on.
    struct ExecutionView {
        uint64 asOf;
        bytes32 executionId;
        bytes32 workflowId;
        address initiator;
        ExecutionStatus status;
        uint64 startedAt;
        uint64 deadline;
        uint32 phaseCount;
        uint64 resolvedMask;
        bytes payload;
    }

    /// @notice One phase of one run: everything that an operator needs to judge a request, in one call.
    /// @param asOf block.timestamp of the answering block.
    /// @param deadline The last second at which a result is taken.
    /// @param blockNumber block.number of the answering block.
    /// @param startedBlock The block in which the attempt started; 0 if an older release started it.
    /// @param inputsHash What the phase's result is computed from, fixed when the attempt started or was triggered.
    /// @param result Empty until the phase has completed, and if it is longer than MAX_STORED_RESULT_BYTES.
    /// @param resultHash keccak256 of the result, zero until the phase has completed.
    /// @param aggregators Who may propose, and the base order of submission.
    /// @param curve Which of the two verifiers has the operator set's tables and takes its certificates.
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
        uint64 blockNumber;
        uint64 startedBlock;
        bytes32 inputsHash;
        bytes result;
        bytes32 resultHash;
        address[] aggregators;
        CurveType curve;
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
    /// @notice A CONDITIONAL phase's attempt opened that waits for `trigger`: until then it takes no result.
    event ConditionalTriggerSet(
        bytes32 indexed executionId,
        uint32 indexed phaseIndex,
        uint32 attempt,
        address avs,
        uint32 operatorSetId,
        uint32 referenceTimestamp,
        uint64 deadline,
        bytes32 inputsHash
    );
    /// @notice The condition holds, by `source` and `data`, which is among the phase's inputs from now on.
    event ConditionalTriggerActivated(
        bytes32 indexed executionId,
        uint32 indexed phaseIndex,
        uint32 attempt,
        address indexed source,
        bytes data,
        bytes32 inputsHash
    );
    /// @param result Complete, also where the contract stores its hash alone.
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
    /// @notice The condition did not hold by the deadline, and the definition goes on without the phase.
    event PhaseSkipped(bytes32 indexed executionId, uint32 indexed phaseIndex, uint32 attempt);
    /// @notice A phase has failed for good; `fallbackPhase` stands in for it and starts next.
    event PhaseFellBack(bytes32 indexed executionId, uint32 indexed phaseIndex, uint32 fallbackPhase);
    /// @notice A phase has failed for good; its dependents go on without its result.
    event PhaseGivenUp(bytes32 indexed executionId, uint32 indexed phaseIndex);
    event WorkflowCompleted(bytes32 indexed executionId);
    event WorkflowFailed(bytes32 indexed executionId, uint32 phaseIndex);
    event WorkflowCreatorAuthorized(address indexed creator, bool authorized);
    event WorkflowCancelled(bytes32 indexed executionId, address indexed initiator);
    event TriggerSourceAuthorized(address indexed source, bool authorized);
    event AggregatorsSet(address[] aggregators);
    event FeeVaultSet(address feeVault);
    event EcdsaVerifierSet(address verifier);
}

/// @title What a workflow state machine refuses
/// @dev The verifier's errors pass through, so they are part of it.
interface IWorkflowStateMachineErrors is
    IWorkflowStateMachineTypes,
    IBN254CertificateVerifierErrors,
    IECDSACertificateVerifierErrors
{
    // Set-up

    /// @notice An address that must be somebody's is zero: pass the real one.
    error ZeroAddress();
    /// @notice There is no code where a contract must be: deploy that one first, and pass its address.
    error NoContract(address account);
    /// @notice The ECDSA verifier is set once, since what operators sign is in its domain: go on with the one that there is.
    error EcdsaVerifierAlreadySet(address verifier);
    /// @notice What is to verify ECDSA certificates has no domain that keys could sign in: pass the ECDSA verifier's address,
    ///         not the other verifier's.
    error NotAnEcdsaVerifier(address account);
    /// @notice An empty or too long list: pass 1 to `maximum` aggregators.
    error AggregatorCountOutOfRange(uint256 maximum, uint256 actual);
    /// @notice The list names an aggregator twice: drop one.
    error DuplicateAggregator(address aggregator);

    // Definitions

    /// @notice The workflow's name is empty or too long: take 1 to `maximum` bytes.
    error NameLengthOutOfRange(uint256 maximum, uint256 actual);
    /// @notice No phase, or too many: split the workflow so that each has 1 to `maximum`.
    error PhaseCountOutOfRange(uint256 maximum, uint256 actual);
    /// @notice Too many trigger sources of the workflow's own: let a contract of yours stand for several of them.
    error TooManyTriggers(uint256 maximum, uint256 actual);
    /// @notice A phase's name is empty or too long: take 1 to `maximum` bytes.
    error PhaseNameLengthOutOfRange(uint32 phaseIndex, uint256 maximum, uint256 actual);
    /// @notice Two phases have the same name: rename one.
    error DuplicatePhaseName(uint32 phaseIndex, uint32 firstIndex);
    /// @notice A phase must have from one second to `maximum` seconds: change its timeout.
    error TimeoutOutOfRange(uint32 phaseIndex, uint32 maximum, uint32 actual);
    /// @notice The threshold is above `maximum` basis points, or 0 in a phase whose type does not allow it: change it.
    error ThresholdOutOfRange(uint32 phaseIndex, uint16 maximum, uint16 actual);
    /// @notice The metadata is too long: keep the data elsewhere, and its hash here.
    error MetadataTooLarge(uint32 phaseIndex, uint256 maximum, uint256 actual);
    /// @notice Only CONDITIONAL phases wait for a condition: drop it, or change the type.
    error TriggerConditionNotSupported(uint32 phaseIndex, PhaseType phaseType);
    /// @notice A CONDITIONAL phase needs a condition, if only NONE: give it one.
    error TriggerConditionMissing(uint32 phaseIndex);
    /// @notice The metadata of a CONTINUOUS phase must be abi.encode(interval, updates[, reducer]), byte by byte.
    error ContinuousMetadataMalformed(uint32 phaseIndex);
    /// @notice Ticks must be from one second to `maximum` seconds apart: change the interval.
    error IntervalOutOfRange(uint32 phaseIndex, uint32 maximum, uint256 actual);
    /// @notice A series holds at most `maximum` ticks: ask for fewer, or for a longer interval.
    error TooManyTicks(uint32 phaseIndex, uint256 maximum, uint256 actual);
    /// @notice The last tick is due `lastDue` seconds after the start, and that is not before the deadline: allow more
    ///         time, or ask for fewer ticks.
    error TicksDoNotFit(uint32 phaseIndex, uint32 timeout, uint256 lastDue);
    /// @notice Each phase needs its options, if only zeros: pass as many options as phases.
    error OptionCountMismatch(uint256 expected, uint256 actual);
    /// @notice A phase can't be attempted that often: allow at most `maximum` attempts.
    error AttemptsOutOfRange(uint32 phaseIndex, uint8 maximum, uint8 actual);
    /// @notice Trigger mode and skipping are for CONDITIONAL phases: leave them zero, or change the type.
    error OptionNotSupported(uint32 phaseIndex, PhaseType phaseType);
    /// @notice A fallback without the policy for it, beyond the last phase, or the phase itself: name another phase, or
    ///         0 where the policy is another one.
    error FallbackOutOfRange(uint32 phaseIndex, uint32 fallbackPhase, uint256 phaseCount);
    /// @notice A fallback computes from the same results: give it the dependencies of the phase that it stands in for.
    error FallbackDependenciesDiffer(uint32 phaseIndex, uint32 fallbackPhase);
    /// @notice A fallback stands in for one phase only: define another for the second.
    error FallbackShared(uint32 fallbackPhase, uint32 firstIndex, uint32 secondIndex);
    /// @notice Nobody depends on a fallback: depend on the phase that it stands in for, whose result it gives.
    error FallbackIsDependency(uint32 fallbackPhase, uint32 dependentIndex);
    /// @notice Phases stand in for each other in a circle: let the last fallback have another policy.
    /// @param phaseIndex The lowest of them.
    error FallbackCycle(uint32 phaseIndex);
    /// @notice Executions may last at most `maximum` seconds: lower the overall timeout, or leave it 0.
    error ExecutionTimeoutOutOfRange(uint32 maximum, uint32 actual);
    /// @notice No table of the phase's operator set lasts as long as its timeout: shorten it, or have tables of that set
    ///         last longer.
    error TimeoutExceedsStaleness(uint32 phaseIndex, uint32 maxStaleness, uint32 timeout);
    /// @notice Both verifiers have a table of the operator set, whose keys must be on one curve: name another set.
    error CurveAmbiguous(address avs, uint32 operatorSetId);
    /// @notice A phase depends on one that is not in the workflow: correct the index.
    error DependencyOutOfRange(uint32 phaseIndex, uint32 dependency, uint256 phaseCount);
    /// @notice A phase depends on itself: drop that dependency.
    error SelfDependency(uint32 phaseIndex);
    /// @notice A phase names a dependency twice: drop one.
    error DuplicateDependency(uint32 phaseIndex, uint32 dependency);
    /// @notice Phases wait for each other in a circle, so none could ever start: break it.
    /// @param phaseIndex The lowest of the phases that could never start.
    error DependencyCycle(uint32 phaseIndex);

    // Look-ups

    /// @notice No workflow has this id: register it first, on this contract and chain.
    error UnknownWorkflow(bytes32 workflowId);
    /// @notice No execution has this id: it may be another contract's, or a reorg took it back.
    error UnknownExecution(bytes32 executionId);
    /// @notice The workflow has no phase of this index: count from 0.
    error UnknownPhase(bytes32 executionId, uint32 phaseIndex);

    // Starting a phase

    /// @notice The payload is too long: keep the data elsewhere, and its hash here.
    error PayloadTooLarge(uint256 maximum, uint256 actual);
    /// @notice The operator set has no stake table yet: wait until its first one has been transported to this chain.
    error TableMissing(address avs, uint32 operatorSetId);
    /// @notice The newest table goes stale before the phase's deadline: try again when there is a newer one.
    error TableStale(uint64 deadline, uint64 freshUntil);
    /// @notice The operator set holds too little stake: have more allocated to it, or require less.
    error RequiredStakeNotMet(uint256 required, uint256 actual);

    // Fees, triggers, ends

    /// @notice Ether was sent where no fee is taken: send none.
    error UnexpectedValue(uint256 actual);
    /// @notice The phase waits for no trigger, by the status given: it has not started, is triggered, or has ended.
    error PhaseNotWaiting(PhaseStatus actual);
    /// @notice The caller may not trigger: have it authorised, for all workflows or by this one's definition.
    error NotATriggerSource(address account);
    /// @notice The trigger's data is too long: keep the data elsewhere, and its hash here.
    error TriggerDataTooLarge(uint256 maximum, uint256 actual);
    /// @notice The data was understood, and the condition does not hold: try again when it does.
    error TriggerNotMet();
    /// @notice Only who started an execution can cancel it: ask `expected`.
    error NotTheInitiator(address expected, address actual);

    // Results

    /// @notice The execution has ended, by the status given: nothing more can be done in it.
    error ExecutionNotRunning(ExecutionStatus actual);
    /// @notice The phase is not open, by the status given: it has not started, or has a result already, or has ended.
    error PhaseNotActive(PhaseStatus actual);
    /// @notice Too late for this attempt: call `checkPhaseTimeout`, and answer the next attempt if one starts.
    error DeadlinePassed(uint64 deadline, uint64 actual);
    /// @notice Too early: the attempt can be ended from the second after the deadline.
    error DeadlineNotPassed(uint64 deadline, uint64 actual);
    /// @notice The result is too long: keep the data elsewhere, and sign its hash.
    error ResultTooLarge(uint256 maximum, uint256 actual);
    /// @notice The phase's type has no proposals, so its only round is 0: sign and submit that one.
    error InvalidRound(uint32 expected, uint32 actual);
    /// @notice The certificate is by another table than the attempt pinned: certify by the expected one.
    error InvalidReferenceTimestamp(uint32 expected, uint32 actual);
    /// @notice The certificate is about something else than this result of this attempt: certify the expected hash.
    error InvalidMessageHash(bytes32 expected, bytes32 actual);
    /// @notice The signature or the signers' key is zero: nobody signed. Collect signatures first.
    error EmptyCertificate();
    /// @notice Nobody who signed has stake in the first column: collect signatures of operators who do.
    error NoStakeSigned();
    /// @notice The verifier answers with another number of weights than the table has: its contract is not the one that
    ///         this was built for.
    error WeightColumnsMismatch(uint256 expected, uint256 actual);
    /// @notice Too little stake signed, in the column given: collect more signatures.
    error ThresholdNotMet(uint256 column, uint256 signedWeight, uint256 totalWeight, uint16 consensusThreshold);
}

/// @title Who may do what, and which workflows there are
/// @notice Requirements name the custom error that answers when they are not met.
interface IWorkflowRegistry is IWorkflowStateMachineEvents, IWorkflowStateMachineErrors {
    // ── Administration ───────────────────────────────────────────────────────────────────────────────

    /// @notice Sets the contract up behind its proxy, once. `admin` gets every role.
    /// Requirements: no address is zero (ZeroAddress); as for `setAggregators`.
    /// @param verifier The certificate verifier: EigenLayer's, or a local network's OperatorTable.
    /// @param avs The AVS whose operator sets the phases name.
    function initialize(address admin, address verifier, address avs, address[] calldata aggregators) external;

    /// @notice Lets an address register workflows, or no longer.
    /// Requirements: the caller has DEFAULT_ADMIN_ROLE.
    function authorizeWorkflowCreator(address creator, bool authorized) external;

    /// @notice Lets an address open the gates of every workflow's conditional phases, or no longer.
    /// Requirements: the caller has DEFAULT_ADMIN_ROLE.
    function authorizeTriggerSource(address source, bool authorized) external;

    /// @notice Sets the vault that takes and keeps the fees from now on; zero: no fees. Executions that have paid stay with
    ///         the vault that they paid into.
    /// Requirements: the caller has DEFAULT_ADMIN_ROLE.
    function setFeeVault(address feeVault) external;

    /// @notice Sets the verifier of operator sets whose keys are on secp256k1: EigenLayer's ECDSACertificateVerifier, or a
    ///         local network's EcdsaOperatorTable. Like the other verifier's, its address stays.
    /// Requirements: the caller has DEFAULT_ADMIN_ROLE; there is none yet (EcdsaVerifierAlreadySet); the contract answers
    /// `domainSeparator` (NotAnEcdsaVerifier).
    function setEcdsaVerifier(address ecdsaVerifier) external;

    /// @notice Stops registrations, starts, triggers and submissions. Deadlines go on, and so do timeouts, cancellations,
    ///         refunds and withdrawals.
    /// Requirements: the caller has PAUSER_ROLE.
    function pause() external;

    /// @notice Ends the pause.
    /// Requirements: the caller has PAUSER_ROLE.
    function unpause() external;

    /// @notice Replaces the list of aggregators, whose order decides who proposes and who submits first.
    /// Requirements: the caller has DEFAULT_ADMIN_ROLE; 1 to MAX_AGGREGATORS (AggregatorCountOutOfRange), none zero
    /// (ZeroAddress), none twice (DuplicateAggregator).
    function setAggregators(address[] calldata aggregators) external;

    // ── Workflows ────────────────────────────────────────────────────────────────────────────────────

    /// @notice Stores a definition for ever. The same name again, by the same creator, makes the next version; executions
    ///         of older versions finish on theirs. Every option is zero, and there is no overall deadline.
    /// @dev Payable: the fee vault may charge for it.
    /// Requirements: not paused; the caller has WORKFLOW_CREATOR_ROLE; the name has 1 to MAX_NAME_BYTES; 1 to MAX_PHASES
    /// phases, in each: a name of its own, a timeout of 1 to MAX_TIMEOUT seconds, a threshold of at most MAX_THRESHOLD
    /// basis points and 0 only where the type allows, at most MAX_METADATA_BYTES of metadata, ticks that fit the timeout,
    /// a condition exactly if it is CONDITIONAL, and dependencies that exist, appear once and make no cycle; every
    /// operator set has a table, with one verifier (TableMissing, CurveAmbiguous), with enough stake (RequiredStakeNotMet)
    /// that can last as long as the phase's timeout (TimeoutExceedsStaleness). Which verifier that is stays so.
    /// @param authorizedTriggers Who may open the gates of conditional phases, beside the global sources.
    function registerWorkflow(
        string calldata name,
        PhaseDefinition[] calldata phases,
        address[] calldata authorizedTriggers
    ) external payable returns (bytes32 workflowId);

    /// @notice As `registerWorkflow`, with options for each phase and an overall deadline for executions.
    /// Requirements: as for `registerWorkflow`; as many options as phases (OptionCountMismatch); at most MAX_ATTEMPTS
    /// (AttemptsOutOfRange); fallbacks as PhaseOptions says (Fallback…); conditional options on CONDITIONAL phases alone
    /// (OptionNotSupported); an overall timeout of at most MAX_EXECUTION_TIMEOUT (ExecutionTimeoutOutOfRange).
    /// @param executionTimeout Seconds from an execution's start; 0: no overall deadline.
    function registerWorkflowWithOptions(
        string calldata name,
        PhaseDefinition[] calldata phases,
        PhaseOptions[] calldata options,
        uint32 executionTimeout,
        address[] calldata authorizedTriggers
    ) external payable returns (bytes32 workflowId);

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    function getWorkflow(bytes32 workflowId) external view returns (WorkflowView memory);

    function getWorkflowPhases(bytes32 workflowId) external view returns (PhaseDefinition[] memory);

    /// @notice The options of each phase, as registered; all zero for `registerWorkflow`.
    function getWorkflowOptions(bytes32 workflowId) external view returns (PhaseOptions[] memory);

    /// @notice The newest version of this creator's workflow of this name; zero if there is none.
    function latestVersion(address creator, string calldata name) external view returns (uint32);

    function computeWorkflowId(address creator, string calldata name, uint32 version_) external view returns (bytes32);

    function aggregators() external view returns (address[] memory);

    function feeVault() external view returns (address);

    function avs() external view returns (address);

    function verifier() external view returns (address);

    /// @notice Zero if there is none: then no phase can be of an operator set whose keys are on secp256k1.
    function ecdsaVerifier() external view returns (address);

    /// @notice The block of `initialize`: nothing happened before it.
    function startBlock() external view returns (uint64);
}

/// @title How executions go on, and how they stand
/// @notice Requirements name the custom error that answers when they are not met.
interface IWorkflowExecutions is IWorkflowStateMachineEvents, IWorkflowStateMachineErrors {
    /// @notice Starts a run of a workflow, and with it every phase that depends on none. Anyone may.
    /// @dev Payable: the fee vault prices and keeps it (IFeeVault.open). Without a vault no ether is taken (UnexpectedValue).
    /// Requirements: not paused; the workflow exists (UnknownWorkflow); at most MAX_PAYLOAD_BYTES (PayloadTooLarge); every
    /// phase's operator set has a table (TableMissing) that holds enough stake (RequiredStakeNotMet), and of the phases
    /// that start, one that stays fresh until the deadline (TableStale).
    function executeWorkflow(bytes32 workflowId, bytes calldata payload) external payable returns (bytes32 executionId);

    /// @notice Opens the gate of a phase that waits for it: the phase takes results from now on.
    /// Requirements: not paused; the caller has TRIGGER_SOURCE_ROLE or is among the workflow's authorized triggers
    /// (NotATriggerSource); the execution is running (ExecutionNotRunning) and the phase CONDITIONAL_WAITING
    /// (PhaseNotWaiting) within its deadline (DeadlinePassed); at most MAX_TRIGGER_DATA_BYTES (TriggerDataTooLarge); the
    /// data is well formed (ITriggerConditions' errors) and makes the condition hold (TriggerNotMet).
    /// @param data As ITriggerConditions.holds takes it. The operators' handlers get it, and it is in the inputs' hash.
    function trigger(bytes32 executionId, uint32 phaseIndex, bytes calldata data) external;

    /// @notice Ends a running execution; what was paid for phases that have not completed goes back.
    /// Requirements: the execution is running (ExecutionNotRunning); the caller started it (NotTheInitiator).
    function cancelExecution(bytes32 executionId) external;

    /// @notice Takes a phase's result with the certificate for it, and starts the phases that waited for it. Anyone may.
    /// @dev A later phase that can't start, for want of a usable operator table, fails, and its definition says what
    ///      follows; the result is kept all the same. A certificate that does not decode reverts, perhaps without data.
    /// Requirements: not paused; the phase is active (PhaseNotActive) in a running execution (ExecutionNotRunning), within
    /// its deadline (DeadlinePassed); at most MAX_RESULT_BYTES (ResultTooLarge); the certificate is for the pinned
    /// table (InvalidReferenceTimestamp) and this very result (InvalidMessageHash), is signed at all
    /// (EmptyCertificate), if the curve is BN254 with a point on it (InvalidPoint), verifies (the verifier's errors), and in
    /// every weight column signed · 10,000 >= threshold · total (ThresholdNotMet), which is more than nothing (NoStakeSigned).
    /// @param certificate abi.encode(BN254Certificate), or abi.encode(ECDSACertificate) as the phase's `curve` is.
    function submitPhaseResult(
        bytes32 executionId,
        uint32 phaseIndex,
        uint32 round,
        bytes calldata result,
        bytes calldata certificate
    ) external;

    /// @notice Ends a phase's attempt whose deadline has passed. Anyone may. What follows is the definition's: another
    ///         attempt, skipping, going on without, a fallback, or the end of the execution. After the execution's own
    ///         deadline it is always the end.
    /// Requirements: the execution is running (ExecutionNotRunning), the phase active or waiting (PhaseNotActive), the
    /// deadline passed (DeadlineNotPassed).
    function checkPhaseTimeout(bytes32 executionId, uint32 phaseIndex) external;

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

    /// @notice What the signers of a MULTI_SIG condition sign for this attempt (EIP-712 TriggerApproval).
    function getApprovalDigest(bytes32 executionId, uint32 phaseIndex) external view returns (bytes32);

    /// @notice The contract that does all of IWorkflowRegistry in this one's name, by delegatecall.
    function registry() external view returns (address);

    /// @notice Where conditions are judged: an ITriggerConditions.
    function triggerConditions() external view returns (address);

    function version() external view returns (string memory);
}

/// @title A contract that runs multi-phase workflows of an AVS, each phase on a quorum of stake
/// @notice Two halves behind one address, since one contract can't hold as much code.
interface IWorkflowStateMachine is IWorkflowRegistry, IWorkflowExecutions {}
