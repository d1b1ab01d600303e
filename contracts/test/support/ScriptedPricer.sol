// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFeePricer} from "../../src/interfaces/IFeePricer.sol";

/// @title A pricer that asks what the test tells it to, of the initiators that it was told about
contract ScriptedPricer is IFeePricer {
    error NoPriceFor(address initiator);

    uint256 public total;
    bytes32 public expectedCall;

    function setTotal(uint256 total_) external {
        (total, expectedCall) = (total_, 0);
    }

    /// @notice Answers this one question only.
    function setTotalFor(
        uint256 total_,
        bytes32 workflowId,
        address initiator,
        bytes calldata payload,
        uint32 phaseCount
    ) external {
        (total, expectedCall) = (total_, keccak256(abi.encode(workflowId, initiator, payload, phaseCount)));
    }

    function priceOf(bytes32 workflowId, address initiator, bytes calldata payload, uint32 phaseCount)
        external
        view
        returns (uint256)
    {
        bool expected =
            expectedCall == 0 || keccak256(abi.encode(workflowId, initiator, payload, phaseCount)) == expectedCall;
        if (!expected) revert NoPriceFor(initiator);
        return total;
    }
}
