// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineEvents as Events,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Machines} from "../support/Machines.sol";

contract CheckPhaseTimeoutTest is Machines {
    bytes32 private executionId;

    function setUp() public {
        setUpMachine();
        executionId = started(two());
    }

    function test_endsThePhaseAndItsExecution() external {
        vm.warp(START + TIMEOUT + 1);
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.PhaseTimedOut(executionId, 0, 1, uint64(START + TIMEOUT));
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.WorkflowFailed(executionId, 0);
        vm.prank(named("anyone"));
        machine.checkPhaseTimeout(executionId, 0);
        assertStatus(executionId, 0, Types.PhaseStatus.TIMED_OUT);
        assertExecution(executionId, Types.ExecutionStatus.FAILED);
    }

    function test_refusesInTheDeadlinesSecond() external {
        _refusesAfter(TIMEOUT);
    }

    function testFuzz_refusesUntilTheDeadlineHasPassed(uint256 waited) external {
        _refusesAfter(bound(waited, 0, TIMEOUT));
    }

    function _refusesAfter(uint256 waited) private {
        vm.warp(START + waited);
        vm.expectRevert(abi.encodeWithSelector(Errors.DeadlineNotPassed.selector, START + TIMEOUT, START + waited));
        machine.checkPhaseTimeout(executionId, 0);
    }

    function test_theStatusFollowsTheClockUntold() external {
        vm.warp(START + TIMEOUT);
        assertStatus(executionId, 0, Types.PhaseStatus.ACTIVE);
        vm.warp(START + TIMEOUT + 1);
        assertStatus(executionId, 0, Types.PhaseStatus.TIMED_OUT);
        vm.assertEq(
            uint256(machine.getPhase(executionId, 0).status), uint256(Types.PhaseStatus.TIMED_OUT), "in the view too"
        );
        assertExecution(executionId, Types.ExecutionStatus.RUNNING);
    }

    function test_refusesPhasesThatAreNotActive() external {
        submit(executionId, 0, RESULT, EVERYBODY);
        vm.warp(START + TIMEOUT + 1);
        vm.expectRevert(abi.encodeWithSelector(Errors.PhaseNotActive.selector, Types.PhaseStatus.COMPLETED));
        machine.checkPhaseTimeout(executionId, 0);
        machine.checkPhaseTimeout(executionId, 1);
        vm.expectRevert(abi.encodeWithSelector(Errors.PhaseNotActive.selector, Types.PhaseStatus.TIMED_OUT));
        machine.checkPhaseTimeout(executionId, 1);
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownPhase.selector, executionId, 2));
        machine.checkPhaseTimeout(executionId, 2);
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownExecution.selector, bytes32("?")));
        machine.checkPhaseTimeout("?", 0);
    }

    function test_anotherPhaseOfAFailedExecutionTakesNothing() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](2);
        phases[0] = immediate("quick");
        phases[1] = immediate("slow");
        phases[1].timeout = 2 * TIMEOUT;
        executionId = started(phases);
        vm.warp(START + TIMEOUT + 1);
        machine.checkPhaseTimeout(executionId, 0);
        bytes memory certificate = certificateFor(executionId, 1, 0, RESULT, EVERYBODY);
        bytes memory failed = abi.encodeWithSelector(Errors.ExecutionNotRunning.selector, Types.ExecutionStatus.FAILED);
        vm.expectRevert(failed);
        machine.submitPhaseResult(executionId, 1, 0, RESULT, certificate);
        vm.warp(START + 2 * TIMEOUT + 1);
        vm.expectRevert(failed);
        machine.checkPhaseTimeout(executionId, 1);
    }
}
