// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    IWorkflowStateMachine,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Machines} from "../support/Machines.sol";

/// @title Someone who does whatever comes to mind: starts, submits, waits, times out, changes stake
/// @notice Keeps a model of each execution that is much simpler than the contract, for the invariants to compare with.
contract Anybody is Machines {
    uint256 public constant PHASES = 4;
    bytes32 public immutable WORKFLOW;

    bytes32[] public executions;
    /// @dev What this contract saw accepted.
    mapping(bytes32 executionId => mapping(uint32 phaseIndex => bytes32 resultHash)) public accepted;
    mapping(bytes32 executionId => bool) public timedOut;

    constructor() {
        setUpMachine();
        WORKFLOW = registered(diamond());
        executions.push(machine.executeWorkflow(WORKFLOW, ""));
    }

    function theMachine() external view returns (IWorkflowStateMachine) {
        return machine;
    }

    function executionCount() external view returns (uint256) {
        return executions.length;
    }

    /// @dev 3 opens, 1 and 2 wait for it, 0 for both.
    function diamond() public pure returns (Types.PhaseDefinition[] memory phases) {
        phases = new Types.PhaseDefinition[](PHASES);
        phases[0] = after_(after_(immediate("join"), 2), 1);
        phases[1] = after_(coordination("left"), 3);
        phases[2] = after_(immediate("right"), 3);
        phases[3] = coordination("fork");
    }

    // ── Actions ──────────────────────────────────────────────────────────────────────────────────────

    function start(bytes calldata payload) external {
        if (payload.length > 8_192 || executions.length == 3) return;
        executions.push(machine.executeWorkflow(WORKFLOW, payload));
    }

    /// @dev By any signers: the contract must take it exactly if it can be taken.
    function answer(uint256 which, uint32 phaseIndex, uint256 mask, bytes32 value) external {
        (bytes32 id, bool any) = _pick(which);
        // Mostly a quorum, and mostly where one is awaited: so that executions get somewhere.
        mask = mask % 4 == 0 ? bound(mask, 1, EVERYBODY) : EVERYBODY & ~(1 << (mask % 6));
        phaseIndex = phaseIndex % uint32(PHASES);
        for (uint32 i = 0; any && i < PHASES && statusOf(id, phaseIndex) != Types.PhaseStatus.ACTIVE; ++i) {
            phaseIndex = (phaseIndex + 1) % uint32(PHASES);
        }
        if (!any || machine.getPhase(id, phaseIndex).attempt == 0) return;
        bool open = machine.getExecution(id).status == Types.ExecutionStatus.RUNNING
            && statusOf(id, phaseIndex) == Types.PhaseStatus.ACTIVE;
        bytes memory result = abi.encode(value);
        bytes memory certificate = certificateFor(id, phaseIndex, 0, result, mask);
        bool enough = stakeOf(mask) * 10_000 >= uint256(TWO_THIRDS) * 600;
        try machine.submitPhaseResult(id, phaseIndex, 0, result, certificate) {
            vm.assertTrue(open && enough, "took what it must not");
            accepted[id][phaseIndex] = keccak256(result);
        } catch {
            vm.assertTrue(!open || !enough, "refused what it must take");
        }
    }

    function giveUp(uint256 which, uint32 phaseIndex) external {
        (bytes32 id, bool any) = _pick(which);
        if (!any) return;
        phaseIndex = phaseIndex % uint32(PHASES);
        Types.PhaseView memory phase = machine.getPhase(id, phaseIndex);
        bool due = phase.executionStatus == Types.ExecutionStatus.RUNNING && !timedOut[id]
            && phase.status == Types.PhaseStatus.TIMED_OUT;
        try machine.checkPhaseTimeout(id, phaseIndex) {
            vm.assertTrue(due, "ended what it must not");
            timedOut[id] = true;
        } catch {
            vm.assertTrue(!due, "did not end what is over");
        }
    }

    function wait_(uint256 seconds_) external {
        vm.warp(block.timestamp + bound(seconds_, 1, TIMEOUT / 6));
    }

    function publish() external {
        if (block.timestamp > table.latestReferenceTimestamp(five)) table.publishTable(five);
    }

    function _pick(uint256 which) private view returns (bytes32 id, bool any) {
        any = executions.length != 0;
        if (any) id = executions[which % executions.length];
    }
}

contract ExecutionsInvariant is Machines {
    Anybody private anybody;

    function setUp() public {
        anybody = new Anybody();
        machine = anybody.theMachine();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(anybody);
    }

    /// @dev Of every execution, at every moment: what is complete is what was accepted; a phase is open only behind
    ///      completed ones; and the execution's own status follows from its phases'.
    function invariant_everyExecutionIsConsistent() external view {
        Types.PhaseDefinition[] memory phases = anybody.diamond();
        for (uint256 i = 0; i < anybody.executionCount(); ++i) {
            bytes32 id = anybody.executions(i);
            uint256 completed = 0;
            for (uint32 index = 0; index < phases.length; ++index) {
                if (_checkPhase(id, index, phases[index].dependencies)) ++completed;
            }
            _checkExecution(id, completed, phases.length);
        }
    }

    function _checkPhase(bytes32 id, uint32 index, uint32[] memory dependencies) private view returns (bool done) {
        Types.PhaseView memory phase = machine.getPhase(id, index);
        done = phase.status == Types.PhaseStatus.COMPLETED;
        bytes32 hash = anybody.accepted(id, index);
        vm.assertTrue(done == (hash != 0), "completed without a result, or the reverse");
        if (done) vm.assertEq(keccak256(phase.result), hash, "another result than was accepted");

        bool ready = true;
        for (uint256 i = 0; i < dependencies.length; ++i) {
            ready = ready && statusOf(id, dependencies[i]) == Types.PhaseStatus.COMPLETED;
        }
        vm.assertTrue(ready == (phase.status != Types.PhaseStatus.PENDING), "started too early or too late");
        vm.assertTrue(ready == (phase.inputsHash != 0), "inputs are fixed at the start");
        if (ready) vm.assertEq(phase.deadline, phase.startedAt + TIMEOUT, "deadline");
        if (ready) vm.assertTrue(phase.referenceTimestamp <= phase.startedAt, "a table of the past");
    }

    function _checkExecution(bytes32 id, uint256 completed, uint256 phaseCount) private view {
        Types.ExecutionView memory execution = machine.getExecution(id);
        Types.ExecutionStatus expected = anybody.timedOut(id)
            ? Types.ExecutionStatus.FAILED
            : completed == phaseCount ? Types.ExecutionStatus.COMPLETED : Types.ExecutionStatus.RUNNING;
        vm.assertEq(uint256(execution.status), uint256(expected), "execution status");
    }
}
