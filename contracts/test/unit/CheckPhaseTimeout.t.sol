// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineEvents as Events,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Flows} from "../support/Flows.sol";
import {Machines} from "../support/Machines.sol";

/// @dev Plan: test/tree/checkPhaseTimeout.tree
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

/// @dev What a deadline means under options. Plan: test/tree/checkPhaseTimeout.tree
contract CheckPhaseTimeoutOfOptionsTest is Flows {
    function setUp() public {
        setUpFlows();
    }

    function _alone(Types.PhaseDefinition memory phase, Types.PhaseOptions memory options, uint32 overall)
        private
        returns (bytes32)
    {
        Types.PhaseOptions[] memory all = plain(1);
        all[0] = options;
        return machine.executeWorkflow(registeredWith(one(phase), all, overall), "payload");
    }

    // ── The execution's own deadline ─────────────────────────────────────────────────────────────────

    function test_afterTheExecutionsDeadlineItIsTheEnd_whateverTheOptionsSay() external {
        Types.PhaseOptions memory options;
        options.maxAttempts = 16;
        options.skipIfUnmet = true;
        options.onFailure = Types.FailurePolicy.CONTINUE;
        bytes32 executionId = _alone(conditional("watched", always()), options, TIMEOUT);
        vm.warp(START + TIMEOUT + 1);
        vm.recordLogs();
        machine.checkPhaseTimeout(executionId, 0);
        vm.assertEq(
            happened(),
            bytes.concat(step(Events.PhaseTimedOut.selector, 0), step(Events.WorkflowFailed.selector, 0)),
            "the end"
        );
        assertStatus(executionId, 0, Types.PhaseStatus.TIMED_OUT);
        assertExecution(executionId, Types.ExecutionStatus.FAILED);
    }

    function test_withinTheExecutionsDeadlineItsLastSecondIsWorthAnAttempt() external {
        Types.PhaseOptions memory options;
        options.maxAttempts = 2;
        bytes32 executionId = _alone(immediate("only"), options, TIMEOUT + 1);
        vm.warp(START + TIMEOUT + 1);
        machine.checkPhaseTimeout(executionId, 0);
        vm.assertEq(machine.getPhase(executionId, 0).deadline, START + TIMEOUT + 1, "until the execution's");
        complete(executionId, 0, RESULT);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    // ── Skipping ─────────────────────────────────────────────────────────────────────────────────────

    function _skippable(Types.TriggerMode mode, uint8 attempts) private returns (bytes32) {
        Types.PhaseOptions[] memory options = plain(2);
        options[0].skipIfUnmet = true;
        options[0].triggerMode = mode;
        options[0].maxAttempts = attempts;
        return startedWith(list(conditional("perhaps", always()), after_(immediate("then"), 0)), options);
    }

    function testFuzz_skipsAConditionThatWasNotMet(bool bySource, uint8 attempts) external {
        Types.TriggerMode mode = bySource ? Types.TriggerMode.SOURCE : Types.TriggerMode.OPERATORS;
        bytes32 executionId = _skippable(mode, uint8(bound(attempts, 0, 16)));
        pastDeadline(executionId, 0);
        vm.recordLogs();
        machine.checkPhaseTimeout(executionId, 0);
        vm.assertEq(
            happened(),
            bytes.concat(step(Events.PhaseSkipped.selector, 0), step(Events.PhaseStarted.selector, 1)),
            "goes on without"
        );
        assertStatus(executionId, 0, Types.PhaseStatus.SKIPPED);
        vm.assertEq(machine.getPhase(executionId, 0).resultHash, 0, "no result");
        vm.assertEq(machine.getExecution(executionId).resolvedMask, 1, "resolved");
        vm.assertEq(inputsOf(executionId, 1), inputsOver(0, 0), "computes from none");
        vm.expectRevert(abi.encodeWithSelector(Errors.PhaseNotActive.selector, Types.PhaseStatus.SKIPPED));
        machine.checkPhaseTimeout(executionId, 0);
        complete(executionId, 1, RESULT);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function test_doesNotSkipWhatItsSourceHasTriggered() external {
        bytes32 executionId = _skippable(Types.TriggerMode.SOURCE, 0);
        machine.trigger(executionId, 0, "");
        pastDeadline(executionId, 0);
        vm.recordLogs();
        machine.checkPhaseTimeout(executionId, 0);
        vm.assertEq(
            happened(),
            bytes.concat(step(Events.PhaseTimedOut.selector, 0), step(Events.WorkflowFailed.selector, 0)),
            "a failure like any other"
        );
    }

    function test_skippingTheOnlyPhaseCompletesTheExecution() external {
        Types.PhaseOptions memory options;
        options.skipIfUnmet = true;
        bytes32 executionId = _alone(conditional("perhaps", always()), options, 0);
        expire(executionId, 0);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    // ── Another attempt ──────────────────────────────────────────────────────────────────────────────

    function test_startsAnotherAttemptOnANewTable() external {
        Types.PhaseOptions memory options;
        options.maxAttempts = 3;
        bytes32 executionId = _alone(immediate("only"), options, 0);
        bytes32 inputs = inputsOf(executionId, 0);
        for (uint32 attempt = 2; attempt <= 3; ++attempt) {
            uint64 over = machine.getPhase(executionId, 0).deadline;
            vm.warp(over + 5);
            vm.roll(block.number + 1);
            scripted.setTable(uint32(over), 0);
            expectEvent();
            emit Events.PhaseTimedOut(executionId, 0, attempt - 1, over);
            expectEvent();
            emit Events.PhaseStarted(executionId, 0, attempt, AVS, 1, uint32(over), over + 5 + TIMEOUT, inputs);
            machine.checkPhaseTimeout(executionId, 0);
            Types.PhaseView memory phase = machine.getPhase(executionId, 0);
            vm.assertEq(uint256(phase.status), uint256(Types.PhaseStatus.ACTIVE), "open again");
            vm.assertEq(phase.attempt, attempt, "attempt");
            vm.assertEq(phase.startedAt, over + 5, "started");
            vm.assertEq(phase.startedBlock, block.number, "in this block");
            vm.assertEq(phase.inputsHash, inputs, "the same inputs");
        }
        vm.recordLogs();
        expire(executionId, 0);
        vm.assertEq(
            happened(),
            bytes.concat(step(Events.PhaseTimedOut.selector, 0), step(Events.WorkflowFailed.selector, 0)),
            "three were allowed"
        );
    }

    function test_aCertificateOfTheAttemptBeforeIsWorthNothing() external {
        Types.PhaseOptions memory options;
        options.maxAttempts = 2;
        bytes32 executionId = _alone(immediate("only"), options, 0);
        bytes memory late = takenCertificate(executionId, 0, 0, RESULT);
        bytes32 signed = machine.getMessageHash(executionId, 0, 0, RESULT);
        expire(executionId, 0);
        bytes32 wanted = machine.getMessageHash(executionId, 0, 0, RESULT);
        vm.expectRevert(abi.encodeWithSelector(Errors.InvalidMessageHash.selector, wanted, signed));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, late);
    }

    function test_aWaitingPhaseWaitsAgain_andATriggeredOneIsActiveAgain() external {
        Types.PhaseOptions memory options;
        options.maxAttempts = 3;
        options.triggerMode = Types.TriggerMode.SOURCE;
        bytes32 executionId = _alone(conditional("told", fromTime(START + TIMEOUT)), options, 0);
        bytes32 before = inputsOf(executionId, 0);
        pastDeadline(executionId, 0);
        expectEvent();
        emit Events.PhaseTimedOut(executionId, 0, 1, uint64(START + TIMEOUT));
        expectEvent();
        emit Events.ConditionalTriggerSet(
            executionId, 0, 2, AVS, 1, uint32(START), uint64(block.timestamp + TIMEOUT), before
        );
        machine.checkPhaseTimeout(executionId, 0);
        assertStatus(executionId, 0, Types.PhaseStatus.CONDITIONAL_WAITING);

        machine.trigger(executionId, 0, "now");
        bytes32 triggered = inputsOf(executionId, 0);
        vm.assertTrue(triggered != before, "the trigger is among the inputs");
        pastDeadline(executionId, 0);
        expectEvent();
        emit Events.PhaseTimedOut(executionId, 0, 2, uint64(block.timestamp - 1));
        expectEvent();
        emit Events.PhaseStarted(executionId, 0, 3, AVS, 1, uint32(START), uint64(block.timestamp + TIMEOUT), triggered);
        machine.checkPhaseTimeout(executionId, 0);
        assertStatus(executionId, 0, Types.PhaseStatus.ACTIVE);
        complete(executionId, 0, RESULT);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function test_anAttemptWithoutAUsableTableIsAFailureForGood() external {
        Types.PhaseOptions[] memory options = plain(1);
        options[0].maxAttempts = 5;
        bytes32 executionId = startedWith(one(by(immediate("only"), FRAGILE)), options);
        spoil(FRAGILE);
        pastDeadline(executionId, 0);
        expectEvent();
        emit Events.PhaseTimedOut(executionId, 0, 1, uint64(START + TIMEOUT));
        expectEvent();
        emit Events.PhaseFailed(executionId, 0, 2, Errors.TableMissing.selector);
        expectEvent();
        emit Events.WorkflowFailed(executionId, 0);
        machine.checkPhaseTimeout(executionId, 0);

        Types.PhaseView memory phase = machine.getPhase(executionId, 0);
        vm.assertEq(uint256(phase.status), uint256(Types.PhaseStatus.FAILED), "status");
        vm.assertEq(phase.attempt, 2, "the attempt that it would have been");
        vm.assertEq(phase.deadline, START + TIMEOUT, "of the attempt that was");
        vm.assertTrue(phase.inputsHash != 0, "its inputs, too");
    }
}
