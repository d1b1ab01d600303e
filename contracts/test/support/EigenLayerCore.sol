// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IAllocationManagerSlashing} from "../../src/adapters/IAllocationManagerSlashing.sol";
import {IRewardsCoordinatorDirected} from "../../src/adapters/IRewardsCoordinatorDirected.sol";
import {OperatorSet} from "../../src/interfaces/ICertificateVerifier.sol";

/// @title An allocation manager that refuses a slash where EigenLayer's does, and counts what is left
contract AllocationManagerStandIn is IAllocationManagerSlashing {
    error InvalidCaller();
    error InvalidOperatorSet();
    error InputArrayLengthMismatch();
    error StrategiesMustBeInAscendingOrder();
    error StrategyNotInOperatorSet();
    error InvalidWadToSlash();
    error OperatorNotSlashable();

    uint256 private constant WAD = 1e18;

    address public slasher;
    mapping(uint32 operatorSetId => bool) public exists;
    mapping(uint32 operatorSetId => mapping(address strategy => bool)) public holds;
    mapping(address operator => bool) public slashable;
    /// @notice What is left of an operator's magnitude; it begins at 1e18.
    mapping(address operator => mapping(address strategy => uint256)) public taken;
    uint256 public slashes;
    string public lastDescription;

    function setUp(address slasher_, uint32 operatorSetId, address[] calldata strategies) external {
        slasher = slasher_;
        exists[operatorSetId] = true;
        for (uint256 i = 0; i < strategies.length; ++i) {
            holds[operatorSetId][strategies[i]] = true;
        }
    }

    function setSlashable(address operator, bool is_) external {
        slashable[operator] = is_;
    }

    function slashOperator(address, SlashingParams calldata params)
        external
        returns (uint256 slashId, uint256[] memory shares)
    {
        if (!exists[params.operatorSetId]) revert InvalidOperatorSet();
        if (msg.sender != slasher) revert InvalidCaller();
        if (params.strategies.length != params.wadsToSlash.length) revert InputArrayLengthMismatch();
        if (!slashable[params.operator]) revert OperatorNotSlashable();
        shares = new uint256[](params.strategies.length);
        for (uint256 i = 0; i < params.strategies.length; ++i) {
            if (i > 0 && params.strategies[i] <= params.strategies[i - 1]) revert StrategiesMustBeInAscendingOrder();
            if (params.wadsToSlash[i] == 0 || params.wadsToSlash[i] > WAD) revert InvalidWadToSlash();
            if (!holds[params.operatorSetId][params.strategies[i]]) revert StrategyNotInOperatorSet();
            uint256 left = WAD - taken[params.operator][params.strategies[i]];
            shares[i] = left * params.wadsToSlash[i] / WAD;
            taken[params.operator][params.strategies[i]] += shares[i];
        }
        lastDescription = params.description;
        return (++slashes, shares);
    }
}

/// @title A rewards coordinator that refuses a submission where EigenLayer's does
contract RewardsCoordinatorStandIn is IRewardsCoordinatorDirected {
    error InvalidCaller();
    error InputArrayLengthZero();
    error OperatorsNotInAscendingOrder();
    error AmountIsZero();
    error InvalidStartTimestampRemainder();
    error InvalidDurationRemainder();
    error SubmissionNotRetroactive();

    uint32 public constant CALCULATION_INTERVAL_SECONDS = 1 days;
    address public appointee;
    mapping(address operator => uint256) public rewarded;

    constructor(address appointee_) {
        appointee = appointee_;
    }

    function createOperatorDirectedOperatorSetRewardsSubmission(
        OperatorSet calldata,
        OperatorDirectedRewardsSubmission[] calldata submissions
    ) external {
        if (msg.sender != appointee) revert InvalidCaller();
        for (uint256 i = 0; i < submissions.length; ++i) {
            _take(submissions[i]);
        }
    }

    function appoint(address appointee_) external {
        appointee = appointee_;
    }

    function _take(OperatorDirectedRewardsSubmission calldata one) private {
        if (one.operatorRewards.length == 0) revert InputArrayLengthZero();
        if (one.startTimestamp % CALCULATION_INTERVAL_SECONDS != 0) revert InvalidStartTimestampRemainder();
        if (one.duration % CALCULATION_INTERVAL_SECONDS != 0) revert InvalidDurationRemainder();
        if (one.startTimestamp + one.duration >= block.timestamp) revert SubmissionNotRetroactive();
        uint256 total;
        for (uint256 i = 0; i < one.operatorRewards.length; ++i) {
            if (i > 0 && one.operatorRewards[i].operator <= one.operatorRewards[i - 1].operator) {
                revert OperatorsNotInAscendingOrder();
            }
            if (one.operatorRewards[i].amount == 0) revert AmountIsZero();
            total += one.operatorRewards[i].amount;
            rewarded[one.operatorRewards[i].operator] += one.operatorRewards[i].amount;
        }
        one.token.transferFrom(msg.sender, address(this), total);
    }
}
