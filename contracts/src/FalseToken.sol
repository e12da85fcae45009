// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A token that refuses by answering false: the transaction succeeds, nothing moves, nothing is
/// logged. Whoever takes a successful transaction for a payment pays out on it.
contract FalseToken {
    string public constant symbol = "USDT";
    uint8 public constant decimals = 6;

    function transfer(address, uint256) external pure returns (bool) {
        return false;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return false;
    }
}
