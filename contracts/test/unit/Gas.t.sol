// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {OperatorSet} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {IWorkflowStateMachineTypes as Types} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Machines} from "../support/Machines.sol";
import {MultiplesOfG2} from "../support/MultiplesOfG2.sol";

/// @notice What things cost as transactions of their own, from cold storage, everything included. The figures are
///         committed in snapshots/gas.json.
/// forge-config: default.isolate = true
/// forge-config: intense.isolate = true
contract GasTest is Machines {
    uint256 private constant RESULT_LIMIT = 330_000;
    /// @dev What the next phase keeps: two new slots, and what it reads to pin its table.
    uint256 private constant START_LIMIT = 75_000;

    function setUp() public {
        setUpMachine();
    }

    function test_gas_registerWorkflow() external {
        Types.PhaseDefinition[] memory phases = two();
        machine.registerWorkflow("price-agreement", phases, new address[](0));
        vm.snapshotGasLastCall("gas", "registerWorkflow, two phases");
    }

    function test_gas_executeWorkflow() external {
        bytes32 workflowId = registered(two());
        machine.executeWorkflow(workflowId, "");
        vm.snapshotGasLastCall("gas", "executeWorkflow, one root phase, no payload");
    }

    function _submission(Types.PhaseDefinition[] memory phases, uint256 mask, string memory name)
        private
        returns (uint256)
    {
        bytes32 executionId = started(phases);
        bytes memory certificate = certificateFor(executionId, 0, 0, RESULT, mask);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        return vm.snapshotGasLastCall("gas", name);
    }

    function test_gas_submitPhaseResult_lastPhase() external {
        uint256 used = _submission(one(immediate("only")), EVERYBODY, "submitPhaseResult, last phase, all signed");
        vm.assertTrue(used <= RESULT_LIMIT, vm.toString(used));
    }

    function test_gas_submitPhaseResult_startingAnother() external {
        uint256 used = _submission(two(), EVERYBODY, "submitPhaseResult, starts another, all signed");
        vm.assertTrue(used <= RESULT_LIMIT + START_LIMIT, vm.toString(used));
    }

    function test_gas_submitPhaseResult_oneNonSigner() external {
        _submission(one(immediate("only")), EVERYBODY - 1, "submitPhaseResult, last phase, one new non-signer");
    }

    function test_gas_checkPhaseTimeout() external {
        bytes32 executionId = started(two());
        vm.warp(START + TIMEOUT + 1);
        machine.checkPhaseTimeout(executionId, 0);
        vm.snapshotGasLastCall("gas", "checkPhaseTimeout");
    }

    /// @dev What MAX_OPERATORS would cost, from what each of 57 does.
    function test_gas_publishTable_fitsIntoATransaction() external {
        OperatorSet memory many = OperatorSet(AVS, 3);
        table.configureOperatorSet(many, 0);
        uint256[] memory weights = new uint256[](1);
        weights[0] = 1;
        for (uint256 secret = 3; secret < MultiplesOfG2.COUNT + 1; ++secret) {
            if (secret & (secret - 1) == 0) continue; // A power of two is one of the six operators' own.
            address operator = address(uint160(secret));
            table.registerOperator(many, operator, keyDataOf(secret), proofOf(many, operator, secret), weights);
        }
        table.publishTable(many);
        uint256 used = vm.snapshotGasLastCall("gas", "publishTable, 57 operators");
        vm.assertTrue(used / 57 * table.MAX_OPERATORS() <= 2 ** 24, vm.toString(used));
    }

    /// @dev The most that one result can set in motion still fits into one transaction (EIP-7825 caps it at 2^24).
    function test_gas_theWidestFanOutFitsIntoATransaction() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](64);
        phases[0] = immediate("root");
        for (uint32 i = 1; i < 64; ++i) {
            phases[i] = after_(immediate(vm.toString(i)), 0);
        }
        uint256 used = _submission(phases, EVERYBODY, "submitPhaseResult, starts 63 others");
        vm.assertTrue(used <= 2 ** 24, vm.toString(used));
    }
}
