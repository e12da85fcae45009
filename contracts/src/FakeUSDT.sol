// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Somebody else's token under USDT's name and symbol. It logs whatever Transfer it is asked for.
contract FakeUSDT {
    string public constant name = "Tether USD";
    string public constant symbol = "USDT";
    uint8 public constant decimals = 6;

    event Transfer(address indexed from, address indexed to, uint256 value);

    function transfer(address to, uint256 value) external returns (bool) {
        emit Transfer(msg.sender, to, value);
        return true;
    }
}
