// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IWorkflowStateMachineErrors, IWorkflowStateMachineTypes} from "../interfaces/IWorkflowStateMachine.sol";
import {PhaseSets} from "./PhaseSets.sol";

/// @title The rules of what a phase may have beyond its definition
/// @notice Everything is refused that could never take effect, or would make phases wait for nothing.
library WorkflowOptions {
    using PhaseSets for uint64;

    uint8 internal constant MAX_ATTEMPTS = 16;
    uint32 internal constant MAX_EXECUTION_TIMEOUT = 30 days;

    /// @notice Who stands in for whom.
    /// @param mask The phases that stand in for another one.
    /// @param primaries Of each of those, the other one.
    struct Fallbacks {
        uint64 mask;
        uint8[] primaries;
    }

    /// @notice Checks the options of phases that are possible without them. None at all: every option is zero.
    /// @param dependencyMasks Per phase, those that it waits for.
    function check(
        IWorkflowStateMachineTypes.PhaseDefinition[] calldata phases,
        IWorkflowStateMachineTypes.PhaseOptions[] calldata options,
        uint32 executionTimeout,
        uint64[] memory dependencyMasks
    ) internal pure returns (Fallbacks memory fallbacks) {
        if (executionTimeout > MAX_EXECUTION_TIMEOUT) {
            revert IWorkflowStateMachineErrors.ExecutionTimeoutOutOfRange(MAX_EXECUTION_TIMEOUT, executionTimeout);
        }
        fallbacks.primaries = new uint8[](phases.length);
        if (options.length == 0) return fallbacks;
        for (uint32 i = 0; i < phases.length; ++i) {
            _checkOne(i, phases[i].phaseType, options[i]);
        }
        for (uint32 i = 0; i < phases.length; ++i) {
            if (_isBackedUp(options[i])) _checkFallback(i, options[i].fallbackPhase, dependencyMasks, fallbacks);
            else if (options[i].fallbackPhase != 0) _refuseFallback(i, options[i].fallbackPhase, phases.length);
        }
        _checkNobodyWaits(phases, fallbacks.mask);
        _checkAcyclic(options);
    }

    /// @notice Whether nothing is said beyond the definition.
    function areDefault(IWorkflowStateMachineTypes.PhaseOptions[] calldata options, uint32 executionTimeout)
        internal
        pure
        returns (bool)
    {
        if (executionTimeout != 0) return false;
        IWorkflowStateMachineTypes.PhaseOptions memory zero;
        for (uint256 i = 0; i < options.length; ++i) {
            if (keccak256(abi.encode(options[i])) != keccak256(abi.encode(zero))) return false;
        }
        return true;
    }

    function _checkOne(
        uint32 index,
        IWorkflowStateMachineTypes.PhaseType phaseType,
        IWorkflowStateMachineTypes.PhaseOptions calldata options
    ) private pure {
        if (options.maxAttempts > MAX_ATTEMPTS) {
            revert IWorkflowStateMachineErrors.AttemptsOutOfRange(index, MAX_ATTEMPTS, options.maxAttempts);
        }
        bool plain = options.triggerMode == IWorkflowStateMachineTypes.TriggerMode.OPERATORS && !options.skipIfUnmet;
        if (!plain && phaseType != IWorkflowStateMachineTypes.PhaseType.CONDITIONAL) {
            revert IWorkflowStateMachineErrors.OptionNotSupported(index, phaseType);
        }
    }

    function _isBackedUp(IWorkflowStateMachineTypes.PhaseOptions calldata options) private pure returns (bool) {
        return options.onFailure == IWorkflowStateMachineTypes.FailurePolicy.FALLBACK;
    }

    /// @dev Checks one phase's fallback, and adds it.
    function _checkFallback(uint32 index, uint32 standIn, uint64[] memory dependencyMasks, Fallbacks memory fallbacks)
        private
        pure
    {
        if (standIn == index || standIn >= dependencyMasks.length) {
            _refuseFallback(index, standIn, dependencyMasks.length);
        }
        if (dependencyMasks[standIn] != dependencyMasks[index]) {
            revert IWorkflowStateMachineErrors.FallbackDependenciesDiffer(index, standIn);
        }
        if (fallbacks.mask.has(standIn)) {
            revert IWorkflowStateMachineErrors.FallbackShared(standIn, fallbacks.primaries[standIn], index);
        }
        fallbacks.mask |= PhaseSets.only(standIn);
        fallbacks.primaries[standIn] = uint8(index);
    }

    function _refuseFallback(uint32 index, uint32 standIn, uint256 phaseCount) private pure {
        revert IWorkflowStateMachineErrors.FallbackOutOfRange(index, standIn, phaseCount);
    }

    function _checkNobodyWaits(IWorkflowStateMachineTypes.PhaseDefinition[] calldata phases, uint64 mask) private pure {
        for (uint32 i = 0; i < phases.length; ++i) {
            uint32[] calldata dependencies = phases[i].dependencies;
            for (uint256 j = 0; j < dependencies.length; ++j) {
                if (mask.has(dependencies[j])) {
                    revert IWorkflowStateMachineErrors.FallbackIsDependency(dependencies[j], i);
                }
            }
        }
    }

    /// @dev A phase stands in for one other at most, so whoever enters a circle of fallbacks started in it.
    function _checkAcyclic(IWorkflowStateMachineTypes.PhaseOptions[] calldata options) private pure {
        for (uint32 i = 0; i < options.length; ++i) {
            uint32 standIn = i;
            while (_isBackedUp(options[standIn])) {
                standIn = options[standIn].fallbackPhase;
                if (standIn == i) revert IWorkflowStateMachineErrors.FallbackCycle(i);
            }
        }
    }
}
