// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {OperatorSet} from "../interfaces/IBN254CertificateVerifier.sol";

/// @title Every id and hash that workflows are known and signed by
/// @notice All bind the chain and the contract, so that nothing signed for one is worth anything to another.
library PhaseDigests {
    bytes32 internal constant PHASE_RESULT_TYPEHASH = keccak256(
        "PhaseResult(uint256 chainId,address stateMachine,bytes32 operatorSetKey,bytes32 executionId,uint32 phaseIndex,uint32 attempt,uint32 tick,uint32 round,bytes32 inputsHash,bytes32 resultHash)"
    );
    bytes32 internal constant PHASE_INPUTS_TYPEHASH =
        keccak256("PhaseInputs(bytes32 payloadHash,uint32[] dependencies,bytes32[] resultHashes)");

    /// @notice What a phase's result answers to, save the chain and the contract.
    struct PhaseSlot {
        bytes32 executionId;
        uint32 phaseIndex;
        uint32 attempt;
        uint32 tick;
        uint32 round;
    }

    function operatorSetKey(OperatorSet memory operatorSet) internal pure returns (bytes32) {
        return bytes32(abi.encodePacked(operatorSet.avs, uint96(operatorSet.id)));
    }

    /// @notice The name is a label that its creator owns; `version` counts its definitions from 1.
    function workflowId(address creator, bytes32 nameHash, uint32 version) internal view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), creator, nameHash, version));
    }

    /// @param executionNumber Counts from 1 over all executions of the contract.
    function executionId(bytes32 workflow, uint256 executionNumber, address initiator, bytes calldata payload)
        internal
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(block.chainid, address(this), workflow, executionNumber, initiator, keccak256(payload))
        );
    }

    /// @notice What a phase computes from: the payload and, in the definition's order, its dependencies' results.
    function inputsHash(bytes32 payloadHash, uint32[] memory dependencies, bytes32[] memory resultHashes)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                PHASE_INPUTS_TYPEHASH,
                payloadHash,
                keccak256(abi.encodePacked(dependencies)),
                keccak256(abi.encodePacked(resultHashes))
            )
        );
    }

    /// @notice What a certificate for this result is about.
    function messageHash(OperatorSet memory operatorSet, PhaseSlot memory slot, bytes32 inputs, bytes32 resultHash)
        internal
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode(
                PHASE_RESULT_TYPEHASH,
                block.chainid,
                address(this),
                operatorSetKey(operatorSet),
                slot,
                inputs,
                resultHash
            )
        );
    }
}
