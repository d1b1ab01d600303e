// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifierTypes, OperatorSet} from "../../src/interfaces/IBN254CertificateVerifier.sol";

/// @title A verifier that says what the test tells it to, and calls back if asked to
contract ScriptedVerifier is IBN254CertificateVerifierTypes {
    uint32 public referenceTimestamp = 1;
    uint32 public staleness;
    uint256[] public totals;
    uint256[] public signed;
    address public target;
    bytes public call;
    bytes public answer;

    function setTable(uint32 referenceTimestamp_, uint32 staleness_) external {
        referenceTimestamp = referenceTimestamp_;
        staleness = staleness_;
    }

    function setStake(uint256[] calldata signed_, uint256[] calldata totals_) external {
        (signed, totals) = (signed_, totals_);
    }

    /// @notice Makes `verifyCertificate` call this before it answers; what came back is in `answer`.
    function callBack(address target_, bytes calldata call_) external {
        (target, call) = (target_, call_);
    }

    function latestReferenceTimestamp(OperatorSet calldata) external view returns (uint32) {
        return referenceTimestamp;
    }

    function maxOperatorTableStaleness(OperatorSet calldata) external view returns (uint32) {
        return staleness;
    }

    function getTotalStakeWeights(OperatorSet calldata, uint32) external view returns (uint256[] memory) {
        return totals;
    }

    function verifyCertificate(OperatorSet calldata, BN254Certificate calldata) external returns (uint256[] memory) {
        if (target != address(0)) (, answer) = target.call(call);
        return signed;
    }
}
