// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {
    IBN254CertificateVerifierErrors as VerifierErrors,
    IBN254CertificateVerifierTypes as VerifierTypes,
    OperatorSet
} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {
    ICertificateVerifierErrors as SharedErrors,
    ICertificateVerifierTypes as SharedTypes
} from "../../src/interfaces/ICertificateVerifier.sol";
import {IOperatorTable} from "../../src/interfaces/IOperatorTable.sol";
import {BN254} from "../../src/libraries/BN254.sol";
import {OperatorInfoTree} from "../../src/libraries/OperatorInfoTree.sol";
import {MultiplesOfG2} from "../support/MultiplesOfG2.sol";
import {Operators} from "../support/Operators.sol";

contract OperatorTableTest is Operators {
    uint256 private constant NEWCOMER = 8;
    uint256 private constant NEW_SECRET = 63;

    function setUp() public {
        setUpOperators(0);
    }

    function _weights(uint256 weight) private pure returns (uint256[] memory weights) {
        weights = new uint256[](1);
        weights[0] = weight;
    }

    // ── Registration ─────────────────────────────────────────────────────────────────────────────────

    function test_registerOperator_takesAProvenKey() external {
        bytes memory proof = proofOf(five, operatorAt(NEWCOMER), NEW_SECRET);
        table.registerOperator(five, operatorAt(NEWCOMER), keyDataOf(NEW_SECRET), proof, _weights(7));
        vm.assertEq(table.getOperators(five).length, MEMBERS + 1, "members");
        vm.assertEq(table.getWeights(five, operatorAt(NEWCOMER))[0], 7, "weight");
    }

    function test_registerOperator_refusesAProofForAnotherOperatorSetOrKey() external {
        address operator = operatorAt(NEWCOMER);
        bytes memory key = keyDataOf(NEW_SECRET);
        bytes[3] memory wrong = [
            proofOf(five, operatorAt(0), NEW_SECRET),
            proofOf(alone, operator, NEW_SECRET),
            abi.encode(sign(table.calculateKeyRegistrationDigest(five, operator, key), NEW_SECRET - 1))
        ];
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IOperatorTable.InvalidProofOfPossession.selector, operator));
            table.registerOperator(five, operator, key, wrong[i], _weights(7));
        }
    }

    function test_registerOperator_refusesARogueKey() external {
        // A key chosen to cancel all others out of the aggregate has no known secret, and so no proof.
        BN254.G1Point memory rogue = BN254.negate(BN254.mul(BN254.generatorG1(), EVERYBODY));
        address operator = operatorAt(NEWCOMER);
        bytes memory key = abi.encode(rogue, MultiplesOfG2.times(1));
        bytes memory proof = abi.encode(sign(table.calculateKeyRegistrationDigest(five, operator, key), 1));
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.InvalidProofOfPossession.selector, operator));
        table.registerOperator(five, operator, key, proof, _weights(1));
    }

    function test_registerOperator_refusesTheIdentity() external {
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.InvalidProofOfPossession.selector, operatorAt(NEWCOMER)));
        table.registerOperator(five, operatorAt(NEWCOMER), new bytes(192), new bytes(64), _weights(1));
    }

    function test_registerOperator_refusesHalvesThatDoNotMatch() external {
        address operator = operatorAt(NEWCOMER);
        bytes memory key = abi.encode(BN254.mul(BN254.generatorG1(), NEW_SECRET), MultiplesOfG2.times(NEW_SECRET - 1));
        bytes memory proof = abi.encode(sign(table.calculateKeyRegistrationDigest(five, operator, key), NEW_SECRET));
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.InvalidProofOfPossession.selector, operator));
        table.registerOperator(five, operator, key, proof, _weights(1));
    }

    function test_registerOperator_refusesAKeyThatWasEverRegistered() external {
        table.deregisterOperator(five, operatorAt(0));
        bytes memory proof = proofOf(alone, operatorAt(NEWCOMER), 1);
        bytes memory key = keyDataOf(1);
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.KeyAlreadyRegistered.selector, operatorAt(0)));
        table.registerOperator(alone, operatorAt(NEWCOMER), key, proof, _weights(1));
    }

    function test_registerOperator_refusesAMemberTwiceAndUnknownSets() external {
        bytes memory key = keyDataOf(NEW_SECRET);
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.OperatorAlreadyRegistered.selector, operatorAt(0)));
        table.registerOperator(five, operatorAt(0), key, new bytes(64), _weights(1));
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.OperatorSetNotConfigured.selector, AVS, 9));
        table.registerOperator(OperatorSet(AVS, 9), operatorAt(NEWCOMER), key, new bytes(64), _weights(1));
    }

    function test_registerOperator_refusesOtherLengthsAndColumns() external {
        address operator = operatorAt(NEWCOMER);
        bytes memory key = keyDataOf(NEW_SECRET);
        bytes memory proof = proofOf(five, operator, NEW_SECRET);
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.InvalidLength.selector, 192, 191));
        table.registerOperator(five, operator, new bytes(191), proof, _weights(1));
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.InvalidLength.selector, 64, 65));
        table.registerOperator(five, operator, key, new bytes(65), _weights(1));
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.WeightColumnsMismatch.selector, 1, 2));
        table.registerOperator(five, operator, key, proof, new uint256[](2));
        vm.expectRevert(IOperatorTable.ZeroAddress.selector);
        table.registerOperator(five, address(0), key, proof, _weights(1));
    }

    function test_onlyTheOwnerChangesAnything() external {
        address stranger = named("stranger");
        bytes memory refused = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        bytes[5] memory calls = [
            abi.encodeCall(table.configureOperatorSet, (five, 1)),
            abi.encodeCall(table.registerOperator, (five, stranger, "", "", new uint256[](1))),
            abi.encodeCall(table.setWeights, (five, operatorAt(0), new uint256[](1))),
            abi.encodeCall(table.deregisterOperator, (five, operatorAt(0))),
            abi.encodeCall(table.publishTable, (five))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(stranger);
            (bool success, bytes memory data) = address(table).call(calls[i]);
            vm.assertTrue(!success, "refused");
            vm.assertEq(data, refused, "by name");
        }
    }

    // ── Tables ───────────────────────────────────────────────────────────────────────────────────────

    function test_publishTable_leavesOutWhoHasNoWeight() external {
        table.setWeights(five, operatorAt(2), _weights(0));
        vm.warp(START + 1);
        uint32 published = table.publishTable(five);
        IOperatorTable.OperatorEntry[] memory entries = table.getOperatorTable(five, published);
        vm.assertEq(entries.length, MEMBERS - 1, "rows");
        vm.assertEq(entries[2].operator, operatorAt(3), "the next takes its place");
        vm.assertEq(table.getTotalStakeWeights(five, published)[0], 480, "total");
    }

    function test_publishTable_neverChangesAnEarlierTable() external {
        bytes memory before = abi.encode(table.getOperatorTable(five, uint32(START)));
        bytes memory info = abi.encode(table.getOperatorSetInfo(five, uint32(START)));
        table.setWeights(five, operatorAt(0), _weights(9));
        table.deregisterOperator(five, operatorAt(1));
        vm.warp(START + 1);
        table.publishTable(five);
        vm.assertEq(abi.encode(table.getOperatorTable(five, uint32(START))), before, "rows");
        vm.assertEq(abi.encode(table.getOperatorSetInfo(five, uint32(START))), info, "summary");
        vm.assertEq(table.latestReferenceTimestamp(five), START + 1, "newest");
    }

    function test_deregisterOperator_leavesTheOthersInOrder() external {
        table.deregisterOperator(five, operatorAt(1));
        table.deregisterOperator(five, operatorAt(4));
        table.setWeights(five, operatorAt(3), _weights(33));
        address[3] memory expected = [operatorAt(0), operatorAt(3), operatorAt(2)];
        address[] memory left = table.getOperators(five);
        vm.assertEq(left.length, 3, "members");
        for (uint256 i = 0; i < 3; ++i) {
            vm.assertEq(left[i], expected[i], "the last one took the place");
        }
        vm.assertEq(table.getWeights(five, operatorAt(3))[0], 33, "still a member");
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.OperatorNotRegistered.selector, operatorAt(4)));
        table.deregisterOperator(five, operatorAt(4));
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.OperatorNotRegistered.selector, operatorAt(1)));
        table.getWeights(five, operatorAt(1));
    }

    function test_publishTable_refusesASecondOneInABlockAndEmptySets() external {
        vm.expectRevert(SharedErrors.TableUpdateStale.selector);
        table.publishTable(five);
        vm.warp(START + 1);
        table.setWeights(alone, operatorAt(MEMBERS), _weights(0));
        vm.expectRevert(abi.encodeWithSelector(IOperatorTable.NoStake.selector, AVS, 2));
        table.publishTable(alone);
        vm.assertEq(table.latestReferenceTimestamp(alone), START, "unchanged");
    }

    function test_publishTable_summarisesTheRowsThatItShows() external view {
        IOperatorTable.OperatorEntry[] memory entries = table.getOperatorTable(five, uint32(START));
        bytes32[] memory leaves = new bytes32[](entries.length);
        BN254.G1Point memory sum;
        for (uint256 i = 0; i < entries.length; ++i) {
            leaves[i] = OperatorInfoTree.leafOf(infoOf(entries[i]));
            sum = BN254.add(sum, entries[i].pubkeyG1);
        }
        VerifierTypes.BN254OperatorSetInfo memory info = table.getOperatorSetInfo(five, uint32(START));
        vm.assertEq(info.operatorInfoTreeRoot, OperatorInfoTree.rootOf(leaves), "root");
        vm.assertEq(abi.encode(info.aggregatePubkey), abi.encode(sum), "key");
        vm.assertEq(info.numOperators, MEMBERS, "count");
        vm.assertEq(info.totalWeights[0], 600, "total");
    }

    function test_updateOperatorTable_isNobodys() external {
        VerifierTypes.BN254OperatorSetInfo memory info;
        vm.expectRevert(SharedErrors.OnlyTableUpdater.selector);
        table.updateOperatorTable(five, 1, info, SharedTypes.OperatorSetConfig(address(this), 0));
    }

    function test_views_ofUnknownSetsAreEmpty() external view {
        OperatorSet memory unknown = OperatorSet(AVS, 9);
        vm.assertEq(table.getOperatorSetOwner(unknown), address(0), "owner");
        vm.assertEq(table.latestReferenceTimestamp(unknown), 0, "timestamp");
        vm.assertTrue(!table.isReferenceTimestampSet(unknown, 1), "table");
        vm.assertEq(table.getTotalStakeWeights(unknown, 1).length, 0, "weights");
    }
}

contract VerifyCertificateTest is Operators {
    uint32 private constant STALENESS = 1_000;
    uint32 private constant PINNED = uint32(START);

    function setUp() public {
        setUpOperators(STALENESS);
    }

    function testFuzz_givesTheStakeOfWhoeverSigned(bytes32 messageHash, uint256 mask) external {
        mask = bound(mask, 1, EVERYBODY);
        uint256[] memory signed = table.verifyCertificate(five, certify(PINNED, messageHash, mask));
        vm.assertEq(signed.length, 1, "columns");
        vm.assertEq(signed[0], stakeOf(mask), "stake");
    }

    function testFuzz_remembersNonSigners(bytes32 messageHash, uint256 mask) external {
        mask = bound(mask, 1, EVERYBODY - 1);
        table.verifyCertificate(five, certify(PINNED, messageHash, mask));
        VerifierTypes.BN254Certificate memory cert = certify(PINNED, ~messageHash, mask);
        for (uint256 i = 0; i < cert.nonSignerWitnesses.length; ++i) {
            uint32 index = cert.nonSignerWitnesses[i].operatorIndex;
            vm.assertTrue(table.isNonsignerCached(five, PINNED, index), "cached");
            vm.assertEq(table.getNonsignerOperatorInfo(five, PINNED, index).weights[0], weightOf(index), "its weight");
            cert.nonSignerWitnesses[i].operatorInfoProof = "";
            delete cert.nonSignerWitnesses[i].operatorInfo;
        }
        vm.assertEq(table.verifyCertificate(five, cert)[0], stakeOf(mask), "without proofs");
    }

    function testFuzz_refusesAnyOtherSigners(bytes32 messageHash, uint256 mask, uint256 claimed) external {
        mask = bound(mask, 1, EVERYBODY);
        claimed = bound(claimed, 1, EVERYBODY);
        vm.assume(mask != claimed);
        VerifierTypes.BN254Certificate memory cert = certify(PINNED, messageHash, mask);
        cert.nonSignerWitnesses = witnessesFor(PINNED, EVERYBODY & ~claimed);
        vm.expectRevert(SharedErrors.VerificationFailed.selector);
        table.verifyCertificate(five, cert);
    }

    function testFuzz_refusesAnyFlippedBit(bytes32 messageHash, uint256 mask, uint256 bit) external {
        mask = bound(mask, 1, EVERYBODY - 1);
        bytes memory encoded = abi.encode(certify(PINNED, messageHash, mask));
        bit = bound(bit, 0, encoded.length * 8 - 1);
        encoded[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        bytes memory call = bytes.concat(table.verifyCertificate.selector, abi.encode(five, uint256(96)));
        (bool success, bytes memory answer) = address(table).call(bytes.concat(call, _body(encoded)));
        // What pads a proof's bytes to whole words, and an offset that leads to the same words, is not content; there
        // are none here, save the head word, which is not sent.
        vm.assertTrue(!success || bit < 256, string.concat("bit ", vm.toString(bit), " makes no difference"));
        if (success) vm.assertEq(abi.decode(answer, (uint256[]))[0], stakeOf(mask), "the head word");
    }

    function _body(bytes memory encoded) private pure returns (bytes memory body) {
        body = new bytes(encoded.length - 32);
        for (uint256 i = 0; i < body.length; ++i) {
            body[i] = encoded[i + 32];
        }
    }

    function test_acceptsThatNobodySigned_withNoWeight() external {
        vm.assertEq(table.verifyCertificate(five, certify(PINNED, bytes32("x"), 0))[0], 0, "as EigenLayer's does");
    }

    function test_refusesInTheOrderOfEigenLayersVerifier() external {
        VerifierTypes.BN254Certificate memory cert = certify(PINNED + 1, bytes32("x"), EVERYBODY, PINNED);
        vm.expectRevert(SharedErrors.ReferenceTimestampDoesNotExist.selector);
        table.verifyCertificate(five, cert);

        cert = certify(PINNED, bytes32("x"), 1);
        (cert.nonSignerWitnesses[0], cert.nonSignerWitnesses[1]) =
        (cert.nonSignerWitnesses[1], cert.nonSignerWitnesses[0]);
        vm.expectRevert(VerifierErrors.NonSignerIndicesNotSorted.selector);
        table.verifyCertificate(five, cert);

        cert.nonSignerWitnesses[1] = cert.nonSignerWitnesses[0];
        vm.expectRevert(VerifierErrors.NonSignerIndicesNotSorted.selector);
        table.verifyCertificate(five, cert);

        cert = certify(PINNED, bytes32("x"), 15);
        cert.nonSignerWitnesses[0].operatorIndex = 5;
        vm.expectRevert(VerifierErrors.InvalidOperatorIndex.selector);
        table.verifyCertificate(five, cert);

        vm.warp(START + STALENESS);
        table.verifyCertificate(five, certify(PINNED, bytes32("x"), EVERYBODY));
        vm.warp(START + STALENESS + 1);
        cert.referenceTimestamp = 1;
        vm.expectRevert(SharedErrors.CertificateStale.selector);
        table.verifyCertificate(five, cert);
    }

    function certify(uint32 claimed, bytes32 messageHash, uint256 mask, uint32 actual)
        private
        view
        returns (VerifierTypes.BN254Certificate memory cert)
    {
        cert = certify(actual, messageHash, mask);
        cert.referenceTimestamp = claimed;
    }

    function test_refusesASignatureOffTheCurveCheaply() external {
        VerifierTypes.BN254Certificate memory cert = certify(PINNED, bytes32("x"), EVERYBODY);
        cert.signature = BN254.G1Point(3, 3);
        uint256 before = gasleft();
        vm.expectRevert(abi.encodeWithSelector(BN254.InvalidPoint.selector, 3, 3));
        table.verifyCertificate(five, cert);
        vm.assertTrue(before - gasleft() < 150_000, "must not burn the gas");
    }

    function testFuzz_proportion_roundsTheThresholdDown(uint256 mask, uint16 bps) external {
        mask = bound(mask, 1, EVERYBODY);
        bps = uint16(bound(bps, 0, 10_000));
        uint16[] memory thresholds = new uint16[](1);
        thresholds[0] = bps;
        bool reached = table.verifyCertificateProportion(five, certify(PINNED, bytes32("x"), mask), thresholds);
        vm.assertTrue(reached == (stakeOf(mask) >= uint256(600) * bps / 10_000), "floor");
    }

    function testFuzz_nominal_comparesAmounts(uint256 mask, uint256 least) external {
        mask = bound(mask, 1, EVERYBODY);
        uint256[] memory thresholds = new uint256[](1);
        thresholds[0] = bound(least, 0, 700);
        bool reached = table.verifyCertificateNominal(five, certify(PINNED, bytes32("x"), mask), thresholds);
        vm.assertTrue(reached == (stakeOf(mask) >= thresholds[0]), "amount");
    }

    function test_thresholdsNeedOneEntryPerColumn() external {
        VerifierTypes.BN254Certificate memory cert = certify(PINNED, bytes32("x"), EVERYBODY);
        vm.expectRevert(SharedErrors.ArrayLengthMismatch.selector);
        table.verifyCertificateProportion(five, cert, new uint16[](2));
        vm.expectRevert(SharedErrors.ArrayLengthMismatch.selector);
        table.verifyCertificateNominal(five, cert, new uint256[](0));
    }
}
