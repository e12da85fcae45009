package app

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

const (
	// sealedFor is how long a signed offer is good. Whoever keeps offers makes them anew well before.
	sealedFor = 10 * time.Minute
	// readmissions is the scope of the nonces wallets have shown that they paid by.
	readmissions = "x402-sign-in"
)

// declare is a resource's offer with everything that is the same for all who ask for a while: payment
// identifiers, what catalogs are told, and signed offers.
func (s *Paywall) declare(o x402.Offer, r resource.Snapshot) (x402.Offer, error) {
	also := x402.Extensions{PaymentID: x402.PaymentIDOptional}
	if r.Terms.Discoverable {
		also.Discovery = &x402.Discovery{
			Method: "GET",
			Path:   []x402.Parameter{{Name: "sku", Value: r.SKU}},
			Query:  []x402.Parameter{{Name: "merchant", Value: string(r.MerchantID)}},
			Output: outputOf(o.Resource().MIMEType),
		}
	}
	return s.sealed(o, also)
}

// sealed is an offer with extensions, signed.
func (s *Paywall) sealed(o x402.Offer, also x402.Extensions) (x402.Offer, error) {
	o, err := o.With(also)
	if err != nil {
		return x402.Offer{}, err
	}
	if by, can := s.issuer(); can {
		o = o.Sealed(by, s.Core.Clock.Now().Add(sealedFor))
	}
	return o, nil
}

// outputOf is what catalogs call an answer of a MIME type.
func outputOf(mime string) string {
	kind, _, _ := strings.Cut(mime, ";")
	switch {
	case kind == "":
		return ""
	case kind == "application/json" || strings.HasSuffix(kind, "+json"):
		return "json"
	case strings.HasPrefix(kind, "text/"):
		return "text"
	}
	return "binary"
}

// issuer signs as the gateway; can is false if its address has no DID.
func (s *Paywall) issuer() (by x402.Issuer, can bool) {
	did := s.Attestations.DID()
	if did == "" {
		return x402.Issuer{}, false
	}
	signer := s.Attestations.Signer
	return x402.Issuer{KeyID: did + "#" + signer.Keys()[0].ID(), Sign: signer.Sign}, true
}

// asking is an offer with a fresh question whether the wallet has paid before, where something follows from the
// answer: what is stored is given again. What is made for each request is paid for each time.
func (s *Paywall) asking(o x402.Offer, r resource.Snapshot) x402.Offer {
	if !readmits(r) {
		return o
	}
	nonce := s.Core.IDs.Bytes(x402.SignInNonceBytes)
	return o.Asking(x402.SignInAsk{Nonce: [x402.SignInNonceBytes]byte(nonce), At: s.Core.Clock.Now()})
}

func readmits(r resource.Snapshot) bool {
	return r.Content.Stored()
}

// receipt is a response that goes with what was paid for, with the gateway's signature that it was.
func (s *Paywall) receipt(r x402.Response, url string) x402.Response {
	if by, can := s.issuer(); can {
		return s.receipts.sign(by, r, url)
	}
	return r
}

// errShown refuses a sign-in that was presented before.
var errShown = x402.ReasonSignIn.Refuse("this sign-in was presented before; take a fresh challenge and sign it")

// readmit answers a request without payment that says who its wallet is: with what that wallet has paid for,
// or with what it takes. said is false if it says nothing.
func (s *Paywall) readmit(ctx context.Context, at stall, p Purchase) (sale Sale, said bool, err error) {
	said, err = s.admits(ctx, at.offer, at.resource, p.SignIn)
	if !said {
		return Sale{}, false, nil
	}
	var refusal *x402.Refusal
	if errors.As(err, &refusal) {
		challenge := s.asking(at.offer, at.resource).Challenge(refusal)
		return Sale{Fault: fault.From(err), Challenge: &challenge, Version: x402.V2, Shown: at.shown}, true, nil
	}
	if err != nil {
		return Sale{}, true, err
	}
	answer, err := s.stored(ctx, at.resource)
	return Sale{Answer: &answer, Version: x402.V2, Shown: at.shown}, true, err
}

// admits decides whether a wallet that says who it is is given a resource again: the values are those of
// its header. Its signature counts once. Errors are Refusals, or ours.
func (s *Paywall) admits(
	ctx context.Context, o x402.Offer, r resource.Snapshot, values []string,
) (said bool, err error) {
	signIn, said, err := x402.ReadSignIn(values)
	if !said || err != nil {
		return said, err
	}
	if !readmits(r) {
		return true, x402.ReasonSignIn.Refuse("this resource is made for each request and paid for each time")
	}
	who, err := o.Admit(signIn, s.Core.Clock.Now())
	if err != nil {
		return true, err
	}
	if who.Standing != x402.ByKey {
		return true, x402.ReasonSignIn.Refuse("the signature is not by the key of address; wallets that are contracts " +
			"cannot sign in yet")
	}
	paid, err := s.Reads.PaidBy(ctx, r.MerchantID, r.SKU, who.Payer)
	if err != nil {
		return true, err
	}
	if !paid {
		return true, x402.ReasonSignIn.Refuse("this wallet has not paid for this resource")
	}
	return true, s.spend(ctx, who)
}

// spend takes the nonce of a sign-in, once for its wallet.
func (s *Paywall) spend(ctx context.Context, who x402.SignedIn) error {
	key := who.Payer.String() + "/" + hex.EncodeToString(who.Nonce[:])
	err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		shown, err := r.Claims.Take(ctx, readmissions, key, nil)
		if err != nil {
			return err
		}
		if shown != nil {
			return errShown
		}
		// Clocks differ: an instance that is behind would take it for a minute longer.
		taken := ports.Answer{Status: http.StatusNoContent} // whoever comes second gets none
		return r.Claims.Keep(ctx, readmissions, key, nil, taken, who.Until.Add(x402.ClockSkew))
	})
	if errors.Is(err, ports.ErrInProgress) {
		return errShown
	}
	return err
}
