// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Reads what `abi.encode` wrote, and nothing else
/// @notice Solidity's own decoder takes many byte strings for one value, and answers others without a reason. This one
///         takes exactly one, so that whoever reads strictly elsewhere agrees on every byte string, and refuses with the
///         caller's error.
/// @dev A cursor is an offset in `data` at which the next dynamic value must begin. `refusal` is the selector of an error
///      without fields.
library StrictAbi {
    uint256 internal constant WORD = 32;

    /// @notice Reverts with `refusal` unless the condition is met.
    function demand(bool met, bytes4 refusal) internal pure {
        if (met) return;
        assembly ("memory-safe") {
            mstore(0, refusal)
            revert(0, 4)
        }
    }

    /// @notice The word at an offset.
    function wordAt(bytes calldata data, uint256 offset, bytes4 refusal) internal pure returns (uint256 word) {
        demand(offset + WORD <= data.length, refusal);
        assembly ("memory-safe") {
            word := calldataload(add(data.offset, offset))
        }
    }

    /// @notice The word at an offset, if it is an address.
    function addressAt(bytes calldata data, uint256 offset, bytes4 refusal) internal pure returns (address) {
        uint256 word = wordAt(data, offset, refusal);
        demand(word <= type(uint160).max, refusal);
        return address(uint160(word));
    }

    /// @notice The `bytes` at a cursor, and the cursor behind them.
    function bytesAt(bytes calldata data, uint256 cursor, bytes4 refusal)
        internal
        pure
        returns (bytes calldata content, uint256 end)
    {
        uint256 length = wordAt(data, cursor, refusal);
        uint256 start = cursor + WORD;
        demand(length <= data.length - start, refusal);
        content = data[start:start + length];
        uint256 rest = length % WORD;
        end = start + length;
        if (rest != 0) {
            end += WORD - rest;
            demand(wordAt(data, end - WORD, refusal) << (8 * rest) == 0, refusal);
        }
    }

    /// @notice The list of single words at a cursor, and the cursor behind it.
    function wordsAt(bytes calldata data, uint256 cursor, bytes4 refusal)
        internal
        pure
        returns (bytes32[] calldata words, uint256 end)
    {
        uint256 count = wordAt(data, cursor, refusal);
        uint256 start = cursor + WORD;
        demand(count <= (data.length - start) / WORD, refusal);
        end = start + count * WORD;
        assembly ("memory-safe") {
            words.offset := add(data.offset, start)
            words.length := count
        }
    }

    /// @notice The items, where all of `data` is `abi.encode(bytes[])`.
    function asList(bytes calldata data, bytes4 refusal) internal pure returns (bytes[] calldata items) {
        demand(wordAt(data, 0, refusal) == WORD, refusal);
        uint256 count = wordAt(data, WORD, refusal);
        uint256 start = 2 * WORD;
        demand(count <= (data.length - start) / WORD, refusal);
        uint256 cursor = start + count * WORD;
        for (uint256 i = 0; i < count; ++i) {
            demand(wordAt(data, start + i * WORD, refusal) == cursor - start, refusal);
            (, cursor) = bytesAt(data, cursor, refusal);
        }
        demand(cursor == data.length, refusal);
        assembly ("memory-safe") {
            items.offset := add(data.offset, start)
            items.length := count
        }
    }
}
