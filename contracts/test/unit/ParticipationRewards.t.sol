// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {IRewardsCoordinatorDirected} from "../../src/adapters/IRewardsCoordinatorDirected.sol";
import {ParticipationLedger} from "../../src/adapters/ParticipationLedger.sol";
import {ParticipationRewards} from "../../src/adapters/ParticipationRewards.sol";
import {
    IBN254CertificateVerifierErrors,
    IBN254CertificateVerifierTypes as Bn254
} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {ICertificateVerifierErrors} from "../../src/interfaces/ICertificateVerifier.sol";
import {IKeyRegistrar} from "../../src/interfaces/IKeyRegistrar.sol";
import {IOperatorTable} from "../../src/interfaces/IOperatorTable.sol";
import {OperatorInfoTree} from "../../src/libraries/OperatorInfoTree.sol";
import {Coin} from "../support/Coins.sol";
import {RewardsCoordinatorStandIn} from "../support/EigenLayerCore.sol";
import {Machines} from "../support/Machines.sol";

/// @dev Plan: test/tree/adapters.tree
contract ParticipationRewardsTest is Machines {
    uint256 private constant RATE = 3;
    address private constant REPORTER = address(0x4e9);
    uint32 private constant PINNED = uint32(START);

    ParticipationLedger private ledger;
    ParticipationRewards private rewards;
    RewardsCoordinatorStandIn private coordinator;
    Coin private coin;

    function setUp() public {
        setUpMachine();
        ledger = new ParticipationLedger(machine);
        coin = new Coin("reward");
        coordinator = new RewardsCoordinatorStandIn(address(0));
        rewards = new ParticipationRewards(ledger, IKeyRegistrar(address(table)), coordinator, coin, address(this));
        coordinator.appoint(address(rewards));
        rewards.grantRole(rewards.REPORTER_ROLE(), REPORTER);
        rewards.setRate(RATE);
        coin.mint(address(rewards), 1e9);
    }

    // ── The ledger ───────────────────────────────────────────────────────────────────────────────────

    function testFuzz_whoSignedAReportedPhaseIsCreditedAndNobodyElse(uint256 first, uint256 second) external {
        (first, second) = (quorum(first), quorum(second));
        reportNew(first);
        reportNew(second);
        for (uint32 i = 0; i < MEMBERS; ++i) {
            vm.assertEq(ledger.signedBy(five, PINNED, i), (first >> i & 1) + (second >> i & 1), "signed");
        }
    }

    function test_aLateSignersCertificateMayBeReportedInPlaceOfTheSubmittedOne() external {
        bytes32 id = completed(EVERYBODY & ~uint256(1));
        report(id, RESULT, certificateOf(id, RESULT, EVERYBODY));
        vm.assertEq(ledger.signedBy(five, PINNED, 0), 1, "late, and signed all the same");
    }

    function test_aPhaseIsReportedOnceWithItsOwnResultAndCertificate() external {
        bytes32 id = started(one(immediate("p")));
        Bn254.BN254Certificate memory cert = certificateOf(id, RESULT, EVERYBODY);
        refuses(id, RESULT, cert, abi.encodeWithSelector(ParticipationLedger.PhaseNotCompleted.selector, id, 0));
        submit(id, 0, RESULT, EVERYBODY);
        bytes memory other = "another";
        refuses(
            id,
            other,
            cert,
            abi.encodeWithSelector(ParticipationLedger.OtherResult.selector, keccak256(RESULT), keccak256(other))
        );
        Bn254.BN254Certificate memory wrong = certify(PINNED, "message", EVERYBODY);
        refuses(
            id,
            RESULT,
            wrong,
            abi.encodeWithSelector(ParticipationLedger.OtherMessage.selector, cert.messageHash, bytes32("message"))
        );
        wrong = certificateOf(id, RESULT, EVERYBODY);
        wrong.referenceTimestamp = PINNED + 1;
        refuses(id, RESULT, wrong, abi.encodeWithSelector(ParticipationLedger.OtherTable.selector, PINNED, PINNED + 1));
        wrong = certificateOf(id, RESULT, EVERYBODY);
        wrong.nonSignerWitnesses = certificateOf(id, RESULT, EVERYBODY & ~uint256(4)).nonSignerWitnesses;
        refuses(id, RESULT, wrong, abi.encodeWithSelector(ICertificateVerifierErrors.VerificationFailed.selector));
        vm.assertEq(ledger.phasesOf(ledger.tableKeyOf(five, PINNED)), 0, "nothing counted");
        report(id, RESULT, cert);
        refuses(id, RESULT, cert, abi.encodeWithSelector(ParticipationLedger.AlreadyReported.selector, id, 0));
    }

    // ── Rewards ──────────────────────────────────────────────────────────────────────────────────────

    function test_eachSignedPhaseIsRewardedOnceByWeightAndRate() external {
        reportNew(EVERYBODY);
        reportNew(EVERYBODY & ~uint256(2));
        later();
        uint256 total = reward(7);
        vm.assertEq(coordinator.rewarded(operatorAt(0)), 2 * weightOf(0) * RATE, "signed both");
        vm.assertEq(coordinator.rewarded(operatorAt(1)), weightOf(1) * RATE, "missed one");
        vm.assertEq(total, (2 * weightOf(0) + weightOf(1) + 2 * weightOf(2)) * RATE, "total");
        vm.assertEq(coin.balanceOf(address(coordinator)), total, "paid in");
        refusesRows(rowsOf(1), abi.encodeWithSelector(ParticipationRewards.NothingToReward.selector, 0));
        reward(24);
        vm.assertEq(coordinator.rewarded(operatorAt(4)), 2 * weightOf(4) * RATE, "who had not been");
        vm.warp(START);
        reportNew(EVERYBODY);
        later();
        reward(1);
        vm.assertEq(coordinator.rewarded(operatorAt(0)), 3 * weightOf(0) * RATE, "the third");
    }

    function test_onlyProvenRowsInOrderOfTheirOperators() external {
        reportNew(EVERYBODY);
        later();
        ParticipationRewards.Row[] memory rows = rowsOf(3);
        rows[0].info.weights[0] += 1;
        refusesRows(rows, abi.encodeWithSelector(ParticipationRewards.InvalidOperatorProof.selector, 0));
        rows = rowsOf(3);
        (rows[0], rows[1]) = (rows[1], rows[0]);
        refusesRows(
            rows,
            abi.encodeWithSelector(ParticipationRewards.OperatorsNotAscending.selector, operatorAt(1), operatorAt(0))
        );
        rows[1] = rows[0];
        refusesRows(
            rows,
            abi.encodeWithSelector(ParticipationRewards.OperatorsNotAscending.selector, operatorAt(1), operatorAt(1))
        );
        refusesRows(
            new ParticipationRewards.Row[](0), abi.encodeWithSelector(ParticipationRewards.NobodyToReward.selector)
        );
    }

    function test_onlyAReporterForAWholePastPeriodWithTokensEnough() external {
        reportNew(EVERYBODY);
        later();
        ParticipationRewards.Row[] memory rows = rowsOf(1);
        vm.expectPartialRevert(IAccessControl.AccessControlUnauthorizedAccount.selector);
        rewards.reward(five, PINNED, rows, period());
        ParticipationRewards.Period memory odd = period();
        odd.startTimestamp += 1;
        refusesPeriod(
            odd, abi.encodeWithSelector(ParticipationRewards.NotAMultiple.selector, 1 days, odd.startTimestamp)
        );
        odd = period();
        odd.duration = 0;
        refusesPeriod(odd, abi.encodeWithSelector(ParticipationRewards.NotAMultiple.selector, 1 days, 0));
        odd = period();
        odd.duration = 10 days;
        refusesPeriod(
            odd,
            abi.encodeWithSelector(
                ParticipationRewards.PeriodNotOver.selector, uint256(odd.startTimestamp) + 10 days, block.timestamp
            )
        );
        rewards.withdraw(address(this), coin.balanceOf(address(rewards)) - 1);
        refusesRows(
            rowsOf(1), abi.encodeWithSelector(ParticipationRewards.TooLittleHeld.selector, weightOf(0) * RATE, 1)
        );
        vm.prank(REPORTER);
        vm.expectPartialRevert(IAccessControl.AccessControlUnauthorizedAccount.selector);
        rewards.withdraw(REPORTER, 1);
    }

    // ── How ──────────────────────────────────────────────────────────────────────────────────────────

    function quorum(uint256 seed) private pure returns (uint256 mask) {
        mask = bound(seed, 1, EVERYBODY);
        while (stakeOf(mask) * 10_000 < stakeOf(EVERYBODY) * TWO_THIRDS) {
            mask |= mask + 1;
        }
    }

    function completed(uint256 mask) private returns (bytes32 id) {
        id = started(one(immediate("p")));
        submit(id, 0, RESULT, mask);
    }

    function reportNew(uint256 mask) private {
        bytes32 id = completed(mask);
        report(id, RESULT, certificateOf(id, RESULT, mask));
    }

    function certificateOf(bytes32 id, bytes memory result, uint256 mask)
        private
        view
        returns (Bn254.BN254Certificate memory)
    {
        return abi.decode(certificateFor(id, 0, 0, result, mask), (Bn254.BN254Certificate));
    }

    function report(bytes32 id, bytes memory result, Bn254.BN254Certificate memory cert) private {
        vm.prank(named("anybody"));
        ledger.report(id, 0, 0, result, cert);
    }

    function refuses(bytes32 id, bytes memory result, Bn254.BN254Certificate memory cert, bytes memory why) private {
        vm.expectRevert(why);
        ledger.report(id, 0, 0, result, cert);
    }

    function later() private {
        vm.warp(START + 5 days);
    }

    function period() private pure returns (ParticipationRewards.Period memory made) {
        made.startTimestamp = uint32(START - START % 1 days);
        made.duration = 1 days;
        made.strategiesAndMultipliers = new IRewardsCoordinatorDirected.StrategyAndMultiplier[](1);
        made.strategiesAndMultipliers[0] = IRewardsCoordinatorDirected.StrategyAndMultiplier(address(0x51), 1e18);
        made.description = "phases signed";
    }

    function rowsOf(uint256 mask) private view returns (ParticipationRewards.Row[] memory rows) {
        IOperatorTable.OperatorEntry[] memory entries = table.getOperatorTable(five, PINNED);
        bytes32[] memory leaves = new bytes32[](entries.length);
        uint256 count = 0;
        for (uint256 i = 0; i < entries.length; ++i) {
            leaves[i] = OperatorInfoTree.leafOf(infoOf(entries[i]));
            count += mask >> i & 1;
        }
        rows = new ParticipationRewards.Row[](count);
        count = 0;
        for (uint256 i = 0; i < entries.length; ++i) {
            if (mask >> i & 1 == 0) continue;
            rows[count++] = ParticipationRewards.Row(uint32(i), infoOf(entries[i]), merkleProof(leaves, i));
        }
    }

    function reward(uint256 mask) private returns (uint256) {
        ParticipationRewards.Row[] memory rows = rowsOf(mask);
        vm.prank(REPORTER);
        return rewards.reward(five, PINNED, rows, period());
    }

    function refusesRows(ParticipationRewards.Row[] memory rows, bytes memory why) private {
        vm.prank(REPORTER);
        vm.expectRevert(why);
        rewards.reward(five, PINNED, rows, period());
    }

    function refusesPeriod(ParticipationRewards.Period memory odd, bytes memory why) private {
        ParticipationRewards.Row[] memory rows = rowsOf(1);
        vm.prank(REPORTER);
        vm.expectRevert(why);
        rewards.reward(five, PINNED, rows, odd);
    }
}
