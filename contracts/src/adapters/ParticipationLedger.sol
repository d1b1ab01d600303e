// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifier, IBN254CertificateVerifierTypes} from "../interfaces/IBN254CertificateVerifier.sol";
import {OperatorSet} from "../interfaces/ICertificateVerifier.sol";
import {IWorkflowStateMachine, IWorkflowStateMachineTypes} from "../interfaces/IWorkflowStateMachine.sol";

/// @title Who has worked: which operators signed which completed phases
/// @notice Anybody reports a completed phase with a certificate for its result, and nobody has to be trusted: the state
///         machine knows the result and what is signed for it, the verifier who signed. Counted per operator table.
/// @dev A certificate lists who did *not* sign, so a report writes one word, and one for each operator missing. A phase is
///      reported once. Whoever signed too late for the certificate on-chain may be in the one that is reported: the best
///      certificate wins if its reporter is first.
contract ParticipationLedger {
    // ── Errors ───────────────────────────────────────────────────────────────────────────────────────

    /// @notice The phase has no result: report it when it has completed.
    error PhaseNotCompleted(bytes32 executionId, uint32 phaseIndex);
    /// @notice The phase is in the books: it counts once.
    error AlreadyReported(bytes32 executionId, uint32 phaseIndex);
    /// @notice That is not the phase's result: report with the bytes that its event has.
    error OtherResult(bytes32 expected, bytes32 actual);
    /// @notice The certificate is about something else: make one for this phase's result.
    error OtherMessage(bytes32 expected, bytes32 actual);
    /// @notice The certificate is by another table than the phase's: make one by the pinned table.
    error OtherTable(uint32 expected, uint32 actual);
    /// @notice The phase's operators have keys on another curve: this ledger reads BN254 certificates.
    error OtherCurve(IWorkflowStateMachineTypes.CurveType curve);

    // ── Events ───────────────────────────────────────────────────────────────────────────────────────

    event PhaseReported(
        bytes32 indexed executionId, uint32 indexed phaseIndex, bytes32 indexed tableKey, uint256 nonSigners
    );

    // ── Storage ──────────────────────────────────────────────────────────────────────────────────────

    IWorkflowStateMachine public immutable machine;
    IBN254CertificateVerifier public immutable verifier;

    mapping(bytes32 executionId => mapping(uint32 phaseIndex => bool)) public isReported;
    /// @notice How many phases were reported that this table's operators worked.
    mapping(bytes32 tableKey => uint256) public phasesOf;
    /// @notice How many of them an operator, by its index in the table, did not sign.
    mapping(bytes32 tableKey => mapping(uint32 operatorIndex => uint256)) public missedBy;

    constructor(IWorkflowStateMachine machine_) {
        machine = machine_;
        verifier = IBN254CertificateVerifier(machine_.verifier());
    }

    // ── Reporting ────────────────────────────────────────────────────────────────────────────────────

    /// @notice Reports a completed phase; for anybody.
    /// Requirements: the phase has completed with this result, and was not reported; the certificate is about that result,
    /// by the phase's table, and the verifier takes it.
    /// @param round The round in which the certificate's operators signed.
    function report(
        bytes32 executionId,
        uint32 phaseIndex,
        uint32 round,
        bytes calldata result,
        IBN254CertificateVerifierTypes.BN254Certificate calldata cert
    ) external {
        if (isReported[executionId][phaseIndex]) revert AlreadyReported(executionId, phaseIndex);
        IWorkflowStateMachineTypes.PhaseView memory phase = machine.getPhase(executionId, phaseIndex);
        if (phase.status != IWorkflowStateMachineTypes.PhaseStatus.COMPLETED) {
            revert PhaseNotCompleted(executionId, phaseIndex);
        }
        if (phase.curve != IWorkflowStateMachineTypes.CurveType.BN254) revert OtherCurve(phase.curve);
        if (keccak256(result) != phase.resultHash) revert OtherResult(phase.resultHash, keccak256(result));
        if (cert.referenceTimestamp != phase.referenceTimestamp) {
            revert OtherTable(phase.referenceTimestamp, cert.referenceTimestamp);
        }
        bytes32 messageHash = machine.getMessageHash(executionId, phaseIndex, round, result);
        if (cert.messageHash != messageHash) revert OtherMessage(messageHash, cert.messageHash);

        isReported[executionId][phaseIndex] = true;
        OperatorSet memory operatorSet = OperatorSet(phase.avs, phase.operatorSetId);
        bytes32 key = tableKeyOf(operatorSet, phase.referenceTimestamp);
        ++phasesOf[key];
        for (uint256 i = 0; i < cert.nonSignerWitnesses.length; ++i) {
            ++missedBy[key][cert.nonSignerWitnesses[i].operatorIndex];
        }
        emit PhaseReported(executionId, phaseIndex, key, cert.nonSignerWitnesses.length);
        // Last, though it is the check: the verifier is the state machine's own and calls nobody, and it remembers
        // non-signers, so it is no view.
        verifier.verifyCertificate(operatorSet, cert);
    }

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    /// @notice How many reported phases an operator of this table signed.
    function signedBy(OperatorSet calldata operatorSet, uint32 referenceTimestamp, uint32 operatorIndex)
        external
        view
        returns (uint256)
    {
        bytes32 key = tableKeyOf(operatorSet, referenceTimestamp);
        return phasesOf[key] - missedBy[key][operatorIndex];
    }

    /// @notice What names a table: its operator set and reference timestamp.
    function tableKeyOf(OperatorSet memory operatorSet, uint32 referenceTimestamp) public pure returns (bytes32) {
        return keccak256(abi.encode(operatorSet.avs, operatorSet.id, referenceTimestamp));
    }
}
