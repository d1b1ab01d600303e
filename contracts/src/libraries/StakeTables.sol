// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ICertificateVerifier, OperatorSet} from "../interfaces/ICertificateVerifier.sol";
import {IWorkflowStateMachineErrors} from "../interfaces/IWorkflowStateMachine.sol";

/// @title Which table of an operator set a phase can be decided by
/// @notice What is wrong comes back as an encoded error, empty if nothing is: the caller reverts with it, or goes on.
library StakeTables {
    /// @notice The set's newest table, if it holds stake enough.
    /// @param requiredStake Of the first weight column; none at all is never enough.
    /// @param ecdsa Whether the verifier is the ECDSA one, which reverts if asked what a table weighs that nobody is in.
    function newest(ICertificateVerifier verifier, OperatorSet memory operatorSet, uint256 requiredStake, bool ecdsa)
        internal
        view
        returns (uint32 referenceTimestamp, bytes memory refusal)
    {
        referenceTimestamp = verifier.latestReferenceTimestamp(operatorSet);
        if (referenceTimestamp == 0) {
            refusal = abi.encodeWithSelector(
                IWorkflowStateMachineErrors.TableMissing.selector, operatorSet.avs, operatorSet.id
            );
            return (0, refusal);
        }
        uint256 total = 0;
        if (!ecdsa || verifier.getOperatorCount(operatorSet, referenceTimestamp) != 0) {
            uint256[] memory totals = verifier.getTotalStakeWeights(operatorSet, referenceTimestamp);
            if (totals.length != 0) total = totals[0];
        }
        if (total == 0 || total < requiredStake) {
            refusal =
                abi.encodeWithSelector(IWorkflowStateMachineErrors.RequiredStakeNotMet.selector, requiredStake, total);
        }
    }

    /// @notice Whether the table may still be used at the deadline.
    function checkFresh(
        ICertificateVerifier verifier,
        OperatorSet memory operatorSet,
        uint32 referenceTimestamp,
        uint64 deadline
    ) internal view returns (bytes memory refusal) {
        uint64 maxStaleness = verifier.maxOperatorTableStaleness(operatorSet);
        uint64 freshUntil = referenceTimestamp + maxStaleness;
        if (maxStaleness != 0 && deadline > freshUntil) {
            refusal = abi.encodeWithSelector(IWorkflowStateMachineErrors.TableStale.selector, deadline, freshUntil);
        }
    }

    /// @notice Reverts with an error that came back, if one did.
    function demandNone(bytes memory refusal) internal pure {
        if (refusal.length == 0) return;
        assembly ("memory-safe") {
            revert(add(refusal, 0x20), mload(refusal))
        }
    }
}
