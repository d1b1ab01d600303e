// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {WorkflowRecords} from "./WorkflowRecords.sol";
import {ICertificateVerifier, OperatorSet} from "./interfaces/ICertificateVerifier.sol";
import {IWorkflowStateMachineEvents} from "./interfaces/IWorkflowStateMachine.sol";
import {PhaseSets} from "./libraries/PhaseSets.sol";
import {StakeTables} from "./libraries/StakeTables.sol";

/// @title How one thing leads to another in an execution
/// @notice All in one transaction, and without recursion: `_resolve` ends the waiting for a phase and returns who waited;
///         `_advance` opens those that wait for nothing else; a phase that can't be opened, and one whose last attempt timed
///         out, go to `_giveUp`, which fails the execution, resolves the phase, or opens a fallback. On the way each phase
///         is opened once at most, so the work is bounded by the number of phases.
abstract contract PhaseTransitions is IWorkflowStateMachineEvents, WorkflowRecords {
    using PhaseSets for uint64;

    uint32 private constant FIRST_ATTEMPT = 1;

    // ── Ends ─────────────────────────────────────────────────────────────────────────────────────────

    /// @dev Nobody waits any longer for this phase, nor for those that it stands in for. Returns who waited: fallbacks have
    ///      no dependents, so they are those of the last.
    function _resolve(Execution storage execution, Workflow storage workflow, uint32 index)
        internal
        returns (uint64 freed)
    {
        PhaseConfig storage config = _config(workflow, index);
        uint64 resolved = PhaseSets.only(index);
        while (config.flags & FLAG_STANDS_IN != 0) {
            uint32 primary = config.primary;
            resolved |= PhaseSets.only(primary);
            config = _config(workflow, primary);
        }
        execution.resolvedMask |= resolved;
        return config.dependentMask;
    }

    /// @dev Opens those that waited for nothing else, lowest first; then the execution may be complete.
    function _advance(bytes32 executionId, Execution storage execution, Workflow storage workflow, uint64 freed)
        internal
    {
        while (freed != 0 && execution.status == ExecutionStatus.RUNNING) {
            uint32 index = freed.lowest();
            freed = freed.withoutLowest();
            if (_config(workflow, index).dependencyMask & ~execution.resolvedMask != 0) continue;
            freed |= _open(executionId, execution, workflow, index);
        }
        // A failed execution has a phase that is not resolved and no fallback, so it does not complete here.
        if (execution.resolvedMask | execution.fallbackMask != PhaseSets.first(execution.phaseCount)) return;
        execution.status = ExecutionStatus.COMPLETED;
        emit WorkflowCompleted(executionId);
    }

    /// @dev Opens the phase's next attempt; a phase that can't start has failed for good. Returns who waits no longer.
    function _open(bytes32 executionId, Execution storage execution, Workflow storage workflow, uint32 index)
        internal
        returns (uint64 freed)
    {
        if (_startOrFail(executionId, execution, workflow, index)) return 0;
        return _giveUp(executionId, execution, workflow, index);
    }

    /// @dev The phase has failed for good: does what its definition says. Returns who waits no longer.
    function _giveUp(bytes32 executionId, Execution storage execution, Workflow storage workflow, uint32 index)
        internal
        returns (uint64 freed)
    {
        while (true) {
            PhaseConfig storage config = _config(workflow, index);
            FailurePolicy policy = config.onFailure;
            if (policy == FailurePolicy.FAIL_EXECUTION) {
                _fail(executionId, execution, index);
                return 0;
            }
            if (policy == FailurePolicy.CONTINUE) {
                emit PhaseGivenUp(executionId, index);
                return _resolve(execution, workflow, index);
            }
            uint32 standIn = config.fallbackPhase;
            emit PhaseFellBack(executionId, index, standIn);
            if (_startOrFail(executionId, execution, workflow, standIn)) return 0;
            index = standIn;
        }
    }

    function _timeOut(bytes32 executionId, uint32 index, Phase storage phase) internal {
        phase.status = PhaseStatus.TIMED_OUT;
        emit PhaseTimedOut(executionId, index, phase.attempt, phase.deadline);
    }

    function _fail(bytes32 executionId, Execution storage execution, uint32 index) internal {
        execution.status = ExecutionStatus.FAILED;
        emit WorkflowFailed(executionId, index);
    }

    // ── Beginnings ──────────────────────────────────────────────────────────────────────────────

    function _startOrFail(bytes32 executionId, Execution storage execution, Workflow storage workflow, uint32 index)
        private
        returns (bool started)
    {
        bytes memory refusal = _start(executionId, execution, workflow, index);
        if (refusal.length == 0) return true;
        Phase storage phase = execution.phases[index];
        uint32 attempt = phase.attempt + 1;
        phase.status = PhaseStatus.FAILED;
        phase.attempt = attempt;
        emit PhaseFailed(executionId, index, attempt, bytes4(refusal));
    }

    /// @dev Opens the phase's next attempt. Returns the encoded error if it can't, having changed nothing.
    function _start(bytes32 executionId, Execution storage execution, Workflow storage workflow, uint32 index)
        internal
        returns (bytes memory refusal)
    {
        PhaseConfig storage config = _config(workflow, index);
        OperatorSet memory operatorSet = _operatorSet(workflow, config, index);
        uint64 deadline = uint64(block.timestamp) + config.timeout;
        uint64 overall = execution.deadline;
        if (overall != 0 && overall < deadline) deadline = overall;
        uint32 referenceTimestamp;
        (referenceTimestamp, refusal) = _usableTable(config, operatorSet, deadline);
        if (refusal.length != 0) return refusal;

        Phase storage phase = execution.phases[index];
        uint32 attempt = phase.attempt + 1;
        PhaseStatus status;
        bytes32 inputsHash;
        if (attempt == FIRST_ATTEMPT) {
            bool waits = config.flags & FLAG_TRIGGERED_BY_SOURCE != 0;
            status = waits ? PhaseStatus.CONDITIONAL_WAITING : PhaseStatus.ACTIVE;
            inputsHash = _freshInputsHash(workflow, execution, config);
            if (_isWorthStoring(config)) phase.inputsHash = inputsHash;
        } else {
            // As the attempt before it ended: what has been triggered stays so.
            status = phase.status;
            inputsHash = _inputsHash(workflow, execution, config, phase);
        }
        phase.status = status;
        phase.attempt = attempt;
        phase.referenceTimestamp = referenceTimestamp;
        phase.startedAt = uint64(block.timestamp);
        phase.deadline = deadline;
        phase.startedBlock = uint40(block.number);
        if (status == PhaseStatus.ACTIVE) {
            emit PhaseStarted(
                executionId, index, attempt, operatorSet.avs, operatorSet.id, referenceTimestamp, deadline, inputsHash
            );
        } else {
            emit ConditionalTriggerSet(
                executionId, index, attempt, operatorSet.avs, operatorSet.id, referenceTimestamp, deadline, inputsHash
            );
        }
    }

    /// @dev The newest table of the set, if it holds the stake and lasts until the deadline; else the encoded error.
    function _usableTable(PhaseConfig storage config, OperatorSet memory operatorSet, uint64 deadline)
        private
        view
        returns (uint32 referenceTimestamp, bytes memory refusal)
    {
        ICertificateVerifier verifier = _verifierOf(config);
        (referenceTimestamp, refusal) =
            StakeTables.newest(verifier, operatorSet, _requiredStake(config), _isEcdsa(config));
        if (refusal.length == 0) {
            refusal = StakeTables.checkFresh(verifier, operatorSet, referenceTimestamp, deadline);
        }
    }
}
