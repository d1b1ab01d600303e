// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";

import {ExecutionViews} from "./ExecutionViews.sol";
import {PhaseTransitions} from "./PhaseTransitions.sol";
import {IBN254CertificateVerifier, IBN254CertificateVerifierTypes} from "./interfaces/IBN254CertificateVerifier.sol";
import {OperatorSet} from "./interfaces/ICertificateVerifier.sol";
import {IECDSACertificateVerifier, IECDSACertificateVerifierTypes} from "./interfaces/IECDSACertificateVerifier.sol";
import {IFeeVault, IFeeVaultTypes} from "./interfaces/IFeeVault.sol";
import {ITriggerConditions, ITriggerConditionsTypes} from "./interfaces/ITriggerConditions.sol";
import {IWorkflowExecutions} from "./interfaces/IWorkflowStateMachine.sol";
import {BN254} from "./libraries/BN254.sol";
import {PhaseDigests} from "./libraries/PhaseDigests.sol";
import {PhaseSets} from "./libraries/PhaseSets.sol";
import {StakeTables} from "./libraries/StakeTables.sol";

/// @title The state machine of multi-phase workflows
/// @notice It runs executions of registered workflows: it starts each phase whose dependencies are resolved, pins the
///         operator table that the phase is decided by, takes a result only with a certificate of a quorum of that table's
///         stake, and when a phase fails it does what the definition says. See IWorkflowExecutions for what each function
///         requires. Set-up, roles and definitions are WorkflowRegistry's, to which it delegates.
/// @dev The verifiers are trusted, as on every chain they are EigenLayer's, and so is the fee vault: they are called without
///      try/catch, on purpose. A caught failure could not be told from one that the caller provoked by giving too little
///      gas, and would let anyone fail a phase.
contract WorkflowStateMachine is ExecutionViews, PhaseTransitions, UUPSUpgradeable {
    using BN254 for BN254.G1Point;
    using BN254 for BN254.G2Point;
    using PhaseSets for uint64;

    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    /// @notice Storing this much costs about 5.8 million gas, a third of what one transaction may use.
    uint256 public constant MAX_PAYLOAD_BYTES = 8_192;
    /// @notice 63 dependencies' results, a payload and a trigger's data fit into one message of a mebibyte.
    uint256 public constant MAX_RESULT_BYTES = 16_384;
    uint256 public constant MAX_TRIGGER_DATA_BYTES = 4_096;
    /// @notice What a submission costs besides what is measured: 21,000 for any transaction, about 6,000 for the calldata of
    ///         a certificate that everybody signed, and the way in through the proxy. More calldata, for non-signers
    ///         or for more than a handful of ECDSA signatures, is not made good: what the contract can't measure, padding
    ///         could inflate.
    uint256 public constant UNMEASURED_GAS = 32_000;

    uint256 private constant BASIS_POINTS = 10_000;

    address private immutable REGISTRY;
    address private immutable TRIGGER_CONDITIONS;

    /// @param registry_ A WorkflowRegistry of the same release.
    /// @param triggerConditions_ A TriggerConditions.
    /// @custom:oz-upgrades-unsafe-allow constructor state-variable-immutable
    constructor(address registry_, address triggerConditions_) {
        if (registry_.code.length == 0) revert NoContract(registry_);
        if (triggerConditions_.code.length == 0) revert NoContract(triggerConditions_);
        REGISTRY = registry_;
        TRIGGER_CONDITIONS = triggerConditions_;
        _disableInitializers();
    }

    /// @dev Ether comes with a call that takes it, or not at all.
    receive() external payable {
        revert UnexpectedValue(msg.value);
    }

    /// @dev Whatever has no function here is the registry's, ether included.
    /// @custom:oz-upgrades-unsafe-allow delegatecall
    fallback() external payable {
        address registry_ = REGISTRY;
        assembly ("memory-safe") {
            let data := mload(0x40)
            calldatacopy(data, 0, calldatasize())
            let success := delegatecall(gas(), registry_, data, calldatasize(), 0, 0)
            returndatacopy(data, 0, returndatasize())
            if iszero(success) { revert(data, returndatasize()) }
            return(data, returndatasize())
        }
    }

    /// @inheritdoc IWorkflowExecutions
    function registry() external view returns (address) {
        return REGISTRY;
    }

    /// @inheritdoc IWorkflowExecutions
    function triggerConditions() external view returns (address) {
        return TRIGGER_CONDITIONS;
    }

    /// @inheritdoc IWorkflowExecutions
    function version() external pure returns (string memory) {
        return "0.3.0";
    }

    function _authorizeUpgrade(address) internal override onlyRole(UPGRADER_ROLE) {}

    // ── Beginning and end ────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IWorkflowExecutions
    function executeWorkflow(bytes32 workflowId, bytes calldata payload)
        external
        payable
        whenNotPaused
        nonReentrant
        returns (bytes32 executionId)
    {
        State storage state = _state();
        address vault = state.feeVault;
        if (vault == address(0) && msg.value != 0) revert UnexpectedValue(msg.value);
        Workflow storage workflow = _workflow(workflowId);
        if (payload.length > MAX_PAYLOAD_BYTES) revert PayloadTooLarge(MAX_PAYLOAD_BYTES, payload.length);
        uint32 phaseCount = uint32(workflow.phases.length);
        _requireStake(workflow, phaseCount);

        executionId = PhaseDigests.executionId(workflowId, ++state.executionCount, msg.sender, payload);
        Execution storage execution = state.executions[executionId];
        execution.workflowId = workflowId;
        execution.initiator = msg.sender;
        execution.startedAt = uint64(block.timestamp);
        execution.status = ExecutionStatus.RUNNING;
        execution.phaseCount = uint8(phaseCount);
        execution.fallbackMask = workflow.fallbackMask;
        uint32 timeout = workflow.executionTimeout;
        if (timeout != 0) execution.deadline = uint64(block.timestamp) + timeout;
        execution.payloadHash = keccak256(payload);
        execution.payload = payload;
        emit WorkflowExecutionStarted(executionId, workflowId, msg.sender, payload);

        for (uint64 roots = workflow.rootMask; roots != 0; roots = roots.withoutLowest()) {
            StakeTables.demandNone(_start(executionId, execution, workflow, roots.lowest()));
        }
        if (vault != address(0)) _pay(executionId, execution, vault, phaseCount, payload);
    }

    /// @inheritdoc IWorkflowExecutions
    function cancelExecution(bytes32 executionId) external nonReentrant {
        Execution storage execution = _execution(executionId);
        _requireRunning(execution);
        if (execution.initiator != msg.sender) revert NotTheInitiator(execution.initiator, msg.sender);
        execution.status = ExecutionStatus.CANCELLED;
        emit WorkflowCancelled(executionId, msg.sender);
        _settleUp(executionId, execution);
    }

    // ── Phases ───────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IWorkflowExecutions
    function trigger(bytes32 executionId, uint32 phaseIndex, bytes calldata data) external whenNotPaused nonReentrant {
        Execution storage execution = _execution(executionId);
        Phase storage phase = _phase(executionId, execution, phaseIndex);
        Workflow storage workflow = _state().workflows[execution.workflowId];
        _requireTriggerSource(workflow);
        _requireRunning(execution);
        if (phase.status != PhaseStatus.CONDITIONAL_WAITING) revert PhaseNotWaiting(phase.status);
        _requireInTime(phase);
        if (data.length > MAX_TRIGGER_DATA_BYTES) revert TriggerDataTooLarge(MAX_TRIGGER_DATA_BYTES, data.length);
        PhaseConfig storage config = _config(workflow, phaseIndex);
        uint32 attempt = phase.attempt;
        ITriggerConditionsTypes.Facts memory facts = _facts(workflow, execution, config);
        facts.approvalDigest = PhaseDigests.approvalDigest(executionId, phaseIndex, attempt);
        bool holds = ITriggerConditions(TRIGGER_CONDITIONS).holds(config.triggerCondition, facts, data);
        if (!holds) revert TriggerNotMet();

        bytes32 inputsHash = PhaseDigests.triggeredInputsHash(_inputsHash(workflow, execution, config, phase), data);
        phase.status = PhaseStatus.ACTIVE;
        phase.inputsHash = inputsHash;
        emit ConditionalTriggerActivated(executionId, phaseIndex, attempt, msg.sender, data, inputsHash);
    }

    /// @inheritdoc IWorkflowExecutions
    function submitPhaseResult(
        bytes32 executionId,
        uint32 phaseIndex,
        uint32 round,
        bytes calldata result,
        bytes calldata certificate
    ) external whenNotPaused nonReentrant {
        uint256 gasAtEntry = gasleft();
        Execution storage execution = _execution(executionId);
        Phase storage phase = _phase(executionId, execution, phaseIndex);
        if (phase.status != PhaseStatus.ACTIVE) revert PhaseNotActive(phase.status);
        _requireRunning(execution);
        _requireInTime(phase);
        if (result.length > MAX_RESULT_BYTES) revert ResultTooLarge(MAX_RESULT_BYTES, result.length);
        Workflow storage workflow = _state().workflows[execution.workflowId];
        PhaseConfig storage config = _config(workflow, phaseIndex);
        if (round != 0 && !_hasRounds(config.phaseType)) revert InvalidRound(0, round);

        IBN254CertificateVerifierTypes.BN254Certificate calldata cert = _certificateIn(certificate);
        OperatorSet memory operatorSet = _operatorSet(workflow, config, phaseIndex);
        uint32 attempt = phase.attempt;
        bytes32 resultHash = keccak256(result);
        bytes32 messageHash = PhaseDigests.messageHash(
            operatorSet,
            PhaseDigests.slot(executionId, phaseIndex, attempt, round),
            _inputsHash(workflow, execution, config, phase),
            resultHash
        );
        _requireAbout(cert, phase.referenceTimestamp, messageHash);
        bool ecdsa = _isEcdsa(config);
        if (!ecdsa) _requireSigned(cert);

        phase.status = PhaseStatus.COMPLETED;
        _storeResult(phase, result, resultHash);
        uint64 freed = _resolve(execution, workflow, phaseIndex);
        uint256[] memory weights;
        address[] memory signers;
        if (ecdsa) (weights, signers) = _verifyEcdsa(operatorSet, certificate);
        else weights = IBN254CertificateVerifier(_state().verifier).verifyCertificate(operatorSet, cert);
        (uint256 signed, uint256 total) = _requireQuorum(config, operatorSet, cert.referenceTimestamp, weights);
        emit PhaseCompleted(executionId, phaseIndex, attempt, round, result, signed, total, msg.sender);
        _advance(executionId, execution, workflow, freed);
        if (!execution.paid) return;
        IFeeVaultTypes.Settlement memory settlement;
        settlement.referenceTimestamp = cert.referenceTimestamp;
        if (!ecdsa) settlement.nonSignerIndices = _nonSigners(cert);
        settlement.signedWeight = signed;
        _settle(executionId, execution, phaseIndex, operatorSet, settlement, signers, gasAtEntry);
        _settleUp(executionId, execution);
    }

    /// @inheritdoc IWorkflowExecutions
    function checkPhaseTimeout(bytes32 executionId, uint32 phaseIndex) external nonReentrant {
        Execution storage execution = _execution(executionId);
        Phase storage phase = _phase(executionId, execution, phaseIndex);
        PhaseStatus status = phase.status;
        if (status != PhaseStatus.ACTIVE && status != PhaseStatus.CONDITIONAL_WAITING) revert PhaseNotActive(status);
        _requireRunning(execution);
        uint64 deadline = phase.deadline;
        if (block.timestamp <= deadline) revert DeadlineNotPassed(deadline, uint64(block.timestamp));

        Workflow storage workflow = _state().workflows[execution.workflowId];
        PhaseConfig storage config = _config(workflow, phaseIndex);
        uint64 overall = execution.deadline;
        uint64 freed;
        if (overall != 0 && block.timestamp > overall) {
            _timeOut(executionId, phaseIndex, phase);
            _fail(executionId, execution, phaseIndex);
        } else if (_isUnmet(config, status)) {
            phase.status = PhaseStatus.SKIPPED;
            emit PhaseSkipped(executionId, phaseIndex, phase.attempt);
            freed = _resolve(execution, workflow, phaseIndex);
        } else if (phase.attempt < config.maxAttempts) {
            emit PhaseTimedOut(executionId, phaseIndex, phase.attempt, deadline);
            freed = _open(executionId, execution, workflow, phaseIndex);
        } else {
            _timeOut(executionId, phaseIndex, phase);
            freed = _giveUp(executionId, execution, workflow, phaseIndex);
        }
        _advance(executionId, execution, workflow, freed);
        _settleUp(executionId, execution);
    }

    // ── Internals: requirements ──────────────────────────────────────────────────────────────────────

    function _requireRunning(Execution storage execution) private view {
        if (execution.status != ExecutionStatus.RUNNING) revert ExecutionNotRunning(execution.status);
    }

    function _requireInTime(Phase storage phase) private view {
        uint64 deadline = phase.deadline;
        if (block.timestamp > deadline) revert DeadlinePassed(deadline, uint64(block.timestamp));
    }

    function _requireTriggerSource(Workflow storage workflow) private view {
        if (hasRole(TRIGGER_SOURCE_ROLE, msg.sender)) return;
        if (!_isAmong(msg.sender, workflow.authorizedTriggers)) revert NotATriggerSource(msg.sender);
    }

    /// @dev Every operator set holds what its phases require. Phases of the same set follow each other more often than
    ///      not, so the set asked last is remembered.
    function _requireStake(Workflow storage workflow, uint32 phaseCount) private view {
        OperatorSet memory last;
        uint256 lastRequired = 0;
        for (uint32 i = 0; i < phaseCount; ++i) {
            PhaseConfig storage config = _config(workflow, i);
            OperatorSet memory operatorSet = _operatorSet(workflow, config, i);
            uint256 required = _requiredStake(config);
            bool same = i != 0 && operatorSet.avs == last.avs && operatorSet.id == last.id;
            if (same && required <= lastRequired) continue;
            (, bytes memory refusal) = StakeTables.newest(_verifierOf(config), operatorSet, required, _isEcdsa(config));
            StakeTables.demandNone(refusal);
            (last, lastRequired) = (operatorSet, required);
        }
    }

    /// @dev Whether proposals decide the phase's bytes, so that they come in rounds.
    function _hasRounds(PhaseType phaseType) private pure returns (bool) {
        return phaseType == PhaseType.COORDINATION || phaseType == PhaseType.CONTINUOUS;
    }

    /// @dev Whether a deadline means that the condition did not hold, in a phase that may go without. Where operators judge,
    ///      the chain can't tell a condition that did not hold from a quorum that was not found.
    function _isUnmet(PhaseConfig storage config, PhaseStatus status) private view returns (bool) {
        uint8 flags = config.flags;
        if (flags & FLAG_SKIP_IF_UNMET == 0) return false;
        return status == PhaseStatus.CONDITIONAL_WAITING || flags & FLAG_TRIGGERED_BY_SOURCE == 0;
    }

    function _isAmong(address account, address[] storage accounts) private view returns (bool) {
        for (uint256 i = 0; i < accounts.length; ++i) {
            if (accounts[i] == account) return true;
        }
        return false;
    }

    /// @dev What a condition may be judged by, save for the approval's digest. A result that stands by its hash alone is
    ///      none to a condition.
    function _facts(Workflow storage workflow, Execution storage execution, PhaseConfig storage config)
        private
        view
        returns (ITriggerConditionsTypes.Facts memory facts)
    {
        facts.timestamp = uint64(block.timestamp);
        facts.blockNumber = uint64(block.number);
        facts.dependencies = config.dependencies;
        facts.results = new bytes[](facts.dependencies.length);
        facts.present = new bool[](facts.dependencies.length);
        for (uint256 i = 0; i < facts.dependencies.length; ++i) {
            Phase storage bearer = _resultBearer(workflow, execution, facts.dependencies[i]);
            if (bearer.status != PhaseStatus.COMPLETED || bearer.resultLength > MAX_STORED_RESULT_BYTES) continue;
            facts.present[i] = true;
            facts.results[i] = _resultOf(bearer);
        }
    }

    // ── Internals: results ───────────────────────────────────────────────────────────────────────────

    /// @dev The certificate where it stands in the calldata: it goes on to the verifier unread, but for its head. An offset
    ///      that leads astray finds zeros or other calldata there, and no certificate of this message. One by ECDSA keys has
    ///      the same two first words.
    function _certificateIn(bytes calldata encoded)
        private
        pure
        returns (IBN254CertificateVerifierTypes.BN254Certificate calldata cert)
    {
        assembly ("memory-safe") {
            cert := add(encoded.offset, calldataload(encoded.offset))
        }
    }

    /// @dev What the verifier leaves to its caller: that the certificate is about this table and this result.
    function _requireAbout(
        IBN254CertificateVerifierTypes.BN254Certificate calldata cert,
        uint32 referenceTimestamp,
        bytes32 messageHash
    ) private pure {
        if (cert.referenceTimestamp != referenceTimestamp) {
            revert InvalidReferenceTimestamp(referenceTimestamp, cert.referenceTimestamp);
        }
        if (cert.messageHash != messageHash) revert InvalidMessageHash(messageHash, cert.messageHash);
    }

    /// @dev And that somebody signed it, by a signature that is a point, without which EigenLayer's verifier burns all gas.
    function _requireSigned(IBN254CertificateVerifierTypes.BN254Certificate calldata cert) private pure {
        BN254.G1Point memory signature = cert.signature;
        BN254.G2Point memory apk = cert.apk;
        if (signature.isIdentity() || apk.isIdentity()) revert EmptyCertificate();
        signature.requireOnCurve();
    }

    /// @return weights The stake that signed, per column.
    /// @return signers The addresses of the keys that signed.
    function _verifyEcdsa(OperatorSet memory operatorSet, bytes calldata encoded)
        private
        returns (uint256[] memory weights, address[] memory signers)
    {
        IECDSACertificateVerifierTypes.ECDSACertificate calldata cert;
        assembly ("memory-safe") {
            cert := add(encoded.offset, calldataload(encoded.offset))
        }
        if (cert.sig.length == 0) revert EmptyCertificate();
        return IECDSACertificateVerifier(_state().ecdsaVerifier).verifyCertificate(operatorSet, cert);
    }

    /// @dev Compares exactly, where a verifier's own comparison rounds down. Under a threshold of 0 any stake in the first
    ///      column will do, and under no threshold will none.
    /// @return signed The first column's stake that signed.
    /// @return total The first column's stake.
    function _requireQuorum(
        PhaseConfig storage config,
        OperatorSet memory operatorSet,
        uint32 referenceTimestamp,
        uint256[] memory weights
    ) private view returns (uint256 signed, uint256 total) {
        uint16 threshold = config.consensusThreshold;
        uint256[] memory totals = _verifierOf(config).getTotalStakeWeights(operatorSet, referenceTimestamp);
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

    function _storeResult(Phase storage phase, bytes calldata result, bytes32 resultHash) private {
        phase.resultLength = uint16(result.length);
        if (result.length <= WORD) {
            phase.resultWord = bytes32(result);
        } else {
            phase.resultWord = resultHash;
            if (result.length <= MAX_STORED_RESULT_BYTES) phase.longResult = result;
        }
    }

    // ── Internals: fees ──────────────────────────────────────────────────────────────────────────────

    /// @dev Has the vault take what the execution costs. An execution that costs nothing is none of the vault's business.
    function _pay(
        bytes32 executionId,
        Execution storage execution,
        address vault,
        uint32 phaseCount,
        bytes calldata payload
    ) private {
        uint256 perPhase = IFeeVault(vault).open{value: msg.value}(
            executionId, execution.workflowId, msg.sender, phaseCount, payload
        );
        if (perPhase == 0) return;
        execution.paid = true;
        execution.feeVault = vault;
    }

    function _settle(
        bytes32 executionId,
        Execution storage execution,
        uint32 phaseIndex,
        OperatorSet memory operatorSet,
        IFeeVaultTypes.Settlement memory settlement,
        address[] memory signers,
        uint256 gasAtEntry
    ) private {
        if (_isAmong(msg.sender, _state().aggregators)) {
            settlement.submitter = msg.sender;
        }
        settlement.avs = operatorSet.avs;
        settlement.operatorSetId = operatorSet.id;
        IFeeVault vault = IFeeVault(execution.feeVault);
        // Last, so that the rest counts.
        settlement.gasUsed = gasAtEntry - gasleft() + UNMEASURED_GAS;
        if (signers.length == 0) vault.settle(executionId, phaseIndex, settlement);
        else vault.settleSigners(executionId, phaseIndex, settlement, signers);
    }

    function _nonSigners(IBN254CertificateVerifierTypes.BN254Certificate calldata cert)
        private
        pure
        returns (uint32[] memory indices)
    {
        indices = new uint32[](cert.nonSignerWitnesses.length);
        for (uint256 i = 0; i < indices.length; ++i) {
            indices[i] = cert.nonSignerWitnesses[i].operatorIndex;
        }
    }

    /// @dev At the end of an execution that has paid, what is left goes back.
    function _settleUp(bytes32 executionId, Execution storage execution) private {
        if (!execution.paid || execution.status == ExecutionStatus.RUNNING) return;
        IFeeVault(execution.feeVault).close(executionId);
    }
}
