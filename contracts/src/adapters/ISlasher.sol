// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {OperatorSet} from "../interfaces/ICertificateVerifier.sol";

/// @title Whoever takes stake from an operator that is proven to have misbehaved
/// @notice What judges evidence calls; what holds stake is behind it.
interface ISlasher {
    /// @notice Takes an operator's stake for one piece of evidence, at once or after a time for objections.
    /// @param evidenceId What names the evidence: nobody is slashed twice for the same.
    /// @param misbehavedAt When, by the chain's clock: stake may have left since.
    function slash(
        OperatorSet calldata operatorSet,
        address operator,
        bytes32 evidenceId,
        uint64 misbehavedAt,
        string calldata description
    ) external;
}
