// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAccessControl} from "@openzeppelin/contracts/access/IAccessControl.sol";

import {IFeePricer} from "./interfaces/IFeePricer.sol";
import {IFeeVault} from "./interfaces/IFeeVault.sol";

/// @title What a state machine's fees are, and have been
/// @notice Schedules are numbered and none ever changes: an execution keeps the number of the one that it began under.
abstract contract FeeSchedules is IFeeVault {
    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    bytes32 public constant FEE_MANAGER_ROLE = keccak256("FEE_MANAGER_ROLE");
    /// @notice At least half of a completed phase's fee is for those who did the work.
    uint16 public constant MAX_PROTOCOL_BPS = 5_000;
    /// @notice What one phase may cost, in the token's smallest unit; the type of what is kept.
    uint256 public constant MAX_PHASE_FEE = type(uint96).max;

    address internal constant ETHER = address(0);
    uint256 internal constant ONE_ETHER = 1e18;

    // ── Storage ──────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IFeeVault
    address public immutable machine;

    uint32 internal _lastScheduleId;
    mapping(uint32 scheduleId => FeeSchedule) internal _schedules;

    constructor(address machine_) {
        if (machine_ == address(0)) revert ZeroAddress();
        machine = machine_;
    }

    // ── Fee manager ──────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IFeeVault
    function setSchedule(FeeSchedule calldata newSchedule) external returns (uint32 scheduleId) {
        if (!IAccessControl(machine).hasRole(FEE_MANAGER_ROLE, msg.sender)) {
            revert IAccessControl.AccessControlUnauthorizedAccount(msg.sender, FEE_MANAGER_ROLE);
        }
        _requireContractOrZero(newSchedule.token);
        _requireContractOrZero(newSchedule.pricer);
        if (newSchedule.protocolBps > MAX_PROTOCOL_BPS) {
            revert ProtocolBpsOutOfRange(MAX_PROTOCOL_BPS, newSchedule.protocolBps);
        }
        bool protocolEarns = newSchedule.workflowFee != 0 || newSchedule.protocolBps != 0;
        if (protocolEarns && newSchedule.protocolRecipient == address(0)) revert ZeroAddress();
        if (newSchedule.token == ETHER && newSchedule.gasRate > ONE_ETHER) {
            revert GasRateOutOfRange(uint96(ONE_ETHER), newSchedule.gasRate);
        }

        scheduleId = ++_lastScheduleId;
        _schedules[scheduleId] = newSchedule;
        emit ScheduleSet(scheduleId, newSchedule);
    }

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IFeeVault
    function quote(bytes32 workflowId, address initiator, bytes calldata payload, uint32 phaseCount)
        external
        view
        returns (address token, uint256 total)
    {
        FeeSchedule storage current = _current();
        total = _pricePerPhase(current, workflowId, initiator, payload, phaseCount) * phaseCount;
        return (current.token, total);
    }

    /// @inheritdoc IFeeVault
    function schedule() external view returns (FeeSchedule memory) {
        return _current();
    }

    /// @inheritdoc IFeeVault
    function scheduleAt(uint32 scheduleId) external view returns (FeeSchedule memory) {
        return _schedules[scheduleId];
    }

    /// @inheritdoc IFeeVault
    function scheduleCount() external view returns (uint32) {
        return _lastScheduleId + 1;
    }

    // ── Internals ────────────────────────────────────────────────────────────────────────────────────

    function _current() internal view returns (FeeSchedule storage) {
        return _schedules[_lastScheduleId];
    }

    function _requireContractOrZero(address account) private view {
        if (account != address(0) && account.code.length == 0) revert NotAContract(account);
    }

    function _pricePerPhase(
        FeeSchedule storage current,
        bytes32 workflowId,
        address initiator,
        bytes calldata payload,
        uint32 phaseCount
    ) internal view returns (uint256 perPhase) {
        if (phaseCount == 0) revert NoPhases();
        address pricer = current.pricer;
        if (pricer == address(0)) return current.phaseFee;
        perPhase = IFeePricer(pricer).priceOf(workflowId, initiator, payload, phaseCount) / phaseCount;
        if (perPhase > MAX_PHASE_FEE) revert PriceTooHigh(MAX_PHASE_FEE, perPhase);
    }
}
