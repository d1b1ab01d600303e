// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {IWorkflowStateMachineTypes} from "./interfaces/IWorkflowStateMachine.sol";

/// @title What WorkflowStateMachine keeps, and where
/// @notice One ERC-7201 namespace. An upgrade may append to these structs, and to a packed slot only in the bits that
///         are said to be free.
/// @dev Sets of phases are bit masks, phase i being bit i: MAX_PHASES is 64 so that a set is one uint64.
abstract contract WorkflowStateMachineStorage is IWorkflowStateMachineTypes {
    /// @dev A phase as registered. What a submission reads is in the first slot.
    struct PhaseConfig {
        PhaseType phaseType; //         8
        uint32 timeout; //             40
        uint32 operatorSetId; //       72
        uint16 consensusThreshold; //  88
        uint64 dependencyMask; //     152: the phases that this one waits for
        uint64 dependentMask; //      216: the phases that wait for this one and start by themselves
        uint8 maxAttempts; //         224: 0 counts as 1
        FailurePolicy onFailure; //   232
        uint8 fallbackPhase; //       240
        uint8 flags; //               248: FLAG_…
        uint8 primary; //             256: with FLAG_STANDS_IN: the phase that this one stands in for
        uint256 requiredStake;
        string name;
        uint32[] dependencies;
        bytes triggerCondition;
        bytes metadata;
    }

    struct Workflow {
        address creator; //           160
        uint32 version; //            192
        uint64 creationTime; //       256
        bytes32 definitionHash;
        uint64 rootMask; //            64: the phases that wait for nothing
        uint64 fallbackMask; //       128: the phases that start only in another one's place
        uint32 executionTimeout; //   160: seconds; 0: none; 96 bits free
        string name;
        address[] authorizedTriggers;
        PhaseConfig[] phases;
        /// @dev For phases with FLAG_FOREIGN_AVS.
        mapping(uint32 phaseIndex => address) avsOf;
    }

    /// @dev One phase of one execution. A result of at most a word stands in `resultWord`; a longer one stands in
    ///      `longResult` and leaves its hash in `resultWord`. So reading what a dependent phase must commit to costs
    ///      one slot per dependency, whatever the results' sizes. A result above MAX_STORED_RESULT_BYTES leaves its hash
    ///      and length only. `inputsHash` is zero where it is cheaper to compute again: see WorkflowRecords.
    struct Phase {
        PhaseStatus status; //          8
        uint32 attempt; //             40
        uint32 referenceTimestamp; //  72
        uint64 startedAt; //          136
        uint64 deadline; //           200
        uint16 resultLength; //       216
        uint40 startedBlock; //       256
        bytes32 inputsHash;
        bytes32 resultWord;
        bytes longResult;
    }

    struct Execution {
        bytes32 workflowId;
        address initiator; //         160
        uint64 startedAt; //          224
        ExecutionStatus status; //    232
        uint8 phaseCount; //          240; 16 bits free
        uint64 resolvedMask; //        64: the phases that nobody waits for any longer; it changes with every result
        uint64 deadline; //           128: 0: none
        uint64 fallbackMask; //       192: the workflow's, so that ends are seen without reading that
        bool paid; //                 200: `feeVault` is to be told; 56 bits free
        bytes32 payloadHash;
        bytes payload;
        mapping(uint32 phaseIndex => Phase) phases;
        address feeVault; //          160: where this execution has paid
    }

    /// @custom:storage-location erc7201:hourglass.storage.WorkflowStateMachine
    struct State {
        address verifier; //          160
        uint64 startBlock; //         224
        address avs; //               160
        uint64 executionCount; //     224
        address[] aggregators;
        mapping(bytes32 workflowId => Workflow) workflows;
        mapping(address creator => mapping(bytes32 nameHash => uint32)) versions;
        mapping(bytes32 executionId => Execution) executions;
        address feeVault; //          160: where new executions pay; zero: nowhere
        address ecdsaVerifier; //     160: of operator sets whose keys are on secp256k1; zero: there are none
    }

    /// @dev Of PhaseConfig.flags.
    uint8 internal constant FLAG_TRIGGERED_BY_SOURCE = 1;
    uint8 internal constant FLAG_SKIP_IF_UNMET = 2;
    uint8 internal constant FLAG_FOREIGN_AVS = 4;
    uint8 internal constant FLAG_STANDS_IN = 8;
    /// @dev `requiredStake` is zero, so that starting the phase need not read it.
    uint8 internal constant FLAG_ANY_STAKE = 16;
    /// @dev The operator set's keys are on secp256k1: its tables and certificates are the ECDSA verifier's.
    uint8 internal constant FLAG_ECDSA = 32;

    /// @dev keccak256(abi.encode(uint256(keccak256("hourglass.storage.WorkflowStateMachine")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 internal constant STORAGE_LOCATION = 0x4c0fe64d2a4be66d5b1b91b45209ef06ceb8eb01645e05a767e4e6568282c400;

    function _state() internal pure returns (State storage state) {
        bytes32 location = STORAGE_LOCATION;
        assembly ("memory-safe") {
            state.slot := location
        }
    }
}
