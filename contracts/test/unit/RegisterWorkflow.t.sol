// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {ITriggerConditionsErrors as TriggerErrors} from "../../src/interfaces/ITriggerConditions.sol";
import {
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineEvents as Events,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Machines} from "../support/Machines.sol";

/// @dev Plan: test/tree/registerWorkflow.tree
contract RegisterWorkflowTest is Machines {
    string private constant NAME = "price-agreement";
    address[] private nobody;

    function setUp() public {
        setUpMachine();
    }

    function _refuses(Types.PhaseDefinition[] memory phases, bytes memory error_) private {
        vm.expectRevert(error_);
        machine.registerWorkflow(NAME, phases, nobody);
    }

    function _refusesPhase(Types.PhaseDefinition memory phase, bytes memory error_) private {
        Types.PhaseDefinition[] memory phases = two();
        phases[1] = phase;
        _refuses(phases, error_);
    }

    function _text(uint256 length) private pure returns (string memory text) {
        bytes memory letters = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            letters[i] = "x";
        }
        return string(letters);
    }

    // ── Who ──────────────────────────────────────────────────────────────────────────────────────────

    function test_refusesACallerWithoutTheRole_namingIt() external {
        address stranger = named("stranger");
        bytes32 role = keccak256("WORKFLOW_CREATOR_ROLE");
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, role)
        );
        vm.prank(stranger);
        machine.registerWorkflow(NAME, two(), nobody);
    }

    // ── What is stored ───────────────────────────────────────────────────────────────────────────────

    function test_givesBackWhatWasRegistered() external {
        Types.PhaseDefinition[] memory phases = two();
        phases[0].metadata = hex"0102";
        phases[0].operatorSetId = 2;
        phases[1].requiredStake = 77;
        address[] memory triggers = new address[](1);
        triggers[0] = named("trigger");
        bytes32 definitionHash = keccak256(abi.encode(NAME, phases));
        bytes32 expected =
            keccak256(abi.encode(block.chainid, address(machine), address(this), keccak256(bytes(NAME)), uint32(1)));

        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.WorkflowRegistered(expected, address(this), NAME, 1, definitionHash);
        bytes32 workflowId = machine.registerWorkflow(NAME, phases, triggers);

        vm.assertEq(workflowId, expected, "id");
        vm.assertEq(machine.computeWorkflowId(address(this), NAME, 1), expected, "predicted id");
        vm.assertEq(abi.encode(machine.getWorkflowPhases(workflowId)), abi.encode(phases), "phases");
        Types.WorkflowView memory view_ =
            Types.WorkflowView(workflowId, address(this), 1, uint64(START), definitionHash, AVS, 0, NAME, triggers);
        vm.assertEq(abi.encode(machine.getWorkflow(workflowId)), abi.encode(view_), "workflow");
        vm.assertEq(
            abi.encode(machine.getWorkflowOptions(workflowId)), abi.encode(new Types.PhaseOptions[](2)), "options"
        );
    }

    function test_takesAllFiveTypes() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](5);
        phases[0] = immediate("immediate");
        phases[1] = coordination("coordination");
        phases[2] = continuous("continuous", 60, 10);
        phases[3] = conditional("conditional", abi.encode(uint8(0), ""));
        phases[4] = after_(after_(aggregation("aggregation"), 0), 3);
        bytes32 workflowId = machine.registerWorkflow(NAME, phases, nobody);
        vm.assertEq(abi.encode(machine.getWorkflowPhases(workflowId)), abi.encode(phases), "phases");
    }

    function test_numbersVersionsPerCreatorAndName() external {
        address other = named("other");
        machine.authorizeWorkflowCreator(other, true);
        machine.registerWorkflow(NAME, two(), nobody);
        machine.registerWorkflow(NAME, two(), nobody);
        machine.registerWorkflow("another", two(), nobody);
        vm.prank(other);
        machine.registerWorkflow(NAME, two(), nobody);
        vm.assertEq(machine.latestVersion(address(this), NAME), 2, "mine");
        vm.assertEq(machine.latestVersion(address(this), "another"), 1, "another");
        vm.assertEq(machine.latestVersion(other, NAME), 1, "theirs");
        vm.assertEq(machine.latestVersion(other, "another"), 0, "none");
    }

    function test_acceptsEveryLimitItself() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](64);
        for (uint32 i = 0; i < 64; ++i) {
            phases[i] = immediate(vm.toString(i));
            phases[i].timeout = 7 days;
            phases[i].consensusThreshold = 10_000;
            // Backwards: a phase may wait for a later one.
            if (i < 63) phases[i] = after_(phases[i], i + 1);
        }
        phases[0].name = _text(64);
        phases[0].metadata = new bytes(1_024);
        bytes32 workflowId = machine.registerWorkflow(_text(64), phases, new address[](16));
        vm.assertEq(abi.encode(machine.getWorkflowPhases(workflowId)), abi.encode(phases), "phases");
    }

    function test_views_refuseUnknownIds() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownWorkflow.selector, bytes32("?")));
        machine.getWorkflow("?");
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownWorkflow.selector, bytes32("?")));
        machine.getWorkflowPhases("?");
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownWorkflow.selector, bytes32("?")));
        machine.getWorkflowOptions("?");
    }

    // ── What is refused ──────────────────────────────────────────────────────────────────────────────

    function test_refusesNamesOutOfRange() external {
        uint256[2] memory lengths = [uint256(0), 65];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Errors.NameLengthOutOfRange.selector, 64, lengths[i]));
            machine.registerWorkflow(_text(lengths[i]), two(), nobody);
            Types.PhaseDefinition memory phase = immediate(_text(lengths[i]));
            _refusesPhase(phase, abi.encodeWithSelector(Errors.PhaseNameLengthOutOfRange.selector, 1, 64, lengths[i]));
        }
    }

    function test_refusesPhaseCountsOutOfRange() external {
        _refuses(
            new Types.PhaseDefinition[](0), abi.encodeWithSelector(Errors.PhaseCountOutOfRange.selector, 64, uint256(0))
        );
        _refuses(new Types.PhaseDefinition[](65), abi.encodeWithSelector(Errors.PhaseCountOutOfRange.selector, 64, 65));
    }

    function test_refusesTooManyTriggers() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.TooManyTriggers.selector, 16, 17));
        machine.registerWorkflow(NAME, two(), new address[](17));
    }

    function test_refusesANameTwice() external {
        _refusesPhase(immediate("agree"), abi.encodeWithSelector(Errors.DuplicatePhaseName.selector, 1, 0));
    }

    function test_refusesTimeoutsOutOfRange() external {
        uint32[2] memory timeouts = [uint32(0), 7 days + 1];
        for (uint256 i = 0; i < 2; ++i) {
            Types.PhaseDefinition memory phase = immediate("update");
            phase.timeout = timeouts[i];
            _refusesPhase(phase, abi.encodeWithSelector(Errors.TimeoutOutOfRange.selector, 1, 7 days, timeouts[i]));
        }
    }

    function test_refusesThresholdsOutOfRange() external {
        Types.PhaseDefinition[3] memory strict = [immediate("a"), coordination("b"), aggregation("c")];
        for (uint256 i = 0; i < 3; ++i) {
            strict[i].consensusThreshold = 0;
            _refusesPhase(strict[i], abi.encodeWithSelector(Errors.ThresholdOutOfRange.selector, 1, 10_000, 0));
        }
        Types.PhaseDefinition[2] memory lax = [continuous("a", 60, 1), conditional("b", abi.encode(uint8(0), ""))];
        for (uint256 i = 0; i < 2; ++i) {
            lax[i].consensusThreshold = 10_001;
            _refusesPhase(lax[i], abi.encodeWithSelector(Errors.ThresholdOutOfRange.selector, 1, 10_000, 10_001));
            lax[i].consensusThreshold = 0;
            registered(one(lax[i]));
        }
    }

    function test_refusesLargeMetadata() external {
        Types.PhaseDefinition memory phase = immediate("update");
        phase.metadata = new bytes(1_025);
        _refusesPhase(phase, abi.encodeWithSelector(Errors.MetadataTooLarge.selector, 1, 1_024, 1_025));
    }

    function test_refusesConditionsWhereTheyDoNotBelong_andTheirWant() external {
        Types.PhaseDefinition[4] memory others =
            [immediate("a"), coordination("b"), continuous("c", 60, 1), aggregation("d")];
        for (uint256 i = 0; i < 4; ++i) {
            others[i].triggerCondition = abi.encode(uint8(0), "");
            bytes memory refusal =
                abi.encodeWithSelector(Errors.TriggerConditionNotSupported.selector, 1, others[i].phaseType);
            _refusesPhase(others[i], refusal);
        }
        _refusesPhase(conditional("e", ""), abi.encodeWithSelector(Errors.TriggerConditionMissing.selector, 1));
    }

    function test_refusesConditionsThatCannotBe_withTheirOwnError() external {
        _refusesPhase(conditional("a", hex"00"), abi.encodeWithSelector(TriggerErrors.TriggerMalformed.selector));
        bytes memory ofPhaseZero = abi.encode(uint8(7), abi.encode(uint32(0), uint8(0), int256(5)));
        _refusesPhase(
            conditional("b", ofPhaseZero), abi.encodeWithSelector(TriggerErrors.TriggerUnknownDependency.selector, 0)
        );
        Types.PhaseDefinition[] memory phases = two();
        phases[1] = after_(conditional("b", ofPhaseZero), 0);
        registered(phases);
    }

    // ── Operator sets ────────────────────────────────────────────────────────────────────────────────

    function test_refusesAnOperatorSetWithoutATable() external {
        Types.PhaseDefinition memory phase = immediate("update");
        phase.operatorSetId = 9;
        _refusesPhase(phase, abi.encodeWithSelector(Errors.TableMissing.selector, AVS, 9));
    }

    function test_refusesLessThanTheRequiredStake() external {
        Types.PhaseDefinition memory phase = immediate("update");
        phase.requiredStake = 601;
        _refusesPhase(phase, abi.encodeWithSelector(Errors.RequiredStakeNotMet.selector, 601, 600));
        phase.requiredStake = 600;
        registered(one(phase));
    }

    function test_refusesTimeoutsThatOutliveEveryTable() external {
        table.configureOperatorSet(five, TIMEOUT);
        Types.PhaseDefinition memory phase = after_(immediate("update"), 0);
        phase.timeout = TIMEOUT + 1;
        _refusesPhase(phase, abi.encodeWithSelector(Errors.TimeoutExceedsStaleness.selector, 1, TIMEOUT, TIMEOUT + 1));
        phase.timeout = TIMEOUT;
        // Today's table may be older than that: only what starts needs a fresh one.
        vm.warp(START + 10 * TIMEOUT);
        Types.PhaseDefinition[] memory phases = two();
        phases[1] = phase;
        registered(phases);
    }

    // ── Circumstances ────────────────────────────────────────────────────────────────────────────────

    function test_refusesEtherWhileThereIsNoFeeVault() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.UnexpectedValue.selector, 1));
        machine.registerWorkflow{value: 1}(NAME, two(), nobody);
    }

    // ── Graphs ───────────────────────────────────────────────────────────────────────────────────────

    function test_refusesDependenciesThatCannotBe() external {
        _refusesPhase(
            after_(immediate("update"), 2), abi.encodeWithSelector(Errors.DependencyOutOfRange.selector, 1, 2, 2)
        );
        _refusesPhase(after_(immediate("update"), 1), abi.encodeWithSelector(Errors.SelfDependency.selector, 1));
        _refusesPhase(
            after_(after_(immediate("update"), 0), 0), abi.encodeWithSelector(Errors.DuplicateDependency.selector, 1, 0)
        );
    }

    function test_refusesACycle_behindAPhaseThatCouldStart() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](4);
        phases[0] = immediate("free");
        phases[1] = after_(after_(immediate("a"), 0), 3);
        phases[2] = after_(immediate("b"), 1);
        phases[3] = after_(immediate("c"), 2);
        _refuses(phases, abi.encodeWithSelector(Errors.DependencyCycle.selector, 1));
    }

    /// @dev Any graph: accepted exactly if it has no cycle, by another algorithm (transitive closure).
    function testFuzz_acceptsExactlyTheAcyclic(uint256 seed, uint256 count) external {
        count = bound(count, 1, 7);
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](count);
        uint256[] memory reach = new uint256[](count);
        for (uint32 i = 0; i < count; ++i) {
            phases[i] = immediate(vm.toString(i));
            for (uint32 j = 0; j < count; ++j) {
                seed = uint256(keccak256(abi.encode(seed)));
                if (i == j || seed % 5 != 0) continue;
                phases[i] = after_(phases[i], j);
                reach[i] |= 1 << j;
            }
        }
        for (uint256 k = 0; k < count; ++k) {
            for (uint256 i = 0; i < count; ++i) {
                if (reach[i] >> k & 1 == 1) reach[i] |= reach[k];
            }
        }
        bool cyclic = false;
        for (uint256 i = 0; i < count; ++i) {
            cyclic = cyclic || reach[i] >> i & 1 == 1;
        }
        if (cyclic) vm.expectPartialRevert(Errors.DependencyCycle.selector);
        machine.registerWorkflow(NAME, phases, nobody);
        vm.assertEq(machine.latestVersion(address(this), NAME), cyclic ? 0 : 1, "registered");
    }
}
