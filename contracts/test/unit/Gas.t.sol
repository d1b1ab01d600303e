// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {FeeVault} from "../../src/FeeVault.sol";
import {
    IBN254CertificateVerifierTypes as VerifierTypes,
    OperatorSet
} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {IFeeVaultTypes} from "../../src/interfaces/IFeeVault.sol";
import {IOperatorTable} from "../../src/interfaces/IOperatorTable.sol";
import {IWorkflowStateMachineTypes as Types} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {OperatorInfoTree} from "../../src/libraries/OperatorInfoTree.sol";
import {EcdsaOperators} from "../support/EcdsaOperators.sol";
import {Machines} from "../support/Machines.sol";
import {MultiplesOfG2} from "../support/MultiplesOfG2.sol";

/// @title A fee vault that reads the meter: it costs a call and a slot
contract Meter is IFeeVaultTypes {
    uint256 public settled;

    function chargeWorkflow(address) external payable {}

    function open(bytes32, bytes32, address, uint32, bytes calldata) external payable returns (uint256) {
        return 1;
    }

    function settle(bytes32, uint32, Settlement calldata settlement) external {
        settled = settlement.gasUsed;
    }
}

/// @notice What things cost as transactions of their own, from cold storage, everything included. The figures are
///         committed in snapshots/gas.json.
/// forge-config: default.isolate = true
/// forge-config: intense.isolate = true
contract GasTest is Machines {
    /// @dev Of a submission by everybody, also where another phase starts because of it.
    uint256 private constant RESULT_LIMIT = 330_000;
    /// @dev EIP-7825.
    uint256 private constant TRANSACTION_LIMIT = 2 ** 24;
    /// @dev Set 4: two operators who sign, with secrets that add up to CROWD_SECRET, and ten who do not.
    uint256 private constant CROWD_SECRET = 8;
    /// @dev What the meter costs: the call of a contract that was not called before, and the first write to a slot.
    uint256 private constant METERING = 2_600 + 22_100;
    /// @dev How much less than it costs may be settled, at most.
    uint256 private constant SHORTFALL = 10_000;
    OperatorSet private crowd = OperatorSet(AVS, 4);

    function setUp() public {
        setUpMachine();
    }

    function test_gas_registerWorkflow() external {
        Types.PhaseDefinition[] memory phases = two();
        machine.registerWorkflow("price-agreement", phases, new address[](0));
        vm.snapshotGasLastCall("gas", "registerWorkflow, two phases");
    }

    function test_gas_executeWorkflow() external {
        bytes32 workflowId = registered(two());
        machine.executeWorkflow(workflowId, "");
        vm.snapshotGasLastCall("gas", "executeWorkflow, one root phase, no payload");
    }

    function _submission(Types.PhaseDefinition[] memory phases, uint256 mask, string memory name)
        private
        returns (uint256)
    {
        bytes32 executionId = started(phases);
        bytes memory certificate = certificateFor(executionId, 0, 0, RESULT, mask);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        return vm.snapshotGasLastCall("gas", name);
    }

    function test_gas_submitPhaseResult_lastPhase() external {
        uint256 used = _submission(one(immediate("only")), EVERYBODY, "submitPhaseResult, last phase, all signed");
        vm.assertTrue(used <= RESULT_LIMIT, vm.toString(used));
    }

    function test_gas_submitPhaseResult_startingAnother() external {
        uint256 used = _submission(two(), EVERYBODY, "submitPhaseResult, starts another, all signed");
        vm.assertTrue(used <= RESULT_LIMIT, vm.toString(used));
    }

    /// @dev As the phases of a workflow follow each other: this one depends on one, and another on it.
    function test_gas_submitPhaseResult_inALine() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](3);
        phases[0] = immediate("first");
        phases[1] = after_(immediate("middle"), 0);
        phases[2] = after_(immediate("last"), 1);
        bytes32 executionId = started(phases);
        submit(executionId, 0, RESULT, EVERYBODY);
        bytes memory certificate = certificateFor(executionId, 1, 0, RESULT, EVERYBODY);
        machine.submitPhaseResult(executionId, 1, 0, RESULT, certificate);
        uint256 used = vm.snapshotGasLastCall("gas", "submitPhaseResult, in a line, all signed");
        vm.assertTrue(used <= RESULT_LIMIT, vm.toString(used));
    }

    function test_gas_submitPhaseResult_oneNonSigner() external {
        _submission(one(immediate("only")), EVERYBODY - 1, "submitPhaseResult, last phase, one new non-signer");
    }

    function test_gas_submitPhaseResult_tenNonSigners() external {
        _registerCrowd();
        Types.PhaseDefinition memory phase = immediate("only");
        phase.operatorSetId = crowd.id;
        bytes32 executionId = started(one(phase));
        bytes32 messageHash = machine.getMessageHash(executionId, 0, 0, RESULT);
        VerifierTypes.BN254Certificate memory cert;
        cert.referenceTimestamp = uint32(START);
        cert.messageHash = messageHash;
        cert.signature = sign(table.calculateCertificateDigest(uint32(START), messageHash), CROWD_SECRET);
        cert.apk = MultiplesOfG2.times(CROWD_SECRET);
        cert.nonSignerWitnesses = _crowdsNonSigners();
        machine.submitPhaseResult(executionId, 0, 0, RESULT, abi.encode(cert));
        vm.snapshotGasLastCall("gas", "submitPhaseResult, last phase, ten new non-signers");
    }

    function _registerCrowd() private {
        table.configureOperatorSet(crowd, 0);
        uint8[12] memory secrets = [3, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 17];
        uint256[] memory weights = new uint256[](1);
        for (uint256 i = 0; i < secrets.length; ++i) {
            weights[0] = i < 2 ? 1_000 : 1;
            address operator = address(uint160(secrets[i]));
            table.registerOperator(
                crowd, operator, keyDataOf(secrets[i]), proofOf(crowd, operator, secrets[i]), weights
            );
        }
        table.publishTable(crowd);
    }

    function _crowdsNonSigners() private view returns (VerifierTypes.BN254OperatorInfoWitness[] memory witnesses) {
        IOperatorTable.OperatorEntry[] memory entries = table.getOperatorTable(crowd, uint32(START));
        bytes32[] memory leaves = new bytes32[](entries.length);
        for (uint256 i = 0; i < entries.length; ++i) {
            leaves[i] = OperatorInfoTree.leafOf(infoOf(entries[i]));
        }
        witnesses = new VerifierTypes.BN254OperatorInfoWitness[](entries.length - 2);
        for (uint256 i = 0; i < witnesses.length; ++i) {
            witnesses[i] = VerifierTypes.BN254OperatorInfoWitness(
                uint32(i + 2), merkleProof(leaves, i + 2), infoOf(entries[i + 2])
            );
        }
    }

    function test_gas_submitPhaseResult_ofSeveralDependencies() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](4);
        phases[0] = immediate("first");
        phases[1] = immediate("second");
        phases[2] = immediate("third");
        phases[3] = after_(after_(after_(aggregation("sum"), 0), 1), 2);
        bytes32 executionId = started(phases);
        submit(executionId, 1, RESULT, EVERYBODY);
        submit(executionId, 2, RESULT, EVERYBODY);
        bytes memory certificate = certificateFor(executionId, 0, 0, RESULT, EVERYBODY);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        vm.snapshotGasLastCall("gas", "submitPhaseResult, starts one that waited for three, all signed");
    }

    function test_gas_submitPhaseResult_ofTheLongestResults() external {
        bytes32 executionId = started(one(immediate("only")));
        bytes memory certificate = certificateFor(executionId, 0, 0, new bytes(4_096), EVERYBODY);
        uint256 before = vm.snapshotState();
        machine.submitPhaseResult(executionId, 0, 0, new bytes(4_096), certificate);
        vm.snapshotGasLastCall("gas", "submitPhaseResult, 4,096 zero bytes, stored");
        vm.revertToState(before);
        certificate = certificateFor(executionId, 0, 0, new bytes(16_384), EVERYBODY);
        machine.submitPhaseResult(executionId, 0, 0, new bytes(16_384), certificate);
        vm.snapshotGasLastCall("gas", "submitPhaseResult, 16,384 zero bytes, by their hash");
    }

    function test_gas_trigger() external {
        Types.PhaseOptions[] memory options = new Types.PhaseOptions[](1);
        options[0].triggerMode = Types.TriggerMode.SOURCE;
        bytes memory condition = abi.encode(uint8(1), abi.encode(uint256(5_000), true));
        bytes32 workflowId = machine.registerWorkflowWithOptions(
            "gate", one(conditional("told", condition)), options, 0, new address[](0)
        );
        bytes32 executionId = machine.executeWorkflow(workflowId, "");
        machine.trigger(executionId, 0, abi.encode(int256(5_001)));
        vm.snapshotGasLastCall("gas", "trigger, a price");
    }

    function test_gas_cancelExecution() external {
        bytes32 executionId = started(two());
        machine.cancelExecution(executionId);
        vm.snapshotGasLastCall("gas", "cancelExecution");
    }

    function test_gas_checkPhaseTimeout() external {
        bytes32 executionId = started(two());
        vm.warp(START + TIMEOUT + 1);
        machine.checkPhaseTimeout(executionId, 0);
        vm.snapshotGasLastCall("gas", "checkPhaseTimeout");
    }

    function test_gas_checkPhaseTimeout_anotherAttempt() external {
        Types.PhaseOptions[] memory options = new Types.PhaseOptions[](1);
        options[0].maxAttempts = 2;
        bytes32 executionId = _startedWith(one(immediate("only")), options);
        vm.warp(START + TIMEOUT + 1);
        machine.checkPhaseTimeout(executionId, 0);
        vm.snapshotGasLastCall("gas", "checkPhaseTimeout, another attempt");
    }

    function _startedWith(Types.PhaseDefinition[] memory phases, Types.PhaseOptions[] memory options)
        private
        returns (bytes32)
    {
        bytes32 workflowId = machine.registerWorkflowWithOptions("w", phases, options, 0, new address[](0));
        return machine.executeWorkflow(workflowId, "payload");
    }

    /// @dev The most that can fail at once: in a line of 64 none but the first can start, and all are given up. They wait
    ///      for each other from the last to the first, so that the next is always the lowest.
    function test_gas_aLineThatIsGivenUpFitsIntoATransaction() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](64);
        Types.PhaseOptions[] memory options = new Types.PhaseOptions[](64);
        for (uint32 i = 0; i < 64; ++i) {
            phases[i] = immediate(vm.toString(i));
            if (i < 63) phases[i] = after_(phases[i], i + 1);
            options[i].onFailure = Types.FailurePolicy.CONTINUE;
        }
        _assertFailsWithinATransaction(phases, options, 63, "checkPhaseTimeout, 64 in a line are given up");
    }

    function test_gas_aChainOfFallbacksFitsIntoATransaction() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](64);
        Types.PhaseOptions[] memory options = new Types.PhaseOptions[](64);
        for (uint32 i = 0; i < 64; ++i) {
            phases[i] = immediate(vm.toString(i));
            options[i].onFailure = i == 63 ? Types.FailurePolicy.CONTINUE : Types.FailurePolicy.FALLBACK;
            if (i < 63) options[i].fallbackPhase = i + 1;
        }
        _assertFailsWithinATransaction(phases, options, 0, "checkPhaseTimeout, 64 fallbacks fail");
    }

    function _assertFailsWithinATransaction(
        Types.PhaseDefinition[] memory phases,
        Types.PhaseOptions[] memory options,
        uint32 root,
        string memory name
    ) private {
        for (uint32 i = 0; i < phases.length; ++i) {
            phases[i].requiredStake = 600;
        }
        bytes32 executionId = _startedWith(phases, options);
        _lowerStake();
        machine.checkPhaseTimeout(executionId, root);
        uint256 used = vm.snapshotGasLastCall("gas", name);
        assertExecution(executionId, Types.ExecutionStatus.COMPLETED);
        vm.assertTrue(used <= TRANSACTION_LIMIT, vm.toString(used));
    }

    /// @dev Too late for the phase that runs, and too little stake for any other.
    function _lowerStake() private {
        uint256[] memory weights = new uint256[](1);
        weights[0] = 99;
        table.setWeights(five, operatorAt(0), weights);
        vm.warp(START + TIMEOUT + 1);
        table.publishTable(five);
    }

    function test_gas_ofAnExecutionThatPaid() external {
        FeeVault vault = FeeVault(vm.deployCode("FeeVault.sol", abi.encode(address(machine), address(table))));
        IFeeVaultTypes.FeeSchedule memory fees;
        fees.phaseFee = 1 ether;
        vault.setSchedule(fees);
        machine.setFeeVault(address(vault));
        bytes32 workflowId = registered(two());
        bytes32 executionId = machine.executeWorkflow{value: 2 ether}(workflowId, "");
        vm.snapshotGasLastCall("gas", "executeWorkflow, one root phase, no payload, paid");
        bytes memory certificate = certificateFor(executionId, 0, 0, RESULT, EVERYBODY);
        vm.prank(named("aggregator"));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        vm.snapshotGasLastCall("gas", "submitPhaseResult, starts another, all signed, paid");
    }

    /// @dev What a submitter gets back is what the submission cost, but for the vault's own work: never more, and less by a
    ///      few thousand only.
    function test_gas_theGasThatIsSettledIsTheGasThatIsPaid() external {
        Meter meter = new Meter();
        machine.setFeeVault(address(meter));
        bytes32 executionId = started(two());
        bytes memory certificate = certificateFor(executionId, 0, 0, RESULT, EVERYBODY);
        vm.prank(named("aggregator"));
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        uint256 used = vm.snapshotGasLastCall("gas", "submitPhaseResult, starts another, all signed, metered");
        uint256 cost = used - METERING;
        vm.assertTrue(meter.settled() <= cost, vm.toString(meter.settled()));
        vm.assertTrue(meter.settled() + SHORTFALL >= cost, vm.toString(meter.settled()));
    }

    /// @dev What MAX_OPERATORS would cost, from what each of 57 does.
    function test_gas_publishTable_fitsIntoATransaction() external {
        OperatorSet memory many = OperatorSet(AVS, 3);
        table.configureOperatorSet(many, 0);
        uint256[] memory weights = new uint256[](1);
        weights[0] = 1;
        for (uint256 secret = 3; secret < MultiplesOfG2.COUNT + 1; ++secret) {
            if (secret & (secret - 1) == 0) continue; // A power of two is one of the six operators' own.
            address operator = address(uint160(secret));
            table.registerOperator(many, operator, keyDataOf(secret), proofOf(many, operator, secret), weights);
        }
        table.publishTable(many);
        uint256 used = vm.snapshotGasLastCall("gas", "publishTable, 57 operators");
        vm.assertTrue(used / 57 * table.MAX_OPERATORS() <= TRANSACTION_LIMIT, vm.toString(used));
    }

    /// @dev The most that one result can set in motion.
    function test_gas_theWidestFanOutFitsIntoATransaction() external {
        Types.PhaseDefinition[] memory phases = new Types.PhaseDefinition[](64);
        phases[0] = immediate("root");
        for (uint32 i = 1; i < 64; ++i) {
            phases[i] = after_(immediate(vm.toString(i)), 0);
        }
        uint256 used = _submission(phases, EVERYBODY, "submitPhaseResult, starts 63 others");
        vm.assertTrue(used <= TRANSACTION_LIMIT, vm.toString(used));
    }
}

/// @notice The same of operator sets whose keys are on secp256k1.
/// forge-config: default.isolate = true
/// forge-config: intense.isolate = true
contract EcdsaGasTest is EcdsaOperators {
    function _submission(uint256 members, string memory name) private {
        setUpEcdsa(members);
        bytes32 executionId = started(one(byKeys(immediate("only"))));
        bytes memory certificate = ecdsaCertificateFor(executionId, 0, RESULT, 2 ** members - 1);
        machine.submitPhaseResult(executionId, 0, 0, RESULT, certificate);
        vm.snapshotGasLastCall("gas", name);
    }

    function test_gas_submitPhaseResult_fourKeys() external {
        _submission(4, "submitPhaseResult, last phase, all 4 ECDSA keys signed");
    }

    function test_gas_submitPhaseResult_sixteenKeys() external {
        _submission(16, "submitPhaseResult, last phase, all 16 ECDSA keys signed");
    }

    function test_gas_executeWorkflow_ofKeys() external {
        setUpEcdsa(4);
        bytes32 workflowId = registered(one(byKeys(immediate("only"))));
        machine.executeWorkflow(workflowId, "");
        vm.snapshotGasLastCall("gas", "executeWorkflow, one root phase of ECDSA keys, no payload");
    }
}
