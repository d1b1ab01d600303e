// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IWorkflowStateMachineTypes as Types} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Draws} from "./Draws.sol";

/// @title What executions ought to be, written down as the rules are told
/// @notice Much simpler than the contract: no masks, no queue, nothing incremental. Whether a phase is resolved is asked
///         anew each time, from what happened to it; and what comes next is looked for among all phases, again and again.
abstract contract WorkflowModel is Draws {
    struct ModelPhase {
        Types.PhaseStatus status;
        uint32 attempt;
        uint64 deadline;
        bool triggered;
        bool givenUp;
        bool fellBack;
        bytes32 inputs;
        bytes32 resultHash;
    }

    struct ModelExecution {
        Types.ExecutionStatus status;
        address initiator;
        uint64 deadline;
        bytes drawn;
        bytes32 payloadHash;
        ModelPhase[] phases;
    }

    mapping(bytes32 executionId => ModelExecution) internal model;
    /// @notice How often each thing happened, so that a campaign in which nothing does can be told.
    mapping(string what => uint256) public counts;
    /// @dev Operator sets without a table, or with too little stake in it; and those whose table will not last.
    mapping(uint32 operatorSetId => bool) internal unfit;
    mapping(uint32 operatorSetId => bool) internal stale;

    function drawnOf(bytes32 id) internal view returns (Drawn memory) {
        return abi.decode(model[id].drawn, (Drawn));
    }

    // ── What is asked ────────────────────────────────────────────────────────────────────────────────

    function isOpen(ModelPhase storage phase) internal view returns (bool) {
        return phase.status == Types.PhaseStatus.ACTIVE || phase.status == Types.PhaseStatus.CONDITIONAL_WAITING;
    }

    function isResolved(bytes32 id, Drawn memory drawn, uint32 index) internal view returns (bool) {
        ModelPhase storage phase = model[id].phases[index];
        if (phase.fellBack) return isResolved(id, drawn, drawn.options[index].fallbackPhase);
        return phase.givenUp || phase.status == Types.PhaseStatus.COMPLETED || phase.status == Types.PhaseStatus.SKIPPED;
    }

    function isStandIn(Drawn memory drawn, uint32 index) internal pure returns (bool) {
        for (uint256 i = 0; i < drawn.options.length; ++i) {
            Types.PhaseOptions memory options = drawn.options[i];
            if (options.onFailure == Types.FailurePolicy.FALLBACK && options.fallbackPhase == index) return true;
        }
        return false;
    }

    /// @dev Zero if there is none; a fallback's, if it came to that.
    function resultHashOf(bytes32 id, Drawn memory drawn, uint32 index) internal view returns (bytes32) {
        ModelPhase storage phase = model[id].phases[index];
        return phase.fellBack ? resultHashOf(id, drawn, drawn.options[index].fallbackPhase) : phase.resultHash;
    }

    function inputsHashOf(bytes32 id, Drawn memory drawn, uint32 index) internal view returns (bytes32) {
        bytes memory indices;
        bytes memory hashes;
        uint32[] memory dependencies = drawn.phases[index].dependencies;
        for (uint256 i = 0; i < dependencies.length; ++i) {
            indices = bytes.concat(indices, abi.encode(dependencies[i]));
            hashes = bytes.concat(hashes, resultHashOf(id, drawn, dependencies[i]));
        }
        bytes32 typehash = keccak256("PhaseInputs(bytes32 payloadHash,uint32[] dependencies,bytes32[] resultHashes)");
        return keccak256(abi.encode(typehash, model[id].payloadHash, keccak256(indices), keccak256(hashes)));
    }

    // ── What happens ─────────────────────────────────────────────────────────────────────────────────

    function begin(bytes32 id, Drawn memory drawn, address initiator, bytes memory payload) internal {
        ModelExecution storage execution = model[id];
        execution.status = Types.ExecutionStatus.RUNNING;
        execution.initiator = initiator;
        execution.drawn = abi.encode(drawn);
        execution.payloadHash = keccak256(payload);
        if (drawn.executionTimeout != 0) execution.deadline = uint64(block.timestamp) + drawn.executionTimeout;
        for (uint256 i = 0; i < drawn.phases.length; ++i) {
            execution.phases.push();
        }
        _goOn(id, drawn);
    }

    function complete(bytes32 id, Drawn memory drawn, uint32 index, bytes32 resultHash) internal {
        model[id].phases[index].status = Types.PhaseStatus.COMPLETED;
        model[id].phases[index].resultHash = resultHash;
        if (isStandIn(drawn, index)) ++counts["a fallback completed"];
        _goOn(id, drawn);
    }

    function pull(bytes32 id, uint32 index, bytes memory data) internal {
        ModelPhase storage phase = model[id].phases[index];
        phase.status = Types.PhaseStatus.ACTIVE;
        phase.triggered = true;
        ++counts["triggered"];
        bytes32 typehash = keccak256("PhaseTrigger(bytes32 inputsHash,bytes32 dataHash)");
        phase.inputs = keccak256(abi.encode(typehash, phase.inputs, keccak256(data)));
    }

    function timeOut(bytes32 id, Drawn memory drawn, uint32 index) internal {
        ModelExecution storage execution = model[id];
        ModelPhase storage phase = execution.phases[index];
        Types.PhaseOptions memory options = drawn.options[index];
        phase.status = Types.PhaseStatus.TIMED_OUT;
        if (execution.deadline != 0 && block.timestamp > execution.deadline) {
            execution.status = Types.ExecutionStatus.FAILED;
            ++counts["past the execution's own deadline"];
        } else if (options.skipIfUnmet && !phase.triggered) {
            phase.status = Types.PhaseStatus.SKIPPED;
            ++counts[isStandIn(drawn, index) ? "a fallback skipped" : "skipped"];
        } else if (phase.attempt < options.maxAttempts) {
            ++counts[phase.triggered ? "another attempt of a triggered phase" : "another attempt"];
            _start(id, drawn, index);
        } else {
            _failForGood(id, drawn, index);
        }
        _goOn(id, drawn);
    }

    function cancel(bytes32 id) internal {
        model[id].status = Types.ExecutionStatus.CANCELLED;
        ++counts["cancelled"];
    }

    // ── What follows ─────────────────────────────────────────────────────────────────────────────────

    function _goOn(bytes32 id, Drawn memory drawn) private {
        while (model[id].status == Types.ExecutionStatus.RUNNING) {
            (bool found, uint32 next) = _next(id, drawn);
            if (!found) break;
            _start(id, drawn, next);
        }
        if (model[id].status != Types.ExecutionStatus.RUNNING) return;
        for (uint32 i = 0; i < drawn.phases.length; ++i) {
            if (!isStandIn(drawn, i) && !isResolved(id, drawn, i)) return;
        }
        model[id].status = Types.ExecutionStatus.COMPLETED;
        ++counts["completed"];
    }

    /// @dev The lowest phase that waits for nothing and has not started.
    function _next(bytes32 id, Drawn memory drawn) private view returns (bool, uint32) {
        for (uint32 i = 0; i < drawn.phases.length; ++i) {
            if (model[id].phases[i].status != Types.PhaseStatus.PENDING || isStandIn(drawn, i)) continue;
            bool ready = true;
            for (uint256 j = 0; j < drawn.phases[i].dependencies.length; ++j) {
                ready = ready && isResolved(id, drawn, drawn.phases[i].dependencies[j]);
            }
            if (ready) return (true, i);
        }
        return (false, 0);
    }

    function _start(bytes32 id, Drawn memory drawn, uint32 index) private {
        ModelExecution storage execution = model[id];
        ModelPhase storage phase = execution.phases[index];
        uint32 set = drawn.phases[index].operatorSetId;
        ++phase.attempt;
        if (unfit[set] || stale[set]) {
            phase.status = Types.PhaseStatus.FAILED;
            ++counts[phase.attempt == 1 ? "could not start" : "could not start again"];
            _failForGood(id, drawn, index);
            return;
        }
        bool waits = drawn.options[index].triggerMode == Types.TriggerMode.SOURCE && !phase.triggered;
        phase.status = waits ? Types.PhaseStatus.CONDITIONAL_WAITING : Types.PhaseStatus.ACTIVE;
        phase.deadline = uint64(block.timestamp) + drawn.phases[index].timeout;
        if (execution.deadline != 0 && execution.deadline < phase.deadline) phase.deadline = execution.deadline;
        if (phase.inputs == 0) phase.inputs = inputsHashOf(id, drawn, index);
    }

    function _failForGood(bytes32 id, Drawn memory drawn, uint32 index) private {
        Types.PhaseOptions memory options = drawn.options[index];
        if (model[id].phases[index].triggered) ++counts["a triggered phase failed"];
        if (options.onFailure == Types.FailurePolicy.FAIL_EXECUTION) {
            ++counts["failed"];
            model[id].status = Types.ExecutionStatus.FAILED;
        } else if (options.onFailure == Types.FailurePolicy.CONTINUE) {
            model[id].phases[index].givenUp = true;
            ++counts[isStandIn(drawn, index) ? "a fallback given up" : "given up"];
        } else {
            model[id].phases[index].fellBack = true;
            ++counts[isStandIn(drawn, index) ? "a fallback fell back" : "fell back"];
            _start(id, drawn, options.fallbackPhase);
        }
    }
}
