// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title A contract that takes no ether
contract RefusingReceiver {
    error NotForMe();

    receive() external payable {
        revert NotForMe();
    }
}

/// @title A contract that calls somebody whenever it gets ether
contract CallingReceiver {
    address public target;
    bytes public call;
    bool public succeeded;
    bytes public answer;

    function callBack(address target_, bytes calldata call_) external {
        (target, call) = (target_, call_);
    }

    receive() external payable {
        if (target != address(0)) (succeeded, answer) = target.call(call);
    }
}
