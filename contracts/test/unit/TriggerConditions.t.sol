// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    ITriggerConditionsErrors as Errors,
    ITriggerConditionsTypes as Types
} from "../../src/interfaces/ITriggerConditions.sol";
import {Conditions} from "../support/Conditions.sol";

contract TriggerConditionsTest is Conditions {
    bytes private constant MALFORMED = abi.encodeWithSelector(Errors.TriggerMalformed.selector);

    function _takes(bytes memory condition) private view {
        triggers.check(condition, dependencies);
    }

    function _refuses(bytes memory condition, bytes memory answer) private {
        vm.expectRevert(answer);
        triggers.check(condition, dependencies);
        // Whatever it is within answers the same.
        vm.expectRevert(answer);
        triggers.check(node(NOT, condition), dependencies);
        vm.expectRevert(answer);
        triggers.check(node(ANY, abi.encode(two(none(), condition))), dependencies);
    }

    function test_takesThePriceTriggerOfTheVectors() external view {
        string memory vectors = vm.readFile("../tests/conformance/data/seed_workflow_encodings.json");
        bytes memory expected = vm.parseJsonBytes(vectors, ".price_trigger.encoded");
        vm.assertEq(node(PRICE, abi.encode(uint256(5_000), true)), expected, "encoding");
        _takes(expected);
    }

    function _last() private pure returns (address[] memory signers) {
        signers = new address[](1);
        signers[0] = address(type(uint160).max);
    }

    function test_takesEveryTypeAtItsLimits() external view {
        _takes(none());
        _takes(node(PRICE, abi.encode(MOST, false)));
        _takes(node(TIME, abi.encode(type(uint256).max)));
        _takes(node(HASH, abi.encode(bytes32(0))));
        _takes(multiSig(1, 1));
        _takes(multiSig(32, 1));
        _takes(multiSig(32, 32));
        _takes(node(MULTI_SIG, abi.encode(_last(), 1)));
        _takes(node(ORACLE, abi.encode(MOST, type(uint256).max)));
        _takes(node(BLOCK, abi.encode(uint256(0))));
        _takes(node(RESULT, abi.encode(uint32(7), Types.Comparison.AT_LEAST, type(int256).min)));
        _takes(chainEvent(topicsOf(1)));
        _takes(chainEvent(topicsOf(4)));
        _takes(node(EVENT, abi.encode(address(type(uint160).max), topicsOf(1))));
        _takes(node(ALL, abi.encode(several(none(), 1))));
        _takes(node(ANY, abi.encode(several(none(), 8))));
        _takes(nots(3));
        _takes(node(ALL, abi.encode(several(nots(2), 5))));
    }

    function test_refusesMoreBytes() external {
        bytes memory largest = node(ALL, abi.encode(two(multiSig(32, 1), multiSig(11, 1))));
        vm.assertEq(largest.length, triggers.MAX_CONDITION_BYTES(), "bytes");
        _takes(largest);
        vm.expectRevert(outOfRange(Errors.TriggerTooLarge.selector, 2_048, 2_080));
        triggers.check(node(ALL, abi.encode(two(multiSig(32, 1), multiSig(12, 1)))), dependencies);
        vm.expectRevert(outOfRange(Errors.TriggerTooLarge.selector, 2_048, 2_049));
        triggers.check(bytes.concat(largest, hex"00"), dependencies);
    }

    function test_refusesMoreDepth() external {
        vm.expectRevert(abi.encodeWithSelector(Errors.TriggerTooDeep.selector, 4));
        triggers.check(nots(4), dependencies);
        // What is there is not opened.
        bytes memory condition = "nothing";
        for (uint256 i = 0; i < 4; ++i) {
            condition = node(ALL, abi.encode(several(condition, 1)));
        }
        vm.expectRevert(abi.encodeWithSelector(Errors.TriggerTooDeep.selector, 4));
        triggers.check(condition, dependencies);
    }

    function test_refusesMoreConditions() external {
        bytes[] memory children = several(nots(2), 6);
        children[5] = "";
        vm.expectRevert(abi.encodeWithSelector(Errors.TriggerTooManyConditions.selector, 16));
        triggers.check(node(ALL, abi.encode(children)), dependencies);
    }

    function test_refusesUnknownTypes() external {
        _refuses(abi.encode(uint8(12), bytes("")), abi.encodeWithSelector(Errors.TriggerUnknownType.selector, 12));
        _refuses(abi.encode(uint8(255), bytes("")), abi.encodeWithSelector(Errors.TriggerUnknownType.selector, 255));
        _refuses(abi.encode(uint256(256), bytes("")), MALFORMED);
    }

    function test_refusesOtherNumbersOfChildren() external {
        bytes4 selector = Errors.TriggerChildrenOutOfRange.selector;
        _refuses(node(ALL, abi.encode(new bytes[](0))), outOfRange(selector, 8, 0));
        _refuses(node(ANY, abi.encode(several(none(), 9))), outOfRange(selector, 8, 9));
    }

    function test_refusesValuesThatNoInt256CanReach() external {
        bytes memory answer = outOfRange(Errors.TriggerValueOutOfRange.selector, MOST, MOST + 1);
        _refuses(node(PRICE, abi.encode(MOST + 1, true)), answer);
        _refuses(node(ORACLE, abi.encode(MOST + 1, uint256(0))), answer);
    }

    function test_refusesOtherSigners() external {
        _refuses(multiSig(0, 0), outOfRange(Errors.TriggerSignersOutOfRange.selector, 32, 0));
        _refuses(multiSig(33, 1), outOfRange(Errors.TriggerSignersOutOfRange.selector, 32, 33));
        _refuses(multiSig(3, 0), outOfRange(Errors.TriggerRequiredOutOfRange.selector, 3, 0));
        _refuses(multiSig(3, 4), outOfRange(Errors.TriggerRequiredOutOfRange.selector, 3, 4));
        address[] memory signers = new address[](3);
        (signers[0], signers[2]) = (named("one"), named("one"));
        _refuses(node(MULTI_SIG, abi.encode(signers, 1)), abi.encodeWithSelector(Errors.TriggerZeroSigner.selector));
        signers[1] = named("two");
        bytes memory twice = abi.encodeWithSelector(Errors.TriggerDuplicateSigner.selector, named("one"));
        _refuses(node(MULTI_SIG, abi.encode(signers, 1)), twice);
    }

    function test_refusesUnknownComparisonsAndDependencies() external {
        bytes memory unknown = abi.encodeWithSelector(Errors.TriggerUnknownComparison.selector, 6);
        _refuses(node(RESULT, abi.encode(uint32(7), uint8(6), int256(0))), unknown);
        unknown = abi.encodeWithSelector(Errors.TriggerUnknownComparison.selector, 255);
        _refuses(node(RESULT, abi.encode(uint32(7), uint8(255), int256(0))), unknown);
        bytes memory stranger = abi.encodeWithSelector(Errors.TriggerUnknownDependency.selector, type(uint32).max);
        _refuses(node(RESULT, abi.encode(type(uint32).max, uint8(0), int256(0))), stranger);
        stranger = abi.encodeWithSelector(Errors.TriggerUnknownDependency.selector, 1);
        _refuses(node(RESULT, abi.encode(uint32(1), uint8(0), int256(0))), stranger);
        vm.expectRevert(abi.encodeWithSelector(Errors.TriggerUnknownDependency.selector, 7));
        triggers.check(node(RESULT, abi.encode(uint32(7), uint8(0), int256(0))), new uint32[](0));
    }

    function test_refusesOtherTopics() external {
        _refuses(chainEvent(topicsOf(0)), outOfRange(Errors.TriggerTopicsOutOfRange.selector, 4, 0));
        _refuses(chainEvent(topicsOf(5)), outOfRange(Errors.TriggerTopicsOutOfRange.selector, 4, 5));
        bytes32[] memory topics = topicsOf(2);
        topics[0] = 0;
        _refuses(chainEvent(topics), abi.encodeWithSelector(Errors.TriggerTopicZero.selector));
    }

    function test_refusesWordsBeyondTheirType() external {
        _refuses(node(PRICE, abi.encode(uint256(1), uint256(2))), MALFORMED);
        _refuses(node(RESULT, abi.encode(uint256(2 ** 32), uint8(0), int256(0))), MALFORMED);
        _refuses(node(RESULT, abi.encode(uint32(0), uint256(256), int256(0))), MALFORMED);
        _refuses(node(EVENT, withWord(abi.encode(named("emitter"), topicsOf(1)), 0, 2 ** 160)), MALFORMED);
        uint256[] memory signers = new uint256[](33);
        // Shape before sense: also of a list that is too long.
        signers[32] = 2 ** 160;
        _refuses(node(MULTI_SIG, abi.encode(signers, 1)), MALFORMED);
    }

    function test_refusesParamsOfOtherLengths() external {
        Types.TriggerConditionType[6] memory kinds = [NONE, PRICE, TIME, HASH, ORACLE, RESULT];
        uint256[6] memory lengths = [uint256(0), 64, 32, 32, 64, 96];
        for (uint256 i = 0; i < kinds.length; ++i) {
            _refuses(node(kinds[i], new bytes(lengths[i] + 1)), MALFORMED);
            _refuses(node(kinds[i], new bytes(lengths[i] + 32)), MALFORMED);
            if (lengths[i] != 0) _refuses(node(kinds[i], new bytes(lengths[i] - 32)), MALFORMED);
        }
        _refuses(node(NOT, ""), MALFORMED);
        _refuses(node(ALL, ""), MALFORMED);
        _refuses("", MALFORMED);
    }

    function test_refusesEveryPartAndEveryRemainder() external {
        bytes[4] memory conditions = [
            node(PRICE, abi.encode(uint256(5), true)),
            multiSig(2, 1),
            chainEvent(topicsOf(2)),
            node(ALL, abi.encode(two(none(), node(TIME, abi.encode(uint256(9))))))
        ];
        for (uint256 i = 0; i < conditions.length; ++i) {
            for (uint256 length = 0; length < conditions[i].length; length += i == 3 ? 1 : 16) {
                vm.expectRevert(MALFORMED);
                triggers.check(cut(conditions[i], length), dependencies);
            }
            vm.expectRevert(MALFORMED);
            triggers.check(bytes.concat(conditions[i], hex"00"), dependencies);
            vm.expectRevert(MALFORMED);
            triggers.check(bytes.concat(conditions[i], new bytes(32)), dependencies);
        }
    }

    function test_refusesRemaindersWithinParams() external {
        bytes[2] memory remainders = [bytes(hex"00"), new bytes(32)];
        for (uint256 i = 0; i < remainders.length; ++i) {
            _refuses(node(MULTI_SIG, bytes.concat(abi.encode(signersOf(1), 1), remainders[i])), MALFORMED);
            _refuses(node(EVENT, bytes.concat(abi.encode(named("emitter"), topicsOf(1)), remainders[i])), MALFORMED);
            _refuses(node(ANY, bytes.concat(abi.encode(several(none(), 2)), remainders[i])), MALFORMED);
            _refuses(node(NOT, bytes.concat(none(), remainders[i])), MALFORMED);
        }
    }

    function test_refusesOffsetsThatSolidityWouldFollow() external {
        bytes memory twins = abi.encode(two(none(), none()));
        _takes(node(ALL, twins));
        // Both children in one place; and the same with nothing left over.
        _refuses(node(ALL, withWord(twins, 96, 64)), MALFORMED);
        _refuses(node(ALL, cut(withWord(twins, 96, 64), twins.length - 128)), MALFORMED);
        // Swapped.
        _refuses(node(ALL, withWord(withWord(twins, 96, 64), 64, 192)), MALFORMED);
        // Any other offset, though what follows is where it should be.
        _refuses(withWord(none(), 32, 96), MALFORMED);
        _refuses(node(ALL, withWord(twins, 0, 64)), MALFORMED);
        _refuses(node(MULTI_SIG, withWord(abi.encode(new address[](1), 1), 0, 96)), MALFORMED);
        _refuses(node(EVENT, withWord(abi.encode(named("emitter"), topicsOf(1)), 32, 96)), MALFORMED);
        // A gap before the content.
        bytes memory gap = abi.encode(NONE, uint256(96), uint256(0), uint256(0));
        _refuses(gap, MALFORMED);
        _refuses(node(ALL, bytes.concat(abi.encode(uint256(64)), twins)), MALFORMED);
        // Lengths that would overflow.
        uint256[3] memory lengths = [type(uint256).max, type(uint256).max - 31, uint256(2 ** 255)];
        for (uint256 i = 0; i < lengths.length; ++i) {
            _refuses(withWord(none(), 64, lengths[i]), MALFORMED);
            _refuses(node(ALL, withWord(twins, 32, lengths[i])), MALFORMED);
            _refuses(node(MULTI_SIG, withWord(abi.encode(new address[](1), 1), 64, lengths[i])), MALFORMED);
        }
    }

    function test_answersTheOuterAndTheLeftFirst() external {
        bytes memory unknown = abi.encode(uint8(12), bytes(""));
        bytes memory stranger = node(RESULT, abi.encode(uint32(1), uint8(0), int256(0)));
        _refuses(
            node(ALL, abi.encode(two(stranger, unknown))),
            abi.encodeWithSelector(Errors.TriggerUnknownDependency.selector, 1)
        );
        _refuses(
            node(ALL, abi.encode(two(unknown, stranger))),
            abi.encodeWithSelector(Errors.TriggerUnknownType.selector, 12)
        );
        bytes memory params = abi.encode(two(unknown, "odd"));
        _refuses(node(ALL, withWord(params, params.length - 32, 1)), MALFORMED);
        _refuses(
            node(ALL, abi.encode(several(unknown, 9))), outOfRange(Errors.TriggerChildrenOutOfRange.selector, 8, 9)
        );
    }

    function testFuzz_neverRevertsWithoutAReason(bytes memory condition) external view {
        _answers(condition);
    }

    function testFuzz_aFlippedBitNeverRevertsWithoutAReason(uint256 index, uint8 bit) external view {
        bytes memory condition = node(ALL, abi.encode(two(multiSig(2, 1), chainEvent(topicsOf(3)))));
        index = bound(index, 0, condition.length - 1);
        condition[index] ^= bytes1(uint8(1) << (bit % 8));
        _answers(condition);
    }

    function _answers(bytes memory condition) private view {
        (bool success, bytes memory data) =
            address(triggers).staticcall(abi.encodeCall(triggers.check, (condition, dependencies)));
        bytes4 panic = 0x4e487b71;
        vm.assertTrue(success || (data.length >= 4 && bytes4(data) != panic), "a reason");
    }
}
