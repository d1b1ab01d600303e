// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAVSTaskHook} from "../../src/local/eigenlayer/IAVSTaskHook.sol";
import {ITaskMailbox, ITaskMailboxTypes} from "../../src/local/eigenlayer/ITaskMailbox.sol";

/// @title A hook that does as it is told, and remembers in which order it was called
contract ScriptedHook is IAVSTaskHook {
    error Refused();

    uint96 public fee;
    bool public refusesTasks;
    bool public refusesResults;
    bool public createsAnother;
    string public calls;
    ITaskMailbox public mailbox;
    ITaskMailboxTypes.TaskParams public next;

    function set(uint96 fee_, bool refusesTasks_, bool refusesResults_) external {
        (fee, refusesTasks, refusesResults) = (fee_, refusesTasks_, refusesResults_);
    }

    function createAnother(ITaskMailbox mailbox_, ITaskMailboxTypes.TaskParams calldata next_) external {
        (mailbox, next, createsAnother) = (mailbox_, next_, true);
    }

    function validatePreTaskCreation(address, ITaskMailboxTypes.TaskParams calldata) external view {
        if (refusesTasks) revert Refused();
    }

    function handlePostTaskCreation(bytes32) external {
        calls = string.concat(calls, "created ");
    }

    function validatePreTaskResultSubmission(address, bytes32, bytes calldata, bytes calldata) external view {
        if (refusesResults) revert Refused();
    }

    function handlePostTaskResultSubmission(address, bytes32) external {
        calls = string.concat(calls, "answered ");
        if (createsAnother) mailbox.createTask(next);
    }

    function calculateTaskFee(ITaskMailboxTypes.TaskParams calldata) external view returns (uint96) {
        return fee;
    }
}
