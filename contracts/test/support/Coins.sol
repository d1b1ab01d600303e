// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title An ERC-20 as it should be, that anybody may mint
contract Coin is ERC20 {
    constructor(string memory name_) ERC20(name_, name_) {}

    function mint(address account, uint256 amount) external {
        _mint(account, amount);
    }
}

/// @title A token that keeps a part of what is sent by allowance, if told to
contract TithingCoin is Coin {
    bool public tithing = true;

    constructor() Coin("tithing") {}

    function setTithing(bool tithing_) public {
        tithing = tithing_;
    }

    function transferFrom(address from, address to, uint256 amount) public virtual override returns (bool) {
        super.transferFrom(from, to, amount);
        if (tithing) _burn(to, amount / 10 + 1);
        return true;
    }
}

/// @title A token that calls somebody in the middle of each transfer, and may tithe
contract CallingCoin is TithingCoin {
    address public target;
    bytes public call;
    bool public succeeded;
    bytes public answer;

    constructor() {
        setTithing(false);
    }

    /// @notice Makes each transfer call this; whether it worked and what came back is in `succeeded` and `answer`.
    function callBack(address target_, bytes calldata call_) external {
        (target, call) = (target_, call_);
    }

    function transfer(address to, uint256 amount) public override returns (bool) {
        _callBack();
        return super.transfer(to, amount);
    }

    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        _callBack();
        return super.transferFrom(from, to, amount);
    }

    function _callBack() private {
        if (target != address(0)) (succeeded, answer) = target.call(call);
    }
}

/// @title A token as old as those that answer a transfer with nothing
contract SilentCoin {
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    function mint(address account, uint256 amount) external {
        balanceOf[account] += amount;
    }

    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        return true;
    }

    function transfer(address to, uint256 amount) external {
        balanceOf[msg.sender] -= amount;
        balanceOf[to] += amount;
    }

    function transferFrom(address from, address to, uint256 amount) external {
        allowance[from][msg.sender] -= amount;
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}
