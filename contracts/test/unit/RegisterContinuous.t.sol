// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {
    IWorkflowStateMachineErrors as Errors,
    IWorkflowStateMachineTypes as Types
} from "../../src/interfaces/IWorkflowStateMachine.sol";
import {Flows} from "../support/Flows.sol";

/// @notice Which CONTINUOUS phases can be.
contract RegisterContinuousTest is Flows {
    uint256 private constant MAX_TICKS = 168;
    uint256 private constant MAX_INTERVAL = 7 days;

    function setUp() public {
        setUpFlows();
    }

    function _phase(uint32 timeout, bytes memory metadata) private pure returns (Types.PhaseDefinition[] memory) {
        Types.PhaseDefinition memory phase = continuous("watch", 1, 1);
        (phase.timeout, phase.metadata) = (timeout, metadata);
        return one(phase);
    }

    function _refuses(uint32 timeout, bytes memory metadata, bytes memory error_) private {
        vm.expectRevert(error_);
        machine.registerWorkflow("series", _phase(timeout, metadata), new address[](0));
    }

    function _takes(uint32 timeout, bytes memory metadata) private {
        machine.registerWorkflow("series", _phase(timeout, metadata), new address[](0));
    }

    /// @dev Against another way to count: one tick after the other.
    function testFuzz_takesExactlyThePlansWhoseTicksFit(uint256 interval, uint256 updates, uint32 timeout) external {
        interval = interval % 8 == 0 ? interval : bound(interval, 0, 2 hours);
        updates = updates % 8 == 0 ? updates : bound(updates, 0, MAX_TICKS + 3);
        timeout = uint32(bound(timeout, 1, 1 days));
        bytes memory metadata = abi.encode(interval, updates);
        if (interval == 0 || interval > MAX_INTERVAL) {
            _refuses(
                timeout, metadata, abi.encodeWithSelector(Errors.IntervalOutOfRange.selector, 0, MAX_INTERVAL, interval)
            );
            return;
        }
        uint256 due = 0;
        while (due <= MAX_TICKS && due * interval < timeout) {
            ++due;
        }
        if (updates > MAX_TICKS || (updates == 0 && due > MAX_TICKS)) {
            vm.expectPartialRevert(Errors.TooManyTicks.selector);
        } else if (updates > due) {
            vm.expectRevert(abi.encodeWithSelector(Errors.TicksDoNotFit.selector, 0, timeout, (updates - 1) * interval));
        }
        _takes(timeout, metadata);
    }

    function test_aWeekOfHoursJustFits() external {
        _takes(7 days, abi.encode(1 hours, 168));
        _takes(7 days, abi.encode(1 hours, 0));
        _takes(168, abi.encode(1, 0));
        _refuses(169, abi.encode(1, 0), abi.encodeWithSelector(Errors.TooManyTicks.selector, 0, 168, 169));
        _refuses(600, abi.encode(1, 169), abi.encodeWithSelector(Errors.TooManyTicks.selector, 0, 168, 169));
    }

    function test_theLastTickIsDueBeforeTheDeadline() external {
        _takes(101, abi.encode(10, 11));
        _refuses(100, abi.encode(10, 11), abi.encodeWithSelector(Errors.TicksDoNotFit.selector, 0, 100, 100));
    }

    function test_theLongestIntervalHasOneTick() external {
        _takes(7 days, abi.encode(7 days, 1));
        _takes(7 days, abi.encode(7 days, 0));
        _refuses(
            7 days, abi.encode(7 days, 2), abi.encodeWithSelector(Errors.TicksDoNotFit.selector, 0, 7 days, 7 days)
        );
    }

    function testFuzz_takesAReducersName(string memory reducer) external {
        vm.assume(bytes(reducer).length <= 800);
        _takes(600, abi.encode(60, 10, reducer));
    }

    function testFuzz_refusesWhatAbiEncodeNeverGives(bytes memory reducer, uint256 bit) external {
        vm.assume(reducer.length <= 64);
        bytes memory metadata = abi.encode(60, 10, reducer);
        uint256 content = 128 + reducer.length;
        bytes memory malformed = abi.encodeWithSelector(Errors.ContinuousMetadataMalformed.selector, 0);
        // In the offset, in the length, or in the padding.
        bit = bound(bit, 512, metadata.length * 8 - 1);
        vm.assume(bit < 1024 || bit >= content * 8);
        metadata[bit / 8] ^= bytes1(uint8(128 >> (bit % 8)));
        _refuses(600, metadata, malformed);
    }

    function test_refusesOtherLengths() external {
        uint256[7] memory lengths = [uint256(0), 32, 63, 65, 96, 127, 129];
        for (uint256 i = 0; i < 7; ++i) {
            bytes memory malformed = abi.encodeWithSelector(Errors.ContinuousMetadataMalformed.selector, 0);
            _refuses(600, new bytes(lengths[i]), malformed);
        }
        bytes memory longer = bytes.concat(abi.encode(60, 10, "median"), bytes32(0));
        _refuses(600, longer, abi.encodeWithSelector(Errors.ContinuousMetadataMalformed.selector, 0));
    }

    function test_anotherTypesMetadataIsItsOwn() external {
        Types.PhaseDefinition memory phase = coordination("agree");
        phase.metadata = "anything";
        registered(one(phase));
    }
}
