// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IWorkflowStateMachineTypes as Types} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Flows} from "./Flows.sol";

/// @title Workflows drawn from a seed: possible ones, of every type, with every option, by keys on both curves
/// @notice Up to four phases that depend on each other, in any direction, and up to three that stand in for them.
abstract contract Draws is Flows {
    struct Drawn {
        Types.PhaseDefinition[] phases;
        Types.PhaseOptions[] options;
        uint32 executionTimeout;
    }

    /// @dev Every condition holds from some multiple of this after START on.
    uint256 internal constant STEP = 200;
    uint32 private constant SHORT = 100;

    function draw(uint256 seed) internal pure returns (Drawn memory drawn) {
        uint256 primaries = 1 + _of(seed, "primaries", 4);
        uint256 standIns = _of(seed, "stand-ins", 4);
        uint256 count = primaries + standIns;
        drawn.phases = new Types.PhaseDefinition[](count);
        drawn.options = new Types.PhaseOptions[](count);
        drawn.executionTimeout = _of(seed, "overall", 3) == 0 ? uint32(5 * SHORT) : 0;
        for (uint32 i = 0; i < count; ++i) {
            drawn.phases[i] = _phase(uint256(keccak256(abi.encode(seed, "phase", i))), i);
            drawn.options[i] = _options(uint256(keccak256(abi.encode(seed, "options", i))), drawn.phases[i]);
            if (i < primaries) _connect(drawn.phases[i], seed, i, primaries);
            else _standIn(drawn, seed, i);
        }
    }

    function _of(uint256 seed, string memory what, uint256 count) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, what))) % count;
    }

    function _phase(uint256 seed, uint32 index) private pure returns (Types.PhaseDefinition memory phase) {
        uint256 kind = _of(seed, "kind", 6);
        string memory name = vm.toString(index);
        if (kind == 0) phase = immediate(name);
        else if (kind == 1) phase = coordination(name);
        else if (kind == 2) phase = continuous(name, 10, 3);
        else if (kind == 3) phase = aggregation(name);
        else phase = conditional(name, fromTime(START + STEP * _of(seed, "from", 5)));
        phase.timeout = uint32(SHORT + _of(seed, "timeout", SHORT));
        phase.operatorSetId = [1, FRAGILE, BRITTLE, KEYED][_of(seed, "set", 4)];
        phase.requiredStake = _of(seed, "stake", 2) * STAKE;
    }

    function _options(uint256 seed, Types.PhaseDefinition memory phase)
        private
        pure
        returns (Types.PhaseOptions memory options)
    {
        options.maxAttempts = uint8(_of(seed, "attempts", 4));
        if (_of(seed, "continues", 2) == 0) options.onFailure = Types.FailurePolicy.CONTINUE;
        if (phase.phaseType != Types.PhaseType.CONDITIONAL) return options;
        if (_of(seed, "source", 3) != 0) options.triggerMode = Types.TriggerMode.SOURCE;
        options.skipIfUnmet = _of(seed, "skips", 2) == 0;
    }

    /// @dev Lets the phase wait for others: for lower ones with some seeds, with others for higher ones, so never in a circle.
    function _connect(Types.PhaseDefinition memory phase, uint256 seed, uint32 index, uint256 primaries) private pure {
        bool downwards = _of(seed, "downwards", 2) == 0;
        for (uint32 other = 0; other < primaries; ++other) {
            if (downwards ? other >= index : other <= index) continue;
            if (uint256(keccak256(abi.encode(seed, index, other))) % 2 == 0) after_(phase, other);
        }
    }

    /// @dev Lets the phase stand in for some earlier one that has nobody yet, perhaps a stand-in itself.
    function _standIn(Drawn memory drawn, uint256 seed, uint32 index) private pure {
        uint32 primary = uint32(uint256(keccak256(abi.encode(seed, "primary", index))) % index);
        while (drawn.options[primary].onFailure == Types.FailurePolicy.FALLBACK) {
            primary = (primary + 1) % index;
        }
        fallsBack(drawn.options[primary], index);
        drawn.phases[index].dependencies = drawn.phases[primary].dependencies;
    }
}
