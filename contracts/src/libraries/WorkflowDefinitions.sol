// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IWorkflowStateMachineErrors, IWorkflowStateMachineTypes} from "../interfaces/IWorkflowStateMachine.sol";

/// @title The rules that make a workflow possible
/// @notice Everything is refused at registration that could never run to its end.
library WorkflowDefinitions {
    uint256 internal constant MAX_NAME_BYTES = 64;
    /// @dev A set of phases is a uint64.
    uint256 internal constant MAX_PHASES = 64;
    uint256 internal constant MAX_METADATA_BYTES = 1_024;
    /// @dev EigenLayer's limit for a task: half of the time that deallocating stake takes.
    uint32 internal constant MAX_TIMEOUT = 7 days;
    /// @dev In basis points: all stake.
    uint16 internal constant MAX_THRESHOLD = 10_000;

    /// @notice How phases wait for each other, phase i being bit i.
    /// @param dependencyMasks Per phase, those that it waits for.
    /// @param dependentMasks Per phase, those that wait for it.
    /// @param rootMask Those that wait for nothing.
    struct Graph {
        uint64[] dependencyMasks;
        uint64[] dependentMasks;
        uint64 rootMask;
    }

    /// @notice Checks a definition, each rule with an error of its own, and returns its graph.
    function check(string calldata name, IWorkflowStateMachineTypes.PhaseDefinition[] calldata phases)
        internal
        pure
        returns (Graph memory graph)
    {
        if (!_fits(name)) {
            revert IWorkflowStateMachineErrors.NameLengthOutOfRange(MAX_NAME_BYTES, bytes(name).length);
        }
        if (phases.length == 0 || phases.length > MAX_PHASES) {
            revert IWorkflowStateMachineErrors.PhaseCountOutOfRange(MAX_PHASES, phases.length);
        }
        for (uint32 i = 0; i < phases.length; ++i) {
            _checkPhase(i, phases[i]);
        }
        _checkNames(phases);
        graph = _graphOf(phases);
        _checkAcyclic(graph);
    }

    function _fits(string calldata name) private pure returns (bool) {
        return bytes(name).length != 0 && bytes(name).length <= MAX_NAME_BYTES;
    }

    function _checkPhase(uint32 index, IWorkflowStateMachineTypes.PhaseDefinition calldata phase) private pure {
        if (!_fits(phase.name)) {
            revert IWorkflowStateMachineErrors.PhaseNameLengthOutOfRange(
                index, MAX_NAME_BYTES, bytes(phase.name).length
            );
        }
        IWorkflowStateMachineTypes.PhaseType kind = phase.phaseType;
        if (
            kind != IWorkflowStateMachineTypes.PhaseType.IMMEDIATE
                && kind != IWorkflowStateMachineTypes.PhaseType.COORDINATION
        ) {
            revert IWorkflowStateMachineErrors.PhaseTypeNotSupported(index, kind);
        }
        if (phase.timeout == 0 || phase.timeout > MAX_TIMEOUT) {
            revert IWorkflowStateMachineErrors.TimeoutOutOfRange(index, MAX_TIMEOUT, phase.timeout);
        }
        if (phase.consensusThreshold == 0 || phase.consensusThreshold > MAX_THRESHOLD) {
            revert IWorkflowStateMachineErrors.ThresholdOutOfRange(index, MAX_THRESHOLD, phase.consensusThreshold);
        }
        if (phase.metadata.length > MAX_METADATA_BYTES) {
            revert IWorkflowStateMachineErrors.MetadataTooLarge(index, MAX_METADATA_BYTES, phase.metadata.length);
        }
        if (phase.triggerCondition.length != 0) {
            revert IWorkflowStateMachineErrors.TriggerConditionNotSupported(index, kind);
        }
    }

    function _checkNames(IWorkflowStateMachineTypes.PhaseDefinition[] calldata phases) private pure {
        bytes32[] memory seen = new bytes32[](phases.length);
        for (uint32 i = 0; i < phases.length; ++i) {
            seen[i] = keccak256(bytes(phases[i].name));
            for (uint32 j = 0; j < i; ++j) {
                if (seen[j] == seen[i]) revert IWorkflowStateMachineErrors.DuplicatePhaseName(i, j);
            }
        }
    }

    function _graphOf(IWorkflowStateMachineTypes.PhaseDefinition[] calldata phases)
        private
        pure
        returns (Graph memory graph)
    {
        graph.dependencyMasks = new uint64[](phases.length);
        graph.dependentMasks = new uint64[](phases.length);
        for (uint32 i = 0; i < phases.length; ++i) {
            uint32[] calldata dependencies = phases[i].dependencies;
            if (dependencies.length == 0) graph.rootMask |= maskOf(i);
            for (uint256 j = 0; j < dependencies.length; ++j) {
                uint32 dependency = dependencies[j];
                if (dependency >= phases.length) {
                    revert IWorkflowStateMachineErrors.DependencyOutOfRange(i, dependency, phases.length);
                }
                if (dependency == i) revert IWorkflowStateMachineErrors.SelfDependency(i);
                if (graph.dependencyMasks[i] & maskOf(dependency) != 0) {
                    revert IWorkflowStateMachineErrors.DuplicateDependency(i, dependency);
                }
                graph.dependencyMasks[i] |= maskOf(dependency);
                graph.dependentMasks[dependency] |= maskOf(i);
            }
        }
    }

    /// @dev Kahn: take away, again and again, every phase whose dependencies are gone. What is left is in a cycle or
    ///      behind one.
    function _checkAcyclic(Graph memory graph) private pure {
        uint64 done = 0;
        bool progress = true;
        while (progress) {
            progress = false;
            for (uint32 i = 0; i < graph.dependencyMasks.length; ++i) {
                if (done & maskOf(i) == 0 && graph.dependencyMasks[i] & ~done == 0) {
                    done |= maskOf(i);
                    progress = true;
                }
            }
        }
        for (uint32 i = 0; i < graph.dependencyMasks.length; ++i) {
            if (done & maskOf(i) == 0) revert IWorkflowStateMachineErrors.DependencyCycle(i);
        }
    }

    /// @notice The set that holds this phase alone. `index` must be below MAX_PHASES.
    function maskOf(uint32 index) internal pure returns (uint64) {
        return uint64(1) << index;
    }
}
