// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Initializable} from "@openzeppelin/contracts-upgradeable/proxy/utils/Initializable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {
    IBN254CertificateVerifier,
    IBN254CertificateVerifierTypes
} from "../../interfaces/IBN254CertificateVerifier.sol";
import {ICertificateVerifier, OperatorSet} from "../../interfaces/ICertificateVerifier.sol";
import {
    IECDSACertificateVerifier,
    IECDSACertificateVerifierTypes
} from "../../interfaces/IECDSACertificateVerifier.sol";
import {IAVSTaskHook} from "./IAVSTaskHook.sol";
import {ITaskMailbox} from "./ITaskMailbox.sol";

/// @title A task mailbox for a local network
/// @notice Stands where EigenLayer's TaskMailbox stands on a public chain, and takes and refuses what that one does.
/// @dev For tests and local networks. The configuration of an operator set is for whom its verifier calls its owner.
contract TaskMailbox is ITaskMailbox, Initializable, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ITaskMailbox
    uint96 public constant MAX_TASK_SLA = 7 days;

    uint16 private constant BASIS_POINTS = 10_000;
    uint256 private constant AVS_SHIFT = 96;

    /// @inheritdoc ITaskMailbox
    address public immutable BN254_CERTIFICATE_VERIFIER;
    /// @inheritdoc ITaskMailbox
    address public immutable ECDSA_CERTIFICATE_VERIFIER;

    // ── Storage ──────────────────────────────────────────────────────────────────────────────────────

    /// @notice Who sets the fee split.
    address public owner;
    /// @inheritdoc ITaskMailbox
    uint16 public feeSplit;
    /// @inheritdoc ITaskMailbox
    address public feeSplitCollector;

    /// @inheritdoc ITaskMailbox
    mapping(bytes32 operatorSetKey => bool) public isExecutorOperatorSetRegistered;

    uint256 private _globalTaskCount;
    mapping(bytes32 operatorSetKey => ExecutorOperatorSetTaskConfig) private _configs;
    mapping(bytes32 taskHash => Task) private _tasks;

    /// @notice Only the mailbox's owner may do this: call from there.
    error OnlyOwner();

    constructor(address bn254Verifier, address ecdsaVerifier) {
        BN254_CERTIFICATE_VERIFIER = bn254Verifier;
        ECDSA_CERTIFICATE_VERIFIER = ecdsaVerifier;
    }

    // ── Administration ───────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ITaskMailbox
    function initialize(address owner_, uint16 feeSplit_, address feeSplitCollector_) external initializer {
        owner = owner_;
        _setFeeSplit(feeSplit_);
        _setFeeSplitCollector(feeSplitCollector_);
    }

    /// @inheritdoc ITaskMailbox
    function setFeeSplit(uint16 feeSplit_) external {
        if (msg.sender != owner) revert OnlyOwner();
        _setFeeSplit(feeSplit_);
    }

    /// @inheritdoc ITaskMailbox
    function setFeeSplitCollector(address feeSplitCollector_) external {
        if (msg.sender != owner) revert OnlyOwner();
        _setFeeSplitCollector(feeSplitCollector_);
    }

    /// @inheritdoc ITaskMailbox
    /// @dev Requirements: a hook and an SLA up to the maximum, a curve, a fee collector if there is a fee token, a
    ///      consensus with its value; the caller owns the operator set.
    function setExecutorOperatorSetTaskConfig(
        OperatorSet calldata operatorSet,
        ExecutorOperatorSetTaskConfig calldata config
    ) external {
        if (config.curveType == CurveType.NONE) revert InvalidCurveType();
        _requireOwner(operatorSet, config.curveType);
        if (address(config.taskHook) == address(0)) revert InvalidAddressZero();
        if (config.taskSLA == 0 || config.taskSLA > MAX_TASK_SLA) revert TaskSLAExceedsMaximum();
        _requireConsensus(config.consensus);

        bytes32 key = _keyOf(operatorSet);
        _configs[key] = config;
        emit ExecutorOperatorSetTaskConfigSet(msg.sender, operatorSet.avs, operatorSet.id, config);
        if (!isExecutorOperatorSetRegistered[key]) _register(operatorSet, true);
    }

    /// @inheritdoc ITaskMailbox
    /// @dev Requirements: the operator set is configured, and the caller owns it.
    function registerExecutorOperatorSet(OperatorSet calldata operatorSet, bool isRegistered) external {
        CurveType curve = _configs[_keyOf(operatorSet)].curveType;
        if (curve == CurveType.NONE) revert ExecutorOperatorSetTaskConfigNotSet();
        _requireOwner(operatorSet, curve);
        _register(operatorSet, isRegistered);
    }

    // ── Tasks ────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ITaskMailbox
    /// @dev Requirements: a payload; the operator set is registered, configured, and has a table that stays fresh until the
    ///      task's time is over; the hook agrees; the fee can be taken, and would have somebody to go to.
    function createTask(TaskParams calldata taskParams) external nonReentrant returns (bytes32 taskHash) {
        if (taskParams.payload.length == 0) revert PayloadIsEmpty();
        bytes32 key = _keyOf(taskParams.executorOperatorSet);
        if (!isExecutorOperatorSetRegistered[key]) revert ExecutorOperatorSetNotRegistered();
        ExecutorOperatorSetTaskConfig memory config = _configs[key];
        if (config.curveType == CurveType.NONE) revert ExecutorOperatorSetTaskConfigNotSet();
        uint32 referenceTimestamp = _freshTable(taskParams.executorOperatorSet, config);

        config.taskHook.validatePreTaskCreation(msg.sender, taskParams);
        uint96 fee = config.taskHook.calculateTaskFee(taskParams);

        taskHash = keccak256(abi.encode(_globalTaskCount, address(this), block.chainid, taskParams));
        ++_globalTaskCount;
        Task storage task = _tasks[taskHash];
        task.creator = msg.sender;
        task.creationTime = uint96(block.timestamp);
        task.avs = taskParams.executorOperatorSet.avs;
        task.avsFee = fee;
        task.refundCollector = taskParams.refundCollector;
        task.executorOperatorSetId = taskParams.executorOperatorSet.id;
        task.feeSplit = feeSplit;
        task.status = TaskStatus.CREATED;
        task.operatorTableReferenceTimestamp = referenceTimestamp;
        task.executorOperatorSetTaskConfig = config;
        task.payload = taskParams.payload;

        if (address(config.feeToken) != address(0) && fee > 0) {
            if (config.feeCollector == address(0) || taskParams.refundCollector == address(0)) {
                revert InvalidFeeReceiver();
            }
            config.feeToken.safeTransferFrom(msg.sender, address(this), fee);
        }
        config.taskHook.handlePostTaskCreation(taskHash);
        emit TaskCreated(
            msg.sender,
            taskHash,
            taskParams.executorOperatorSet.avs,
            taskParams.executorOperatorSet.id,
            referenceTimestamp,
            taskParams.refundCollector,
            fee,
            block.timestamp + config.taskSLA,
            taskParams.payload
        );
    }

    /// @inheritdoc ITaskMailbox
    /// @dev Requirements: the task is CREATED, in an earlier block's time; the hook agrees; the certificate is by the task's
    ///      table, about this result, signed, and by enough stake.
    function submitResult(bytes32 taskHash, bytes calldata executorCert, bytes calldata result) external nonReentrant {
        Task storage task = _tasks[taskHash];
        TaskStatus status = _statusOf(task);
        if (status != TaskStatus.CREATED) revert InvalidTaskStatus(TaskStatus.CREATED, status);
        if (block.timestamp <= task.creationTime) revert TimestampAtCreation();
        IAVSTaskHook hook = task.executorOperatorSetTaskConfig.taskHook;
        hook.validatePreTaskResultSubmission(msg.sender, taskHash, executorCert, result);

        _verify(task, _messageHash(taskHash, result), executorCert);

        task.status = TaskStatus.VERIFIED;
        task.executorCert = executorCert;
        task.result = result;
        _payOut(task);
        hook.handlePostTaskResultSubmission(msg.sender, taskHash);
        emit TaskVerified(msg.sender, taskHash, task.avs, task.executorOperatorSetId, executorCert, result);
    }

    /// @inheritdoc ITaskMailbox
    /// @dev Requirements: the caller is the refund collector, the fee was not refunded before, and the task is EXPIRED.
    function refundFee(bytes32 taskHash) external nonReentrant {
        Task storage task = _tasks[taskHash];
        if (msg.sender != task.refundCollector) revert OnlyRefundCollector();
        if (task.isFeeRefunded) revert FeeAlreadyRefunded();
        TaskStatus status = _statusOf(task);
        if (status != TaskStatus.EXPIRED) revert InvalidTaskStatus(TaskStatus.EXPIRED, status);

        task.isFeeRefunded = true;
        IERC20 token = task.executorOperatorSetTaskConfig.feeToken;
        if (address(token) != address(0) && task.avsFee > 0) token.safeTransfer(msg.sender, task.avsFee);
        emit FeeRefunded(msg.sender, taskHash, task.avsFee);
    }

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ITaskMailbox
    function getTaskInfo(bytes32 taskHash) external view returns (Task memory task) {
        task = _tasks[taskHash];
        task.status = _statusOf(_tasks[taskHash]);
    }

    /// @inheritdoc ITaskMailbox
    function getTaskStatus(bytes32 taskHash) external view returns (TaskStatus) {
        return _statusOf(_tasks[taskHash]);
    }

    /// @inheritdoc ITaskMailbox
    function getTaskResult(bytes32 taskHash) external view returns (bytes memory) {
        TaskStatus status = _statusOf(_tasks[taskHash]);
        if (status != TaskStatus.VERIFIED) revert InvalidTaskStatus(TaskStatus.VERIFIED, status);
        return _tasks[taskHash].result;
    }

    /// @inheritdoc ITaskMailbox
    function getExecutorOperatorSetTaskConfig(OperatorSet calldata operatorSet)
        external
        view
        returns (ExecutorOperatorSetTaskConfig memory)
    {
        return _configs[_keyOf(operatorSet)];
    }

    /// @inheritdoc ITaskMailbox
    function getMessageHash(bytes32 taskHash, bytes calldata result) external pure returns (bytes32) {
        return _messageHash(taskHash, result);
    }

    /// @inheritdoc ITaskMailbox
    function getBN254CertificateBytes(IBN254CertificateVerifierTypes.BN254Certificate calldata cert)
        external
        pure
        returns (bytes memory)
    {
        return abi.encode(cert);
    }

    /// @inheritdoc ITaskMailbox
    function getECDSACertificateBytes(IECDSACertificateVerifierTypes.ECDSACertificate calldata cert)
        external
        pure
        returns (bytes memory)
    {
        return abi.encode(cert);
    }

    // ── Internal ─────────────────────────────────────────────────────────────────────────────────────

    function _setFeeSplit(uint16 feeSplit_) private {
        if (feeSplit_ > BASIS_POINTS) revert InvalidFeeSplit();
        feeSplit = feeSplit_;
        emit FeeSplitSet(feeSplit_);
    }

    function _setFeeSplitCollector(address feeSplitCollector_) private {
        if (feeSplitCollector_ == address(0)) revert InvalidAddressZero();
        feeSplitCollector = feeSplitCollector_;
        emit FeeSplitCollectorSet(feeSplitCollector_);
    }

    function _register(OperatorSet calldata operatorSet, bool isRegistered) private {
        isExecutorOperatorSetRegistered[_keyOf(operatorSet)] = isRegistered;
        emit ExecutorOperatorSetRegistered(msg.sender, operatorSet.avs, operatorSet.id, isRegistered);
    }

    function _requireOwner(OperatorSet calldata operatorSet, CurveType curve) private view {
        if (_verifierOf(curve).getOperatorSetOwner(operatorSet) != msg.sender) revert InvalidOperatorSetOwner();
    }

    function _requireConsensus(Consensus calldata consensus) private pure {
        if (consensus.consensusType == ConsensusType.NONE) {
            if (consensus.value.length != 0) revert InvalidConsensusValue();
        } else {
            if (consensus.value.length != 32) revert InvalidConsensusValue();
            if (abi.decode(consensus.value, (uint16)) > BASIS_POINTS) revert InvalidConsensusValue();
        }
    }

    /// @dev The newest table's timestamp, if it stays fresh until the task's time is over.
    function _freshTable(OperatorSet calldata operatorSet, ExecutorOperatorSetTaskConfig memory config)
        private
        view
        returns (uint32 referenceTimestamp)
    {
        ICertificateVerifier verifier = _verifierOf(config.curveType);
        referenceTimestamp = verifier.latestReferenceTimestamp(operatorSet);
        uint32 staleness = verifier.maxOperatorTableStaleness(operatorSet);
        if (staleness != 0 && block.timestamp + config.taskSLA > uint256(referenceTimestamp) + staleness) {
            revert CertificateStale();
        }
    }

    function _verify(Task storage task, bytes32 messageHash, bytes calldata executorCert) private {
        OperatorSet memory operatorSet = OperatorSet(task.avs, task.executorOperatorSetId);
        Consensus memory consensus = task.executorOperatorSetTaskConfig.consensus;
        bool isEnough = true;
        if (task.executorOperatorSetTaskConfig.curveType == CurveType.BN254) {
            IBN254CertificateVerifierTypes.BN254Certificate memory cert =
                abi.decode(executorCert, (IBN254CertificateVerifierTypes.BN254Certificate));
            _requireAbout(task, messageHash, cert.referenceTimestamp, cert.messageHash);
            if (cert.signature.X == 0 && cert.signature.Y == 0) revert EmptyCertificateSignature();
            IBN254CertificateVerifier verifier = IBN254CertificateVerifier(BN254_CERTIFICATE_VERIFIER);
            if (consensus.consensusType == ConsensusType.NONE) verifier.verifyCertificate(operatorSet, cert);
            else isEnough = verifier.verifyCertificateProportion(operatorSet, cert, _thresholds(consensus));
        } else {
            IECDSACertificateVerifierTypes.ECDSACertificate memory cert =
                abi.decode(executorCert, (IECDSACertificateVerifierTypes.ECDSACertificate));
            _requireAbout(task, messageHash, cert.referenceTimestamp, cert.messageHash);
            if (cert.sig.length == 0) revert EmptyCertificateSignature();
            IECDSACertificateVerifier verifier = IECDSACertificateVerifier(ECDSA_CERTIFICATE_VERIFIER);
            if (consensus.consensusType == ConsensusType.NONE) verifier.verifyCertificate(operatorSet, cert);
            else (isEnough,) = verifier.verifyCertificateProportion(operatorSet, cert, _thresholds(consensus));
        }
        if (!isEnough) revert ThresholdNotMet();
    }

    function _requireAbout(Task storage task, bytes32 messageHash, uint32 certTimestamp, bytes32 certMessageHash)
        private
        view
    {
        if (certTimestamp != task.operatorTableReferenceTimestamp) revert InvalidReferenceTimestamp();
        if (certMessageHash != messageHash) revert InvalidMessageHash();
    }

    function _payOut(Task storage task) private {
        ExecutorOperatorSetTaskConfig storage config = task.executorOperatorSetTaskConfig;
        if (address(config.feeToken) == address(0) || task.avsFee == 0) return;
        uint256 split = uint256(task.avsFee) * task.feeSplit / BASIS_POINTS;
        if (split > 0) config.feeToken.safeTransfer(feeSplitCollector, split);
        if (task.avsFee > split) config.feeToken.safeTransfer(config.feeCollector, task.avsFee - split);
    }

    function _statusOf(Task storage task) private view returns (TaskStatus) {
        bool isOver = block.timestamp > uint256(task.creationTime) + task.executorOperatorSetTaskConfig.taskSLA;
        return task.status == TaskStatus.CREATED && isOver ? TaskStatus.EXPIRED : task.status;
    }

    function _thresholds(Consensus memory consensus) private pure returns (uint16[] memory thresholds) {
        thresholds = new uint16[](1);
        thresholds[0] = abi.decode(consensus.value, (uint16));
    }

    function _verifierOf(CurveType curve) private view returns (ICertificateVerifier) {
        return ICertificateVerifier(curve == CurveType.BN254 ? BN254_CERTIFICATE_VERIFIER : ECDSA_CERTIFICATE_VERIFIER);
    }

    function _messageHash(bytes32 taskHash, bytes calldata result) private pure returns (bytes32) {
        return keccak256(abi.encode(taskHash, result));
    }

    function _keyOf(OperatorSet calldata operatorSet) private pure returns (bytes32) {
        return bytes32(uint256(uint160(operatorSet.avs)) << AVS_SHIFT | operatorSet.id);
    }
}
