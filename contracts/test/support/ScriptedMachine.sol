// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IFeeVault, IFeeVaultTypes} from "../../src/interfaces/IFeeVault.sol";

/// @title A state machine that runs nothing: it tells its fee vault what the test says
contract ScriptedMachine is IFeeVaultTypes {
    IFeeVault public vault;
    address public verifier;
    mapping(bytes32 role => mapping(address account => bool)) public hasRole;

    function setVault(IFeeVault vault_) external {
        vault = vault_;
    }

    function setVerifier(address verifier_) external {
        verifier = verifier_;
    }

    function setRole(bytes32 role, address account, bool has) external {
        hasRole[role][account] = has;
    }

    function register() external payable {
        vault.chargeWorkflow{value: msg.value}(msg.sender);
    }

    function execute(bytes32 executionId, bytes32 workflowId, uint32 phaseCount, bytes calldata payload)
        external
        payable
        returns (uint256 perPhase)
    {
        return vault.open{value: msg.value}(executionId, workflowId, msg.sender, phaseCount, payload);
    }

    function complete(bytes32 executionId, uint32 phaseIndex, Settlement calldata settlement) external {
        vault.settle(executionId, phaseIndex, settlement);
    }

    function end(bytes32 executionId) external {
        vault.close(executionId);
    }
}
