// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifierTypes, OperatorSet} from "../../src/interfaces/IBN254CertificateVerifier.sol";

/// @title A verifier that says what the test tells it to, and calls back if asked to
/// @notice Every operator set has the same table, unless it was given one of its own.
contract ScriptedVerifier is IBN254CertificateVerifierTypes {
    struct Table {
        bool own;
        uint32 referenceTimestamp;
        uint32 staleness;
        uint256 stake;
    }

    mapping(address avs => mapping(uint32 id => Table)) internal tables;
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

    /// @notice Gives one operator set a table of its own; timestamp 0: it has none.
    function setTableOf(address avs, uint32 id, uint32 referenceTimestamp_, uint32 staleness_, uint256 stake) external {
        tables[avs][id] = Table(true, referenceTimestamp_, staleness_, stake);
    }

    function latestReferenceTimestamp(OperatorSet calldata set) external view returns (uint32) {
        Table storage table = tables[set.avs][set.id];
        return table.own ? table.referenceTimestamp : referenceTimestamp;
    }

    function maxOperatorTableStaleness(OperatorSet calldata set) external view returns (uint32) {
        Table storage table = tables[set.avs][set.id];
        return table.own ? table.staleness : staleness;
    }

    function getTotalStakeWeights(OperatorSet calldata set, uint32 timestamp) external view returns (uint256[] memory) {
        return _weights(set, timestamp, totals);
    }

    function verifyCertificate(OperatorSet calldata set, BN254Certificate calldata cert)
        external
        returns (uint256[] memory)
    {
        if (target != address(0)) (, answer) = target.call(call);
        return _weights(set, cert.referenceTimestamp, signed);
    }

    /// @dev By the set's own table, if it is of that time.
    function _weights(OperatorSet calldata set, uint32 timestamp, uint256[] storage others)
        private
        view
        returns (uint256[] memory weights)
    {
        Table storage table = tables[set.avs][set.id];
        if (!table.own || table.referenceTimestamp != timestamp) return others;
        weights = new uint256[](1);
        weights[0] = table.stake;
    }
}
