// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Logs a Transfer and then reverts: its calldata is shaped like a payment, its transaction failed.
contract RevertingToken {
    event Transfer(address indexed from, address indexed to, uint256 value);

    function transfer(address to, uint256 value) external returns (bool) {
        emit Transfer(msg.sender, to, value);
        revert("no");
    }
}
