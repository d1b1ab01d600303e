// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ITriggerConditionsTypes} from "../../src/interfaces/ITriggerConditions.sol";

/// @title Conditions that no phase fails to have, and that never hold: they answer with what they were asked
contract RevealingConditions is ITriggerConditionsTypes {
    error Asked(bytes condition, Facts facts, bytes data);

    function check(bytes calldata, uint32[] calldata) external pure {}

    function holds(bytes calldata condition, Facts calldata facts, bytes calldata data) external pure returns (bool) {
        revert Asked(condition, facts, data);
    }
}
