// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {ITriggerConditions} from "./interfaces/ITriggerConditions.sol";
import {StrictAbi} from "./libraries/StrictAbi.sol";

/// @title The algebra of trigger conditions
/// @notice Deployed once and asked by state machines: at registration whether a condition can be, at a trigger whether it
///         holds. Operators decide by the same rules off-chain, so nothing here depends on who asks, or on gas.
contract TriggerConditions is ITriggerConditions {
    using StrictAbi for bytes;

    // ── Constants ────────────────────────────────────────────────────────────────────────────────────

    uint256 public constant MAX_CONDITION_BYTES = 2_048;
    /// @notice A condition that holds no other has depth 1.
    uint256 public constant MAX_DEPTH = 4;
    /// @notice In all, those that combine others included.
    uint256 public constant MAX_CONDITIONS = 16;
    uint256 public constant MAX_CHILDREN = 8;
    uint256 public constant MAX_SIGNERS = 32;
    /// @notice As many as a log can have.
    uint256 public constant MAX_TOPICS = 4;
    uint256 public constant MAX_VALUE = uint256(type(int256).max);

    uint256 private constant WORD = StrictAbi.WORD;
    uint256 private constant SIGNATURE_BYTES = 65;
    bytes4 private constant MALFORMED = TriggerMalformed.selector;
    bytes4 private constant DATA_MALFORMED = TriggerDataMalformed.selector;

    // ── Entry points ─────────────────────────────────────────────────────────────────────────────────

    /// @inheritdoc ITriggerConditions
    function check(bytes calldata condition, uint32[] calldata dependencies) external pure {
        _check(condition, dependencies);
    }

    /// @inheritdoc ITriggerConditions
    function holds(bytes calldata condition, Facts calldata facts, bytes calldata data) external pure returns (bool) {
        uint256 count = facts.dependencies.length;
        if (facts.results.length != count || facts.present.length != count) {
            revert TriggerFactsMismatch(count, facts.results.length, facts.present.length);
        }
        _check(condition, facts.dependencies);
        return _holds(condition, facts, data);
    }

    // ── What can be ──────────────────────────────────────────────────────────────────────────────────

    function _check(bytes calldata condition, uint32[] calldata dependencies) private pure {
        if (condition.length > MAX_CONDITION_BYTES) revert TriggerTooLarge(MAX_CONDITION_BYTES, condition.length);
        _checkNode(condition, dependencies, 1, 0);
    }

    /// @dev `seen` counts the conditions before this one; the answer counts it, and those within, too.
    function _checkNode(bytes calldata condition, uint32[] calldata dependencies, uint256 depth, uint256 seen)
        private
        pure
        returns (uint256)
    {
        if (depth > MAX_DEPTH) revert TriggerTooDeep(MAX_DEPTH);
        if (++seen > MAX_CONDITIONS) revert TriggerTooManyConditions(MAX_CONDITIONS);
        (TriggerConditionType kind, bytes calldata params) = _open(condition);
        if (kind == TriggerConditionType.NOT) return _checkNode(params, dependencies, depth + 1, seen);
        if (kind == TriggerConditionType.ALL || kind == TriggerConditionType.ANY) {
            bytes[] calldata children = params.asList(MALFORMED);
            if (children.length == 0 || children.length > MAX_CHILDREN) {
                revert TriggerChildrenOutOfRange(MAX_CHILDREN, children.length);
            }
            for (uint256 i = 0; i < children.length; ++i) {
                seen = _checkNode(children[i], dependencies, depth + 1, seen);
            }
            return seen;
        }
        _checkLeaf(kind, params, dependencies);
        return seen;
    }

    function _open(bytes calldata condition) private pure returns (TriggerConditionType, bytes calldata) {
        uint256 kind = condition.wordAt(0, MALFORMED);
        StrictAbi.demand(kind <= type(uint8).max, MALFORMED);
        StrictAbi.demand(condition.wordAt(WORD, MALFORMED) == 2 * WORD, MALFORMED);
        (bytes calldata params, uint256 end) = condition.bytesAt(2 * WORD, MALFORMED);
        StrictAbi.demand(end == condition.length, MALFORMED);
        if (kind > uint256(type(TriggerConditionType).max)) revert TriggerUnknownType(uint8(kind));
        return (TriggerConditionType(kind), params);
    }

    function _checkLeaf(TriggerConditionType kind, bytes calldata params, uint32[] calldata dependencies) private pure {
        if (kind == TriggerConditionType.MULTI_SIG) {
            _checkMultiSig(params);
        } else if (kind == TriggerConditionType.CHAIN_EVENT) {
            _checkChainEvent(params);
        } else if (kind == TriggerConditionType.RESULT_COMPARE) {
            _checkResultCompare(params, dependencies);
        } else if (kind == TriggerConditionType.PRICE_THRESHOLD) {
            StrictAbi.demand(params.length == 2 * WORD, MALFORMED);
            StrictAbi.demand(params.wordAt(WORD, MALFORMED) <= 1, MALFORMED);
            _checkValue(params.wordAt(0, MALFORMED));
        } else if (kind == TriggerConditionType.ORACLE_VALUE) {
            StrictAbi.demand(params.length == 2 * WORD, MALFORMED);
            _checkValue(params.wordAt(0, MALFORMED));
        } else {
            // A time, a block, a hash; or NONE.
            StrictAbi.demand(params.length == (kind == TriggerConditionType.NONE ? 0 : WORD), MALFORMED);
        }
    }

    function _checkValue(uint256 value) private pure {
        if (value > MAX_VALUE) revert TriggerValueOutOfRange(MAX_VALUE, value);
    }

    function _checkMultiSig(bytes calldata params) private pure {
        StrictAbi.demand(params.wordAt(0, MALFORMED) == 2 * WORD, MALFORMED);
        uint256 required = params.wordAt(WORD, MALFORMED);
        (bytes32[] calldata signers, uint256 end) = params.wordsAt(2 * WORD, MALFORMED);
        StrictAbi.demand(end == params.length, MALFORMED);
        for (uint256 i = 0; i < signers.length; ++i) {
            StrictAbi.demand(uint256(signers[i]) <= type(uint160).max, MALFORMED);
        }
        if (signers.length == 0 || signers.length > MAX_SIGNERS) {
            revert TriggerSignersOutOfRange(MAX_SIGNERS, signers.length);
        }
        for (uint256 i = 0; i < signers.length; ++i) {
            bytes32 signer = signers[i];
            if (signer == 0) revert TriggerZeroSigner();
            for (uint256 j = 0; j < i; ++j) {
                if (signers[j] == signer) revert TriggerDuplicateSigner(address(uint160(uint256(signer))));
            }
        }
        if (required == 0 || required > signers.length) revert TriggerRequiredOutOfRange(signers.length, required);
    }

    function _checkChainEvent(bytes calldata params) private pure {
        params.addressAt(0, MALFORMED);
        StrictAbi.demand(params.wordAt(WORD, MALFORMED) == 2 * WORD, MALFORMED);
        (bytes32[] calldata topics, uint256 end) = params.wordsAt(2 * WORD, MALFORMED);
        StrictAbi.demand(end == params.length, MALFORMED);
        if (topics.length == 0 || topics.length > MAX_TOPICS) {
            revert TriggerTopicsOutOfRange(MAX_TOPICS, topics.length);
        }
        if (topics[0] == 0) revert TriggerTopicZero();
    }

    function _checkResultCompare(bytes calldata params, uint32[] calldata dependencies) private pure {
        StrictAbi.demand(params.length == 3 * WORD, MALFORMED);
        uint256 phaseIndex = params.wordAt(0, MALFORMED);
        uint256 comparison = params.wordAt(WORD, MALFORMED);
        StrictAbi.demand(phaseIndex <= type(uint32).max && comparison <= type(uint8).max, MALFORMED);
        if (comparison > uint256(type(Comparison).max)) revert TriggerUnknownComparison(uint8(comparison));
        for (uint256 i = 0; i < dependencies.length; ++i) {
            if (dependencies[i] == phaseIndex) return;
        }
        revert TriggerUnknownDependency(uint32(phaseIndex));
    }

    // ── What holds ───────────────────────────────────────────────────────────────────────────────────
    // Of conditions that `_check` has let pass: their shape is not looked at again.

    function _holds(bytes calldata condition, Facts calldata facts, bytes calldata data) private pure returns (bool) {
        (TriggerConditionType kind, bytes calldata params) = _open(condition);
        if (kind == TriggerConditionType.NONE) return true;
        if (kind == TriggerConditionType.TIME_THRESHOLD) return facts.timestamp >= params.wordAt(0, MALFORMED);
        if (kind == TriggerConditionType.BLOCK_THRESHOLD) return facts.blockNumber >= params.wordAt(0, MALFORMED);
        if (kind == TriggerConditionType.DATA_HASH) return uint256(keccak256(data)) == params.wordAt(0, MALFORMED);
        if (kind == TriggerConditionType.RESULT_COMPARE) return _compares(params, facts);
        if (kind == TriggerConditionType.NOT) return !_holds(params, facts, data);
        if (kind == TriggerConditionType.ALL || kind == TriggerConditionType.ANY) {
            return _combined(params, facts, data, kind == TriggerConditionType.ALL);
        }
        if (data.length == 0) return false;
        if (kind == TriggerConditionType.MULTI_SIG) return _isApproved(params, facts.approvalDigest, data);
        if (kind == TriggerConditionType.CHAIN_EVENT) return _hasHappened(params, data);
        StrictAbi.demand(data.length == WORD, DATA_MALFORMED);
        int256 value = int256(data.wordAt(0, DATA_MALFORMED));
        int256 other = int256(params.wordAt(0, MALFORMED));
        uint256 last = params.wordAt(WORD, MALFORMED);
        if (kind == TriggerConditionType.ORACLE_VALUE) return _distance(value, other) <= last;
        return last == 0 ? value < other : value > other;
    }

    function _combined(bytes calldata params, Facts calldata facts, bytes calldata data, bool all)
        private
        pure
        returns (bool)
    {
        bytes[] calldata children = params.asList(MALFORMED);
        bytes[] calldata datas = data.asList(DATA_MALFORMED);
        StrictAbi.demand(datas.length == children.length, DATA_MALFORMED);
        uint256 holding = 0;
        for (uint256 i = 0; i < children.length; ++i) {
            // Each is judged, also where the answer is clear: malformed data never passes.
            if (_holds(children[i], facts, datas[i])) ++holding;
        }
        return all ? holding == children.length : holding != 0;
    }

    function _compares(bytes calldata params, Facts calldata facts) private pure returns (bool) {
        uint256 phaseIndex = params.wordAt(0, MALFORMED);
        uint256 i = 0;
        while (facts.dependencies[i] != phaseIndex) ++i;
        bytes calldata result = facts.results[i];
        if (!facts.present[i] || result.length != WORD) return false;
        int256 left = int256(uint256(bytes32(result)));
        int256 right = int256(params.wordAt(2 * WORD, MALFORMED));
        Comparison comparison = Comparison(params.wordAt(WORD, MALFORMED));
        if (comparison == Comparison.EQUAL) return left == right;
        if (comparison == Comparison.NOT_EQUAL) return left != right;
        if (comparison == Comparison.LESS) return left < right;
        if (comparison == Comparison.AT_MOST) return left <= right;
        if (comparison == Comparison.GREATER) return left > right;
        return left >= right;
    }

    function _isApproved(bytes calldata params, bytes32 digest, bytes calldata data) private pure returns (bool) {
        bytes[] calldata signatures = data.asList(DATA_MALFORMED);
        StrictAbi.demand(signatures.length <= MAX_SIGNERS, DATA_MALFORMED);
        for (uint256 i = 0; i < signatures.length; ++i) {
            StrictAbi.demand(signatures[i].length == SIGNATURE_BYTES, DATA_MALFORMED);
        }
        // Counted before anything is recovered, which is what costs gas.
        if (signatures.length < params.wordAt(WORD, MALFORMED)) return false;
        (bytes32[] calldata signers,) = params.wordsAt(2 * WORD, MALFORMED);
        address last = address(0);
        for (uint256 i = 0; i < signatures.length; ++i) {
            (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signatures[i]);
            if (failure != ECDSA.RecoverError.NoError || signer <= last || !_isListed(signers, signer)) return false;
            last = signer;
        }
        return true;
    }

    function _isListed(bytes32[] calldata signers, address signer) private pure returns (bool) {
        bytes32 wanted = bytes32(uint256(uint160(signer)));
        for (uint256 i = 0; i < signers.length; ++i) {
            if (signers[i] == wanted) return true;
        }
        return false;
    }

    function _hasHappened(bytes calldata params, bytes calldata data) private pure returns (bool) {
        address emitter = data.addressAt(0, DATA_MALFORMED);
        StrictAbi.demand(data.wordAt(WORD, DATA_MALFORMED) == 3 * WORD, DATA_MALFORMED);
        (bytes32[] calldata topics, uint256 cursor) = data.wordsAt(3 * WORD, DATA_MALFORMED);
        StrictAbi.demand(data.wordAt(2 * WORD, DATA_MALFORMED) == cursor, DATA_MALFORMED);
        (, cursor) = data.bytesAt(cursor, DATA_MALFORMED);
        StrictAbi.demand(cursor == data.length && topics.length <= MAX_TOPICS, DATA_MALFORMED);

        (bytes32[] calldata filters,) = params.wordsAt(2 * WORD, MALFORMED);
        if (emitter != params.addressAt(0, MALFORMED) || topics.length < filters.length) return false;
        for (uint256 i = 0; i < filters.length; ++i) {
            if (filters[i] != 0 && filters[i] != topics[i]) return false;
        }
        return true;
    }

    function _distance(int256 left, int256 right) private pure returns (uint256) {
        unchecked {
            // Two int256 are less than 2^256 apart: modulo that, the difference is exact.
            return left > right ? uint256(left) - uint256(right) : uint256(right) - uint256(left);
        }
    }
}
