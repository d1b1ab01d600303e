// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {OperatorSet} from "../../src/interfaces/ICertificateVerifier.sol";
import {
    IECDSACertificateVerifierErrors,
    IECDSACertificateVerifierTypes
} from "../../src/interfaces/IECDSACertificateVerifier.sol";

/// @title An ECDSA verifier that says what the test tells it to, of one operator set
/// @notice A table that nobody is in can't be asked what it weighs, as EigenLayer's can't.
contract ScriptedEcdsaVerifier is IECDSACertificateVerifierTypes, IECDSACertificateVerifierErrors {
    uint32 public immutable operatorSetId;
    uint32 public referenceTimestamp;
    uint32 public staleness;
    uint256[] public totals;
    uint256[] public signed;
    address[] public signers;

    constructor(uint32 operatorSetId_) {
        operatorSetId = operatorSetId_;
    }

    function setTable(uint32 referenceTimestamp_, uint32 staleness_) external {
        (referenceTimestamp, staleness) = (referenceTimestamp_, staleness_);
    }

    function setStake(uint256[] calldata signed_, uint256[] calldata totals_) external {
        (signed, totals) = (signed_, totals_);
    }

    function domainSeparator() external pure returns (bytes32) {
        return keccak256("a domain");
    }

    function latestReferenceTimestamp(OperatorSet calldata set) external view returns (uint32) {
        return set.id == operatorSetId ? referenceTimestamp : 0;
    }

    function maxOperatorTableStaleness(OperatorSet calldata) external view returns (uint32) {
        return staleness;
    }

    function getOperatorCount(OperatorSet calldata, uint32) external view returns (uint256) {
        return totals.length == 0 ? 0 : 1;
    }

    function getTotalStakeWeights(OperatorSet calldata, uint32) external view returns (uint256[] memory) {
        if (totals.length == 0) revert OperatorCountZero();
        return totals;
    }

    function verifyCertificate(OperatorSet calldata, ECDSACertificate calldata)
        external
        view
        returns (uint256[] memory, address[] memory)
    {
        return (signed, signers);
    }
}
