// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

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
        uint16[2] memory thresholds = [uint16(0), 10_001];
        for (uint256 i = 0; i < 2; ++i) {
            Types.PhaseDefinition memory phase = immediate("update");
            phase.consensusThreshold = thresholds[i];
            bytes memory refusal = abi.encodeWithSelector(Errors.ThresholdOutOfRange.selector, 1, 10_000, thresholds[i]);
            _refusesPhase(phase, refusal);
        }
    }

    function test_refusesLargeMetadataAndTriggerConditions() external {
        Types.PhaseDefinition memory phase = immediate("update");
        phase.metadata = new bytes(1_025);
        _refusesPhase(phase, abi.encodeWithSelector(Errors.MetadataTooLarge.selector, 1, 1_024, 1_025));
        phase = immediate("update");
        phase.triggerCondition = hex"00";
        _refusesPhase(phase, abi.encodeWithSelector(Errors.TriggerConditionNotSupported.selector, 1, 0));
    }

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
