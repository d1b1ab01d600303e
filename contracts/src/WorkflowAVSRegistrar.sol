// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IAVSRegistrar, IWorkflowAVSRegistrar} from "./interfaces/IAVSRegistrar.sol";

/// @title Lets operators into an AVS's operator sets
/// @notice Everybody may join: what counts afterwards is stake and a registered key, which the tables have. Who
///         aggregates is not an operator set's matter here; the state machine lists them.
/// @dev For Ethereum, where EigenLayer's allocation manager is. Nobody owns it and nothing in it can be changed.
contract WorkflowAVSRegistrar is IWorkflowAVSRegistrar {
    // ── Storage ──────────────────────────────────────────────────────────────────────────────────────

    address public immutable allocationManager;
    address public immutable avs;
    mapping(address operator => string) private _sockets;

    // ── Set-up ───────────────────────────────────────────────────────────────────────────────────────

    /// @dev Requirements:
    ///      - the allocation manager is a contract.
    constructor(address allocationManager_, address avs_) {
        if (allocationManager_.code.length == 0) revert NoContract(allocationManager_);
        allocationManager = allocationManager_;
        avs = avs_;
    }

    // ── Registrations ────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IAVSRegistrar
    /// @dev Requirements:
    ///      - the caller is the allocation manager;
    ///      - it is about this AVS;
    ///      - `data` is empty, or a socket as `abi.encode(string)`.
    function registerOperator(address operator, address avs_, uint32[] calldata, bytes calldata data) external {
        _checkCall(avs_);
        if (data.length != 0) _setSocket(operator, abi.decode(data, (string)));
    }

    /// @inheritdoc IAVSRegistrar
    /// @dev Its socket stays: it may be in other sets still.
    ///      Requirements:
    ///      - the caller is the allocation manager;
    ///      - it is about this AVS.
    function deregisterOperator(address, address avs_, uint32[] calldata) external view {
        _checkCall(avs_);
    }

    // ── Views ────────────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc IAVSRegistrar
    function supportsAVS(address avs_) external view returns (bool supported) {
        return avs_ == avs;
    }

    /// @inheritdoc IWorkflowAVSRegistrar
    function getOperatorSocket(address operator) external view returns (string memory socket) {
        return _sockets[operator];
    }

    // ── Internals ────────────────────────────────────────────────────────────────────────────────────

    function _checkCall(address avs_) private view {
        if (msg.sender != allocationManager) revert OnlyAllocationManager(msg.sender);
        if (avs_ != avs) revert AvsNotSupported(avs_);
    }

    function _setSocket(address operator, string memory socket) private {
        _sockets[operator] = socket;
        emit OperatorSocketSet(operator, socket);
    }
}
