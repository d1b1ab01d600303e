// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BN254} from "../../src/libraries/BN254.sol";
import {OperatorInfoTree} from "../../src/libraries/OperatorInfoTree.sol";
import {MultiplesOfG2} from "../support/MultiplesOfG2.sol";
import {Test} from "../support/Test.sol";

/// @dev Makes the library's reverts visible to `expectRevert`.
contract Curve {
    function add(BN254.G1Point memory a, BN254.G1Point memory b) external view returns (BN254.G1Point memory) {
        return BN254.add(a, b);
    }

    function mul(BN254.G1Point memory a, uint256 scalar) external view returns (BN254.G1Point memory) {
        return BN254.mul(a, scalar);
    }

    function rootOf(bytes32[] memory leaves) external pure returns (bytes32) {
        return OperatorInfoTree.rootOf(leaves);
    }

    function includes(bytes32 root, uint256 count, bytes32 leaf, uint256 index, bytes calldata proof)
        external
        pure
        returns (bool)
    {
        return OperatorInfoTree.includes(root, count, leaf, index, proof);
    }
}

contract BN254Test is Test {
    string private constant HASHES = "../tests/conformance/data/bn254_hash_to_g1_try_and_increment.json";
    string private constant TREES = "../tests/conformance/data/operator_info_tree.json";

    Curve private curve = new Curve();

    function test_hashToG1_givesTheVectorsPoints() external view {
        string memory json = vm.readFile(HASHES);
        uint256 count = 0;
        for (string memory here = ".cases[0]"; vm.keyExistsJson(json, here); here = _element(".cases", count)) {
            BN254.G1Point memory point = BN254.hashToG1(vm.parseJsonBytes32(json, string.concat(here, ".hash")));
            vm.assertEq(point.X, vm.parseJsonUint(json, string.concat(here, ".x")), here);
            vm.assertEq(point.Y, vm.parseJsonUint(json, string.concat(here, ".y")), here);
            ++count;
        }
        vm.assertEq(count, 13, "vectors");
    }

    function testFuzz_hashToG1_isOnTheCurve(bytes32 digest) external view {
        BN254.G1Point memory point = BN254.hashToG1(digest);
        vm.assertTrue(BN254.isOnCurve(point) && !BN254.isIdentity(point), "a point");
    }

    function testFuzz_mul_distributesOverAdd(uint256 a, uint256 b) external view {
        BN254.G1Point memory g = BN254.generatorG1();
        a = a % BN254.GROUP_ORDER;
        b = b % BN254.GROUP_ORDER;
        BN254.G1Point memory sum = BN254.add(BN254.mul(g, a), BN254.mul(g, b));
        BN254.G1Point memory expected = BN254.mul(g, addmod(a, b, BN254.GROUP_ORDER));
        vm.assertEq(abi.encode(sum), abi.encode(expected), "aG + bG = (a+b)G");
    }

    function testFuzz_negate_givesTheInverse(uint256 scalar) external view {
        BN254.G1Point memory point = BN254.mul(BN254.generatorG1(), scalar);
        vm.assertTrue(BN254.isIdentity(BN254.add(point, BN254.negate(point))), "P - P = 0");
    }

    function testFuzz_add_refusesPointsOffTheCurveCheaply(uint256 x, uint256 y) external {
        BN254.G1Point memory off = BN254.G1Point(x, y);
        vm.assume(!BN254.isOnCurve(off));
        uint256 before = gasleft();
        vm.expectRevert(abi.encodeWithSelector(BN254.InvalidPoint.selector, x, y));
        curve.add(off, BN254.generatorG1());
        vm.expectRevert(abi.encodeWithSelector(BN254.InvalidPoint.selector, x, y));
        curve.mul(off, 2);
        vm.assertTrue(before - gasleft() < 100_000, "an invalid point must not burn the gas");
    }

    function test_add_refusesUnreducedCoordinates() external {
        BN254.G1Point memory unreduced = BN254.G1Point(1 + BN254.FIELD_ORDER, 2);
        vm.expectRevert(abi.encodeWithSelector(BN254.InvalidPoint.selector, unreduced.X, unreduced.Y));
        curve.add(unreduced, unreduced);
    }

    function testFuzz_verifySignature_acceptsTheRightKeyAlone(bytes32 digest, uint256 secret, uint256 other)
        external
        view
    {
        secret = bound(secret, 1, MultiplesOfG2.COUNT);
        other = bound(other, 1, MultiplesOfG2.COUNT);
        BN254.G1Point memory signature = BN254.mul(BN254.hashToG1(digest), secret);
        BN254.G1Point memory key = BN254.mul(BN254.generatorG1(), secret);
        (bool valid, bool computed) = BN254.verifySignature(digest, key, MultiplesOfG2.times(secret), signature);
        vm.assertTrue(valid && computed, "the signer's key");
        (valid, computed) = BN254.verifySignature(digest, key, MultiplesOfG2.times(other), signature);
        vm.assertTrue(computed && valid == (other == secret), "G1 and G2 must belong together");
        (valid,) = BN254.verifySignature(keccak256(abi.encode(digest)), key, MultiplesOfG2.times(secret), signature);
        vm.assertTrue(!valid, "another digest");
    }

    function test_verifySignature_saysSoIfTheKeyInG2IsNoPoint() external view {
        BN254.G2Point memory swapped = MultiplesOfG2.times(1);
        (swapped.X[0], swapped.X[1]) = (swapped.X[1], swapped.X[0]);
        BN254.G1Point memory signature = BN254.hashToG1(bytes32(0));
        (bool valid, bool computed) = BN254.verifySignature(bytes32(0), BN254.generatorG1(), swapped, signature);
        vm.assertTrue(!valid && !computed, "not computed");
    }

    function test_tree_givesTheVectorsRootsAndTakesTheirProofs() external view {
        string memory json = vm.readFile(TREES);
        uint256 count = 0;
        for (string memory here = ".trees[0]"; vm.keyExistsJson(json, here); here = _element(".trees", count)) {
            bytes32[] memory leaves = vm.parseJsonBytes32Array(json, string.concat(here, ".leaves"));
            bytes32 root = vm.parseJsonBytes32(json, string.concat(here, ".root"));
            vm.assertEq(OperatorInfoTree.rootOf(leaves), root, here);
            for (uint256 i = 0; i < leaves.length; ++i) {
                bytes memory proof = vm.parseJsonBytes(json, _element(string.concat(here, ".proofs"), i));
                vm.assertTrue(curve.includes(root, leaves.length, leaves[i], i, proof), here);
                vm.assertTrue(!curve.includes(root, leaves.length, ~leaves[i], i, proof), here);
                vm.assertTrue(!curve.includes(root, leaves.length, leaves[i], i + 1, proof), here);
                bytes memory longer = bytes.concat(proof, bytes32(0));
                vm.assertTrue(!curve.includes(root, leaves.length, leaves[i], i, longer), here);
            }
            ++count;
        }
        vm.assertEq(count, 7, "vectors");
    }

    function test_tree_refusesAnInnerNodeAsLeaf() external view {
        bytes32[] memory leaves = new bytes32[](4);
        for (uint256 i = 0; i < 4; ++i) {
            leaves[i] = bytes32(i + 1);
        }
        bytes32 left = keccak256(abi.encode(leaves[0], leaves[1]));
        bytes32 right = keccak256(abi.encode(leaves[2], leaves[3]));
        bytes32 root = keccak256(abi.encode(left, right));
        vm.assertEq(OperatorInfoTree.rootOf(leaves), root, "root");
        vm.assertTrue(!curve.includes(root, 4, left, 0, abi.encode(right)), "an inner node");
    }

    function test_tree_refusesBrokenWordsAndNoLeaves() external {
        vm.expectRevert(OperatorInfoTree.InvalidProofLength.selector);
        curve.includes(bytes32(0), 2, bytes32(0), 0, new bytes(31));
        vm.expectRevert(OperatorInfoTree.NoLeaves.selector);
        curve.rootOf(new bytes32[](0));
    }

    function _element(string memory array, uint256 index) private pure returns (string memory) {
        return string.concat(array, "[", vm.toString(index), "]");
    }
}
