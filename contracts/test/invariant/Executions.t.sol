// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import {Test} from "../support/Test.sol";
import {Anybody} from "./Anybody.sol";

/// @notice Whatever anybody does, in whatever order.
/// forge-config: default.invariant.runs = 24
/// forge-config: default.invariant.depth = 80
contract ExecutionsInvariant is Test {
    Anybody private anybody;

    function setUp() public {
        anybody = new Anybody();
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(anybody);
    }

    /// @dev Of every execution, at every moment: statuses, attempts, deadlines, inputs and results are the model's, and
    ///      while it runs, something is open.
    function invariant_everyExecutionIsAsModelled_andNoneIsStuck() external view {
        for (uint256 i = 0; i < anybody.executionCount(); ++i) {
            anybody.assertAsModelled(anybody.executions(i));
            anybody.assertAlive(anybody.executions(i));
        }
    }
}

/// @notice One long story, the same each time, in which everything happens that the model knows of.
/// @dev The campaigns above look further, and can't promise what they meet.
contract ExecutionsStory is Test {
    uint256 private constant STEPS = 2_500;
    Anybody private anybody;

    function setUp() public {
        anybody = new Anybody();
    }

    function test_everythingHappens_asModelled() external {
        for (uint256 i = 0; i < STEPS; ++i) {
            uint256 seed = uint256(keccak256(abi.encode("a long story", i)));
            _act(seed, seed >> 128);
            bytes32 id = anybody.executions(i % anybody.executionCount());
            anybody.assertAsModelled(id);
            anybody.assertAlive(id);
        }
        string[17] memory everything = [
            "completed",
            "completed by ECDSA keys",
            "failed",
            "cancelled",
            "past the execution's own deadline",
            "triggered",
            "a triggered phase failed",
            "another attempt",
            "another attempt of a triggered phase",
            "could not start",
            "could not start again",
            "skipped",
            "given up",
            "fell back",
            "a fallback completed",
            "a fallback skipped",
            "a fallback given up"
        ];
        for (uint256 i = 0; i < everything.length; ++i) {
            vm.assertTrue(anybody.counts(everything[i]) != 0, everything[i]);
        }
        vm.assertTrue(anybody.counts("a fallback fell back") != 0, "a fallback fell back");
    }

    function _act(uint256 seed, uint256 more) private {
        uint256 action = seed % 24;
        uint32 phase = uint32(more % 7);
        bool aside = more % 16 == 0;
        if (action == 0) anybody.draft(more);
        else if (action <= 3) anybody.start(more, abi.encode(more));
        else if (action <= 8) anybody.answer(more, phase, uint32(more >> 8), uint16(more >> 16));
        else if (action <= 12) anybody.giveUp(more, phase);
        else if (action <= 15) anybody.open(more, phase, abi.encodePacked(more), aside);
        else if (action == 16) anybody.abandon(more, aside);
        else if (action <= 21) anybody.wait_(more);
        else if (action == 22) anybody.spoilOrMend(more, seed >> 64 & 1 == 0);
        else anybody.pauseOrNot(aside ? 0 : 1);
    }
}
