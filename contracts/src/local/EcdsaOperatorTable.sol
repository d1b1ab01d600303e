// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {ICertificateVerifier, OperatorSet} from "../interfaces/ICertificateVerifier.sol";
import {IECDSACertificateVerifier} from "../interfaces/IECDSACertificateVerifier.sol";
import {IEcdsaOperatorTable} from "../interfaces/IEcdsaOperatorTable.sol";
import {IKeyRegistrar} from "../interfaces/IKeyRegistrar.sol";

/// @title Operators with ECDSA keys, stakes and certificates for a local network
/// @notice Stands where EigenLayer's ECDSACertificateVerifier stands on a public chain, and answers as it does.
/// @dev WARNING: the owner decides who has stake. Use it where that is the point: in tests and on local networks.
///      A key is what a signature recovers to, here as there: a contract's own signatures (ERC-1271) are none.
contract EcdsaOperatorTable is IEcdsaOperatorTable, Ownable {
    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    bytes32 public constant ECDSA_CERTIFICATE_TYPEHASH =
        keccak256("ECDSACertificate(uint32 referenceTimestamp,bytes32 messageHash)");

    /// @notice Keeps `publishTable`, some 125,000 gas for each, within what one transaction may use (EIP-7825: 2^24).
    uint256 public constant MAX_OPERATORS = 128;

    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,address verifyingContract)");
    bytes32 private constant DOMAIN_NAME = keccak256("EigenLayer");
    bytes32 private constant DOMAIN_VERSION = keccak256("1");

    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant SIGNATURE_BYTES = 65;
    uint256 private constant KEY_BYTES = 20;
    uint256 private constant WORD = 32;

    // ── Storage ──────────────────────────────────────────────────────────────────────────────────────

    struct Set {
        bool configured;
        uint32 maxStaleness;
        uint32 latestReferenceTimestamp;
    }

    struct Table {
        EcdsaOperatorEntry[] entries;
        uint256[] totalWeights;
        /// @dev 1 + the row of a key; zero if the table does not have it.
        mapping(address key => uint256) places;
        mapping(address operator => bool) has;
    }

    mapping(bytes32 setKey => Set) private _sets;
    mapping(bytes32 setKey => mapping(uint32 referenceTimestamp => Table)) private _tables;
    mapping(address key => address operator) private _keyOwners;

    constructor(address owner_) Ownable(owner_) {}

    // ── Tables (owner) ───────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IEcdsaOperatorTable
    function configureOperatorSet(OperatorSet calldata operatorSet, uint32 maxStaleness) external onlyOwner {
        Set storage set = _sets[_keyOf(operatorSet)];
        if (!set.configured) {
            set.configured = true;
            emit OperatorSetOwnerUpdated(operatorSet, owner());
        }
        set.maxStaleness = maxStaleness;
        emit MaxStalenessPeriodUpdated(operatorSet, maxStaleness);
    }

    /// @inheritdoc IEcdsaOperatorTable
    function publishTable(OperatorSet calldata operatorSet, EcdsaOperatorEntry[] calldata entries)
        external
        onlyOwner
        returns (uint32 referenceTimestamp)
    {
        bytes32 setKey = _keyOf(operatorSet);
        Set storage set = _sets[setKey];
        if (!set.configured) revert OperatorSetNotConfigured(operatorSet.avs, operatorSet.id);
        referenceTimestamp = uint32(block.timestamp);
        if (referenceTimestamp <= set.latestReferenceTimestamp) revert TableUpdateStale();
        if (entries.length == 0 || entries.length > MAX_OPERATORS) {
            revert OperatorCountOutOfRange(MAX_OPERATORS, entries.length);
        }
        set.latestReferenceTimestamp = referenceTimestamp;
        Table storage table = _tables[setKey][referenceTimestamp];
        table.totalWeights = new uint256[](entries[0].weights.length);
        for (uint256 i = 0; i < entries.length; ++i) {
            _append(table, entries[i]);
        }
        emit TableUpdated(operatorSet, referenceTimestamp, _infos(table));
    }

    /// @inheritdoc IECDSACertificateVerifier
    /// @dev The owner publishes tables; nobody hands one in.
    function updateOperatorTable(OperatorSet calldata, uint32, ECDSAOperatorInfo[] calldata, OperatorSetConfig calldata)
        external
        pure
    {
        revert OnlyTableUpdater();
    }

    // ── Verification ─────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IECDSACertificateVerifier
    function verifyCertificate(OperatorSet calldata operatorSet, ECDSACertificate calldata cert)
        external
        view
        returns (uint256[] memory signedStakes, address[] memory signers)
    {
        return _verify(operatorSet, cert);
    }

    /// @inheritdoc IECDSACertificateVerifier
    function verifyCertificateProportion(
        OperatorSet calldata operatorSet,
        ECDSACertificate calldata cert,
        uint16[] calldata totalStakeProportionThresholds
    ) external view returns (bool reached, address[] memory signers) {
        uint256[] memory signed;
        (signed, signers) = _verify(operatorSet, cert);
        uint256[] storage total = _tables[_keyOf(operatorSet)][cert.referenceTimestamp].totalWeights;
        if (signed.length != totalStakeProportionThresholds.length) revert ArrayLengthMismatch();
        for (uint256 i = 0; i < signed.length; ++i) {
            if (signed[i] < total[i] * totalStakeProportionThresholds[i] / BASIS_POINTS) return (false, signers);
        }
        return (true, signers);
    }

    /// @inheritdoc IECDSACertificateVerifier
    function verifyCertificateNominal(
        OperatorSet calldata operatorSet,
        ECDSACertificate calldata cert,
        uint256[] calldata totalStakeNominalThresholds
    ) external view returns (bool reached, address[] memory signers) {
        uint256[] memory signed;
        (signed, signers) = _verify(operatorSet, cert);
        if (signed.length != totalStakeNominalThresholds.length) revert ArrayLengthMismatch();
        for (uint256 i = 0; i < signed.length; ++i) {
            if (signed[i] < totalStakeNominalThresholds[i]) return (false, signers);
        }
        return (true, signers);
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
        return _tables[_keyOf(operatorSet)][referenceTimestamp].entries.length != 0;
    }

    /// @inheritdoc ICertificateVerifier
    function getTotalStakeWeights(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (uint256[] memory)
    {
        Table storage table = _tables[_keyOf(operatorSet)][referenceTimestamp];
        if (table.entries.length == 0) revert OperatorCountZero();
        return table.totalWeights;
    }

    /// @inheritdoc ICertificateVerifier
    function getOperatorCount(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (uint256)
    {
        return _tables[_keyOf(operatorSet)][referenceTimestamp].entries.length;
    }

    /// @inheritdoc ICertificateVerifier
    function getOperatorSetOwner(OperatorSet calldata operatorSet) external view returns (address) {
        return _sets[_keyOf(operatorSet)].configured ? owner() : address(0);
    }

    /// @inheritdoc ICertificateVerifier
    function maxOperatorTableStaleness(OperatorSet calldata operatorSet) external view returns (uint32) {
        return _sets[_keyOf(operatorSet)].maxStaleness;
    }

    /// @inheritdoc IECDSACertificateVerifier
    function getOperatorInfos(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (ECDSAOperatorInfo[] memory)
    {
        return _infos(_tables[_keyOf(operatorSet)][referenceTimestamp]);
    }

    /// @inheritdoc IECDSACertificateVerifier
    function getOperatorInfo(OperatorSet calldata operatorSet, uint32 referenceTimestamp, uint256 operatorIndex)
        external
        view
        returns (ECDSAOperatorInfo memory)
    {
        EcdsaOperatorEntry[] storage entries = _tables[_keyOf(operatorSet)][referenceTimestamp].entries;
        if (operatorIndex >= entries.length) revert IndexOutOfBounds();
        return ECDSAOperatorInfo(entries[operatorIndex].key, entries[operatorIndex].weights);
    }

    /// @inheritdoc IEcdsaOperatorTable
    function getOperatorTable(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (EcdsaOperatorEntry[] memory entries)
    {
        entries = _tables[_keyOf(operatorSet)][referenceTimestamp].entries;
        if (entries.length == 0) revert ReferenceTimestampDoesNotExist();
    }

    /// @inheritdoc IKeyRegistrar
    /// @dev Registered with a set is whom its newest table has.
    function getOperatorFromSigningKey(OperatorSet calldata operatorSet, bytes calldata keyData)
        external
        view
        returns (address operator, bool registered)
    {
        if (keyData.length != KEY_BYTES) revert InvalidLength(KEY_BYTES, keyData.length);
        bytes32 setKey = _keyOf(operatorSet);
        address key = address(bytes20(keyData));
        operator = _keyOwners[key];
        registered = _tables[setKey][_sets[setKey].latestReferenceTimestamp].places[key] != 0;
    }

    // ── Formats ──────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ICertificateVerifier
    function calculateCertificateDigest(uint32 referenceTimestamp, bytes32 messageHash) public view returns (bytes32) {
        return keccak256(calculateCertificateDigestBytes(referenceTimestamp, messageHash));
    }

    /// @inheritdoc IECDSACertificateVerifier
    function calculateCertificateDigestBytes(uint32 referenceTimestamp, bytes32 messageHash)
        public
        view
        returns (bytes memory)
    {
        bytes32 structHash = keccak256(abi.encode(ECDSA_CERTIFICATE_TYPEHASH, referenceTimestamp, messageHash));
        return abi.encodePacked(hex"1901", domainSeparator(), structHash);
    }

    /// @inheritdoc IECDSACertificateVerifier
    function domainSeparator() public view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, DOMAIN_NAME, DOMAIN_VERSION, address(this)));
    }

    /// @inheritdoc IECDSACertificateVerifier
    /// @dev The domain has its first digit.
    function version() external pure returns (string memory) {
        return "1.0.0";
    }

    // ── Internals ────────────────────────────────────────────────────────────────────────────────────

    /// @dev EigenLayer's 32-byte name of an operator set.
    function _keyOf(OperatorSet calldata operatorSet) private pure returns (bytes32) {
        return bytes32(abi.encodePacked(operatorSet.avs, uint96(operatorSet.id)));
    }

    function _append(Table storage table, EcdsaOperatorEntry calldata entry) private {
        if (entry.operator == address(0) || entry.key == address(0)) revert ZeroAddress();
        if (table.has[entry.operator]) revert RepeatedInTable(entry.operator);
        if (table.places[entry.key] != 0) revert RepeatedInTable(entry.key);
        address keyOwner = _keyOwners[entry.key];
        if (keyOwner == address(0)) _keyOwners[entry.key] = entry.operator;
        else if (keyOwner != entry.operator) revert KeyAlreadyRegistered(keyOwner);
        uint256 columns = table.totalWeights.length;
        if (columns == 0 || entry.weights.length != columns) {
            revert WeightColumnsMismatch(columns, entry.weights.length);
        }
        table.entries.push(entry);
        table.places[entry.key] = table.entries.length;
        table.has[entry.operator] = true;
        for (uint256 column = 0; column < columns; ++column) {
            table.totalWeights[column] += entry.weights[column];
        }
    }

    function _infos(Table storage table) private view returns (ECDSAOperatorInfo[] memory infos) {
        infos = new ECDSAOperatorInfo[](table.entries.length);
        for (uint256 i = 0; i < infos.length; ++i) {
            infos[i] = ECDSAOperatorInfo(table.entries[i].key, table.entries[i].weights);
        }
    }

    /// @dev The checks in the order of EigenLayer's verifier: freshness, table, the signatures and their order, who signed.
    function _verify(OperatorSet calldata operatorSet, ECDSACertificate calldata cert)
        private
        view
        returns (uint256[] memory signedStakes, address[] memory signers)
    {
        bytes32 setKey = _keyOf(operatorSet);
        uint256 maxStaleness = _sets[setKey].maxStaleness;
        if (maxStaleness != 0 && block.timestamp > cert.referenceTimestamp + maxStaleness) revert CertificateStale();
        Table storage table = _tables[setKey][cert.referenceTimestamp];
        if (table.entries.length == 0) revert ReferenceTimestampDoesNotExist();

        signers = _signersOf(calculateCertificateDigest(cert.referenceTimestamp, cert.messageHash), cert.sig);
        signedStakes = new uint256[](table.totalWeights.length);
        for (uint256 i = 0; i < signers.length; ++i) {
            uint256 place = table.places[signers[i]];
            if (place == 0) revert VerificationFailed();
            uint256[] storage weights = table.entries[place - 1].weights;
            for (uint256 column = 0; column < signedStakes.length; ++column) {
                signedStakes[column] += weights[column];
            }
        }
    }

    /// @dev Strictly rising, so that nobody counts twice.
    function _signersOf(bytes32 digest, bytes calldata signatures) private pure returns (address[] memory signers) {
        if (signatures.length == 0 || signatures.length % SIGNATURE_BYTES != 0) revert InvalidSignatureLength();
        signers = new address[](signatures.length / SIGNATURE_BYTES);
        for (uint256 i = 0; i < signers.length; ++i) {
            bytes calldata signature = signatures[i * SIGNATURE_BYTES:(i + 1) * SIGNATURE_BYTES];
            bytes32 r = bytes32(signature[:WORD]);
            bytes32 s = bytes32(signature[WORD:2 * WORD]);
            (address signer, ECDSA.RecoverError refusal,) = ECDSA.tryRecover(digest, uint8(signature[2 * WORD]), r, s);
            if (refusal != ECDSA.RecoverError.NoError) revert InvalidSignature();
            if (i != 0 && signer <= signers[i - 1]) revert SignersNotOrdered();
            signers[i] = signer;
        }
    }
}
