// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICertificateVerifierErrors as SharedErrors} from "../../src/interfaces/ICertificateVerifier.sol";
import {
    IECDSACertificateVerifierErrors as EcdsaErrors,
    IECDSACertificateVerifierTypes as EcdsaTypes
} from "../../src/interfaces/IECDSACertificateVerifier.sol";
import {
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineEvents as Events,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {EcdsaOperators} from "../support/EcdsaOperators.sol";
import {ScriptedEcdsaVerifier} from "../support/ScriptedEcdsaVerifier.sol";

/// @dev Plan: test/tree/submitEcdsaResult.tree
contract SubmitEcdsaResultTest is EcdsaOperators {
    uint32 private constant PINNED = uint32(START);
    uint256 private constant KEYS = 5;

    bytes32 private executionId;

    function setUp() public {
        setUpEcdsa(KEYS);
        Types.PhaseDefinition[] memory phases = two();
        (phases[0], phases[1]) = (byKeys(phases[0]), byKeys(phases[1]));
        executionId = started(phases);
    }

    function _certificate(uint256 mask) private view returns (bytes memory) {
        return ecdsaCertificateFor(executionId, 0, RESULT, mask);
    }

    function _refuses(bytes memory refusal, bytes memory certificate) private {
        vm.expectRevert(refusal);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
    }

    // ── Taken ────────────────────────────────────────────────────────────────────────────────────────

    function test_storesTheResult_andStartsWhatWaitedForIt() external {
        bytes memory certificate = _certificate(30);
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.PhaseCompleted(executionId, 0, 1, 0, RESULT, 500, 600, named("anyone"));
        vm.prank(named("anyone"));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        assertStatus(executionId, 0, Types.PhaseStatus.COMPLETED);
        assertStatus(executionId, 1, Types.PhaseStatus.ACTIVE);
        vm.assertEq(machine.getPhaseResult(executionId, 0), RESULT, "result");
        certificate = ecdsaCertificateFor(executionId, 1, "done", EVERYBODY);
        machine.submitPhaseResult(executionId, 1, 0, "done", certificate);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    /// @dev 6,667 of 10,000 of 600 is 400.02: 401 would do, 400 does not.
    function testFuzz_takesExactlyWhatReachesTheThreshold(uint256 mask) external {
        mask = bound(mask, 1, EVERYBODY);
        uint256 stake = ecdsaStakeOf(mask);
        bytes memory certificate = _certificate(mask);
        if (stake * 10_000 < uint256(TWO_THIRDS) * 600) {
            vm.expectRevert(abi.encodeWithSelector(Errors.ThresholdNotMet.selector, 0, stake, 600, TWO_THIRDS));
        }
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
    }

    function testFuzz_setsOfBothCurvesWorkOnOneWorkflow(bool ecdsaFirst) external {
        Types.PhaseDefinition[] memory phases = two();
        phases[ecdsaFirst ? 0 : 1] = byKeys(phases[ecdsaFirst ? 0 : 1]);
        bytes32 mixed = started(phases);
        for (uint32 i = 0; i < 2; ++i) {
            bool ecdsa = ecdsaFirst == (i == 0);
            Types.CurveType expected = ecdsa ? Types.CurveType.ECDSA : Types.CurveType.BN254;
            vm.assertEq(uint256(machine.getPhase(mixed, i).curve), uint256(expected), "curve");
            bytes memory certificate = ecdsa
                ? ecdsaCertificateFor(mixed, i, RESULT, EVERYBODY)
                : certificateFor(mixed, i, 0, RESULT, EVERYBODY);
            machine.submitPhaseResult(mixed, i, 0, RESULT, certificate);
        }
        assertExecution(mixed, Types.ExecutionStatus.COMPLETED);
    }

    function test_anotherAttemptPinsTheNewestTable_andTheOldOnesCertificateIsWorthNothing() external {
        Types.PhaseOptions[] memory options = new Types.PhaseOptions[](1);
        options[0].maxAttempts = 2;
        bytes32 workflowId =
            machine.registerWorkflowWithOptions("again", one(byKeys(immediate("only"))), options, 0, new address[](0));
        executionId = machine.executeWorkflow(workflowId, "payload");
        bytes memory old = _certificate(EVERYBODY);
        vm.warp(START + TIMEOUT + 1);
        ecdsaTable.publishTable(keyed, rows(3));
        machine.checkPhaseTimeout(executionId, 0);
        uint32 newer = uint32(START + TIMEOUT + 1);
        vm.assertEq(machine.getPhase(executionId, 0).referenceTimestamp, newer, "pinned");
        _refuses(abi.encodeWithSelector(Errors.InvalidReferenceTimestamp.selector, newer, PINNED), old);
        // A table that comes in the middle of an attempt changes nothing for it.
        vm.warp(START + TIMEOUT + 2);
        ecdsaTable.publishTable(keyed, rows(1));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, _certificate(7));
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    // ── Refused ──────────────────────────────────────────────────────────────────────────────────────

    function test_refusesWhatNobodySigned() external {
        bytes32 messageHash = machine.getMessageHash(executionId, 0, 0, RESULT);
        EcdsaTypes.ECDSACertificate memory cert = EcdsaTypes.ECDSACertificate(PINNED, messageHash, "");
        _refuses(abi.encodeWithSelector(Errors.EmptyCertificate.selector), abi.encode(cert));
    }

    function test_refusesStakeOfNothing_alsoUnderAThresholdOfZero() external {
        (uint256[] memory none, uint256[] memory all) = (new uint256[](1), new uint256[](1));
        all[0] = 100;
        ScriptedEcdsaVerifier scripted = _scripted(all, all);
        Types.PhaseDefinition memory phase = byKeys(continuous("watch", 60, 10));
        phase.consensusThreshold = 0;
        executionId = started(one(phase));
        scripted.setStake(none, all);
        _refuses(abi.encodeWithSelector(Errors.NoStakeSigned.selector), _certificate(1));
        none[0] = 1;
        scripted.setStake(none, all);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, _certificate(1));
    }

    function test_comparesEveryColumn() external {
        (uint256[] memory signed, uint256[] memory totals) = (new uint256[](2), new uint256[](2));
        (totals[0], totals[1], signed[0], signed[1]) = (100, 1_000, 100, 666);
        ScriptedEcdsaVerifier scripted = _scripted(signed, totals);
        executionId = started(one(byKeys(immediate("only"))));
        _refuses(abi.encodeWithSelector(Errors.ThresholdNotMet.selector, 1, 666, 1_000, TWO_THIRDS), _certificate(1));
        scripted.setStake(new uint256[](1), totals);
        _refuses(abi.encodeWithSelector(Errors.WeightColumnsMismatch.selector, 2, 1), _certificate(1));
        scripted.setStake(new uint256[](0), totals);
        _refuses(abi.encodeWithSelector(Errors.WeightColumnsMismatch.selector, 2, 0), _certificate(1));
        signed[1] = 667;
        scripted.setStake(signed, totals);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, _certificate(1));
    }

    /// @dev A machine whose second verifier says what it is told to.
    function _scripted(uint256[] memory signed, uint256[] memory totals)
        private
        returns (ScriptedEcdsaVerifier scripted)
    {
        scripted = new ScriptedEcdsaVerifier(keyed.id);
        scripted.setTable(PINNED, 0);
        scripted.setStake(signed, totals);
        machine = deployMachine(address(table));
        machine.setEcdsaVerifier(address(scripted));
    }

    function testFuzz_refusesEveryOtherOrderAndNumberOfSignatures(uint256 mask, uint256 which) external {
        mask = bound(mask, 1, EVERYBODY);
        uint256[] memory secrets = inOrder(mask);
        bytes32 messageHash = machine.getMessageHash(executionId, 0, 0, RESULT);
        bytes32 digest = ecdsaTable.calculateCertificateDigest(PINNED, messageHash);
        bytes memory again = signature(secrets[bound(which, 0, secrets.length - 1)], digest);
        EcdsaTypes.ECDSACertificate memory cert =
            EcdsaTypes.ECDSACertificate(PINNED, messageHash, bytes.concat(signatures(secrets, digest), again));
        _refuses(abi.encodeWithSelector(EcdsaErrors.SignersNotOrdered.selector), abi.encode(cert));
        cert.sig = bytes.concat(signatures(secrets, digest), hex"00");
        _refuses(abi.encodeWithSelector(EcdsaErrors.InvalidSignatureLength.selector), abi.encode(cert));
    }

    function test_refusesAForeignSigner() external {
        bytes32 messageHash = machine.getMessageHash(executionId, 0, 0, RESULT);
        EcdsaTypes.ECDSACertificate memory cert = ecdsaCertificate(PINNED, messageHash, inOrder(1 << KEYS));
        _refuses(abi.encodeWithSelector(SharedErrors.VerificationFailed.selector), abi.encode(cert));
    }

    /// @dev Of the certificate's own words the first two are looked at here, the signatures there.
    function test_refusesAnotherTableAndAnotherMessage() external {
        bytes32 messageHash = machine.getMessageHash(executionId, 0, 0, RESULT);
        EcdsaTypes.ECDSACertificate memory cert = ecdsaCertificate(PINNED - 1, messageHash, inOrder(EVERYBODY));
        _refuses(
            abi.encodeWithSelector(Errors.InvalidReferenceTimestamp.selector, PINNED, PINNED - 1), abi.encode(cert)
        );
        bytes32 other = machine.getMessageHash(executionId, 0, 1, RESULT);
        cert = ecdsaCertificate(PINNED, other, inOrder(EVERYBODY));
        _refuses(abi.encodeWithSelector(Errors.InvalidMessageHash.selector, messageHash, other), abi.encode(cert));
    }

    function testFuzz_oneChangedBitAnywhereIsRefused(uint256 bit) external {
        bytes memory certificate = _certificate(EVERYBODY);
        // Behind the last signature there is padding, which nobody reads.
        uint256 meaningful = 5 * 32 + KEYS * SIGNATURE_BYTES;
        bit = bound(bit, 0, 8 * meaningful - 1);
        certificate[bit / 8] ^= bytes1(uint8(1 << (bit % 8)));
        (bool taken,) =
            address(machine).call(abi.encodeCall(machine.submitPhaseResult, (executionId, 0, 0, RESULT, certificate)));
        vm.assertTrue(!taken, "refused");
    }

    function testFuzz_refusesBytesThatAreNoCertificate(bytes memory certificate) external {
        (bool taken,) =
            address(machine).call(abi.encodeCall(machine.submitPhaseResult, (executionId, 0, 0, RESULT, certificate)));
        vm.assertTrue(!taken, "refused");
    }

    /// @dev Where keys are on one curve, certificates of the other are none.
    function test_refusesTheOtherCurvesCertificate() external {
        bytes32 messageHash = machine.getMessageHash(executionId, 0, 0, RESULT);
        bytes memory certificate = abi.encode(certify(PINNED, messageHash, EVERYBODY));
        (bool taken,) =
            address(machine).call(abi.encodeCall(machine.submitPhaseResult, (executionId, 0, 0, RESULT, certificate)));
        vm.assertTrue(!taken, "BN254 where ECDSA is due");
        executionId = started(two());
        messageHash = machine.getMessageHash(executionId, 0, 0, RESULT);
        certificate = abi.encode(ecdsaCertificate(PINNED, messageHash, inOrder(EVERYBODY)));
        (taken,) =
            address(machine).call(abi.encodeCall(machine.submitPhaseResult, (executionId, 0, 0, RESULT, certificate)));
        vm.assertTrue(!taken, "ECDSA where BN254 is due");
    }

    function test_refusesATableThatWentStale() external {
        ecdsaTable.configureOperatorSet(keyed, TIMEOUT);
        executionId = started(one(byKeys(immediate("only"))));
        bytes memory certificate = _certificate(EVERYBODY);
        ecdsaTable.configureOperatorSet(keyed, 100);
        vm.warp(START + 101);
        _refuses(abi.encodeWithSelector(SharedErrors.CertificateStale.selector), certificate);
    }

    // ── Which curve ──────────────────────────────────────────────────────────────────────────────────

    function test_theCurveIsThatOfTheVerifierWithATable() external {
        vm.assertEq(uint256(machine.getPhase(executionId, 0).curve), uint256(Types.CurveType.ECDSA), "running");
        vm.assertEq(uint256(machine.getPhase(executionId, 1).curve), uint256(Types.CurveType.ECDSA), "pending");
        bytes32 other = started(two());
        vm.assertEq(uint256(machine.getPhase(other, 0).curve), uint256(Types.CurveType.BN254), "the other's");
    }

    function test_refusesASetThatBothVerifiersHaveATableOf() external {
        publish(five, 2);
        vm.expectRevert(abi.encodeWithSelector(Errors.CurveAmbiguous.selector, AVS, five.id));
        registered(two());
    }

    /// @dev It was decided with the definition.
    function test_aTableThatTheOtherVerifierGetsLaterChangesNothing() external {
        bytes32 workflowId = registered(two());
        publish(five, 2);
        executionId = machine.executeWorkflow(workflowId, "payload");
        vm.assertEq(uint256(machine.getPhase(executionId, 0).curve), uint256(Types.CurveType.BN254), "curve");
        submit(executionId, 0, RESULT, EVERYBODY);
    }

    function test_refusesASetThatNoVerifierHasATableOf() external {
        Types.PhaseDefinition memory phase = immediate("only");
        phase.operatorSetId = 12;
        vm.expectRevert(abi.encodeWithSelector(Errors.TableMissing.selector, AVS, 12));
        registered(one(phase));
    }

    function test_withoutASecondVerifierItsSetsHaveNoTable() external {
        machine = deployMachine(address(table));
        vm.expectRevert(abi.encodeWithSelector(Errors.TableMissing.selector, AVS, keyed.id));
        registered(one(byKeys(immediate("only"))));
    }

    function test_asksTheSecondVerifierForStakeAndStaleness() external {
        Types.PhaseDefinition memory phase = byKeys(immediate("only"));
        phase.requiredStake = 601;
        vm.expectRevert(abi.encodeWithSelector(Errors.RequiredStakeNotMet.selector, 601, 600));
        registered(one(phase));
        ecdsaTable.configureOperatorSet(keyed, TIMEOUT - 1);
        vm.expectRevert(abi.encodeWithSelector(Errors.TimeoutExceedsStaleness.selector, 0, TIMEOUT - 1, TIMEOUT));
        registered(one(byKeys(immediate("only"))));
        ecdsaTable.configureOperatorSet(keyed, TIMEOUT);
        bytes32 workflowId = registered(one(byKeys(immediate("only"))));
        vm.warp(START + 1);
        vm.expectRevert(abi.encodeWithSelector(Errors.TableStale.selector, START + 1 + TIMEOUT, START + TIMEOUT));
        machine.executeWorkflow(workflowId, "");
    }

    /// @dev EigenLayer's verifier reverts if asked what such a table weighs; the result before it must not be lost for that.
    function test_aTableThatNobodyIsInFailsThePhase_notTheResultBeforeIt() external {
        uint256[] memory stake = new uint256[](1);
        stake[0] = 100;
        ScriptedEcdsaVerifier scripted = _scripted(stake, stake);
        executionId = started(list(immediate("first"), byKeys(after_(immediate("second"), 0))));
        scripted.setStake(new uint256[](0), new uint256[](0));
        bytes memory certificate = certificateFor(executionId, 0, 0, RESULT, EVERYBODY);
        vm.expectEmit(true, true, true, true, address(machine));
        emit Events.PhaseFailed(executionId, 1, 1, Errors.RequiredStakeNotMet.selector);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        assertStatus(executionId, 0, Types.PhaseStatus.COMPLETED);
        assertStatus(executionId, 1, Types.PhaseStatus.FAILED);
    }

    function list(Types.PhaseDefinition memory a, Types.PhaseDefinition memory b)
        private
        pure
        returns (Types.PhaseDefinition[] memory phases)
    {
        phases = new Types.PhaseDefinition[](2);
        (phases[0], phases[1]) = (a, b);
    }
}
