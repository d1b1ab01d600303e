// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title Sets of phases as bit masks, phase i being bit i
library PhaseSets {
    /// @dev As many as a uint64 has bits.
    uint256 internal constant MAX_PHASES = 64;

    /// @notice The set that holds this phase alone. `index` must be below MAX_PHASES.
    function only(uint32 index) internal pure returns (uint64) {
        return uint64(1) << index;
    }

    /// @notice The set of the first `count` phases, 1 to MAX_PHASES.
    function first(uint256 count) internal pure returns (uint64) {
        return type(uint64).max >> (MAX_PHASES - count);
    }

    function has(uint64 set, uint32 index) internal pure returns (bool) {
        return set & only(index) != 0;
    }

    /// @notice The lowest phase in a set that is not empty.
    function lowest(uint64 set) internal pure returns (uint32) {
        return uint32(Math.log2(set & (~set + 1)));
    }

    /// @notice The set without its lowest phase; an empty set stays empty.
    function withoutLowest(uint64 set) internal pure returns (uint64) {
        unchecked {
            // The subtraction wraps for the empty set alone, whose bits then hide the wrapped ones.
            return set & (set - 1);
        }
    }
}
