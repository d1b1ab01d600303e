// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";

import {
    ICertificateVerifierErrors as SharedErrors,
    ICertificateVerifierTypes as SharedTypes,
    OperatorSet
} from "../../src/interfaces/ICertificateVerifier.sol";
import {
    IECDSACertificateVerifierErrors as EcdsaErrors,
    IECDSACertificateVerifierTypes as EcdsaTypes
} from "../../src/interfaces/IECDSACertificateVerifier.sol";
import {IEcdsaOperatorTable} from "../../src/interfaces/IEcdsaOperatorTable.sol";
import {EcdsaOperators} from "../support/EcdsaOperators.sol";

/// @dev Plan: test/tree/ecdsaOperatorTable.tree
contract EcdsaOperatorTableTest is EcdsaOperators {
    uint256 private constant MOST = 32;
    bytes32 private constant MESSAGE = keccak256("message");
    uint32 private constant PINNED = uint32(START);

    function setUp() public {
        vm.warp(START);
        ecdsaTable = newEcdsaTable();
        publish(keyed, MOST);
    }

    // ── Certificates that hold ───────────────────────────────────────────────────────────────────────

    function testFuzz_anySubsetWeighsWhatItsMembersDo(uint256 mask) external view {
        mask = bound(mask, 1, 2 ** MOST - 1);
        uint256[] memory secrets = inOrder(mask);
        (uint256[] memory weights, address[] memory signers) =
            ecdsaTable.verifyCertificate(keyed, ecdsaCertificate(PINNED, MESSAGE, secrets));
        vm.assertEq(weights.length, 1, "columns");
        vm.assertEq(weights[0], ecdsaStakeOf(mask), "stake");
        vm.assertEq(abi.encode(signers), abi.encode(addressesOf(secrets)), "signers, in order");
    }

    function testFuzz_proportionsAreFloored(uint256 mask, uint16 bps) external view {
        mask = bound(mask, 1, 2 ** MOST - 1);
        bps = uint16(bound(bps, 0, 10_000));
        uint16[] memory thresholds = new uint16[](1);
        thresholds[0] = bps;
        EcdsaTypes.ECDSACertificate memory cert = ecdsaCertificate(PINNED, MESSAGE, inOrder(mask));
        (bool reached,) = ecdsaTable.verifyCertificateProportion(keyed, cert, thresholds);
        uint256 total = ecdsaStakeOf(2 ** MOST - 1);
        vm.assertTrue(reached == (ecdsaStakeOf(mask) >= total * bps / 10_000), "reached");
    }

    function test_columnsAreCountedEachForItself() external {
        IEcdsaOperatorTable.EcdsaOperatorEntry[] memory entries = rows(3);
        for (uint256 i = 0; i < 3; ++i) {
            entries[i].weights = new uint256[](2);
            (entries[i].weights[0], entries[i].weights[1]) = (10 + i, 1_000 * i);
        }
        vm.warp(START + 1);
        uint32 timestamp = ecdsaTable.publishTable(keyed, entries);
        uint256[] memory totals = ecdsaTable.getTotalStakeWeights(keyed, timestamp);
        vm.assertEq(abi.encode(totals), abi.encode(_pair(33, 3_000)), "totals");
        EcdsaTypes.ECDSACertificate memory cert = ecdsaCertificate(timestamp, MESSAGE, inOrder(5));
        (uint256[] memory weights,) = ecdsaTable.verifyCertificate(keyed, cert);
        vm.assertEq(abi.encode(weights), abi.encode(_pair(22, 2_000)), "signed");
        (bool reached,) = ecdsaTable.verifyCertificateNominal(keyed, cert, _pair(22, 2_000));
        vm.assertTrue(reached, "just");
        (reached,) = ecdsaTable.verifyCertificateNominal(keyed, cert, _pair(22, 2_001));
        vm.assertTrue(!reached, "the second column does not");
        vm.expectRevert(SharedErrors.ArrayLengthMismatch.selector);
        ecdsaTable.verifyCertificateNominal(keyed, cert, new uint256[](1));
        vm.expectRevert(SharedErrors.ArrayLengthMismatch.selector);
        ecdsaTable.verifyCertificateProportion(keyed, cert, new uint16[](1));
    }

    function _pair(uint256 a, uint256 b) private pure returns (uint256[] memory pair) {
        pair = new uint256[](2);
        (pair[0], pair[1]) = (a, b);
    }

    function test_anOlderTableHoldsForItsOwnCertificates() external {
        vm.warp(START + 1);
        ecdsaTable.publishTable(keyed, rows(2));
        EcdsaTypes.ECDSACertificate memory cert = ecdsaCertificate(PINNED, MESSAGE, inOrder(7));
        (uint256[] memory weights,) = ecdsaTable.verifyCertificate(keyed, cert);
        vm.assertEq(weights[0], ecdsaStakeOf(7), "of three, one of whom is not in the newer table");
    }

    // ── Certificates that do not ─────────────────────────────────────────────────────────────────────

    function _refuses(bytes4 selector, EcdsaTypes.ECDSACertificate memory cert) private {
        vm.expectRevert(selector);
        ecdsaTable.verifyCertificate(keyed, cert);
    }

    function testFuzz_refusesAnyOtherOrder(uint256 mask, uint256 first, uint256 second) external {
        mask = bound(mask, 1, 2 ** MOST - 1);
        uint256[] memory secrets = inOrder(mask);
        vm.assume(secrets.length > 1);
        first = bound(first, 0, secrets.length - 2);
        second = bound(second, first + 1, secrets.length - 1);
        (secrets[first], secrets[second]) = (secrets[second], secrets[first]);
        _refuses(EcdsaErrors.SignersNotOrdered.selector, ecdsaCertificate(PINNED, MESSAGE, secrets));
    }

    function testFuzz_refusesToCountAnybodyTwice(uint256 mask, uint256 which) external {
        mask = bound(mask, 1, 2 ** MOST - 1);
        uint256[] memory secrets = inOrder(mask);
        which = bound(which, 0, secrets.length - 1);
        uint256[] memory more = new uint256[](secrets.length + 1);
        for (uint256 i = 0; i < more.length; ++i) {
            more[i] = secrets[i <= which ? i : i - 1];
        }
        _refuses(EcdsaErrors.SignersNotOrdered.selector, ecdsaCertificate(PINNED, MESSAGE, more));
    }

    /// @dev The other signature that everybody can make of one: it would recover to the same signer.
    function testFuzz_refusesTheMirroredSignature(uint256 index) external {
        uint256 secret = secretAt(bound(index, 0, MOST - 1));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, ecdsaTable.calculateCertificateDigest(PINNED, MESSAGE));
        bytes memory mirrored = abi.encodePacked(r, bytes32(ORDER - uint256(s)), uint8(v == 27 ? 28 : 27));
        _refuses(EcdsaErrors.InvalidSignature.selector, EcdsaTypes.ECDSACertificate(PINNED, MESSAGE, mirrored));
    }

    function testFuzz_refusesWhatIsNoSignature(uint8 v, bytes32 r, bytes32 s) external {
        vm.assume(v != 27 && v != 28);
        bytes memory none = abi.encodePacked(r, s, v);
        _refuses(EcdsaErrors.InvalidSignature.selector, EcdsaTypes.ECDSACertificate(PINNED, MESSAGE, none));
        none = new bytes(SIGNATURE_BYTES);
        none[S_BYTES_END] = bytes1(uint8(27));
        _refuses(EcdsaErrors.InvalidSignature.selector, EcdsaTypes.ECDSACertificate(PINNED, MESSAGE, none));
    }

    function testFuzz_refusesAnyOtherLength(uint256 cut) external {
        EcdsaTypes.ECDSACertificate memory cert = ecdsaCertificate(PINNED, MESSAGE, inOrder(7));
        cut = bound(cut, 1, 3 * SIGNATURE_BYTES);
        vm.assume(cut % SIGNATURE_BYTES != 0 || cut == 3 * SIGNATURE_BYTES);
        bytes memory sig = cert.sig;
        assembly ("memory-safe") {
            mstore(sig, sub(mload(sig), cut))
        }
        _refuses(EcdsaErrors.InvalidSignatureLength.selector, cert);
    }

    function testFuzz_refusesAForeignSignerAmongMembers(uint256 mask, uint256 secret) external {
        mask = bound(mask, 1, 2 ** MOST - 1);
        secret = bound(secret, 1, ORDER - 1);
        uint256[] memory secrets = inOrder(mask);
        uint256[] memory more = new uint256[](secrets.length + 1);
        uint256 from = 0;
        bool placed = false;
        for (uint256 i = 0; i < more.length; ++i) {
            bool here = !placed && (from == secrets.length || vm.addr(secret) < vm.addr(secrets[from]));
            (more[i], placed) = (here ? secret : secrets[from++], placed || here);
        }
        _refuses(SharedErrors.VerificationFailed.selector, ecdsaCertificate(PINNED, MESSAGE, more));
    }

    /// @dev What it recovers to is nobody's key.
    function testFuzz_refusesOneChangedBitOfWhatWasSigned(uint256 bit) external {
        EcdsaTypes.ECDSACertificate memory cert = ecdsaCertificate(PINNED, MESSAGE, inOrder(1));
        cert.messageHash ^= bytes32(1 << (bit % 256));
        _refuses(SharedErrors.VerificationFailed.selector, cert);
    }

    function test_refusesTheSameSignaturesForAnotherVerifier() external {
        EcdsaTypes.ECDSACertificate memory cert = ecdsaCertificate(PINNED, MESSAGE, inOrder(1));
        ecdsaTable = newEcdsaTable();
        publish(keyed, MOST);
        _refuses(SharedErrors.VerificationFailed.selector, cert);
    }

    function test_refusesAnUnknownTimestampAndAnUnknownSet() external {
        _refuses(
            SharedErrors.ReferenceTimestampDoesNotExist.selector, ecdsaCertificate(PINNED + 1, MESSAGE, inOrder(1))
        );
        EcdsaTypes.ECDSACertificate memory cert = ecdsaCertificate(PINNED, MESSAGE, inOrder(1));
        vm.expectRevert(SharedErrors.ReferenceTimestampDoesNotExist.selector);
        ecdsaTable.verifyCertificate(five, cert);
    }

    function test_aTableGoesStaleAfterItsLastSecond() external {
        ecdsaTable.configureOperatorSet(keyed, 100);
        EcdsaTypes.ECDSACertificate memory cert = ecdsaCertificate(PINNED, MESSAGE, inOrder(1));
        vm.warp(START + 100);
        ecdsaTable.verifyCertificate(keyed, cert);
        vm.warp(START + 101);
        _refuses(SharedErrors.CertificateStale.selector, cert);
        ecdsaTable.configureOperatorSet(keyed, 0);
        ecdsaTable.verifyCertificate(keyed, cert);
    }

    // ── Tables ───────────────────────────────────────────────────────────────────────────────────────

    function test_aTableIsReadAsItWasPublished() external view {
        IEcdsaOperatorTable.EcdsaOperatorEntry[] memory entries = rows(MOST);
        vm.assertEq(abi.encode(ecdsaTable.getOperatorTable(keyed, PINNED)), abi.encode(entries), "rows");
        EcdsaTypes.ECDSAOperatorInfo[] memory infos = ecdsaTable.getOperatorInfos(keyed, PINNED);
        for (uint256 i = 0; i < MOST; ++i) {
            vm.assertEq(infos[i].pubkey, keyAt(i), "key");
            vm.assertEq(infos[i].weights[0], weightOf(i), "weight");
            vm.assertEq(abi.encode(ecdsaTable.getOperatorInfo(keyed, PINNED, i)), abi.encode(infos[i]), "one");
        }
        vm.assertEq(ecdsaTable.getOperatorCount(keyed, PINNED), MOST, "count");
        vm.assertEq(ecdsaTable.latestReferenceTimestamp(keyed), PINNED, "latest");
        vm.assertTrue(ecdsaTable.isReferenceTimestampSet(keyed, PINNED), "set");
        vm.assertTrue(!ecdsaTable.isReferenceTimestampSet(keyed, PINNED + 1), "not set");
        vm.assertEq(ecdsaTable.getOperatorSetOwner(keyed), address(this), "owner");
        vm.assertEq(ecdsaTable.getOperatorSetOwner(five), address(0), "nobody's");
        vm.assertEq(ecdsaTable.operatorTableUpdater(), address(ecdsaTable), "updater");
    }

    function test_refusesToReadWhatIsNotThere() external {
        vm.expectRevert(EcdsaErrors.IndexOutOfBounds.selector);
        ecdsaTable.getOperatorInfo(keyed, PINNED, MOST);
        vm.expectRevert(EcdsaErrors.OperatorCountZero.selector);
        ecdsaTable.getTotalStakeWeights(keyed, PINNED + 1);
        vm.expectRevert(SharedErrors.ReferenceTimestampDoesNotExist.selector);
        ecdsaTable.getOperatorTable(keyed, PINNED + 1);
        vm.assertEq(ecdsaTable.getOperatorInfos(keyed, PINNED + 1).length, 0, "no rows");
    }

    function test_aKeyLeadsToItsOperator_andToWhetherTheNewestTableHasIt() external {
        (address operator, bool registered) = ecdsaTable.getOperatorFromSigningKey(keyed, abi.encodePacked(keyAt(4)));
        vm.assertEq(operator, operatorAt(4), "operator");
        vm.assertTrue(registered, "in the table");
        vm.warp(START + 1);
        ecdsaTable.publishTable(keyed, rows(4));
        (operator, registered) = ecdsaTable.getOperatorFromSigningKey(keyed, abi.encodePacked(keyAt(4)));
        vm.assertEq(operator, operatorAt(4), "still its");
        vm.assertTrue(!registered, "no longer in the table");
        (operator,) = ecdsaTable.getOperatorFromSigningKey(keyed, abi.encodePacked(keyAt(MOST)));
        vm.assertEq(operator, address(0), "nobody's");
        vm.expectRevert(abi.encodeWithSelector(IEcdsaOperatorTable.InvalidLength.selector, 20, 32));
        ecdsaTable.getOperatorFromSigningKey(keyed, abi.encode(keyAt(4)));
    }

    function _refusesTable(bytes memory refusal, IEcdsaOperatorTable.EcdsaOperatorEntry[] memory entries) private {
        vm.expectRevert(refusal);
        ecdsaTable.publishTable(keyed, entries);
    }

    function test_refusesTablesThatCannotBe() external {
        vm.expectRevert(SharedErrors.TableUpdateStale.selector);
        ecdsaTable.publishTable(keyed, rows(1));
        vm.expectRevert(abi.encodeWithSelector(IEcdsaOperatorTable.OperatorSetNotConfigured.selector, AVS, five.id));
        ecdsaTable.publishTable(five, rows(1));
        vm.warp(START + 1);
        uint256 most = ecdsaTable.MAX_OPERATORS();
        bytes4 outOfRange = IEcdsaOperatorTable.OperatorCountOutOfRange.selector;
        _refusesTable(abi.encodeWithSelector(outOfRange, most, 0), rows(0));
        _refusesTable(abi.encodeWithSelector(outOfRange, most, most + 1), rows(most + 1));
        IEcdsaOperatorTable.EcdsaOperatorEntry[] memory entries = rows(3);
        entries[2].key = entries[0].key;
        _refusesTable(abi.encodeWithSelector(IEcdsaOperatorTable.RepeatedInTable.selector, entries[0].key), entries);
        entries = rows(3);
        entries[2].operator = entries[1].operator;
        _refusesTable(
            abi.encodeWithSelector(IEcdsaOperatorTable.RepeatedInTable.selector, entries[1].operator), entries
        );
        entries = rows(3);
        entries[1].key = keyAt(4);
        _refusesTable(abi.encodeWithSelector(IEcdsaOperatorTable.KeyAlreadyRegistered.selector, operatorAt(4)), entries);
        entries = rows(3);
        entries[1].weights = new uint256[](2);
        _refusesTable(abi.encodeWithSelector(IEcdsaOperatorTable.WeightColumnsMismatch.selector, 1, 2), entries);
        entries = rows(1);
        entries[0].weights = new uint256[](0);
        _refusesTable(abi.encodeWithSelector(IEcdsaOperatorTable.WeightColumnsMismatch.selector, 0, 0), entries);
        entries = rows(1);
        entries[0].key = address(0);
        _refusesTable(abi.encodeWithSelector(IEcdsaOperatorTable.ZeroAddress.selector), entries);
        entries = rows(1);
        entries[0].operator = address(0);
        _refusesTable(abi.encodeWithSelector(IEcdsaOperatorTable.ZeroAddress.selector), entries);
    }

    function test_onlyTheOwnerMakesTables() external {
        address stranger = named("stranger");
        bytes memory refusal = abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, stranger);
        vm.expectRevert(refusal);
        vm.prank(stranger);
        ecdsaTable.configureOperatorSet(keyed, 1);
        vm.expectRevert(refusal);
        vm.prank(stranger);
        ecdsaTable.publishTable(keyed, rows(1));
        vm.expectRevert(SharedErrors.OnlyTableUpdater.selector);
        ecdsaTable.updateOperatorTable(
            keyed, 1, new EcdsaTypes.ECDSAOperatorInfo[](0), SharedTypes.OperatorSetConfig(address(this), 0)
        );
    }
}
