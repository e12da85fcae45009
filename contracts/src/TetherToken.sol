// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A token that behaves as USDT does where that matters to whoever reads the chain: six decimals, a
/// fee switch, a pause, a blacklist, and an owner who issues. Written for tests, placed at USDT's own
/// address on a test node.
///
/// The Transfer event carries what was credited, not what was asked for: with a fee the two differ,
/// which is why calldata proves nothing.
contract TetherToken {
    string public constant name = "Tether USD";
    string public constant symbol = "USDT";
    uint8 public constant decimals = 6;
    uint256 private constant MAX_BASIS_POINTS = 20;
    uint256 private constant MAX_FEE = 50 * 10 ** 6;

    // The owner is the first word of storage, so that a test node can set it without running a
    // constructor.
    address public owner;
    bool public paused;
    uint256 public basisPointsRate;
    uint256 public maximumFee;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => mapping(address => uint256)) public allowance;
    mapping(address => bool) public isBlackListed;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    constructor() {
        owner = msg.sender;
    }

    modifier onlyOwner() {
        require(msg.sender == owner, "not the owner");
        _;
    }

    /// Answers false although it succeeds, as USDT on Tron does: the declared answer is never set.
    /// Whoever looks at return values instead of events gets it wrong in both directions.
    function transfer(address to, uint256 value) external returns (bool) {
        _move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        require(allowed >= value, "not approved");
        if (allowed != type(uint256).max) {
            allowance[from][msg.sender] = allowed - value;
        }
        _move(from, to, value);
        return true;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function mint(address to, uint256 value) external onlyOwner {
        totalSupply += value;
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    function setParams(uint256 newBasisPoints, uint256 newMaxFee) external onlyOwner {
        require(newBasisPoints < MAX_BASIS_POINTS && newMaxFee < MAX_FEE, "too much");
        basisPointsRate = newBasisPoints;
        maximumFee = newMaxFee;
    }

    function setPaused(bool on) external onlyOwner {
        paused = on;
    }

    function setBlackListed(address account, bool on) external onlyOwner {
        isBlackListed[account] = on;
    }

    function _move(address from, address to, uint256 value) private {
        require(!paused, "paused");
        require(!isBlackListed[from] && !isBlackListed[to], "blacklisted");
        require(balanceOf[from] >= value, "not enough");
        uint256 fee = (value * basisPointsRate) / 10000;
        if (fee > maximumFee) {
            fee = maximumFee;
        }
        balanceOf[from] -= value;
        balanceOf[to] += value - fee;
        emit Transfer(from, to, value - fee);
        if (fee > 0) {
            balanceOf[owner] += fee;
            emit Transfer(from, owner, fee);
        }
    }
}
