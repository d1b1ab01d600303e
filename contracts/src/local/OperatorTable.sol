// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifier} from "../interfaces/IBN254CertificateVerifier.sol";
import {ICertificateVerifier, OperatorSet} from "../interfaces/ICertificateVerifier.sol";
import {BN254} from "../libraries/BN254.sol";
import {OperatorInfoTree} from "../libraries/OperatorInfoTree.sol";
import {OperatorRegistry} from "./OperatorRegistry.sol";

/// @title Operators, stakes and certificates for a local network
/// @notice Stands where EigenLayer's BN254CertificateVerifier stands on a public chain, and answers as it does.
/// @dev WARNING: the owner decides who has stake. Use it where that is the point: in tests and on local networks.
contract OperatorTable is OperatorRegistry {
    using BN254 for BN254.G1Point;

    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    bytes32 public constant BN254_CERTIFICATE_TYPEHASH =
        keccak256("BN254Certificate(uint32 referenceTimestamp,bytes32 messageHash)");

    /// @inheritdoc IBN254CertificateVerifier
    uint8 public constant OPERATOR_INFO_LEAF_SALT = OperatorInfoTree.LEAF_SALT;
    /// @inheritdoc IBN254CertificateVerifier
    uint8 public constant OPERATOR_TABLE_LEAF_SALT = 0x8e;

    uint256 private constant BASIS_POINTS = 10_000;

    constructor(address owner_) OperatorRegistry(owner_) {}

    // ── Verification ─────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IBN254CertificateVerifier
    function verifyCertificate(OperatorSet calldata operatorSet, BN254Certificate calldata cert)
        external
        returns (uint256[] memory signedStakes)
    {
        return _verify(operatorSet, cert);
    }

    /// @inheritdoc IBN254CertificateVerifier
    function verifyCertificateProportion(
        OperatorSet calldata operatorSet,
        BN254Certificate calldata cert,
        uint16[] calldata totalStakeProportionThresholds
    ) external returns (bool) {
        uint256[] memory signed = _verify(operatorSet, cert);
        uint256[] memory total = _tables[_keyOf(operatorSet)][cert.referenceTimestamp].info.totalWeights;
        if (signed.length != totalStakeProportionThresholds.length) revert ArrayLengthMismatch();
        for (uint256 i = 0; i < signed.length; ++i) {
            if (signed[i] < total[i] * totalStakeProportionThresholds[i] / BASIS_POINTS) return false;
        }
        return true;
    }

    /// @inheritdoc IBN254CertificateVerifier
    function verifyCertificateNominal(
        OperatorSet calldata operatorSet,
        BN254Certificate calldata cert,
        uint256[] calldata totalStakeNominalThresholds
    ) external returns (bool) {
        uint256[] memory signed = _verify(operatorSet, cert);
        if (signed.length != totalStakeNominalThresholds.length) revert ArrayLengthMismatch();
        for (uint256 i = 0; i < signed.length; ++i) {
            if (signed[i] < totalStakeNominalThresholds[i]) return false;
        }
        return true;
    }

    /// @inheritdoc IBN254CertificateVerifier
    function trySignatureVerification(
        bytes32 msgHash,
        BN254.G1Point calldata aggPubkey,
        BN254.G2Point calldata apkG2,
        BN254.G1Point calldata signature
    ) external view returns (bool signatureValid, bool pairingSuccessful) {
        return BN254.verifySignature(msgHash, aggPubkey, apkG2, signature);
    }

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ICertificateVerifier
    /// @dev This contract alone makes tables.
    function operatorTableUpdater() external view returns (address) {
        return address(this);
    }

    /// @inheritdoc ICertificateVerifier
    function latestReferenceTimestamp(OperatorSet calldata operatorSet) external view returns (uint32) {
        return _sets[_keyOf(operatorSet)].latestReferenceTimestamp;
    }

    /// @inheritdoc ICertificateVerifier
    function isReferenceTimestampSet(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (bool)
    {
        return _tables[_keyOf(operatorSet)][referenceTimestamp].info.numOperators != 0;
    }

    /// @inheritdoc IBN254CertificateVerifier
    function getOperatorSetInfo(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (BN254OperatorSetInfo memory)
    {
        return _tables[_keyOf(operatorSet)][referenceTimestamp].info;
    }

    /// @inheritdoc ICertificateVerifier
    function getTotalStakeWeights(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (uint256[] memory)
    {
        return _tables[_keyOf(operatorSet)][referenceTimestamp].info.totalWeights;
    }

    /// @inheritdoc ICertificateVerifier
    function getOperatorCount(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (uint256)
    {
        return _tables[_keyOf(operatorSet)][referenceTimestamp].info.numOperators;
    }

    /// @inheritdoc ICertificateVerifier
    function getOperatorSetOwner(OperatorSet calldata operatorSet) external view returns (address) {
        return _sets[_keyOf(operatorSet)].configured ? owner() : address(0);
    }

    /// @inheritdoc ICertificateVerifier
    function maxOperatorTableStaleness(OperatorSet calldata operatorSet) external view returns (uint32) {
        return _sets[_keyOf(operatorSet)].maxStaleness;
    }

    /// @inheritdoc IBN254CertificateVerifier
    function isNonsignerCached(OperatorSet calldata operatorSet, uint32 referenceTimestamp, uint256 operatorIndex)
        external
        view
        returns (bool)
    {
        return _tables[_keyOf(operatorSet)][referenceTimestamp].nonSigners[operatorIndex].weights.length != 0;
    }

    /// @inheritdoc IBN254CertificateVerifier
    function getNonsignerOperatorInfo(
        OperatorSet calldata operatorSet,
        uint32 referenceTimestamp,
        uint256 operatorIndex
    ) external view returns (BN254OperatorInfo memory) {
        return _tables[_keyOf(operatorSet)][referenceTimestamp].nonSigners[operatorIndex];
    }

    /// @inheritdoc ICertificateVerifier
    function calculateCertificateDigest(uint32 referenceTimestamp, bytes32 messageHash) public pure returns (bytes32) {
        return keccak256(abi.encode(BN254_CERTIFICATE_TYPEHASH, referenceTimestamp, messageHash));
    }

    /// @inheritdoc IBN254CertificateVerifier
    function calculateOperatorInfoLeaf(BN254OperatorInfo calldata operatorInfo) external pure returns (bytes32) {
        return OperatorInfoTree.leafOf(operatorInfo);
    }

    /// @inheritdoc IBN254CertificateVerifier
    function calculateOperatorTableLeaf(bytes calldata operatorTableBytes) external pure returns (bytes32) {
        return keccak256(abi.encodePacked(OPERATOR_TABLE_LEAF_SALT, operatorTableBytes));
    }

    /// @inheritdoc IBN254CertificateVerifier
    /// @dev Tables are published from the registered operators; nobody hands one in.
    function updateOperatorTable(
        OperatorSet calldata,
        uint32,
        BN254OperatorSetInfo calldata,
        OperatorSetConfig calldata
    ) external pure {
        revert OnlyTableUpdater();
    }

    // ── Internals ────────────────────────────────────────────────────────────────────────────────────

    /// @dev The checks in the order of EigenLayer's verifier: freshness, table, each witness, the signature.
    function _verify(OperatorSet calldata operatorSet, BN254Certificate calldata cert)
        internal
        virtual
        returns (uint256[] memory signedStakes)
    {
        bytes32 setKey = _keyOf(operatorSet);
        uint256 maxStaleness = _sets[setKey].maxStaleness;
        if (maxStaleness != 0 && block.timestamp > cert.referenceTimestamp + maxStaleness) revert CertificateStale();
        Table storage table = _tables[setKey][cert.referenceTimestamp];
        uint256 numOperators = table.info.numOperators;
        if (numOperators == 0) revert ReferenceTimestampDoesNotExist();

        BN254.G1Point memory nonSigners;
        (signedStakes, nonSigners) = _withoutNonSigners(table, numOperators, cert.nonSignerWitnesses);
        BN254.G1Point memory signers = table.info.aggregatePubkey;
        (bool valid,) = BN254.verifySignature(
            calculateCertificateDigest(cert.referenceTimestamp, cert.messageHash),
            signers.add(nonSigners.negate()),
            cert.apk,
            cert.signature
        );
        if (!valid) revert VerificationFailed();
    }

    /// @dev The weights without those of the witnesses, and the witnesses' aggregate key.
    function _withoutNonSigners(
        Table storage table,
        uint256 numOperators,
        BN254OperatorInfoWitness[] calldata witnesses
    ) private returns (uint256[] memory weights, BN254.G1Point memory key) {
        weights = table.info.totalWeights;
        for (uint256 i = 0; i < witnesses.length; ++i) {
            uint32 index = witnesses[i].operatorIndex;
            if (i > 0 && index <= witnesses[i - 1].operatorIndex) revert NonSignerIndicesNotSorted();
            if (index >= numOperators) revert InvalidOperatorIndex();
            BN254OperatorInfo memory info = _nonSigner(table, numOperators, witnesses[i]);
            key = key.add(info.pubkey);
            for (uint256 column = 0; column < weights.length; ++column) {
                weights[column] -= info.weights[column];
            }
        }
    }

    /// @dev The witness's operator: as remembered, or else proven and remembered from now on.
    function _nonSigner(Table storage table, uint256 numOperators, BN254OperatorInfoWitness calldata witness)
        private
        returns (BN254OperatorInfo memory info)
    {
        info = table.nonSigners[witness.operatorIndex];
        if (info.weights.length != 0) return info;
        info = witness.operatorInfo;
        bool included = OperatorInfoTree.includes(
            table.info.operatorInfoTreeRoot,
            numOperators,
            OperatorInfoTree.leafOf(info),
            witness.operatorIndex,
            witness.operatorInfoProof
        );
        if (!included) revert VerificationFailed();
        table.nonSigners[witness.operatorIndex] = info;
    }
}
