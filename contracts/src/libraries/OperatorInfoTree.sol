// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifierTypes} from "../interfaces/IBN254CertificateVerifier.sol";

/// @title The Merkle tree over an operator table
/// @notice keccak256 of pairs, over the leaves in index order, padded with zero words to the next power of two. A proof
///         is the siblings' concatenation from the leaf up; a tree of one leaf is that leaf, and its proof is empty.
library OperatorInfoTree {
    /// @notice A proof is not made of whole words: it is the siblings' concatenation.
    error InvalidProofLength();
    /// @notice A tree needs at least one leaf: give some operator weight first.
    error NoLeaves();

    /// @notice Sets a leaf's preimage apart from an inner node's.
    uint8 internal constant LEAF_SALT = 0x75;
    uint256 private constant WORD = 32;

    function leafOf(IBN254CertificateVerifierTypes.BN254OperatorInfo memory info) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(LEAF_SALT, abi.encode(info)));
    }

    /// @notice How many siblings a proof in a tree of this many leaves has.
    function depthOf(uint256 leafCount) internal pure returns (uint256 depth) {
        while ((uint256(1) << depth) < leafCount) ++depth;
    }

    /// @notice The root over these leaves.
    function rootOf(bytes32[] memory leaves) internal pure returns (bytes32) {
        if (leaves.length == 0) revert NoLeaves();
        uint256 width = uint256(1) << depthOf(leaves.length);
        bytes32[] memory nodes = new bytes32[](width);
        for (uint256 i = 0; i < leaves.length; ++i) {
            nodes[i] = leaves[i];
        }
        for (; width > 1; width /= 2) {
            for (uint256 i = 0; i < width / 2; ++i) {
                nodes[i] = _parentOf(nodes[2 * i], nodes[2 * i + 1]);
            }
        }
        return nodes[0];
    }

    /// @notice Whether `proof` shows that `leaf` stands at `index` among `leafCount` leaves under `root`. The proof must
    ///         have exactly as many siblings as the tree is deep, so that nothing but a leaf passes for one.
    function includes(bytes32 root, uint256 leafCount, bytes32 leaf, uint256 index, bytes calldata proof)
        internal
        pure
        returns (bool)
    {
        if (proof.length % WORD != 0) revert InvalidProofLength();
        if (index >= leafCount || proof.length != depthOf(leafCount) * WORD) return false;
        bytes32 node = leaf;
        for (uint256 offset = 0; offset < proof.length; offset += WORD) {
            bytes32 sibling = bytes32(proof[offset:offset + WORD]);
            node = index % 2 == 0 ? _parentOf(node, sibling) : _parentOf(sibling, node);
            index /= 2;
        }
        return node == root;
    }

    function _parentOf(bytes32 left, bytes32 right) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(left, right));
    }
}
