// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {OperatorSet} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {IKeyRegistrar} from "../../src/interfaces/IKeyRegistrar.sol";
import {IOperatorTable} from "../../src/interfaces/IOperatorTable.sol";
import {BN254} from "../../src/libraries/BN254.sol";
import {Operators} from "../support/Operators.sol";

/// @notice Whose key it is, as EigenLayer's key registrar answers.
contract OperatorRegistryKeysTest is Operators {
    function setUp() public {
        setUpOperators(0);
    }

    function _requireOwner(OperatorSet memory set, bytes memory keyData, address expected, bool isRegistered)
        private
        view
    {
        (address operator, bool registered) = table.getOperatorFromSigningKey(set, keyData);
        vm.assertEq(operator, expected, "operator");
        vm.assertTrue(registered == isRegistered, "registered");
    }

    function _g1Of(uint256 secret) private view returns (bytes memory) {
        return abi.encode(BN254.mul(BN254.generatorG1(), secret));
    }

    function test_getOperatorFromSigningKey_isEigenLayers() external view {
        string memory identifiers = vm.readFile("../tests/conformance/data/abi_identifiers.json");
        string memory path = '.contracts.KeyRegistrar.functions["getOperatorFromSigningKey((address,uint32),bytes)"]';
        bytes memory selector = vm.parseJsonBytes(identifiers, path);
        vm.assertEq(abi.encodePacked(IKeyRegistrar.getOperatorFromSigningKey.selector), selector, "selector");
    }

    function test_getOperatorFromSigningKey_knowsEveryRegisteredKey() external view {
        for (uint256 i = 0; i < MEMBERS; ++i) {
            _requireOwner(five, _g1Of(1 << i), operatorAt(i), true);
        }
    }

    function test_getOperatorFromSigningKey_looksAtTheHalfInG1Alone() external view {
        _requireOwner(five, keyDataOf(2), operatorAt(1), true);
        _requireOwner(five, bytes.concat(_g1Of(2), "anything"), operatorAt(1), true);
    }

    function test_getOperatorFromSigningKey_saysWhetherTheOperatorIsInTheSet() external {
        _requireOwner(alone, _g1Of(1), operatorAt(0), false);
        table.deregisterOperator(five, operatorAt(0));
        _requireOwner(five, _g1Of(1), operatorAt(0), false);
    }

    function test_getOperatorFromSigningKey_knowsNobodyElse() external view {
        _requireOwner(five, _g1Of(33), address(0), false);
        BN254.G1Point memory negated = BN254.negate(BN254.generatorG1());
        _requireOwner(five, abi.encode(negated), address(0), false);
        _requireOwner(five, new bytes(64), address(0), false);
    }

    function test_getOperatorFromSigningKey_refusesUnknownSetsAndHalvesOfHalves() external {
        bytes memory key = _g1Of(1);
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.OperatorSetNotConfigured.selector, AVS, 9));
        table.getOperatorFromSigningKey(OperatorSet(AVS, 9), key);
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.InvalidLength.selector, 64, 63));
        table.getOperatorFromSigningKey(five, new bytes(63));
    }
}
