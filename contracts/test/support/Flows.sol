// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifierTypes as VerifierTypes} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {IECDSACertificateVerifierTypes as EcdsaTypes} from "../../src/interfaces/IECDSACertificateVerifier.sol";
import {ITriggerConditionsTypes as Triggers} from "../../src/interfaces/ITriggerConditions.sol";
import {
    IWorkflowStateMachineEvents as Events,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {BN254} from "../../src/libraries/BN254.sol";
import {Machines} from "./Machines.sol";
import {ScriptedEcdsaVerifier} from "./ScriptedEcdsaVerifier.sol";
import {ScriptedVerifier} from "./ScriptedVerifier.sol";
import {Vm} from "./Test.sol";

/// @title A state machine over a verifier that takes every certificate: for what happens around results
/// @notice Phases are of operator set 1; sets 7 and 8 are there to be spoiled, and set 9 has keys on the other curve.
abstract contract Flows is Machines {
    uint256 internal constant STAKE = 100;
    uint32 internal constant FRAGILE = 7;
    uint32 internal constant BRITTLE = 8;
    uint32 internal constant KEYED = 9;
    uint32 private constant PINNED = uint32(START);

    ScriptedVerifier internal scripted;

    function setUpFlows() internal {
        vm.warp(START);
        vm.roll(50);
        scripted = new ScriptedVerifier();
        scripted.setTable(PINNED, 0);
        uint256[] memory stake = new uint256[](1);
        stake[0] = STAKE;
        scripted.setStake(stake, stake);
        machine = deployMachine(address(scripted));
        scripted.setTableOf(AVS, KEYED, 0, 0, 0);
        ScriptedEcdsaVerifier other = new ScriptedEcdsaVerifier(KEYED);
        other.setTable(PINNED, 0);
        other.setStake(stake, stake);
        machine.setEcdsaVerifier(address(other));
    }

    // ── Operator sets ────────────────────────────────────────────────────────────────────────────────

    /// @dev A phase of a set that `spoil` can take the table from.
    function by(Types.PhaseDefinition memory phase, uint32 operatorSetId)
        internal
        pure
        returns (Types.PhaseDefinition memory)
    {
        phase.operatorSetId = operatorSetId;
        return phase;
    }

    function spoil(uint32 operatorSetId) internal {
        scripted.setTableOf(AVS, operatorSetId, 0, 0, 0);
    }

    function mend(uint32 operatorSetId) internal {
        scripted.setTableOf(AVS, operatorSetId, PINNED, 0, STAKE);
    }

    // ── Definitions ──────────────────────────────────────────────────────────────────────────────────

    /// @dev Holds from the time on.
    function fromTime(uint256 timestamp) internal pure returns (bytes memory) {
        return abi.encode(Triggers.TriggerConditionType.TIME_THRESHOLD, abi.encode(timestamp));
    }

    function always() internal pure returns (bytes memory) {
        return abi.encode(Triggers.TriggerConditionType.NONE, "");
    }

    /// @dev So many options, all zero.
    function plain(uint256 count) internal pure returns (Types.PhaseOptions[] memory) {
        return new Types.PhaseOptions[](count);
    }

    function fallsBack(Types.PhaseOptions memory options, uint32 standIn) internal pure {
        options.onFailure = Types.FailurePolicy.FALLBACK;
        options.fallbackPhase = standIn;
    }

    function registeredWith(
        Types.PhaseDefinition[] memory phases,
        Types.PhaseOptions[] memory options,
        uint32 executionTimeout
    ) internal returns (bytes32) {
        return machine.registerWorkflowWithOptions("flow", phases, options, executionTimeout, new address[](0));
    }

    function startedWith(Types.PhaseDefinition[] memory phases, Types.PhaseOptions[] memory options)
        internal
        returns (bytes32)
    {
        return machine.executeWorkflow(registeredWith(phases, options, 0), "payload");
    }

    function list(Types.PhaseDefinition memory a, Types.PhaseDefinition memory b)
        internal
        pure
        returns (Types.PhaseDefinition[] memory phases)
    {
        phases = new Types.PhaseDefinition[](2);
        (phases[0], phases[1]) = (a, b);
    }

    function list(Types.PhaseDefinition memory a, Types.PhaseDefinition memory b, Types.PhaseDefinition memory c)
        internal
        pure
        returns (Types.PhaseDefinition[] memory phases)
    {
        phases = new Types.PhaseDefinition[](3);
        (phases[0], phases[1], phases[2]) = (a, b, c);
    }

    function list(
        Types.PhaseDefinition memory a,
        Types.PhaseDefinition memory b,
        Types.PhaseDefinition memory c,
        Types.PhaseDefinition memory d
    ) internal pure returns (Types.PhaseDefinition[] memory phases) {
        phases = new Types.PhaseDefinition[](4);
        (phases[0], phases[1], phases[2], phases[3]) = (a, b, c, d);
    }

    // ── Results ──────────────────────────────────────────────────────────────────────────────────────

    /// @dev A certificate that the phase's scripted verifier takes.
    function takenCertificate(bytes32 executionId, uint32 phaseIndex, uint32 round, bytes memory result)
        internal
        view
        returns (bytes memory)
    {
        Types.PhaseView memory phase = machine.getPhase(executionId, phaseIndex);
        bytes32 messageHash = machine.getMessageHash(executionId, phaseIndex, round, result);
        if (phase.curve == Types.CurveType.ECDSA) {
            return abi.encode(EcdsaTypes.ECDSACertificate(phase.referenceTimestamp, messageHash, "signed"));
        }
        VerifierTypes.BN254Certificate memory cert;
        (cert.referenceTimestamp, cert.messageHash) = (phase.referenceTimestamp, messageHash);
        cert.signature = BN254.generatorG1();
        cert.apk.X[0] = 1;
        return abi.encode(cert);
    }

    function complete(bytes32 executionId, uint32 phaseIndex, bytes memory result) internal {
        bytes memory certificate = takenCertificate(executionId, phaseIndex, 0, result);
        machine.submitPhaseResult(executionId, phaseIndex, 0, result, certificate);
    }

    /// @dev Waits until the phase's deadline has passed, and says so.
    function expire(bytes32 executionId, uint32 phaseIndex) internal {
        pastDeadline(executionId, phaseIndex);
        machine.checkPhaseTimeout(executionId, phaseIndex);
    }

    function pastDeadline(bytes32 executionId, uint32 phaseIndex) internal {
        vm.warp(machine.getPhase(executionId, phaseIndex).deadline + 1);
    }

    // ── What is expected ─────────────────────────────────────────────────────────────────────────────

    /// @dev The hash over what a phase with one dependency computes from.
    function inputsOver(uint32 dependency, bytes32 resultHash) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                keccak256("PhaseInputs(bytes32 payloadHash,uint32[] dependencies,bytes32[] resultHashes)"),
                keccak256("payload"),
                keccak256(abi.encode(uint256(dependency))),
                keccak256(abi.encode(resultHash))
            )
        );
    }

    function inputsOf(bytes32 executionId, uint32 phaseIndex) internal view returns (bytes32) {
        return machine.getPhase(executionId, phaseIndex).inputsHash;
    }

    function expectEvent() internal {
        vm.expectEmit(true, true, true, true, address(machine));
    }

    /// @dev One event of a phase, as `happened` lists it.
    function step(bytes32 topic, uint32 phaseIndex) internal pure returns (bytes memory) {
        return abi.encode(topic, phaseIndex);
    }

    /// @dev The machine's events since `vm.recordLogs`, in order: which, and of which phase (0 if of none).
    function happened() internal returns (bytes memory trail) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter != address(machine)) continue;
            uint256 phaseIndex = 0;
            if (logs[i].topics[0] == Events.WorkflowFailed.selector) phaseIndex = abi.decode(logs[i].data, (uint256));
            else if (logs[i].topics.length > 2) phaseIndex = uint256(logs[i].topics[2]);
            trail = bytes.concat(trail, abi.encode(logs[i].topics[0], phaseIndex));
        }
    }
}
