// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    IWorkflowStateMachine,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {WorkflowModel} from "../support/WorkflowModel.sol";

/// @title Someone who does whatever comes to mind: registers, starts, answers, triggers, cancels, waits, spoils, pauses
/// @notice The contract must do what the model says can be done, and refuse what it says can't.
contract Anybody is WorkflowModel {
    uint256 private constant WORKFLOWS = 3;
    uint256 private constant EXECUTIONS = 5;
    address private constant STRANGER = address(0x57A);

    bytes32[] public executions;

    bytes32[] private _workflows;
    mapping(bytes32 workflowId => bytes) private _drawn;
    bool private _paused;

    constructor() {
        setUpFlows();
        vm.warp(START + 50);
        _draft(uint256(keccak256("first")));
        _begin(0, "first");
    }

    function theMachine() external view returns (IWorkflowStateMachine) {
        return machine;
    }

    function executionCount() external view returns (uint256) {
        return executions.length;
    }

    // ── Actions ──────────────────────────────────────────────────────────────────────────────────────

    function draft(uint256 seed) external {
        if (_workflows.length == WORKFLOWS) {
            _workflows[seed % WORKFLOWS] = _workflows[WORKFLOWS - 1];
            _workflows.pop();
        }
        _draft(seed);
    }

    function _draft(uint256 seed) private {
        Drawn memory drawn = draw(seed);
        bool possible = !_paused && !_anyUnfit(drawn);
        // A stale table that is too short for the timeout is refused by its length, not by its age.
        for (uint256 i = 0; i < drawn.phases.length; ++i) {
            possible = possible && !stale[drawn.phases[i].operatorSetId];
        }
        try machine.registerWorkflowWithOptions(
            "drawn", drawn.phases, drawn.options, drawn.executionTimeout, new address[](0)
        ) returns (
            bytes32 workflowId
        ) {
            vm.assertTrue(possible, "registered what it must not");
            _workflows.push(workflowId);
            _drawn[workflowId] = abi.encode(drawn);
        } catch {
            vm.assertTrue(!possible, "refused what it must register");
        }
    }

    function start(uint256 which, bytes calldata payload) external {
        if (executions.length == EXECUTIONS) _forgetAnEnded();
        if (executions.length < EXECUTIONS && _workflows.length != 0) _begin(which, payload);
    }

    function _forgetAnEnded() private {
        for (uint256 i = 0; i < executions.length; ++i) {
            if (_isRunning(executions[i])) continue;
            executions[i] = executions[EXECUTIONS - 1];
            executions.pop();
            return;
        }
    }

    function _begin(uint256 which, bytes memory payload) private {
        if (payload.length > 8_192) return;
        bytes32 workflowId = _workflows[which % _workflows.length];
        Drawn memory drawn = abi.decode(_drawn[workflowId], (Drawn));
        bool possible = !_paused && !_anyUnfit(drawn);
        for (uint32 i = 0; i < drawn.phases.length; ++i) {
            bool root = drawn.phases[i].dependencies.length == 0 && !isStandIn(drawn, i);
            possible = possible && !(root && stale[drawn.phases[i].operatorSetId]);
        }
        address initiator = which % 2 == 0 ? address(this) : STRANGER;
        vm.prank(initiator);
        try machine.executeWorkflow(workflowId, payload) returns (bytes32 id) {
            vm.assertTrue(possible, "began what it must not");
            executions.push(id);
            begin(id, drawn, initiator, payload);
        } catch {
            vm.assertTrue(!possible, "refused what it must begin");
        }
    }

    /// @dev Mostly where a result is awaited: so that executions get somewhere.
    function answer(uint256 which, uint32 phaseIndex, uint32 round, uint16 length) external {
        bytes32 id = _pick(which);
        phaseIndex = _pickPhase(id, phaseIndex, Types.PhaseStatus.ACTIVE);
        round = round % 4 == 0 ? round : 0;
        Drawn memory drawn = drawnOf(id);
        ModelPhase storage phase = model[id].phases[phaseIndex];
        if (phase.inputs == 0) return; // It never started, so there is nothing that anybody could have signed.
        bytes memory result = bytes.concat(bytes32(which), new bytes(length % 9_000));
        Types.PhaseType kind = drawn.phases[phaseIndex].phaseType;
        bool rounds = kind == Types.PhaseType.COORDINATION || kind == Types.PhaseType.CONTINUOUS;
        bool possible = !_paused && _isRunning(id) && phase.status == Types.PhaseStatus.ACTIVE
            && block.timestamp <= phase.deadline && (rounds || round == 0);
        bytes memory certificate = takenCertificate(id, phaseIndex, round, result);
        try machine.submitPhaseResult(id, phaseIndex, round, result, certificate) {
            vm.assertTrue(possible, "took what it must not");
            complete(id, drawn, phaseIndex, keccak256(result));
            if (drawn.phases[phaseIndex].operatorSetId == KEYED) ++counts["completed by ECDSA keys"];
        } catch {
            vm.assertTrue(!possible, "refused what it must take");
        }
    }

    function giveUp(uint256 which, uint32 phaseIndex) external {
        bytes32 id = _pick(which);
        phaseIndex = uint32(phaseIndex % model[id].phases.length);
        for (uint32 i = 0; i < model[id].phases.length && !_isLate(id, phaseIndex); ++i) {
            phaseIndex = uint32((phaseIndex + 1) % model[id].phases.length);
        }
        bool possible = _isRunning(id) && _isLate(id, phaseIndex);
        try machine.checkPhaseTimeout(id, phaseIndex) {
            vm.assertTrue(possible, "ended what it must not");
            timeOut(id, drawnOf(id), phaseIndex);
        } catch {
            vm.assertTrue(!possible, "did not end what is over");
        }
    }

    function open(uint256 which, uint32 phaseIndex, bytes calldata data, bool asStranger) external {
        if (data.length > 4_096) return;
        bytes32 id = _pick(which);
        phaseIndex = _pickPhase(id, phaseIndex, Types.PhaseStatus.CONDITIONAL_WAITING);
        ModelPhase storage phase = model[id].phases[phaseIndex];
        bool waits = phase.status == Types.PhaseStatus.CONDITIONAL_WAITING && block.timestamp <= phase.deadline;
        bool possible = !_paused && !asStranger && _isRunning(id) && waits && _conditionHolds(id, phaseIndex);
        vm.prank(asStranger ? STRANGER : address(this));
        try machine.trigger(id, phaseIndex, data) {
            vm.assertTrue(possible, "triggered what it must not");
            pull(id, phaseIndex, data);
        } catch {
            vm.assertTrue(!possible, "refused what it must trigger");
        }
    }

    /// @dev Seldom, or nothing would ever end otherwise.
    function abandon(uint256 which, bool asStranger) external {
        if (which % 5 != 0) return;
        bytes32 id = _pick(which / 5);
        address caller = asStranger ? STRANGER : address(this);
        bool possible = _isRunning(id) && caller == model[id].initiator;
        vm.prank(caller);
        try machine.cancelExecution(id) {
            vm.assertTrue(possible, "cancelled what it must not");
            cancel(id);
        } catch {
            vm.assertTrue(!possible, "did not cancel");
        }
    }

    function wait_(uint256 seconds_) external {
        vm.warp(block.timestamp + bound(seconds_, 1, 80));
        vm.roll(block.number + 1);
    }

    function spoilOrMend(uint256 how, bool brittle) external {
        uint32 set = brittle ? BRITTLE : FRAGILE;
        how = how % 6;
        (unfit[set], stale[set]) = (how < 2, how == 2);
        if (how == 0) scripted.setTableOf(AVS, set, 0, 0, 0);
        else if (how == 1) scripted.setTableOf(AVS, set, uint32(START + 1), 0, 0);
        else if (how == 2) scripted.setTableOf(AVS, set, uint32(START), 1, STAKE);
        else scripted.setTableOf(AVS, set, uint32(START), 0, STAKE);
    }

    function pauseOrNot(uint256 how) external {
        if (_paused) machine.unpause();
        else if (how % 4 == 0) machine.pause();
        else return;
        _paused = !_paused;
    }

    // ── What is compared ─────────────────────────────────────────────────────────────────────────────

    function assertAsModelled(bytes32 id) external view {
        ModelExecution storage expected = model[id];
        Drawn memory drawn = drawnOf(id);
        Types.ExecutionView memory execution = machine.getExecution(id);
        vm.assertEq(uint256(execution.status), uint256(expected.status), "execution status");
        vm.assertEq(execution.deadline, expected.deadline, "overall deadline");
        for (uint32 i = 0; i < drawn.phases.length; ++i) {
            _assertPhase(id, i, expected.phases[i]);
            bool resolved = execution.resolvedMask >> i & 1 == 1;
            vm.assertTrue(resolved == isResolved(id, drawn, i), "resolved");
        }
        vm.assertEq(execution.resolvedMask >> drawn.phases.length, 0, "no phase beyond the last");
    }

    function _assertPhase(bytes32 id, uint32 index, ModelPhase storage expected) private view {
        Types.PhaseView memory phase = machine.getPhase(id, index);
        Types.PhaseStatus status = expected.status;
        if (isOpen(expected) && block.timestamp > expected.deadline) status = Types.PhaseStatus.TIMED_OUT;
        vm.assertEq(uint256(phase.status), uint256(status), "phase status");
        vm.assertEq(phase.attempt, expected.attempt, "attempt");
        vm.assertEq(phase.deadline, expected.deadline, "deadline");
        vm.assertEq(phase.inputsHash, expected.inputs, "inputs");
        vm.assertEq(phase.resultHash, expected.resultHash, "result");
        if (phase.result.length != 0) vm.assertEq(keccak256(phase.result), phase.resultHash, "its bytes");
    }

    /// @dev Something can always follow: a result, or the deadline of something open.
    function assertAlive(bytes32 id) external view {
        if (machine.getExecution(id).status != Types.ExecutionStatus.RUNNING) return;
        for (uint32 i = 0; i < model[id].phases.length; ++i) {
            Types.PhaseView memory phase = machine.getPhase(id, i);
            bool open_ = phase.status == Types.PhaseStatus.ACTIVE
                || phase.status == Types.PhaseStatus.CONDITIONAL_WAITING
                || (phase.status == Types.PhaseStatus.TIMED_OUT && isOpen(model[id].phases[i]));
            if (open_ && phase.deadline != 0) return;
        }
        vm.assertTrue(false, "running, and nothing is open");
    }

    // ── How ──────────────────────────────────────────────────────────────────────────────────────────

    function _pick(uint256 which) private view returns (bytes32) {
        return executions[which % executions.length];
    }

    /// @dev The phase of this status that comes next, if there is any.
    function _pickPhase(bytes32 id, uint32 from, Types.PhaseStatus status) private view returns (uint32 index) {
        uint256 count = model[id].phases.length;
        index = uint32(from % count);
        for (uint256 i = 0; i < count && model[id].phases[index].status != status; ++i) {
            index = uint32((index + 1) % count);
        }
    }

    function _isRunning(bytes32 id) private view returns (bool) {
        return model[id].status == Types.ExecutionStatus.RUNNING;
    }

    function _isLate(bytes32 id, uint32 index) private view returns (bool) {
        ModelPhase storage phase = model[id].phases[index];
        return isOpen(phase) && block.timestamp > phase.deadline;
    }

    function _anyUnfit(Drawn memory drawn) private view returns (bool any) {
        for (uint256 i = 0; i < drawn.phases.length; ++i) {
            any = any || unfit[drawn.phases[i].operatorSetId];
        }
    }

    function _conditionHolds(bytes32 id, uint32 index) private view returns (bool) {
        (, bytes memory params) = abi.decode(drawnOf(id).phases[index].triggerCondition, (uint8, bytes));
        return block.timestamp >= abi.decode(params, (uint256));
    }
}
