// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What a fee schedule may ask in place of one price for every phase
/// @dev Asked with a static call, so it can't change anything. While it reverts, no execution starts; executions that
///      have begun are out of its reach.
interface IFeePricer {
    /// @notice What this execution costs, in the schedule's token. It is charged by the phase: `total / phaseCount`,
    ///         rounded down, for each.
    function priceOf(bytes32 workflowId, address initiator, bytes calldata payload, uint32 phaseCount)
        external
        view
        returns (uint256 total);
}
