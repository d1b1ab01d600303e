// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineEvents as Events,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Flows} from "../support/Flows.sol";

/// @notice What follows when a phase has failed for good.
/// @dev Plan: test/tree/failurePolicies.tree
contract FailurePoliciesTest is Flows {
    bytes32 private constant STARTED = Events.PhaseStarted.selector;
    bytes32 private constant COMPLETED = Events.PhaseCompleted.selector;
    bytes32 private constant FAILED = Events.PhaseFailed.selector;
    bytes32 private constant TIMED_OUT = Events.PhaseTimedOut.selector;
    bytes32 private constant GIVEN_UP = Events.PhaseGivenUp.selector;
    bytes32 private constant FELL_BACK = Events.PhaseFellBack.selector;
    bytes32 private constant WORKFLOW_FAILED = Events.WorkflowFailed.selector;
    bytes32 private constant WORKFLOW_COMPLETED = Events.WorkflowCompleted.selector;

    function setUp() public {
        setUpFlows();
    }

    /// @dev Has phase 0 complete, and says what happened, but for that.
    function _afterFirst(bytes32 executionId) private returns (bytes memory trail) {
        vm.recordLogs();
        complete(executionId, 0, RESULT);
        return happened();
    }

    function _first() private pure returns (bytes memory) {
        return step(COMPLETED, 0);
    }

    // ── FAIL_EXECUTION ───────────────────────────────────────────────────────────────────────────────

    function test_failsTheExecutionWithAPhaseThatCannotStart_andKeepsTheResult() external {
        bytes32 executionId = startedWith(list(immediate("first"), after_(by(immediate("next"), FRAGILE), 0)), plain(2));
        spoil(FRAGILE);
        bytes memory certificate = takenCertificate(executionId, 0, 0, RESULT);
        expectEvent();
        emit Events.PhaseFailed(executionId, 1, 1, Errors.TableMissing.selector);
        expectEvent();
        emit Events.WorkflowFailed(executionId, 1);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        vm.assertEq(machine.getPhaseResult(executionId, 0), RESULT, "kept");
        assertStatus(executionId, 0, Types.PhaseStatus.COMPLETED);
        assertStatus(executionId, 1, Types.PhaseStatus.FAILED);
        assertExecution(executionId, Types.ExecutionStatus.FAILED);
        Types.PhaseView memory phase = machine.getPhase(executionId, 1);
        vm.assertEq(phase.attempt, 1, "the first attempt");
        vm.assertEq(phase.inputsHash, 0, "never started");
        vm.assertEq(phase.startedAt, 0, "never started");
        vm.expectRevert(abi.encodeWithSelector(Errors.PhaseNotActive.selector, Types.PhaseStatus.FAILED));
        machine.getMessageHash(executionId, 1, 0, RESULT);
    }

    /// @dev Missing, then poor, then stale: what is named is what a start is refused for.
    function test_namesWhyAPhaseCannotStart() external {
        bytes4[3] memory reasons =
            [Errors.TableMissing.selector, Errors.RequiredStakeNotMet.selector, Errors.TableStale.selector];
        for (uint256 i = 0; i < 3; ++i) {
            mend(FRAGILE);
            Types.PhaseDefinition memory next = after_(by(immediate("next"), FRAGILE), 0);
            next.requiredStake = STAKE;
            bytes32 executionId = startedWith(list(immediate("first"), next), plain(2));
            if (i == 0) spoil(FRAGILE);
            if (i == 1) scripted.setTableOf(AVS, FRAGILE, uint32(START), 1, STAKE - 1);
            if (i == 2) scripted.setTableOf(AVS, FRAGILE, uint32(START), 1, STAKE);
            bytes memory certificate = takenCertificate(executionId, 0, 0, RESULT);
            expectEvent();
            emit Events.PhaseFailed(executionId, 1, 1, reasons[i]);
            machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        }
    }

    function test_afterAFailureNothingElseStarts_andNothingIsTaken() external {
        Types.PhaseDefinition[] memory phases = list(
            immediate("first"),
            after_(by(immediate("fails"), FRAGILE), 0),
            after_(immediate("would start"), 0),
            immediate("beside")
        );
        bytes32 executionId = startedWith(phases, plain(4));
        spoil(FRAGILE);
        bytes memory trail = bytes.concat(_first(), step(FAILED, 1), step(WORKFLOW_FAILED, 1));
        vm.assertEq(_afterFirst(executionId), trail, "ends there");
        assertStatus(executionId, 2, Types.PhaseStatus.PENDING);
        bytes memory certificate = takenCertificate(executionId, 3, 0, RESULT);
        vm.expectRevert(abi.encodeWithSelector(Errors.ExecutionNotRunning.selector, Types.ExecutionStatus.FAILED));
        machine.submitPhaseResult(executionId, 3, 0, RESULT, certificate);
    }

    // ── CONTINUE ─────────────────────────────────────────────────────────────────────────────────────

    function _givenUp(Types.PhaseDefinition[] memory phases) private returns (bytes32) {
        Types.PhaseOptions[] memory options = plain(phases.length);
        options[1].onFailure = Types.FailurePolicy.CONTINUE;
        return startedWith(phases, options);
    }

    function test_goesOnWithoutAPhaseThatCannotStart() external {
        bytes32 executionId = _givenUp(
            list(immediate("first"), after_(by(immediate("maybe"), FRAGILE), 0), after_(immediate("last"), 1))
        );
        spoil(FRAGILE);
        vm.assertEq(
            _afterFirst(executionId),
            bytes.concat(_first(), step(FAILED, 1), step(GIVEN_UP, 1), step(STARTED, 2)),
            "goes on"
        );
        assertStatus(executionId, 1, Types.PhaseStatus.FAILED);
        vm.assertEq(machine.getExecution(executionId).resolvedMask, 3, "resolved");
        vm.assertEq(inputsOf(executionId, 2), inputsOver(1, 0), "from no result");
        complete(executionId, 2, RESULT);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function test_goesOnWithoutAPhaseThatTimedOut() external {
        bytes32 executionId =
            _givenUp(list(immediate("first"), after_(immediate("maybe"), 0), after_(immediate("last"), 1)));
        complete(executionId, 0, RESULT);
        pastDeadline(executionId, 1);
        vm.recordLogs();
        machine.checkPhaseTimeout(executionId, 1);
        vm.assertEq(happened(), bytes.concat(step(TIMED_OUT, 1), step(GIVEN_UP, 1), step(STARTED, 2)), "goes on");
        assertStatus(executionId, 1, Types.PhaseStatus.TIMED_OUT);
        vm.assertEq(inputsOf(executionId, 2), inputsOver(1, 0), "from no result");
    }

    function test_aGivenUpLastPhaseCompletesTheExecution() external {
        bytes32 executionId = _givenUp(list(immediate("first"), after_(immediate("maybe"), 0)));
        complete(executionId, 0, RESULT);
        pastDeadline(executionId, 1);
        vm.recordLogs();
        machine.checkPhaseTimeout(executionId, 1);
        vm.assertEq(
            happened(),
            bytes.concat(step(TIMED_OUT, 1), step(GIVEN_UP, 1), step(WORKFLOW_COMPLETED, 0)),
            "complete without it"
        );
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    // ── FALLBACK ─────────────────────────────────────────────────────────────────────────────────────

    /// @dev 0, then 1 with 2 (and 3) to stand in, then the last.
    function _backedUp(Types.PhaseDefinition memory standIn, Types.PhaseOptions memory itsOptions)
        private
        returns (bytes32)
    {
        Types.PhaseOptions[] memory options = plain(4);
        fallsBack(options[1], 2);
        options[2] = itsOptions;
        return startedWith(
            list(
                immediate("first"),
                after_(by(immediate("tries"), FRAGILE), 0),
                after_(standIn, 0),
                after_(immediate("last"), 1)
            ),
            options
        );
    }

    function test_aFallbackStartsFromTheSameInputs_andItsResultStandsForThePhases() external {
        Types.PhaseOptions memory itsOptions;
        bytes32 executionId = _backedUp(immediate("instead"), itsOptions);
        complete(executionId, 0, RESULT);
        bytes32 inputs = inputsOf(executionId, 1);
        assertStatus(executionId, 2, Types.PhaseStatus.PENDING);
        pastDeadline(executionId, 1);
        expectEvent();
        emit Events.PhaseFellBack(executionId, 1, 2);
        vm.recordLogs();
        machine.checkPhaseTimeout(executionId, 1);
        vm.assertEq(happened(), bytes.concat(step(TIMED_OUT, 1), step(FELL_BACK, 1), step(STARTED, 2)), "stands in");
        vm.assertEq(inputsOf(executionId, 2), inputs, "the same inputs");
        vm.assertEq(machine.getExecution(executionId).resolvedMask, 1, "not resolved yet");

        vm.recordLogs();
        complete(executionId, 2, "instead");
        vm.assertEq(happened(), bytes.concat(step(COMPLETED, 2), step(STARTED, 3)), "frees who waited for 1");
        vm.assertEq(machine.getExecution(executionId).resolvedMask, 7, "both are");
        vm.assertEq(inputsOf(executionId, 3), inputsOver(1, keccak256("instead")), "its result");
        vm.assertEq(machine.getPhase(executionId, 1).resultHash, 0, "the failed phase has none itself");
        complete(executionId, 3, RESULT);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function test_aFallbackThatIsNeverNeededIsNotWaitedFor() external {
        Types.PhaseOptions memory itsOptions;
        bytes32 executionId = _backedUp(immediate("instead"), itsOptions);
        vm.assertEq(_afterFirst(executionId), bytes.concat(_first(), step(STARTED, 1)), "does not start");
        complete(executionId, 1, RESULT);
        complete(executionId, 3, RESULT);
        assertStatus(executionId, 2, Types.PhaseStatus.PENDING);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function test_aSkippedFallbackLeavesNoResult() external {
        Types.PhaseOptions memory itsOptions;
        itsOptions.skipIfUnmet = true;
        bytes32 executionId = _backedUp(conditional("instead", always()), itsOptions);
        spoil(FRAGILE);
        complete(executionId, 0, RESULT);
        expire(executionId, 2);
        assertStatus(executionId, 2, Types.PhaseStatus.SKIPPED);
        vm.assertEq(machine.getExecution(executionId).resolvedMask, 7, "both are resolved");
        vm.assertEq(inputsOf(executionId, 3), inputsOver(1, 0), "from no result");
    }

    function test_aGivenUpFallbackLeavesNoResult() external {
        Types.PhaseOptions memory itsOptions;
        itsOptions.onFailure = Types.FailurePolicy.CONTINUE;
        bytes32 executionId = _backedUp(by(immediate("instead"), FRAGILE), itsOptions);
        spoil(FRAGILE);
        bytes memory trail = bytes.concat(
            _first(), step(FAILED, 1), step(FELL_BACK, 1), step(FAILED, 2), step(GIVEN_UP, 2), step(STARTED, 3)
        );
        vm.assertEq(_afterFirst(executionId), trail, "neither starts");
        vm.assertEq(machine.getExecution(executionId).resolvedMask, 7, "both are resolved");
        vm.assertEq(inputsOf(executionId, 3), inputsOver(1, 0), "from no result");
    }

    function test_aFailedFallbackFailsTheExecution_ifItsOwnPolicySaysSo() external {
        Types.PhaseOptions memory itsOptions;
        bytes32 executionId = _backedUp(immediate("instead"), itsOptions);
        spoil(FRAGILE);
        complete(executionId, 0, RESULT);
        pastDeadline(executionId, 2);
        vm.recordLogs();
        machine.checkPhaseTimeout(executionId, 2);
        vm.assertEq(happened(), bytes.concat(step(TIMED_OUT, 2), step(WORKFLOW_FAILED, 2)), "the end");
    }

    function test_aFallbackHasItsOwnAttempts() external {
        Types.PhaseOptions memory itsOptions;
        itsOptions.maxAttempts = 2;
        bytes32 executionId = _backedUp(immediate("instead"), itsOptions);
        spoil(FRAGILE);
        complete(executionId, 0, RESULT);
        expire(executionId, 2);
        vm.assertEq(machine.getPhase(executionId, 2).attempt, 2, "the second");
        complete(executionId, 2, "late");
        vm.assertEq(inputsOf(executionId, 3), inputsOver(1, keccak256("late")), "counts");
    }

    /// @dev 0 falls back to 2, 2 to 1, 1 to 3; none waits, 4 waits for 0 alone.
    function test_aChainResolvesEveryPhaseThatItStandsInFor() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](5);
        phases[0] = immediate("a");
        phases[1] = by(immediate("c"), FRAGILE);
        phases[2] = by(immediate("b"), FRAGILE);
        phases[3] = immediate("d");
        phases[4] = after_(immediate("last"), 0);
        Types.PhaseOptions[] memory options = plain(5);
        fallsBack(options[0], 2);
        fallsBack(options[2], 1);
        fallsBack(options[1], 3);
        bytes32 executionId = startedWith(phases, options);
        spoil(FRAGILE);
        pastDeadline(executionId, 0);
        vm.recordLogs();
        machine.checkPhaseTimeout(executionId, 0);
        bytes memory trail = bytes.concat(step(TIMED_OUT, 0), step(FELL_BACK, 0), step(FAILED, 2), step(FELL_BACK, 2));
        trail = bytes.concat(trail, step(FAILED, 1), step(FELL_BACK, 1), step(STARTED, 3));
        vm.assertEq(happened(), trail, "down the chain");
        complete(executionId, 3, "d");
        vm.assertEq(machine.getExecution(executionId).resolvedMask, 15, "all four");
        vm.assertEq(inputsOf(executionId, 4), inputsOver(0, keccak256("d")), "the last one's result");
        complete(executionId, 4, RESULT);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    // ── Several at once ──────────────────────────────────────────────────────────────────────────────

    /// @dev 5 opens. 3 and 4 wait for it, and 3 can't start and is given up: which frees 0, before 4, and 1, once 4 is
    ///      done. 2 stands in for 4.
    function test_startsLowestFirst_alsoWhomAGivenUpPhaseFrees() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](6);
        phases[0] = after_(immediate("0"), 3);
        phases[1] = after_(after_(immediate("1"), 4), 3);
        phases[2] = after_(immediate("2"), 5);
        phases[3] = after_(by(immediate("3"), FRAGILE), 5);
        phases[4] = after_(by(immediate("4"), BRITTLE), 5);
        phases[5] = immediate("5");
        Types.PhaseOptions[] memory options = plain(6);
        options[3].onFailure = Types.FailurePolicy.CONTINUE;
        fallsBack(options[4], 2);
        bytes32 executionId = startedWith(phases, options);
        spoil(FRAGILE);
        spoil(BRITTLE);
        vm.recordLogs();
        complete(executionId, 5, RESULT);
        bytes memory trail = bytes.concat(step(COMPLETED, 5), step(FAILED, 3), step(GIVEN_UP, 3), step(STARTED, 0));
        trail = bytes.concat(trail, step(FAILED, 4), step(FELL_BACK, 4), step(STARTED, 2));
        vm.assertEq(happened(), trail, "in this order");
        vm.recordLogs();
        complete(executionId, 2, "2");
        vm.assertEq(happened(), bytes.concat(step(COMPLETED, 2), step(STARTED, 1)), "4 and 3 are resolved");
    }

    /// @dev A line of 64 of which none but the first can start.
    function test_oneTransactionGivesAllUp() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](64);
        Types.PhaseOptions[] memory options = plain(64);
        for (uint32 i = 0; i < 64; ++i) {
            phases[i] = by(immediate(vm.toString(i)), FRAGILE);
            // The first is the last of the list: so every step looks for the lowest anew.
            if (i < 63) phases[i] = after_(phases[i], i + 1);
            options[i].onFailure = Types.FailurePolicy.CONTINUE;
        }
        bytes32 executionId = startedWith(phases, options);
        spoil(FRAGILE);
        pastDeadline(executionId, 63);
        machine.checkPhaseTimeout(executionId, 63);
        vm.assertEq(machine.getExecution(executionId).resolvedMask, type(uint64).max, "all resolved");
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    /// @dev As many fallbacks as there can be, none of which can start.
    function test_theLongestChainFalls() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](64);
        Types.PhaseOptions[] memory options = plain(64);
        for (uint32 i = 0; i < 64; ++i) {
            phases[i] = by(immediate(vm.toString(i)), FRAGILE);
            if (i < 63) fallsBack(options[i], i + 1);
        }
        options[63].onFailure = Types.FailurePolicy.CONTINUE;
        bytes32 executionId = startedWith(phases, options);
        spoil(FRAGILE);
        pastDeadline(executionId, 0);
        machine.checkPhaseTimeout(executionId, 0);
        vm.assertEq(machine.getExecution(executionId).resolvedMask, type(uint64).max, "all resolved");
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }
}
