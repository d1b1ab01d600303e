// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAVSTaskHook} from "./IAVSTaskHook.sol";
import {ITaskMailboxTypes} from "./ITaskMailbox.sol";

/// @title A hook for a local network: every task costs the same, and nothing is refused
contract FlatFeeHook is IAVSTaskHook {
    /// @notice What each task costs.
    uint96 public immutable FEE;

    constructor(uint96 fee) {
        FEE = fee;
    }

    /// @inheritdoc IAVSTaskHook
    function validatePreTaskCreation(address, ITaskMailboxTypes.TaskParams calldata) external pure {}

    /// @inheritdoc IAVSTaskHook
    function handlePostTaskCreation(bytes32) external pure {}

    /// @inheritdoc IAVSTaskHook
    function validatePreTaskResultSubmission(address, bytes32, bytes calldata, bytes calldata) external pure {}

    /// @inheritdoc IAVSTaskHook
    function handlePostTaskResultSubmission(address, bytes32) external pure {}

    /// @inheritdoc IAVSTaskHook
    function calculateTaskFee(ITaskMailboxTypes.TaskParams calldata) external view returns (uint96) {
        return FEE;
    }
}
