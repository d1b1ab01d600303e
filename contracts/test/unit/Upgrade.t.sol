// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {UUPSUpgradeable} from "@openzeppelin/contracts-upgradeable/proxy/utils/UUPSUpgradeable.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";

import {
    IWorkflowRegistry,
    IWorkflowStateMachine,
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {EcdsaOperators} from "../support/EcdsaOperators.sol";
import {Flows} from "../support/Flows.sol";
import {Machines} from "../support/Machines.sol";

event Upgraded(address indexed implementation);

/// @notice What release 0.1.0 took into its storage, this release finishes. The release is the one that was deployed: its
///         bytecode is a fixture.
/// @dev Plan: test/tree/upgrade.tree
contract UpgradeFromFirstReleaseTest is Machines {
    bytes private constant LONG = "a result that is longer than a single word of thirty-two bytes";
    uint32 private constant PINNED = uint32(START);
    bytes32 private workflowId;

    function setUp() public {
        vm.roll(50);
        setUpOperators(0);
        string memory json = vm.readFile("test/fixtures/WorkflowStateMachine-0.1.0.json");
        bytes memory creation = vm.parseJsonBytes(json, ".bytecode");
        address first;
        assembly ("memory-safe") {
            first := create(0, add(creation, 0x20), mload(creation))
        }
        address[] memory aggregators = new address[](1);
        aggregators[0] = named("aggregator");
        bytes memory call =
            abi.encodeCall(IWorkflowRegistry.initialize, (address(this), address(table), AVS, aggregators));
        machine = IWorkflowStateMachine(address(new ERC1967Proxy(first, call)));
        vm.assertEq(bytes(machine.version()), "0.1.0", "the release that was deployed");
        workflowId = machine.registerWorkflow("diamond", _diamond(), new address[](0));
    }

    /// @dev 3 opens, 1 and 2 wait for it, 0 for both.
    function _diamond() private pure returns (Types.PhaseDefinition[] memory phases) {
        phases = new Types.PhaseDefinition[](4);
        phases[0] = after_(after_(immediate("join"), 2), 1);
        phases[1] = after_(coordination("left"), 3);
        phases[2] = after_(immediate("right"), 3);
        phases[3] = coordination("fork");
        phases[2].requiredStake = 600;
    }

    function _upgrade() private {
        address next = implementation();
        vm.expectEmit(true, true, true, true, address(machine));
        emit Upgraded(next);
        UUPSUpgradeable(address(machine)).upgradeToAndCall(next, "");
        vm.assertEq(bytes(machine.version()), "0.3.0", "upgraded");
    }

    /// @dev As both releases have it: every phase starts on the only table.
    function _certificate(bytes32 executionId, uint32 phase, bytes memory result) private view returns (bytes memory) {
        return abi.encode(certify(PINNED, machine.getMessageHash(executionId, phase, 0, result), EVERYBODY - 1));
    }

    function _submit(bytes32 executionId, uint32 phase, bytes memory result) private {
        bytes memory certificate = _certificate(executionId, phase, result);
        machine.submitPhaseResult(executionId, phase, 0, result, certificate);
    }

    // ── Definitions ──────────────────────────────────────────────────────────────────────────────────

    function test_definitionsAreWhatTheyWere() external {
        bytes32 definitionHash = keccak256(abi.encode("diamond", _diamond()));
        _upgrade();
        vm.assertEq(abi.encode(machine.getWorkflowPhases(workflowId)), abi.encode(_diamond()), "phases");
        vm.assertEq(
            abi.encode(machine.getWorkflowOptions(workflowId)), abi.encode(new Types.PhaseOptions[](4)), "no options"
        );
        Types.WorkflowView memory expected = Types.WorkflowView(
            workflowId, address(this), 1, uint64(START), definitionHash, AVS, 0, "diamond", new address[](0)
        );
        vm.assertEq(abi.encode(machine.getWorkflow(workflowId)), abi.encode(expected), "workflow");
        vm.assertEq(machine.latestVersion(address(this), "diamond"), 1, "version");
        vm.assertEq(machine.startBlock(), 50, "start block");
        vm.assertEq(machine.verifier(), address(table), "verifier");
        vm.assertEq(machine.aggregators()[0], named("aggregator"), "aggregators");
        vm.assertEq(machine.registerWorkflow("diamond", _diamond(), new address[](0)), _second(), "the next version");
    }

    function _second() private view returns (bytes32) {
        return machine.computeWorkflowId(address(this), "diamond", 2);
    }

    // ── Executions ───────────────────────────────────────────────────────────────────────────────────

    function testFuzz_whatWasBegunIsFinished(uint256 done, bool long) external {
        done = bound(done, 0, 3);
        bytes memory result = long ? LONG : RESULT;
        uint32[4] memory order = [uint32(3), 1, 2, 0];
        bytes32 executionId = machine.executeWorkflow(workflowId, "payload");
        for (uint256 i = 0; i < done; ++i) {
            _submit(executionId, order[i], result);
        }
        bytes[4] memory certificates;
        bytes32[4] memory hashes;
        for (uint32 i = 0; i < 4; ++i) {
            if (statusOf(executionId, i) == Types.PhaseStatus.PENDING) continue;
            hashes[i] = machine.getMessageHash(executionId, i, 0, "anything");
            certificates[i] = _certificate(executionId, i, result);
        }
        _upgrade();
        for (uint256 i = 0; i < 4; ++i) {
            if (hashes[order[i]] != 0) {
                bytes32 now_ = machine.getMessageHash(executionId, order[i], 0, "anything");
                vm.assertEq(now_, hashes[order[i]], "signed for the same");
                vm.assertEq(machine.getPhase(executionId, order[i]).startedBlock, 0, "of the older release");
            }
            if (i < done) {
                vm.assertEq(machine.getPhaseResult(executionId, order[i]), result, "result");
                vm.assertEq(machine.getPhase(executionId, order[i]).resultHash, keccak256(result), "result hash");
                assertStatus(executionId, order[i], Types.PhaseStatus.COMPLETED);
            }
        }
        for (uint256 i = done; i < 4; ++i) {
            assertStatus(executionId, order[i], Types.PhaseStatus.ACTIVE);
            bytes memory signedBefore = certificates[order[i]];
            if (signedBefore.length != 0) machine.submitPhaseResult(executionId, order[i], 0, result, signedBefore);
            else _submit(executionId, order[i], result);
        }
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
        vm.assertEq(machine.getExecution(executionId).resolvedMask, 15, "all");
        vm.assertEq(machine.getExecution(executionId).payload, "payload", "payload");
    }

    /// @dev The join's inputs are the two results, wherever they came from.
    function test_aPhaseComputesFromResultsOfBothReleases() external {
        bytes32 executionId = machine.executeWorkflow(workflowId, "payload");
        _submit(executionId, 3, RESULT);
        _submit(executionId, 1, LONG);
        _upgrade();
        _submit(executionId, 2, RESULT);
        bytes32 expected = keccak256(
            abi.encode(
                keccak256("PhaseInputs(bytes32 payloadHash,uint32[] dependencies,bytes32[] resultHashes)"),
                keccak256("payload"),
                keccak256(abi.encode(uint256(2), uint256(1))),
                keccak256(abi.encode(keccak256(RESULT), keccak256(LONG)))
            )
        );
        vm.assertEq(machine.getPhase(executionId, 0).inputsHash, expected, "inputs");
    }

    function test_whatHadEndedHasEnded_andWhatIsLateTimesOut() external {
        bytes32 failed = machine.executeWorkflow(workflowId, "");
        vm.warp(START + TIMEOUT + 1);
        machine.checkPhaseTimeout(failed, 3);
        bytes32 late = machine.executeWorkflow(workflowId, "");
        _upgrade();
        assertExecution(failed, Types.ExecutionStatus.FAILED);
        assertStatus(failed, 3, Types.PhaseStatus.TIMED_OUT);
        vm.expectRevert(abi.encodeWithSelector(Errors.PhaseNotActive.selector, Types.PhaseStatus.TIMED_OUT));
        machine.checkPhaseTimeout(failed, 3);
        vm.warp(START + 2 * TIMEOUT + 2);
        machine.checkPhaseTimeout(late, 3);
        assertExecution(late, Types.ExecutionStatus.FAILED);
        vm.assertEq(machine.getPhase(late, 3).attempt, 1, "one attempt");
        vm.assertEq(machine.getExecution(late).deadline, 0, "no overall deadline");
    }

    function test_itsWorkflowsRunAgain_numberedOn() external {
        machine.executeWorkflow(workflowId, "");
        machine.executeWorkflow(workflowId, "");
        _upgrade();
        bytes32 executionId = machine.executeWorkflow(workflowId, "payload");
        vm.assertEq(
            executionId,
            keccak256(abi.encode(block.chainid, address(machine), workflowId, 3, address(this), keccak256("payload"))),
            "the third"
        );
        uint32[4] memory order = [uint32(3), 1, 2, 0];
        for (uint256 i = 0; i < 4; ++i) {
            vm.assertEq(machine.getPhase(executionId, order[i]).startedBlock, 50, "of this release");
            _submit(executionId, order[i], RESULT);
        }
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function test_anInitiatorCanCancelWhatItBegan() external {
        bytes32 executionId = machine.executeWorkflow(workflowId, "");
        _upgrade();
        machine.cancelExecution(executionId);
        assertExecution(executionId, Types.ExecutionStatus.CANCELLED);
    }

    function test_newDefinitionsCanHaveEverything() external {
        _upgrade();
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](2);
        phases[0] = conditional("told", abi.encode(uint8(0), ""));
        phases[1] = after_(aggregation("sum"), 0);
        Types.PhaseOptions[] memory options = new Types.PhaseOptions[](2);
        options[0].triggerMode = Types.TriggerMode.SOURCE;
        bytes32 id = machine.registerWorkflowWithOptions("new", phases, options, 1 days, new address[](0));
        bytes32 executionId = machine.executeWorkflow(id, "payload");
        vm.expectRevert(abi.encodeWithSelector(Errors.NotATriggerSource.selector, address(this)));
        machine.trigger(executionId, 0, "");
        machine.authorizeTriggerSource(address(this), true);
        machine.trigger(executionId, 0, "");
        _submit(executionId, 0, RESULT);
        _submit(executionId, 1, RESULT);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function test_theAdminGivesOutTheNewRoles() external {
        _upgrade();
        bytes32 pauser = keccak256("PAUSER_ROLE");
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, address(this), pauser)
        );
        machine.pause();
        IAccessControl(address(machine)).grantRole(pauser, address(this));
        machine.pause();
    }
}

/// @notice A state machine of the first release gets its second verifier in the transaction that upgrades it.
/// @dev Plan: test/tree/upgrade.tree
contract UpgradeToBothCurvesTest is EcdsaOperators {
    function test_setsOfEitherCurveWorkAfterwards_andWhatRanGoesOn() external {
        setUpOperators(0);
        bytes memory creation =
            vm.parseJsonBytes(vm.readFile("test/fixtures/WorkflowStateMachine-0.1.0.json"), ".bytecode");
        address first;
        assembly ("memory-safe") {
            first := create(0, add(creation, 0x20), mload(creation))
        }
        address[] memory aggregators = new address[](1);
        aggregators[0] = named("aggregator");
        bytes memory call =
            abi.encodeCall(IWorkflowRegistry.initialize, (address(this), address(table), AVS, aggregators));
        machine = IWorkflowStateMachine(address(new ERC1967Proxy(first, call)));
        ecdsaTable = newEcdsaTable();
        publish(keyed, 3);
        bytes32 running = started(two());

        bytes memory setting = abi.encodeCall(IWorkflowRegistry.setEcdsaVerifier, (address(ecdsaTable)));
        UUPSUpgradeable(address(machine)).upgradeToAndCall(implementation(), setting);

        vm.assertEq(machine.ecdsaVerifier(), address(ecdsaTable), "set");
        vm.assertEq(uint256(machine.getPhase(running, 0).curve), uint256(Types.CurveType.BN254), "as ever");
        submit(running, 0, RESULT, EVERYBODY);
        submit(running, 1, RESULT, EVERYBODY);
        assertExecution(running, Types.ExecutionStatus.COMPLETED);
        bytes32 executionId = started(one(byKeys(immediate("only"))));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, ecdsaCertificateFor(executionId, 0, RESULT, 7));
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }
}

/// @notice What this release took, it finishes after an upgrade, and who may upgrade.
/// @dev Plan: test/tree/upgrade.tree
contract UpgradeTest is Flows {
    bytes32 private constant UPGRADER = keccak256("UPGRADER_ROLE");

    function setUp() public {
        setUpFlows();
    }

    function test_everyKindOfOpenPhaseGoesOn() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](6);
        phases[0] = immediate("tried again");
        phases[1] = conditional("told", always());
        phases[2] = conditional("to be told", always());
        phases[3] = by(immediate("tries"), FRAGILE);
        phases[4] = immediate("instead");
        phases[5] = after_(after_(aggregation("sum"), 3), 1);
        Types.PhaseOptions[] memory options = plain(6);
        options[0].maxAttempts = 2;
        options[1].triggerMode = Types.TriggerMode.SOURCE;
        options[2].triggerMode = Types.TriggerMode.SOURCE;
        options[2].skipIfUnmet = true;
        fallsBack(options[3], 4);
        phases[3].timeout = phases[0].timeout = TIMEOUT / 2;
        bytes32 executionId = machine.executeWorkflow(registeredWith(phases, options, 2 * TIMEOUT), "payload");
        machine.trigger(executionId, 1, "go");
        vm.warp(START + TIMEOUT / 2 + 1);
        machine.checkPhaseTimeout(executionId, 0);
        machine.checkPhaseTimeout(executionId, 3);
        bytes[] memory before = _views(executionId, 6);

        UUPSUpgradeable(address(machine)).upgradeToAndCall(implementation(), "");

        bytes[] memory afterwards = _views(executionId, 6);
        vm.assertEq(abi.encode(afterwards), abi.encode(before), "every view");
        complete(executionId, 0, RESULT);
        complete(executionId, 1, RESULT);
        complete(executionId, 4, RESULT);
        expire(executionId, 2);
        assertStatus(executionId, 2, Types.PhaseStatus.SKIPPED);
        complete(executionId, 5, RESULT);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function _views(bytes32 executionId, uint32 phases) private view returns (bytes[] memory views) {
        views = new bytes[](phases + 1);
        views[phases] = abi.encode(machine.getExecution(executionId));
        for (uint32 i = 0; i < phases; ++i) {
            views[i] = abi.encode(machine.getPhase(executionId, i));
        }
    }

    /// @dev They are in storage, in definition hashes and in clients' code.
    function test_theNumbersOfEveryEnumAreFixed() external pure {
        vm.assertEq(
            abi.encode(
                Types.PhaseType.IMMEDIATE,
                Types.PhaseType.COORDINATION,
                Types.PhaseType.CONTINUOUS,
                Types.PhaseType.CONDITIONAL,
                Types.PhaseType.AGGREGATION
            ),
            abi.encode(0, 1, 2, 3, 4),
            "phase types"
        );
        vm.assertEq(
            abi.encode(
                Types.PhaseStatus.PENDING,
                Types.PhaseStatus.ACTIVE,
                Types.PhaseStatus.COMPLETED,
                Types.PhaseStatus.FAILED,
                Types.PhaseStatus.CONDITIONAL_WAITING,
                Types.PhaseStatus.TIMED_OUT,
                Types.PhaseStatus.SKIPPED
            ),
            abi.encode(0, 1, 2, 3, 4, 5, 6),
            "phase statuses"
        );
        vm.assertEq(
            abi.encode(
                Types.ExecutionStatus.NONE,
                Types.ExecutionStatus.RUNNING,
                Types.ExecutionStatus.COMPLETED,
                Types.ExecutionStatus.FAILED,
                Types.ExecutionStatus.CANCELLED
            ),
            abi.encode(0, 1, 2, 3, 4),
            "execution statuses"
        );
        vm.assertEq(
            abi.encode(Types.FailurePolicy.FAIL_EXECUTION, Types.FailurePolicy.CONTINUE, Types.FailurePolicy.FALLBACK),
            abi.encode(0, 1, 2),
            "failure policies"
        );
        vm.assertEq(
            abi.encode(Types.TriggerMode.OPERATORS, Types.TriggerMode.SOURCE), abi.encode(0, 1), "trigger modes"
        );
        vm.assertEq(
            abi.encode(Types.CurveType.NONE, Types.CurveType.ECDSA, Types.CurveType.BN254),
            abi.encode(0, 1, 2),
            "curves, as EigenLayer numbers them"
        );
    }

    function test_needsTheUpgrader() external {
        address next = implementation();
        address stranger = named("stranger");
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, UPGRADER)
        );
        vm.prank(stranger);
        UUPSUpgradeable(address(machine)).upgradeToAndCall(next, "");
        IAccessControl(address(machine)).grantRole(UPGRADER, stranger);
        IAccessControl(address(machine)).revokeRole(UPGRADER, address(this));
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, address(this), UPGRADER)
        );
        UUPSUpgradeable(address(machine)).upgradeToAndCall(next, "");
        vm.prank(stranger);
        UUPSUpgradeable(address(machine)).upgradeToAndCall(next, "");
    }

    /// @dev A registry is half of one; the conditions are none at all.
    function test_becomesOnlyWhatCanBeUpgradedAgain() external {
        address[2] memory others = [machine.registry(), machine.triggerConditions()];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ERC1967Utils.ERC1967InvalidImplementation.selector, others[i]));
            UUPSUpgradeable(address(machine)).upgradeToAndCall(others[i], "");
        }
    }

    function test_anImplementationItselfCannotBeUpgraded() external {
        address bare = implementation();
        address next = implementation();
        vm.expectRevert(UUPSUpgradeable.UUPSUnauthorizedCallContext.selector);
        UUPSUpgradeable(bare).upgradeToAndCall(next, "");
    }
}
