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

    bytes32 internal constant PHASE_TRIGGER_TYPEHASH = keccak256("PhaseTrigger(bytes32 inputsHash,bytes32 dataHash)");

    /// @dev Approvals are for people with wallets, hence EIP-712.
    bytes32 internal constant TRIGGER_APPROVAL_TYPEHASH =
        keccak256("TriggerApproval(bytes32 executionId,uint32 phaseIndex,uint32 attempt)");
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    bytes32 private constant DOMAIN_NAME_HASH = keccak256("Hourglass Workflow");
    bytes32 private constant DOMAIN_VERSION_HASH = keccak256("1");

    /// @notice What a phase's result answers to, save the chain and the contract.
    struct PhaseSlot {
        bytes32 executionId;
        uint32 phaseIndex;
        uint32 attempt;
        uint32 tick;
        uint32 round;
    }

    /// @dev On-chain there is one result per attempt, under this tick: the ticks of a CONTINUOUS phase count from 1, are
    ///      certified off-chain, and stand in its result.
    uint32 private constant WHOLE_ATTEMPT = 0;

    /// @notice What a phase's result on this contract answers to.
    function slot(bytes32 execution, uint32 phaseIndex, uint32 attempt, uint32 round)
        internal
        pure
        returns (PhaseSlot memory)
    {
        return PhaseSlot(execution, phaseIndex, attempt, WHOLE_ATTEMPT, round);
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
    function messageHash(OperatorSet memory operatorSet, PhaseSlot memory slot_, bytes32 inputs, bytes32 resultHash)
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
                slot_,
                inputs,
                resultHash
            )
        );
    }

    /// @notice What a triggered phase computes from: its inputs, and what it was triggered with.
    function triggeredInputsHash(bytes32 inputs, bytes calldata data) internal pure returns (bytes32) {
        return keccak256(abi.encode(PHASE_TRIGGER_TYPEHASH, inputs, keccak256(data)));
    }

    /// @notice What the signers of a MULTI_SIG condition sign.
    function approvalDigest(bytes32 execution, uint32 phaseIndex, uint32 attempt) internal view returns (bytes32) {
        bytes32 domain =
            keccak256(abi.encode(DOMAIN_TYPEHASH, DOMAIN_NAME_HASH, DOMAIN_VERSION_HASH, block.chainid, address(this)));
        bytes32 approval = keccak256(abi.encode(TRIGGER_APPROVAL_TYPEHASH, execution, phaseIndex, attempt));
        return keccak256(abi.encodePacked(hex"1901", domain, approval));
    }
}
