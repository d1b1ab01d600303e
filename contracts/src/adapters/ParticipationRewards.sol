// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IBN254CertificateVerifier, IBN254CertificateVerifierTypes} from "../interfaces/IBN254CertificateVerifier.sol";
import {OperatorSet} from "../interfaces/ICertificateVerifier.sol";
import {IKeyRegistrar} from "../interfaces/IKeyRegistrar.sol";
import {OperatorInfoTree} from "../libraries/OperatorInfoTree.sol";
import {IRewardsCoordinatorDirected} from "./IRewardsCoordinatorDirected.sol";
import {ParticipationLedger} from "./ParticipationLedger.sol";

/// @title Rewards by participation: what operators signed becomes a rewards submission to EigenLayer
/// @notice An AVS lets this contract act for it towards the rewards coordinator and gives it the tokens. Each phase that an
///         operator signed is worth its stake weight times the rate, once.
contract ParticipationRewards is AccessControl {
    using SafeERC20 for IERC20;

    // ── Types ────────────────────────────────────────────────────────────────────────────────────────

    /// @notice One operator of a table, proven by the root that the verifier holds.
    struct Row {
        uint32 operatorIndex;
        IBN254CertificateVerifierTypes.BN254OperatorInfo info;
        bytes proof;
    }

    /// @notice Which time the coordinator is told that the rewards are for, and by which stake stakers share in them.
    struct Period {
        uint32 startTimestamp;
        uint32 duration;
        IRewardsCoordinatorDirected.StrategyAndMultiplier[] strategiesAndMultipliers;
        string description;
    }

    // ── Errors ───────────────────────────────────────────────────────────────────────────────────────

    /// @notice The row is not in the table: prove it against the table's root.
    error InvalidOperatorProof(uint32 operatorIndex);
    /// @notice The key registrar knows nobody with this key: ask the operator under which address it is registered.
    error UnknownSigningKey(uint256 x, uint256 y);
    /// @notice The operator has signed nothing that has not been rewarded, or its reward is none: leave it out.
    error NothingToReward(uint32 operatorIndex);
    /// @notice The operators are not in strictly rising order of address: sort the rows.
    error OperatorsNotAscending(address previous, address next);
    /// @notice There are no rows: name at least one operator.
    error NobodyToReward();
    /// @notice A time is no multiple of the coordinator's interval: round it.
    error NotAMultiple(uint256 interval, uint256 given);
    /// @notice The time is not over: reward what lies in the past.
    error PeriodNotOver(uint256 end, uint256 now_);
    /// @notice The tokens don't suffice: send more before.
    error TooLittleHeld(uint256 needed, uint256 held);

    // ── Events ───────────────────────────────────────────────────────────────────────────────────────

    event RateSet(uint256 rate);
    event Rewarded(bytes32 indexed tableKey, address indexed operator, uint256 phases, uint256 amount);

    // ── Storage ──────────────────────────────────────────────────────────────────────────────────────

    bytes32 public constant REPORTER_ROLE = keccak256("REPORTER_ROLE");

    ParticipationLedger public immutable ledger;
    IBN254CertificateVerifier public immutable verifier;
    IKeyRegistrar public immutable keyRegistrar;
    IRewardsCoordinatorDirected public immutable coordinator;
    IERC20 public immutable token;

    /// @notice How many of the token's units one signed phase is worth for each unit of stake weight.
    uint256 public rate;
    /// @notice How many of an operator's signed phases have been rewarded.
    mapping(bytes32 tableKey => mapping(uint32 operatorIndex => uint256)) public rewardedPhases;

    constructor(
        ParticipationLedger ledger_,
        IKeyRegistrar keyRegistrar_,
        IRewardsCoordinatorDirected coordinator_,
        IERC20 token_,
        address admin
    ) {
        ledger = ledger_;
        verifier = ledger_.verifier();
        keyRegistrar = keyRegistrar_;
        coordinator = coordinator_;
        token = token_;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    // ── Administration ───────────────────────────────────────────────────────────────────────────────

    function setRate(uint256 rate_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        rate = rate_;
        emit RateSet(rate_);
    }

    /// @notice Takes tokens out that were given for rewards.
    function withdraw(address to, uint256 amount) external onlyRole(DEFAULT_ADMIN_ROLE) {
        token.safeTransfer(to, amount);
    }

    // ── Rewards ──────────────────────────────────────────────────────────────────────────────────────

    /// @notice Submits rewards for what these operators of a table have signed and not been rewarded for.
    /// Requirements: the caller is a reporter; the period is a whole number of the coordinator's intervals, and over; the
    /// rows are proven and in strictly rising order of their operators' addresses; each has something to be rewarded; the
    /// tokens suffice; and the coordinator agrees.
    function reward(
        OperatorSet calldata operatorSet,
        uint32 referenceTimestamp,
        Row[] calldata rows,
        Period calldata period
    ) external onlyRole(REPORTER_ROLE) returns (uint256 total) {
        _requirePast(period);
        if (rows.length == 0) revert NobodyToReward();
        IRewardsCoordinatorDirected.OperatorReward[] memory rewards =
            new IRewardsCoordinatorDirected.OperatorReward[](rows.length);
        bytes32 root = verifier.getOperatorSetInfo(operatorSet, referenceTimestamp).operatorInfoTreeRoot;
        uint256 count = verifier.getOperatorCount(operatorSet, referenceTimestamp);
        address previous = address(0);
        for (uint256 i = 0; i < rows.length; ++i) {
            _requireRow(root, count, rows[i]);
            address operator = _operatorOf(operatorSet, rows[i].info);
            if (operator <= previous) revert OperatorsNotAscending(previous, operator);
            previous = operator;
            rewards[i] = IRewardsCoordinatorDirected.OperatorReward(
                operator, _earned(operatorSet, referenceTimestamp, rows[i], operator)
            );
            total += rewards[i].amount;
        }
        uint256 held = token.balanceOf(address(this));
        if (held < total) revert TooLittleHeld(total, held);
        token.forceApprove(address(coordinator), total);
        coordinator.createOperatorDirectedOperatorSetRewardsSubmission(operatorSet, _submission(period, rewards));
    }

    // ── Internals ────────────────────────────────────────────────────────────────────────────────────

    /// @dev What the row's operator gets, which counts as rewarded from now on.
    function _earned(OperatorSet calldata operatorSet, uint32 referenceTimestamp, Row calldata row, address operator)
        private
        returns (uint256 amount)
    {
        bytes32 key = ledger.tableKeyOf(operatorSet, referenceTimestamp);
        uint256 signed = ledger.signedBy(operatorSet, referenceTimestamp, row.operatorIndex);
        uint256 phases = signed - rewardedPhases[key][row.operatorIndex];
        amount = phases * row.info.weights[0] * rate;
        if (amount == 0) revert NothingToReward(row.operatorIndex);
        rewardedPhases[key][row.operatorIndex] = signed;
        emit Rewarded(key, operator, phases, amount);
    }

    function _requirePast(Period calldata period) private view {
        uint256 interval = coordinator.CALCULATION_INTERVAL_SECONDS();
        if (period.startTimestamp % interval != 0) revert NotAMultiple(interval, period.startTimestamp);
        if (period.duration == 0 || period.duration % interval != 0) revert NotAMultiple(interval, period.duration);
        uint256 end = uint256(period.startTimestamp) + period.duration;
        if (end >= block.timestamp) revert PeriodNotOver(end, block.timestamp);
    }

    function _requireRow(bytes32 root, uint256 count, Row calldata row) private pure {
        bytes32 leaf = OperatorInfoTree.leafOf(row.info);
        if (!OperatorInfoTree.includes(root, count, leaf, row.operatorIndex, row.proof)) {
            revert InvalidOperatorProof(row.operatorIndex);
        }
    }

    function _operatorOf(
        OperatorSet calldata operatorSet,
        IBN254CertificateVerifierTypes.BN254OperatorInfo calldata info
    ) private view returns (address operator) {
        (operator,) = keyRegistrar.getOperatorFromSigningKey(operatorSet, abi.encode(info.pubkey));
        if (operator == address(0)) revert UnknownSigningKey(info.pubkey.X, info.pubkey.Y);
    }

    function _submission(Period calldata period, IRewardsCoordinatorDirected.OperatorReward[] memory rewards)
        private
        view
        returns (IRewardsCoordinatorDirected.OperatorDirectedRewardsSubmission[] memory submissions)
    {
        submissions = new IRewardsCoordinatorDirected.OperatorDirectedRewardsSubmission[](1);
        submissions[0] = IRewardsCoordinatorDirected.OperatorDirectedRewardsSubmission(
            period.strategiesAndMultipliers, token, rewards, period.startTimestamp, period.duration, period.description
        );
    }
}
