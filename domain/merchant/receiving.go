package merchant

import (
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/fault"
)

// ReceivingID identifies a receiving account: a UUID in lower case.
type ReceivingID string

// ReceivingAccount is a merchant's own address on a network; payments go straight there from
// ActiveFrom until RemovedAt. At most one per project, network and asset has no end, so at any moment
// at most one is current. A removed account is still watched for as long as somebody may pay to it.
type ReceivingAccount struct {
	ID         ReceivingID
	MerchantID ID
	ProjectID  ProjectID
	Network    chain.Network
	Asset      string // symbol, as in "USDT"
	Address    chain.Address
	Label      string
	CreatedAt  time.Time
	ActiveFrom time.Time // when payments go there; later than CreatedAt for a change that waits
	RemovedAt  time.Time // when they no longer do; zero without an end, in the future while its successor waits
	Replaces   ReceivingID
	// Proven says that the merchant showed, by a signature, that the address is his.
	Proven bool
	// ToldAt is when the merchant was told what became of the account, zero while there is news to tell.
	ToldAt time.Time
	// Seal is the keyed hash over what decides where money goes (SealText), in hex; "" if none was made.
	Seal string
}

// WatchAfterRemoval is how long addresses of removed accounts, cancelled and expired sessions stay
// watched: payers keep old pages and old e-mails (decision 14).
const WatchAfterRemoval = 30 * 24 * time.Hour

// ReceivingState says whether payments go to an account.
type ReceivingState string

// The states of a receiving account.
const (
	ReceivingPending ReceivingState = "pending" // a change that waits
	ReceivingCurrent ReceivingState = "current"
	ReceivingEnded   ReceivingState = "ended"
)

// State is what an account is at a moment. It depends on nothing but the account and the clock: no
// timer has to run for an account to become current or to end.
func (a ReceivingAccount) State(now time.Time) ReceivingState {
	switch {
	case !a.RemovedAt.IsZero() && !now.Before(a.RemovedAt):
		return ReceivingEnded
	case now.Before(a.ActiveFrom):
		return ReceivingPending
	}
	return ReceivingCurrent
}

// SealText is what the account's seal is made over: everything that decides where money goes and from
// when. None of the parts can hold a line break.
func (a ReceivingAccount) SealText() string {
	text := ""
	for _, part := range []string{
		string(a.ID), string(a.MerchantID), string(a.ProjectID), string(a.Network), a.Asset, string(a.Address),
		a.ActiveFrom.UTC().Format(time.RFC3339Nano),
	} {
		text += part + "\n"
	}
	return text
}

// Faults of receiving accounts.
var (
	ErrReceivingMissing = fault.New(fault.Conflict, "receiving_account_missing",
		"no receiving account for this method; add your address on a network that carries it first (POST /v1/receiving-accounts)")
	ErrReceivingExists = fault.New(fault.Conflict, "receiving_account_exists",
		"this address is already the receiving account of this project")
	ErrChangePending = fault.New(fault.Conflict, "receiving_account_change_pending",
		"a change of this address is waiting already; cancel it first (DELETE /v1/receiving-accounts/{id})")
	// ErrReceivingTampered refuses to send anybody to an address that is not as we recorded it.
	ErrReceivingTampered = fault.New(fault.Unavailable, "receiving_account_tampered",
		"the receiving account is not as it was recorded, so nobody is sent there; the operator of the gateway must look")
	ErrAddressInUse = fault.New(fault.Conflict, "address_in_use_by_another_merchant",
		"another merchant registered this address first; prove that it is yours: sign the text that "+
			"POST /v1/receiving-accounts/challenge answers and add the signature").About("address")
	ErrInvalidSignature = fault.New(fault.Invalid, "invalid_signature",
		"signature is not one by this address over today's challenge (POST /v1/receiving-accounts/challenge)").About("signature")
	ErrPasswordRequired = fault.New(fault.Invalid, "password_required",
		"where money goes changes only with the account's password; repeat the request with it").About("password")
	ErrLoginRequired = fault.New(fault.Forbidden, "login_required",
		"an API key cannot change where money goes; log in and send the access token")
	ErrInvalidWait = fault.New(fault.Invalid, "invalid_waiting_time",
		"hours must be a whole number from 0 to 168").About("hours")
)
