// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {AllocationManagerSlasher as Slasher} from "../../src/adapters/AllocationManagerSlasher.sol";
import {IAllocationManagerSlashing} from "../../src/adapters/IAllocationManagerSlashing.sol";
import {OperatorSet} from "../../src/interfaces/ICertificateVerifier.sol";
import {AllocationManagerStandIn} from "../support/EigenLayerCore.sol";
import {Test} from "../support/Test.sol";

/// @dev Plan: test/tree/adapters.tree
contract AllocationManagerSlasherTest is Test {
    uint256 private constant START = 1_760_000_000;
    uint32 private constant WINDOW = 1 days;
    uint32 private constant LIFETIME = 14 days;
    uint32 private constant COOL_DOWN = 7 days;
    uint256 private constant TENTH = 1e17;
    address private constant JUDGE = address(0x70d6e);
    address private constant GUARDIAN = address(0x6a4d);
    address private constant OPERATOR = address(0x0b);
    address private constant FIRST = address(0x51);
    address private constant SECOND = address(0x52);
    bytes32 private constant EVIDENCE = keccak256("two digests for one slot");

    OperatorSet private set = OperatorSet(address(0xA5), 1);
    AllocationManagerStandIn private manager;
    Slasher private slasher;

    function setUp() public {
        vm.warp(START);
        manager = new AllocationManagerStandIn();
        slasher = new Slasher(IAllocationManagerSlashing(address(manager)), address(this));
        address[] memory strategies = new address[](2);
        (strategies[0], strategies[1]) = (FIRST, SECOND);
        manager.setUp(address(slasher), 1, strategies);
        manager.setSlashable(OPERATOR, true);
        slasher.grantRole(slasher.JUDGE_ROLE(), JUDGE);
        slasher.grantRole(slasher.GUARDIAN_ROLE(), GUARDIAN);
        slasher.setTerms(set, terms(WINDOW));
    }

    // ── Terms ────────────────────────────────────────────────────────────────────────────────────────

    function test_termsAreSortedOfEqualLengthAndTakeAPart() external {
        Slasher.Terms memory bad = terms(WINDOW);
        bad.wads = new uint256[](1);
        refusesTerms(bad, abi.encodeWithSelector(Slasher.TermsLengthMismatch.selector, 2, 1));
        bad = terms(WINDOW);
        (bad.strategies[0], bad.strategies[1]) = (SECOND, FIRST);
        refusesTerms(bad, abi.encodeWithSelector(Slasher.StrategiesNotAscending.selector, SECOND, FIRST));
        bad.strategies[1] = SECOND;
        refusesTerms(bad, abi.encodeWithSelector(Slasher.StrategiesNotAscending.selector, SECOND, SECOND));
        bad = terms(WINDOW);
        bad.wads[1] = 0;
        refusesTerms(bad, abi.encodeWithSelector(Slasher.WadOutOfRange.selector, SECOND, 0));
        bad.wads[1] = 1e18 + 1;
        refusesTerms(bad, abi.encodeWithSelector(Slasher.WadOutOfRange.selector, SECOND, 1e18 + 1));
        bad.wads[1] = 1e18;
        slasher.setTerms(set, bad);
        vm.prank(JUDGE);
        vm.expectPartialRevert(IAccessControl.AccessControlUnauthorizedAccount.selector);
        slasher.setTerms(set, bad);
    }

    // ── Bringing evidence ────────────────────────────────────────────────────────────────────────────

    function test_onlyAJudgeBringsEvidence() external {
        vm.expectPartialRevert(IAccessControl.AccessControlUnauthorizedAccount.selector);
        slasher.slash(set, OPERATOR, EVIDENCE, uint64(START), "");
        vm.prank(GUARDIAN);
        vm.expectPartialRevert(IAccessControl.AccessControlUnauthorizedAccount.selector);
        slasher.slash(set, OPERATOR, EVIDENCE, uint64(START), "");
    }

    function test_anOperatorSetWithoutTermsSlashesNobody() external {
        vm.prank(JUDGE);
        vm.expectRevert(abi.encodeWithSelector(Slasher.NoTerms.selector, address(0xA5), 2));
        slasher.slash(OperatorSet(address(0xA5), 2), OPERATOR, EVIDENCE, uint64(START), "");
    }

    function test_evidenceCountsOnceWhateverBecameOfIt() external {
        bring(EVIDENCE);
        refusesAgain();
        vm.prank(GUARDIAN);
        slasher.veto(EVIDENCE);
        refusesAgain();
        bring("another");
        vm.warp(START + WINDOW);
        slasher.execute("another");
        vm.prank(JUDGE);
        vm.expectRevert(abi.encodeWithSelector(Slasher.AlreadyBrought.selector, bytes32("another")));
        slasher.slash(set, OPERATOR, "another", uint64(START), "");
    }

    function test_evidenceIsNeitherTooOldNorFromTheFuture() external {
        vm.prank(JUDGE);
        vm.expectRevert(abi.encodeWithSelector(Slasher.EvidenceFromTheFuture.selector, START + 1, START));
        slasher.slash(set, OPERATOR, EVIDENCE, uint64(START + 1), "");
        vm.prank(JUDGE);
        vm.expectRevert(abi.encodeWithSelector(Slasher.EvidenceTooOld.selector, START - LIFETIME - 1, START - LIFETIME));
        slasher.slash(set, OPERATOR, EVIDENCE, uint64(START - LIFETIME - 1), "");
        vm.prank(JUDGE);
        slasher.slash(set, OPERATOR, EVIDENCE, uint64(START - LIFETIME), "");
        vm.warp(START + WINDOW);
        vm.expectPartialRevert(Slasher.EvidenceTooOld.selector);
        slasher.execute(EVIDENCE);
    }

    // ── Carrying out ─────────────────────────────────────────────────────────────────────────────────

    function test_withoutAWindowAnOperatorIsSlashedAtOnceAsTheTermsSay() external {
        slasher.setTerms(set, terms(0));
        bring(EVIDENCE);
        vm.assertEq(manager.taken(OPERATOR, FIRST), TENTH, "of the first");
        vm.assertEq(manager.taken(OPERATOR, SECOND), 2 * TENTH, "of the second");
        vm.assertEq(bytes(manager.lastDescription()), "why", "description");
        vm.assertTrue(slasher.sentenceOf(EVIDENCE).stage == Slasher.Stage.DONE, "done");
    }

    function test_aSentenceWaitsForItsWindowAndIsCarriedOutOnceByAnybody() external {
        bring(EVIDENCE);
        vm.warp(START + WINDOW - 1);
        vm.expectRevert(abi.encodeWithSelector(Slasher.WindowOpen.selector, START + WINDOW, START + WINDOW - 1));
        slasher.execute(EVIDENCE);
        vm.warp(START + WINDOW);
        vm.prank(named("anybody"));
        slasher.execute(EVIDENCE);
        vm.assertEq(manager.slashes(), 1, "slashes");
        vm.expectRevert(abi.encodeWithSelector(Slasher.NotWaiting.selector, EVIDENCE, Slasher.Stage.DONE));
        slasher.execute(EVIDENCE);
        vm.expectRevert(abi.encodeWithSelector(Slasher.NotWaiting.selector, bytes32("none"), Slasher.Stage.NONE));
        slasher.execute("none");
    }

    function test_aGuardianObjectsWhileTheWindowIsOpen() external {
        bring(EVIDENCE);
        vm.prank(JUDGE);
        vm.expectPartialRevert(IAccessControl.AccessControlUnauthorizedAccount.selector);
        slasher.veto(EVIDENCE);
        vm.prank(GUARDIAN);
        slasher.veto(EVIDENCE);
        vm.warp(START + WINDOW);
        vm.expectRevert(abi.encodeWithSelector(Slasher.NotWaiting.selector, EVIDENCE, Slasher.Stage.VETOED));
        slasher.execute(EVIDENCE);
        vm.assertEq(manager.slashes(), 0, "slashes");
        bring("later");
        vm.warp(START + 2 * WINDOW);
        vm.prank(GUARDIAN);
        vm.expectPartialRevert(Slasher.WindowClosed.selector);
        slasher.veto("later");
    }

    function test_anOperatorIsSlashedOncePerCoolDown() external {
        bring("one");
        bring("two");
        vm.warp(START + WINDOW);
        slasher.execute("one");
        vm.expectRevert(abi.encodeWithSelector(Slasher.CoolingDown.selector, OPERATOR, START + WINDOW + COOL_DOWN));
        slasher.execute("two");
        vm.warp(START + WINDOW + COOL_DOWN);
        slasher.execute("two");
        vm.assertEq(manager.slashes(), 2, "slashes");
    }

    function test_whatTheAllocationManagerRefusesLeavesTheSentenceWaiting() external {
        bring(EVIDENCE);
        manager.setSlashable(OPERATOR, false);
        vm.warp(START + WINDOW);
        vm.expectRevert(AllocationManagerStandIn.OperatorNotSlashable.selector);
        slasher.execute(EVIDENCE);
        manager.setSlashable(OPERATOR, true);
        slasher.execute(EVIDENCE);
        vm.assertEq(manager.slashes(), 1, "slashes");
    }

    function testFuzz_noOperatorLosesMoreThanOnePartPerCoolDown(uint256 seed) external {
        uint256 now_ = START;
        uint256 lastSlash;
        uint256 slashes;
        for (uint256 i = 0; i < 24; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            now_ += seed % 3 days;
            vm.warp(now_);
            bytes32 evidence = bytes32(seed >> 8 & 7);
            uint256 before = manager.slashes();
            if (seed % 5 < 2) tryTo(JUDGE, abi.encodeCall(slasher.slash, (set, OPERATOR, evidence, uint64(now_), "")));
            else if (seed % 5 == 2) tryTo(GUARDIAN, abi.encodeCall(slasher.veto, (evidence)));
            else tryTo(address(this), abi.encodeCall(slasher.execute, (evidence)));
            if (manager.slashes() == before) continue;
            vm.assertTrue(slashes == 0 || now_ >= lastSlash + COOL_DOWN, "too soon");
            (lastSlash, slashes) = (now_, slashes + 1);
        }
        vm.assertEq(manager.slashes(), slashes, "one at a time");
        vm.assertTrue(slashes <= 8, "once per evidence");
    }

    // ── How ──────────────────────────────────────────────────────────────────────────────────────────

    function terms(uint32 window) private pure returns (Slasher.Terms memory made) {
        made.strategies = new address[](2);
        (made.strategies[0], made.strategies[1]) = (FIRST, SECOND);
        made.wads = new uint256[](2);
        (made.wads[0], made.wads[1]) = (TENTH, 2 * TENTH);
        (made.objectionWindow, made.evidenceLifetime, made.coolDown) = (window, LIFETIME, COOL_DOWN);
    }

    function bring(bytes32 evidence) private {
        vm.prank(JUDGE);
        slasher.slash(set, OPERATOR, evidence, uint64(block.timestamp), "why");
    }

    function tryTo(address who, bytes memory call) private {
        vm.prank(who);
        (bool done,) = address(slasher).call(call);
        done;
    }

    function refusesAgain() private {
        vm.prank(JUDGE);
        vm.expectRevert(abi.encodeWithSelector(Slasher.AlreadyBrought.selector, EVIDENCE));
        slasher.slash(set, OPERATOR, EVIDENCE, uint64(START), "");
    }

    function refusesTerms(Slasher.Terms memory bad, bytes memory why) private {
        vm.expectRevert(why);
        slasher.setTerms(set, bad);
    }
}
