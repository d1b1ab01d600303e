// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";

import {
    ITriggerConditionsErrors as TriggerErrors,
    ITriggerConditionsTypes as Triggers
} from "../../src/interfaces/ITriggerConditions.sol";
import {
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineEvents as Events,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Keys} from "../support/Conditions.sol";
import {Flows} from "../support/Flows.sol";
import {RevealingConditions} from "../support/RevealingConditions.sol";

/// @dev Plan: test/tree/trigger.tree
contract TriggerTest is Flows {
    Keys private constant KEYS = Keys(address(vm));
    uint256 private constant ALICE = 0xa11ce;
    address private constant STRANGER = address(0x5);

    function setUp() public {
        setUpFlows();
    }

    /// @dev A gate of one phase, which its source opens.
    function _gate(bytes memory condition) private returns (bytes32) {
        Types.PhaseOptions[] memory options = plain(1);
        options[0].triggerMode = Types.TriggerMode.SOURCE;
        return startedWith(one(conditional("told", condition)), options);
    }

    /// @dev 0, then a gate that reads its result; 2 stands in for 0.
    function _reading(bytes memory condition) private returns (bytes32) {
        Types.PhaseOptions[] memory options = plain(3);
        options[1].triggerMode = Types.TriggerMode.SOURCE;
        fallsBack(options[0], 2);
        options[2].onFailure = Types.FailurePolicy.CONTINUE;
        return
            startedWith(
                list(immediate("first"), after_(conditional("told", condition), 0), immediate("instead")), options
            );
    }

    /// @dev Phase 0's result is 1,234.
    function _isRight() private pure returns (bytes memory) {
        bytes memory params = abi.encode(uint32(0), Triggers.Comparison.EQUAL, int256(1_234));
        return abi.encode(Triggers.TriggerConditionType.RESULT_COMPARE, params);
    }

    function _not(bytes memory condition) private pure returns (bytes memory) {
        return abi.encode(Triggers.TriggerConditionType.NOT, condition);
    }

    // ── Who ──────────────────────────────────────────────────────────────────────────────────────────

    function test_isForSourcesOfTheContractOrOfTheWorkflow() external {
        Types.PhaseOptions[] memory options = plain(1);
        options[0].triggerMode = Types.TriggerMode.SOURCE;
        address[] memory sources = new address[](2);
        (sources[0], sources[1]) = (address(0x7), address(0x8));
        bytes32 workflowId =
            machine.registerWorkflowWithOptions("gate", one(conditional("told", always())), options, 0, sources);
        bytes32[3] memory ids;
        for (uint256 i = 0; i < 3; ++i) {
            ids[i] = machine.executeWorkflow(workflowId, "");
        }
        vm.expectRevert(abi.encodeWithSelector(Errors.NotATriggerSource.selector, STRANGER));
        vm.prank(STRANGER);
        machine.trigger(ids[0], 0, "");
        vm.prank(sources[0]);
        machine.trigger(ids[0], 0, "");
        vm.prank(sources[1]);
        machine.trigger(ids[1], 0, "");
        machine.authorizeTriggerSource(STRANGER, true);
        vm.prank(STRANGER);
        machine.trigger(ids[2], 0, "");
    }

    // ── When ─────────────────────────────────────────────────────────────────────────────────────────

    function test_refusesUnknownIds() external {
        bytes32 executionId = _gate(always());
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownExecution.selector, bytes32("?")));
        machine.trigger("?", 0, "");
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownPhase.selector, executionId, 1));
        machine.trigger(executionId, 1, "");
    }

    function test_refusesPhasesThatDoNotWait() external {
        bytes32 executionId = _reading(always());
        vm.expectRevert(abi.encodeWithSelector(Errors.PhaseNotWaiting.selector, Types.PhaseStatus.ACTIVE));
        machine.trigger(executionId, 0, "");
        vm.expectRevert(abi.encodeWithSelector(Errors.PhaseNotWaiting.selector, Types.PhaseStatus.PENDING));
        machine.trigger(executionId, 1, "");
        complete(executionId, 0, RESULT);
        machine.trigger(executionId, 1, "");
        vm.expectRevert(abi.encodeWithSelector(Errors.PhaseNotWaiting.selector, Types.PhaseStatus.ACTIVE));
        machine.trigger(executionId, 1, "");
    }

    function test_refusesWhatOperatorsJudge() external {
        bytes32 executionId = startedWith(one(conditional("watched", always())), plain(1));
        vm.expectRevert(abi.encodeWithSelector(Errors.PhaseNotWaiting.selector, Types.PhaseStatus.ACTIVE));
        machine.trigger(executionId, 0, "");
    }

    function test_takesNoResultBeforeTheTrigger() external {
        bytes32 executionId = _gate(always());
        bytes memory early = takenCertificate(executionId, 0, 0, RESULT);
        vm.expectRevert(abi.encodeWithSelector(Errors.PhaseNotActive.selector, Types.PhaseStatus.CONDITIONAL_WAITING));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, early);
        machine.trigger(executionId, 0, "");
        vm.expectPartialRevert(Errors.InvalidMessageHash.selector);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, early);
    }

    function test_isTakenInTheDeadlinesSecond_andNotLater() external {
        bytes32 executionId = _gate(always());
        vm.warp(START + TIMEOUT + 1);
        assertStatus(executionId, 0, Types.PhaseStatus.TIMED_OUT);
        vm.expectRevert(abi.encodeWithSelector(Errors.DeadlinePassed.selector, START + TIMEOUT, START + TIMEOUT + 1));
        machine.trigger(executionId, 0, "");
        vm.warp(START + TIMEOUT);
        machine.trigger(executionId, 0, "");
        assertStatus(executionId, 0, Types.PhaseStatus.ACTIVE);
    }

    function test_refusesInAnEndedExecution() external {
        bytes32 executionId = _gate(always());
        machine.cancelExecution(executionId);
        vm.expectRevert(abi.encodeWithSelector(Errors.ExecutionNotRunning.selector, Types.ExecutionStatus.CANCELLED));
        machine.trigger(executionId, 0, "");
    }

    // ── What it brings ───────────────────────────────────────────────────────────────────────────────

    function testFuzz_theDataIsAmongTheInputs(bytes memory data) external {
        vm.assume(data.length <= 4_096);
        bytes32 executionId = _gate(abi.encode(Triggers.TriggerConditionType.DATA_HASH, abi.encode(keccak256(data))));
        bytes32 before = inputsOf(executionId, 0);
        bytes32 expected = keccak256(
            abi.encode(keccak256("PhaseTrigger(bytes32 inputsHash,bytes32 dataHash)"), before, keccak256(data))
        );
        expectEvent();
        emit Events.ConditionalTriggerActivated(executionId, 0, 1, address(this), data, expected);
        machine.trigger(executionId, 0, data);
        assertStatus(executionId, 0, Types.PhaseStatus.ACTIVE);
        vm.assertEq(inputsOf(executionId, 0), expected, "inputs");
        complete(executionId, 0, RESULT);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
        vm.assertEq(inputsOf(executionId, 0), expected, "as it was");
    }

    function test_refusesLargeData() external {
        bytes32 executionId = _gate(always());
        vm.expectRevert(abi.encodeWithSelector(Errors.TriggerDataTooLarge.selector, 4_096, 4_097));
        machine.trigger(executionId, 0, new bytes(4_097));
        machine.trigger(executionId, 0, new bytes(4_096));
    }

    function test_refusesDataOfAnotherShape_withItsOwnError() external {
        bytes32 executionId =
            _gate(abi.encode(Triggers.TriggerConditionType.PRICE_THRESHOLD, abi.encode(uint256(5_000), true)));
        vm.expectRevert(TriggerErrors.TriggerDataMalformed.selector);
        machine.trigger(executionId, 0, "not a price");
        vm.expectRevert(Errors.TriggerNotMet.selector);
        machine.trigger(executionId, 0, abi.encode(int256(5_000)));
        machine.trigger(executionId, 0, abi.encode(int256(5_001)));
    }

    // ── What it is judged by ─────────────────────────────────────────────────────────────────────────

    function test_isJudgedByTimeAndBlock() external {
        bytes32 byTime = _gate(fromTime(START + 10));
        bytes32 byBlock = _gate(abi.encode(Triggers.TriggerConditionType.BLOCK_THRESHOLD, abi.encode(block.number + 3)));
        vm.warp(START + 9);
        vm.expectRevert(Errors.TriggerNotMet.selector);
        machine.trigger(byTime, 0, "");
        vm.warp(START + 10);
        machine.trigger(byTime, 0, "");
        vm.roll(block.number + 2);
        vm.expectRevert(Errors.TriggerNotMet.selector);
        machine.trigger(byBlock, 0, "");
        vm.roll(block.number + 1);
        machine.trigger(byBlock, 0, "");
    }

    function test_isJudgedByADependencysResult() external {
        bytes32 right = _reading(_isRight());
        complete(right, 0, abi.encode(1_234));
        machine.trigger(right, 1, "");
        bytes32 wrong = _reading(_isRight());
        complete(wrong, 0, abi.encode(1_235));
        vm.expectRevert(Errors.TriggerNotMet.selector);
        machine.trigger(wrong, 1, "");
    }

    function test_aFallbacksResultCountsAsThePhases() external {
        bytes32 executionId = _reading(_isRight());
        expire(executionId, 0);
        complete(executionId, 2, abi.encode(1_234));
        machine.trigger(executionId, 1, "");
    }

    function test_aResultThatIsNotThere_orByItsHashAlone_isNoResult() external {
        bytes32 missing = _reading(_isRight());
        expire(missing, 0);
        expire(missing, 2);
        assertStatus(missing, 1, Types.PhaseStatus.CONDITIONAL_WAITING);
        vm.expectRevert(Errors.TriggerNotMet.selector);
        machine.trigger(missing, 1, "");

        bytes32 large = _reading(_not(_isRight()));
        complete(large, 0, new bytes(4_097));
        machine.trigger(large, 1, "");
    }

    /// @dev Everything, from conditions that tell: 5 waits for a result of a word, a long one, a fallback's, one that is too
    ///      long to be stored, and none.
    function test_theFactsAreTheChains() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](7);
        Types.PhaseOptions[] memory options = plain(7);
        phases[5] = conditional("told", "a condition");
        for (uint32 i = 0; i < 5; ++i) {
            phases[i] = immediate(vm.toString(i));
            after_(phases[5], 4 - i);
        }
        phases[6] = immediate("instead");
        options[5].triggerMode = Types.TriggerMode.SOURCE;
        options[4].onFailure = Types.FailurePolicy.CONTINUE;
        fallsBack(options[2], 6);

        address revealing = implementationOver(address(new RevealingConditions()));
        UUPSUpgradeable(address(machine)).upgradeToAndCall(revealing, "");
        bytes32 executionId = startedWith(phases, options);
        complete(executionId, 0, RESULT);
        complete(executionId, 1, new bytes(4_096));
        complete(executionId, 3, new bytes(4_097));
        expire(executionId, 2);
        machine.checkPhaseTimeout(executionId, 4);
        complete(executionId, 6, "instead");
        assertStatus(executionId, 5, Types.PhaseStatus.CONDITIONAL_WAITING);

        Triggers.Facts memory facts;
        facts.timestamp = uint64(block.timestamp);
        facts.blockNumber = uint64(block.number);
        facts.approvalDigest = machine.getApprovalDigest(executionId, 5);
        facts.dependencies = phases[5].dependencies;
        facts.results = new bytes[](5);
        facts.present = new bool[](5);
        // The definition names them from 4 down to 0.
        (facts.present[2], facts.results[2]) = (true, "instead");
        (facts.present[3], facts.results[3]) = (true, new bytes(4_096));
        (facts.present[4], facts.results[4]) = (true, RESULT);
        vm.expectRevert(abi.encodeWithSelector(RevealingConditions.Asked.selector, "a condition", facts, "data"));
        machine.trigger(executionId, 5, "data");
    }

    function test_isJudgedByApprovalsOfThisVeryAttempt() external {
        address[] memory signers = new address[](1);
        signers[0] = KEYS.addr(ALICE);
        Types.PhaseOptions[] memory options = plain(1);
        options[0].triggerMode = Types.TriggerMode.SOURCE;
        options[0].maxAttempts = 2;
        bytes memory condition = abi.encode(Triggers.TriggerConditionType.MULTI_SIG, abi.encode(signers, uint256(1)));
        bytes32 executionId = startedWith(one(conditional("approved", condition)), options);
        bytes memory approval = _approval(_expectedDigest(executionId, 1));
        expire(executionId, 0);
        vm.expectRevert(Errors.TriggerNotMet.selector);
        machine.trigger(executionId, 0, approval);
        machine.trigger(executionId, 0, _approval(_expectedDigest(executionId, 2)));
    }

    function test_theApprovalDigestIsEip712s() external {
        bytes32 executionId = _gate(always());
        vm.assertEq(machine.getApprovalDigest(executionId, 0), _expectedDigest(executionId, 1), "digest");
        vm.chainId(block.chainid + 1);
        vm.assertEq(machine.getApprovalDigest(executionId, 0), _expectedDigest(executionId, 1), "of this chain");
    }

    function _expectedDigest(bytes32 executionId, uint32 attempt) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Hourglass Workflow"),
                keccak256("1"),
                block.chainid,
                address(machine)
            )
        );
        bytes32 typehash = keccak256("TriggerApproval(bytes32 executionId,uint32 phaseIndex,uint32 attempt)");
        bytes32 approval = keccak256(abi.encode(typehash, executionId, uint32(0), attempt));
        return keccak256(bytes.concat(hex"1901", domain, approval));
    }

    function _approval(bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = KEYS.sign(ALICE, digest);
        bytes[] memory signatures = new bytes[](1);
        signatures[0] = abi.encodePacked(r, s, v);
        return abi.encode(signatures);
    }
}
