// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A wallet that stands by what its owner's key signs (EIP-1271).
contract KeyWallet {
    address public owner;

    constructor(address by) {
        owner = by;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        if (signature.length != 65) {
            return 0xffffffff;
        }
        address signer = ecrecover(
            hash, uint8(signature[64]), bytes32(signature[0:32]), bytes32(signature[32:64])
        );
        return signer != address(0) && signer == owner ? this.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// Deploys wallets at addresses that are known before (CREATE2), as ERC-6492 has it. Deploying again does
/// nothing.
contract KeyWalletFactory {
    function deploy(address owner, bytes32 salt) external returns (address wallet) {
        wallet = addressOf(owner, salt);
        if (wallet.code.length == 0) {
            new KeyWallet{salt: salt}(owner);
        }
    }

    function addressOf(address owner, bytes32 salt) public view returns (address) {
        bytes32 code = keccak256(abi.encodePacked(type(KeyWallet).creationCode, abi.encode(owner)));
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), salt, code)))));
    }
}

/// A wallet that burns all the gas it is given.
contract GreedyWallet {
    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        uint256 turns;
        while (gasleft() > 0) {
            turns++;
        }
        return bytes4(uint32(turns));
    }
}
