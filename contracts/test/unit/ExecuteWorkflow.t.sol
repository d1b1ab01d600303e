// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineEvents as Events,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Flows} from "../support/Flows.sol";
import {Machines} from "../support/Machines.sol";

/// @dev Plan: test/tree/executeWorkflow.tree
contract ExecuteWorkflowTest is Machines {
    bytes32 private constant NO_WORDS = keccak256("");
    bytes32 private constant INPUTS_TYPEHASH =
        keccak256("PhaseInputs(bytes32 payloadHash,uint32[] dependencies,bytes32[] resultHashes)");

    function setUp() public {
        setUpMachine();
    }

    function _predicted(bytes32 workflowId, uint256 number) private view returns (bytes32) {
        return _predicted(workflowId, number, address(this), "payload");
    }

    function _predicted(bytes32 workflowId, uint256 number, address initiator, bytes memory payload)
        private
        view
        returns (bytes32)
    {
        return keccak256(abi.encode(block.chainid, address(machine), workflowId, number, initiator, keccak256(payload)));
    }

    /// @dev A reorg gives an execution's number to another one: it must not get its id, for which operators signed.
    function test_anIdIsOfItsNumberInitiatorAndPayload() external {
        bytes32 workflowId = registered(two());
        uint256 before = vm.snapshotState();
        bytes32 first = machine.executeWorkflow(workflowId, "a");
        vm.revertToState(before);
        vm.assertEq(machine.executeWorkflow(workflowId, "a"), first, "the same again");
        vm.revertToState(before);
        bytes32 second = machine.executeWorkflow(workflowId, "b");
        vm.revertToState(before);
        vm.prank(address(0xBEEF));
        bytes32 third = machine.executeWorkflow(workflowId, "a");
        vm.assertTrue(first != second && first != third, "others");
        vm.assertEq(second, _predicted(workflowId, 1, address(this), "b"), "payload");
        vm.assertEq(third, _predicted(workflowId, 1, address(0xBEEF), "a"), "initiator");
    }

    function test_startsThePhasesThatWaitForNone() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](3);
        phases[0] = after_(immediate("last"), 2);
        phases[1] = immediate("first");
        phases[2] = coordination("also first");
        bytes32 executionId = started(phases);
        assertStatus(executionId, 0, Types.PhaseStatus.PENDING);
        assertStatus(executionId, 1, Types.PhaseStatus.ACTIVE);
        assertStatus(executionId, 2, Types.PhaseStatus.ACTIVE);
    }

    function test_fixesAllThatASignatureCommitsTo_andSaysSo() external {
        bytes32 workflowId = registered(two());
        bytes32 executionId = _predicted(workflowId, 1);
        bytes32 inputs = keccak256(abi.encode(INPUTS_TYPEHASH, keccak256("payload"), NO_WORDS, NO_WORDS));
        vm.warp(START + 5);

        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.WorkflowExecutionStarted(executionId, workflowId, address(this), "payload");
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.PhaseStarted(executionId, 0, 1, AVS, 1, uint32(START), uint64(START + 5 + TIMEOUT), inputs);
        vm.assertEq(machine.executeWorkflow(workflowId, "payload"), executionId, "id");

        Types.PhaseView memory expected;
        expected.asOf = uint64(START + 5);
        expected.executionStatus = Types.ExecutionStatus.RUNNING;
        expected.workflowId = workflowId;
        expected.definitionHash = machine.getWorkflow(workflowId).definitionHash;
        expected.phaseType = Types.PhaseType.COORDINATION;
        expected.status = Types.PhaseStatus.ACTIVE;
        expected.attempt = 1;
        expected.avs = AVS;
        expected.operatorSetId = 1;
        expected.consensusThreshold = TWO_THIRDS;
        expected.referenceTimestamp = uint32(START);
        expected.startedAt = uint64(START + 5);
        expected.deadline = uint64(START + 5 + TIMEOUT);
        expected.blockNumber = uint64(block.number + 3);
        expected.startedBlock = uint64(block.number);
        expected.inputsHash = inputs;
        expected.aggregators = machine.aggregators();
        expected.curve = Types.CurveType.BN254;
        vm.roll(block.number + 3);
        vm.assertEq(abi.encode(machine.getPhase(executionId, 0)), abi.encode(expected), "phase");
        Types.ExecutionView memory run = Types.ExecutionView(
            uint64(START + 5),
            executionId,
            workflowId,
            address(this),
            Types.ExecutionStatus.RUNNING,
            uint64(START + 5),
            0,
            2,
            0,
            "payload"
        );
        vm.assertEq(abi.encode(machine.getExecution(executionId)), abi.encode(run), "execution");
    }

    function test_numbersExecutionsOverAllWorkflows() external {
        bytes32 first = registered(two());
        bytes32 second = registered(one(immediate("only")));
        vm.assertEq(machine.executeWorkflow(first, ""), _predicted(first, 1, address(this), ""), "first");
        vm.assertEq(machine.executeWorkflow(second, ""), _predicted(second, 2, address(this), ""), "second");
        vm.assertEq(machine.executeWorkflow(first, ""), _predicted(first, 3, address(this), ""), "third");
    }

    function test_pinsTheNewestTable() external {
        vm.warp(START + 9);
        table.publishTable(five);
        bytes32 executionId = started(two());
        vm.assertEq(machine.getPhase(executionId, 0).referenceTimestamp, START + 9, "pinned");
        vm.warp(START + 10);
        table.publishTable(five);
        vm.assertEq(machine.getPhase(executionId, 0).referenceTimestamp, START + 9, "still pinned");
    }

    function test_anyoneMay_atTheLimit() external {
        bytes32 workflowId = registered(two());
        vm.prank(named("anyone"));
        bytes32 executionId = machine.executeWorkflow(workflowId, new bytes(8_192));
        vm.assertEq(machine.getExecution(executionId).initiator, named("anyone"), "initiator");
        vm.assertEq(machine.getExecution(executionId).payload.length, 8_192, "payload");
    }

    function test_refusesUnknownWorkflowsAndLargePayloads() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownWorkflow.selector, bytes32("?")));
        machine.executeWorkflow("?", "");
        bytes32 workflowId = registered(two());
        vm.expectRevert(abi.encodeWithSelector(Errors.PayloadTooLarge.selector, 8_192, 8_193));
        machine.executeWorkflow(workflowId, new bytes(8_193));
    }

    function test_refusesATableThatGoesStaleBeforeTheDeadline() external {
        bytes32 workflowId = registered(two());
        table.configureOperatorSet(five, TIMEOUT + 10);
        vm.warp(START + 11);
        vm.expectRevert(abi.encodeWithSelector(Errors.TableStale.selector, START + 11 + TIMEOUT, START + TIMEOUT + 10));
        machine.executeWorkflow(workflowId, "");
        vm.warp(START + 10);
        machine.executeWorkflow(workflowId, "");
    }

    function test_views_refuseUnknownIds() external {
        bytes32 executionId = started(two());
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownExecution.selector, bytes32("?")));
        machine.getExecution("?");
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownExecution.selector, bytes32("?")));
        machine.getPhase("?", 0);
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownPhase.selector, executionId, 2));
        machine.getPhase(executionId, 2);
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownPhase.selector, executionId, 2));
        machine.getPhaseStatus(executionId, 2);
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownPhase.selector, executionId, type(uint32).max));
        machine.getPhaseResult(executionId, type(uint32).max);
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownPhase.selector, executionId, 2));
        machine.getApprovalDigest(executionId, 2);
    }

    function test_refusesEtherWhileThereIsNoFeeVault() external {
        bytes32 workflowId = registered(two());
        vm.expectRevert(abi.encodeWithSelector(Errors.UnexpectedValue.selector, 1));
        machine.executeWorkflow{value: 1}(workflowId, "");
    }
}

/// @dev What needs operator sets in other shapes. Plan: test/tree/executeWorkflow.tree
contract ExecuteWorkflowOfOptionsTest is Flows {
    address private constant OTHER_AVS = address(0xB0B);

    function setUp() public {
        setUpFlows();
    }

    function test_refusesWithoutATableOfAnyPhase() external {
        bytes32 later = registered(list(immediate("now"), after_(by(immediate("later"), FRAGILE), 0)));
        bytes32 fallbackId = _withFallback(by(immediate("instead"), FRAGILE));
        spoil(FRAGILE);
        vm.expectRevert(abi.encodeWithSelector(Errors.TableMissing.selector, AVS, FRAGILE));
        machine.executeWorkflow(later, "");
        vm.expectRevert(abi.encodeWithSelector(Errors.TableMissing.selector, AVS, FRAGILE));
        machine.executeWorkflow(fallbackId, "");
        mend(FRAGILE);
        machine.executeWorkflow(later, "");
    }

    function _withFallback(Types.PhaseDefinition memory standIn) private returns (bytes32) {
        Types.PhaseOptions[] memory options = plain(2);
        fallsBack(options[0], 1);
        return registeredWith(list(immediate("first"), standIn), options, 0);
    }

    /// @dev Each phase requires what it requires, whether it starts now or later, and whoever of its set came before.
    function test_refusesLessThanAnyPhaseRequires() external {
        Types.PhaseDefinition[] memory phases =
            list(immediate("a"), after_(immediate("b"), 0), after_(immediate("c"), 1));
        for (uint256 i = 0; i < 3; ++i) {
            phases[i].operatorSetId = FRAGILE;
            phases[i].requiredStake = 10;
        }
        for (uint256 i = 0; i < 3; ++i) {
            phases[i].requiredStake = 20;
            bytes32 workflowId = registered(phases);
            scripted.setTableOf(AVS, FRAGILE, 1, 0, 19);
            vm.expectRevert(abi.encodeWithSelector(Errors.RequiredStakeNotMet.selector, 20, 19));
            machine.executeWorkflow(workflowId, "");
            scripted.setTableOf(AVS, FRAGILE, 1, 0, 20);
            machine.executeWorkflow(workflowId, "");
            phases[i].requiredStake = 10;
        }
    }

    function test_refusesATableWithoutStake_evenIfNoneIsRequired() external {
        bytes32 workflowId = registered(list(immediate("a"), by(immediate("b"), FRAGILE)));
        scripted.setTableOf(AVS, FRAGILE, 1, 0, 0);
        vm.expectRevert(abi.encodeWithSelector(Errors.RequiredStakeNotMet.selector, 0, 0));
        machine.executeWorkflow(workflowId, "");
        scripted.setTable(1, 0);
        scripted.setStake(new uint256[](0), new uint256[](0));
        vm.expectRevert(abi.encodeWithSelector(Errors.RequiredStakeNotMet.selector, 0, 0));
        machine.executeWorkflow(workflowId, "");
    }

    /// @dev A table that is stale now may be followed by a fresh one before the phase starts.
    function test_takesAStaleTableOfAPhaseThatStartsLater() external {
        bytes32 workflowId = registered(list(immediate("now"), after_(by(immediate("later"), FRAGILE), 0)));
        scripted.setTableOf(AVS, FRAGILE, uint32(START - 10 * TIMEOUT), TIMEOUT, STAKE);
        machine.executeWorkflow(workflowId, "");
    }

    function test_leavesFallbacksPending() external {
        bytes32 executionId = machine.executeWorkflow(_withFallback(immediate("instead")), "");
        assertStatus(executionId, 0, Types.PhaseStatus.ACTIVE);
        assertStatus(executionId, 1, Types.PhaseStatus.PENDING);
        vm.assertEq(inputsOf(executionId, 1), 0, "nothing is fixed yet");
    }

    function test_opensTheGateOfASourceOnly() external {
        Types.PhaseOptions[] memory options = plain(2);
        options[1].triggerMode = Types.TriggerMode.SOURCE;
        bytes32 workflowId =
            registeredWith(list(conditional("watched", always()), conditional("told", always())), options, 0);
        bytes32 none = keccak256("");
        bytes32 inputs = keccak256(
            abi.encode(
                keccak256("PhaseInputs(bytes32 payloadHash,uint32[] dependencies,bytes32[] resultHashes)"),
                keccak256("payload"),
                none,
                none
            )
        );
        uint64 deadline = uint64(START + TIMEOUT);
        bytes32 executionId =
            keccak256(abi.encode(block.chainid, address(machine), workflowId, 1, address(this), keccak256("payload")));
        expectEvent();
        emit Events.PhaseStarted(executionId, 0, 1, AVS, 1, uint32(START), deadline, inputs);
        expectEvent();
        emit Events.ConditionalTriggerSet(executionId, 1, 1, AVS, 1, uint32(START), deadline, inputs);
        machine.executeWorkflow(workflowId, "payload");
        assertStatus(executionId, 0, Types.PhaseStatus.ACTIVE);
        assertStatus(executionId, 1, Types.PhaseStatus.CONDITIONAL_WAITING);
        vm.assertEq(machine.getPhase(executionId, 1).deadline, deadline, "deadline");
        vm.assertEq(inputsOf(executionId, 1), inputs, "inputs");
    }

    function test_pinsTheTableOfAnotherAvs() external {
        Types.PhaseOptions[] memory options = plain(2);
        options[1].avs = OTHER_AVS;
        scripted.setTableOf(OTHER_AVS, 1, 77, 0, STAKE);
        bytes32 executionId = startedWith(list(immediate("ours"), immediate("theirs")), options);
        vm.assertEq(machine.getPhase(executionId, 0).avs, AVS, "ours");
        vm.assertEq(machine.getPhase(executionId, 1).avs, OTHER_AVS, "theirs");
        vm.assertEq(machine.getPhase(executionId, 1).referenceTimestamp, 77, "their table");
        bytes32 expected = keccak256(
            abi.encode(
                keccak256(
                    "PhaseResult(uint256 chainId,address stateMachine,bytes32 operatorSetKey,bytes32 executionId,uint32 phaseIndex,uint32 attempt,uint32 tick,uint32 round,bytes32 inputsHash,bytes32 resultHash)"
                ),
                block.chainid,
                address(machine),
                bytes32(bytes20(OTHER_AVS)) | bytes32(uint256(1)),
                executionId,
                uint256(1),
                uint256(1),
                uint256(0),
                uint256(0),
                inputsOf(executionId, 1),
                keccak256(RESULT)
            )
        );
        vm.assertEq(machine.getMessageHash(executionId, 1, 0, RESULT), expected, "signed for their set");
    }

    function testFuzz_noDeadlineIsAfterTheExecutionsOwn(uint32 overall) external {
        overall = uint32(bound(overall, 1, 2 * TIMEOUT));
        bytes32 executionId =
            machine.executeWorkflow(registeredWith(one(immediate("only")), plain(1), overall), "payload");
        vm.assertEq(machine.getExecution(executionId).deadline, START + overall, "overall");
        vm.assertEq(
            machine.getPhase(executionId, 0).deadline, START + (overall < TIMEOUT ? overall : TIMEOUT), "the earlier"
        );
    }

    function test_aTableNeedsToLastUntilTheExecutionsDeadlineOnly() external {
        bytes32 workflowId = registeredWith(one(immediate("only")), plain(1), 100);
        scripted.setTable(uint32(START), 100);
        machine.executeWorkflow(workflowId, "");
        scripted.setTable(uint32(START), 99);
        vm.expectRevert(abi.encodeWithSelector(Errors.TableStale.selector, START + 100, START + 99));
        machine.executeWorkflow(workflowId, "");
    }
}
