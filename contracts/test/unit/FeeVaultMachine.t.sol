// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FeeVault} from "../../src/FeeVault.sol";
import {IBN254CertificateVerifierTypes as VerifierTypes} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {IFeeVaultErrors as Errors, IFeeVaultTypes as Fees} from "../../src/interfaces/IFeeVault.sol";
import {IWorkflowStateMachineTypes as Types} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Machines} from "../support/Machines.sol";
import {MoneyVm} from "../support/Vaults.sol";

/// @title A fee vault of a real state machine
abstract contract MachineWithVault is Machines {
    address internal constant ETHER = address(0);
    address internal constant TREASURY = address(0x7EA5);
    uint96 internal constant PHASE_FEE = 1 ether;
    uint96 internal constant WORKFLOW_FEE = 0.5 ether;
    uint96 internal constant BOUNTY = 0.01 ether;
    MoneyVm internal constant money = MoneyVm(address(vm));

    FeeVault internal vault;
    bytes32 internal workflowId;
    address internal payer = named("payer");
    address internal aggregator = named("aggregator");

    function setUpMachineWithVault() internal {
        setUpMachine();
        money.txGasPrice(0);
        workflowId = registered(two());
        vault = newVault();
        machine.setFeeVault(address(vault));
    }

    function newVault() internal returns (FeeVault made) {
        made = FeeVault(vm.deployCode("FeeVault.sol", abi.encode(address(machine), address(table))));
        made.setSchedule(
            Fees.FeeSchedule({
                token: ETHER,
                workflowFee: WORKFLOW_FEE,
                pricer: address(0),
                phaseFee: PHASE_FEE,
                protocolRecipient: TREASURY,
                protocolBps: 1_000,
                maxGasPrice: 1 gwei,
                submitterBounty: BOUNTY,
                gasRate: 1e18
            })
        );
    }

    function executed() internal returns (bytes32) {
        money.deal(payer, 2 * PHASE_FEE);
        vm.prank(payer);
        return machine.executeWorkflow{value: 2 * PHASE_FEE}(workflowId, "payload");
    }

    function submitAs(address submitter, bytes32 executionId, uint32 phaseIndex, uint256 mask) internal {
        bytes memory certificate = certificateFor(executionId, phaseIndex, 0, RESULT, mask);
        vm.prank(submitter);
        machine.submitPhaseResult(executionId, phaseIndex, 0, RESULT, certificate);
    }
}

contract FeeVaultMachineTest is MachineWithVault {
    function setUp() public {
        setUpMachineWithVault();
    }

    function _claim(bytes32 executionId, uint32 phaseIndex, uint32 index) private {
        VerifierTypes.BN254OperatorInfoWitness memory witness = witnessesFor(uint32(START), 1 << index)[0];
        vault.claim(executionId, phaseIndex, index, witness.operatorInfo, witness.operatorInfoProof);
    }

    function _withdraw(address account) private returns (uint256) {
        vm.prank(account);
        return vault.withdraw(ETHER);
    }

    function _requireSolvent() private view {
        uint256 owed = vault.totalEscrow(ETHER) + vault.totalUnclaimed(ETHER);
        vm.assertEq(address(vault).balance, owed, "the vault holds what it owes");
    }

    function test_aWorkflowIsChargedOnRegistration() external {
        money.deal(address(this), WORKFLOW_FEE + 1);
        machine.registerWorkflow{value: WORKFLOW_FEE + 1}("another", two(), new address[](0));
        vm.assertEq(vault.creditOf(ETHER, TREASURY), WORKFLOW_FEE, "the protocol's");
        vm.assertEq(vault.creditOf(ETHER, address(this)), 1, "the excess");
        vm.expectRevert(abi.encodeWithSelector(Errors.FeeNotPaid.selector, WORKFLOW_FEE, 0));
        machine.registerWorkflow("a third", two(), new address[](0));
    }

    function test_anExecutionThatIsNotPaidForDoesNotStart() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.FeeNotPaid.selector, 2 * PHASE_FEE, 0));
        machine.executeWorkflow(workflowId, "payload");
    }

    /// @dev Everything that was paid in goes to those who worked, and out again.
    function test_aCompleteExecutionPaysEverybody() external {
        bytes32 executionId = executed();
        submitAs(aggregator, executionId, 0, EVERYBODY);
        submitAs(aggregator, executionId, 1, EVERYBODY - 4);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
        vm.assertEq(vault.creditOf(ETHER, payer), 0, "nothing goes back");
        vm.assertEq(vault.totalEscrow(ETHER), 0, "nothing stays in escrow");

        uint256 paid = _withdraw(TREASURY);
        vm.assertEq(paid, 2 * PHASE_FEE / 10, "the protocol's tenth");
        paid += _withdraw(aggregator);
        vm.assertEq(paid, 2 * PHASE_FEE / 10 + 2 * BOUNTY, "and two bounties");
        for (uint32 i = 0; i < MEMBERS; ++i) {
            _claim(executionId, 0, i);
            if (i == 2) continue;
            _claim(executionId, 1, i);
        }
        vm.expectRevert(abi.encodeWithSelector(Errors.NotASigner.selector, 2));
        this.claim(executionId, 1, 2);
        for (uint32 i = 0; i < MEMBERS; ++i) {
            paid += _withdraw(operatorAt(i));
        }
        vm.assertTrue(2 * PHASE_FEE - paid < 2 * MEMBERS, "all but dust");
        _requireSolvent();
    }

    function claim(bytes32 executionId, uint32 phaseIndex, uint32 index) external {
        _claim(executionId, phaseIndex, index);
    }

    /// @dev Whoever copies a pending submission and is first gets nothing for it, and nothing breaks.
    function test_aCopiedCertificateEarnsNothing() external {
        bytes32 executionId = executed();
        money.txGasPrice(1 gwei);
        submitAs(named("copier"), executionId, 0, EVERYBODY);
        vm.assertEq(vault.creditOf(ETHER, named("copier")), 0, "the copier's");
        vm.assertEq(vault.poolOf(executionId, 0).amount, PHASE_FEE - PHASE_FEE / 10, "the operators' pool");
    }

    function test_aCancelledExecutionGivesBackWhatDidNotComplete() external {
        bytes32 executionId = executed();
        submitAs(aggregator, executionId, 0, EVERYBODY);
        vm.prank(payer);
        machine.cancelExecution(executionId);
        vm.assertEq(_withdraw(payer), PHASE_FEE, "the second phase's fee");
        _claim(executionId, 0, 0);
        _requireSolvent();
    }

    function test_aFailedExecutionGivesBackWhatDidNotComplete() external {
        bytes32 executionId = executed();
        vm.warp(START + TIMEOUT + 1);
        machine.checkPhaseTimeout(executionId, 0);
        vm.assertEq(_withdraw(payer), 2 * PHASE_FEE, "both phases' fees");
        _requireSolvent();
    }

    /// @dev A pause stops new work. It keeps nobody from what is theirs.
    function test_aPauseHoldsNoMoney() external {
        bytes32 executionId = executed();
        submitAs(aggregator, executionId, 0, EVERYBODY);
        bytes32 late = executed();
        machine.pause();
        vm.prank(payer);
        machine.cancelExecution(executionId);
        vm.warp(START + TIMEOUT + 1);
        machine.checkPhaseTimeout(late, 0);
        _claim(executionId, 0, 3);
        vm.assertEq(_withdraw(payer), 3 * PHASE_FEE, "the payer's");
        _withdraw(operatorAt(3));
        _withdraw(TREASURY);
        _requireSolvent();
    }

    function test_anExecutionStaysWithTheVaultThatItPaid() external {
        bytes32 executionId = executed();
        FeeVault next = newVault();
        machine.setFeeVault(address(next));
        submitAs(aggregator, executionId, 0, EVERYBODY);
        machine.setFeeVault(address(0));
        submitAs(aggregator, executionId, 1, EVERYBODY);
        vm.assertEq(vault.creditOf(ETHER, aggregator), 2 * BOUNTY, "from the first vault");
        vm.assertEq(address(next).balance, 0, "nothing in the next");
        _requireSolvent();
    }

    function test_onlyItsMachineMovesItsMoney() external {
        bytes32 executionId = executed();
        address other = address(deployMachine(address(table)));
        vm.expectRevert(abi.encodeWithSelector(Errors.OnlyMachine.selector, address(machine), other));
        vm.prank(other);
        vault.close(executionId);
    }
}

/// @notice What a submission costs with fees, and what of it comes back. Everything before it happens in `setUp`, so
///         that it finds storage cold, as a transaction does.
contract FeeVaultSubmitterTest is MachineWithVault {
    uint256 private constant TRANSACTION = 21_000;
    bytes32 private running;
    bytes private firstCertificate;
    bytes private lastCertificate;
    bytes32 private halfDone;

    function setUp() public {
        setUpMachineWithVault();
        running = executed();
        halfDone = executed();
        firstCertificate = certificateFor(running, 0, 0, RESULT, EVERYBODY);
        submitAs(aggregator, halfDone, 0, EVERYBODY);
        lastCertificate = certificateFor(halfDone, 1, 0, RESULT, EVERYBODY);
    }

    /// @dev The dearest submission, which starts a phase, and the cheapest, which ends everything: each is paid for,
    ///      almost, and none with more than it took.
    function test_aSubmitterIsPaidForItsGasAndNoMore() external {
        uint256 state = vm.snapshotState();
        _checkPaidBack(running, 0, firstCertificate);
        vm.revertToState(state);
        _checkPaidBack(halfDone, 1, lastCertificate);
    }

    function _checkPaidBack(bytes32 executionId, uint32 phaseIndex, bytes memory certificate) private {
        money.txGasPrice(1);
        uint256 credit = vault.creditOf(ETHER, aggregator);
        bytes memory call = abi.encodeCall(machine.submitPhaseResult, (executionId, phaseIndex, 0, RESULT, certificate));
        vm.prank(aggregator);
        uint256 before = gasleft();
        (bool success,) = address(machine).call(call);
        uint256 used = before - gasleft() + TRANSACTION;
        for (uint256 i = 0; i < call.length; ++i) {
            used += call[i] == 0 ? 4 : 16;
        }
        vm.assertTrue(success, "submitted");
        uint256 counted = vault.creditOf(ETHER, aggregator) - credit - BOUNTY;
        vm.assertTrue(counted <= used, string.concat(vm.toString(counted), " for ", vm.toString(used)));
        vm.assertTrue(counted >= used * 9 / 10, string.concat(vm.toString(counted), " for ", vm.toString(used)));
    }
}
