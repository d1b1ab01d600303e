// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {TriggerConditions} from "../../src/TriggerConditions.sol";
import {ITriggerConditionsTypes as Types} from "../../src/interfaces/ITriggerConditions.sol";
import {Test} from "./Test.sol";

/// @dev forge's, beyond those that all tests use.
interface Keys {
    function addr(uint256 secret) external pure returns (address);
    function sign(uint256 secret, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
}

/// @dev Conditions, as an author's tools would encode them.
abstract contract Conditions is Test {
    Types.TriggerConditionType internal constant NONE = Types.TriggerConditionType.NONE;
    Types.TriggerConditionType internal constant PRICE = Types.TriggerConditionType.PRICE_THRESHOLD;
    Types.TriggerConditionType internal constant TIME = Types.TriggerConditionType.TIME_THRESHOLD;
    Types.TriggerConditionType internal constant HASH = Types.TriggerConditionType.DATA_HASH;
    Types.TriggerConditionType internal constant MULTI_SIG = Types.TriggerConditionType.MULTI_SIG;
    Types.TriggerConditionType internal constant ORACLE = Types.TriggerConditionType.ORACLE_VALUE;
    Types.TriggerConditionType internal constant BLOCK = Types.TriggerConditionType.BLOCK_THRESHOLD;
    Types.TriggerConditionType internal constant RESULT = Types.TriggerConditionType.RESULT_COMPARE;
    Types.TriggerConditionType internal constant EVENT = Types.TriggerConditionType.CHAIN_EVENT;
    Types.TriggerConditionType internal constant ALL = Types.TriggerConditionType.ALL;
    Types.TriggerConditionType internal constant ANY = Types.TriggerConditionType.ANY;
    Types.TriggerConditionType internal constant NOT = Types.TriggerConditionType.NOT;

    uint256 internal constant MOST = uint256(type(int256).max);
    bytes32 internal constant TRANSFER = keccak256("Transfer(address,address,uint256)");
    Keys internal constant keys = Keys(address(vm));

    TriggerConditions internal triggers = new TriggerConditions();
    uint32[] internal dependencies = [uint32(0), 7];

    function node(Types.TriggerConditionType kind, bytes memory params) internal pure returns (bytes memory) {
        return abi.encode(kind, params);
    }

    function none() internal pure returns (bytes memory) {
        return node(NONE, "");
    }

    function nots(uint256 count) internal pure returns (bytes memory condition) {
        condition = none();
        for (; count != 0; --count) {
            condition = node(NOT, condition);
        }
    }

    function several(bytes memory item, uint256 count) internal pure returns (bytes[] memory items) {
        items = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            items[i] = item;
        }
    }

    function two(bytes memory first, bytes memory second) internal pure returns (bytes[] memory items) {
        items = new bytes[](2);
        (items[0], items[1]) = (first, second);
    }

    function signersOf(uint256 count) internal pure returns (address[] memory signers) {
        signers = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            signers[i] = address(uint160(i + 1));
        }
    }

    function multiSig(uint256 count, uint256 required) internal pure returns (bytes memory) {
        return node(MULTI_SIG, abi.encode(signersOf(count), required));
    }

    function chainEvent(bytes32[] memory topics) internal pure returns (bytes memory) {
        return node(EVENT, abi.encode(named("emitter"), topics));
    }

    function topicsOf(uint256 count) internal pure returns (bytes32[] memory topics) {
        topics = new bytes32[](count);
        for (uint256 i = 0; i < count; ++i) {
            topics[i] = i == 0 ? TRANSFER : bytes32(i);
        }
    }

    function word(int256 value) internal pure returns (bytes memory) {
        return abi.encode(value);
    }

    function outOfRange(bytes4 selector, uint256 maximum, uint256 actual) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(selector, maximum, actual);
    }

    /// @dev The word at an offset replaced.
    function withWord(bytes memory data, uint256 offset, uint256 value) internal pure returns (bytes memory changed) {
        changed = bytes.concat(data);
        assembly ("memory-safe") {
            mstore(add(add(changed, 0x20), offset), value)
        }
    }

    function cut(bytes memory data, uint256 length) internal pure returns (bytes memory shorter) {
        shorter = bytes.concat(data);
        assembly ("memory-safe") {
            mstore(shorter, length)
        }
    }
}
