// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {OperatorSet} from "../interfaces/ICertificateVerifier.sol";
import {IKeyRegistrar} from "../interfaces/IKeyRegistrar.sol";

/// @title Whose key it is, on either curve, for a local network
/// @notice Stands where EigenLayer's KeyRegistrar stands, which knows the keys of all operator sets: here each of the two
///         operator tables knows its own.
contract KeyRegistrar is IKeyRegistrar {
    /// @dev A key on secp256k1 is told by its address, packed; one on BN254 by a point or two.
    uint256 private constant ECDSA_KEY_BYTES = 20;

    IKeyRegistrar private immutable BN254_KEYS;
    IKeyRegistrar private immutable ECDSA_KEYS;

    /// @param bn254Keys An OperatorTable.
    /// @param ecdsaKeys An EcdsaOperatorTable.
    constructor(IKeyRegistrar bn254Keys, IKeyRegistrar ecdsaKeys) {
        (BN254_KEYS, ECDSA_KEYS) = (bn254Keys, ecdsaKeys);
    }

    /// @inheritdoc IKeyRegistrar
    function getOperatorFromSigningKey(OperatorSet calldata operatorSet, bytes calldata keyData)
        external
        view
        returns (address operator, bool registered)
    {
        IKeyRegistrar keys = keyData.length == ECDSA_KEY_BYTES ? ECDSA_KEYS : BN254_KEYS;
        return keys.getOperatorFromSigningKey(operatorSet, keyData);
    }
}
