// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IBN254CertificateVerifierTypes as VerifierTypes} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {IFeeVault, IFeeVaultTypes} from "../../src/interfaces/IFeeVault.sol";
import {
    IWorkflowStateMachineEvents as Events,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Flows} from "../support/Flows.sol";
import {ScriptedVault} from "../support/ScriptedVault.sol";

/// @notice What the state machine tells its fee vault, and when.
/// @dev Plan: test/tree/executionFees.tree
contract ExecutionFeesTest is Flows {
    ScriptedVault private vault;

    function setUp() public {
        setUpFlows();
        vault = new ScriptedVault();
        vault.setPrice(5);
        machine.setFeeVault(address(vault));
    }

    /// @dev The last call that the vault got was this one, from the machine, with so much ether.
    function _assertTold(uint256 value, bytes memory call) private view {
        uint256 count = vault.callCount();
        vm.assertTrue(count != 0, "told something");
        vm.assertEq(vault.calls(count - 1), bytes.concat(abi.encode(address(machine), value), call), "told");
    }

    function _closing(bytes32 executionId) private pure returns (bytes memory) {
        return abi.encodeCall(IFeeVault.close, (executionId));
    }

    function _selectorAt(uint256 index) private view returns (bytes4) {
        bytes memory call = vault.calls(index);
        return bytes4(abi.encodePacked(call[64], call[65], call[66], call[67]));
    }

    // ── Paying ───────────────────────────────────────────────────────────────────────────────────────

    function test_settingTheVaultIsSaid() external {
        expectEvent();
        emit Events.FeeVaultSet(address(0));
        machine.setFeeVault(address(0));
        vm.assertEq(machine.feeVault(), address(0), "none");
    }

    function test_aRegistrationIsCharged() external {
        machine.registerWorkflow{value: 7}("paid", two(), new address[](0));
        _assertTold(7, abi.encodeCall(IFeeVault.chargeWorkflow, (address(this))));
        machine.registerWorkflowWithOptions{value: 8}("paid", two(), plain(2), 0, new address[](0));
        _assertTold(8, abi.encodeCall(IFeeVault.chargeWorkflow, (address(this))));
        vm.assertEq(address(vault).balance, 15, "all of it");
        vm.assertEq(address(machine).balance, 0, "nothing stays behind");
    }

    function test_anExecutionPaysForEveryPhase_fallbacksToo() external {
        Types.PhaseOptions[] memory options = plain(2);
        fallsBack(options[0], 1);
        bytes32 workflowId = registeredWith(list(immediate("first"), immediate("instead")), options, 0);
        bytes32 executionId = machine.executeWorkflow{value: 11}(workflowId, "payload");
        _assertTold(11, abi.encodeCall(IFeeVault.open, (executionId, workflowId, address(this), 2, "payload")));
        vm.assertEq(address(machine).balance, 0, "nothing stays behind");
    }

    function test_aRefusalOfTheVaultIsARefusal() external {
        bytes32 workflowId = registered(two());
        vault.setRefuses(true);
        vm.expectRevert(ScriptedVault.Refused.selector);
        machine.registerWorkflow{value: 7}("paid", two(), new address[](0));
        vm.expectRevert(ScriptedVault.Refused.selector);
        machine.executeWorkflow{value: 1}(workflowId, "payload");
        vm.assertEq(machine.latestVersion(address(this), "paid"), 0, "not registered");
    }

    function test_whatCostsNothingIsNoneOfTheVaultsBusiness() external {
        vault.setPrice(0);
        bytes32 executionId = started(two());
        uint256 count = vault.callCount();
        vm.assertEq(_selectorAt(count - 1), IFeeVault.open.selector, "asked once");
        complete(executionId, 0, RESULT);
        complete(executionId, 1, RESULT);
        machine.cancelExecution(started(two()));
        vm.assertEq(vault.callCount(), count + 2, "another registration and its execution");
    }

    // ── Sharing out ──────────────────────────────────────────────────────────────────────────────────

    function _settlement(uint256 index)
        private
        view
        returns (bytes32 id, uint32 phase, IFeeVaultTypes.Settlement memory)
    {
        bytes memory call = vault.calls(index);
        bytes memory arguments = new bytes(call.length - 68);
        for (uint256 i = 0; i < arguments.length; ++i) {
            arguments[i] = call[i + 68];
        }
        return abi.decode(arguments, (bytes32, uint32, IFeeVaultTypes.Settlement));
    }

    function test_aResultIsSettled_withAllThatTheVaultShouldKnow() external {
        Types.PhaseOptions[] memory options = plain(2);
        options[0].avs = address(0xB0B);
        scripted.setTableOf(address(0xB0B), 3, 99, 0, 40);
        Types.PhaseDefinition[] memory phases = list(by(immediate("first"), 3), after_(immediate("next"), 0));
        bytes32 executionId = startedWith(phases, options);
        VerifierTypes.BN254Certificate memory cert =
            abi.decode(takenCertificate(executionId, 0, 0, RESULT), (VerifierTypes.BN254Certificate));
        cert.nonSignerWitnesses = new VerifierTypes.BN254OperatorInfoWitness[](2);
        cert.nonSignerWitnesses[0].operatorIndex = 4;
        cert.nonSignerWitnesses[1].operatorIndex = 6;
        machine.submitPhaseResult(executionId, 0, 0, RESULT, abi.encode(cert));

        uint256 last = vault.callCount() - 1;
        vm.assertEq(_selectorAt(last), IFeeVault.settle.selector, "settled");
        (bytes32 id, uint32 phase, IFeeVaultTypes.Settlement memory settlement) = _settlement(last);
        vm.assertEq(id, executionId, "execution");
        vm.assertEq(phase, 0, "phase");
        vm.assertEq(settlement.submitter, address(0), "nobody listed");
        vm.assertEq(settlement.avs, address(0xB0B), "avs");
        vm.assertEq(settlement.operatorSetId, 3, "set");
        vm.assertEq(settlement.referenceTimestamp, 99, "table");
        vm.assertEq(settlement.signedWeight, 40, "stake");
        vm.assertEq(settlement.nonSignerIndices.length, 2, "non-signers");
        vm.assertEq(settlement.nonSignerIndices[0], 4, "first");
        vm.assertEq(settlement.nonSignerIndices[1], 6, "second");
        assertStatus(executionId, 1, Types.PhaseStatus.ACTIVE);
    }

    function test_aListedAggregatorIsNamed() external {
        address[] memory aggregators = new address[](3);
        (aggregators[0], aggregators[1], aggregators[2]) = (named("a"), named("b"), named("c"));
        machine.setAggregators(aggregators);
        for (uint256 i = 0; i < 3; ++i) {
            bytes32 executionId = started(two());
            bytes memory certificate = takenCertificate(executionId, 0, 0, RESULT);
            vm.prank(aggregators[i]);
            machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
            (,, IFeeVaultTypes.Settlement memory settlement) = _settlement(vault.callCount() - 1);
            vm.assertEq(settlement.submitter, aggregators[i], "named");
        }
    }

    /// @dev What starts because of a result is paid for with it.
    function test_theGasIsWhatTheSubmissionHasCost() external {
        bytes32 executionId = started(two());
        bytes memory certificate = takenCertificate(executionId, 0, 0, RESULT);
        uint256 before = gasleft();
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        uint256 used = before - gasleft();
        (,, IFeeVaultTypes.Settlement memory settlement) = _settlement(vault.callCount() - 1);
        vm.assertTrue(settlement.gasUsed > used / 3, "most of it");
        vm.assertTrue(settlement.gasUsed < used + 40_000, "not more than all of it");
    }

    function test_theLastResultIsSettledFirst_thenTheExecutionIsClosed() external {
        bytes32 executionId = started(two());
        complete(executionId, 0, RESULT);
        complete(executionId, 1, RESULT);
        uint256 count = vault.callCount();
        vm.assertEq(_selectorAt(count - 2), IFeeVault.settle.selector, "settled");
        _assertTold(0, _closing(executionId));
    }

    // ── Ends ─────────────────────────────────────────────────────────────────────────────────────────

    function test_everyEndClosesTheExecution_once() external {
        Types.PhaseOptions[] memory options = plain(1);
        options[0].skipIfUnmet = true;
        bytes32[4] memory ids;
        ids[0] = started(two());
        machine.cancelExecution(ids[0]);
        _assertTold(0, _closing(ids[0]));
        ids[1] = started(two());
        expire(ids[1], 0);
        _assertTold(0, _closing(ids[1]));
        ids[2] = startedWith(one(conditional("perhaps", always())), options);
        expire(ids[2], 0);
        _assertTold(0, _closing(ids[2]));
        ids[3] = machine.executeWorkflow(registeredWith(one(immediate("only")), plain(1), 1), "");
        expire(ids[3], 0);
        _assertTold(0, _closing(ids[3]));
        uint256 closings = 0;
        for (uint256 i = 0; i < vault.callCount(); ++i) {
            if (_selectorAt(i) == IFeeVault.close.selector) ++closings;
        }
        vm.assertEq(closings, 4, "each once");
    }

    /// @dev A result that is followed by a failure is paid for, and the rest goes back.
    function test_aResultWhoseDependentCannotStartIsSettled_andTheExecutionClosed() external {
        bytes32 executionId =
            startedWith(list(immediate("first"), after_(by(immediate("fails"), FRAGILE), 0)), plain(2));
        spoil(FRAGILE);
        complete(executionId, 0, RESULT);
        vm.assertEq(_selectorAt(vault.callCount() - 2), IFeeVault.settle.selector, "settled");
        _assertTold(0, _closing(executionId));
    }

    function test_anAttemptsEndIsNone() external {
        Types.PhaseOptions[] memory options = plain(1);
        options[0].maxAttempts = 2;
        bytes32 executionId = startedWith(one(immediate("only")), options);
        uint256 count = vault.callCount();
        expire(executionId, 0);
        vm.assertEq(vault.callCount(), count, "nothing to tell");
    }

    // ── Vaults ───────────────────────────────────────────────────────────────────────────────────────

    function test_executionsStayWithTheVaultThatTheyPaidInto() external {
        bytes32 first = started(two());
        ScriptedVault newer = new ScriptedVault();
        newer.setPrice(1);
        machine.setFeeVault(address(newer));
        bytes32 second = started(two());
        machine.setFeeVault(address(0));
        bytes32 free = started(two());
        uint256 newerCount = newer.callCount();
        machine.cancelExecution(first);
        _assertTold(0, _closing(first));
        vm.assertEq(newer.callCount(), newerCount, "not the newer one");
        uint256 count = vault.callCount();
        machine.cancelExecution(second);
        machine.cancelExecution(free);
        vm.assertEq(newer.callCount(), newerCount + 1, "the newer one");
        vm.assertEq(vault.callCount(), count, "not the older one");
    }

    function test_aVaultCannotComeBackIn() external {
        bytes32 executionId = started(two());
        bytes32 other = started(two());
        bytes memory certificate = takenCertificate(other, 0, 0, RESULT);
        bytes[4] memory calls = [
            abi.encodeCall(machine.cancelExecution, (other)),
            abi.encodeCall(machine.submitPhaseResult, (other, 0, 0, RESULT, certificate)),
            abi.encodeCall(machine.checkPhaseTimeout, (other, 0)),
            abi.encodeCall(machine.registerWorkflow, ("more", two(), new address[](0)))
        ];
        machine.authorizeWorkflowCreator(address(vault), true);
        for (uint256 i = 0; i < 4; ++i) {
            vault.callBack(address(machine), calls[i]);
            if (i == 0) complete(executionId, 0, RESULT);
            if (i == 1) registered(two());
            if (i == 2) machine.cancelExecution(executionId);
            if (i == 3) started(two());
            vm.assertEq(
                vault.answer(),
                abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
                "refused"
            );
        }
    }
}
