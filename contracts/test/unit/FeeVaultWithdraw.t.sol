// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IFeeVaultErrors as Errors, IFeeVaultEvents as Events} from "../../src/interfaces/IFeeVault.sol";
import {CallingCoin, Coin, SilentCoin} from "../support/Coins.sol";
import {CallingReceiver, RefusingReceiver} from "../support/Receivers.sol";
import {Vaults} from "../support/Vaults.sol";

contract FeeVaultWithdrawTest is Vaults {
    function setUp() public {
        setUpVault();
        vault.setSchedule(inEther());
        money.txGasPrice(0);
    }

    /// @dev PHASE_FEE in the token as the account's credit, and as much of others' in the vault.
    function _credited(address token, address account) private {
        vault.setSchedule(inToken(token));
        openedAs(keccak256("others'"), 1);
        payer = account;
        opened(1);
        machine.end(EXECUTION);
        assertCredit(token, account, PHASE_FEE);
    }

    function test_withdraw_paysTheWholeCreditOnce() external {
        _credited(ETHER, payer);
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.Withdrawn(ETHER, payer, payer, PHASE_FEE);
        vm.prank(payer);
        vm.assertEq(vault.withdraw(ETHER), PHASE_FEE, "amount");
        vm.assertEq(payer.balance, PHASE_FEE, "balance");
        assertCredit(ETHER, payer, 0);
        assertSolvent(ETHER);
        vm.expectRevert(abi.encodeWithSelector(Errors.NothingToWithdraw.selector, ETHER, payer));
        vm.prank(payer);
        vault.withdraw(ETHER);
    }

    function test_withdraw_paysTokens() external {
        _credited(address(coin), payer);
        vm.prank(payer);
        vault.withdraw(address(coin));
        vm.assertEq(coin.balanceOf(payer), PHASE_FEE, "balance");
        vm.assertEq(vault.totalEscrow(address(coin)), PHASE_FEE, "the others'");
        assertSolvent(address(coin));
    }

    function test_withdraw_paysATokenThatAnswersNothing() external {
        address silent = address(new SilentCoin());
        _credited(silent, payer);
        vm.prank(payer);
        vault.withdraw(silent);
        vm.assertEq(Coin(silent).balanceOf(payer), PHASE_FEE, "balance");
        assertSolvent(silent);
    }

    function test_withdraw_isOfOneTokenOnly() external {
        _credited(ETHER, payer);
        vm.expectRevert(abi.encodeWithSelector(Errors.NothingToWithdraw.selector, address(coin), payer));
        vm.prank(payer);
        vault.withdraw(address(coin));
        assertCredit(ETHER, payer, PHASE_FEE);
    }

    function test_withdraw_isOfTheCallersCreditOnly() external {
        _credited(ETHER, payer);
        vm.expectRevert(abi.encodeWithSelector(Errors.NothingToWithdraw.selector, ETHER, address(this)));
        vault.withdrawTo(ETHER, payer);
    }

    function test_withdrawTo_paysSomebodyElse() external {
        _credited(ETHER, payer);
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.Withdrawn(ETHER, payer, named("heir"), PHASE_FEE);
        vm.prank(payer);
        vault.withdrawTo(ETHER, named("heir"));
        vm.assertEq(named("heir").balance, PHASE_FEE, "balance");
        assertCredit(ETHER, payer, 0);
        assertSolvent(ETHER);
    }

    function test_withdrawTo_refusesToLoseIt() external {
        _credited(address(coin), payer);
        address[2] memory nowhere = [address(0), address(vault)];
        for (uint256 i = 0; i < 2; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Errors.InvalidRecipient.selector, nowhere[i]));
            vm.prank(payer);
            vault.withdrawTo(address(coin), nowhere[i]);
        }
        assertCredit(address(coin), payer, PHASE_FEE);
    }

    function test_withdraw_aReceiverThatRefusesHurtsNobodyButItself() external {
        address refusing = address(new RefusingReceiver());
        _credited(ETHER, refusing);
        vm.expectRevert(abi.encodeWithSelector(Errors.EtherRefused.selector, refusing, PHASE_FEE));
        vm.prank(refusing);
        vault.withdraw(ETHER);
        assertCredit(ETHER, refusing, PHASE_FEE);
        machine.end(keccak256("others'"));
        vm.prank(named("payer"));
        vault.withdraw(ETHER);
        vm.assertEq(named("payer").balance, PHASE_FEE, "the other's money");
        vm.prank(refusing);
        vault.withdrawTo(ETHER, named("heir"));
        vm.assertEq(named("heir").balance, PHASE_FEE, "its own, elsewhere");
        assertSolvent(ETHER);
    }

    function test_withdraw_letsNoReceiverBackIn() external {
        CallingReceiver receiver = new CallingReceiver();
        _credited(ETHER, address(receiver));
        receiver.callBack(address(vault), abi.encodeCall(vault.withdraw, (ETHER)));
        vm.prank(address(receiver));
        vault.withdraw(ETHER);
        vm.assertTrue(!receiver.succeeded(), "let in");
        vm.assertEq(
            bytes4(receiver.answer()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector, "refusal"
        );
        vm.assertEq(address(receiver).balance, PHASE_FEE, "paid once");
        assertSolvent(ETHER);
    }

    /// @dev Settlements and ends must not fail because the machine's caller is being paid.
    function test_withdraw_aReceiverMayDriveTheMachine() external {
        CallingReceiver receiver = new CallingReceiver();
        _credited(ETHER, address(receiver));
        receiver.callBack(
            address(machine), abi.encodeCall(machine.complete, (keccak256("others'"), 0, signedBy(EVERYBODY)))
        );
        vm.prank(address(receiver));
        vault.withdraw(ETHER);
        vm.assertTrue(receiver.succeeded(), "settled");
        assertCredit(ETHER, aggregator, BOUNTY);
        assertSolvent(ETHER);
    }

    function test_withdraw_letsNoTokenBackIn() external {
        CallingCoin calling = new CallingCoin();
        _credited(address(calling), address(calling));
        calling.callBack(address(vault), abi.encodeCall(vault.withdraw, (address(calling))));
        vm.prank(address(calling));
        vault.withdraw(address(calling));
        vm.assertTrue(!calling.succeeded(), "let in");
        vm.assertEq(bytes4(calling.answer()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector, "refusal");
        vm.assertEq(calling.balanceOf(address(calling)), PHASE_FEE, "paid once");
        assertSolvent(address(calling));
    }
}
