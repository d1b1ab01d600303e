// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AccessControlUpgradeable} from "@openzeppelin/contracts-upgradeable/access/AccessControlUpgradeable.sol";
import {PausableUpgradeable} from "@openzeppelin/contracts-upgradeable/utils/PausableUpgradeable.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {WorkflowStateMachineStorage} from "./WorkflowStateMachineStorage.sol";
import {ICertificateVerifier, OperatorSet} from "./interfaces/ICertificateVerifier.sol";
import {IWorkflowStateMachineErrors} from "./interfaces/IWorkflowStateMachine.sol";
import {PhaseDigests} from "./libraries/PhaseDigests.sol";
import {PhaseSets} from "./libraries/PhaseSets.sol";

/// @title What both halves of a state machine know: the roles, and how to read what is stored
/// @notice Roles, pause and reentrancy guard have their own fixed slots, so that both halves, which run on one storage,
///         obey the same.
abstract contract WorkflowRecords is
    IWorkflowStateMachineErrors,
    WorkflowStateMachineStorage,
    AccessControlUpgradeable,
    PausableUpgradeable,
    ReentrancyGuardTransient
{
    using PhaseSets for uint64;

    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    bytes32 public constant TRIGGER_SOURCE_ROLE = keccak256("TRIGGER_SOURCE_ROLE");
    bytes32 public constant UPGRADER_ROLE = keccak256("UPGRADER_ROLE");

    /// @notice A longer result is stored by its hash alone; its bytes are in PhaseCompleted.
    uint256 public constant MAX_STORED_RESULT_BYTES = 4_096;

    uint256 internal constant WORD = 32;
    /// @dev How many slots a PhaseConfig takes.
    uint256 private constant CONFIG_SLOTS = 6;

    // ── Look-ups ─────────────────────────────────────────────────────────────────────────────────────

    function _workflow(bytes32 workflowId) internal view returns (Workflow storage workflow) {
        workflow = _state().workflows[workflowId];
        if (workflow.creator == address(0)) revert UnknownWorkflow(workflowId);
    }

    function _execution(bytes32 executionId) internal view returns (Execution storage execution) {
        execution = _state().executions[executionId];
        if (execution.status == ExecutionStatus.NONE) revert UnknownExecution(executionId);
    }

    function _phase(bytes32 executionId, Execution storage execution, uint32 phaseIndex)
        internal
        view
        returns (Phase storage)
    {
        if (phaseIndex >= execution.phaseCount) revert UnknownPhase(executionId, phaseIndex);
        return execution.phases[phaseIndex];
    }

    /// @dev `workflow.phases[index]` without reading the array's length: `index` must be known to be below it.
    function _config(Workflow storage workflow, uint32 index) internal view returns (PhaseConfig storage config) {
        PhaseConfig[] storage configs = workflow.phases;
        assembly ("memory-safe") {
            mstore(0, configs.slot)
            config.slot := add(keccak256(0, 0x20), mul(index, CONFIG_SLOTS))
        }
    }

    function _operatorSet(Workflow storage workflow, PhaseConfig storage config, uint32 index)
        internal
        view
        returns (OperatorSet memory)
    {
        bool foreign = config.flags & FLAG_FOREIGN_AVS != 0;
        return OperatorSet(foreign ? workflow.avsOf[index] : _state().avs, config.operatorSetId);
    }

    function _isEcdsa(PhaseConfig storage config) internal view returns (bool) {
        return config.flags & FLAG_ECDSA != 0;
    }

    /// @dev Whose tables and certificates the phase's operator set has.
    function _verifierOf(PhaseConfig storage config) internal view returns (ICertificateVerifier) {
        State storage state = _state();
        return ICertificateVerifier(_isEcdsa(config) ? state.ecdsaVerifier : state.verifier);
    }

    function _requiredStake(PhaseConfig storage config) internal view returns (uint256) {
        return config.flags & FLAG_ANY_STAKE != 0 ? 0 : config.requiredStake;
    }

    // ── Results and inputs ───────────────────────────────────────────────────────────────────────────

    /// @dev The phase whose result stands for this one's: itself, or who stood in for it in the end.
    function _resultBearer(Workflow storage workflow, Execution storage execution, uint32 index)
        internal
        view
        returns (Phase storage phase)
    {
        phase = execution.phases[index];
        while (phase.status == PhaseStatus.TIMED_OUT || phase.status == PhaseStatus.FAILED) {
            PhaseConfig storage config = _config(workflow, index);
            if (config.onFailure != FailurePolicy.FALLBACK) break;
            index = config.fallbackPhase;
            phase = execution.phases[index];
        }
    }

    /// @dev Zero if the phase ended without a result, or has not ended.
    function _resultHashOf(Phase storage phase) internal view returns (bytes32) {
        if (phase.status != PhaseStatus.COMPLETED) return 0;
        if (phase.resultLength > WORD) return phase.resultWord;
        return keccak256(_firstBytes(phase.resultWord, phase.resultLength));
    }

    /// @dev Empty if there is none, or if it stands by its hash alone.
    function _resultOf(Phase storage phase) internal view returns (bytes memory) {
        if (phase.resultLength > WORD) return phase.longResult;
        return _firstBytes(phase.resultWord, phase.resultLength);
    }

    function _firstBytes(bytes32 word, uint256 length) private pure returns (bytes memory bytes_) {
        bytes_ = abi.encodePacked(word);
        assembly ("memory-safe") {
            mstore(bytes_, length)
        }
    }

    /// @dev What the phase computes from. A hash over at most one result is not stored, unless a trigger's data went into
    ///      it: what somebody computes from never changes, and reading it again costs a fifth of storing a hash. Release
    ///      0.1.0, which kept no starting block, stored every one.
    function _inputsHash(
        Workflow storage workflow,
        Execution storage execution,
        PhaseConfig storage config,
        Phase storage phase
    ) internal view returns (bytes32 inputsHash) {
        bool byGate = config.flags & FLAG_TRIGGERED_BY_SOURCE != 0;
        if (byGate || _isWorthStoring(config) || phase.startedBlock == 0) inputsHash = phase.inputsHash;
        if (inputsHash == 0) inputsHash = _freshInputsHash(workflow, execution, config);
    }

    function _freshInputsHash(Workflow storage workflow, Execution storage execution, PhaseConfig storage config)
        internal
        view
        returns (bytes32)
    {
        uint32[] memory dependencies = _dependencies(config);
        bytes32[] memory resultHashes = new bytes32[](dependencies.length);
        for (uint256 i = 0; i < dependencies.length; ++i) {
            resultHashes[i] = _resultHashOf(_resultBearer(workflow, execution, dependencies[i]));
        }
        return PhaseDigests.inputsHash(execution.payloadHash, dependencies, resultHashes);
    }

    /// @dev Whether the phase's inputs' hash is more than one result away.
    function _isWorthStoring(PhaseConfig storage config) internal view returns (bool) {
        return config.dependencyMask.withoutLowest() != 0;
    }

    /// @dev In the definition's order, which the mask tells where there is only one.
    function _dependencies(PhaseConfig storage config) private view returns (uint32[] memory dependencies) {
        uint64 mask = config.dependencyMask;
        if (mask == 0) return dependencies;
        if (mask.withoutLowest() != 0) return config.dependencies;
        dependencies = new uint32[](1);
        dependencies[0] = mask.lowest();
    }
}
