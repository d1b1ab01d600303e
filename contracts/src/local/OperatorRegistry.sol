// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {OperatorSet} from "../interfaces/IBN254CertificateVerifier.sol";
import {IKeyRegistrar} from "../interfaces/IKeyRegistrar.sol";
import {IOperatorTable} from "../interfaces/IOperatorTable.sol";
import {BN254} from "../libraries/BN254.sol";
import {OperatorInfoTree} from "../libraries/OperatorInfoTree.sol";

/// @title Who the operators are, what they weigh, and the tables published of it
/// @notice What EigenLayer spreads over a key registrar, an allocation manager and a transporter is one owner here.
/// @dev Everything that a table refers to is append-only: a key is an entry of `_keys`, an operator's weights from some
///      moment on are an entry of `_stakes`, and a table is a list of such entries. So a published table costs four
///      bytes per operator, and can't change.
abstract contract OperatorRegistry is IOperatorTable, Ownable, EIP712 {
    using BN254 for BN254.G1Point;

    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    bytes32 public constant BN254_KEY_REGISTRATION_TYPEHASH =
        keccak256("BN254KeyRegistration(address operator,address avs,uint32 operatorSetId,bytes keyData)");

    /// @dev Six words: G1's X and Y, then G2's X and Y, imaginary parts first.
    uint256 private constant KEY_DATA_BYTES = 192;
    uint256 private constant SIGNATURE_BYTES = 64;
    uint256 private constant G1_BYTES = 64;
    /// @notice Keeps `publishTable`, some 29,000 gas for each, within what one transaction may use (EIP-7825: 2^24).
    uint256 public constant MAX_OPERATORS = 512;

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

    Key[] internal _keys;
    Stake[] internal _stakes;
    mapping(bytes32 keyHash => address operator) internal _keyOwners;
    mapping(bytes32 setKey => Set) internal _sets;
    mapping(bytes32 setKey => mapping(uint32 referenceTimestamp => Table)) internal _tables;

    constructor(address owner_) Ownable(owner_) EIP712("EigenLayer", "1") {}

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
        bytes32 keyHash = _hashOf(key.pubkeyG1);
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

    /// @inheritdoc IKeyRegistrar
    function getOperatorFromSigningKey(OperatorSet calldata operatorSet, bytes calldata keyData)
        external
        view
        returns (address operator, bool registered)
    {
        Set storage set = _configured(operatorSet);
        if (keyData.length < G1_BYTES) revert InvalidLength(G1_BYTES, keyData.length);
        operator = _keyOwners[_hashOf(abi.decode(keyData, (BN254.G1Point)))];
        registered = set.places[operator] != 0;
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

    // ── Internals ────────────────────────────────────────────────────────────────────────────────────

    /// @dev EigenLayer's 32-byte name of an operator set.
    function _keyOf(OperatorSet calldata operatorSet) internal pure returns (bytes32) {
        return bytes32(abi.encodePacked(operatorSet.avs, uint96(operatorSet.id)));
    }

    /// @dev A key is known by its half in G1, to which the proof of possession ties the one half in G2.
    function _hashOf(BN254.G1Point memory pubkeyG1) private pure returns (bytes32) {
        return keccak256(abi.encode(pubkeyG1));
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
}
