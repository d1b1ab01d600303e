// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {IBN254CertificateVerifierTypes} from "../../interfaces/IBN254CertificateVerifier.sol";
import {OperatorSet} from "../../interfaces/ICertificateVerifier.sol";
import {BN254} from "../../libraries/BN254.sol";
import {OperatorInfoTree} from "../../libraries/OperatorInfoTree.sol";
import {
    IAllocationManagerReads,
    IBN254TableCalculator,
    ICrossChainRegistryReads,
    IKeyRegistrarReads
} from "./ILocalCore.sol";

/// @title EigenLayer's core for a local network: members, keys and weights, as its owner says
/// @notice Answers what is read of the allocation manager, the key registrar, the cross-chain registry and a table
///         calculator, as those answer. In one contract, since nothing here tells them apart but their addresses.
contract LocalCore is
    IAllocationManagerReads,
    IKeyRegistrarReads,
    ICrossChainRegistryReads,
    IBN254TableCalculator,
    Ownable
{
    using BN254 for BN254.G1Point;

    // ── Storage ──────────────────────────────────────────────────────────────────────────────────────

    uint256 private constant AVS_SHIFT = 96;

    struct Member {
        BN254.G1Point g1;
        BN254.G2Point g2;
        address ecdsaKey;
        uint256[] weights;
    }

    mapping(bytes32 setKey => uint8) private _curves;
    mapping(bytes32 setKey => address[]) private _members;
    mapping(bytes32 setKey => mapping(address operator => Member)) private _rows;
    mapping(bytes32 setKey => mapping(address ecdsaKey => address operator)) private _holders;

    /// @notice There is nobody with weight and key: a table needs an operator.
    error NobodyToTable();

    constructor(address owner_) Ownable(owner_) {}

    // ── What the owner says ──────────────────────────────────────────────────────────────────────────

    /// @notice On which curve the set signs.
    function setCurve(OperatorSet calldata operatorSet, uint8 curve) external onlyOwner {
        _curves[_keyOf(operatorSet)] = curve;
    }

    /// @notice Who is in the set, in this order.
    function setMembers(OperatorSet calldata operatorSet, address[] calldata operators) external onlyOwner {
        _members[_keyOf(operatorSet)] = operators;
    }

    /// @notice A member's key and weights; zero points for no key. Nothing is proven here.
    function setMember(
        OperatorSet calldata operatorSet,
        address operator,
        BN254.G1Point calldata g1,
        BN254.G2Point calldata g2,
        address ecdsaKey,
        uint256[] calldata weights
    ) external onlyOwner {
        _rows[_keyOf(operatorSet)][operator] = Member(g1, g2, ecdsaKey, weights);
        if (ecdsaKey != address(0)) _holders[_keyOf(operatorSet)][ecdsaKey] = operator;
    }

    // ── Reads ────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IAllocationManagerReads
    function getMembers(OperatorSet calldata operatorSet) external view returns (address[] memory) {
        return _members[_keyOf(operatorSet)];
    }

    /// @inheritdoc IKeyRegistrarReads
    function getOperatorSetCurveType(OperatorSet calldata operatorSet) external view returns (uint8) {
        return _curves[_keyOf(operatorSet)];
    }

    /// @inheritdoc IKeyRegistrarReads
    function getBN254Key(OperatorSet calldata operatorSet, address operator)
        external
        view
        returns (BN254.G1Point memory g1Point, BN254.G2Point memory g2Point)
    {
        Member storage member = _rows[_keyOf(operatorSet)][operator];
        return (member.g1, member.g2);
    }

    /// @inheritdoc IKeyRegistrarReads
    function getECDSAAddress(OperatorSet calldata operatorSet, address operator) external view returns (address) {
        return _rows[_keyOf(operatorSet)][operator].ecdsaKey;
    }

    /// @inheritdoc IKeyRegistrarReads
    /// @dev Of ECDSA sets only: nobody here asks for a BN254 key's operator.
    function getOperatorFromSigningKey(OperatorSet calldata operatorSet, bytes calldata keyData)
        external
        view
        returns (address operator, bool registered)
    {
        bytes32 key = _keyOf(operatorSet);
        address ecdsaKey = address(bytes20(keyData));
        operator = _holders[key][ecdsaKey];
        registered = operator != address(0) && _rows[key][operator].ecdsaKey == ecdsaKey;
    }

    /// @inheritdoc ICrossChainRegistryReads
    function getOperatorTableCalculator(OperatorSet calldata) external view returns (address) {
        return address(this);
    }

    /// @notice The members that have weight, in the allocation manager's order; whether they have a key is not asked here.
    function getOperatorSetWeights(OperatorSet calldata operatorSet)
        public
        view
        returns (address[] memory operators, uint256[][] memory weights)
    {
        bytes32 key = _keyOf(operatorSet);
        address[] memory members = _members[key];
        operators = new address[](members.length);
        weights = new uint256[][](members.length);
        uint256 count = 0;
        for (uint256 i = 0; i < members.length; ++i) {
            uint256[] memory row = _rows[key][members[i]].weights;
            if (_isZero(row)) continue;
            operators[count] = members[i];
            weights[count] = row;
            ++count;
        }
        assembly ("memory-safe") {
            // Shorter than they were made: the rest is left behind.
            mstore(operators, count)
            mstore(weights, count)
        }
    }

    /// @inheritdoc IBN254TableCalculator
    /// @dev Members without a key are left out, and those behind them move up: an index is a place in this table, not in
    ///      the allocation manager's list.
    function calculateOperatorTable(OperatorSet calldata operatorSet)
        external
        view
        returns (IBN254CertificateVerifierTypes.BN254OperatorSetInfo memory info)
    {
        (address[] memory operators, uint256[][] memory weights) = getOperatorSetWeights(operatorSet);
        bytes32[] memory leaves = new bytes32[](operators.length);
        uint256 count = 0;
        for (uint256 i = 0; i < operators.length; ++i) {
            BN254.G1Point memory key = _rows[_keyOf(operatorSet)][operators[i]].g1;
            if (key.X == 0 && key.Y == 0) continue;
            if (count == 0) info.totalWeights = new uint256[](weights[i].length);
            for (uint256 column = 0; column < weights[i].length; ++column) {
                info.totalWeights[column] += weights[i][column];
            }
            info.aggregatePubkey = info.aggregatePubkey.add(key);
            leaves[count] = OperatorInfoTree.leafOf(IBN254CertificateVerifierTypes.BN254OperatorInfo(key, weights[i]));
            ++count;
        }
        if (count == 0) revert NobodyToTable();
        assembly ("memory-safe") {
            mstore(leaves, count)
        }
        info.numOperators = count;
        info.operatorInfoTreeRoot = OperatorInfoTree.rootOf(leaves);
    }

    // ── Internals ────────────────────────────────────────────────────────────────────────────────────

    function _isZero(uint256[] memory row) private pure returns (bool) {
        for (uint256 column = 0; column < row.length; ++column) {
            if (row[column] != 0) return false;
        }
        return true;
    }

    function _keyOf(OperatorSet calldata operatorSet) private pure returns (bytes32) {
        return bytes32(uint256(uint160(operatorSet.avs)) << AVS_SHIFT | operatorSet.id);
    }
}
