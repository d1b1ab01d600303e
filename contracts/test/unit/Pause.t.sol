// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {PausableUpgradeable} from "@openzeppelin/contracts-upgradeable/utils/PausableUpgradeable.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {IWorkflowStateMachineTypes as Types} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Flows} from "../support/Flows.sol";

contract PauseTest is Flows {
    bytes32 private workflowId;
    bytes32 private executionId;

    function setUp() public {
        setUpFlows();
        Types.PhaseOptions[] memory options = plain(2);
        options[0].maxAttempts = 2;
        options[1].triggerMode = Types.TriggerMode.SOURCE;
        workflowId = registeredWith(list(immediate("first"), conditional("told", always())), options, 0);
        executionId = machine.executeWorkflow(workflowId, "payload");
    }

    function _refuses() private {
        vm.expectRevert(PausableUpgradeable.EnforcedPause.selector);
    }

    function test_refusesWhatBeginsOrDecidesSomething() external {
        bytes memory certificate = takenCertificate(executionId, 0, 0, RESULT);
        Types.PhaseDefinition[] memory phases = two();
        machine.pause();
        _refuses();
        machine.registerWorkflow("new", phases, new address[](0));
        _refuses();
        machine.registerWorkflowWithOptions("new", phases, plain(2), 0, new address[](0));
        _refuses();
        machine.executeWorkflow(workflowId, "");
        _refuses();
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        _refuses();
        machine.trigger(executionId, 1, "");
        machine.unpause();
        machine.trigger(executionId, 1, "");
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        machine.executeWorkflow(workflowId, "");
        machine.registerWorkflow("new", phases, new address[](0));
    }

    /// @dev Nobody's time stands still, so what follows from time does not either.
    function test_deadlinesGoOn() external {
        machine.pause();
        expire(executionId, 0);
        vm.assertEq(machine.getPhase(executionId, 0).attempt, 2, "another attempt");
        expire(executionId, 0);
        assertExecution(executionId, Types.ExecutionStatus.FAILED);
    }

    function test_anInitiatorCanStillCancel() external {
        machine.pause();
        machine.cancelExecution(executionId);
        assertExecution(executionId, Types.ExecutionStatus.CANCELLED);
    }

    function test_isThePausersAlone() external {
        bytes memory missing = abi.encodeWithSelector(
            IAccessControl.AccessControlUnauthorizedAccount.selector, named("stranger"), keccak256("PAUSER_ROLE")
        );
        vm.expectRevert(missing);
        vm.prank(named("stranger"));
        machine.pause();
        machine.pause();
        vm.expectRevert(missing);
        vm.prank(named("stranger"));
        machine.unpause();
    }
}
