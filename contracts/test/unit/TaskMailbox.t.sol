// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ICertificateVerifierErrors} from "../../src/interfaces/ICertificateVerifier.sol";
import {IBN254CertificateVerifierTypes} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {OperatorSet} from "../../src/interfaces/ICertificateVerifier.sol";
import {IECDSACertificateVerifierTypes} from "../../src/interfaces/IECDSACertificateVerifier.sol";
import {IAVSTaskHook} from "../../src/local/eigenlayer/IAVSTaskHook.sol";
import {ITaskMailbox, ITaskMailboxErrors, ITaskMailboxTypes} from "../../src/local/eigenlayer/ITaskMailbox.sol";
import {Coin} from "../support/Coins.sol";
import {EcdsaOperators} from "../support/EcdsaOperators.sol";
import {ScriptedHook} from "../support/Hooks.sol";
import {Operators} from "../support/Operators.sol";

/// @dev Plan: test/tree/taskMailbox.tree
contract TaskMailboxTest is Operators, EcdsaOperators {
    uint96 private constant SLA = 120;
    uint96 private constant FEE = 1_000;
    uint16 private constant SPLIT = 2_500;
    uint16 private constant THRESHOLD = 6_667;
    bytes private constant PAYLOAD = "payload";
    bytes private constant ANSWER = "the result";

    ITaskMailbox private mailbox;
    ScriptedHook private hook;
    Coin private coin;
    address private collector = named("the AVS's fee collector");
    address private protocol = named("who gets the split");
    address private refundee = named("who gets it back");

    function setUp() public {
        setUpOperators(3_600);
        ecdsaTable = newEcdsaTable();
        publish(keyed, 3);
        mailbox = ITaskMailbox(vm.deployCode("TaskMailbox.sol", abi.encode(address(table), address(ecdsaTable))));
        mailbox.initialize(address(this), SPLIT, protocol);
        hook = new ScriptedHook();
        coin = new Coin("fee");
        coin.mint(address(this), 100 * FEE);
        coin.approve(address(mailbox), type(uint256).max);
        mailbox.setExecutorOperatorSetTaskConfig(five, config());
    }

    // ── Configuration ────────────────────────────────────────────────────────────────────────────────

    function test_onlyTheOwnerThatTheVerifierNamesConfigures() external {
        vm.prank(named("somebody"));
        vm.expectRevert(ITaskMailboxErrors.InvalidOperatorSetOwner.selector);
        mailbox.setExecutorOperatorSetTaskConfig(five, config());
        vm.expectRevert(ITaskMailboxErrors.InvalidOperatorSetOwner.selector);
        mailbox.setExecutorOperatorSetTaskConfig(OperatorSet(AVS, 99), config());
    }

    function test_aConfigurationLacksNothing() external {
        ITaskMailboxTypes.ExecutorOperatorSetTaskConfig memory bad = config();
        bad.curveType = ITaskMailboxTypes.CurveType.NONE;
        refusesConfig(bad, ITaskMailboxErrors.InvalidCurveType.selector);
        bad = config();
        bad.taskHook = IAVSTaskHook(address(0));
        refusesConfig(bad, ITaskMailboxErrors.InvalidAddressZero.selector);
        bad = config();
        bad.taskSLA = 7 days + 1;
        refusesConfig(bad, ITaskMailboxErrors.TaskSLAExceedsMaximum.selector);
        bad = config();
        bad.consensus.value = abi.encode(uint16(10_001));
        refusesConfig(bad, ITaskMailboxErrors.InvalidConsensusValue.selector);
        bad.consensus.value = "";
        refusesConfig(bad, ITaskMailboxErrors.InvalidConsensusValue.selector);
        bad.consensus = ITaskMailboxTypes.Consensus(ITaskMailboxTypes.ConsensusType.NONE, abi.encode(uint16(1)));
        refusesConfig(bad, ITaskMailboxErrors.InvalidConsensusValue.selector);
        vm.expectRevert(ITaskMailboxErrors.InvalidFeeSplit.selector);
        mailbox.setFeeSplit(10_001);
        vm.expectRevert(ITaskMailboxErrors.InvalidAddressZero.selector);
        mailbox.setFeeSplitCollector(address(0));
    }

    // ── createTask ───────────────────────────────────────────────────────────────────────────────────

    function test_aTaskNeedsPayloadRegistrationAndConfiguration() external {
        ITaskMailboxTypes.TaskParams memory params = task();
        params.payload = "";
        vm.expectRevert(ITaskMailboxErrors.PayloadIsEmpty.selector);
        mailbox.createTask(params);
        params = task();
        params.executorOperatorSet = alone;
        vm.expectRevert(ITaskMailboxErrors.ExecutorOperatorSetNotRegistered.selector);
        mailbox.createTask(params);
        mailbox.registerExecutorOperatorSet(five, false);
        vm.expectRevert(ITaskMailboxErrors.ExecutorOperatorSetNotRegistered.selector);
        mailbox.createTask(task());
        vm.expectRevert(ITaskMailboxErrors.ExecutorOperatorSetTaskConfigNotSet.selector);
        mailbox.registerExecutorOperatorSet(alone, true);
    }

    function test_theTableStaysFreshUntilTheTasksTimeIsOver() external {
        vm.warp(START + 3_600 - SLA);
        mailbox.createTask(task());
        vm.warp(START + 3_600 - SLA + 1);
        vm.expectRevert(ITaskMailboxErrors.CertificateStale.selector);
        mailbox.createTask(task());
    }

    function test_theHookMayRefuseATaskAndAResult() external {
        bytes32 hash = mailbox.createTask(task());
        hook.set(0, true, true);
        vm.expectRevert(ScriptedHook.Refused.selector);
        mailbox.createTask(task());
        vm.warp(START + 1);
        refuses(hash, certificate(hash, EVERYBODY), ScriptedHook.Refused.selector);
    }

    function testFuzz_aTasksHashIsThatOfItsNumberMailboxChainAndParameters(uint8 before, bytes calldata payload)
        external
    {
        vm.assume(payload.length > 0);
        uint256 number = before % 4;
        for (uint256 i = 0; i < number; ++i) {
            mailbox.createTask(task());
        }
        ITaskMailboxTypes.TaskParams memory params = task();
        params.payload = payload;
        bytes32 expected = keccak256(abi.encode(number, address(mailbox), block.chainid, params));
        vm.assertEq(mailbox.createTask(params), expected, "hash");
        ITaskMailboxTypes.Task memory found = mailbox.getTaskInfo(expected);
        vm.assertEq(found.payload, payload, "payload");
        vm.assertEq(found.operatorTableReferenceTimestamp, START, "table");
        vm.assertTrue(found.status == ITaskMailboxTypes.TaskStatus.CREATED, "status");
    }

    function test_aFeeIsTakenIfThereIsSomebodyForIt() external {
        withFee(collector);
        ITaskMailboxTypes.TaskParams memory params = task();
        params.refundCollector = address(0);
        vm.expectRevert(ITaskMailboxErrors.InvalidFeeReceiver.selector);
        mailbox.createTask(params);
        mailbox.createTask(task());
        vm.assertEq(coin.balanceOf(address(mailbox)), FEE, "held");
        withFee(address(0));
        vm.expectRevert(ITaskMailboxErrors.InvalidFeeReceiver.selector);
        mailbox.createTask(task());
    }

    // ── submitResult ─────────────────────────────────────────────────────────────────────────────────

    function testFuzz_aResultIsTakenFromWhoeverHasTheFlooredThreshold(uint256 mask) external {
        mask = bound(mask, 1, EVERYBODY);
        bytes32 hash = mailbox.createTask(task());
        vm.warp(START + 1);
        bytes memory cert = certificate(hash, mask);
        bool enough = stakeOf(mask) >= stakeOf(EVERYBODY) * THRESHOLD / 10_000;
        if (!enough) vm.expectRevert(ITaskMailboxErrors.ThresholdNotMet.selector);
        mailbox.submitResult(hash, cert, ANSWER);
        if (!enough) return;
        vm.assertEq(mailbox.getTaskResult(hash), ANSWER, "result");
        vm.assertEq(mailbox.getTaskInfo(hash).executorCert, cert, "certificate");
    }

    function test_aTaskIsAnsweredOnceInTimeAndNotInItsOwnSecond() external {
        bytes32 hash = mailbox.createTask(task());
        bytes memory cert = certificate(hash, EVERYBODY);
        vm.expectRevert(ITaskMailboxErrors.TimestampAtCreation.selector);
        mailbox.submitResult(hash, cert, ANSWER);
        refusesStatus(keccak256("unknown"), cert, ITaskMailboxTypes.TaskStatus.NONE);
        uint256 state = vm.snapshotState();
        vm.warp(START + SLA + 1);
        refusesStatus(hash, cert, ITaskMailboxTypes.TaskStatus.EXPIRED);
        vm.revertToState(state);
        vm.warp(START + SLA);
        mailbox.submitResult(hash, cert, ANSWER);
        refusesStatus(hash, cert, ITaskMailboxTypes.TaskStatus.VERIFIED);
    }

    function test_aCertificateIsAboutThisResultByThisTableAndSigned() external {
        bytes32 hash = mailbox.createTask(task());
        vm.warp(START + 1);
        table.publishTable(five);
        bytes32 message = mailbox.getMessageHash(hash, ANSWER);
        refuses(
            hash,
            abi.encode(certify(uint32(START + 1), message, EVERYBODY)),
            ITaskMailboxErrors.InvalidReferenceTimestamp.selector
        );
        refuses(
            hash,
            abi.encode(certify(uint32(START), keccak256("other"), EVERYBODY)),
            ITaskMailboxErrors.InvalidMessageHash.selector
        );
        refuses(
            hash, abi.encode(certify(uint32(START), message, 0)), ITaskMailboxErrors.EmptyCertificateSignature.selector
        );
        IBN254CertificateVerifierTypes.BN254Certificate memory forged = certify(uint32(START), message, EVERYBODY);
        forged.signature = sign(message, EVERYBODY);
        refuses(hash, abi.encode(forged), ICertificateVerifierErrors.VerificationFailed.selector);
        mailbox.submitResult(hash, certificate(hash, EVERYBODY), ANSWER);
    }

    function test_withoutConsensusAnyValidCertificateDoes() external {
        ITaskMailboxTypes.ExecutorOperatorSetTaskConfig memory any = config();
        any.consensus = ITaskMailboxTypes.Consensus(ITaskMailboxTypes.ConsensusType.NONE, "");
        mailbox.setExecutorOperatorSetTaskConfig(five, any);
        bytes32 hash = mailbox.createTask(task());
        vm.warp(START + 1);
        mailbox.submitResult(hash, certificate(hash, 1), ANSWER);
        vm.assertTrue(mailbox.getTaskStatus(hash) == ITaskMailboxTypes.TaskStatus.VERIFIED, "verified");
    }

    function test_anEcdsaSetsCertificateGoesToTheOtherVerifier() external {
        ITaskMailboxTypes.ExecutorOperatorSetTaskConfig memory other = config();
        other.curveType = ITaskMailboxTypes.CurveType.ECDSA;
        mailbox.setExecutorOperatorSetTaskConfig(keyed, other);
        ITaskMailboxTypes.TaskParams memory params = task();
        params.executorOperatorSet = keyed;
        bytes32 hash = mailbox.createTask(params);
        vm.warp(START + 1);
        bytes32 message = mailbox.getMessageHash(hash, ANSWER);
        IECDSACertificateVerifierTypes.ECDSACertificate memory none =
            IECDSACertificateVerifierTypes.ECDSACertificate(uint32(START), message, "");
        refuses(hash, abi.encode(none), ITaskMailboxErrors.EmptyCertificateSignature.selector);
        mailbox.submitResult(hash, abi.encode(ecdsaCertificate(uint32(START), message, inOrder(7))), ANSWER);
    }

    function test_aTaskKeepsItsConfigurationAndItsSplit() external {
        withFee(collector);
        bytes32 hash = mailbox.createTask(task());
        mailbox.setFeeSplit(10_000);
        ITaskMailboxTypes.ExecutorOperatorSetTaskConfig memory other = config();
        other.consensus.value = abi.encode(uint16(10_000));
        mailbox.setExecutorOperatorSetTaskConfig(five, other);
        vm.warp(START + 1);
        mailbox.submitResult(hash, certificate(hash, EVERYBODY & ~uint256(1)), ANSWER);
        vm.assertEq(coin.balanceOf(protocol), FEE / 4, "the split of then");
        vm.assertEq(coin.balanceOf(collector), FEE - FEE / 4, "the AVS's");
    }

    function test_theHookIsToldInOrderAndCantCreateTheNextTaskMeanwhile() external {
        bytes32 hash = mailbox.createTask(task());
        vm.warp(START + 1);
        hook.createAnother(mailbox, task());
        bytes memory cert = certificate(hash, EVERYBODY);
        refuses(hash, cert, ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        hook = new ScriptedHook();
        mailbox.setExecutorOperatorSetTaskConfig(five, config());
        hash = mailbox.createTask(task());
        vm.warp(START + 2);
        mailbox.submitResult(hash, certificate(hash, EVERYBODY), ANSWER);
        vm.assertEq(bytes(hook.calls()), "created answered ", "order");
    }

    // ── refundFee ────────────────────────────────────────────────────────────────────────────────────

    function test_theRefundCollectorGetsTheWholeFeeOfAnExpiredTaskOnce() external {
        withFee(collector);
        bytes32 hash = mailbox.createTask(task());
        vm.expectRevert(ITaskMailboxErrors.OnlyRefundCollector.selector);
        mailbox.refundFee(hash);
        vm.prank(refundee);
        vm.expectRevert(
            abi.encodeWithSelector(
                ITaskMailboxErrors.InvalidTaskStatus.selector,
                ITaskMailboxTypes.TaskStatus.EXPIRED,
                ITaskMailboxTypes.TaskStatus.CREATED
            )
        );
        mailbox.refundFee(hash);
        vm.warp(START + SLA + 1);
        vm.prank(refundee);
        mailbox.refundFee(hash);
        vm.assertEq(coin.balanceOf(refundee), FEE, "refunded");
        vm.prank(refundee);
        vm.expectRevert(ITaskMailboxErrors.FeeAlreadyRefunded.selector);
        mailbox.refundFee(hash);
    }

    // ── How ──────────────────────────────────────────────────────────────────────────────────────────

    function config() private view returns (ITaskMailboxTypes.ExecutorOperatorSetTaskConfig memory) {
        return ITaskMailboxTypes.ExecutorOperatorSetTaskConfig(
            hook,
            SLA,
            IERC20(address(0)),
            ITaskMailboxTypes.CurveType.BN254,
            address(0),
            ITaskMailboxTypes.Consensus(
                ITaskMailboxTypes.ConsensusType.STAKE_PROPORTION_THRESHOLD, abi.encode(THRESHOLD)
            ),
            ""
        );
    }

    function withFee(address to) private {
        hook.set(FEE, false, false);
        ITaskMailboxTypes.ExecutorOperatorSetTaskConfig memory charging = config();
        charging.feeToken = coin;
        charging.feeCollector = to;
        mailbox.setExecutorOperatorSetTaskConfig(five, charging);
    }

    function task() private view returns (ITaskMailboxTypes.TaskParams memory) {
        return ITaskMailboxTypes.TaskParams(refundee, five, PAYLOAD);
    }

    function certificate(bytes32 hash, uint256 mask) private view returns (bytes memory) {
        return abi.encode(certify(uint32(START), mailbox.getMessageHash(hash, ANSWER), mask));
    }

    function refuses(bytes32 hash, bytes memory cert, bytes4 why) private {
        vm.expectRevert(why);
        mailbox.submitResult(hash, cert, ANSWER);
    }

    function refusesStatus(bytes32 hash, bytes memory cert, ITaskMailboxTypes.TaskStatus actual) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                ITaskMailboxErrors.InvalidTaskStatus.selector, ITaskMailboxTypes.TaskStatus.CREATED, actual
            )
        );
        mailbox.submitResult(hash, cert, ANSWER);
    }

    function refusesConfig(ITaskMailboxTypes.ExecutorOperatorSetTaskConfig memory bad, bytes4 why) private {
        vm.expectRevert(why);
        mailbox.setExecutorOperatorSetTaskConfig(five, bad);
    }
}
