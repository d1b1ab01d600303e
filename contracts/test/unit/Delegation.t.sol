// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Initializable} from "@openzeppelin/contracts-upgradeable/proxy/utils/Initializable.sol";
import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {
    IWorkflowExecutions,
    IWorkflowRegistry,
    IWorkflowStateMachineErrors as Errors
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Flows} from "../support/Flows.sol";

/// @notice Two halves behind one address: what each is on its own, and what passes between them.
contract DelegationTest is Flows {
    Code private constant CODE = Code(address(vm));
    bytes32 private constant ADMIN = bytes32(0);
    bytes32 private constant CREATOR = keccak256("WORKFLOW_CREATOR_ROLE");
    bytes32 private constant PAUSER = keccak256("PAUSER_ROLE");

    function setUp() public {
        setUpFlows();
    }

    function _expectMissing(bytes32 role) private {
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, address(this), role)
        );
    }

    /// @dev Nobody has a role in it, nobody can get one, and it keeps no ether.
    function test_aRegistryOfItsOwnDoesNothing() external {
        IWorkflowRegistry registry = IWorkflowRegistry(machine.registry());
        address[] memory aggregators = new address[](1);
        aggregators[0] = address(this);
        vm.expectRevert(Initializable.InvalidInitialization.selector);
        registry.initialize(address(this), address(scripted), AVS, aggregators);
        _expectMissing(ADMIN);
        registry.authorizeWorkflowCreator(address(this), true);
        _expectMissing(ADMIN);
        registry.authorizeTriggerSource(address(this), true);
        _expectMissing(ADMIN);
        registry.setFeeVault(address(this));
        _expectMissing(ADMIN);
        registry.setAggregators(aggregators);
        _expectMissing(PAUSER);
        registry.pause();
        _expectMissing(PAUSER);
        registry.unpause();
        _expectMissing(ADMIN);
        IAccessControl(address(registry)).grantRole(ADMIN, address(this));
        _expectMissing(CREATOR);
        registry.registerWorkflow{value: 1}("mine", two(), new address[](0));
        _expectMissing(CREATOR);
        registry.registerWorkflowWithOptions("mine", two(), plain(2), 0, new address[](0));
        (bool success,) = address(registry).call{value: 1}("");
        vm.assertTrue(!success, "no ether");
    }

    function test_anImplementationOfItsOwnDoesNothing() external {
        IWorkflowExecutions bare = IWorkflowExecutions(implementation());
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownWorkflow.selector, bytes32("?")));
        bare.executeWorkflow("?", "");
        _expectMissing(CREATOR);
        IWorkflowRegistry(address(bare)).registerWorkflow("mine", two(), new address[](0));
        vm.assertEq(bare.registry() == address(0) ? 0 : 1, 1, "it has a registry all the same");
    }

    function test_anImplementationNeedsContractsBehindIt() external {
        (address registry, address conditions) = (machine.registry(), machine.triggerConditions());
        (bool success, bytes memory answer) = address(this).call(abi.encodeCall(this.deploy, (address(1), conditions)));
        vm.assertTrue(!success, "no registry");
        vm.assertEq(answer, abi.encodeWithSelector(Errors.NoContract.selector, address(1)), "says which");
        (success, answer) = address(this).call(abi.encodeCall(this.deploy, (registry, address(0))));
        vm.assertTrue(!success, "no conditions");
        vm.assertEq(answer, abi.encodeWithSelector(Errors.NoContract.selector, address(0)), "says which");
        this.deploy(registry, conditions);
    }

    function deploy(address registry, address conditions) external returns (address created) {
        bytes memory creation = bytes.concat(CODE.getCode("WorkflowStateMachine.sol"), abi.encode(registry, conditions));
        assembly ("memory-safe") {
            created := create(0, add(creation, 0x20), mload(creation))
            if iszero(created) {
                returndatacopy(creation, 0, returndatasize())
                revert(creation, returndatasize())
            }
        }
    }

    function test_plainEtherIsRefused() external {
        (bool success, bytes memory answer) = address(machine).call{value: 3}("");
        vm.assertTrue(!success, "refused");
        vm.assertEq(answer, abi.encodeWithSelector(Errors.UnexpectedValue.selector, 3), "says why");
    }

    function test_etherForWhatTakesNoneIsRefused_inBothHalves() external {
        bytes[3] memory calls = [
            abi.encodeCall(machine.cancelExecution, (bytes32(0))),
            abi.encodeCall(machine.pause, ()),
            abi.encodeWithSelector(0xdeadbeef)
        ];
        for (uint256 i = 0; i < 3; ++i) {
            (bool success,) = address(machine).call{value: 1}(calls[i]);
            vm.assertTrue(!success, "refused");
        }
    }
}

/// @dev forge's, beyond those that all tests use.
interface Code {
    function getCode(string calldata artifact) external view returns (bytes memory);
}
