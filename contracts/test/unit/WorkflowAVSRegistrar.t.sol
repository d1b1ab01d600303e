// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {WorkflowAVSRegistrar} from "../../src/WorkflowAVSRegistrar.sol";
import {IWorkflowAVSRegistrar} from "../../src/interfaces/IAVSRegistrar.sol";
import {Test} from "../support/Test.sol";

contract WorkflowAVSRegistrarTest is Test {
    address private constant OURS = address(0xA5);
    address private constant OPERATOR = address(0x0E);
    IWorkflowAVSRegistrar private registrar;
    uint32[] private sets = [0, 1];

    /// @dev This contract is the allocation manager.
    function setUp() public {
        registrar = new WorkflowAVSRegistrar(address(this), OURS);
    }

    function test_constructor_takesNoAccountForTheAllocationManager() external {
        vm.expectRevert(abi.encodeWithSelector(IWorkflowAVSRegistrar.NoContract.selector, address(0xEE)));
        new WorkflowAVSRegistrar(address(0xEE), OURS);
    }

    function test_supportsAVS_isForOneAvsOnly() external view {
        vm.assertTrue(registrar.supportsAVS(OURS), "ours");
        vm.assertTrue(!registrar.supportsAVS(address(0xA6)), "another");
    }

    function test_registerOperator_keepsTheSocketThatItIsGiven() external {
        vm.expectEmit(true, true, true, true, address(registrar));
        emit IWorkflowAVSRegistrar.OperatorSocketSet(OPERATOR, "executor:9090");
        registrar.registerOperator(OPERATOR, OURS, sets, abi.encode("executor:9090"));
        vm.assertEq(bytes(registrar.getOperatorSocket(OPERATOR)), "executor:9090", "as given");
        registrar.registerOperator(OPERATOR, OURS, sets, "");
        vm.assertEq(bytes(registrar.getOperatorSocket(OPERATOR)), "executor:9090", "no data says nothing");
        registrar.deregisterOperator(OPERATOR, OURS, sets);
        vm.assertEq(bytes(registrar.getOperatorSocket(OPERATOR)), "executor:9090", "it may be in other sets");
    }

    function test_registerOperator_refusesDataThatIsNoSocket() external {
        vm.expectRevert(bytes(""));
        registrar.registerOperator(OPERATOR, OURS, sets, hex"01");
    }

    function test_onlyTheAllocationManagerTells() external {
        bytes memory refusal = abi.encodeWithSelector(IWorkflowAVSRegistrar.OnlyAllocationManager.selector, OPERATOR);
        vm.expectRevert(refusal);
        vm.prank(OPERATOR);
        registrar.registerOperator(OPERATOR, OURS, sets, "");
        vm.expectRevert(refusal);
        vm.prank(OPERATOR);
        registrar.deregisterOperator(OPERATOR, OURS, sets);
    }

    function test_anotherAvsIsRefused() external {
        bytes memory refusal = abi.encodeWithSelector(IWorkflowAVSRegistrar.AvsNotSupported.selector, address(0xA6));
        vm.expectRevert(refusal);
        registrar.registerOperator(OPERATOR, address(0xA6), sets, "");
        vm.expectRevert(refusal);
        registrar.deregisterOperator(OPERATOR, address(0xA6), sets);
    }
}
