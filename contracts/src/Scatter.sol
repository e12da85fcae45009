// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Moves the chain's own coin in every way that a contract can, and in those that only look like it.
/// Exchanges pay their customers out like send does.
contract Scatter {
    error Undone();

    receive() external payable {}

    /// Pays each of several accounts out of what it was sent.
    function send(address payable[] calldata to, uint256[] calldata units) public payable {
        for (uint256 i = 0; i < to.length; i++) {
            (bool ok, ) = to[i].call{value: units[i]}("");
            require(ok, "refused");
        }
    }

    /// Pays, and takes it back by failing.
    function fail(address payable[] calldata to, uint256[] calldata units) external payable {
        send(to, units);
        revert Undone();
    }

    /// Pays within a call that fails, and goes on: its transaction succeeds and has paid nobody by it.
    /// What it was sent beyond that is paid to the first account.
    function caught(address payable[] calldata to, uint256[] calldata units, uint256 kept) external payable {
        try this.fail{value: msg.value - kept}(to, units) {} catch {}
        if (kept > 0) {
            (bool ok, ) = to[0].call{value: kept}("");
            require(ok, "refused");
        }
    }

    /// Runs the code of an account as its own, with the value it was sent, which stays here.
    function borrow(address to) external payable {
        (bool ok, ) = to.delegatecall("");
        require(ok, "refused");
        assembly {
            ok := callcode(gas(), to, callvalue(), 0, 0, 0, 0)
        }
        require(ok, "refused");
        (ok, ) = to.staticcall("");
        require(ok, "refused");
    }

    /// Pays itself.
    function keep() external payable {
        (bool ok, ) = address(this).call{value: msg.value}("");
        require(ok, "refused");
    }

    /// Creates an empty contract that holds what it was sent, at the address that CREATE2 gives it with
    /// salt 0.
    function make() external payable {
        address made;
        assembly {
            made := create2(callvalue(), 0, 0, 0)
        }
        require(made != address(0), "refused");
    }

    /// Creates a contract that destroys itself, which pays all it holds without calling anybody.
    function burst(address to) external payable {
        address made;
        assembly {
            mstore(0, or(shl(248, 0x73), or(shl(88, to), shl(80, 0xff)))) // PUSH20 to, SELFDESTRUCT
            made := create(callvalue(), 0, 22)
        }
        require(made != address(0), "refused");
    }
}
