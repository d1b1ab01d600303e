// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFeeVaultTypes} from "../../src/interfaces/IFeeVault.sol";

/// @title A fee vault that writes down what it is told, refuses if asked to, and calls back if asked to
contract ScriptedVault is IFeeVaultTypes {
    error Refused();

    uint256 public perPhase;
    bool public refuses;
    address public target;
    bytes public call;
    bytes public answer;
    /// @notice Every call that came, with the ether that came with it.
    bytes[] public calls;

    function setPrice(uint256 perPhase_) external {
        perPhase = perPhase_;
    }

    function setRefuses(bool refuses_) external {
        refuses = refuses_;
    }

    function callBack(address target_, bytes calldata call_) external {
        (target, call) = (target_, call_);
    }

    function callCount() external view returns (uint256) {
        return calls.length;
    }

    function chargeWorkflow(address) external payable {
        _take();
    }

    function open(bytes32, bytes32, address, uint32, bytes calldata) external payable returns (uint256) {
        _take();
        return perPhase;
    }

    function settle(bytes32, uint32, Settlement calldata) external {
        _take();
    }

    function settleSigners(bytes32, uint32, Settlement calldata, address[] calldata) external {
        _take();
    }

    function close(bytes32) external {
        _take();
    }

    function _take() private {
        if (refuses) revert Refused();
        calls.push(bytes.concat(abi.encode(msg.sender, _value()), msg.data));
        if (target != address(0)) (, answer) = target.call(call);
    }

    function _value() private view returns (uint256 value) {
        assembly ("memory-safe") {
            value := callvalue()
        }
    }
}
