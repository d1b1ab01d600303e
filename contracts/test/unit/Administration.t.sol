// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Initializable} from "@openzeppelin/contracts-upgradeable/proxy/utils/Initializable.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {
    IWorkflowRegistry,
    IWorkflowStateMachine,
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineEvents as Events
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Machines} from "../support/Machines.sol";
import {ScriptedEcdsaVerifier} from "../support/ScriptedEcdsaVerifier.sol";

/// @title A contract that has a word of nothing for every question
contract AnswersAnything {
    fallback(bytes calldata) external returns (bytes memory) {
        return abi.encode(0);
    }
}

contract AdministrationTest is Machines {
    bytes32 private constant ADMIN = bytes32(0);
    bytes32 private constant CREATOR = keccak256("WORKFLOW_CREATOR_ROLE");
    bytes32 private constant SOURCE = keccak256("TRIGGER_SOURCE_ROLE");
    address private stranger = named("stranger");

    function setUp() public {
        vm.roll(77);
        setUpMachine();
    }

    function _expectMissing(bytes32 role) private {
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, role)
        );
        vm.prank(stranger);
    }

    function _aggregators(uint256 count) private pure returns (address[] memory aggregators) {
        aggregators = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            aggregators[i] = address(uint160(i + 1));
        }
    }

    // ── initialize ───────────────────────────────────────────────────────────────────────────────────

    function test_initialize_givesTheAdminEveryRole() external view {
        IAccessControl roles = IAccessControl(address(machine));
        vm.assertTrue(roles.hasRole(ADMIN, address(this)), "admin");
        string[5] memory others =
            ["WORKFLOW_CREATOR_ROLE", "TRIGGER_SOURCE_ROLE", "FEE_MANAGER_ROLE", "PAUSER_ROLE", "UPGRADER_ROLE"];
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertTrue(roles.hasRole(keccak256(bytes(others[i])), address(this)), others[i]);
        }
        vm.assertEq(machine.verifier(), address(table), "verifier");
        vm.assertEq(machine.avs(), AVS, "avs");
        vm.assertEq(machine.startBlock(), 77, "start block");
        vm.assertEq(bytes(machine.version()), "0.3.0", "version");
    }

    function test_initialize_isForProxiesAndOnce() external {
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        machine.initialize(address(this), address(table), AVS, _aggregators(1));
        IWorkflowStateMachine bare = IWorkflowStateMachine(implementation());
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        bare.initialize(address(this), address(table), AVS, _aggregators(1));
    }

    function test_initialize_refusesZeroAddresses() external {
        address[3] memory addresses = [address(this), address(table), AVS];
        for (uint256 i = 0; i < 3; ++i) {
            address[3] memory broken = addresses;
            broken[i] = address(0);
            bytes memory call =
                abi.encodeCall(IWorkflowRegistry.initialize, (broken[0], broken[1], broken[2], _aggregators(1)));
            (bool success,) = address(this).call(abi.encodeCall(this.deploy, (call)));
            vm.assertTrue(!success, "refused");
        }
    }

    function deploy(bytes calldata call) external {
        proxied(call);
    }

    // ── setEcdsaVerifier ─────────────────────────────────────────────────────────────────────────────

    function test_setEcdsaVerifier_isForTheAdminAndOnce() external {
        address second = address(new ScriptedEcdsaVerifier(1));
        vm.assertEq(machine.ecdsaVerifier(), address(0), "none");
        _expectMissing(ADMIN);
        machine.setEcdsaVerifier(second);
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.EcdsaVerifierSet(second);
        machine.setEcdsaVerifier(second);
        vm.assertEq(machine.ecdsaVerifier(), second, "set");
        vm.assertEq(machine.verifier(), address(table), "the other is as it was");
        address third = address(new ScriptedEcdsaVerifier(1));
        vm.expectRevert(abi.encodeWithSelector(Errors.EcdsaVerifierAlreadySet.selector, second));
        machine.setEcdsaVerifier(third);
    }

    /// @dev The address stays, so a slip must not become it: nobody, the other verifier, somebody who answers anything.
    function test_setEcdsaVerifier_refusesWhatIsNone() external {
        address[4] memory others = [address(0), stranger, address(table), address(new AnswersAnything())];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Errors.NotAnEcdsaVerifier.selector, others[i]));
            machine.setEcdsaVerifier(others[i]);
        }
        vm.assertEq(machine.ecdsaVerifier(), address(0), "none");
    }

    // ── Roles ────────────────────────────────────────────────────────────────────────────────────────

    function test_authorizeWorkflowCreator_givesAndTakes() external {
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.WorkflowCreatorAuthorized(stranger, true);
        machine.authorizeWorkflowCreator(stranger, true);
        vm.prank(stranger);
        machine.registerWorkflow("mine", two(), new address[](0));
        machine.authorizeWorkflowCreator(stranger, false);
        _expectMissing(CREATOR);
        machine.registerWorkflow("mine", two(), new address[](0));
    }

    function test_authorizeTriggerSource_givesAndTakes() external {
        IAccessControl roles = IAccessControl(address(machine));
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.TriggerSourceAuthorized(stranger, true);
        machine.authorizeTriggerSource(stranger, true);
        vm.assertTrue(roles.hasRole(SOURCE, stranger), "given");
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.TriggerSourceAuthorized(stranger, false);
        machine.authorizeTriggerSource(stranger, false);
        vm.assertTrue(!roles.hasRole(SOURCE, stranger), "taken");
    }

    function test_administrationNeedsTheAdmin() external {
        _expectMissing(ADMIN);
        machine.authorizeTriggerSource(stranger, true);
        _expectMissing(ADMIN);
        machine.setFeeVault(stranger);
        _expectMissing(ADMIN);
        machine.authorizeWorkflowCreator(stranger, true);
        _expectMissing(ADMIN);
        machine.setAggregators(_aggregators(1));
    }

    // ── setAggregators ───────────────────────────────────────────────────────────────────────────────

    function testFuzz_setAggregators_replacesTheList(uint256 count) external {
        address[] memory list = _aggregators(bound(count, 1, 32));
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.AggregatorsSet(list);
        machine.setAggregators(list);
        vm.assertEq(abi.encode(machine.aggregators()), abi.encode(list), "list");
    }

    function test_setAggregators_refusesNoneTooManyZeroAndTwice() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.AggregatorCountOutOfRange.selector, 32, 0));
        machine.setAggregators(_aggregators(0));
        vm.expectRevert(abi.encodeWithSelector(Errors.AggregatorCountOutOfRange.selector, 32, 33));
        machine.setAggregators(_aggregators(33));
        address[] memory list = _aggregators(3);
        list[2] = list[0];
        vm.expectRevert(abi.encodeWithSelector(Errors.DuplicateAggregator.selector, list[0]));
        machine.setAggregators(list);
        list[2] = address(0);
        vm.expectRevert(Errors.ZeroAddress.selector);
        machine.setAggregators(list);
    }

    // ── Storage ──────────────────────────────────────────────────────────────────────────────────────

    function test_storage_standsWhereErc7201SaysItDoes() external pure {
        bytes32 location = keccak256(abi.encode(uint256(keccak256("hourglass.storage.WorkflowStateMachine")) - 1))
            & ~bytes32(uint256(0xff));
        vm.assertEq(location, STORAGE_LOCATION, "namespace");
    }

    bytes32 private constant STORAGE_LOCATION = 0x4c0fe64d2a4be66d5b1b91b45209ef06ceb8eb01645e05a767e4e6568282c400;
}
