// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFeeVaultEvents as Events} from "../../src/interfaces/IFeeVault.sol";
import {Vaults} from "../support/Vaults.sol";

contract FeeVaultCloseTest is Vaults {
    function setUp() public {
        setUpVault();
        vault.setSchedule(inEther());
        money.txGasPrice(0);
    }

    function test_close_givesBackWhatDidNotComplete() external {
        opened(3);
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY));
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.EscrowReturned(EXECUTION, payer, 2 * PHASE_FEE);
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.Credited(ETHER, payer, 2 * PHASE_FEE);
        machine.end(EXECUTION);
        assertCredit(ETHER, payer, 2 * PHASE_FEE);
        vm.assertEq(vault.escrowOf(EXECUTION).amount, 0, "escrow");
        vm.assertEq(vault.totalEscrow(ETHER), 0, "total escrow");
        assertSolvent(ETHER);
    }

    function test_close_leavesCompletedPhasesToWhoeverWorked() external {
        opened(2);
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY));
        machine.end(EXECUTION);
        assertCredit(ETHER, TREASURY, PROTOCOL_PART);
        assertCredit(ETHER, aggregator, BOUNTY);
        claimOf(EXECUTION, 0, 0);
        assertCredit(ETHER, operatorAt(0), 850_000);
    }

    function test_close_givesBackOnce() external {
        opened(2);
        machine.end(EXECUTION);
        vm.recordLogs();
        machine.end(EXECUTION);
        vm.assertEq(vm.getRecordedLogs().length, 0, "events");
        assertCredit(ETHER, payer, 2 * PHASE_FEE);
        assertSolvent(ETHER);
    }

    function test_close_ofACompleteExecutionGivesNothing() external {
        opened(1);
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY));
        machine.end(EXECUTION);
        assertCredit(ETHER, payer, 0);
    }

    function test_close_givesBackTheTokenThatWasPaid() external {
        vault.setSchedule(inToken(address(coin)));
        opened(2);
        vault.setSchedule(inEther());
        machine.end(EXECUTION);
        assertCredit(address(coin), payer, 2 * PHASE_FEE);
        assertCredit(ETHER, payer, 0);
        assertSolvent(address(coin));
    }

    function test_close_touchesNoOtherExecution() external {
        opened(2);
        openedAs(keccak256("another"), 2);
        machine.end(EXECUTION);
        vm.assertEq(vault.escrowOf(keccak256("another")).amount, 2 * PHASE_FEE, "the other's escrow");
        assertSolvent(ETHER);
    }
}
