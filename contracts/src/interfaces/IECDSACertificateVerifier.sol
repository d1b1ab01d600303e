// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICertificateVerifier, ICertificateVerifierTypes, OperatorSet} from "./ICertificateVerifier.sol";

/// @title What EigenLayer's ECDSA certificate verifier takes and keeps
interface IECDSACertificateVerifierTypes is ICertificateVerifierTypes {
    /// @notice A statement of those who signed it.
    /// @param sig 65 bytes r ‖ s ‖ v for each signer, in strictly rising order of the signers' addresses.
    struct ECDSACertificate {
        uint32 referenceTimestamp;
        bytes32 messageHash;
        bytes sig;
    }

    /// @notice One operator of a table.
    /// @param pubkey The address of its key for this operator set, which need not be the operator's own.
    struct ECDSAOperatorInfo {
        address pubkey;
        uint256[] weights;
    }
}

/// @title What EigenLayer's ECDSA certificate verifier refuses beside what every verifier does
interface IECDSACertificateVerifierErrors {
    /// @notice The table has no operator of this index: count from 0.
    error IndexOutOfBounds();
    /// @notice A signature is none, or has a large s: sign again, with s in the lower half and v 27 or 28.
    error InvalidSignature();
    /// @notice There is no signature, or one is not of 65 bytes: put them together again.
    error InvalidSignatureLength();
    /// @notice The table has no operator: wait until one that has is published.
    error OperatorCountZero();
    /// @notice The signers are not in strictly rising order of address: sort them, and name each once.
    error SignersNotOrdered();
}

/// @title What EigenLayer's ECDSA certificate verifier says happened beside what every verifier does
interface IECDSACertificateVerifierEvents is IECDSACertificateVerifierTypes {
    event TableUpdated(OperatorSet operatorSet, uint32 referenceTimestamp, ECDSAOperatorInfo[] operatorInfos);
}

/// @title EigenLayer's ECDSA certificate verifier
/// @notice The public interface of the contract that EigenLayer deploys beside the BN254 verifier, for operator sets whose
///         keys are on secp256k1, written from its ABI.
/// @dev Verifying changes nothing in what this was written from; the functions are not said to be views all the same, so
///      that a caller does not depend on it. Three things that a caller must know:
///      - the digest is EIP-712 data in a domain without a chain: the message hash has to bind chain and operator set;
///      - the signers are the certificate's alone, who might weigh nothing: look at the weights;
///      - `verifyCertificateProportion` rounds the threshold down.
interface IECDSACertificateVerifier is
    ICertificateVerifier,
    IECDSACertificateVerifierErrors,
    IECDSACertificateVerifierEvents
{
    // ── Verification ─────────────────────────────────────────────────────────────────────────────────

    /// @notice Verifies a certificate.
    /// @return signedStakes The stake that signed, per weight column.
    /// @return signers The addresses of the keys that signed, in rising order.
    function verifyCertificate(OperatorSet calldata operatorSet, ECDSACertificate calldata cert)
        external
        returns (uint256[] memory signedStakes, address[] memory signers);

    /// @notice Whether the stake that signed reaches floor(total · bps / 10,000) in every column.
    function verifyCertificateProportion(
        OperatorSet calldata operatorSet,
        ECDSACertificate calldata cert,
        uint16[] calldata totalStakeProportionThresholds
    ) external returns (bool reached, address[] memory signers);

    /// @notice Whether the stake that signed reaches these amounts, column by column.
    function verifyCertificateNominal(
        OperatorSet calldata operatorSet,
        ECDSACertificate calldata cert,
        uint256[] calldata totalStakeNominalThresholds
    ) external returns (bool reached, address[] memory signers);

    // ── Tables ───────────────────────────────────────────────────────────────────────────────────────

    /// @notice Installs a table; only for the table updater.
    function updateOperatorTable(
        OperatorSet calldata operatorSet,
        uint32 referenceTimestamp,
        ECDSAOperatorInfo[] calldata operatorInfos,
        OperatorSetConfig calldata operatorSetConfig
    ) external;

    /// @notice The whole table, in its order; empty if there is none of this time.
    function getOperatorInfos(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (ECDSAOperatorInfo[] memory);

    function getOperatorInfo(OperatorSet calldata operatorSet, uint32 referenceTimestamp, uint256 operatorIndex)
        external
        view
        returns (ECDSAOperatorInfo memory);

    // ── Formats ──────────────────────────────────────────────────────────────────────────────────────

    /// @notice What the certificate's digest is the hash of: 0x1901, the domain separator, the struct's hash.
    function calculateCertificateDigestBytes(uint32 referenceTimestamp, bytes32 messageHash)
        external
        view
        returns (bytes memory);

    /// @notice Of EIP712Domain(string name,string version,address verifyingContract): there is no chain in it.
    function domainSeparator() external view returns (bytes32);

    function version() external view returns (string memory);
}
