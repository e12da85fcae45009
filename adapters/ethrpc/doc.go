// Package ethrpc reads chains that speak Ethereum's JSON-RPC, Tron among them, through several
// endpoints of which any may be slow, behind, broken or lying.
//
// It owns which endpoint is asked (priority, failover, circuit breaker, chain id), what counts as
// an answer, how token transfers are found in a range of blocks and proven by receipts, and how they
// are told in the domain's words (Rail). It does not own how a chain writes its addresses, which
// tokens matter, nor when a range is read (the chain's adapter, the watcher).
//
// Invariants:
//   - Silence is never "nothing there". An answer counts only if the endpoint proved, in the same
//     batch, that it has the blocks it was asked about; anything else is an error.
//   - A transfer is read from the receipt of a successful transaction. eth_getLogs only says where
//     to look: calldata, indexes and filters prove nothing.
//   - An endpoint of another chain is never used.
//   - A log that pays nobody is reported and left out; whatever a contract writes, it cannot stop
//     the reading of a chain. A bad answer is the endpoint's failure, and the next endpoint is
//     asked.
//   - Every answer, batch and wait is bounded. No error and no snapshot holds a URL, which may hold
//     a key; only its host.
package ethrpc
