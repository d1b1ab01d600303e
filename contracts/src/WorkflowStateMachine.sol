// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {WorkflowRegistry} from "./WorkflowRegistry.sol";
import {
    IBN254CertificateVerifier,
    IBN254CertificateVerifierTypes,
    OperatorSet
} from "./interfaces/IBN254CertificateVerifier.sol";
import {IWorkflowStateMachine} from "./interfaces/IWorkflowStateMachine.sol";
import {BN254} from "./libraries/BN254.sol";
import {PhaseDigests} from "./libraries/PhaseDigests.sol";
import {WorkflowDefinitions} from "./libraries/WorkflowDefinitions.sol";

/// @title The state machine of multi-phase workflows
/// @notice It keeps definitions and runs executions of them: it starts each phase whose dependencies have completed,
///         pins the operator table that the phase is decided by, and takes a result only with a certificate of a quorum
///         of that table's stake. See IWorkflowStateMachine for what each function requires.
/// @dev The verifier is trusted, as on every chain it is EigenLayer's: it is called without try/catch, on purpose. A
///      caught failure could not be told from one that the submitter provoked by giving too little gas, and would let
///      anyone fail a phase.
contract WorkflowStateMachine is WorkflowRegistry, UUPSUpgradeable, ReentrancyGuardTransient {
    using BN254 for BN254.G1Point;
    using BN254 for BN254.G2Point;

    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    /// @notice Storing this much costs about 5.8 million gas, a third of what one transaction may use.
    uint256 public constant MAX_PAYLOAD_BYTES = 8_192;
    uint256 public constant MAX_RESULT_BYTES = 4_096;

    bytes32 public constant PHASE_RESULT_TYPEHASH = PhaseDigests.PHASE_RESULT_TYPEHASH;
    bytes32 public constant PHASE_INPUTS_TYPEHASH = PhaseDigests.PHASE_INPUTS_TYPEHASH;

    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant WORD = 32;
    uint32 private constant FIRST_ATTEMPT = 1;
    /// @dev Phases of one tick; CONTINUOUS phases count theirs.
    uint32 private constant ONLY_TICK = 0;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor() {
        _disableInitializers();
    }

    /// @inheritdoc IWorkflowStateMachine
    function version() external pure virtual returns (string memory) {
        return "0.1.0";
    }

    function _authorizeUpgrade(address) internal override onlyRole(UPGRADER_ROLE) {}

    // ── Executions ───────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IWorkflowStateMachine
    function executeWorkflow(bytes32 workflowId, bytes calldata payload)
        external
        nonReentrant
        returns (bytes32 executionId)
    {
        State storage state = _state();
        Workflow storage workflow = _workflow(workflowId);
        if (payload.length > MAX_PAYLOAD_BYTES) revert PayloadTooLarge(MAX_PAYLOAD_BYTES, payload.length);

        executionId = PhaseDigests.executionId(workflowId, ++state.executionCount, msg.sender, payload);
        Execution storage execution = state.executions[executionId];
        execution.workflowId = workflowId;
        execution.initiator = msg.sender;
        execution.startedAt = uint64(block.timestamp);
        execution.status = ExecutionStatus.RUNNING;
        execution.phaseCount = uint8(workflow.phases.length);
        execution.payloadHash = keccak256(payload);
        execution.payload = payload;
        emit WorkflowExecutionStarted(executionId, workflowId, msg.sender, payload);

        uint64 roots = workflow.rootMask;
        for (uint32 i = 0; roots >> i != 0; ++i) {
            if (roots & WorkflowDefinitions.maskOf(i) == 0) continue;
            bytes memory refusal = _startPhase(executionId, execution, workflow.phases[i], i);
            if (refusal.length != 0) _revertWith(refusal);
        }
    }

    /// @inheritdoc IWorkflowStateMachine
    function submitPhaseResult(
        bytes32 executionId,
        uint32 phaseIndex,
        uint32 round,
        bytes calldata result,
        bytes calldata certificate
    ) external nonReentrant {
        Execution storage execution = _execution(executionId);
        Phase storage phase = _phase(executionId, execution, phaseIndex);
        PhaseConfig storage config = _state().workflows[execution.workflowId].phases[phaseIndex];
        _requireActive(execution, phase);
        if (block.timestamp > phase.deadline) revert DeadlinePassed(phase.deadline, uint64(block.timestamp));
        if (result.length > MAX_RESULT_BYTES) revert ResultTooLarge(MAX_RESULT_BYTES, result.length);
        if (round != 0 && !_hasRounds(config.phaseType)) revert InvalidRound(0, round);

        PhaseDigests.PhaseSlot memory slot = _slotOf(executionId, phaseIndex, phase, round);
        bytes32 messageHash = _messageHash(slot, config.operatorSetId, phase.inputsHash, keccak256(result));

        phase.status = PhaseStatus.COMPLETED;
        _storeResult(phase, result);
        execution.completedMask |= WorkflowDefinitions.maskOf(phaseIndex);
        (uint256 signed, uint256 total) = _requireQuorum(config, phase.referenceTimestamp, messageHash, certificate);
        emit PhaseCompleted(
            slot.executionId, slot.phaseIndex, slot.attempt, slot.round, result, signed, total, msg.sender
        );

        _advance(slot.executionId, execution, config.dependentMask);
    }

    /// @inheritdoc IWorkflowStateMachine
    function checkPhaseTimeout(bytes32 executionId, uint32 phaseIndex) external {
        Execution storage execution = _execution(executionId);
        Phase storage phase = _phase(executionId, execution, phaseIndex);
        _requireActive(execution, phase);
        uint64 deadline = phase.deadline;
        if (block.timestamp <= deadline) revert DeadlineNotPassed(deadline, uint64(block.timestamp));

        phase.status = PhaseStatus.TIMED_OUT;
        emit PhaseTimedOut(executionId, phaseIndex, phase.attempt, deadline);
        _failExecution(executionId, execution, phaseIndex);
    }

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IWorkflowStateMachine
    function getExecution(bytes32 executionId) external view returns (ExecutionView memory) {
        Execution storage execution = _execution(executionId);
        uint32 completed = 0;
        for (uint64 left = execution.completedMask; left != 0; left &= left - 1) {
            ++completed;
        }
        return ExecutionView({
            asOf: uint64(block.timestamp),
            executionId: executionId,
            workflowId: execution.workflowId,
            initiator: execution.initiator,
            status: execution.status,
            startedAt: execution.startedAt,
            phaseCount: execution.phaseCount,
            completedCount: completed,
            payload: execution.payload
        });
    }

    /// @inheritdoc IWorkflowStateMachine
    function getPhase(bytes32 executionId, uint32 phaseIndex) external view returns (PhaseView memory) {
        State storage state = _state();
        Execution storage execution = _execution(executionId);
        Phase storage phase = _phase(executionId, execution, phaseIndex);
        Workflow storage workflow = state.workflows[execution.workflowId];
        PhaseConfig storage config = workflow.phases[phaseIndex];
        return PhaseView({
            asOf: uint64(block.timestamp),
            executionStatus: execution.status,
            workflowId: execution.workflowId,
            definitionHash: workflow.definitionHash,
            phaseType: config.phaseType,
            status: _statusOf(phase),
            attempt: phase.attempt,
            avs: state.avs,
            operatorSetId: config.operatorSetId,
            consensusThreshold: config.consensusThreshold,
            referenceTimestamp: phase.referenceTimestamp,
            startedAt: phase.startedAt,
            deadline: phase.deadline,
            inputsHash: phase.inputsHash,
            result: _resultOf(phase),
            aggregators: state.aggregators
        });
    }

    /// @inheritdoc IWorkflowStateMachine
    function getPhaseStatus(bytes32 executionId, uint32 phaseIndex) external view returns (PhaseStatus) {
        return _statusOf(_phase(executionId, _execution(executionId), phaseIndex));
    }

    /// @inheritdoc IWorkflowStateMachine
    function getPhaseResult(bytes32 executionId, uint32 phaseIndex) external view returns (bytes memory) {
        return _resultOf(_phase(executionId, _execution(executionId), phaseIndex));
    }

    /// @inheritdoc IWorkflowStateMachine
    function getMessageHash(bytes32 executionId, uint32 phaseIndex, uint32 round, bytes calldata result)
        external
        view
        returns (bytes32)
    {
        Execution storage execution = _execution(executionId);
        Phase storage phase = _phase(executionId, execution, phaseIndex);
        if (phase.attempt == 0) revert PhaseNotActive(phase.status);
        uint32 operatorSetId = _state().workflows[execution.workflowId].phases[phaseIndex].operatorSetId;
        PhaseDigests.PhaseSlot memory slot = _slotOf(executionId, phaseIndex, phase, round);
        return _messageHash(slot, operatorSetId, phase.inputsHash, keccak256(result));
    }

    // ── Internals: look-ups ──────────────────────────────────────────────────────────────────────────

    function _execution(bytes32 executionId) private view returns (Execution storage execution) {
        execution = _state().executions[executionId];
        if (execution.status == ExecutionStatus.NONE) revert UnknownExecution(executionId);
    }

    function _phase(bytes32 executionId, Execution storage execution, uint32 phaseIndex)
        private
        view
        returns (Phase storage)
    {
        if (phaseIndex >= execution.phaseCount) revert UnknownPhase(executionId, phaseIndex);
        return execution.phases[phaseIndex];
    }

    function _operatorSet(uint32 operatorSetId) private view returns (OperatorSet memory) {
        return OperatorSet(_state().avs, operatorSetId);
    }

    /// @dev The one place where a deadline becomes a status.
    function _statusOf(Phase storage phase) private view returns (PhaseStatus status) {
        status = phase.status;
        if (status == PhaseStatus.ACTIVE && block.timestamp > phase.deadline) return PhaseStatus.TIMED_OUT;
    }

    /// @dev Whether proposals decide the phase's bytes, so that they come in rounds.
    function _hasRounds(PhaseType phaseType) private pure returns (bool) {
        return phaseType == PhaseType.COORDINATION;
    }

    // ── Internals: starting phases ───────────────────────────────────────────────────────────────────

    /// @dev Starts the dependents that waited for nothing else, lowest first; then the execution may be complete.
    function _advance(bytes32 executionId, Execution storage execution, uint64 dependents) private {
        uint64 completed = execution.completedMask;
        PhaseConfig[] storage configs = _state().workflows[execution.workflowId].phases;
        for (uint32 i = 0; dependents >> i != 0; ++i) {
            if (dependents & WorkflowDefinitions.maskOf(i) == 0) continue;
            if (configs[i].dependencyMask & ~completed != 0) continue;
            bytes memory refusal = _startPhase(executionId, execution, configs[i], i);
            if (refusal.length == 0) continue;

            execution.phases[i].status = PhaseStatus.FAILED;
            execution.phases[i].attempt = FIRST_ATTEMPT;
            emit PhaseFailed(executionId, i, FIRST_ATTEMPT, bytes4(refusal));
            return _failExecution(executionId, execution, i);
        }
        if (completed == type(uint64).max >> (MAX_PHASES - execution.phaseCount)) {
            execution.status = ExecutionStatus.COMPLETED;
            emit WorkflowCompleted(executionId);
        }
    }

    function _failExecution(bytes32 executionId, Execution storage execution, uint32 phaseIndex) private {
        execution.status = ExecutionStatus.FAILED;
        emit WorkflowFailed(executionId, phaseIndex);
    }

    /// @dev Opens the phase's first attempt. Returns the encoded error if it can't, having changed nothing.
    function _startPhase(bytes32 executionId, Execution storage execution, PhaseConfig storage config, uint32 index)
        private
        returns (bytes memory refusal)
    {
        OperatorSet memory operatorSet = _operatorSet(config.operatorSetId);
        uint64 deadline = uint64(block.timestamp) + config.timeout;
        uint32 referenceTimestamp;
        (referenceTimestamp, refusal) = _usableTable(operatorSet, deadline, config.requiredStake);
        if (refusal.length != 0) return refusal;

        Phase storage phase = execution.phases[index];
        phase.status = PhaseStatus.ACTIVE;
        phase.attempt = FIRST_ATTEMPT;
        phase.referenceTimestamp = referenceTimestamp;
        phase.startedAt = uint64(block.timestamp);
        phase.deadline = deadline;
        phase.inputsHash = _inputsHash(execution, config.dependencies);
        emit PhaseStarted(
            executionId,
            index,
            FIRST_ATTEMPT,
            operatorSet.avs,
            operatorSet.id,
            referenceTimestamp,
            deadline,
            phase.inputsHash
        );
    }

    /// @dev The newest table of the set, if it lasts until the deadline and holds the stake; else the encoded error.
    function _usableTable(OperatorSet memory operatorSet, uint64 deadline, uint256 requiredStake)
        private
        view
        returns (uint32 referenceTimestamp, bytes memory refusal)
    {
        IBN254CertificateVerifier verifier_ = IBN254CertificateVerifier(_state().verifier);
        referenceTimestamp = verifier_.latestReferenceTimestamp(operatorSet);
        if (referenceTimestamp == 0) {
            return (0, abi.encodeWithSelector(TableMissing.selector, operatorSet.avs, operatorSet.id));
        }
        uint64 maxStaleness = verifier_.maxOperatorTableStaleness(operatorSet);
        uint64 freshUntil = referenceTimestamp + maxStaleness;
        if (maxStaleness != 0 && deadline > freshUntil) {
            return (0, abi.encodeWithSelector(TableStale.selector, deadline, freshUntil));
        }
        uint256[] memory totals = verifier_.getTotalStakeWeights(operatorSet, referenceTimestamp);
        uint256 total = totals.length == 0 ? 0 : totals[0];
        if (total == 0 || total < requiredStake) {
            return (0, abi.encodeWithSelector(RequiredStakeNotMet.selector, requiredStake, total));
        }
    }

    function _inputsHash(Execution storage execution, uint32[] memory dependencies) private view returns (bytes32) {
        bytes32[] memory resultHashes = new bytes32[](dependencies.length);
        for (uint256 i = 0; i < dependencies.length; ++i) {
            resultHashes[i] = _resultHashOf(execution.phases[dependencies[i]]);
        }
        return PhaseDigests.inputsHash(execution.payloadHash, dependencies, resultHashes);
    }

    function _revertWith(bytes memory encodedError) private pure {
        assembly ("memory-safe") {
            revert(add(encodedError, 0x20), mload(encodedError))
        }
    }

    // ── Internals: results ───────────────────────────────────────────────────────────────────────────

    function _requireActive(Execution storage execution, Phase storage phase) private view {
        if (phase.status != PhaseStatus.ACTIVE) revert PhaseNotActive(phase.status);
        if (execution.status != ExecutionStatus.RUNNING) revert ExecutionNotRunning(execution.status);
    }

    function _slotOf(bytes32 executionId, uint32 phaseIndex, Phase storage phase, uint32 round)
        private
        view
        returns (PhaseDigests.PhaseSlot memory)
    {
        return PhaseDigests.PhaseSlot(executionId, phaseIndex, phase.attempt, ONLY_TICK, round);
    }

    function _messageHash(
        PhaseDigests.PhaseSlot memory slot,
        uint32 operatorSetId,
        bytes32 inputsHash,
        bytes32 resultHash
    ) private view returns (bytes32) {
        return PhaseDigests.messageHash(_operatorSet(operatorSetId), slot, inputsHash, resultHash);
    }

    /// @dev What the verifier leaves to its caller: that the certificate is about this table and this result, that
    ///      somebody signed it, and that the signature is a point, without which EigenLayer's verifier burns all gas.
    function _requireAbout(
        IBN254CertificateVerifierTypes.BN254Certificate memory cert,
        uint32 referenceTimestamp,
        bytes32 messageHash
    ) private pure {
        if (cert.referenceTimestamp != referenceTimestamp) {
            revert InvalidReferenceTimestamp(referenceTimestamp, cert.referenceTimestamp);
        }
        if (cert.messageHash != messageHash) revert InvalidMessageHash(messageHash, cert.messageHash);
        if (cert.signature.isIdentity() || cert.apk.isIdentity()) revert EmptyCertificate();
        cert.signature.requireOnCurve();
    }

    /// @dev Has the certificate verified and compares exactly, where the verifier's own comparison rounds down. Since
    ///      the threshold is at least 1 and the first column's total was positive when the phase started, no certificate
    ///      without stake behind it passes.
    /// @return signed The first column's stake that signed.
    /// @return total The first column's stake.
    function _requireQuorum(
        PhaseConfig storage config,
        uint32 referenceTimestamp,
        bytes32 messageHash,
        bytes calldata certificate
    ) private returns (uint256 signed, uint256 total) {
        IBN254CertificateVerifierTypes.BN254Certificate memory cert =
            abi.decode(certificate, (IBN254CertificateVerifierTypes.BN254Certificate));
        _requireAbout(cert, referenceTimestamp, messageHash);
        IBN254CertificateVerifier verifier_ = IBN254CertificateVerifier(_state().verifier);
        OperatorSet memory operatorSet = _operatorSet(config.operatorSetId);
        uint16 threshold = config.consensusThreshold;
        uint256[] memory weights = verifier_.verifyCertificate(operatorSet, cert);
        uint256[] memory totals = verifier_.getTotalStakeWeights(operatorSet, referenceTimestamp);
        if (weights.length == 0 || weights.length != totals.length) {
            revert WeightColumnsMismatch(totals.length, weights.length);
        }
        if (weights[0] == 0) revert NoStakeSigned();
        for (uint256 column = 0; column < weights.length; ++column) {
            if (weights[column] * BASIS_POINTS < threshold * totals[column]) {
                revert ThresholdNotMet(column, weights[column], totals[column], threshold);
            }
        }
        return (weights[0], totals[0]);
    }

    function _storeResult(Phase storage phase, bytes calldata result) private {
        phase.resultLength = uint16(result.length);
        if (result.length <= WORD) {
            phase.resultWord = bytes32(result);
        } else {
            phase.resultWord = keccak256(result);
            phase.longResult = result;
        }
    }

    function _resultOf(Phase storage phase) private view returns (bytes memory) {
        if (phase.resultLength > WORD) return phase.longResult;
        return _firstBytes(phase.resultWord, phase.resultLength);
    }

    function _resultHashOf(Phase storage phase) private view returns (bytes32) {
        if (phase.resultLength > WORD) return phase.resultWord;
        return keccak256(_firstBytes(phase.resultWord, phase.resultLength));
    }

    function _firstBytes(bytes32 word, uint256 length) private pure returns (bytes memory bytes_) {
        bytes_ = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            bytes_[i] = word[i];
        }
    }
}
