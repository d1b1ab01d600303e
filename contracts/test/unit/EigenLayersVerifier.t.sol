// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifierTypes as VerifierTypes} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {ICertificateVerifierErrors as SharedErrors} from "../../src/interfaces/ICertificateVerifier.sol";
import {IWorkflowStateMachineTypes as Types} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Machines} from "../support/Machines.sol";
import {RevocableVerifier} from "../support/RevocableVerifier.sol";

/// @notice What EigenLayer's BN254 verifier does that is easy to overlook, seen through the state machine.
contract EigenLayersVerifierTest is Machines {
    uint32 private constant PINNED = uint32(START);
    uint256 private constant WITHOUT_THE_FIRST = EVERYBODY - 1;

    RevocableVerifier private verifier;

    function setUp() public {
        setUpOperators(0);
        verifier = new RevocableVerifier(table);
        machine = deployMachine(address(verifier));
    }

    function _withoutProofs(bytes32 executionId, uint32 phaseIndex, uint256 mask)
        private
        view
        returns (bytes memory certificate)
    {
        bytes32 messageHash = machine.getMessageHash(executionId, phaseIndex, 0, RESULT);
        VerifierTypes.BN254Certificate memory cert = certify(PINNED, messageHash, mask);
        for (uint256 i = 0; i < cert.nonSignerWitnesses.length; ++i) {
            cert.nonSignerWitnesses[i].operatorInfoProof = "";
            delete cert.nonSignerWitnesses[i].operatorInfo;
        }
        return abi.encode(cert);
    }

    /// @dev It remembers whom it has seen, per table; whom it has not seen it wants proven.
    function test_whoWasProvenAbsentOnce_needNoProofAgain() external {
        bytes32 executionId = started(two());
        bytes memory bare = _withoutProofs(executionId, 0, WITHOUT_THE_FIRST);
        vm.assertTrue(!table.isNonsignerCached(five, PINNED, 0), "not seen");
        vm.expectRevert(SharedErrors.VerificationFailed.selector);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, bare);

        submit(executionId, 0, RESULT, WITHOUT_THE_FIRST);
        vm.assertTrue(table.isNonsignerCached(five, PINNED, 0), "seen");
        bare = _withoutProofs(executionId, 1, WITHOUT_THE_FIRST);
        bytes memory another = _withoutProofs(executionId, 1, EVERYBODY - 2);
        vm.expectRevert(SharedErrors.VerificationFailed.selector);
        machine.submitPhaseResult(executionId, 1, 0, RESULT, another);
        machine.submitPhaseResult(executionId, 1, 0, RESULT, bare);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function test_aSetWithoutStaleness_worksOnAnOldTableForEver() external {
        bytes32 workflowId = registered(two());
        vm.warp(START + 10 * 365 days);
        bytes32 executionId = machine.executeWorkflow(workflowId, "");
        vm.assertEq(machine.getPhase(executionId, 0).referenceTimestamp, PINNED, "pinned");
        submit(executionId, 0, RESULT, WITHOUT_THE_FIRST);
        submit(executionId, 1, RESULT, EVERYBODY);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }

    function test_aDisabledRootTakesNoResult_andTheNextAttemptsTableDoes() external {
        Types.PhaseOptions[] memory options = new Types.PhaseOptions[](1);
        options[0].maxAttempts = 2;
        bytes32 workflowId =
            machine.registerWorkflowWithOptions("again", one(immediate("only")), options, 0, new address[](0));
        bytes32 executionId = machine.executeWorkflow(workflowId, "");
        bytes memory certificate = certificateFor(executionId, 0, 0, RESULT, EVERYBODY);
        verifier.disable(PINNED);
        vm.expectRevert(SharedErrors.RootDisabled.selector);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        assertStatus(executionId, 0, Types.PhaseStatus.ACTIVE);

        vm.warp(START + TIMEOUT + 1);
        table.publishTable(five);
        machine.checkPhaseTimeout(executionId, 0);
        vm.assertEq(machine.getPhase(executionId, 0).referenceTimestamp, uint32(START + TIMEOUT + 1), "another table");
        submit(executionId, 0, RESULT, EVERYBODY);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
    }
}
