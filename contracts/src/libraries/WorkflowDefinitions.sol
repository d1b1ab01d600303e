// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITriggerConditions} from "../interfaces/ITriggerConditions.sol";
import {IWorkflowStateMachineErrors, IWorkflowStateMachineTypes} from "../interfaces/IWorkflowStateMachine.sol";
import {PhaseSets} from "./PhaseSets.sol";
import {TickPlans} from "./TickPlans.sol";
import {WorkflowOptions} from "./WorkflowOptions.sol";

/// @title The rules that make a workflow possible
/// @notice Everything is refused at registration that could never run to its end.
library WorkflowDefinitions {
    using PhaseSets for uint64;

    uint256 internal constant MAX_NAME_BYTES = 64;
    uint256 internal constant MAX_PHASES = PhaseSets.MAX_PHASES;
    uint256 internal constant MAX_METADATA_BYTES = 1_024;
    /// @dev EigenLayer's limit for a task: half of the time that deallocating stake takes.
    uint32 internal constant MAX_TIMEOUT = 7 days;
    /// @dev In basis points: all stake.
    uint16 internal constant MAX_THRESHOLD = 10_000;

    /// @notice How phases wait for each other.
    /// @param dependencyMasks Per phase, those that it waits for.
    /// @param dependentMasks Per phase, those that wait for it and start by themselves.
    /// @param rootMask Those that wait for nothing and start by themselves.
    /// @param fallbackMask Those that start in another one's place only.
    /// @param primaries Of each of these, the other one.
    struct Graph {
        uint64[] dependencyMasks;
        uint64[] dependentMasks;
        uint64 rootMask;
        uint64 fallbackMask;
        uint8[] primaries;
    }

    /// @notice Checks a definition, each rule with an error of its own, and returns its graph.
    /// @param options As many as phases, or none: every option is zero.
    function check(
        string calldata name,
        IWorkflowStateMachineTypes.PhaseDefinition[] calldata phases,
        IWorkflowStateMachineTypes.PhaseOptions[] calldata options,
        uint32 executionTimeout,
        ITriggerConditions triggerConditions
    ) internal pure returns (Graph memory graph) {
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
        _checkConditions(phases, triggerConditions);
        WorkflowOptions.Fallbacks memory fallbacks =
            WorkflowOptions.check(phases, options, executionTimeout, graph.dependencyMasks);
        _setApart(graph, fallbacks);
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
        if (phase.timeout == 0 || phase.timeout > MAX_TIMEOUT) {
            revert IWorkflowStateMachineErrors.TimeoutOutOfRange(index, MAX_TIMEOUT, phase.timeout);
        }
        IWorkflowStateMachineTypes.PhaseType kind = phase.phaseType;
        bool continuous = kind == IWorkflowStateMachineTypes.PhaseType.CONTINUOUS;
        bool conditional = kind == IWorkflowStateMachineTypes.PhaseType.CONDITIONAL;
        uint16 least = continuous || conditional ? 0 : 1;
        if (phase.consensusThreshold < least || phase.consensusThreshold > MAX_THRESHOLD) {
            revert IWorkflowStateMachineErrors.ThresholdOutOfRange(index, MAX_THRESHOLD, phase.consensusThreshold);
        }
        if (phase.metadata.length > MAX_METADATA_BYTES) {
            revert IWorkflowStateMachineErrors.MetadataTooLarge(index, MAX_METADATA_BYTES, phase.metadata.length);
        }
        if (continuous) TickPlans.check(index, phase.metadata, phase.timeout, MAX_TIMEOUT);
        if (conditional && phase.triggerCondition.length == 0) {
            revert IWorkflowStateMachineErrors.TriggerConditionMissing(index);
        }
        if (!conditional && phase.triggerCondition.length != 0) {
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
            if (dependencies.length == 0) graph.rootMask |= PhaseSets.only(i);
            for (uint256 j = 0; j < dependencies.length; ++j) {
                uint32 dependency = dependencies[j];
                if (dependency >= phases.length) {
                    revert IWorkflowStateMachineErrors.DependencyOutOfRange(i, dependency, phases.length);
                }
                if (dependency == i) revert IWorkflowStateMachineErrors.SelfDependency(i);
                if (graph.dependencyMasks[i].has(dependency)) {
                    revert IWorkflowStateMachineErrors.DuplicateDependency(i, dependency);
                }
                graph.dependencyMasks[i] |= PhaseSets.only(dependency);
                graph.dependentMasks[dependency] |= PhaseSets.only(i);
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
                if (!done.has(i) && graph.dependencyMasks[i] & ~done == 0) {
                    done |= PhaseSets.only(i);
                    progress = true;
                }
            }
        }
        for (uint32 i = 0; i < graph.dependencyMasks.length; ++i) {
            if (!done.has(i)) revert IWorkflowStateMachineErrors.DependencyCycle(i);
        }
    }

    function _checkConditions(
        IWorkflowStateMachineTypes.PhaseDefinition[] calldata phases,
        ITriggerConditions triggerConditions
    ) private pure {
        for (uint256 i = 0; i < phases.length; ++i) {
            if (phases[i].triggerCondition.length == 0) continue;
            triggerConditions.check(phases[i].triggerCondition, phases[i].dependencies);
        }
    }

    /// @dev Fallbacks neither start with the execution nor when what they depend on is done.
    function _setApart(Graph memory graph, WorkflowOptions.Fallbacks memory fallbacks) private pure {
        graph.fallbackMask = fallbacks.mask;
        graph.primaries = fallbacks.primaries;
        graph.rootMask &= ~fallbacks.mask;
        for (uint256 i = 0; i < graph.dependentMasks.length; ++i) {
            graph.dependentMasks[i] &= ~fallbacks.mask;
        }
    }
}
