// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {OperatorSet} from "./ICertificateVerifier.sol";

/// @title The one question that fees need answered by EigenLayer's key registrar
/// @notice Written from its ABI. EigenLayer deploys it on Ethereum alone: elsewhere the answer needs another contract.
interface IKeyRegistrar {
    /// @notice Whose key this is.
    /// @param keyData Of a set on BN254: abi.encode(g1X, g1Y), with or without the key's half in G2 after it. On secp256k1:
    ///        the key's address, packed.
    /// @return operator Zero if nobody ever registered the key. It stays the answer when the operator has deregistered.
    /// @return registered Whether that operator has a key registered for this set now.
    function getOperatorFromSigningKey(OperatorSet calldata operatorSet, bytes calldata keyData)
        external
        view
        returns (address operator, bool registered);
}
