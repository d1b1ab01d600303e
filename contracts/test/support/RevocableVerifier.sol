// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifierTypes} from "../../src/interfaces/IBN254CertificateVerifier.sol";
import {ICertificateVerifierErrors, OperatorSet} from "../../src/interfaces/ICertificateVerifier.sol";
import {OperatorTable} from "../../src/local/OperatorTable.sol";

/// @title An operator table whose tables can be revoked, as EigenLayer can disable the root that a table came with
/// @notice Such a table is still the newest, and still weighs what it did; its certificates are refused.
contract RevocableVerifier is IBN254CertificateVerifierTypes, ICertificateVerifierErrors {
    OperatorTable public immutable table;
    mapping(uint32 referenceTimestamp => bool) public disabled;

    constructor(OperatorTable table_) {
        table = table_;
    }

    function disable(uint32 referenceTimestamp) external {
        disabled[referenceTimestamp] = true;
    }

    function verifyCertificate(OperatorSet calldata operatorSet, BN254Certificate calldata cert)
        external
        returns (uint256[] memory)
    {
        if (disabled[cert.referenceTimestamp]) revert RootDisabled();
        return table.verifyCertificate(operatorSet, cert);
    }

    /// @dev Everything else is the table's.
    fallback() external {
        (bool success, bytes memory answer) = address(table).call(msg.data);
        assembly ("memory-safe") {
            if iszero(success) { revert(add(answer, 0x20), mload(answer)) }
            return(add(answer, 0x20), mload(answer))
        }
    }
}
