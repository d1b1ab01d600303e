// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineEvents as Events,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Flows} from "../support/Flows.sol";

/// @dev Plan: test/tree/cancelExecution.tree
contract CancelExecutionTest is Flows {
    bytes32 private executionId;

    function setUp() public {
        setUpFlows();
        executionId = started(two());
    }

    function test_endsTheExecution_andSaysSo() external {
        expectEvent();
        emit Events.WorkflowCancelled(executionId, address(this));
        machine.cancelExecution(executionId);
        assertExecution(executionId, Types.ExecutionStatus.CANCELLED);
    }

    function test_isTheInitiatorsAlone() external {
        bytes32 workflowId = machine.getExecution(executionId).workflowId;
        address initiator = named("initiator");
        vm.prank(initiator);
        bytes32 theirs = machine.executeWorkflow(workflowId, "");
        vm.expectRevert(abi.encodeWithSelector(Errors.NotTheInitiator.selector, initiator, address(this)));
        machine.cancelExecution(theirs);
        vm.prank(initiator);
        machine.cancelExecution(theirs);
        assertExecution(theirs, Types.ExecutionStatus.CANCELLED);
        assertExecution(executionId, Types.ExecutionStatus.RUNNING);
        complete(executionId, 0, RESULT);
    }

    function test_takesNothingMore() external {
        bytes memory certificate = takenCertificate(executionId, 0, 0, RESULT);
        machine.cancelExecution(executionId);
        bytes memory over = abi.encodeWithSelector(Errors.ExecutionNotRunning.selector, Types.ExecutionStatus.CANCELLED);
        vm.expectRevert(over);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        vm.expectRevert(over);
        machine.cancelExecution(executionId);
        pastDeadline(executionId, 0);
        vm.expectRevert(over);
        machine.checkPhaseTimeout(executionId, 0);
    }

    function test_refusesWhatIsUnknownOrOver() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownExecution.selector, bytes32("?")));
        machine.cancelExecution("?");
        complete(executionId, 0, RESULT);
        complete(executionId, 1, RESULT);
        vm.expectRevert(abi.encodeWithSelector(Errors.ExecutionNotRunning.selector, Types.ExecutionStatus.COMPLETED));
        machine.cancelExecution(executionId);
    }
}
