// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {BN254} from "../libraries/BN254.sol";
import {IBN254CertificateVerifier, OperatorSet} from "./IBN254CertificateVerifier.sol";
import {IKeyRegistrar} from "./IKeyRegistrar.sol";

/// @title A certificate verifier that keeps its own operators: what local networks have in EigenLayer's place
interface IOperatorTable is IBN254CertificateVerifier, IKeyRegistrar {
    // ── Types ────────────────────────────────────────────────────────────────────────────────────────

    /// @notice One row of a published table, complete: from these rows a client rebuilds tree and aggregate key.
    struct OperatorEntry {
        address operator;
        BN254.G1Point pubkeyG1;
        BN254.G2Point pubkeyG2;
        uint256[] weights;
    }

    // ── Errors ───────────────────────────────────────────────────────────────────────────────────────

    error InvalidLength(uint256 expected, uint256 actual);
    error InvalidProofOfPossession(address operator);
    error KeyAlreadyRegistered(address operator);
    error NoStake(address avs, uint32 operatorSetId);
    error OperatorAlreadyRegistered(address operator);
    error OperatorNotRegistered(address operator);
    error OperatorSetNotConfigured(address avs, uint32 operatorSetId);
    error TooManyOperators(uint256 maximum);
    error WeightColumnsMismatch(uint256 expected, uint256 actual);
    error ZeroAddress();

    // ── Events ───────────────────────────────────────────────────────────────────────────────────────

    event OperatorRegistered(
        OperatorSet operatorSet, address indexed operator, BN254.G1Point pubkeyG1, BN254.G2Point pubkeyG2
    );
    event OperatorWeightsSet(OperatorSet operatorSet, address indexed operator, uint256[] weights);
    event OperatorDeregistered(OperatorSet operatorSet, address indexed operator);

    // ── Functions ────────────────────────────────────────────────────────────────────────────────────

    /// @notice Creates the operator set or changes how many seconds its tables may be used (0: for ever).
    /// Requirements: the caller is the owner.
    function configureOperatorSet(OperatorSet calldata operatorSet, uint32 maxStaleness) external;

    /// @notice Adds an operator to a set. It counts from the next `publishTable` on.
    /// Requirements: the caller is the owner; the set is configured; the operator is not in it; the key was never
    /// registered before, by anybody, in any set; the signature is the key's over `calculateKeyRegistrationDigest`;
    /// there are as many weights as the set's other operators have.
    /// @param keyData abi.encode(g1X, g1Y, g2X[0], g2X[1], g2Y[0], g2Y[1]), imaginary parts first.
    /// @param signature 64 bytes, X then Y.
    function registerOperator(
        OperatorSet calldata operatorSet,
        address operator,
        bytes calldata keyData,
        bytes calldata signature,
        uint256[] calldata weights
    ) external;

    /// @notice Changes an operator's weights from the next `publishTable` on.
    /// Requirements: the caller is the owner; the operator is in the set.
    function setWeights(OperatorSet calldata operatorSet, address operator, uint256[] calldata weights) external;

    /// @notice Takes an operator out of the set from the next `publishTable` on. Its key stays used up.
    /// Requirements: the caller is the owner; the operator is in the set.
    function deregisterOperator(OperatorSet calldata operatorSet, address operator) external;

    /// @notice Publishes the set's operators that have any weight as the table of this block's timestamp, for ever.
    /// Requirements: the caller is the owner; somebody has weight; no table of this timestamp exists.
    function publishTable(OperatorSet calldata operatorSet) external returns (uint32 referenceTimestamp);

    /// @notice A published table's rows in index order. Reverts ReferenceTimestampDoesNotExist if there is none.
    function getOperatorTable(OperatorSet calldata operatorSet, uint32 referenceTimestamp)
        external
        view
        returns (OperatorEntry[] memory);

    /// @notice The set's operators of now, in the order in which the next table lists them.
    function getOperators(OperatorSet calldata operatorSet) external view returns (address[] memory);

    /// @notice An operator's weights of now.
    function getWeights(OperatorSet calldata operatorSet, address operator) external view returns (uint256[] memory);

    /// @notice What a key signs to be registered: EigenLayer's KeyRegistrar digest with this contract in its place.
    function calculateKeyRegistrationDigest(OperatorSet calldata operatorSet, address operator, bytes calldata keyData)
        external
        view
        returns (bytes32);
}
