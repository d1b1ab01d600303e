// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

import {
    IWorkflowRegistry,
    IWorkflowStateMachine,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Operators} from "./Operators.sol";

/// @title A state machine behind its proxy, over the six operators' table
abstract contract Machines is Operators {
    uint32 internal constant TIMEOUT = 600;
    uint16 internal constant TWO_THIRDS = 6_667;
    bytes internal constant RESULT = hex"00000000000000000000000000000000000000000000000000000000000004d2";

    IWorkflowStateMachine internal machine;

    function setUpMachine() internal {
        setUpOperators(0);
        machine = deployMachine(address(table));
    }

    function deployMachine(address verifier) internal returns (IWorkflowStateMachine) {
        address[] memory aggregators = new address[](1);
        aggregators[0] = named("aggregator");
        bytes memory call = abi.encodeCall(IWorkflowRegistry.initialize, (address(this), verifier, AVS, aggregators));
        return IWorkflowStateMachine(proxied(call));
    }

    function proxied(bytes memory call) internal returns (address) {
        return address(new ERC1967Proxy(implementation(), call));
    }

    /// @dev From forge's artifacts, so that no test has the machine's bytecode within its own.
    function implementation() internal returns (address) {
        return implementationOver(vm.deployCode("TriggerConditions.sol", ""));
    }

    function implementationOver(address conditions) internal returns (address) {
        address registry = vm.deployCode("WorkflowRegistry.sol", "");
        return vm.deployCode("WorkflowStateMachine.sol", abi.encode(registry, conditions));
    }

    // ── Definitions ──────────────────────────────────────────────────────────────────────────────────

    function immediate(string memory name) internal pure returns (Types.PhaseDefinition memory phase) {
        phase.name = name;
        phase.timeout = TIMEOUT;
        phase.operatorSetId = 1;
        phase.consensusThreshold = TWO_THIRDS;
    }

    function coordination(string memory name) internal pure returns (Types.PhaseDefinition memory phase) {
        phase = immediate(name);
        phase.phaseType = Types.PhaseType.COORDINATION;
    }

    function aggregation(string memory name) internal pure returns (Types.PhaseDefinition memory phase) {
        phase = immediate(name);
        phase.phaseType = Types.PhaseType.AGGREGATION;
    }

    function continuous(string memory name, uint256 interval, uint256 updates)
        internal
        pure
        returns (Types.PhaseDefinition memory phase)
    {
        phase = immediate(name);
        phase.phaseType = Types.PhaseType.CONTINUOUS;
        phase.metadata = abi.encode(interval, updates);
    }

    function conditional(string memory name, bytes memory condition)
        internal
        pure
        returns (Types.PhaseDefinition memory phase)
    {
        phase = immediate(name);
        phase.phaseType = Types.PhaseType.CONDITIONAL;
        phase.triggerCondition = condition;
    }

    function after_(Types.PhaseDefinition memory phase, uint32 dependency)
        internal
        pure
        returns (Types.PhaseDefinition memory)
    {
        uint32[] memory dependencies = new uint32[](phase.dependencies.length + 1);
        for (uint256 i = 0; i < phase.dependencies.length; ++i) {
            dependencies[i] = phase.dependencies[i];
        }
        dependencies[phase.dependencies.length] = dependency;
        phase.dependencies = dependencies;
        return phase;
    }

    function one(Types.PhaseDefinition memory phase) internal pure returns (Types.PhaseDefinition[] memory phases) {
        phases = new Types.PhaseDefinition[](1);
        phases[0] = phase;
    }

    /// @dev The price agreement: COORDINATION, then IMMEDIATE.
    function two() internal pure returns (Types.PhaseDefinition[] memory phases) {
        phases = new Types.PhaseDefinition[](2);
        phases[0] = coordination("agree");
        phases[1] = after_(immediate("update"), 0);
    }

    function registered(Types.PhaseDefinition[] memory phases) internal returns (bytes32) {
        return machine.registerWorkflow("price-agreement", phases, new address[](0));
    }

    function started(Types.PhaseDefinition[] memory phases) internal returns (bytes32) {
        return machine.executeWorkflow(registered(phases), "payload");
    }

    // ── Results ──────────────────────────────────────────────────────────────────────────────────────

    /// @dev The encoded certificate for a result by the operators in `mask`.
    function certificateFor(bytes32 executionId, uint32 phaseIndex, uint32 round, bytes memory result, uint256 mask)
        internal
        view
        returns (bytes memory)
    {
        bytes32 messageHash = machine.getMessageHash(executionId, phaseIndex, round, result);
        uint32 pinned = machine.getPhase(executionId, phaseIndex).referenceTimestamp;
        return abi.encode(mask == LONER ? certifyAlone(pinned, messageHash) : certify(pinned, messageHash, mask));
    }

    function submit(bytes32 executionId, uint32 phaseIndex, bytes memory result, uint256 mask) internal {
        bytes memory certificate = certificateFor(executionId, phaseIndex, 0, result, mask);
        machine.submitPhaseResult(executionId, phaseIndex, 0, result, certificate);
    }

    function statusOf(bytes32 executionId, uint32 phaseIndex) internal view returns (Types.PhaseStatus) {
        return machine.getPhaseStatus(executionId, phaseIndex);
    }

    function assertStatus(bytes32 executionId, uint32 phaseIndex, Types.PhaseStatus expected) internal view {
        vm.assertEq(uint256(statusOf(executionId, phaseIndex)), uint256(expected), "phase status");
    }

    function assertExecution(bytes32 executionId, Types.ExecutionStatus expected) internal view {
        vm.assertEq(uint256(machine.getExecution(executionId).status), uint256(expected), "execution status");
    }
}
