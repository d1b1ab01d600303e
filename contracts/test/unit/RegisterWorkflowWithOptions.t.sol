// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineEvents as Events,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Flows} from "../support/Flows.sol";

/// @dev Plan: test/tree/registerWorkflowWithOptions.tree
contract RegisterWorkflowWithOptionsTest is Flows {
    address private constant OTHER_AVS = address(0xB0B);
    address[] private nobody;

    function setUp() public {
        setUpFlows();
    }

    /// @dev Phases 0 to 3; 2 and 3 wait for 0 and 1.
    function _phases() private pure returns (Types.PhaseDefinition[] memory) {
        return list(
            immediate("first"),
            conditional("second", always()),
            after_(after_(immediate("third"), 0), 1),
            after_(after_(immediate("fourth"), 1), 0)
        );
    }

    function _refuses(Types.PhaseOptions[] memory options, bytes memory error_) private {
        _refusesFor(_phases(), options, error_);
    }

    function _refusesFor(
        Types.PhaseDefinition[] memory phases,
        Types.PhaseOptions[] memory options,
        bytes memory error_
    ) private {
        vm.expectRevert(error_);
        machine.registerWorkflowWithOptions("flow", phases, options, 0, nobody);
    }

    // ── What is stored ───────────────────────────────────────────────────────────────────────────────

    function test_givesBackWhatWasRegistered() external {
        Types.PhaseDefinition[] memory phases = _phases();
        Types.PhaseOptions[] memory options = plain(4);
        options[0] = Types.PhaseOptions({
            avs: OTHER_AVS,
            maxAttempts: 16,
            onFailure: Types.FailurePolicy.CONTINUE,
            fallbackPhase: 0,
            triggerMode: Types.TriggerMode.OPERATORS,
            skipIfUnmet: false
        });
        options[1].triggerMode = Types.TriggerMode.SOURCE;
        options[1].skipIfUnmet = true;
        options[1].avs = AVS;
        fallsBack(options[2], 3);
        bytes32 definitionHash = keccak256(abi.encode("flow", phases, options, uint32(30 days)));

        bytes32 expected = machine.computeWorkflowId(address(this), "flow", 1);
        expectEvent();
        emit Events.WorkflowRegistered(expected, address(this), "flow", 1, definitionHash);
        bytes32 workflowId = machine.registerWorkflowWithOptions("flow", phases, options, 30 days, nobody);

        vm.assertEq(workflowId, expected, "id");
        vm.assertEq(abi.encode(machine.getWorkflowPhases(workflowId)), abi.encode(phases), "phases");
        vm.assertEq(abi.encode(machine.getWorkflowOptions(workflowId)), abi.encode(options), "options");
        vm.assertEq(machine.getWorkflow(workflowId).definitionHash, definitionHash, "hash");
        vm.assertEq(machine.getWorkflow(workflowId).executionTimeout, 30 days, "overall timeout");
    }

    function testFuzz_theDefinitionHashCoversEveryOption(uint256 which, uint8 attempts) external {
        attempts = uint8(bound(attempts, 1, 16));
        Types.PhaseDefinition[] memory phases = _phases();
        Types.PhaseOptions[] memory options = plain(4);
        uint32 executionTimeout = 0;
        which = bound(which, 0, 6);
        if (which == 0) options[3].avs = OTHER_AVS;
        if (which == 1) options[3].maxAttempts = attempts;
        if (which == 2) options[3].onFailure = Types.FailurePolicy.CONTINUE;
        if (which == 3) fallsBack(options[3], 2);
        if (which == 4) options[1].triggerMode = Types.TriggerMode.SOURCE;
        if (which == 5) options[1].skipIfUnmet = true;
        if (which == 6) executionTimeout = 1;
        bytes32 workflowId = registeredWith(phases, options, executionTimeout);
        vm.assertEq(
            machine.getWorkflow(workflowId).definitionHash,
            keccak256(abi.encode("flow", phases, options, executionTimeout)),
            "with options"
        );
    }

    function test_zeroOptionsAreAsIfNotGiven() external {
        Types.PhaseDefinition[] memory phases = _phases();
        bytes32 with = registeredWith(phases, plain(4), 0);
        bytes32 without = machine.registerWorkflow("flow", phases, nobody);
        vm.assertEq(machine.getWorkflow(with).definitionHash, keccak256(abi.encode("flow", phases)), "plain");
        vm.assertEq(
            machine.getWorkflow(with).definitionHash, machine.getWorkflow(without).definitionHash, "the same hash"
        );
    }

    // ── What is refused ──────────────────────────────────────────────────────────────────────────────

    function test_refusesAnotherNumberOfOptions() external {
        _refuses(plain(0), abi.encodeWithSelector(Errors.OptionCountMismatch.selector, 4, 0));
        _refuses(plain(3), abi.encodeWithSelector(Errors.OptionCountMismatch.selector, 4, 3));
        _refuses(plain(5), abi.encodeWithSelector(Errors.OptionCountMismatch.selector, 4, 5));
    }

    function test_refusesTooManyAttempts() external {
        Types.PhaseOptions[] memory options = plain(4);
        options[2].maxAttempts = 17;
        _refuses(options, abi.encodeWithSelector(Errors.AttemptsOutOfRange.selector, 2, 16, 17));
    }

    function test_refusesTooLongAnOverallTimeout() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.ExecutionTimeoutOutOfRange.selector, 30 days, 30 days + 1));
        machine.registerWorkflowWithOptions("flow", _phases(), plain(4), 30 days + 1, nobody);
    }

    function test_refusesConditionalOptionsOnOtherTypes() external {
        Types.PhaseDefinition[] memory phases =
            list(immediate("a"), coordination("b"), continuous("c", 60, 1), aggregation("d"));
        for (uint32 i = 0; i < 4; ++i) {
            bytes memory refusal = abi.encodeWithSelector(Errors.OptionNotSupported.selector, i, phases[i].phaseType);
            Types.PhaseOptions[] memory options = plain(4);
            options[i].triggerMode = Types.TriggerMode.SOURCE;
            _refusesFor(phases, options, refusal);
            options = plain(4);
            options[i].skipIfUnmet = true;
            _refusesFor(phases, options, refusal);
        }
    }

    function test_refusesFallbacksThatCannotBe() external {
        Types.PhaseOptions[] memory options = plain(4);
        options[2].fallbackPhase = 3;
        _refuses(options, abi.encodeWithSelector(Errors.FallbackOutOfRange.selector, 2, 3, 4));
        options[2].onFailure = Types.FailurePolicy.CONTINUE;
        _refuses(options, abi.encodeWithSelector(Errors.FallbackOutOfRange.selector, 2, 3, 4));
        fallsBack(options[2], 4);
        _refuses(options, abi.encodeWithSelector(Errors.FallbackOutOfRange.selector, 2, 4, 4));
        fallsBack(options[2], type(uint32).max);
        _refuses(options, abi.encodeWithSelector(Errors.FallbackOutOfRange.selector, 2, type(uint32).max, 4));
        fallsBack(options[2], 2);
        _refuses(options, abi.encodeWithSelector(Errors.FallbackOutOfRange.selector, 2, 2, 4));
    }

    function test_refusesAFallbackWithOtherDependencies() external {
        Types.PhaseOptions[] memory options = plain(4);
        fallsBack(options[0], 3);
        _refuses(options, abi.encodeWithSelector(Errors.FallbackDependenciesDiffer.selector, 0, 3));
    }

    function test_refusesAFallbackForTwo() external {
        Types.PhaseDefinition[] memory phases = list(immediate("a"), immediate("b"), immediate("c"));
        Types.PhaseOptions[] memory options = plain(3);
        fallsBack(options[0], 2);
        fallsBack(options[1], 2);
        _refusesFor(phases, options, abi.encodeWithSelector(Errors.FallbackShared.selector, 2, 0, 1));
    }

    function test_refusesAFallbackThatSomebodyDependsOn() external {
        Types.PhaseDefinition[] memory phases = list(immediate("a"), immediate("b"), after_(immediate("c"), 1));
        Types.PhaseOptions[] memory options = plain(3);
        fallsBack(options[0], 1);
        _refusesFor(phases, options, abi.encodeWithSelector(Errors.FallbackIsDependency.selector, 1, 2));
    }

    function test_refusesFallbacksInACircle_andTakesChains() external {
        Types.PhaseDefinition[] memory phases = list(immediate("a"), immediate("b"), immediate("c"), immediate("d"));
        Types.PhaseOptions[] memory options = plain(4);
        fallsBack(options[1], 2);
        fallsBack(options[2], 3);
        registeredWith(phases, options, 0);
        fallsBack(options[3], 1);
        _refusesFor(phases, options, abi.encodeWithSelector(Errors.FallbackCycle.selector, 1));
    }

    function test_refusesAnotherAvssSetThatCannotWorkThePhase() external {
        Types.PhaseOptions[] memory options = plain(4);
        options[3].avs = OTHER_AVS;
        scripted.setTableOf(OTHER_AVS, 1, 0, 0, 0);
        _refuses(options, abi.encodeWithSelector(Errors.TableMissing.selector, OTHER_AVS, 1));
        scripted.setTableOf(OTHER_AVS, 1, 5, TIMEOUT - 1, STAKE);
        _refuses(options, abi.encodeWithSelector(Errors.TimeoutExceedsStaleness.selector, 3, TIMEOUT - 1, TIMEOUT));
        scripted.setTableOf(OTHER_AVS, 1, 5, TIMEOUT, STAKE);
        registeredWith(_phases(), options, 0);
    }

    function test_refusesEtherWhileThereIsNoFeeVault() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.UnexpectedValue.selector, 3));
        machine.registerWorkflowWithOptions{value: 3}("flow", _phases(), plain(4), 0, nobody);
    }
}
