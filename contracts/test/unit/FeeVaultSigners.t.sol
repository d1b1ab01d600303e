// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FeeVault} from "../../src/FeeVault.sol";
import {IBN254CertificateVerifierTypes as VerifierTypes} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {
    IFeeVaultErrors as Errors,
    IFeeVaultEvents as Events,
    IFeeVaultTypes as Fees
} from "../../src/interfaces/IFeeVault.sol";
import {KeyRegistrar} from "../../src/local/KeyRegistrar.sol";
import {EcdsaOperators} from "../support/EcdsaOperators.sol";
import {MoneyVm} from "../support/Vaults.sol";

/// @notice What operators earn whose keys are on secp256k1.
/// @dev Plan: test/tree/feeVaultSigners.tree
contract FeeVaultSignersTest is EcdsaOperators {
    uint256 private constant KEYS = 5;
    uint96 private constant PHASE_FEE = 6_000_000;
    uint256 private constant POOL = 5_400_000;
    address private constant TREASURY = address(0x7EA5);
    address private constant ETHER = address(0);
    MoneyVm private constant money = MoneyVm(address(vm));

    FeeVault private vault;
    bytes32 private executionId;
    address private payer = named("payer");

    function setUp() public {
        setUpEcdsa(KEYS);
        bytes32 workflowId = registered(one(byKeys(immediate("only"))));
        vault = newVault(address(new KeyRegistrar(table, ecdsaTable)));
        money.deal(payer, PHASE_FEE);
        vm.prank(payer);
        executionId = machine.executeWorkflow{value: PHASE_FEE}(workflowId, "payload");
    }

    function newVault(address keyRegistrar) private returns (FeeVault made) {
        made = FeeVault(vm.deployCode("FeeVault.sol", abi.encode(address(machine), keyRegistrar)));
        Fees.FeeSchedule memory fees;
        (fees.phaseFee, fees.protocolRecipient, fees.protocolBps) = (PHASE_FEE, TREASURY, 1_000);
        made.setSchedule(fees);
        machine.setFeeVault(address(made));
    }

    function _complete(uint256 mask) private returns (address[] memory signers) {
        signers = addressesOf(inOrder(mask));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, ecdsaCertificateFor(executionId, 0, RESULT, mask));
    }

    function test_aCompletedPhasesSignersShareByStake() external {
        bytes memory certificate = ecdsaCertificateFor(executionId, 0, RESULT, EVERYBODY);
        address[] memory signers = addressesOf(inOrder(EVERYBODY));
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.PhaseSigned(executionId, 0, signers);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        for (uint32 i = 0; i < KEYS; ++i) {
            vm.expectEmit(true, true, true, true, address(vault));
            emit Events.ShareClaimed(executionId, 0, i, operatorAt(i), 9_000 * weightOf(i));
            vm.assertEq(vault.claimAsSigner(executionId, 0, i, signers), 9_000 * weightOf(i), "share");
            vm.assertEq(vault.creditOf(ETHER, operatorAt(i)), 9_000 * weightOf(i), "the operator's, not the key's");
            vm.assertTrue(vault.hasClaimed(executionId, 0, i), "claimed");
        }
        vm.assertEq(vault.poolOf(executionId, 0).paid, POOL, "the whole pool");
        vm.assertEq(address(vault).balance, vault.totalEscrow(ETHER) + vault.totalUnclaimed(ETHER), "solvent");
    }

    function testFuzz_theSharesOfAnyQuorumAreWithinThePool(uint256 mask) external {
        mask = bound(mask, 1, EVERYBODY);
        vm.assume(ecdsaStakeOf(mask) * 10_000 >= uint256(TWO_THIRDS) * 600);
        address[] memory signers = _complete(mask);
        uint256 paid = 0;
        for (uint32 i = 0; i < KEYS; ++i) {
            if (mask >> i & 1 == 1) {
                paid += vault.claimAsSigner(executionId, 0, i, signers);
                continue;
            }
            vm.expectRevert(abi.encodeWithSelector(Errors.NotASigner.selector, i));
            vault.claimAsSigner(executionId, 0, i, signers);
        }
        vm.assertTrue(paid <= POOL && paid + KEYS > POOL, "but for what rounding left");
    }

    function test_refusesOtherSigners() external {
        address[] memory signers = _complete(EVERYBODY - 1);
        bytes memory refusal = abi.encodeWithSelector(Errors.OtherSigners.selector, executionId, 0);
        address[] memory everybody = addressesOf(inOrder(EVERYBODY));
        vm.expectRevert(refusal);
        vault.claimAsSigner(executionId, 0, 0, everybody);
        (signers[0], signers[1]) = (signers[1], signers[0]);
        vm.expectRevert(refusal);
        vault.claimAsSigner(executionId, 0, 1, signers);
        vm.expectRevert(refusal);
        vault.claimAsSigner(executionId, 0, 1, new address[](0));
    }

    function test_refusesToPayTwice_andBeforeAResult() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.NotSettled.selector, executionId, 0));
        vault.claimAsSigner(executionId, 0, 0, new address[](0));
        address[] memory signers = _complete(EVERYBODY);
        vault.claimAsSigner(executionId, 0, 3, signers);
        vm.expectRevert(abi.encodeWithSelector(Errors.AlreadyClaimed.selector, 3));
        vault.claimAsSigner(executionId, 0, 3, signers);
    }

    function test_eachCurveHasItsOwnWayToClaim() external {
        address[] memory signers = _complete(EVERYBODY);
        VerifierTypes.BN254OperatorInfoWitness memory witness = witnessesFor(uint32(START), 1)[0];
        vm.expectRevert(abi.encodeWithSelector(Errors.OtherCurve.selector, executionId, 0));
        vault.claim(executionId, 0, 0, witness.operatorInfo, witness.operatorInfoProof);
        money.deal(payer, 2 * PHASE_FEE);
        bytes32 workflowId = machine.registerWorkflow("other", one(immediate("only")), new address[](0));
        vm.prank(payer);
        executionId = machine.executeWorkflow{value: PHASE_FEE}(workflowId, "payload");
        submit(executionId, 0, RESULT, EVERYBODY);
        vm.expectRevert(abi.encodeWithSelector(Errors.OtherCurve.selector, executionId, 0));
        vault.claimAsSigner(executionId, 0, 0, signers);
        uint256 share = vault.claim(executionId, 0, 0, witness.operatorInfo, witness.operatorInfoProof);
        vm.assertEq(vault.creditOf(ETHER, operatorAt(0)), share, "one registrar knows both curves' keys");
    }

    function test_refusesAKeyThatTheRegistrarDoesNotKnow() external {
        machine = deployMachine(address(table));
        machine.setEcdsaVerifier(address(ecdsaTable));
        vault = newVault(address(newEcdsaTable()));
        bytes32 workflowId = registered(one(byKeys(immediate("only"))));
        money.deal(payer, PHASE_FEE);
        vm.prank(payer);
        executionId = machine.executeWorkflow{value: PHASE_FEE}(workflowId, "payload");
        address[] memory signers = _complete(EVERYBODY);
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownSigningKey.selector, uint256(uint160(keyAt(2))), 0));
        vault.claimAsSigner(executionId, 0, 2, signers);
    }

    function test_onlyTheMachineSettles() external {
        Fees.Settlement memory settlement;
        vm.expectRevert(abi.encodeWithSelector(Errors.OnlyMachine.selector, address(machine), address(this)));
        vault.settleSigners(executionId, 0, settlement, new address[](0));
    }
}

/// @notice What a submission of ECDSA keys' certificates costs, and what of it comes back. Everything before it happens in
///         `setUp`, so that it finds storage cold, as a transaction does.
contract FeeVaultSignersSubmitterTest is EcdsaOperators {
    uint256 private constant TRANSACTION = 21_000;
    uint96 private constant PHASE_FEE = 1 ether;
    uint96 private constant BOUNTY = 1;
    MoneyVm private constant money = MoneyVm(address(vm));

    struct Prepared {
        address machine;
        FeeVault vault;
        bytes call;
    }

    Prepared private ofOneKey;
    Prepared private ofMany;
    address private aggregator = named("aggregator");

    function setUp() public {
        money.txGasPrice(0);
        money.deal(address(this), 4 * PHASE_FEE);
        ofOneKey = _prepared(1);
        ofMany = _prepared(16);
    }

    /// @dev Everybody who is paid has been paid before, so that no credit is the first.
    function _prepared(uint256 members) private returns (Prepared memory prepared) {
        setUpEcdsa(members);
        bytes32 workflowId = registered(one(byKeys(immediate("only"))));
        FeeVault vault = FeeVault(vm.deployCode("FeeVault.sol", abi.encode(address(machine), address(ecdsaTable))));
        Fees.FeeSchedule memory fees;
        (fees.phaseFee, fees.maxGasPrice, fees.gasRate) = (PHASE_FEE, 1 gwei, 1e18);
        (fees.protocolRecipient, fees.protocolBps, fees.submitterBounty) = (address(0x7EA5), 1, BOUNTY);
        vault.setSchedule(fees);
        machine.setFeeVault(address(vault));
        bytes32 before = machine.executeWorkflow{value: PHASE_FEE}(workflowId, "payload");
        bytes memory certificate = ecdsaCertificateFor(before, 0, RESULT, 2 ** members - 1);
        vm.prank(aggregator);
        machine.submitPhaseResult(before, 0, 0, RESULT, certificate);
        bytes32 executionId = machine.executeWorkflow{value: PHASE_FEE}(workflowId, "payload");
        certificate = ecdsaCertificateFor(executionId, 0, RESULT, 2 ** members - 1);
        bytes memory call = abi.encodeCall(machine.submitPhaseResult, (executionId, 0, 0, RESULT, certificate));
        return Prepared(address(machine), vault, call);
    }

    function test_oneKeysSubmitterIsPaidForItsGasAndNoMore() external {
        _checkPaidBack(ofOneKey);
    }

    function test_manyKeysSubmitterIsPaidForItsGasAndNoMore() external {
        _checkPaidBack(ofMany);
    }

    function _checkPaidBack(Prepared memory prepared) private {
        money.txGasPrice(1);
        uint256 credit = prepared.vault.creditOf(address(0), aggregator);
        vm.prank(aggregator);
        uint256 before = gasleft();
        (bool success,) = prepared.machine.call(prepared.call);
        uint256 used = before - gasleft() + TRANSACTION;
        for (uint256 i = 0; i < prepared.call.length; ++i) {
            used += prepared.call[i] == 0 ? 4 : 16;
        }
        vm.assertTrue(success, "submitted");
        uint256 counted = prepared.vault.creditOf(address(0), aggregator) - credit - BOUNTY;
        vm.assertTrue(counted <= used, string.concat(vm.toString(counted), " for ", vm.toString(used)));
        vm.assertTrue(counted >= used * 8 / 10, string.concat(vm.toString(counted), " for ", vm.toString(used)));
    }
}
