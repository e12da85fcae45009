// Package tron reads the Tron network: token transfers from nodes that speak JSON-RPC, and what an
// index (TronGrid) believes was paid to an address.
//
// It owns how Tron writes addresses and transaction ids in those answers, which token is USDT and
// what its contract must say of itself, how old a node's software may be, and TronGrid's paging. It
// does not own which node is asked and what of its answer counts (package ethrpc), nor what a
// transfer pays.
//
// Invariants:
//   - A transfer comes from the receipt of a successful transaction in a block the node showed it
//     has. What TronGrid says is only a hint where to look: it is known to leave things out.
//   - A token is its contract's 21 bytes; addresses are compared as bytes and printed by one
//     function.
//   - Final is what the node calls finalized (solidified), never a number of blocks.
//   - No error holds a URL or a key.
package tron
