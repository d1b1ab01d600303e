// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FeeVault} from "../../src/FeeVault.sol";
import {IBN254CertificateVerifierTypes as VerifierTypes} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {IFeeVaultTypes as Types} from "../../src/interfaces/IFeeVault.sol";
import {Coin} from "./Coins.sol";
import {Operators} from "./Operators.sol";
import {ScriptedMachine} from "./ScriptedMachine.sol";

/// @title The cheat codes about money
interface MoneyVm {
    function deal(address account, uint256 balance) external;
    function txGasPrice(uint256 price) external;
}

/// @title A fee vault of a scripted machine, over the six operators' table
abstract contract Vaults is Operators {
    address internal constant ETHER = address(0);
    address internal constant TREASURY = address(0x7EA5);
    bytes32 internal constant WORKFLOW = keccak256("workflow");
    bytes32 internal constant EXECUTION = keccak256("execution");
    bytes32 internal constant FEE_MANAGER = keccak256("FEE_MANAGER_ROLE");

    uint96 internal constant PHASE_FEE = 6_000_000;
    uint96 internal constant WORKFLOW_FEE = 900_000;
    uint96 internal constant BOUNTY = 300_000;
    /// @dev A tenth of PHASE_FEE.
    uint256 internal constant PROTOCOL_PART = 600_000;

    MoneyVm internal constant money = MoneyVm(address(vm));

    ScriptedMachine internal machine;
    FeeVault internal vault;
    Coin internal coin;
    address internal payer = named("payer");
    address internal aggregator = named("aggregator");

    function setUpVault() internal {
        setUpOperators(0);
        machine = new ScriptedMachine();
        machine.setVerifier(address(table));
        machine.setRole(FEE_MANAGER, address(this), true);
        vault = FeeVault(vm.deployCode("FeeVault.sol", abi.encode(address(machine), address(table))));
        machine.setVault(vault);
        coin = new Coin("coin");
    }

    // ── Schedules ────────────────────────────────────────────────────────────────────────────────────

    function inEther() internal pure returns (Types.FeeSchedule memory) {
        return Types.FeeSchedule({
            token: ETHER,
            workflowFee: WORKFLOW_FEE,
            pricer: address(0),
            phaseFee: PHASE_FEE,
            protocolRecipient: TREASURY,
            protocolBps: 1_000,
            maxGasPrice: 50 gwei,
            submitterBounty: BOUNTY,
            gasRate: 1e18
        });
    }

    function inToken(address token) internal pure returns (Types.FeeSchedule memory fees) {
        fees = inEther();
        fees.token = token;
    }

    // ── Executions ───────────────────────────────────────────────────────────────────────────────────

    /// @dev EXECUTION, paid for by `payer` with exactly what it costs.
    function opened(uint32 phaseCount) internal {
        openedAs(EXECUTION, phaseCount);
    }

    function openedAs(bytes32 executionId, uint32 phaseCount) internal {
        (address token, uint256 total) = vault.quote(WORKFLOW, payer, "", phaseCount);
        if (token == ETHER) money.deal(payer, total);
        else approved(Coin(token), payer, total);
        vm.prank(payer);
        machine.execute{value: token == ETHER ? total : 0}(executionId, WORKFLOW, phaseCount, "");
    }

    /// @dev Gives the account so much, and the vault its leave to take it.
    function approved(Coin token, address account, uint256 amount) internal {
        token.mint(account, amount);
        vm.prank(account);
        token.approve(address(vault), amount);
    }

    /// @dev The five operators' phase, signed by those in `mask`, submitted by the aggregator.
    function signedBy(uint256 mask) internal view returns (Types.Settlement memory settlement) {
        uint32[] memory missing = new uint32[](MEMBERS);
        uint256 count = 0;
        for (uint32 i = 0; i < MEMBERS; ++i) {
            if (mask >> i & 1 == 0) missing[count++] = i;
        }
        uint32[] memory nonSigners = new uint32[](count);
        for (uint256 i = 0; i < count; ++i) {
            nonSigners[i] = missing[i];
        }
        return Types.Settlement(aggregator, 0, AVS, five.id, uint32(START), stakeOf(mask), nonSigners);
    }

    /// @dev One phase, opened, completed by everybody, nothing for the submitter: a pool of PHASE_FEE less
    ///      PROTOCOL_PART.
    function settledByAll() internal {
        opened(1);
        Types.Settlement memory settlement = signedBy(EVERYBODY);
        settlement.submitter = address(0);
        machine.complete(EXECUTION, 0, settlement);
    }

    // ── Claims ───────────────────────────────────────────────────────────────────────────────────────

    function witnessOf(uint256 index) internal view returns (VerifierTypes.BN254OperatorInfoWitness memory) {
        return witnessesFor(uint32(START), 1 << index)[0];
    }

    function claimOf(bytes32 executionId, uint32 phaseIndex, uint32 index) internal returns (uint256) {
        VerifierTypes.BN254OperatorInfoWitness memory witness = witnessOf(index);
        return vault.claim(executionId, phaseIndex, index, witness.operatorInfo, witness.operatorInfoProof);
    }

    // ── What holds ───────────────────────────────────────────────────────────────────────────────────

    function balanceOf(address token, address account) internal view returns (uint256) {
        return token == ETHER ? account.balance : Coin(token).balanceOf(account);
    }

    function assertSolvent(address token) internal view {
        vm.assertEq(
            balanceOf(token, address(vault)),
            vault.totalEscrow(token) + vault.totalUnclaimed(token),
            "the vault holds what it owes"
        );
    }

    function assertCredit(address token, address account, uint256 expected) internal view {
        vm.assertEq(vault.creditOf(token, account), expected, "credit");
    }
}
