// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IBN254CertificateVerifierTypes} from "../../interfaces/IBN254CertificateVerifier.sol";
import {OperatorSet} from "../../interfaces/ICertificateVerifier.sol";
import {IECDSACertificateVerifierTypes} from "../../interfaces/IECDSACertificateVerifier.sol";
import {IAVSTaskHook} from "./IAVSTaskHook.sol";

/// @title What EigenLayer's task mailbox takes and keeps
interface ITaskMailboxTypes {
    /// @notice Which keys an operator set signs with.
    enum CurveType {
        NONE,
        ECDSA,
        BN254
    }

    /// @notice When a result counts as agreed upon.
    enum ConsensusType {
        NONE,
        STAKE_PROPORTION_THRESHOLD
    }

    /// @notice Where a task stands. EXPIRED is never stored: it follows from the clock.
    enum TaskStatus {
        NONE,
        CREATED,
        VERIFIED,
        EXPIRED
    }

    /// @param value Empty for NONE; else `abi.encode(uint16 basisPoints)`.
    struct Consensus {
        ConsensusType consensusType;
        bytes value;
    }

    /// @notice How an operator set's tasks are worked; each task keeps it as it was when it was created.
    /// @param taskSLA How many seconds a task takes results.
    struct ExecutorOperatorSetTaskConfig {
        IAVSTaskHook taskHook;
        uint96 taskSLA;
        IERC20 feeToken;
        CurveType curveType;
        address feeCollector;
        Consensus consensus;
        bytes taskMetadata;
    }

    struct TaskParams {
        address refundCollector;
        OperatorSet executorOperatorSet;
        bytes payload;
    }

    struct Task {
        address creator;
        uint96 creationTime;
        address avs;
        uint96 avsFee;
        address refundCollector;
        uint32 executorOperatorSetId;
        uint16 feeSplit;
        TaskStatus status;
        bool isFeeRefunded;
        uint32 operatorTableReferenceTimestamp;
        ExecutorOperatorSetTaskConfig executorOperatorSetTaskConfig;
        bytes payload;
        bytes executorCert;
        bytes result;
    }
}

/// @title What EigenLayer's task mailbox refuses
interface ITaskMailboxErrors {
    /// @notice The operator set's table would be stale before the task's time is over: wait for a newer table.
    error CertificateStale();
    /// @notice The certificate has no signature: certify by at least one operator.
    error EmptyCertificateSignature();
    /// @notice The operator set takes no tasks: its owner has to register it.
    error ExecutorOperatorSetNotRegistered();
    /// @notice The operator set has no configuration for tasks: its owner has to set one.
    error ExecutorOperatorSetTaskConfigNotSet();
    /// @notice The fee was refunded before: there is nothing left to refund.
    error FeeAlreadyRefunded();
    /// @notice An address is zero: give a real one.
    error InvalidAddressZero();
    /// @notice There is no such kind of consensus: choose NONE or STAKE_PROPORTION_THRESHOLD.
    error InvalidConsensusType();
    /// @notice The consensus' value is not what its kind takes: nothing for NONE, else basis points up to 10,000.
    error InvalidConsensusValue();
    /// @notice The operator set signs on no known curve: choose ECDSA or BN254.
    error InvalidCurveType();
    /// @notice A fee would go to nobody: name a fee collector in the configuration, and a refund collector with the task.
    error InvalidFeeReceiver();
    /// @notice More than the whole fee was to be split off: give 10,000 basis points at the most.
    error InvalidFeeSplit();
    /// @notice The certificate is about another task or result: certify this one's message hash.
    error InvalidMessageHash();
    /// @notice Only the operator set's owner, as the verifier knows it, configures it: call from there.
    error InvalidOperatorSetOwner();
    /// @notice The certificate is by another table than the task has pinned: certify by the task's own.
    error InvalidReferenceTimestamp();
    /// @notice The task's creator is not who it must be: call from its account.
    error InvalidTaskCreator();
    /// @notice The task is not where it would have to be: look at its status before you try again.
    error InvalidTaskStatus(ITaskMailboxTypes.TaskStatus expected, ITaskMailboxTypes.TaskStatus actual);
    /// @notice Only whom the task names refunds its fee: call from there.
    error OnlyRefundCollector();
    /// @notice A task is about something: give a payload.
    error PayloadIsEmpty();
    /// @notice A task may not take that long: shorten the operator set's SLA.
    error TaskSLAExceedsMaximum();
    /// @notice Too little stake has signed: collect more signatures.
    error ThresholdNotMet();
    /// @notice A task takes no result in the block in which it was created: wait for the next one.
    error TimestampAtCreation();
}

/// @title What EigenLayer's task mailbox says happened
interface ITaskMailboxEvents is ITaskMailboxTypes {
    event ExecutorOperatorSetRegistered(
        address indexed caller, address indexed avs, uint32 indexed executorOperatorSetId, bool isRegistered
    );
    event ExecutorOperatorSetTaskConfigSet(
        address indexed caller,
        address indexed avs,
        uint32 indexed executorOperatorSetId,
        ExecutorOperatorSetTaskConfig config
    );
    event TaskCreated(
        address indexed creator,
        bytes32 indexed taskHash,
        address indexed avs,
        uint32 executorOperatorSetId,
        uint32 operatorTableReferenceTimestamp,
        address refundCollector,
        uint96 avsFee,
        uint256 taskDeadline,
        bytes payload
    );
    event TaskVerified(
        address indexed aggregator,
        bytes32 indexed taskHash,
        address indexed avs,
        uint32 executorOperatorSetId,
        bytes executorCert,
        bytes result
    );
    event FeeRefunded(address indexed refundCollector, bytes32 indexed taskHash, uint96 avsFee);
    event FeeSplitSet(uint16 feeSplit);
    event FeeSplitCollectorSet(address indexed feeSplitCollector);
}

/// @title EigenLayer's task mailbox
/// @notice Single tasks for operator sets: one is created, operators answer, a certificate is checked. Written from its ABI.
interface ITaskMailbox is ITaskMailboxErrors, ITaskMailboxEvents {
    // ── Administration ───────────────────────────────────────────────────────────────────────────────

    function initialize(address owner, uint16 feeSplit, address feeSplitCollector) external;

    /// @notice Configures and registers an operator set; for its owner as the verifier knows it.
    function setExecutorOperatorSetTaskConfig(
        OperatorSet calldata operatorSet,
        ExecutorOperatorSetTaskConfig calldata config
    ) external;

    function registerExecutorOperatorSet(OperatorSet calldata operatorSet, bool isRegistered) external;

    function setFeeSplit(uint16 feeSplit) external;

    function setFeeSplitCollector(address feeSplitCollector) external;

    // ── Tasks ────────────────────────────────────────────────────────────────────────────────────────

    function createTask(TaskParams calldata taskParams) external returns (bytes32 taskHash);

    /// @notice Answers a task; for anybody whom its hook lets.
    /// @param executorCert The ABI encoding of the certificate, of the operator set's curve.
    function submitResult(bytes32 taskHash, bytes calldata executorCert, bytes calldata result) external;

    /// @notice Gives back the whole fee of an expired task, once; for its refund collector.
    function refundFee(bytes32 taskHash) external;

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    function getTaskInfo(bytes32 taskHash) external view returns (Task memory);

    function getTaskStatus(bytes32 taskHash) external view returns (TaskStatus);

    /// @notice A verified task's result; reverts for another.
    function getTaskResult(bytes32 taskHash) external view returns (bytes memory);

    function getExecutorOperatorSetTaskConfig(OperatorSet calldata operatorSet)
        external
        view
        returns (ExecutorOperatorSetTaskConfig memory);

    function isExecutorOperatorSetRegistered(bytes32 operatorSetKey) external view returns (bool);

    /// @notice What a certificate for this result is about.
    function getMessageHash(bytes32 taskHash, bytes calldata result) external pure returns (bytes32);

    function getBN254CertificateBytes(IBN254CertificateVerifierTypes.BN254Certificate calldata cert)
        external
        pure
        returns (bytes memory);

    function getECDSACertificateBytes(IECDSACertificateVerifierTypes.ECDSACertificate calldata cert)
        external
        pure
        returns (bytes memory);

    function feeSplit() external view returns (uint16);

    function feeSplitCollector() external view returns (address);

    function MAX_TASK_SLA() external view returns (uint96);

    function BN254_CERTIFICATE_VERIFIER() external view returns (address);

    function ECDSA_CERTIFICATE_VERIFIER() external view returns (address);
}
