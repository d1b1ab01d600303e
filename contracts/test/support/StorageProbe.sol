// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {WorkflowStateMachineStorage} from "../../src/WorkflowStateMachineStorage.sol";

/// @title Makes the compiler say where everything stands
/// @notice Compilers print the layout of variables, and a namespaced struct is none: here it is one. tests/contracts compares
///         it with the releases' in snapshots/.
contract StorageProbe is WorkflowStateMachineStorage {
    State internal state;
}
