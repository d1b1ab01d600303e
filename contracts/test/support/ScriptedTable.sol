// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifierTypes, OperatorSet} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {IKeyRegistrar} from "../../src/interfaces/IKeyRegistrar.sol";

/// @title An operator table of one leaf among many, of any weight, true or not; and whose keys are whose
contract ScriptedTable is IBN254CertificateVerifierTypes, IKeyRegistrar {
    bytes32 public root;
    uint256 public numOperators;

    function setTable(bytes32 root_, uint256 numOperators_) external {
        (root, numOperators) = (root_, numOperators_);
    }

    function getOperatorSetInfo(OperatorSet calldata, uint32) external view returns (BN254OperatorSetInfo memory info) {
        info.operatorInfoTreeRoot = root;
        info.numOperators = numOperators;
    }

    /// @notice Every key with an X is of the operator whose address that is.
    function getOperatorFromSigningKey(OperatorSet calldata, bytes calldata keyData)
        external
        pure
        returns (address, bool)
    {
        return (address(uint160(uint256(bytes32(keyData)))), true);
    }
}
