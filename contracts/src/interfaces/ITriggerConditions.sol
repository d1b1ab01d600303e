// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title What trigger conditions, and the facts that decide them, look like
/// @notice A condition is `abi.encode(TriggerConditionType, bytes params)`, exactly as `abi.encode` gives it.
interface ITriggerConditionsTypes {
    /// @notice What a condition compares. The order is fixed for ever. `params` are the `abi.encode` of
    ///
    /// - NONE: nothing, empty bytes. It holds at once.
    /// - PRICE_THRESHOLD: (uint256 threshold, bool isGreater). The price is above, or below, the threshold; not at it.
    /// - TIME_THRESHOLD: (uint256 timestamp). The block's timestamp has reached it.
    /// - DATA_HASH: (bytes32 hash). It is the keccak256 of the data.
    /// - MULTI_SIG: (address[] signers, uint256 required). So many of them approve this very attempt.
    /// - ORACLE_VALUE: (uint256 expected, uint256 tolerance). The value is no further away than that.
    /// - BLOCK_THRESHOLD: (uint256 number). The chain has reached it.
    /// - RESULT_COMPARE: (uint32 phaseIndex, uint8 comparison, int256 value). A dependency's result compares so.
    /// - CHAIN_EVENT: (address emitter, bytes32[] topics). Such a log was emitted; a zero topic, but not the first,
    ///   matches any.
    /// - ALL, ANY: (bytes[] conditions). Each of them, or at least one, holds.
    /// - NOT: the other condition itself.
    enum TriggerConditionType {
        NONE,
        PRICE_THRESHOLD,
        TIME_THRESHOLD,
        DATA_HASH,
        MULTI_SIG,
        ORACLE_VALUE,
        BLOCK_THRESHOLD,
        RESULT_COMPARE,
        CHAIN_EVENT,
        ALL,
        ANY,
        NOT
    }

    /// @notice How a result stands to a value. The order is fixed for ever.
    enum Comparison {
        EQUAL,
        NOT_EQUAL,
        LESS,
        AT_MOST,
        GREATER,
        AT_LEAST
    }

    /// @notice What the chain itself says, whoever brings the data.
    /// @param timestamp block.timestamp.
    /// @param blockNumber block.number.
    /// @param approvalDigest What a MULTI_SIG's signers have signed: the EIP-712 digest of this attempt's approval.
    /// @param dependencies Of the phase that waits.
    /// @param results Of each dependency, in their order.
    /// @param present Whether that dependency has a result.
    struct Facts {
        uint64 timestamp;
        uint64 blockNumber;
        bytes32 approvalDigest;
        uint32[] dependencies;
        bytes[] results;
        bool[] present;
    }
}

/// @title What is refused of trigger conditions and their data
interface ITriggerConditionsErrors is ITriggerConditionsTypes {
    // Conditions
    error TriggerTooLarge(uint256 maximum, uint256 actual);
    error TriggerTooDeep(uint256 maximum);
    error TriggerTooManyConditions(uint256 maximum);
    /// @notice Not exactly what `abi.encode` gives for a condition.
    error TriggerMalformed();
    error TriggerUnknownType(uint8 conditionType);
    error TriggerChildrenOutOfRange(uint256 maximum, uint256 actual);
    /// @notice No int256 could ever be compared with it.
    error TriggerValueOutOfRange(uint256 maximum, uint256 actual);
    error TriggerSignersOutOfRange(uint256 maximum, uint256 actual);
    error TriggerZeroSigner();
    error TriggerDuplicateSigner(address signer);
    error TriggerRequiredOutOfRange(uint256 maximum, uint256 actual);
    error TriggerUnknownComparison(uint8 comparison);
    /// @notice The phase does not depend on the one whose result its condition reads.
    error TriggerUnknownDependency(uint32 phaseIndex);
    error TriggerTopicsOutOfRange(uint256 maximum, uint256 actual);
    /// @notice The first topic says which event it is, so it can't be left open.
    error TriggerTopicZero();

    // Judging
    /// @notice The caller's facts do not have one result, and one word on whether it is there, per dependency.
    error TriggerFactsMismatch(uint256 dependencies, uint256 results, uint256 present);
    /// @notice The data is not of its condition's shape.
    error TriggerDataMalformed();
}

/// @title What conditional phases wait for: which conditions can be, and when one holds
/// @notice Stateless. Requirements name the custom error that answers when they are not met.
interface ITriggerConditions is ITriggerConditionsErrors {
    /// @notice Reverts unless this is a condition that a phase with these dependencies can wait for.
    /// Requirements: at most MAX_CONDITION_BYTES (TriggerTooLarge); then, from the outside in and from left to right, for
    /// each condition:
    /// nested at most MAX_DEPTH deep (TriggerTooDeep); at most MAX_CONDITIONS in all (TriggerTooManyConditions);
    /// encoded exactly as `abi.encode` does (TriggerMalformed), and of a known type (TriggerUnknownType); and by type:
    /// - ALL, ANY: 1 to MAX_CHILDREN conditions (TriggerChildrenOutOfRange)
    /// - PRICE_THRESHOLD, ORACLE_VALUE: threshold and expected value at most MAX_VALUE (TriggerValueOutOfRange)
    /// - MULTI_SIG: 1 to MAX_SIGNERS signers (TriggerSignersOutOfRange), none zero (TriggerZeroSigner), none twice
    ///   (TriggerDuplicateSigner); as many required as there are, at most, but one (TriggerRequiredOutOfRange)
    /// - RESULT_COMPARE: a Comparison (TriggerUnknownComparison); a dependency (TriggerUnknownDependency)
    /// - CHAIN_EVENT: 1 to MAX_TOPICS topics (TriggerTopicsOutOfRange), the first not zero (TriggerTopicZero)
    function check(bytes calldata condition, uint32[] calldata dependencies) external pure;

    /// @notice Whether the condition holds. `data` is, exactly as `abi.encode` gives it:
    /// - PRICE_THRESHOLD, ORACLE_VALUE: (int256 value)
    /// - DATA_HASH: any bytes
    /// - MULTI_SIG: (bytes[] signatures), each r ‖ s ‖ v with low s and v 27 or 28, in strictly ascending order of their
    ///   signers. One that recovers to nobody, or to nobody listed, spoils all.
    /// - CHAIN_EVENT: (address emitter, bytes32[] topics, bytes data), one log
    /// - ALL, ANY: (bytes[] datas), one for each of their conditions
    /// - NOT: what the other condition takes
    /// - other types take none, and look at none
    /// Empty data means that there is nothing to judge by yet: but for ALL, ANY and DATA_HASH, the condition then does not
    /// hold. Every condition within ALL and ANY is judged, also where one alone decides.
    /// Requirements: one result per dependency (TriggerFactsMismatch); as for `check`; data of the condition's shape, with
    /// at most MAX_SIGNERS signatures and MAX_TOPICS topics (TriggerDataMalformed).
    function holds(bytes calldata condition, Facts calldata facts, bytes calldata data) external pure returns (bool);
}
