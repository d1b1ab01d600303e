// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifierTypes as VerifierTypes} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {IFeeVaultTypes as Types} from "../../src/interfaces/IFeeVault.sol";
import {Vaults} from "../support/Vaults.sol";

/// @notice What the vault's part of things costs as transactions of their own, from cold storage, sent by the machine
///         itself: a transaction's 21,000 and the call's bytes included. The figures are committed in
///         snapshots/fees.json.
/// forge-config: default.isolate = true
/// forge-config: intense.isolate = true
contract FeeVaultGasTest is Vaults {
    uint256 private constant TRANSACTION = 21_000;
    uint256 private constant SETTLE_LIMIT = 120_000;
    bytes32 private constant LATER = keccak256("later");

    function setUp() public {
        setUpVault();
        vault.setSchedule(inEther());
        money.txGasPrice(1);
        money.deal(address(machine), 1 ether);
    }

    function _snapshot(string memory name) private returns (uint256) {
        return vm.snapshotGasLastCall("fees", name);
    }

    /// @dev What calldata costs a transaction, and a call within one nothing.
    function _priceOf(bytes memory data) private pure returns (uint256 gas) {
        for (uint256 i = 0; i < data.length; ++i) {
            gas += data[i] == 0 ? 4 : 16;
        }
    }

    function _settle(bytes32 executionId, uint256 mask, string memory name) private returns (uint256 used) {
        Types.Settlement memory settlement = signedBy(mask);
        vm.prank(address(machine));
        vault.settle(executionId, 0, settlement);
        used = _snapshot(name) - TRANSACTION - _priceOf(abi.encodeCall(vault.settle, (executionId, 0, settlement)));
    }

    function test_gas_chargeWorkflow() external {
        vm.prank(address(machine));
        vault.chargeWorkflow{value: WORKFLOW_FEE}(payer);
        _snapshot("chargeWorkflow, first credit");
    }

    function test_gas_open() external {
        openedAs(LATER, 1);
        vm.prank(address(machine));
        vault.open{value: 2 * PHASE_FEE}(EXECUTION, WORKFLOW, payer, 2, "");
        _snapshot("open, ether");
    }

    function test_gas_open_token() external {
        vault.setSchedule(inToken(address(coin)));
        openedAs(LATER, 1);
        approved(coin, payer, 2 * PHASE_FEE);
        vm.prank(address(machine));
        vault.open(EXECUTION, WORKFLOW, payer, 2, "");
        _snapshot("open, token");
    }

    /// @dev Within a submission: nobody has been paid yet, then everybody has, then somebody did not sign.
    function test_gas_settle() external {
        opened(2);
        openedAs(LATER, 2);
        openedAs(WORKFLOW, 2);
        uint256 first = _settle(EXECUTION, EVERYBODY, "settle, all signed, first credits");
        vm.assertTrue(first <= SETTLE_LIMIT, vm.toString(first));
        uint256 usual = _settle(LATER, EVERYBODY, "settle, all signed");
        vm.assertTrue(usual >= vault.SETTLEMENT_GAS(), vm.toString(usual));
        _settle(WORKFLOW, EVERYBODY - 1, "settle, one non-signer");
    }

    function test_gas_close() external {
        opened(2);
        vm.prank(address(machine));
        vault.close(EXECUTION);
        _snapshot("close, first credit");
    }

    function test_gas_claim() external {
        settledByAll();
        VerifierTypes.BN254OperatorInfoWitness memory first = witnessOf(0);
        VerifierTypes.BN254OperatorInfoWitness memory second = witnessOf(1);
        vault.claim(EXECUTION, 0, 0, first.operatorInfo, first.operatorInfoProof);
        _snapshot("claim, the pool's first");
        vault.claim(EXECUTION, 0, 1, second.operatorInfo, second.operatorInfoProof);
        _snapshot("claim");
    }

    function test_gas_withdraw() external {
        settledByAll();
        vm.prank(TREASURY);
        vault.withdraw(ETHER);
        _snapshot("withdraw, ether");
    }
}
