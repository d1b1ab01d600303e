// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    ITriggerConditionsErrors as Errors,
    ITriggerConditionsTypes as Types
} from "../../src/interfaces/ITriggerConditions.sol";
import {Conditions} from "../support/Conditions.sol";

contract TriggerHoldsTest is Conditions {
    bytes private constant DATA_MALFORMED = abi.encodeWithSelector(Errors.TriggerDataMalformed.selector);
    bytes32 private constant DIGEST = keccak256("this attempt");
    uint256 private constant ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
    uint256 private constant SIGNERS = 32;

    /// @dev Secrets in the order of their addresses.
    uint256[] private secrets;

    function setUp() public {
        for (uint256 secret = 1; secret <= SIGNERS + 1; ++secret) {
            secrets.push(secret);
            for (uint256 i = secrets.length - 1; i != 0 && keys.addr(secrets[i - 1]) > keys.addr(secrets[i]); --i) {
                (secrets[i - 1], secrets[i]) = (secrets[i], secrets[i - 1]);
            }
        }
    }

    function _facts() private view returns (Types.Facts memory facts) {
        facts.timestamp = 1_000;
        facts.blockNumber = 100;
        facts.approvalDigest = DIGEST;
        facts.dependencies = dependencies;
        facts.results = two("", word(-5));
        facts.present = new bool[](2);
        facts.present[1] = true;
    }

    function _holds(bytes memory condition, bytes memory data) private view returns (bool answer) {
        answer = triggers.holds(condition, _facts(), data);
        vm.assertTrue(triggers.holds(node(NOT, condition), _facts(), data) != answer, "NOT says the opposite");
    }

    function _yes(bytes memory condition, bytes memory data) private view {
        vm.assertTrue(_holds(condition, data), "holds");
    }

    function _no(bytes memory condition, bytes memory data) private view {
        vm.assertTrue(!_holds(condition, data), "does not hold");
    }

    function _malformed(bytes memory condition, bytes memory data) private {
        Types.Facts memory facts = _facts();
        vm.expectRevert(DATA_MALFORMED);
        triggers.holds(condition, facts, data);
        vm.expectRevert(DATA_MALFORMED);
        triggers.holds(node(NOT, condition), facts, data);
        // Also beside one that decides.
        vm.expectRevert(DATA_MALFORMED);
        triggers.holds(node(ANY, abi.encode(two(none(), condition))), facts, abi.encode(two("", data)));
        vm.expectRevert(DATA_MALFORMED);
        triggers.holds(node(ALL, abi.encode(two(nots(1), condition))), facts, abi.encode(two("", data)));
    }

    function _badLengths(bytes memory condition, bytes memory data) private {
        _malformed(condition, cut(data, data.length - 1));
        _malformed(condition, cut(data, 31));
        _malformed(condition, bytes.concat(data, hex"00"));
        _malformed(condition, bytes.concat(data, new bytes(32)));
    }

    // ── Who asks ─────────────────────────────────────────────────────────────────────────────────────

    function test_refusesFactsThatDoNotFitTogether() external {
        Types.Facts memory facts = _facts();
        facts.results = several(word(1), 1);
        vm.expectRevert(abi.encodeWithSelector(Errors.TriggerFactsMismatch.selector, 2, 1, 2));
        triggers.holds(none(), facts, "");
        facts = _facts();
        facts.present = new bool[](3);
        vm.expectRevert(abi.encodeWithSelector(Errors.TriggerFactsMismatch.selector, 2, 2, 3));
        triggers.holds(none(), facts, "");
    }

    function test_refusesWhatCheckRefuses() external {
        Types.Facts memory facts = _facts();
        vm.expectRevert(Errors.TriggerMalformed.selector);
        triggers.holds("", facts, "");
        vm.expectRevert(abi.encodeWithSelector(Errors.TriggerTooDeep.selector, 4));
        triggers.holds(nots(4), facts, "");
        vm.expectRevert(outOfRange(Errors.TriggerRequiredOutOfRange.selector, 2, 3));
        triggers.holds(multiSig(2, 3), facts, "malformed");
        vm.expectRevert(abi.encodeWithSelector(Errors.TriggerUnknownDependency.selector, 1));
        triggers.holds(node(RESULT, abi.encode(uint32(1), uint8(0), int256(0))), facts, "");
    }

    // ── The chain's own facts ────────────────────────────────────────────────────────────────────────

    function test_noneHoldsWhateverTheData() external view {
        _yes(none(), "");
        _yes(none(), "anything");
    }

    function test_timeAndBlockHoldFromTheLimitOn() external view {
        _yes(node(TIME, abi.encode(uint256(1_000))), "");
        _no(node(TIME, abi.encode(uint256(1_001))), "anything");
        _no(node(TIME, abi.encode(type(uint256).max)), "");
        _yes(node(BLOCK, abi.encode(uint256(100))), "");
        _no(node(BLOCK, abi.encode(uint256(101))), "anything");
        _no(node(BLOCK, abi.encode(uint256(2 ** 64 + 100))), "");
    }

    function testFuzz_resultsCompareSixWays(int256 left, int256 right, bool same) external view {
        if (same) left = right;
        Types.Facts memory facts = _facts();
        facts.results[1] = word(left);
        bool[6] memory expected =
            [left == right, left != right, left < right, left <= right, left > right, left >= right];
        for (uint8 i = 0; i < 6; ++i) {
            bytes memory condition = node(RESULT, abi.encode(uint32(7), i, right));
            vm.assertTrue(triggers.holds(condition, facts, "") == expected[i], vm.toString(i));
        }
    }

    function test_resultsThatAreAbsentOrNoWordCompareToNothing() external view {
        for (uint8 i = 0; i < 6; ++i) {
            Types.Facts memory facts = _facts();
            vm.assertTrue(triggers.holds(_below(7), facts, ""), "there");
            facts.present[1] = false;
            vm.assertTrue(!triggers.holds(_compare(7, i), facts, ""), "absent");
            facts.present[1] = true;
            facts.results[1] = new bytes(31);
            vm.assertTrue(!triggers.holds(_compare(7, i), facts, ""), "31 bytes");
            facts.results[1] = new bytes(33);
            vm.assertTrue(!triggers.holds(_compare(7, i), facts, ""), "33 bytes");
            facts.results[1] = "";
            vm.assertTrue(!triggers.holds(_compare(7, i), facts, ""), "empty");
            vm.assertTrue(!triggers.holds(_compare(0, i), facts, ""), "the other dependency");
        }
    }

    function _compare(uint32 phaseIndex, uint8 comparison) private pure returns (bytes memory) {
        return node(RESULT, abi.encode(phaseIndex, comparison, int256(-1)));
    }

    function _below(uint32 phaseIndex) private pure returns (bytes memory) {
        return _compare(phaseIndex, uint8(Types.Comparison.LESS));
    }

    // ── Values ───────────────────────────────────────────────────────────────────────────────────────

    function testFuzz_pricesAreStrictlyAboveOrBelow(uint256 threshold, int256 price, bool atLimit) external view {
        threshold = bound(threshold, 0, MOST);
        if (atLimit) price = int256(threshold);
        bool above = _holds(node(PRICE, abi.encode(threshold, true)), word(price));
        bool below = _holds(node(PRICE, abi.encode(threshold, false)), word(price));
        vm.assertTrue(above == (price > int256(threshold)), "above");
        vm.assertTrue(below == (price < int256(threshold)), "below");
    }

    function testFuzz_valuesHoldWithinTheTolerance(uint256 expected, int256 value, uint256 tolerance) external view {
        expected = bound(expected, 0, MOST);
        uint256 distance = value < 0 ? expected + uint256(-(value + 1)) + 1 : uint256(value);
        if (value >= 0) distance = distance > expected ? distance - expected : expected - distance;
        bool answer = _holds(node(ORACLE, abi.encode(expected, tolerance)), word(value));
        vm.assertTrue(answer == (distance <= tolerance), "within");
        _yes(node(ORACLE, abi.encode(expected, distance)), word(value));
        if (distance != 0) _no(node(ORACLE, abi.encode(expected, distance - 1)), word(value));
    }

    function test_valuesHoldAtTheEndsOfInt256() external view {
        _yes(node(ORACLE, abi.encode(MOST, type(uint256).max)), word(type(int256).min));
        _no(node(ORACLE, abi.encode(MOST, type(uint256).max - 1)), word(type(int256).min));
        _yes(node(ORACLE, abi.encode(uint256(0), uint256(2 ** 255))), word(type(int256).min));
        _no(node(ORACLE, abi.encode(uint256(0), MOST)), word(type(int256).min));
        _yes(node(ORACLE, abi.encode(uint256(0), MOST)), word(type(int256).max));
        _no(node(ORACLE, abi.encode(uint256(0), MOST - 1)), word(type(int256).max));
        _no(node(PRICE, abi.encode(MOST, true)), word(type(int256).max));
        _yes(node(PRICE, abi.encode(uint256(0), false)), word(type(int256).min));
    }

    function test_valuesAreOneWord() external {
        bytes memory price = node(PRICE, abi.encode(uint256(5), true));
        bytes memory value = node(ORACLE, abi.encode(uint256(5), uint256(5)));
        _no(price, "");
        _no(value, "");
        _no(node(PRICE, abi.encode(uint256(5), false)), "");
        _badLengths(price, word(6));
        _badLengths(value, word(6));
    }

    function testFuzz_dataIsKnownByItsHash(bytes memory data, bytes memory other) external view {
        bytes memory condition = node(HASH, abi.encode(keccak256(data)));
        _yes(condition, data);
        if (keccak256(other) != keccak256(data)) _no(condition, other);
    }

    function test_dataMayBeEmptyToo() external view {
        _yes(node(HASH, abi.encode(keccak256(""))), "");
        _no(node(HASH, abi.encode(keccak256("a"))), "");
    }

    // ── Approvals ────────────────────────────────────────────────────────────────────────────────────

    function _signature(uint256 secret, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = keys.sign(secret, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev Of the first `count` in order of address, from the highest down, so that order in the list is no help.
    function _approvedBy(uint256 count, uint256 required) private view returns (bytes memory) {
        address[] memory signers = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            signers[i] = keys.addr(secrets[count - 1 - i]);
        }
        return node(MULTI_SIG, abi.encode(signers, required));
    }

    function _approvals(uint256 count) private view returns (bytes[] memory signatures) {
        signatures = new bytes[](count);
        for (uint256 i = 0; i < count; ++i) {
            signatures[i] = _signature(secrets[i], DIGEST);
        }
    }

    function test_approvalsOfEnoughSignersHold() external view {
        for (uint256 given = 1; given <= 5; ++given) {
            for (uint256 required = 1; required <= 5; ++required) {
                bool answer = _holds(_approvedBy(5, required), abi.encode(_approvals(given)));
                vm.assertTrue(answer == (given >= required), "enough");
            }
        }
        _no(_approvedBy(5, 1), "");
        _no(_approvedBy(5, 1), abi.encode(new bytes[](0)));
        _yes(_approvedBy(32, 32), abi.encode(_approvals(32)));
    }

    function test_approvalsCountOnceAndInOrder() external view {
        bytes[] memory signatures = _approvals(3);
        (signatures[1], signatures[2]) = (signatures[2], signatures[1]);
        _no(_approvedBy(5, 1), abi.encode(signatures));
        signatures[1] = signatures[0];
        _no(_approvedBy(5, 1), abi.encode(signatures));
        _no(_approvedBy(5, 2), abi.encode(two(signatures[0], signatures[0])));
    }

    function test_oneApprovalOfSomebodyElseSpoilsAll() external view {
        bytes[] memory signatures = _approvals(3);
        _yes(_approvedBy(3, 2), abi.encode(signatures));
        _no(_approvedBy(2, 2), abi.encode(signatures));
        signatures[2] = _signature(secrets[2], keccak256("another attempt"));
        _no(_approvedBy(3, 2), abi.encode(signatures));
    }

    function testFuzz_everySignerHasOneSignature(uint256 which) external view {
        which = bound(which, 0, 7);
        (uint8 v, bytes32 r, bytes32 s) = keys.sign(secrets[0], DIGEST);
        _yes(_approvedBy(1, 1), abi.encode(several(abi.encodePacked(r, s, v), 1)));
        if (which == 0) (v, s) = (55 - v, bytes32(ORDER - uint256(s)));
        if (which == 1) v -= 27;
        if (which == 2) v += 2;
        if (which == 3) v = 55 - v;
        if (which == 4) r = 0;
        if (which == 5) s = 0;
        if (which == 6) r = bytes32(ORDER);
        if (which == 7) r = bytes32(type(uint256).max);
        _no(_approvedBy(1, 1), abi.encode(several(abi.encodePacked(r, s, v), 1)));
    }

    function test_approvalsHaveTheirShape() external {
        bytes memory condition = _approvedBy(32, 1);
        bytes[] memory signatures = _approvals(2);
        _badLengths(condition, abi.encode(signatures));
        signatures[1] = cut(signatures[1], 64);
        _malformed(condition, abi.encode(signatures));
        signatures[1] = bytes.concat(_approvals(2)[1], hex"00");
        _malformed(condition, abi.encode(signatures));
        signatures[1] = "";
        _malformed(condition, abi.encode(signatures));
        _malformed(condition, abi.encode(several(signatures[0], 33)));
        // An offset that Solidity would follow: both in one place.
        bytes memory data = abi.encode(_approvals(2));
        _malformed(condition, withWord(data, 96, 64));
        // A byte where padding should be.
        data[data.length - 1] = 0x01;
        _malformed(condition, data);
    }

    // ── Events ───────────────────────────────────────────────────────────────────────────────────────

    function _log(address emitter, bytes32[] memory topics) private pure returns (bytes memory) {
        return abi.encode(emitter, topics, bytes("whatever it says"));
    }

    function test_eventsMatchByEmitterAndTopics() external view {
        address emitter = named("emitter");
        _yes(chainEvent(topicsOf(2)), _log(emitter, topicsOf(2)));
        _yes(chainEvent(topicsOf(2)), _log(emitter, topicsOf(4)));
        _yes(chainEvent(topicsOf(2)), abi.encode(emitter, topicsOf(2), bytes("")));
        _no(chainEvent(topicsOf(2)), _log(emitter, topicsOf(1)));
        _no(chainEvent(topicsOf(2)), _log(emitter, topicsOf(0)));
        _no(chainEvent(topicsOf(2)), _log(named("stranger"), topicsOf(2)));
        _no(chainEvent(topicsOf(2)), "");
        for (uint256 i = 0; i < 4; ++i) {
            bytes32[] memory topics = topicsOf(4);
            topics[i] = keccak256("another");
            _no(chainEvent(topicsOf(4)), _log(emitter, topics));
        }
    }

    function test_zeroInAFilterIsAnyButMustBeThere() external view {
        bytes32[] memory filter = topicsOf(3);
        filter[1] = 0;
        filter[2] = 0;
        bytes32[] memory topics = topicsOf(3);
        topics[1] = keccak256("anything");
        _yes(chainEvent(filter), _log(named("emitter"), topics));
        _no(chainEvent(filter), _log(named("emitter"), topicsOf(2)));
        // In a log a zero is a zero.
        topics[1] = 0;
        _no(chainEvent(topicsOf(3)), _log(named("emitter"), topics));
    }

    function test_logsHaveTheirShape() external {
        bytes memory condition = chainEvent(topicsOf(1));
        bytes memory log = _log(named("emitter"), topicsOf(1));
        _badLengths(condition, log);
        _malformed(condition, _log(named("emitter"), topicsOf(5)));
        _malformed(condition, withWord(log, 0, 2 ** 160));
        _malformed(condition, withWord(log, 32, 128));
        _malformed(condition, withWord(log, 64, 96));
        _malformed(condition, withWord(log, 96, type(uint256).max));
        _malformed(condition, withWord(log, 160, type(uint256).max));
        log[log.length - 1] = 0x01;
        _malformed(condition, log);
        // Also of somebody else's log.
        _malformed(condition, cut(_log(named("stranger"), topicsOf(1)), 100));
    }

    // ── Combinations ─────────────────────────────────────────────────────────────────────────────────

    function testFuzz_allAndAnyAreLogic(uint8 mask, uint256 count) external view {
        count = bound(count, 1, 8);
        bytes[] memory children = several(node(TIME, abi.encode(type(uint256).max)), count);
        bytes[] memory datas = several("", count);
        uint256 holding = 0;
        for (uint256 i = 0; i < count; ++i) {
            if (mask >> i & 1 == 1) {
                children[i] = none();
                ++holding;
            }
        }
        vm.assertTrue(_all(children, datas) == (holding == count), "ALL");
        vm.assertTrue(_any(children, datas) == (holding != 0), "ANY");
    }

    function _all(bytes[] memory children, bytes[] memory datas) private view returns (bool) {
        // Without the opposite, which would be of 17 conditions.
        return triggers.holds(node(ALL, abi.encode(children)), _facts(), abi.encode(datas));
    }

    function _any(bytes[] memory children, bytes[] memory datas) private view returns (bool) {
        return triggers.holds(node(ANY, abi.encode(children)), _facts(), abi.encode(datas));
    }

    function test_childrenAreJudgedEachByItsOwnData() external view {
        bytes[] memory both = two(node(PRICE, abi.encode(uint256(5), true)), node(PRICE, abi.encode(uint256(5), false)));
        _yes(node(ALL, abi.encode(both)), abi.encode(two(word(6), word(4))));
        _no(node(ANY, abi.encode(both)), abi.encode(two(word(4), word(6))));
        _no(node(ANY, abi.encode(both)), abi.encode(two("", "")));
        bytes memory inner = node(ALL, abi.encode(both));
        _yes(node(ANY, abi.encode(two(nots(1), inner))), abi.encode(two("", abi.encode(two(word(6), word(4))))));
    }

    function test_dataIsOnePerChild() external {
        bytes memory pair = node(ALL, abi.encode(two(none(), none())));
        _yes(pair, abi.encode(two("", "ignored")));
        _malformed(pair, "");
        _malformed(pair, abi.encode(new bytes[](0)));
        _malformed(pair, abi.encode(several("", 1)));
        _malformed(pair, abi.encode(several("", 3)));
        _malformed(pair, cut(abi.encode(two("", "")), 64));
        _malformed(pair, withWord(abi.encode(two("", "")), 96, 64));
        _malformed(pair, bytes.concat(abi.encode(two("", "")), new bytes(32)));
    }

    // ── What it costs ────────────────────────────────────────────────────────────────────────────────

    function test_gas_isBounded() external view {
        _costs(node(PRICE, abi.encode(uint256(5), true)), word(6), 20_000);
        _costs(_approvedBy(32, 32), abi.encode(_approvals(32)), 400_000);
        bytes memory widest = node(ALL, abi.encode(several(nots(2), 5)));
        _costs(widest, abi.encode(several("", 5)), 120_000);
    }

    function _costs(bytes memory condition, bytes memory data, uint256 most) private view {
        Types.Facts memory facts = _facts();
        uint256 before = gasleft();
        bool answer = triggers.holds(condition, facts, data);
        uint256 used = before - gasleft();
        vm.assertTrue(answer, "holds");
        vm.assertTrue(used <= most, vm.toString(used));
    }
}
