// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {FeeVault} from "../../src/FeeVault.sol";
import {
    IFeeVaultErrors as Errors,
    IFeeVaultEvents as Events,
    IFeeVaultTypes as Types
} from "../../src/interfaces/IFeeVault.sol";
import {ScriptedPricer} from "../support/ScriptedPricer.sol";
import {Vaults} from "../support/Vaults.sol";

contract FeeVaultScheduleTest is Vaults {
    ScriptedPricer private pricer;

    function setUp() public {
        setUpVault();
        pricer = new ScriptedPricer();
    }

    // ── constructor ──────────────────────────────────────────────────────────────────────────────────

    function test_constructor_remembersWhoItServes() external view {
        vm.assertEq(vault.machine(), address(machine), "machine");
        vm.assertEq(vault.keyRegistrar(), address(table), "key registrar");
        vm.assertEq(vault.FEE_MANAGER_ROLE(), FEE_MANAGER, "role");
    }

    function test_constructor_refusesZeroAddresses() external {
        vm.expectRevert(Errors.ZeroAddress.selector);
        new FeeVault(address(0), address(table));
        vm.expectRevert(Errors.ZeroAddress.selector);
        new FeeVault(address(machine), address(0));
    }

    function test_constructor_everythingIsFreeAtFirst() external {
        Types.FeeSchedule memory nothing;
        vm.assertEq(abi.encode(vault.schedule()), abi.encode(nothing), "schedule");
        vm.assertEq(vault.scheduleCount(), 1, "schedules");
        machine.register();
        vm.assertEq(machine.execute(EXECUTION, WORKFLOW, 64, ""), 0, "price");
    }

    // ── setSchedule ──────────────────────────────────────────────────────────────────────────────────

    function test_setSchedule_isForFeeManagers() external {
        address stranger = named("stranger");
        vm.expectRevert(
            abi.encodeWithSelector(IAccessControl.AccessControlUnauthorizedAccount.selector, stranger, FEE_MANAGER)
        );
        vm.prank(stranger);
        vault.setSchedule(inEther());
        machine.setRole(FEE_MANAGER, stranger, true);
        vm.prank(stranger);
        vault.setSchedule(inEther());
    }

    function test_setSchedule_keepsEveryFieldAndEverySchedule() external {
        Types.FeeSchedule memory first = inToken(address(coin));
        first.pricer = address(pricer);
        first.gasRate = type(uint96).max;
        first.phaseFee = type(uint96).max;
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.ScheduleSet(1, first);
        vm.assertEq(vault.setSchedule(first), 1, "first number");
        vm.assertEq(vault.setSchedule(inEther()), 2, "second number");
        vm.assertEq(abi.encode(vault.schedule()), abi.encode(inEther()), "the last is in force");
        vm.assertEq(abi.encode(vault.scheduleAt(1)), abi.encode(first), "the first is as it was");
        vm.assertEq(vault.scheduleCount(), 3, "schedules");
    }

    function test_setSchedule_refusesTokensAndPricersWithoutCode() external {
        Types.FeeSchedule memory fees = inToken(named("nothing there"));
        vm.expectRevert(abi.encodeWithSelector(Errors.NotAContract.selector, fees.token));
        vault.setSchedule(fees);
        fees = inEther();
        fees.pricer = named("nobody there");
        vm.expectRevert(abi.encodeWithSelector(Errors.NotAContract.selector, fees.pricer));
        vault.setSchedule(fees);
    }

    function test_setSchedule_leavesHalfToThoseWhoWork() external {
        Types.FeeSchedule memory fees = inEther();
        fees.protocolBps = 5_000;
        vault.setSchedule(fees);
        fees.protocolBps = 5_001;
        vm.expectRevert(abi.encodeWithSelector(Errors.ProtocolBpsOutOfRange.selector, 5_000, 5_001));
        vault.setSchedule(fees);
    }

    function test_setSchedule_needsARecipientIfTheProtocolEarns() external {
        Types.FeeSchedule memory fees = inEther();
        fees.protocolRecipient = address(0);
        vm.expectRevert(Errors.ZeroAddress.selector);
        vault.setSchedule(fees);
        fees.workflowFee = 0;
        vm.expectRevert(Errors.ZeroAddress.selector);
        vault.setSchedule(fees);
        fees.protocolBps = 0;
        vault.setSchedule(fees);
        fees.workflowFee = 1;
        vm.expectRevert(Errors.ZeroAddress.selector);
        vault.setSchedule(fees);
    }

    function test_setSchedule_paysNoMoreThanAWeiForAWeiOfGas() external {
        Types.FeeSchedule memory fees = inEther();
        fees.gasRate = 1e18 + 1;
        vm.expectRevert(abi.encodeWithSelector(Errors.GasRateOutOfRange.selector, 1e18, 1e18 + 1));
        vault.setSchedule(fees);
        fees.token = address(coin);
        vault.setSchedule(fees);
    }

    // ── quote ────────────────────────────────────────────────────────────────────────────────────────

    function test_quote_isTheFeeOfEveryPhase() external {
        vault.setSchedule(inToken(address(coin)));
        (address token, uint256 total) = vault.quote(WORKFLOW, payer, "", 3);
        vm.assertEq(token, address(coin), "token");
        vm.assertEq(total, 18_000_000, "total");
    }

    function test_quote_asksThePricerAndRoundsDownToWholePhases() external {
        Types.FeeSchedule memory fees = inEther();
        fees.pricer = address(pricer);
        vault.setSchedule(fees);
        pricer.setTotalFor(1_000, WORKFLOW, payer, "payload", 3);
        (, uint256 total) = vault.quote(WORKFLOW, payer, "payload", 3);
        vm.assertEq(total, 999, "total");
        vm.expectRevert(abi.encodeWithSelector(ScriptedPricer.NoPriceFor.selector, payer));
        vault.quote(WORKFLOW, payer, "another payload", 3);
    }

    function test_quote_refusesNoPhasesAndPricesBeyondAllMeasure() external {
        Types.FeeSchedule memory fees = inEther();
        fees.pricer = address(pricer);
        vault.setSchedule(fees);
        vm.expectRevert(Errors.NoPhases.selector);
        vault.quote(WORKFLOW, payer, "", 0);
        uint256 highest = type(uint96).max;
        pricer.setTotal(highest * 2 + 1);
        (, uint256 total) = vault.quote(WORKFLOW, payer, "", 2);
        vm.assertEq(total, highest * 2, "the highest price");
        pricer.setTotal(highest * 2 + 2);
        vm.expectRevert(abi.encodeWithSelector(Errors.PriceTooHigh.selector, highest, highest + 1));
        vault.quote(WORKFLOW, payer, "", 2);
    }
}
