// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IWorkflowStateMachineErrors} from "../interfaces/IWorkflowStateMachine.sol";

/// @title How often a CONTINUOUS phase observes: what its metadata says, and whether that fits its timeout
/// @notice The metadata is abi.encode(interval, updates), or abi.encode(interval, updates, reducer) with the name of what
///         the operators reduce their observations with. `updates` 0: as many as are due before the deadline.
library TickPlans {
    /// @dev A week of hours. One int256 of each just fits into a result with room for what stands beside them.
    uint256 internal constant MAX_TICKS = 168;

    uint256 private constant WORD = 32;
    /// @dev Of the plan without a reducer.
    uint256 private constant PLAIN_LENGTH = 2 * WORD;
    /// @dev Where abi.encode puts the reducer's length, and where its bytes begin.
    uint256 private constant REDUCER_OFFSET = 3 * WORD;
    uint256 private constant REDUCER_START = 4 * WORD;

    /// @notice Reverts unless the metadata is a plan whose ticks fit a series and the timeout.
    /// @param maxInterval The longest time between two ticks.
    function check(uint32 index, bytes calldata metadata, uint32 timeout, uint32 maxInterval) internal pure {
        if (!_isCanonical(metadata)) revert IWorkflowStateMachineErrors.ContinuousMetadataMalformed(index);
        (uint256 interval, uint256 updates) = abi.decode(metadata[:PLAIN_LENGTH], (uint256, uint256));
        if (interval == 0 || interval > maxInterval) {
            revert IWorkflowStateMachineErrors.IntervalOutOfRange(index, maxInterval, interval);
        }
        uint256 ticks = updates == 0 ? (timeout + interval - 1) / interval : updates;
        if (ticks > MAX_TICKS) revert IWorkflowStateMachineErrors.TooManyTicks(index, MAX_TICKS, ticks);
        uint256 lastDue = (ticks - 1) * interval;
        if (lastDue >= timeout) revert IWorkflowStateMachineErrors.TicksDoNotFit(index, timeout, lastDue);
    }

    /// @dev Whether abi.encode gives exactly these bytes: so everybody reads the same plan in them.
    function _isCanonical(bytes calldata metadata) private pure returns (bool) {
        if (metadata.length == PLAIN_LENGTH) return true;
        if (metadata.length < REDUCER_START) return false;
        uint256 length = uint256(bytes32(metadata[REDUCER_OFFSET:REDUCER_START]));
        if (length > metadata.length - REDUCER_START) return false;
        (uint256 interval, uint256 updates) = abi.decode(metadata[:PLAIN_LENGTH], (uint256, uint256));
        bytes calldata reducer = metadata[REDUCER_START:REDUCER_START + length];
        return keccak256(metadata) == keccak256(abi.encode(interval, updates, reducer));
    }
}
