// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

interface IToken {
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}

/// Pays several receivers in one transaction, as exchanges do. The transaction's own calldata names
/// neither the token as its callee nor any transfer.
contract MultiSend {
    function send(IToken token, address[] calldata to, uint256[] calldata values) external {
        require(to.length == values.length, "lengths differ");
        for (uint256 i = 0; i < to.length; i++) {
            token.transferFrom(msg.sender, to[i], values[i]);
        }
    }
}
