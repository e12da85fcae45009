// Package x402 runs agents' payments end to end: the official clients, servers and facilitator of both
// versions, unmodified and with their default settings, against the real gateway, PostgreSQL and a node
// that stands for Base Sepolia.
//
// It owns the programs beside it that run the official parts (package.json pins them), and expectations.
package x402
