// Package x402 is the protocol by which a program pays for one HTTP request, and the checks of it that
// need no chain: the messages of both versions, the EIP-3009 authorization and who signed it, what a
// receipt must show, and the life of a settlement.
//
// It owns the wire forms of x402 version 1 and 2 (their JSON is the published protocol), the reasons of
// refusal with their codes, the key and the binding of a claim, and the table of a settlement's
// statuses. It does not own HTTP, what is sold, how a chain is asked (whether a payer is a contract, what
// a wallet contract says of a signature, simulation) or how claims are stored.
//
// Invariants: what a client sends is compared, never believed: price, payee and token are those of the
// Offer. A Verified is made by Offer.Verify only, a Proven by Prove only, and a Settlement becomes settled
// by a Proven of exactly what is due. Amounts are whole base units.
//
// Sources: x402-specification-v1.md and -v2.md, transports http, schemes/exact/scheme_exact_evm.md of
// x402-foundation/x402; EIP-3009, EIP-712, EIP-1271, ERC-6492; CAIP-2.
package x402

import "time"

// Version is a version of the protocol. The zero value is not a version.
type Version uint8

// The versions. They differ in headers and field names, not in what is signed.
const (
	V1 Version = 1
	V2 Version = 2
)

// Headers of both versions.
const (
	HeaderPaymentV1  = "X-PAYMENT"          // payload, to the server
	HeaderResponseV1 = "X-PAYMENT-RESPONSE" // settlement response, to the client
	HeaderRequiredV2 = "PAYMENT-REQUIRED"   // challenge, to the client
	HeaderPaymentV2  = "PAYMENT-SIGNATURE"  // payload, to the server
	HeaderResponseV2 = "PAYMENT-RESPONSE"   // settlement response, to the client
)

// SchemeExact is the scheme that moves exactly the price, by EIP-3009 on EVM networks.
const SchemeExact = "exact"

// Limits.
const (
	// MaxHeaderBytes bounds a payment header. An ordinary one has 800 to 1,600 bytes, one of a wallet
	// that is yet to be deployed 4,500; clients add the extensions of the challenge, up to 5,500.
	MaxHeaderBytes = 16 << 10
	// maxDepth and maxMembers bound the JSON a client may send, extensions it echoes included.
	maxDepth, maxMembers = 16, 64
	// maxAccepts bounds the ways to pay in one offer, because version 2 sends them in a header.
	maxAccepts = 8
	// maxURLBytes and maxTextBytes bound what an offer says of its resource, for the same reason.
	maxURLBytes, maxTextBytes = 2048, 512
	// maxTags and maxWordBytes are the limits of version 2 for what catalogs are told.
	maxTags, maxWordBytes = 5, 32
	// maxSealedBytes bounds a challenge with signed offers in it, as JSON: clients send back all of it, and
	// proxies take headers of 8 KiB (base64 adds a third).
	maxSealedBytes = 4 << 10
)

// The window in which an authorization holds.
const (
	// SettleMargin is how long an authorization must still hold for a transaction to get into a block.
	SettleMargin = 6 * time.Second
	// ClockSkew is how far ahead of ours a payer's clock may be.
	ClockSkew = time.Minute
	// minTimeout and maxTimeout bound what an offer may give a payer: below the first nothing settles in
	// time, above the second a signature lies about for too long.
	minTimeout, maxTimeout = 10 * time.Second, time.Hour
)
