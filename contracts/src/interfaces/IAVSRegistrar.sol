// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What EigenLayer's allocation manager asks of an AVS
/// @notice Written from its ABI.
interface IAVSRegistrar {
    /// @notice An operator joins operator sets. A revert keeps it out.
    /// @param data Whatever the AVS wants to know of it.
    function registerOperator(address operator, address avs, uint32[] calldata operatorSetIds, bytes calldata data)
        external;

    /// @notice An operator has left operator sets. It has left, whether this reverts or not.
    function deregisterOperator(address operator, address avs, uint32[] calldata operatorSetIds) external;

    /// @return supported Whether this registrar is for that AVS. EigenLayer takes no registrar that says no.
    function supportsAVS(address avs) external view returns (bool supported);
}

/// @title What a workflow AVS's registrar adds
interface IWorkflowAVSRegistrar is IAVSRegistrar {
    /// @notice An operator said where it may be reached. Empty: it does not say any more.
    event OperatorSocketSet(address indexed operator, string socket);

    /// @notice Only EigenLayer's allocation manager tells of registrations: register there.
    error OnlyAllocationManager(address caller);
    /// @notice This registrar is for another AVS: deploy one for this AVS, and name that one to the allocation manager.
    error AvsNotSupported(address avs);
    /// @notice There is no contract at this address: deploy it first, or correct the address.
    error NoContract(address account);

    /// @return socket Where an operator may be reached, as it said when it last registered with data. Our nodes meet on
    ///         a bus and need none; who reads operators from the chain may.
    function getOperatorSocket(address operator) external view returns (string memory socket);
}
