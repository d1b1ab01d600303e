// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BN254} from "../libraries/BN254.sol";
import {
    ICertificateVerifier,
    ICertificateVerifierErrors,
    ICertificateVerifierEvents,
    ICertificateVerifierTypes,
    OperatorSet
} from "./ICertificateVerifier.sol";

/// @title What EigenLayer's BN254 certificate verifier takes and keeps
interface IBN254CertificateVerifierTypes is ICertificateVerifierTypes {
    /// @notice One operator as the table's Merkle tree commits to it.
    struct BN254OperatorInfo {
        BN254.G1Point pubkey;
        uint256[] weights;
    }

    /// @notice An operator that did not sign, proven to be in the table. Once the verifier has seen it, later
    ///         certificates may leave `operatorInfoProof` and `operatorInfo` empty.
    struct BN254OperatorInfoWitness {
        uint32 operatorIndex;
        bytes operatorInfoProof;
        BN254OperatorInfo operatorInfo;
    }

    /// @notice A statement that everybody in the table signed, save for the witnesses.
    /// @param apk The signers' aggregate key in G2, imaginary parts first.
    /// @param nonSignerWitnesses In strictly rising order of index.
    struct BN254Certificate {
        uint32 referenceTimestamp;
        bytes32 messageHash;
        BN254.G1Point signature;
        BN254.G2Point apk;
        BN254OperatorInfoWitness[] nonSignerWitnesses;
    }

    /// @notice An operator table: what certificates at one reference timestamp are checked against.
    struct BN254OperatorSetInfo {
        bytes32 operatorInfoTreeRoot;
        uint256 numOperators;
        BN254.G1Point aggregatePubkey;
        uint256[] totalWeights;
    }
}

/// @title What EigenLayer's BN254 certificate verifier refuses
interface IBN254CertificateVerifierErrors is ICertificateVerifierErrors {
    /// @notice Two points could not be added, since one is not on the curve: check every point that you pass.
    error ECAddFailed();
    /// @notice A point could not be multiplied, since it is not on the curve: check every point that you pass.
    error ECMulFailed();
    /// @notice The pairing could not be computed, since a point is not on its curve: check every point that you pass.
    error ECPairingFailed();
    /// @notice The Merkle root that the table is proven against is zero: wait until it has been posted.
    error EmptyRoot();
    /// @notice A power could not be computed: give the call more gas.
    error ExpModFailed();
    /// @notice A Merkle proof is for an index beyond its tree: correct the index.
    error InvalidIndex();
    /// @notice A non-signer's index is beyond the table's last operator: rebuild the certificate from this very table.
    error InvalidOperatorIndex();
    /// @notice A Merkle proof is not as long as its tree is high: rebuild it from this very table.
    error InvalidProofLength();
    /// @notice The non-signers are not in strictly rising order of index: sort them, and name each once.
    error NonSignerIndicesNotSorted();
}

/// @title What EigenLayer's BN254 certificate verifier says happened
interface IBN254CertificateVerifierEvents is ICertificateVerifierEvents, IBN254CertificateVerifierTypes {
    event TableUpdated(OperatorSet operatorSet, uint32 referenceTimestamp, BN254OperatorSetInfo operatorSetInfo);
}

/// @title EigenLayer's BN254 certificate verifier
/// @notice The public interface of the contract that EigenLayer deploys on every chain it transports stake to,
///         written from its ABI.
/// @dev WARNING, three things that a caller must know:
///      - a certificate's digest binds neither chain nor operator set: the message hash has to;
///      - a certificate that nobody signed (zero signature, zero key, everybody a non-signer) verifies, with weight
///        zero: call `verifyCertificate` and look at the weights;
///      - `verifyCertificateProportion` rounds the threshold down.
interface IBN254CertificateVerifier is
    ICertificateVerifier,
    IBN254CertificateVerifierErrors,
    IBN254CertificateVerifierEvents
{
    // ── Verification ─────────────────────────────────────────────────────────────────────────────────

    /// @notice Verifies a certificate and remembers its non-signers.
    /// @return signedStakes The stake that signed, per weight column.
    function verifyCertificate(OperatorSet calldata operatorSet, BN254Certificate calldata cert)
        external
        returns (uint256[] memory signedStakes);

    /// @notice Whether the stake that signed reaches floor(total · bps / 10,000) in every column.
    function verifyCertificateProportion(
        OperatorSet calldata operatorSet,
        BN254Certificate calldata cert,
        uint16[] calldata totalStakeProportionThresholds
    ) external returns (bool);

    /// @notice Whether the stake that signed reaches these amounts, column by column.
    function verifyCertificateNominal(
        OperatorSet calldata operatorSet,
        BN254Certificate calldata cert,
        uint256[] calldata totalStakeNominalThresholds
    ) external returns (bool);

    /// @notice Checks one signature.
    /// @dev The results stand in the order in which EigenLayer's deployed code returns them; its own ABI names them the
    ///      other way round.
    function trySignatureVerification(
        bytes32 msgHash,
        BN254.G1Point calldata aggPubkey,
        BN254.G2Point calldata apkG2,
        BN254.G1Point calldata signature
    ) external view returns (bool signatureValid, bool pairingSuccessful);

    // ── Tables ───────────────────────────────────────────────────────────────────────────────────────

    /// @notice Installs a table; only for the table updater.
    function updateOperatorTable(
        OperatorSet calldata operatorSet,
        uint32 referenceTimestamp,
        BN254OperatorSetInfo calldata operatorSetInfo,
        OperatorSetConfig calldata operatorSetConfig
    ) external;

    function getOperatorSetInfo(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (BN254OperatorSetInfo memory);

    // ── Non-signers seen before ──────────────────────────────────────────────────────────────────────

    function isNonsignerCached(OperatorSet calldata operatorSet, uint32 referenceTimestamp, uint256 operatorIndex)
        external
        view
        returns (bool);

    function getNonsignerOperatorInfo(
        OperatorSet calldata operatorSet,
        uint32 referenceTimestamp,
        uint256 operatorIndex
    ) external view returns (BN254OperatorInfo memory);

    // ── Formats ──────────────────────────────────────────────────────────────────────────────────────

    function calculateOperatorInfoLeaf(BN254OperatorInfo calldata operatorInfo) external pure returns (bytes32);

    function calculateOperatorTableLeaf(bytes calldata operatorTableBytes) external pure returns (bytes32);

    function OPERATOR_INFO_LEAF_SALT() external view returns (uint8);

    function OPERATOR_TABLE_LEAF_SALT() external view returns (uint8);
}
