// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FeeVault} from "../../src/FeeVault.sol";
import {IBN254CertificateVerifierTypes as VerifierTypes} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {
    IFeeVaultErrors as Errors,
    IFeeVaultEvents as Events,
    IFeeVaultTypes as Types
} from "../../src/interfaces/IFeeVault.sol";
import {BN254} from "../../src/libraries/BN254.sol";
import {OperatorInfoTree} from "../../src/libraries/OperatorInfoTree.sol";
import {ScriptedTable} from "../support/ScriptedTable.sol";
import {Vaults} from "../support/Vaults.sol";

contract FeeVaultClaimTest is Vaults {
    uint256 private constant POOL = PHASE_FEE - PROTOCOL_PART;

    function setUp() public {
        setUpVault();
        vault.setSchedule(inEther());
        money.txGasPrice(0);
    }

    // ── Shares ───────────────────────────────────────────────────────────────────────────────────────

    function test_claim_isByStake() external {
        settledByAll();
        // 5,400,000 over a stake of 600: 9,000 for each.
        for (uint32 i = 0; i < MEMBERS; ++i) {
            vm.expectEmit(true, true, true, true, address(vault));
            emit Events.ShareClaimed(EXECUTION, 0, i, operatorAt(i), 9_000 * weightOf(i));
            vm.expectEmit(true, true, true, true, address(vault));
            emit Events.Credited(ETHER, operatorAt(i), 9_000 * weightOf(i));
            vm.assertEq(claimOf(EXECUTION, 0, i), 9_000 * weightOf(i), "share");
            assertCredit(ETHER, operatorAt(i), 9_000 * weightOf(i));
            vm.assertTrue(vault.hasClaimed(EXECUTION, 0, i), "claimed");
        }
        vm.assertEq(vault.poolOf(EXECUTION, 0).paid, POOL, "the whole pool");
        assertSolvent(ETHER);
    }

    /// @dev What the absent would have got is theirs who came.
    function test_claim_isAmongThoseWhoSigned() external {
        opened(1);
        machine.complete(EXECUTION, 0, signedBy(7));
        // 5,100,000 over 100 + 110 + 120.
        vm.assertEq(claimOf(EXECUTION, 0, 1), uint256(5_100_000) * 110 / 330, "share");
        vm.expectRevert(abi.encodeWithSelector(Errors.NotASigner.selector, 3));
        this.claim(3);
    }

    function claim(uint32 index) external {
        claimOf(EXECUTION, 0, index);
    }

    function testFuzz_claim_neverExceedsThePool(uint256 mask, uint96 phaseFee) external {
        mask = bound(mask, 1, EVERYBODY);
        Types.FeeSchedule memory fees = inToken(address(coin));
        fees.phaseFee = uint96(bound(phaseFee, 1, type(uint96).max));
        fees.protocolBps = 0;
        fees.submitterBounty = 0;
        vault.setSchedule(fees);
        opened(1);
        machine.complete(EXECUTION, 0, signedBy(mask));
        uint256 claimed = 0;
        for (uint32 i = 0; i < MEMBERS; ++i) {
            uint256 share = mask >> i & 1 == 1 ? uint256(fees.phaseFee) * weightOf(i) / stakeOf(mask) : 0;
            if (share == 0) continue;
            vm.assertEq(claimOf(EXECUTION, 0, i), share, "share");
            claimed += share;
        }
        vm.assertEq(vault.poolOf(EXECUTION, 0).paid, claimed, "paid");
        vm.assertTrue(claimed <= fees.phaseFee && fees.phaseFee - claimed < MEMBERS, "all but dust");
        assertSolvent(address(coin));
    }

    function test_claim_isInTheTokenThatWasPaid() external {
        vault.setSchedule(inToken(address(coin)));
        settledByAll();
        vault.setSchedule(inEther());
        vm.assertEq(vault.poolOf(EXECUTION, 0).token, address(coin), "the pool's token");
        Types.PoolView memory nothing;
        vm.assertEq(abi.encode(vault.poolOf(EXECUTION, 1)), abi.encode(nothing), "a phase that is not settled");
        claimOf(EXECUTION, 0, 4);
        assertCredit(address(coin), operatorAt(4), 9_000 * 140);
        assertCredit(ETHER, operatorAt(4), 0);
    }

    function test_claim_goesByTheTableOfItsPhase() external {
        VerifierTypes.BN254OperatorInfoWitness memory witness = witnessOf(2);
        settledByAll();
        uint256[] memory more = new uint256[](1);
        more[0] = 1_000_000;
        table.setWeights(five, operatorAt(2), more);
        vm.warp(START + 1);
        uint32 later = table.publishTable(five);
        VerifierTypes.BN254OperatorInfoWitness memory heavier = witnessesFor(later, 4)[0];
        vm.expectRevert(abi.encodeWithSelector(Errors.InvalidOperatorProof.selector, 2));
        vault.claim(EXECUTION, 0, 2, heavier.operatorInfo, heavier.operatorInfoProof);
        vault.claim(EXECUTION, 0, 2, witness.operatorInfo, witness.operatorInfoProof);
        assertCredit(ETHER, operatorAt(2), 9_000 * 120);
    }

    /// @dev Work that was done is paid, whoever has left since.
    function test_claim_paysAnOperatorThatHasDeregistered() external {
        settledByAll();
        table.deregisterOperator(five, operatorAt(2));
        claimOf(EXECUTION, 0, 2);
        assertCredit(ETHER, operatorAt(2), 9_000 * 120);
    }

    function test_claim_worksOnceTheExecutionHasEnded() external {
        settledByAll();
        machine.end(EXECUTION);
        claimOf(EXECUTION, 0, 0);
        assertCredit(ETHER, operatorAt(0), 900_000);
    }

    function test_claim_ofASetOfOneNeedsNoProof() external {
        opened(1);
        Types.Settlement memory settlement = signedBy(EVERYBODY);
        (settlement.submitter, settlement.operatorSetId, settlement.signedWeight) = (address(0), alone.id, 1_000);
        machine.complete(EXECUTION, 0, settlement);
        uint256[] memory weights = new uint256[](1);
        weights[0] = 1_000;
        BN254.G1Point memory key = BN254.mul(BN254.generatorG1(), LONER);
        vault.claim(EXECUTION, 0, 0, VerifierTypes.BN254OperatorInfo(key, weights), "");
        assertCredit(ETHER, operatorAt(5), POOL);
    }

    // ── What is refused ──────────────────────────────────────────────────────────────────────────────

    function test_claim_refusesAShareTwice() external {
        settledByAll();
        claimOf(EXECUTION, 0, 1);
        vm.expectRevert(abi.encodeWithSelector(Errors.AlreadyClaimed.selector, 1));
        this.claim(1);
        assertSolvent(ETHER);
    }

    function test_claim_refusesAPhaseThatIsNotSettled() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.NotSettled.selector, EXECUTION, 0));
        this.claim(1);
        opened(2);
        machine.complete(EXECUTION, 1, signedBy(EVERYBODY));
        vm.expectRevert(abi.encodeWithSelector(Errors.NotSettled.selector, EXECUTION, 0));
        this.claim(1);
    }

    function test_claim_refusesWhatIsNotInTheTable() external {
        settledByAll();
        VerifierTypes.BN254OperatorInfoWitness memory witness = witnessOf(1);
        bytes memory proof = witness.operatorInfoProof;
        bytes memory refusal = abi.encodeWithSelector(Errors.InvalidOperatorProof.selector, 1);

        VerifierTypes.BN254OperatorInfo memory heavier = witnessOf(1).operatorInfo;
        heavier.weights[0] += 1;
        vm.expectRevert(refusal);
        vault.claim(EXECUTION, 0, 1, heavier, proof);
        VerifierTypes.BN254OperatorInfo memory stolen = witnessOf(1).operatorInfo;
        stolen.pubkey = BN254.generatorG1();
        vm.expectRevert(refusal);
        vault.claim(EXECUTION, 0, 1, stolen, proof);
        vm.expectRevert(abi.encodeWithSelector(Errors.InvalidOperatorProof.selector, 0));
        vault.claim(EXECUTION, 0, 0, witness.operatorInfo, proof);
        vm.expectRevert(abi.encodeWithSelector(Errors.InvalidOperatorProof.selector, 1 + 8));
        vault.claim(EXECUTION, 0, 1 + 8, witness.operatorInfo, proof);
        vm.expectRevert(OperatorInfoTree.InvalidProofLength.selector);
        vault.claim(EXECUTION, 0, 1, witness.operatorInfo, bytes.concat(proof, hex"00"));
        proof[40] ^= 0x01;
        vm.expectRevert(refusal);
        vault.claim(EXECUTION, 0, 1, witness.operatorInfo, proof);
        assertCredit(ETHER, operatorAt(1), 0);
    }

    function test_claim_refusesATableThatDoesNotExist() external {
        opened(1);
        Types.Settlement memory settlement = signedBy(EVERYBODY);
        settlement.referenceTimestamp = uint32(START) - 1;
        machine.complete(EXECUTION, 0, settlement);
        vm.expectRevert(abi.encodeWithSelector(Errors.InvalidOperatorProof.selector, 0));
        this.claim(0);
    }

    function test_claim_refusesAShareOfNothing() external {
        Types.FeeSchedule memory fees = inEther();
        (fees.phaseFee, fees.protocolBps, fees.submitterBounty) = (5, 0, 0);
        vault.setSchedule(fees);
        opened(1);
        machine.complete(EXECUTION, 0, signedBy(EVERYBODY));
        // 5 · 110 / 600 is less than one, 5 · 120 / 600 is one.
        vm.expectRevert(abi.encodeWithSelector(Errors.EmptyShare.selector, 1));
        this.claim(1);
        claimOf(EXECUTION, 0, 2);
        assertCredit(ETHER, operatorAt(2), 1);
    }
}

/// @notice With tables that no six operators could make.
contract FeeVaultClaimFromOddTablesTest is Vaults {
    uint256 private constant POOL = PHASE_FEE - PROTOCOL_PART;
    uint256 private constant LEAVES = 512;

    ScriptedTable private odd;

    function setUp() public {
        setUpVault();
        odd = new ScriptedTable();
        vault = new FeeVault(address(machine), address(odd));
        machine.setVault(vault);
        machine.setVerifier(address(odd));
        vault.setSchedule(inEther());
        money.txGasPrice(0);
    }

    /// @dev One phase whose signers weigh `signedWeight` together.
    function _settled(uint256 signedWeight) private {
        opened(1);
        Types.Settlement memory settlement = signedBy(EVERYBODY);
        (settlement.submitter, settlement.signedWeight) = (address(0), signedWeight);
        machine.complete(EXECUTION, 0, settlement);
    }

    /// @dev Makes the odd table say that this operator stands at this index, and has it claim.
    function _claim(uint32 index, address operator, uint256[] memory weights) private returns (uint256) {
        VerifierTypes.BN254OperatorInfo memory info =
            VerifierTypes.BN254OperatorInfo(BN254.G1Point(uint160(operator), 2), weights);
        bytes32 node = OperatorInfoTree.leafOf(info);
        bytes memory proof = "";
        for (uint256 height = 0; height < 9; ++height) {
            proof = bytes.concat(proof, bytes32(height));
            node = index >> height & 1 == 0
                ? keccak256(bytes.concat(node, bytes32(height)))
                : keccak256(bytes.concat(bytes32(height), node));
        }
        odd.setTable(node, LEAVES);
        return vault.claim(EXECUTION, 0, index, info, proof);
    }

    function _claim(uint32 index, address operator, uint256 weight) private returns (uint256) {
        uint256[] memory weights = new uint256[](1);
        weights[0] = weight;
        return _claim(index, operator, weights);
    }

    function claim(uint32 index, address operator, uint256 weight) external {
        _claim(index, operator, weight);
    }

    function claimWithoutWeights(uint32 index, address operator) external {
        _claim(index, operator, new uint256[](0));
    }

    function test_claim_keepsOperatorsOfALargeSetApart() external {
        _settled(10);
        _claim(300, named("300"), 1);
        vm.assertTrue(vault.hasClaimed(EXECUTION, 0, 300), "claimed");
        vm.assertTrue(!vault.hasClaimed(EXECUTION, 0, 44), "300 - 256 has not");
        _claim(44, named("44"), 1);
        vm.expectRevert(abi.encodeWithSelector(Errors.AlreadyClaimed.selector, 300));
        this.claim(300, named("300"), 1);
        assertCredit(ETHER, named("300"), POOL / 10);
        assertCredit(ETHER, named("44"), POOL / 10);
    }

    /// @dev Weights are anything that fits a word.
    function testFuzz_claim_dividesByAnyWeight(uint256 signedWeight, uint256 first) external {
        signedWeight = bound(signedWeight, 2, type(uint256).max);
        first = bound(first, 1, signedWeight - 1);
        _settled(signedWeight);
        uint256 claimed = 0;
        uint256[2] memory weights = [first, signedWeight - first];
        for (uint32 i = 0; i < 2; ++i) {
            try this.claim(i, operatorAt(i), weights[i]) {} catch {}
            claimed += vault.creditOf(ETHER, operatorAt(i));
        }
        vm.assertTrue(claimed <= POOL && POOL - claimed <= 2, "all but dust");
        assertSolvent(ETHER);
    }

    function test_claim_isExactUpTo160Bits() external {
        uint256 signedWeight = type(uint160).max;
        _settled(signedWeight);
        uint256 weight = signedWeight / 3;
        vm.assertEq(_claim(0, operatorAt(0), weight), POOL * weight / signedWeight, "share");
        vm.assertEq(vault.poolOf(EXECUTION, 0).signedWeight, signedWeight, "nothing rounded");
    }

    function test_claim_refusesAnOperatorWithoutWeight() external {
        _settled(10);
        vm.expectRevert(abi.encodeWithSelector(Errors.EmptyShare.selector, 1));
        this.claim(1, operatorAt(1), 0);
        vm.expectRevert(abi.encodeWithSelector(Errors.EmptyShare.selector, 1));
        this.claimWithoutWeights(1, operatorAt(1));
    }

    function test_claim_refusesAKeyThatNobodyRegistered() external {
        _settled(10);
        vm.expectRevert(abi.encodeWithSelector(Errors.UnknownSigningKey.selector, 0, 2));
        this.claim(1, address(0), 1);
    }

    /// @dev A verifier that lies spoils the pool that it lies about. All other money is out of its reach.
    function test_claim_aLyingTableTakesNoMoreThanItsPool() external {
        openedAs(keccak256("another"), 2);
        _settled(10);
        _claim(0, named("thief"), 7);
        vm.expectRevert(abi.encodeWithSelector(Errors.PoolExceeded.selector, POOL - POOL * 7 / 10, POOL * 7 / 10));
        this.claim(1, named("thief"), 7);
        vm.expectRevert(abi.encodeWithSelector(Errors.PoolExceeded.selector, POOL - POOL * 7 / 10, POOL * 11 / 10));
        this.claim(1, named("thief"), 11);
        _claim(2, named("thief"), 3);
        assertCredit(ETHER, named("thief"), POOL);
        vm.assertEq(vault.escrowOf(keccak256("another")).amount, 2 * PHASE_FEE, "another's escrow");
        assertSolvent(ETHER);
    }
}
