// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {IBN254CertificateVerifier, OperatorSet} from "../interfaces/IBN254CertificateVerifier.sol";
import {IOperatorTable} from "../interfaces/IOperatorTable.sol";
import {BN254} from "../libraries/BN254.sol";
import {OperatorInfoTree} from "../libraries/OperatorInfoTree.sol";

/// @title Operators, stakes and certificates for a local network
/// @notice Stands where EigenLayer's BN254CertificateVerifier stands on a public chain, and answers as it does. What
///         EigenLayer spreads over a key registrar, an allocation manager and a transporter is one contract here: its
///         owner registers operators with proof of possession, sets their weights, and publishes the result as a table.
/// @dev WARNING: the owner decides who has stake. Use it where that is the point: in tests and on local networks.
///
///      Everything that a table refers to is append-only: a key is an entry of `_keys`, an operator's weights from some
///      moment on are an entry of `_stakes`, and a table is a list of such entries. So a published table costs four
///      bytes per operator, and can't change.
contract OperatorTable is IOperatorTable, Ownable, EIP712 {
    using BN254 for BN254.G1Point;

    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    bytes32 public constant BN254_CERTIFICATE_TYPEHASH =
        keccak256("BN254Certificate(uint32 referenceTimestamp,bytes32 messageHash)");
    bytes32 public constant BN254_KEY_REGISTRATION_TYPEHASH =
        keccak256("BN254KeyRegistration(address operator,address avs,uint32 operatorSetId,bytes keyData)");

    /// @inheritdoc IBN254CertificateVerifier
    uint8 public constant OPERATOR_INFO_LEAF_SALT = OperatorInfoTree.LEAF_SALT;
    /// @inheritdoc IBN254CertificateVerifier
    uint8 public constant OPERATOR_TABLE_LEAF_SALT = 0x8e;

    uint256 private constant BASIS_POINTS = 10_000;
    /// @dev Six words: G1's X and Y, then G2's X and Y, imaginary parts first.
    uint256 private constant KEY_DATA_BYTES = 192;
    uint256 private constant SIGNATURE_BYTES = 64;
    /// @dev Keeps `publishTable` within a block of 30 million gas; each operator costs about 15,000 there.
    uint256 public constant MAX_OPERATORS = 1_024;

    // ── Storage ──────────────────────────────────────────────────────────────────────────────────────

    struct Key {
        address operator;
        BN254.G1Point pubkeyG1;
        BN254.G2Point pubkeyG2;
    }

    /// @dev What one operator weighs from some moment on.
    struct Stake {
        uint32 keyIndex;
        uint256[] weights;
    }

    struct Set {
        bool configured;
        uint32 maxStaleness;
        uint32 latestReferenceTimestamp;
        uint32 columns;
        address[] members;
        /// @dev 1 + the operator's place in `members`; zero if it is not a member.
        mapping(address operator => uint256) places;
        /// @dev A member's current entry in `_stakes`.
        mapping(address operator => uint32) stakeIndex;
    }

    struct Table {
        BN254OperatorSetInfo info;
        uint32[] stakeIndices;
        mapping(uint256 operatorIndex => BN254OperatorInfo) nonSigners;
    }

    Key[] private _keys;
    Stake[] private _stakes;
    mapping(bytes32 keyHash => address operator) private _keyOwners;
    mapping(bytes32 setKey => Set) private _sets;
    mapping(bytes32 setKey => mapping(uint32 referenceTimestamp => Table)) private _tables;

    constructor(address owner) Ownable(owner) EIP712("EigenLayer", "1") {}

    // ── Sets and operators (owner) ───────────────────────────────────────────────────────────────────

    /// @inheritdoc IOperatorTable
    function configureOperatorSet(OperatorSet calldata operatorSet, uint32 maxStaleness) external onlyOwner {
        Set storage set = _sets[_keyOf(operatorSet)];
        if (!set.configured) {
            set.configured = true;
            emit OperatorSetOwnerUpdated(operatorSet, owner());
        }
        set.maxStaleness = maxStaleness;
        emit MaxStalenessPeriodUpdated(operatorSet, maxStaleness);
    }

    /// @inheritdoc IOperatorTable
    function registerOperator(
        OperatorSet calldata operatorSet,
        address operator,
        bytes calldata keyData,
        bytes calldata signature,
        uint256[] calldata weights
    ) external onlyOwner {
        Set storage set = _configured(operatorSet);
        if (set.places[operator] != 0) revert OperatorAlreadyRegistered(operator);
        if (set.members.length == MAX_OPERATORS) revert TooManyOperators(MAX_OPERATORS);
        Key memory key = _provenKey(operatorSet, operator, keyData, signature);
        bytes32 keyHash = keccak256(keyData);
        if (_keyOwners[keyHash] != address(0)) revert KeyAlreadyRegistered(_keyOwners[keyHash]);

        _keyOwners[keyHash] = operator;
        _keys.push(key);
        if (set.members.length == 0) set.columns = uint32(weights.length);
        set.members.push(operator);
        set.places[operator] = set.members.length;
        emit OperatorRegistered(operatorSet, operator, key.pubkeyG1, key.pubkeyG2);
        _setWeights(operatorSet, set, operator, uint32(_keys.length - 1), weights);
    }

    /// @inheritdoc IOperatorTable
    function setWeights(OperatorSet calldata operatorSet, address operator, uint256[] calldata weights)
        external
        onlyOwner
    {
        Set storage set = _configured(operatorSet);
        if (set.places[operator] == 0) revert OperatorNotRegistered(operator);
        _setWeights(operatorSet, set, operator, _stakes[set.stakeIndex[operator]].keyIndex, weights);
    }

    /// @inheritdoc IOperatorTable
    function deregisterOperator(OperatorSet calldata operatorSet, address operator) external onlyOwner {
        Set storage set = _configured(operatorSet);
        uint256 place = set.places[operator];
        if (place == 0) revert OperatorNotRegistered(operator);
        address last = set.members[set.members.length - 1];
        set.members[place - 1] = last;
        set.places[last] = place;
        set.members.pop();
        delete set.places[operator];
        delete set.stakeIndex[operator];
        emit OperatorDeregistered(operatorSet, operator);
    }

    /// @inheritdoc IOperatorTable
    function publishTable(OperatorSet calldata operatorSet) external onlyOwner returns (uint32 referenceTimestamp) {
        bytes32 setKey = _keyOf(operatorSet);
        Set storage set = _configured(operatorSet);
        referenceTimestamp = uint32(block.timestamp);
        if (referenceTimestamp <= set.latestReferenceTimestamp) revert TableUpdateStale();

        set.latestReferenceTimestamp = referenceTimestamp;
        Table storage table = _tables[setKey][referenceTimestamp];
        table.info = _snapshot(operatorSet, set, table.stakeIndices);
        emit TableUpdated(operatorSet, referenceTimestamp, table.info);
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

    /// @inheritdoc IOperatorTable
    function getOperatorTable(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (OperatorEntry[] memory entries)
    {
        Table storage table = _tables[_keyOf(operatorSet)][referenceTimestamp];
        if (table.info.numOperators == 0) revert ReferenceTimestampDoesNotExist();
        entries = new OperatorEntry[](table.stakeIndices.length);
        for (uint256 i = 0; i < entries.length; ++i) {
            Stake storage stake = _stakes[table.stakeIndices[i]];
            Key storage key = _keys[stake.keyIndex];
            entries[i] = OperatorEntry(key.operator, key.pubkeyG1, key.pubkeyG2, stake.weights);
        }
    }

    /// @inheritdoc IOperatorTable
    function getOperators(OperatorSet calldata operatorSet) external view returns (address[] memory) {
        return _sets[_keyOf(operatorSet)].members;
    }

    /// @inheritdoc IOperatorTable
    function getWeights(OperatorSet calldata operatorSet, address operator) external view returns (uint256[] memory) {
        Set storage set = _sets[_keyOf(operatorSet)];
        if (set.places[operator] == 0) revert OperatorNotRegistered(operator);
        return _stakes[set.stakeIndex[operator]].weights;
    }

    /// @inheritdoc IOperatorTable
    function calculateKeyRegistrationDigest(OperatorSet calldata operatorSet, address operator, bytes calldata keyData)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(
            keccak256(
                abi.encode(
                    BN254_KEY_REGISTRATION_TYPEHASH, operator, operatorSet.avs, operatorSet.id, keccak256(keyData)
                )
            )
        );
    }

    /// @inheritdoc IBN254CertificateVerifier
    /// @dev This contract alone makes tables.
    function operatorTableUpdater() external view returns (address) {
        return address(this);
    }

    /// @inheritdoc IBN254CertificateVerifier
    function latestReferenceTimestamp(OperatorSet calldata operatorSet) external view returns (uint32) {
        return _sets[_keyOf(operatorSet)].latestReferenceTimestamp;
    }

    /// @inheritdoc IBN254CertificateVerifier
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

    /// @inheritdoc IBN254CertificateVerifier
    function getTotalStakeWeights(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (uint256[] memory)
    {
        return _tables[_keyOf(operatorSet)][referenceTimestamp].info.totalWeights;
    }

    /// @inheritdoc IBN254CertificateVerifier
    function getOperatorCount(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (uint256)
    {
        return _tables[_keyOf(operatorSet)][referenceTimestamp].info.numOperators;
    }

    /// @inheritdoc IBN254CertificateVerifier
    function getOperatorSetOwner(OperatorSet calldata operatorSet) external view returns (address) {
        return _sets[_keyOf(operatorSet)].configured ? owner() : address(0);
    }

    /// @inheritdoc IBN254CertificateVerifier
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

    /// @inheritdoc IBN254CertificateVerifier
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

    // ── Internals ────────────────────────────────────────────────────────────────────────────────────

    /// @dev EigenLayer's 32-byte name of an operator set.
    function _keyOf(OperatorSet calldata operatorSet) private pure returns (bytes32) {
        return bytes32(abi.encodePacked(operatorSet.avs, uint96(operatorSet.id)));
    }

    function _configured(OperatorSet calldata operatorSet) private view returns (Set storage set) {
        set = _sets[_keyOf(operatorSet)];
        if (!set.configured) revert OperatorSetNotConfigured(operatorSet.avs, operatorSet.id);
    }

    /// @dev The key in `keyData`, whose holder signed this very registration. One gamma check shows both that the
    ///      signer has the secret, without which a rogue key could cancel the others out of an aggregate, and that the
    ///      halves in G1 and G2 belong together.
    function _provenKey(
        OperatorSet calldata operatorSet,
        address operator,
        bytes calldata keyData,
        bytes calldata signature
    ) private view returns (Key memory key) {
        if (operator == address(0)) revert ZeroAddress();
        if (keyData.length != KEY_DATA_BYTES) revert InvalidLength(KEY_DATA_BYTES, keyData.length);
        if (signature.length != SIGNATURE_BYTES) revert InvalidLength(SIGNATURE_BYTES, signature.length);
        key.operator = operator;
        (key.pubkeyG1, key.pubkeyG2) = abi.decode(keyData, (BN254.G1Point, BN254.G2Point));
        if (key.pubkeyG1.isIdentity()) revert InvalidProofOfPossession(operator);
        bytes32 digest = calculateKeyRegistrationDigest(operatorSet, operator, keyData);
        (bool valid,) =
            BN254.verifySignature(digest, key.pubkeyG1, key.pubkeyG2, abi.decode(signature, (BN254.G1Point)));
        if (!valid) revert InvalidProofOfPossession(operator);
    }

    function _setWeights(
        OperatorSet calldata operatorSet,
        Set storage set,
        address operator,
        uint32 keyIndex,
        uint256[] calldata weights
    ) private {
        if (weights.length == 0 || weights.length != set.columns) {
            revert WeightColumnsMismatch(set.columns, weights.length);
        }
        _stakes.push(Stake(keyIndex, weights));
        set.stakeIndex[operator] = uint32(_stakes.length - 1);
        emit OperatorWeightsSet(operatorSet, operator, weights);
    }

    /// @dev The table of the members that have any weight, in the order of `members`. Fills `stakeIndices` on the way.
    function _snapshot(OperatorSet calldata operatorSet, Set storage set, uint32[] storage stakeIndices)
        private
        returns (BN254OperatorSetInfo memory info)
    {
        bytes32[] memory leaves = new bytes32[](set.members.length);
        info.totalWeights = new uint256[](set.columns);
        for (uint256 i = 0; i < set.members.length; ++i) {
            uint32 stakeIndex = set.stakeIndex[set.members[i]];
            uint256[] memory weights = _stakes[stakeIndex].weights;
            if (!_addTo(info.totalWeights, weights)) continue;
            BN254.G1Point memory pubkey = _keys[_stakes[stakeIndex].keyIndex].pubkeyG1;
            leaves[info.numOperators++] = OperatorInfoTree.leafOf(BN254OperatorInfo(pubkey, weights));
            info.aggregatePubkey = info.aggregatePubkey.add(pubkey);
            stakeIndices.push(stakeIndex);
        }
        if (info.numOperators == 0) revert NoStake(operatorSet.avs, operatorSet.id);
        bytes32[] memory used = new bytes32[](info.numOperators);
        for (uint256 i = 0; i < used.length; ++i) {
            used[i] = leaves[i];
        }
        info.operatorInfoTreeRoot = OperatorInfoTree.rootOf(used);
    }

    /// @dev Adds the weights to the totals; false if they are all zero.
    function _addTo(uint256[] memory totals, uint256[] memory weights) private pure returns (bool any) {
        for (uint256 column = 0; column < weights.length; ++column) {
            totals[column] += weights[column];
            any = any || weights[column] != 0;
        }
    }

    /// @dev The checks in the order of EigenLayer's verifier: freshness, table, each witness, the signature.
    function _verify(OperatorSet calldata operatorSet, BN254Certificate calldata cert)
        private
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
