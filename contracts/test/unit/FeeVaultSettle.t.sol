// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    IFeeVaultErrors as Errors,
    IFeeVaultEvents as Events,
    IFeeVaultTypes as Types
} from "../../src/interfaces/IFeeVault.sol";
import {Vaults} from "../support/Vaults.sol";

contract FeeVaultSettleTest is Vaults {
    function setUp() public {
        setUpVault();
        vault.setSchedule(inEther());
        money.txGasPrice(0);
    }

    function _requireShares(uint256 toProtocol, uint256 toSubmitter, uint256 pool) private view {
        assertCredit(ETHER, TREASURY, toProtocol);
        assertCredit(ETHER, aggregator, toSubmitter);
        vm.assertEq(vault.poolOf(EXECUTION, 0).amount, pool, "pool");
        assertSolvent(ETHER);
    }

    // ── Who gets what ────────────────────────────────────────────────────────────────────────────────

    function test_settle_sharesOutOnePhase() external {
        opened(2);
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.PhaseSettled(EXECUTION, 0, aggregator, 600_000, 300_000, 5_100_000);
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.Credited(ETHER, TREASURY, 600_000);
        vm.expectEmit(true, true, true, true, address(vault));
        emit Events.Credited(ETHER, aggregator, 300_000);
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY));
        _requireShares(600_000, 300_000, 5_100_000);
        vm.assertEq(vault.escrowOf(EXECUTION).remaining, 1, "phases left");
        vm.assertEq(vault.totalEscrow(ETHER), PHASE_FEE, "one phase in escrow");
        vm.assertEq(vault.totalUnclaimed(ETHER), PHASE_FEE, "one phase to be claimed");
    }

    function test_settle_remembersWhoSignedWhat() external {
        opened(1);
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY - 2 - 8));
        vm.assertEq(
            abi.encode(vault.poolOf(EXECUTION, 0)),
            abi.encode(Types.PoolView(true, ETHER, AVS, 1, uint32(START), 5_100_000, 0, 360)),
            "pool"
        );
        for (uint32 i = 0; i < 5; ++i) {
            vm.assertTrue(vault.isNonSigner(EXECUTION, 0, i) == (i == 1 || i == 3), "non-signers");
        }
    }

    function test_settle_paysBackGasAtItsPrice() external {
        opened(1);
        Types.Settlement memory settlement = signedBy(EVERYBODY);
        settlement.gasUsed = 220_000;
        money.txGasPrice(2);
        machine.complete(EXECUTION, 0, settlement);
        // (220,000 + 80,000) · 2 wei, and the bounty.
        _requireShares(600_000, 900_000, 4_500_000);
    }

    function test_settle_paysBackGasUpToTheHighestPrice() external {
        Types.FeeSchedule memory fees = inEther();
        fees.maxGasPrice = 3;
        vault.setSchedule(fees);
        opened(1);
        Types.Settlement memory settlement = signedBy(EVERYBODY);
        settlement.gasUsed = 220_000;
        money.txGasPrice(4);
        machine.complete(EXECUTION, 0, settlement);
        _requireShares(600_000, 1_200_000, 4_200_000);
    }

    function test_settle_paysBackGasInTokens() external {
        Types.FeeSchedule memory fees = inToken(address(coin));
        fees.gasRate = 5e17; // Half a token unit for a wei.
        vault.setSchedule(fees);
        opened(1);
        Types.Settlement memory settlement = signedBy(EVERYBODY);
        settlement.gasUsed = 220_000;
        money.txGasPrice(2);
        machine.complete(EXECUTION, 0, settlement);
        assertCredit(address(coin), aggregator, 600_000);
        assertSolvent(address(coin));
    }

    function test_settle_paysNoGasAtRateZero() external {
        Types.FeeSchedule memory fees = inEther();
        fees.gasRate = 0;
        vault.setSchedule(fees);
        opened(1);
        money.txGasPrice(2);
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY));
        _requireShares(600_000, BOUNTY, 5_100_000);
    }

    function test_settle_paysTheSubmitterNoMoreThanThereIs() external {
        Types.FeeSchedule memory fees = inEther();
        fees.submitterBounty = 5_400_001;
        vault.setSchedule(fees);
        opened(1);
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY));
        _requireShares(600_000, 5_400_000, 0);
    }

    /// @dev So copying an aggregator's certificate earns nothing.
    function test_settle_paysAnUnlistedSubmitterNothing() external {
        opened(1);
        Types.Settlement memory settlement = signedBy(EVERYBODY);
        settlement.submitter = address(0);
        settlement.gasUsed = 220_000;
        money.txGasPrice(2);
        vm.recordLogs();
        machine.complete(EXECUTION, 0, settlement);
        vm.assertEq(vm.getRecordedLogs().length, 2, "the settlement, the treasury's credit, and no credit of nothing");
        _requireShares(600_000, 0, 5_400_000);
        assertCredit(ETHER, address(0), 0);
    }

    function test_settle_goesByTheScheduleThatTheExecutionBeganUnder() external {
        opened(2);
        Types.FeeSchedule memory other = inToken(address(coin));
        other.protocolBps = 5_000;
        other.protocolRecipient = named("another treasury");
        other.phaseFee = 1;
        other.submitterBounty = 0;
        vault.setSchedule(other);
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY));
        _requireShares(600_000, 300_000, 5_100_000);
        assertCredit(address(coin), other.protocolRecipient, 0);
    }

    /// @dev Of any fee, at any price of gas, for anybody.
    function testFuzz_settle_sharesOutExactlyOnePhase(
        uint96 phaseFee,
        uint16 protocolBps,
        uint96 bounty,
        uint96 gasRate,
        uint64 maxGasPrice,
        uint256 gasPrice,
        uint256 gasUsed
    ) external {
        Types.FeeSchedule memory fees = inToken(address(coin));
        fees.phaseFee = phaseFee == 0 ? 1 : phaseFee;
        fees.protocolBps = protocolBps % 5_001;
        (fees.submitterBounty, fees.gasRate, fees.maxGasPrice) = (bounty, gasRate, maxGasPrice);
        vault.setSchedule(fees);
        opened(2);
        Types.Settlement memory settlement = signedBy(EVERYBODY);
        settlement.gasUsed = gasUsed;
        // What forge lets a transaction offer.
        money.txGasPrice(bound(gasPrice, 0, type(uint64).max));
        machine.complete(EXECUTION, 0, settlement);

        uint256 toProtocol = vault.creditOf(address(coin), TREASURY);
        vm.assertEq(toProtocol, uint256(fees.phaseFee) * fees.protocolBps / 10_000, "the protocol's part");
        vm.assertEq(
            toProtocol + vault.creditOf(address(coin), aggregator) + vault.poolOf(EXECUTION, 0).amount,
            fees.phaseFee,
            "all of it, and no more"
        );
        vm.assertEq(vault.totalEscrow(address(coin)), fees.phaseFee, "the other phase");
        assertSolvent(address(coin));
    }

    // ── What is refused ──────────────────────────────────────────────────────────────────────────────

    function test_settle_refusesAPhaseTwice() external {
        opened(2);
        machine.complete(EXECUTION, 1, signedBy(EVERYBODY));
        vm.expectRevert(abi.encodeWithSelector(Errors.AlreadySettled.selector, EXECUTION, 1));
        machine.complete(EXECUTION, 1, signedBy(EVERYBODY));
    }

    function test_settle_refusesMorePhasesThanWerePaidFor() external {
        opened(2);
        machine.complete(EXECUTION, 5, signedBy(EVERYBODY)); // A fallback in another phase's place.
        machine.complete(EXECUTION, 1, signedBy(EVERYBODY));
        vm.expectRevert(abi.encodeWithSelector(Errors.EscrowSpent.selector, EXECUTION));
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY));
    }

    function test_settle_refusesAnEndedOrUnknownExecutionAndNoStake() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownEscrow.selector, EXECUTION));
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY));
        opened(2);
        Types.Settlement memory nobody = signedBy(EVERYBODY);
        nobody.signedWeight = 0;
        vm.expectRevert(Errors.NoStakeSigned.selector);
        machine.complete(EXECUTION, 0, nobody);
        machine.end(EXECUTION);
        vm.expectRevert(abi.encodeWithSelector(Errors.EscrowSpent.selector, EXECUTION));
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY));
    }

    /// @dev Whatever a submitter, its gas price and the operators' table bring.
    function testFuzz_settle_takesWhateverOutsidersControl(Types.Settlement memory settlement, uint256 gasPrice)
        external
    {
        if (settlement.signedWeight == 0) settlement.signedWeight = 1;
        opened(1);
        money.txGasPrice(bound(gasPrice, 0, type(uint64).max));
        machine.complete(EXECUTION, 0, settlement);
        Types.PoolView memory pool = vault.poolOf(EXECUTION, 0);
        vm.assertTrue(pool.signedWeight <= settlement.signedWeight, "rounded down");
        vm.assertTrue(settlement.signedWeight - pool.signedWeight <= settlement.signedWeight >> 159, "hardly at all");
        for (uint256 i = 0; i < settlement.nonSignerIndices.length; ++i) {
            vm.assertTrue(vault.isNonSigner(EXECUTION, 0, settlement.nonSignerIndices[i]), "non-signer");
        }
        assertSolvent(ETHER);
    }

    function test_settle_keepsNonSignersOfALargeSetApart() external {
        opened(1);
        Types.Settlement memory settlement = signedBy(EVERYBODY);
        settlement.nonSignerIndices = new uint32[](5);
        uint32[5] memory indices = [uint32(0), 255, 256, 300, type(uint32).max];
        for (uint256 i = 0; i < 5; ++i) {
            settlement.nonSignerIndices[i] = indices[i];
        }
        machine.complete(EXECUTION, 0, settlement);
        uint32[6] memory signers = [uint32(1), 44, 254, 257, 511, type(uint32).max - 256];
        for (uint256 i = 0; i < 5; ++i) {
            vm.assertTrue(vault.isNonSigner(EXECUTION, 0, indices[i]), "non-signer");
        }
        for (uint256 i = 0; i < 6; ++i) {
            vm.assertTrue(!vault.isNonSigner(EXECUTION, 0, signers[i]), "signer");
        }
        vm.assertTrue(!vault.isNonSigner(EXECUTION, 1, 0), "another phase");
    }
}
