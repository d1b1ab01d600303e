// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITaskMailboxTypes} from "./ITaskMailbox.sol";

/// @title What an AVS may say about its tasks
/// @notice EigenLayer's `IAVSTaskHook`, written from its ABI. A hook refuses by reverting.
/// @dev WARNING: the mailbox calls the last function inside its reentrancy guard, so a hook can't create the next task there.
interface IAVSTaskHook {
    /// @notice Before a task is created.
    function validatePreTaskCreation(address caller, ITaskMailboxTypes.TaskParams calldata taskParams) external view;

    /// @notice After a task was created and its fee was taken.
    function handlePostTaskCreation(bytes32 taskHash) external;

    /// @notice Before a result is checked. Being a view, it can't verify a certificate with a non-signer that is new.
    function validatePreTaskResultSubmission(
        address caller,
        bytes32 taskHash,
        bytes calldata cert,
        bytes calldata result
    ) external view;

    /// @notice After a result was taken and its fee was paid.
    function handlePostTaskResultSubmission(address caller, bytes32 taskHash) external;

    /// @notice What a task costs, in units of its operator set's fee token.
    function calculateTaskFee(ITaskMailboxTypes.TaskParams calldata taskParams) external view returns (uint96);
}
