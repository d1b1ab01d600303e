// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IBN254CertificateVerifierTypes as VerifierTypes} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {ICertificateVerifierErrors as SharedErrors} from "../../src/interfaces/ICertificateVerifier.sol";
import {
    IWorkflowStateMachine,
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineEvents as Events,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {BN254} from "../../src/libraries/BN254.sol";
import {Machines} from "../support/Machines.sol";
import {ScriptedVerifier} from "../support/ScriptedVerifier.sol";

/// @dev Plan: test/tree/submitPhaseResult.tree
contract SubmitPhaseResultTest is Machines {
    bytes32 private constant RESULT_TYPEHASH = keccak256(
        "PhaseResult(uint256 chainId,address stateMachine,bytes32 operatorSetKey,bytes32 executionId,uint32 phaseIndex,uint32 attempt,uint32 tick,uint32 round,bytes32 inputsHash,bytes32 resultHash)"
    );
    bytes32 private constant INPUTS_TYPEHASH =
        keccak256("PhaseInputs(bytes32 payloadHash,uint32[] dependencies,bytes32[] resultHashes)");
    uint32 private constant PINNED = uint32(START);

    bytes32 private executionId;

    function setUp() public {
        setUpMachine();
        executionId = started(two());
    }

    function _certificate(uint256 mask) private view returns (bytes memory) {
        return certificateFor(executionId, 0, 0, RESULT, mask);
    }

    function _refuses(bytes memory error_, bytes memory certificate) private {
        vm.expectRevert(error_);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
    }

    // ── Taken ────────────────────────────────────────────────────────────────────────────────────────

    function test_storesTheResult_andStartsWhatWaitedForIt() external {
        bytes memory certificate = _certificate(30);
        bytes32 inputs = keccak256(
            abi.encode(
                INPUTS_TYPEHASH,
                keccak256("payload"),
                keccak256(abi.encode(uint256(0))),
                keccak256(abi.encode(keccak256(RESULT)))
            )
        );
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.PhaseCompleted(executionId, 0, 1, 0, RESULT, 500, 600, named("anyone"));
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.PhaseStarted(executionId, 1, 1, AVS, 1, PINNED, uint64(START + TIMEOUT), inputs);
        vm.prank(named("anyone"));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);

        assertStatus(executionId, 0, Types.PhaseStatus.COMPLETED);
        assertStatus(executionId, 1, Types.PhaseStatus.ACTIVE);
        assertExecution(executionId, Types.ExecutionStatus.RUNNING);
        vm.assertEq(machine.getPhaseResult(executionId, 0), RESULT, "result");
        vm.assertEq(machine.getPhase(executionId, 0).result, RESULT, "result in the view");
        vm.assertEq(machine.getExecution(executionId).resolvedMask, 1, "resolved");
    }

    function test_completesTheExecutionWithItsLastPhase() external {
        submit(executionId, 0, RESULT, EVERYBODY);
        bytes memory certificate = certificateFor(executionId, 1, 0, "done", EVERYBODY);
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.WorkflowCompleted(executionId);
        machine.submitPhaseResult(executionId, 1, 0, "done", certificate);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function testFuzz_keepsResultsOfEveryLength_orTheirHash(bytes memory seed, uint256 length) external {
        length = length % 4 == 0 ? bound(length, 0, 40) : bound(length, 0, 16_384);
        bytes memory result = new bytes(length);
        for (uint256 i = 0; i < length && seed.length > 0; ++i) {
            result[i] = seed[i % seed.length];
        }
        submit(executionId, 0, result, EVERYBODY);
        // Beyond 4,096 bytes the hash alone is kept.
        vm.assertEq(machine.getPhaseResult(executionId, 0), length <= 4_096 ? result : bytes(""), "result");
        vm.assertEq(machine.getPhase(executionId, 0).resultHash, keccak256(result), "its hash");
        bytes32 inputs = keccak256(
            abi.encode(
                INPUTS_TYPEHASH,
                keccak256("payload"),
                keccak256(abi.encode(uint256(0))),
                keccak256(abi.encode(keccak256(result)))
            )
        );
        vm.assertEq(machine.getPhase(executionId, 1).inputsHash, inputs, "what the next phase computes from");
    }

    function testFuzz_messageHashBindsEverything(uint32 round, bytes memory result) external view {
        bytes32 expected = keccak256(
            abi.encode(
                RESULT_TYPEHASH,
                block.chainid,
                address(machine),
                bytes32(bytes20(AVS)) | bytes32(uint256(1)),
                executionId,
                uint32(0),
                uint32(1),
                uint32(0),
                round,
                machine.getPhase(executionId, 0).inputsHash,
                keccak256(result)
            )
        );
        vm.assertEq(machine.getMessageHash(executionId, 0, round, result), expected, "as specified");
    }

    function testFuzz_takesAnyRoundOfWhatIsProposed(uint32 round, bool series) external {
        if (series) executionId = started(one(continuous("watch", 60, 10)));
        bytes memory certificate = certificateFor(executionId, 0, round, RESULT, EVERYBODY);
        machine.submitPhaseResult(executionId, 0, round, RESULT, certificate);
        assertStatus(executionId, 0, Types.PhaseStatus.COMPLETED);
    }

    function testFuzz_anySubsetPassesExactlyIfItsStakeSuffices(uint256 mask, uint16 threshold) external {
        mask = bound(mask, 1, EVERYBODY);
        threshold = uint16(bound(threshold, 0, 10_000));
        Types.PhaseDefinition memory phase = continuous("watch", 60, 10);
        phase.consensusThreshold = threshold;
        executionId = started(one(phase));
        bytes memory certificate = _certificate(mask);
        uint256 stake = stakeOf(mask);
        bool enough = stake * 10_000 >= uint256(threshold) * 600;
        if (!enough) {
            vm.expectRevert(abi.encodeWithSelector(Errors.ThresholdNotMet.selector, 0, stake, 600, threshold));
        }
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        assertStatus(executionId, 0, enough ? Types.PhaseStatus.COMPLETED : Types.PhaseStatus.ACTIVE);
    }

    function test_anyStakeIsEnoughUnderAThresholdOfZero() external {
        Types.PhaseDefinition memory phase = conditional("c", abi.encode(uint8(0), ""));
        phase.consensusThreshold = 0;
        executionId = started(one(phase));
        submit(executionId, 0, RESULT, 1);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function test_isTakenInTheDeadlinesSecond() external {
        bytes memory certificate = _certificate(EVERYBODY);
        vm.warp(START + TIMEOUT);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        assertStatus(executionId, 0, Types.PhaseStatus.COMPLETED);
    }

    // ── Not taken ────────────────────────────────────────────────────────────────────────────────────

    function test_refusesASecondResult() external {
        bytes memory certificate = _certificate(EVERYBODY);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        _refuses(abi.encodeWithSelector(Errors.PhaseNotActive.selector, Types.PhaseStatus.COMPLETED), certificate);
        vm.expectRevert(abi.encodeWithSelector(Errors.PhaseNotActive.selector, Types.PhaseStatus.COMPLETED));
        machine.submitPhaseResult(executionId, 0, 1, "other", "");
    }

    function test_refusesAPhaseThatHasNotStarted() external {
        bytes memory pending = abi.encodeWithSelector(Errors.PhaseNotActive.selector, Types.PhaseStatus.PENDING);
        vm.expectRevert(pending);
        machine.submitPhaseResult(executionId, 1, 0, RESULT, "");
        vm.expectRevert(pending);
        machine.getMessageHash(executionId, 1, 0, RESULT);
    }

    function test_refusesAfterTheDeadline() external {
        bytes memory certificate = _certificate(EVERYBODY);
        vm.warp(START + TIMEOUT + 1);
        _refuses(
            abi.encodeWithSelector(Errors.DeadlinePassed.selector, START + TIMEOUT, START + TIMEOUT + 1), certificate
        );
        assertStatus(executionId, 0, Types.PhaseStatus.TIMED_OUT);
    }

    function test_refusesUnknownIds() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownExecution.selector, bytes32("?")));
        machine.submitPhaseResult("?", 0, 0, RESULT, "");
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownPhase.selector, executionId, 2));
        machine.submitPhaseResult(executionId, 2, 0, RESULT, "");
    }

    function test_refusesLargeResultsAndRoundsWhereThereAreNone() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.ResultTooLarge.selector, 16_384, 16_385));
        machine.submitPhaseResult(executionId, 0, 0, new bytes(16_385), "");
        Types.PhaseDefinition[3] memory roundless =
            [immediate("a"), aggregation("b"), conditional("c", abi.encode(uint8(0), ""))];
        for (uint256 i = 0; i < 3; ++i) {
            executionId = started(one(roundless[i]));
            bytes memory certificate = certificateFor(executionId, 0, 1, RESULT, EVERYBODY);
            vm.expectRevert(abi.encodeWithSelector(Errors.InvalidRound.selector, 0, 1));
            machine.submitPhaseResult(executionId, 0, 1, RESULT, certificate);
            submit(executionId, 0, RESULT, EVERYBODY);
        }
    }

    function test_refusesAnUndecodableCertificate() external {
        bytes[4] memory certificates = [bytes(""), hex"00", abi.encode(type(uint256).max), new bytes(400)];
        for (uint256 i = 0; i < 4; ++i) {
            (bool success,) = address(machine)
                .call(abi.encodeCall(machine.submitPhaseResult, (executionId, 0, 0, RESULT, certificates[i])));
            vm.assertTrue(!success, "refused");
        }
    }

    /// @dev The head is the right one; what should follow it leads out of the calldata.
    function test_refusesWitnessesThatAreNotThere() external {
        bytes memory certificate = _certificate(EVERYBODY - 1);
        uint256[3] memory offsets = [uint256(9 * 32), 10 * 32, 11 * 32];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory broken = bytes.concat(certificate);
            uint256 offset = offsets[i];
            assembly ("memory-safe") {
                mstore(add(add(broken, 0x20), offset), 0xffffffff)
            }
            vm.assertTrue(keccak256(broken) != keccak256(certificate), "changed");
            (bool success,) =
                address(machine).call(abi.encodeCall(machine.submitPhaseResult, (executionId, 0, 0, RESULT, broken)));
            vm.assertTrue(!success, "refused");
        }
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
    }

    function test_refusesWhatNobodySigned() external {
        bytes memory refusal = abi.encodeWithSelector(Errors.EmptyCertificate.selector);
        _refuses(refusal, _certificate(0));
        VerifierTypes.BN254Certificate memory cert =
            abi.decode(_certificate(EVERYBODY), (VerifierTypes.BN254Certificate));
        BN254.G1Point memory signature = cert.signature;
        delete cert.signature;
        _refuses(refusal, abi.encode(cert));
        cert.signature = signature;
        delete cert.apk;
        _refuses(refusal, abi.encode(cert));
    }

    function test_refusesAPointOffTheCurveCheaply() external {
        VerifierTypes.BN254Certificate memory cert =
            abi.decode(_certificate(EVERYBODY), (VerifierTypes.BN254Certificate));
        cert.signature.Y += 1;
        uint256 before = gasleft();
        _refuses(
            abi.encodeWithSelector(BN254.InvalidPoint.selector, cert.signature.X, cert.signature.Y), abi.encode(cert)
        );
        vm.assertTrue(before - gasleft() < 200_000, "must not burn the gas");
    }

    function test_refusesAnotherTable() external {
        bytes32 messageHash = machine.getMessageHash(executionId, 0, 0, RESULT);
        vm.warp(START + 1);
        uint32 newer = table.publishTable(five);
        _refuses(
            abi.encodeWithSelector(Errors.InvalidReferenceTimestamp.selector, PINNED, newer),
            abi.encode(certify(newer, messageHash, EVERYBODY))
        );
    }

    function testFuzz_refusesAnyFlippedBitOfTheResult(uint256 bit) external {
        bit = bound(bit, 0, 255);
        bytes memory other = abi.encode(uint256(bytes32(RESULT)) ^ (1 << bit));
        bytes32 expected = machine.getMessageHash(executionId, 0, 0, other);
        bytes32 signed = machine.getMessageHash(executionId, 0, 0, RESULT);
        bytes memory certificate = _certificate(EVERYBODY);
        vm.expectRevert(abi.encodeWithSelector(Errors.InvalidMessageHash.selector, expected, signed));
        machine.submitPhaseResult(executionId, 0, 0, other, certificate);
    }

    function testFuzz_noFlippedBitOfTheCertificateChangesTheResult(uint256 mask, uint256 bit) external {
        mask = bound(mask, 0, 3);
        bytes memory certificate = _certificate(EVERYBODY ^ mask);
        bit = bound(bit, 0, certificate.length * 8 - 1);
        certificate[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        (bool success,) =
            address(machine).call(abi.encodeCall(machine.submitPhaseResult, (executionId, 0, 0, RESULT, certificate)));
        vm.assertTrue(!success, "a changed certificate");
        assertStatus(executionId, 0, Types.PhaseStatus.ACTIVE);
    }

    function testFuzz_refusesSignersWhoDidNotSign(uint256 mask, uint256 claimed) external {
        mask = bound(mask, 1, EVERYBODY);
        claimed = bound(claimed, 1, EVERYBODY);
        vm.assume(mask != claimed);
        VerifierTypes.BN254Certificate memory cert = abi.decode(_certificate(mask), (VerifierTypes.BN254Certificate));
        cert.nonSignerWitnesses = witnessesFor(PINNED, EVERYBODY & ~claimed);
        _refuses(abi.encodeWithSelector(SharedErrors.VerificationFailed.selector), abi.encode(cert));
    }

    // ── Replayed ─────────────────────────────────────────────────────────────────────────────────────

    /// @dev Tries a certificate for (execution, phase 0, round 0) elsewhere; it must be about something else there.
    function _refusesReplay(
        IWorkflowStateMachine where,
        bytes32 id,
        uint32 phase,
        uint32 round,
        bytes memory certificate
    ) private {
        bytes32 expected = where.getMessageHash(id, phase, round, RESULT);
        bytes32 actual = abi.decode(certificate, (VerifierTypes.BN254Certificate)).messageHash;
        vm.expectRevert(abi.encodeWithSelector(Errors.InvalidMessageHash.selector, expected, actual));
        where.submitPhaseResult(id, phase, round, RESULT, certificate);
    }

    function test_isWorthNothingInAnotherExecutionOrRound() external {
        bytes memory certificate = _certificate(EVERYBODY);
        bytes32 other =
            machine.executeWorkflow(machine.computeWorkflowId(address(this), "price-agreement", 1), "payload");
        _refusesReplay(machine, other, 0, 0, certificate);
        _refusesReplay(machine, executionId, 0, 1, certificate);
    }

    function test_isWorthNothingInAnotherPhase() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](2);
        phases[0] = immediate("left");
        phases[1] = immediate("right");
        executionId = started(phases);
        _refusesReplay(machine, executionId, 1, 0, _certificate(EVERYBODY));
    }

    function test_isWorthNothingInAnotherOperatorSet() external {
        Types.PhaseDefinition[] memory phases = two();
        phases[0].operatorSetId = 2;
        executionId = started(phases);
        bytes memory foreign = abi.encode(certify(PINNED, machine.getMessageHash(executionId, 0, 0, RESULT), EVERYBODY));
        _refuses(abi.encodeWithSelector(SharedErrors.VerificationFailed.selector), foreign);
        submit(executionId, 0, RESULT, LONER);
        assertStatus(executionId, 0, Types.PhaseStatus.COMPLETED);
    }

    function test_isWorthNothingOnAnotherChain() external {
        bytes memory certificate = _certificate(EVERYBODY);
        vm.chainId(block.chainid + 1);
        _refusesReplay(machine, executionId, 0, 0, certificate);
    }

    function test_isWorthNothingToAnotherContract() external {
        bytes memory certificate = _certificate(EVERYBODY);
        IWorkflowStateMachine first = machine;
        machine = deployMachine(address(table));
        bytes32 other = started(two());
        _refusesReplay(machine, other, 0, 0, certificate);
        vm.assertTrue(address(first) != address(machine), "two contracts");
    }

    // ── What comes after ─────────────────────────────────────────────────────────────────────────────

    function test_executionsDoNotTouchEachOther() external {
        bytes32 workflowId = machine.computeWorkflowId(address(this), "price-agreement", 1);
        bytes32 other = machine.executeWorkflow(workflowId, "other");
        bytes memory before = abi.encode(machine.getPhase(other, 0), machine.getPhase(other, 1));
        submit(executionId, 0, RESULT, EVERYBODY);
        submit(executionId, 1, RESULT, EVERYBODY);
        vm.assertEq(abi.encode(machine.getPhase(other, 0), machine.getPhase(other, 1)), before, "phases");
        assertExecution(other, Types.ExecutionStatus.RUNNING);
    }

    /// @dev Random acyclic graphs, completed in random order: at each moment, exactly those phases are open whose
    ///      dependencies have completed.
    function testFuzz_startsPhasesExactlyWhenTheirDependenciesAreDone(uint256 seed, uint256 count) external {
        count = bound(count, 2, 6);
        uint256[] memory waitsFor = new uint256[](count);
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](count);
        for (uint32 i = 0; i < count; ++i) {
            phases[i] = immediate(vm.toString(i));
            phases[i].operatorSetId = 2;
            // Edges lead from an even seed to lower indices and from an odd one to higher: both directions, no cycle.
            for (uint32 j = 0; j < count; ++j) {
                bool downwards = seed % 2 == 0 ? j < i : j > i;
                if (!downwards || uint256(keccak256(abi.encode(seed, i, j))) % 3 != 0) continue;
                phases[i] = after_(phases[i], j);
                waitsFor[i] |= 1 << j;
            }
        }
        executionId = started(phases);
        for (uint256 done = 0; done != (1 << count) - 1;) {
            _assertOpen(waitsFor, done);
            seed = uint256(keccak256(abi.encode(seed)));
            uint32 next = uint32(seed % count);
            while (statusOf(executionId, next) != Types.PhaseStatus.ACTIVE) {
                next = uint32((next + 1) % count);
            }
            submit(executionId, next, abi.encode(seed), LONER);
            done |= 1 << next;
        }
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function _assertOpen(uint256[] memory waitsFor, uint256 done) private view {
        for (uint32 i = 0; i < waitsFor.length; ++i) {
            if (done >> i & 1 == 1) assertStatus(executionId, i, Types.PhaseStatus.COMPLETED);
            else if (waitsFor[i] & ~done == 0) assertStatus(executionId, i, Types.PhaseStatus.ACTIVE);
            else assertStatus(executionId, i, Types.PhaseStatus.PENDING);
        }
    }
}

/// @dev What only another verifier can provoke.
contract SubmitToScriptedVerifierTest is Machines {
    ScriptedVerifier private verifier;
    bytes32 private executionId;

    function setUp() public {
        setUpOperators(0);
        verifier = new ScriptedVerifier();
        machine = deployMachine(address(verifier));
    }

    function _start(uint16 threshold, uint256 total) private {
        uint256[] memory totals = new uint256[](1);
        totals[0] = total;
        verifier.setStake(totals, totals);
        Types.PhaseDefinition memory phase = immediate("only");
        phase.consensusThreshold = threshold;
        executionId = started(one(phase));
    }

    function _certificate() private view returns (bytes memory) {
        VerifierTypes.BN254Certificate memory cert;
        cert.referenceTimestamp = 1;
        cert.messageHash = machine.getMessageHash(executionId, 0, 0, RESULT);
        cert.signature = BN254.generatorG1();
        cert.apk.X[0] = 1;
        return abi.encode(cert);
    }

    function _pair(uint256 first, uint256 second) private pure returns (uint256[] memory pair) {
        pair = new uint256[](2);
        (pair[0], pair[1]) = (first, second);
    }

    /// @dev At the least stake that suffices, and one below it; never rounded.
    function testFuzz_theThresholdIsExact(uint16 threshold, uint256 total) external {
        threshold = uint16(bound(threshold, 1, 10_000));
        total = bound(total, 1, type(uint128).max);
        _start(threshold, total);
        uint256 least = (total * threshold + 9_999) / 10_000;
        uint256[] memory totals = new uint256[](1);
        uint256[] memory signed = new uint256[](1);
        (totals[0], signed[0]) = (total, least - 1);
        verifier.setStake(signed, totals);
        bytes memory certificate = _certificate();
        vm.expectRevert(
            least == 1
                ? abi.encodeWithSelector(Errors.NoStakeSigned.selector)
                : abi.encodeWithSelector(Errors.ThresholdNotMet.selector, 0, least - 1, total, threshold)
        );
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        signed[0] = least;
        verifier.setStake(signed, totals);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    /// @dev Zero is no threshold: but stake it must be, and of the first column.
    function test_aThresholdOfZeroStillWantsStake() external {
        uint256[] memory totals = _pair(100, 100);
        verifier.setStake(totals, totals);
        Types.PhaseDefinition memory phase = continuous("watch", 60, 10);
        phase.consensusThreshold = 0;
        executionId = started(one(phase));
        bytes memory certificate = _certificate();
        verifier.setStake(_pair(0, 100), totals);
        vm.expectRevert(Errors.NoStakeSigned.selector);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        verifier.setStake(_pair(1, 0), totals);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function test_everyColumnMustReachTheThreshold() external {
        _start(5_000, 100);
        bytes memory certificate = _certificate();
        verifier.setStake(_pair(100, 49), _pair(100, 100));
        vm.expectRevert(abi.encodeWithSelector(Errors.ThresholdNotMet.selector, 1, 49, 100, 5_000));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        verifier.setStake(new uint256[](1), _pair(100, 100));
        vm.expectRevert(abi.encodeWithSelector(Errors.WeightColumnsMismatch.selector, 2, 1));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        verifier.setStake(_pair(100, 50), _pair(100, 100));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
    }

    /// @dev EigenLayer's verifier would burn all gas on such a point; it never gets to see one.
    function test_aPointOffTheCurveNeverReachesTheVerifier() external {
        _start(5_000, 100);
        VerifierTypes.BN254Certificate memory cert = abi.decode(_certificate(), (VerifierTypes.BN254Certificate));
        cert.signature = BN254.G1Point(1, 3);
        vm.expectRevert(abi.encodeWithSelector(BN254.InvalidPoint.selector, 1, 3));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, abi.encode(cert));
    }

    function test_aVerifierCannotComeBackIn() external {
        _start(5_000, 100);
        bytes memory certificate = _certificate();
        bytes[2] memory calls = [
            abi.encodeCall(machine.submitPhaseResult, (executionId, 0, 0, RESULT, certificate)),
            abi.encodeCall(
                machine.executeWorkflow, (machine.computeWorkflowId(address(this), "price-agreement", 1), "")
            )
        ];
        for (uint256 i = 0; i < 2; ++i) {
            _start(5_000, 100);
            verifier.callBack(address(machine), calls[i]);
            machine.submitPhaseResult(executionId, 0, 0, RESULT, _certificate());
            vm.assertEq(
                verifier.answer(),
                abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
                "refused"
            );
        }
    }

    function test_aVerifierSeesTheResultAlreadyTaken() external {
        _start(5_000, 100);
        verifier.callBack(address(machine), abi.encodeCall(machine.getPhaseStatus, (executionId, 0)));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, _certificate());
        vm.assertEq(
            abi.decode(verifier.answer(), (uint256)), uint256(Types.PhaseStatus.COMPLETED), "effects come first"
        );
    }
}
