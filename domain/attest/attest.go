// Package attest is what the gateway says under its signature: an Instruction (pay exactly this,
// there, until then) and a Receipt (this was paid, by these transfers, booked so).
//
// It owns the two statements, the one text each of them has, the compact JWS they travel as (RFC 7515
// with EdDSA, RFC 8037) and how that is verified. It does not own the private key (a Sign function is
// handed in), when something may be said (package app), nor where keys are published (the dialect).
//
// Invariants: a statement has one spelling, to the byte, and only that is signed and read; what does
// not agree with itself (amount and base units, transfers and total) is neither signed nor believed;
// the algorithm is ours to say, never the statement's; nothing of a payload is looked at before its
// signature holds.
package attest

import (
	"errors"
	"fmt"
	"math/big"
	"time"
	"unicode/utf8"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
)

// Bounds of what is read.
const (
	// MaxBytes is the longest JWS: a receipt of MaxTransfers has about half of that.
	MaxBytes = 64 << 10
	// MaxTransfers is how many transfers one receipt may name.
	MaxTransfers = 32
	// maxDecimals and maxDigits bound amounts: no token has more places, 2^256 has 78 digits.
	maxDecimals, maxDigits = 36, 78
)

// Reasons to refuse a statement. Errors of Verify wrap one of them and say what exactly is wrong.
var (
	ErrTooLarge   = errors.New("too large for a statement")
	ErrMalformed  = errors.New("not a statement")
	ErrAlgorithm  = errors.New("not signed by EdDSA, the only algorithm of statements")
	ErrUnknownKey = errors.New("signed by a key that is not among the given ones")
	ErrSignature  = errors.New("the signature is wrong: this is not what the gateway signed")
	ErrExpired    = errors.New("the instruction has expired; do not pay by it")
)

// Rules by which a transfer is a payment's.
const (
	// SharedAddress: many payments share the address, so the amount must arrive to the last digit, in
	// one transfer.
	SharedAddress = "shared_address"
	// DedicatedAddress: the address is this payment's alone.
	DedicatedAddress = "dedicated_address"
)

// instantLayout prints what the book keeps: whole microseconds, UTC.
const instantLayout = "2006-01-02T15:04:05.000000Z"

func instant(t time.Time) string { return t.UTC().Format(instantLayout) }

// Parties says who makes a statement and about whom.
type Parties struct {
	Issuer   string // public base URL of the gateway, without a slash at its end
	ClientID merchant.ClientID
	Payee    string // the merchant's name
}

// Subject is what both statements say: who is paid, for what, in what, where. All of it is text as it
// stands in the payload.
type Subject struct {
	Issuer   string
	Type     string
	Session  string
	Payment  string // the intent's id
	Merchant string // client id
	Payee    string
	Mode     string
	Network  string
	ChainID  uint64 // EIP-155; 0, and left out, where addresses are not Ethereum's
	Asset    string // symbol
	Contract string // "", and left out, for a network's own coin
	Decimals uint64
	Address  string // of the merchant
	Amount   string // in major units: Units with a decimal point
	Units    string // base units
}

func subject(kind string, who Parties, s checkout.Snapshot) (Subject, error) {
	i := s.Intent
	if i == nil || i.Units == nil {
		return Subject{}, fmt.Errorf("session %s: nothing to state without an intent", s.ID)
	}
	contract := i.Asset.Contract
	if i.Asset.IsNative() {
		contract = ""
	}
	return Subject{
		Issuer: who.Issuer, Type: kind, Session: string(s.ID), Payment: string(i.ID),
		Merchant: string(who.ClientID), Payee: who.Payee, Mode: s.Mode.String(),
		Network: string(i.Asset.Network), ChainID: i.Asset.Network.EVMChainID(),
		Asset: i.Asset.Symbol, Contract: contract, Decimals: uint64(i.Asset.Decimals),
		Address: string(i.Address), Amount: i.Payable(), Units: i.Units.String(),
	}, nil
}

func (s *Subject) members() []member {
	return []member{
		{name: "iss", value: &s.Issuer},
		{name: "typ", value: &s.Type},
		{name: "session", value: &s.Session},
		{name: "payment", value: &s.Payment},
		{name: "merchant", value: &s.Merchant},
		{name: "payee", value: &s.Payee},
		{name: "mode", value: &s.Mode},
		{name: "network", value: &s.Network},
		{name: "chain_id", value: &s.ChainID, optional: true},
		{name: "asset", value: &s.Asset},
		{name: "contract", value: &s.Contract, optional: true},
		{name: "decimals", value: &s.Decimals},
		{name: "address", value: &s.Address},
		{name: "amount", value: &s.Amount},
		{name: "units", value: &s.Units},
	}
}

func (s *Subject) check(kind string) error {
	switch _, err := merchant.ParseMode(s.Mode); {
	case s.Type != kind:
		return fmt.Errorf("%w: its payload says %q, its header %q", ErrMalformed, s.Type, kind)
	case err != nil:
		return fmt.Errorf("%w: mode %q", ErrMalformed, s.Mode)
	case s.Network != string(chain.Sandbox) && s.Mode == merchant.Test.String(),
		s.Network == string(chain.Sandbox) && s.Mode != merchant.Test.String():
		return fmt.Errorf("%w: mode %s on network %q", ErrMalformed, s.Mode, s.Network)
	}
	_, err := s.sum(s.Amount, s.Units)
	return err
}

// sum reads base units and holds the amount beside them against them.
func (s *Subject) sum(amount, units string) (*big.Int, error) {
	n, ok := new(big.Int), len(units) <= maxDigits
	if ok {
		n, ok = n.SetString(units, 10)
	}
	if !ok || n.Sign() <= 0 || n.String() != units || s.Decimals > maxDecimals {
		return nil, fmt.Errorf("%w: %q base units of %d decimals", ErrMalformed, units, s.Decimals)
	}
	if money.FormatUnits(n, int(s.Decimals)) != amount {
		return nil, fmt.Errorf("%w: amount %q is not %s base units", ErrMalformed, amount, units)
	}
	return n, nil
}

// whole refuses members without a value, and texts no JSON can carry as they are.
func whole(members []member) error {
	for _, m := range members {
		text, ok := m.value.(*string)
		if !ok {
			continue
		}
		if *text == "" && !m.optional || !utf8.ValidString(*text) {
			return fmt.Errorf("%w: %s %q", ErrMalformed, m.name, *text)
		}
	}
	return nil
}

func checkInstant(name, text string) (time.Time, error) {
	t, err := time.Parse(instantLayout, text)
	if err != nil || instant(t) != text {
		return time.Time{}, fmt.Errorf("%w: %s %q", ErrMalformed, name, text)
	}
	return t, nil
}
