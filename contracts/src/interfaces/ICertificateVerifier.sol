// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice An operator set: its AVS and its number within that AVS.
struct OperatorSet {
    address avs;
    uint32 id;
}

/// @title What EigenLayer's certificate verifiers have in common to keep, whatever the keys' curve
interface ICertificateVerifierTypes {
    struct OperatorSetConfig {
        address owner;
        uint32 maxStalenessPeriod;
    }
}

/// @title What EigenLayer's certificate verifiers refuse alike
interface ICertificateVerifierErrors {
    /// @notice Not as many thresholds as the table has weight columns: pass one for each.
    error ArrayLengthMismatch();
    /// @notice The certificate's table is older than the operator set allows: certify by a newer one.
    error CertificateStale();
    /// @notice Only the table updater installs tables: publish by way of it.
    error OnlyTableUpdater();
    /// @notice There is no table of this time: certify by one that was published.
    error ReferenceTimestampDoesNotExist();
    /// @notice The root that the table was proven against has been disabled: certify by another table.
    error RootDisabled();
    /// @notice There is a newer table already: publish a later one.
    error TableUpdateStale();
    /// @notice A signature is not of the table's operators, or a non-signer is not in the table: rebuild the certificate
    ///         from this very table.
    error VerificationFailed();
}

/// @title What EigenLayer's certificate verifiers say happened alike
interface ICertificateVerifierEvents is ICertificateVerifierTypes {
    event OperatorSetOwnerUpdated(OperatorSet operatorSet, address owner);
    event MaxStalenessPeriodUpdated(OperatorSet operatorSet, uint32 maxStalenessPeriod);
}

/// @title What EigenLayer's certificate verifiers answer alike, whatever the keys' curve
/// @notice An operator set's keys are all on one curve, which its AVS sets once: it has tables with one verifier only.
interface ICertificateVerifier is ICertificateVerifierErrors, ICertificateVerifierEvents {
    function operatorTableUpdater() external view returns (address);

    /// @notice The newest table's timestamp, zero if the set has none.
    function latestReferenceTimestamp(OperatorSet calldata operatorSet) external view returns (uint32);

    function isReferenceTimestampSet(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (bool);

    function getTotalStakeWeights(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (uint256[] memory);

    function getOperatorCount(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (uint256);

    /// @notice Zero until the set's first table has arrived.
    function getOperatorSetOwner(OperatorSet calldata operatorSet) external view returns (address);

    /// @notice How many seconds a table may be used; zero means for ever.
    function maxOperatorTableStaleness(OperatorSet calldata operatorSet) external view returns (uint32);

    /// @notice What operators sign for a message, by one table.
    function calculateCertificateDigest(uint32 referenceTimestamp, bytes32 messageHash) external view returns (bytes32);
}
