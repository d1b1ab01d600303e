// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FeeVault} from "../../src/FeeVault.sol";
import {IFeeVaultTypes as Types} from "../../src/interfaces/IFeeVault.sol";
import {Vaults} from "../support/Vaults.sol";
import {Everybody} from "./Everybody.sol";

contract FeesInvariant is Vaults {
    Everybody private everybody;

    function setUp() public {
        everybody = new Everybody();
        vault = FeeVault(everybody.theVault());
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(everybody);
    }

    /// @dev Who sends is of no account, but forge pays unused gas back to whoever it is: not to an actor, nor the
    ///      vault.
    function targetSenders() external pure returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = named("sender");
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @dev All but `misbehave`, which is for hostile contracts, and `tryClaim`, which is a part of `claim`.
    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0].addr = address(everybody);
        bytes4[10] memory actions = [
            Everybody.setSchedule.selector,
            Everybody.setPrice.selector,
            Everybody.setMisbehaviour.selector,
            Everybody.register.selector,
            Everybody.execute.selector,
            Everybody.complete.selector,
            Everybody.end.selector,
            Everybody.claim.selector,
            Everybody.withdraw.selector,
            Everybody.donate.selector
        ];
        targets[0].selectors = new bytes4[](actions.length);
        for (uint256 i = 0; i < actions.length; ++i) {
            targets[0].selectors[i] = actions[i];
        }
    }

    /// @dev To the unit, and for every token: the vault holds what it owes, which is what came in less what went out;
    ///      and escrows, pools and credits are what the other books say, one by one and in sum.
    /// forge-config: default.invariant.depth = 96
    function invariant_theVaultHoldsWhatItOwesToEachAccount() external view {
        for (uint256 i = 0; i < everybody.TOKENS(); ++i) {
            address token = everybody.tokens(i);
            _checkBalance(token);
            (uint256 escrow, uint256 unclaimed) = _checkExecutions(token);
            for (uint256 k = 0; k < everybody.ACTORS() + MEMBERS; ++k) {
                address account = everybody.accountAt(k);
                assertCredit(token, account, everybody.credits(token, account));
                unclaimed += everybody.credits(token, account);
            }
            assertCredit(token, address(0), 0);
            vm.assertEq(vault.totalEscrow(token), escrow, "escrows in sum");
            vm.assertEq(vault.totalUnclaimed(token), unclaimed, "credits and pools in sum");
        }
    }

    function _checkBalance(address token) private view {
        uint256 owed = vault.totalEscrow(token) + vault.totalUnclaimed(token);
        uint256 held = balanceOf(token, address(vault)) - everybody.donated(token);
        vm.assertEq(held, owed, "what it holds and what it owes");
        vm.assertEq(held + everybody.paidOut(token), everybody.paidIn(token), "in, out and here");
    }

    function _checkExecutions(address token) private view returns (uint256 escrow, uint256 unpaid) {
        for (uint256 which = 0; which < everybody.bookingCount(); ++which) {
            (bytes32 id, address paidIn,, uint256 perPhase, uint256 remaining,) = everybody.bookings(which);
            if (paidIn != token) continue;
            vm.assertEq(vault.escrowOf(id).amount, perPhase * remaining, "escrow");
            escrow += perPhase * remaining;
            for (uint32 index = 0; index < everybody.PHASES(); ++index) {
                (, uint256 amount, uint256 paid,,) = everybody.pools(which, index);
                Types.PoolView memory pool = vault.poolOf(id, index);
                vm.assertTrue(pool.paid <= pool.amount, "shares exceed the pool");
                vm.assertEq(pool.amount, amount, "pool");
                vm.assertEq(pool.paid, paid, "paid from the pool");
                unpaid += amount - paid;
            }
        }
    }
}
