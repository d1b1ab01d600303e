// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    IBN254CertificateVerifier,
    IBN254CertificateVerifierTypes,
    OperatorSet
} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {IOperatorTable} from "../../src/interfaces/IOperatorTable.sol";
import {BN254} from "../../src/libraries/BN254.sol";
import {OperatorInfoTree} from "../../src/libraries/OperatorInfoTree.sol";
import {OperatorTable} from "../../src/local/OperatorTable.sol";
import {MultiplesOfG2} from "./MultiplesOfG2.sol";
import {Test} from "./Test.sol";

/// @title Six operators that can sign: 0 to 4 in operator set 1, 5 alone in operator set 2
/// @notice Operator i has the secret 2^i, so a subset's bit mask is its aggregate secret.
abstract contract Operators is Test {
    address internal constant AVS = address(0xA5A5A5A5A5A5A5A5A5A5a5a5a5a5a5a5A5a5a5a5);
    uint256 internal constant MEMBERS = 5;
    uint256 internal constant EVERYBODY = 31;
    uint256 internal constant LONER = 32;
    uint256 internal constant START = 1_760_000_000;

    OperatorTable internal table;
    OperatorSet internal five = OperatorSet(AVS, 1);
    OperatorSet internal alone = OperatorSet(AVS, 2);

    function setUpOperators(uint32 maxStaleness) internal {
        vm.warp(START);
        table = OperatorTable(vm.deployCode("OperatorTable.sol", abi.encode(address(this))));
        table.configureOperatorSet(five, maxStaleness);
        table.configureOperatorSet(alone, maxStaleness);
        for (uint256 i = 0; i < MEMBERS; ++i) {
            register(five, i, weightOf(i));
        }
        register(alone, MEMBERS, 1_000);
        table.publishTable(five);
        table.publishTable(alone);
    }

    // ── Who they are ─────────────────────────────────────────────────────────────────────────────────

    /// @dev Unequal: 100, 110, 120, 130, 140; together 600.
    function weightOf(uint256 index) internal pure returns (uint256) {
        return 100 + 10 * index;
    }

    function stakeOf(uint256 mask) internal pure returns (uint256 stake) {
        for (uint256 i = 0; i < MEMBERS; ++i) {
            if (mask >> i & 1 == 1) stake += weightOf(i);
        }
    }

    function operatorAt(uint256 index) internal pure returns (address) {
        return address(uint160(0x1000 + index));
    }

    function keyDataOf(uint256 secret) internal view returns (bytes memory) {
        return abi.encode(BN254.mul(BN254.generatorG1(), secret), MultiplesOfG2.times(secret));
    }

    function proofOf(OperatorSet memory set, address operator, uint256 secret) internal view returns (bytes memory) {
        return abi.encode(sign(table.calculateKeyRegistrationDigest(set, operator, keyDataOf(secret)), secret));
    }

    function register(OperatorSet memory set, uint256 index, uint256 weight) internal {
        uint256[] memory weights = new uint256[](1);
        weights[0] = weight;
        address operator = operatorAt(index);
        table.registerOperator(set, operator, keyDataOf(1 << index), proofOf(set, operator, 1 << index), weights);
    }

    // ── What they sign ───────────────────────────────────────────────────────────────────────────────

    function sign(bytes32 digest, uint256 secret) internal view returns (BN254.G1Point memory) {
        return BN254.mul(BN254.hashToG1(digest), secret);
    }

    /// @dev The certificate of set 1's operators in `mask`; the others are proven non-signers.
    function certify(uint32 referenceTimestamp, bytes32 messageHash, uint256 mask)
        internal
        view
        returns (IBN254CertificateVerifierTypes.BN254Certificate memory cert)
    {
        cert.referenceTimestamp = referenceTimestamp;
        cert.messageHash = messageHash;
        if (mask != 0) cert.signature = sign(table.calculateCertificateDigest(referenceTimestamp, messageHash), mask);
        cert.apk = MultiplesOfG2.times(mask);
        cert.nonSignerWitnesses = witnessesFor(referenceTimestamp, EVERYBODY & ~mask);
    }

    function certifyAlone(uint32 referenceTimestamp, bytes32 messageHash)
        internal
        view
        returns (IBN254CertificateVerifierTypes.BN254Certificate memory cert)
    {
        cert.referenceTimestamp = referenceTimestamp;
        cert.messageHash = messageHash;
        cert.signature = sign(table.calculateCertificateDigest(referenceTimestamp, messageHash), LONER);
        cert.apk = MultiplesOfG2.times(LONER);
    }

    function witnessesFor(uint32 referenceTimestamp, uint256 mask)
        internal
        view
        returns (IBN254CertificateVerifierTypes.BN254OperatorInfoWitness[] memory witnesses)
    {
        IOperatorTable.OperatorEntry[] memory entries = table.getOperatorTable(five, referenceTimestamp);
        bytes32[] memory leaves = new bytes32[](entries.length);
        uint256 count = 0;
        for (uint256 i = 0; i < entries.length; ++i) {
            leaves[i] = OperatorInfoTree.leafOf(infoOf(entries[i]));
            count += mask >> i & 1;
        }
        witnesses = new IBN254CertificateVerifierTypes.BN254OperatorInfoWitness[](count);
        for (uint256 i = entries.length; i > 0; --i) {
            if (mask >> (i - 1) & 1 == 0) continue;
            witnesses[--count] = IBN254CertificateVerifierTypes.BN254OperatorInfoWitness(
                uint32(i - 1), merkleProof(leaves, i - 1), infoOf(entries[i - 1])
            );
        }
    }

    function infoOf(IOperatorTable.OperatorEntry memory entry)
        internal
        pure
        returns (IBN254CertificateVerifierTypes.BN254OperatorInfo memory)
    {
        return IBN254CertificateVerifierTypes.BN254OperatorInfo(entry.pubkeyG1, entry.weights);
    }

    /// @dev The siblings from the leaf up, written without the library's own walk.
    function merkleProof(bytes32[] memory leaves, uint256 index) internal pure returns (bytes memory proof) {
        bytes32[] memory level = leaves;
        while (level.length > 1) {
            uint256 sibling = index ^ 1;
            proof = bytes.concat(proof, sibling < level.length ? level[sibling] : padding(proof.length / 32));
            bytes32[] memory next = new bytes32[]((level.length + 1) / 2);
            for (uint256 i = 0; i < next.length; ++i) {
                bytes32 right = 2 * i + 1 < level.length ? level[2 * i + 1] : padding(proof.length / 32 - 1);
                next[i] = keccak256(bytes.concat(level[2 * i], right));
            }
            (level, index) = (next, index / 2);
        }
    }

    /// @dev The node over 2^height zero words; a zero word itself is not hashed.
    function padding(uint256 height) internal pure returns (bytes32 node) {
        for (uint256 i = 0; i < height; ++i) {
            node = keccak256(bytes.concat(node, node));
        }
    }
}
