// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {OperatorSet} from "./ICertificateVerifier.sol";
import {IECDSACertificateVerifier} from "./IECDSACertificateVerifier.sol";
import {IKeyRegistrar} from "./IKeyRegistrar.sol";

/// @title An ECDSA certificate verifier that is told its tables: what local networks have in EigenLayer's place
interface IEcdsaOperatorTable is IECDSACertificateVerifier, IKeyRegistrar {
    // ── Types ────────────────────────────────────────────────────────────────────────────────────────

    /// @notice One row of a table.
    /// @param key The address of the operator's key for this set; it may be the operator's own.
    struct EcdsaOperatorEntry {
        address operator;
        address key;
        uint256[] weights;
    }

    // ── Errors ───────────────────────────────────────────────────────────────────────────────────────

    /// @notice A key's data is the key's address, packed, and nothing else: pass so many bytes.
    error InvalidLength(uint256 expected, uint256 actual);
    /// @notice The key is another operator's, in this table or an older one: give each operator keys of its own.
    error KeyAlreadyRegistered(address operator);
    /// @notice The table has no operator, or more than it can hold: publish 1 to `maximum`.
    error OperatorCountOutOfRange(uint256 maximum, uint256 actual);
    /// @notice The operator set is not known here: configure it first.
    error OperatorSetNotConfigured(address avs, uint32 operatorSetId);
    /// @notice An operator or a key is in the table twice: name each once.
    error RepeatedInTable(address account);
    /// @notice An operator has another number of weights than the first: give each as many, and at least one.
    error WeightColumnsMismatch(uint256 expected, uint256 actual);
    /// @notice An operator or a key is zero: name both.
    error ZeroAddress();

    // ── Functions ────────────────────────────────────────────────────────────────────────────────────

    /// @notice Makes an operator set known, or changes its staleness. Requirements: the caller is the owner.
    /// @param maxStaleness How many seconds a table may be used; zero means for ever.
    function configureOperatorSet(OperatorSet calldata operatorSet, uint32 maxStaleness) external;

    /// @notice Publishes a table, as of now.
    /// Requirements: the caller is the owner; the set is configured (OperatorSetNotConfigured); the newest table is older
    /// (TableUpdateStale); 1 to MAX_OPERATORS rows (OperatorCountOutOfRange), none with a zero (ZeroAddress), with a key
    /// or operator that another row has (RepeatedInTable), with a key that ever was another operator's
    /// (KeyAlreadyRegistered), or with more or less weights than the first (WeightColumnsMismatch).
    function publishTable(OperatorSet calldata operatorSet, EcdsaOperatorEntry[] calldata entries)
        external
        returns (uint32 referenceTimestamp);

    /// @notice A table's rows with their operators, in the table's order.
    /// Requirements: there is such a table (ReferenceTimestampDoesNotExist).
    function getOperatorTable(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (EcdsaOperatorEntry[] memory entries);
}
