// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What a slasher calls of EigenLayer's allocation manager
/// @notice Written from its ABI. The caller must be the operator set's slasher, or act for the AVS.
interface IAllocationManagerSlashing {
    /// @param strategies In rising order of address.
    /// @param wadsToSlash For each strategy, the part of the allocated stake: 1e18 is all of it.
    struct SlashingParams {
        address operator;
        uint32 operatorSetId;
        address[] strategies;
        uint256[] wadsToSlash;
        string description;
    }

    function slashOperator(address avs, SlashingParams calldata params)
        external
        returns (uint256 slashId, uint256[] memory shares);
}
