// Package anviltest gives tests a chain of their own on a real node: anvil, under Tron's chain id or
// another, with tokens that behave like USDT and bridged coins at the coins' own addresses.
//
// It owns the node's process, the accounts and contracts of a test, and a proxy that stands before
// the node and spoils its answers. It does not own what is read from the chain: it sends and mines,
// and deliberately shares no code with the client it is there to test.
//
// Invariants: a node listens on loopback only and ends with its test, or with the test's process if
// that is killed; a missing anvil fails the test, with the command to run, and never skips it.
package anviltest
