// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IBN254CertificateVerifierTypes} from "../../interfaces/IBN254CertificateVerifier.sol";
import {OperatorSet} from "../../interfaces/ICertificateVerifier.sol";
import {BN254} from "../../libraries/BN254.sol";

/// @title What is read of EigenLayer's allocation manager: who is in an operator set
interface IAllocationManagerReads {
    function getMembers(OperatorSet calldata operatorSet) external view returns (address[] memory operators);
}

/// @title What is read of EigenLayer's cross-chain registry: by which contract an operator set's table is made
interface ICrossChainRegistryReads {
    function getOperatorTableCalculator(OperatorSet calldata operatorSet) external view returns (address);
}

/// @title What is read of an operator set's table calculator
interface IOperatorTableCalculatorReads {
    /// @notice The members that have weight, in the order of the allocation manager, and their weights by column.
    function getOperatorSetWeights(OperatorSet calldata operatorSet)
        external
        view
        returns (address[] memory operators, uint256[][] memory weights);
}

/// @title What is read of EigenLayer's key registrar
interface IKeyRegistrarReads {
    /// @notice 0 NONE, 1 ECDSA, 2 BN254.
    function getOperatorSetCurveType(OperatorSet calldata operatorSet) external view returns (uint8);

    /// @notice Both halves of an operator's key, zero if it has none registered for this set.
    function getBN254Key(OperatorSet calldata operatorSet, address operator)
        external
        view
        returns (BN254.G1Point memory g1Point, BN254.G2Point memory g2Point);

    /// @notice The address of an operator's key, zero if it has none registered for this set.
    function getECDSAAddress(OperatorSet calldata operatorSet, address operator) external view returns (address);

    /// @notice Whose key it is, also after the operator has deregistered it.
    /// @param keyData Of an ECDSA set the key's address, packed: 20 bytes.
    function getOperatorFromSigningKey(OperatorSet calldata operatorSet, bytes calldata keyData)
        external
        view
        returns (address operator, bool registered);
}

/// @title What is read of EigenLayer's operator table updater
interface IOperatorTableUpdaterReads {
    /// @notice The block of the source chain whose state a table of this time shows; zero for another time.
    function getReferenceBlockNumberByTimestamp(uint32 referenceTimestamp) external view returns (uint32);

    /// @notice Whether certificates by tables of this time are taken: the root may have been disabled.
    function isRootValidByTimestamp(uint32 referenceTimestamp) external view returns (bool);
}

/// @title What a table calculator hands to the transporter
interface IBN254TableCalculator is IOperatorTableCalculatorReads {
    function calculateOperatorTable(OperatorSet calldata operatorSet)
        external
        view
        returns (IBN254CertificateVerifierTypes.BN254OperatorSetInfo memory);
}
