// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {
    IFeeVaultErrors as Errors,
    IFeeVaultEvents as Events,
    IFeeVaultTypes as Types
} from "../../src/interfaces/IFeeVault.sol";
import {CallingCoin, Coin, SilentCoin, TithingCoin} from "../support/Coins.sol";
import {ScriptedPricer} from "../support/ScriptedPricer.sol";
import {Vaults} from "../support/Vaults.sol";

/// @notice chargeWorkflow and open.
contract FeeVaultIntakeTest is Vaults {
    uint256 private constant PURSE = 1 ether;

    function setUp() public {
        setUpVault();
        money.deal(payer, PURSE);
    }

    function _register(uint256 value) private {
        vm.prank(payer);
        machine.register{value: value}();
    }

    function _execute(uint32 phaseCount, uint256 value) private returns (uint256) {
        vm.prank(payer);
        return machine.execute{value: value}(EXECUTION, WORKFLOW, phaseCount, "payload");
    }

    // ── Who may ──────────────────────────────────────────────────────────────────────────────────────

    function test_onlyTheMachineMovesFees() external {
        bytes memory refusal = abi.encodeWithSelector(Errors.OnlyMachine.selector, address(machine), address(this));
        vm.expectRevert(refusal);
        vault.chargeWorkflow(payer);
        vm.expectRevert(refusal);
        vault.open(EXECUTION, WORKFLOW, payer, 1, "");
        vm.expectRevert(refusal);
        vault.settle(EXECUTION, 0, signedBy(EVERYBODY));
        vm.expectRevert(refusal);
        vault.close(EXECUTION);
    }

    function test_etherComesInThroughTheFunctionsOnly() external {
        (bool taken,) = address(vault).call{value: 1}("");
        vm.assertTrue(!taken, "taken");
    }

    // ── chargeWorkflow ───────────────────────────────────────────────────────────────────────────────

    function test_chargeWorkflow_isTheProtocols() external {
        vault.setSchedule(inEther());
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.WorkflowCharged(payer, ETHER, WORKFLOW_FEE);
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.Credited(ETHER, TREASURY, WORKFLOW_FEE);
        _register(WORKFLOW_FEE);
        assertCredit(ETHER, TREASURY, WORKFLOW_FEE);
        assertCredit(ETHER, payer, 0);
        assertSolvent(ETHER);
    }

    function test_chargeWorkflow_creditsWhatIsTooMuch() external {
        vault.setSchedule(inEther());
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.Credited(ETHER, payer, 7);
        _register(WORKFLOW_FEE + 7);
        assertCredit(ETHER, TREASURY, WORKFLOW_FEE);
        assertCredit(ETHER, payer, 7);
        assertSolvent(ETHER);
    }

    function test_chargeWorkflow_refusesTooLittleEther() external {
        vault.setSchedule(inEther());
        vm.expectRevert(abi.encodeWithSelector(Errors.FeeNotPaid.selector, WORKFLOW_FEE, WORKFLOW_FEE - 1));
        _register(WORKFLOW_FEE - 1);
    }

    function test_chargeWorkflow_takesATokenAndNoEtherWithIt() external {
        vault.setSchedule(inToken(address(coin)));
        approved(coin, payer, WORKFLOW_FEE + 1);
        vm.expectRevert(abi.encodeWithSelector(Errors.UnexpectedValue.selector, 1));
        _register(1);
        _register(0);
        assertCredit(address(coin), TREASURY, WORKFLOW_FEE);
        vm.assertEq(coin.balanceOf(payer), 1, "no more than the fee");
        assertSolvent(address(coin));
    }

    function test_chargeWorkflow_freeIsFree() external {
        Types.FeeSchedule memory fees = inEther();
        fees.workflowFee = 0;
        vault.setSchedule(fees);
        _register(7);
        assertCredit(ETHER, payer, 7);
        assertCredit(ETHER, TREASURY, 0);
        assertSolvent(ETHER);
    }

    // ── open ─────────────────────────────────────────────────────────────────────────────────────────

    function test_open_keepsTheFeeOfEveryPhase() external {
        uint32 scheduleId = vault.setSchedule(inEther());
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.EscrowOpened(EXECUTION, payer, ETHER, scheduleId, PHASE_FEE, 3);
        vm.assertEq(_execute(3, 3 * PHASE_FEE), PHASE_FEE, "per phase");

        Types.EscrowView memory escrow = vault.escrowOf(EXECUTION);
        vm.assertEq(
            abi.encode(escrow),
            abi.encode(Types.EscrowView(payer, ETHER, scheduleId, 3, PHASE_FEE, 3 * PHASE_FEE)),
            "escrow"
        );
        vm.assertEq(vault.totalEscrow(ETHER), 3 * PHASE_FEE, "total escrow");
        vm.assertEq(vault.totalUnclaimed(ETHER), 0, "total unclaimed");
        assertSolvent(ETHER);
    }

    function test_open_creditsWhatIsTooMuch() external {
        vault.setSchedule(inEther());
        _execute(3, 3 * PHASE_FEE + 7);
        vm.assertEq(vault.escrowOf(EXECUTION).amount, 3 * PHASE_FEE, "escrow");
        assertCredit(ETHER, payer, 7);
        assertSolvent(ETHER);
    }

    function test_open_refusesTooLittleEther() external {
        vault.setSchedule(inEther());
        vm.expectRevert(abi.encodeWithSelector(Errors.FeeNotPaid.selector, 3 * PHASE_FEE, 3 * PHASE_FEE - 1));
        _execute(3, 3 * PHASE_FEE - 1);
    }

    function test_open_takesATokenAndNoEtherWithIt() external {
        vault.setSchedule(inToken(address(coin)));
        approved(coin, payer, 2 * PHASE_FEE + 1);
        vm.expectRevert(abi.encodeWithSelector(Errors.UnexpectedValue.selector, 1));
        _execute(2, 1);
        _execute(2, 0);
        vm.assertEq(vault.escrowOf(EXECUTION).amount, 2 * PHASE_FEE, "escrow");
        vm.assertEq(vault.escrowOf(EXECUTION).token, address(coin), "token");
        vm.assertEq(coin.balanceOf(payer), 1, "no more than the fee");
        assertSolvent(address(coin));
    }

    function test_open_takesATokenThatAnswersNothing() external {
        SilentCoin silent = new SilentCoin();
        vault.setSchedule(inToken(address(silent)));
        approved(Coin(address(silent)), payer, PHASE_FEE);
        _execute(1, 0);
        assertSolvent(address(silent));
    }

    /// @dev So an allowance of what was quoted is a limit on what is paid.
    function test_open_takesNoMoreThanThePayerAllows() external {
        vault.setSchedule(inToken(address(coin)));
        approved(coin, payer, PHASE_FEE);
        Types.FeeSchedule memory dearer = inToken(address(coin));
        dearer.phaseFee = PHASE_FEE + 1;
        vault.setSchedule(dearer);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector, address(vault), PHASE_FEE, PHASE_FEE + 1
            )
        );
        _execute(1, 0);
    }

    function test_open_refusesATokenThatTakesAShare() external {
        TithingCoin tithing = new TithingCoin();
        vault.setSchedule(inToken(address(tithing)));
        approved(tithing, payer, PHASE_FEE);
        vm.expectRevert(
            abi.encodeWithSelector(
                Errors.InexactTransfer.selector, address(tithing), PHASE_FEE, PHASE_FEE - PHASE_FEE / 10 - 1
            )
        );
        _execute(1, 0);
        vm.expectRevert(
            abi.encodeWithSelector(
                Errors.InexactTransfer.selector, address(tithing), WORKFLOW_FEE, WORKFLOW_FEE - WORKFLOW_FEE / 10 - 1
            )
        );
        _register(0);
    }

    /// @dev What nobody is owed would stay in the vault for ever.
    function test_open_refusesATokenThatGivesMore() external {
        CallingCoin calling = new CallingCoin();
        vault.setSchedule(inToken(address(calling)));
        approved(calling, payer, PHASE_FEE);
        calling.callBack(address(calling), abi.encodeCall(calling.mint, (address(vault), 1)));
        vm.expectRevert(
            abi.encodeWithSelector(Errors.InexactTransfer.selector, address(calling), PHASE_FEE, PHASE_FEE + 1)
        );
        _execute(1, 0);
    }

    function test_open_letsNoTokenBackIn() external {
        CallingCoin calling = new CallingCoin();
        vault.setSchedule(inToken(address(calling)));
        approved(calling, payer, PHASE_FEE + WORKFLOW_FEE);
        bytes[3] memory calls = [
            abi.encodeCall(machine.register, ()),
            abi.encodeCall(machine.execute, (keccak256("inner"), WORKFLOW, 1, "")),
            abi.encodeCall(vault.withdraw, (ETHER))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            calling.callBack(i == 2 ? address(vault) : address(machine), calls[i]);
            uint256 before = vm.snapshotState();
            _execute(1, 0);
            vm.assertTrue(!calling.succeeded(), "let in");
            vm.assertEq(
                bytes4(calling.answer()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector, "refusal"
            );
            vm.revertToState(before);
        }
    }

    /// @dev The number that is kept is that of the schedule which priced the execution.
    function test_open_keepsItsScheduleThoughTheTokenChangesIt() external {
        CallingCoin calling = new CallingCoin();
        machine.setRole(FEE_MANAGER, address(calling), true);
        uint32 scheduleId = vault.setSchedule(inToken(address(calling)));
        approved(calling, payer, PHASE_FEE);
        calling.callBack(address(vault), abi.encodeCall(vault.setSchedule, (inEther())));
        _execute(1, 0);
        vm.assertTrue(calling.succeeded(), "changed meanwhile");
        vm.assertEq(vault.escrowOf(EXECUTION).scheduleId, scheduleId, "schedule");
        vm.assertEq(vault.escrowOf(EXECUTION).token, address(calling), "token");
    }

    function test_open_asksThePricer() external {
        ScriptedPricer pricer = new ScriptedPricer();
        Types.FeeSchedule memory fees = inEther();
        fees.pricer = address(pricer);
        vault.setSchedule(fees);
        pricer.setTotalFor(1_000, WORKFLOW, payer, "payload", 3);
        vm.assertEq(_execute(3, 1_000), 333, "per phase");
        vm.assertEq(vault.escrowOf(EXECUTION).amount, 999, "escrow");
        assertCredit(ETHER, payer, 1);
        pricer.setTotal(5);
        vm.assertEq(vault.escrowOf(EXECUTION).amount, 999, "a new price is for new executions");
        assertSolvent(ETHER);
    }

    function test_open_whatCostsNothingIsNotKept() external {
        ScriptedPricer pricer = new ScriptedPricer();
        Types.FeeSchedule memory fees = inEther();
        fees.pricer = address(pricer);
        vault.setSchedule(fees);
        pricer.setTotal(2); // For three phases: nothing for each.
        vm.assertEq(_execute(3, 7), 0, "per phase");
        assertCredit(ETHER, payer, 7);
        vm.assertEq(vault.escrowOf(EXECUTION).payer, address(0), "no escrow");
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownEscrow.selector, EXECUTION));
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY));
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownEscrow.selector, EXECUTION));
        machine.end(EXECUTION);
        assertSolvent(ETHER);
    }

    function test_open_refusesAnExecutionTwiceAndOneWithoutPhases() external {
        vault.setSchedule(inEther());
        vm.expectRevert(Errors.NoPhases.selector);
        _execute(0, 0);
        _execute(1, PHASE_FEE);
        vm.expectRevert(abi.encodeWithSelector(Errors.AlreadyOpen.selector, EXECUTION));
        _execute(1, PHASE_FEE);
        machine.end(EXECUTION);
        vm.expectRevert(abi.encodeWithSelector(Errors.AlreadyOpen.selector, EXECUTION));
        _execute(1, PHASE_FEE);
    }

    function test_open_holdsNoMoreThanItCanCount() external {
        Types.FeeSchedule memory fees = inToken(address(coin));
        fees.phaseFee = type(uint96).max;
        vault.setSchedule(fees);
        coin.mint(payer, type(uint256).max);
        vm.prank(payer);
        coin.approve(address(vault), type(uint256).max);
        _execute(type(uint32).max, 0);
        uint256 total = uint256(type(uint96).max) * type(uint32).max;
        vm.assertEq(vault.totalEscrow(address(coin)), total, "almost everything");
        machine.end(EXECUTION);
        uint256 held = total + total;
        vm.expectRevert(abi.encodeWithSelector(Errors.TooMuchHeld.selector, type(uint128).max, held));
        vm.prank(payer);
        machine.execute(keccak256("another"), WORKFLOW, type(uint32).max, "");
    }
}
