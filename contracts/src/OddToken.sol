// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// Logs any words under any topics and any bytes, so that a reader of logs can be shown events that
/// are nearly, but not quite, transfers.
contract OddToken {
    uint8 public constant decimals = 8;

    function log2(bytes32 a, bytes32 b, bytes calldata words) external {
        bytes memory m = words;
        assembly {
            log2(add(m, 32), mload(m), a, b)
        }
    }

    function log3(bytes32 a, bytes32 b, bytes32 c, bytes calldata words) external {
        bytes memory m = words;
        assembly {
            log3(add(m, 32), mload(m), a, b, c)
        }
    }

    function log4(bytes32 a, bytes32 b, bytes32 c, bytes32 d, bytes calldata words) external {
        bytes memory m = words;
        assembly {
            log4(add(m, 32), mload(m), a, b, c, d)
        }
    }
}
