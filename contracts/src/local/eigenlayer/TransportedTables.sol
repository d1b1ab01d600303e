// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {OperatorSet} from "../../interfaces/ICertificateVerifier.sol";
import {OperatorTable} from "../OperatorTable.sol";
import {IBN254TableCalculator, IOperatorTableUpdaterReads} from "./ILocalCore.sol";

/// @title A certificate verifier that is handed its tables, as EigenLayer's is: it keeps roots, and no rows
/// @notice Also its own table updater. For tests and local networks: the owner is the transporter.
contract TransportedTables is OperatorTable, IOperatorTableUpdaterReads {
    // ── Storage ──────────────────────────────────────────────────────────────────────────────────────

    mapping(uint32 referenceTimestamp => uint32 blockNumber) private _referenceBlocks;
    mapping(uint32 referenceTimestamp => bool) private _disabled;

    constructor(address owner_) OperatorTable(owner_) {}

    // ── Transport (owner) ────────────────────────────────────────────────────────────────────────────

    /// @notice Takes the set's table as its calculator makes it now, dated by this block.
    function transport(OperatorSet calldata operatorSet, IBN254TableCalculator calculator, uint32 maxStaleness)
        external
        onlyOwner
        returns (uint32 referenceTimestamp)
    {
        referenceTimestamp = uint32(block.timestamp);
        Set storage set = _sets[_keyOf(operatorSet)];
        if (referenceTimestamp <= set.latestReferenceTimestamp) revert TableUpdateStale();
        set.configured = true;
        set.maxStaleness = maxStaleness;
        set.latestReferenceTimestamp = referenceTimestamp;
        _referenceBlocks[referenceTimestamp] = uint32(block.number);
        _tables[_keyOf(operatorSet)][referenceTimestamp].info = calculator.calculateOperatorTable(operatorSet);
        emit TableUpdated(operatorSet, referenceTimestamp, _tables[_keyOf(operatorSet)][referenceTimestamp].info);
    }

    /// @notice No certificate by a table of this time is taken any more.
    function disableRoot(uint32 referenceTimestamp) external onlyOwner {
        _disabled[referenceTimestamp] = true;
    }

    // ── Reads ────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IOperatorTableUpdaterReads
    function getReferenceBlockNumberByTimestamp(uint32 referenceTimestamp) external view returns (uint32) {
        return _referenceBlocks[referenceTimestamp];
    }

    /// @inheritdoc IOperatorTableUpdaterReads
    function isRootValidByTimestamp(uint32 referenceTimestamp) external view returns (bool) {
        return !_disabled[referenceTimestamp];
    }

    // ── Internals ────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc OperatorTable
    function _verify(OperatorSet calldata operatorSet, BN254Certificate calldata cert)
        internal
        override
        returns (uint256[] memory)
    {
        if (_disabled[cert.referenceTimestamp]) revert RootDisabled();
        return super._verify(operatorSet, cert);
    }
}
