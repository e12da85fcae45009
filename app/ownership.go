package app

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Challenge is a text whose signature by an address's key proves whose the address is.
type Challenge struct {
	Network chain.Network
	Address chain.Address
	Text    string
	Expires time.Time
}

const (
	challengePurpose = "address challenge"
	challengeDay     = 24 * time.Hour
	// challengeDays is for how many days, beginning with the one it names, a text is believed.
	challengeDays = 2
)

// Challenge answers the text to sign. Nothing is stored: the text names merchant, address and day, and
// its code is one only this gateway makes.
func (s Receiving) Challenge(
	ctx context.Context, who merchant.Principal, in ReceivingInput, once Once[Challenge],
) (Challenge, *ports.Answer, error) {
	network, err := s.network(in.Network)
	if err != nil {
		return Challenge{}, nil, err
	}
	address, err := s.address(network, in.Address)
	if err != nil {
		return Challenge{}, nil, err
	}
	day := s.now().Truncate(challengeDay)
	return run(ctx, s.Core, ownScope(who), once, func(ctx context.Context, r ports.Repos) (Challenge, error) {
		m, err := r.Merchants.ByID(ctx, who.Merchant)
		return Challenge{
			Network: network, Address: address, Text: s.challenge(m, address, day),
			Expires: day.Add(challengeDays * challengeDay),
		}, err
	})
}

// challenge is the text of a day. Whoever is asked to sign it reads for whom.
func (s Receiving) challenge(m merchant.Merchant, at chain.Address, day time.Time) string {
	date := day.UTC().Format(time.DateOnly)
	code := s.Core.Vault.Tag(challengePurpose, string(m.ID)+"\n"+string(at)+"\n"+date)
	return "I receive payments at\n" + string(at) + "\nas merchant " + string(m.ClientID) +
		" of a 101pay gateway.\n\nDay: " + date + " (UTC)\nCode: " + hex.EncodeToString(code)
}

// prove verifies a signature over a challenge that is still believed.
func (s Receiving) prove(
	ctx context.Context, a merchant.ReceivingAccount, signature string, now time.Time,
) error {
	m, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (merchant.Merchant, error) {
		return r.Merchants.ByID(ctx, a.MerchantID)
	})
	if err != nil {
		return err
	}
	for age := range challengeDays {
		day := now.Truncate(challengeDay).Add(-time.Duration(age) * challengeDay)
		if signer, ok := chain.Signer(a.Network, s.challenge(m, a.Address, day), signature); ok && signer == a.Address {
			return nil
		}
	}
	return merchant.ErrInvalidSignature
}
