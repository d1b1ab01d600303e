// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {OperatorSet} from "../interfaces/ICertificateVerifier.sol";

/// @title What is called of EigenLayer's rewards coordinator: rewards that name each operator's amount
/// @notice Written from its ABI. The caller must act for the AVS; the coordinator takes the tokens from the caller.
interface IRewardsCoordinatorDirected {
    struct StrategyAndMultiplier {
        address strategy;
        uint96 multiplier;
    }

    struct OperatorReward {
        address operator;
        uint256 amount;
    }

    /// @param strategiesAndMultipliers In rising order of strategy.
    /// @param operatorRewards In rising order of operator, each more than zero.
    /// @param startTimestamp A multiple of the coordinator's calculation interval.
    /// @param duration A multiple of it, too; what is rewarded lies in the past.
    struct OperatorDirectedRewardsSubmission {
        StrategyAndMultiplier[] strategiesAndMultipliers;
        IERC20 token;
        OperatorReward[] operatorRewards;
        uint32 startTimestamp;
        uint32 duration;
        string description;
    }

    function createOperatorDirectedOperatorSetRewardsSubmission(
        OperatorSet calldata operatorSet,
        OperatorDirectedRewardsSubmission[] calldata submissions
    ) external;

    function CALCULATION_INTERVAL_SECONDS() external view returns (uint32);
}
