// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A token as bridges issue it: eighteen decimals where the coin at home has six, and a name of its
/// own that is not the coin's. Written for tests, placed at a coin's address on a test node.
contract PeggedToken {
    string public constant name = "Pegged Coin";
    string public constant symbol = "PEG";
    uint8 public constant decimals = 18;

    // The owner is the first word of storage, so that a test node can set it without running a
    // constructor.
    address public owner;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    function transfer(address to, uint256 value) external returns (bool) {
        _move(msg.sender, to, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        allowance[from][msg.sender] -= value;
        _move(from, to, value);
        return true;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function mint(address to, uint256 value) external {
        require(msg.sender == owner, "not the owner");
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    function _move(address from, address to, uint256 value) private {
        balanceOf[from] -= value;
        balanceOf[to] += value;
        emit Transfer(from, to, value);
    }
}
