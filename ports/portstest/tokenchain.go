package portstest

import (
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// TokenWorld is a network with payers on it, and what checks and settles their authorizations.
type TokenWorld struct {
	Chain ports.TokenChain
	Relay ports.Relay
	TokenScript
}

// TokenScript makes things happen on a network, on which nothing happens by itself but that sent
// transactions may be mined at once.
type TokenScript interface {
	TokenPayers
	// Now is the network's time.
	Now() time.Time
	// Submit has somebody else mine an authorization signed by key.
	Submit(v x402.Verified) x402.Hash
	// Grow adds a number of blocks, the first of which takes in what was sent.
	Grow(blocks uint64)
	// Finalize adds blocks until all there was is final.
	Finalize()
	// Cut makes every node unreachable, or mends that.
	Cut(off bool)
}

// TokenPayers are those who pay on a network.
type TokenPayers interface {
	// Price is an amount of the first token for somebody nobody has paid before.
	Price() TokenPrice
	// Rich is somebody nobody has met before, who signs by key and can pay any Price.
	Rich() TokenPayer
	// Poor is a payment that its payer cannot afford.
	Poor() (TokenPayer, TokenPrice)
	// Permitting is an amount to be paid by permit, and somebody who can pay it and has let Permit2 move his
	// token.
	Permitting(by x402.Method) (TokenPayer, TokenPrice)
	// Forbidding is the same of somebody who has let Permit2 move nothing.
	Forbidding(by x402.Method) (TokenPayer, TokenPrice)
	// Wallet is a payer of a kind that can pay any Price; ok is false where there are no contracts.
	Wallet(kind WalletKind) (p TokenPayer, ok bool)
}

// WalletKind is a kind of account whose signatures a contract judges.
type WalletKind uint8

// The kinds of wallets.
const (
	Deployed        WalletKind = iota // its owner signs
	DeployedForged                    // somebody else signs
	KeyWithCode                       // the key signs, and the account's code refuses (EIP-7702)
	Undeployed                        // its factory is listed, its owner signs
	UndeployedFalse                   // its factory is listed, somebody else signs
	UndeployedByKey                   // a key's own account, which no factory deploys, wrapped as if one did
	Unlisted                          // its factory is not listed
)

// TokenChain holds what checks and settles authorizations to its promises. open answers a network of its
// own for every promise.
func TokenChain(t *testing.T, open func(t *testing.T) TokenWorld) {
	for _, p := range []struct {
		name string
		keep func(t *testing.T, s tokenScene)
	}{
		{"it names its network, and tokens of that network", tokenNames},
		{"a payment signed by key checks out", tokenCheck},
		{"a payer without the money is refused", tokenPoor},
		{"a signature that is not the payer's is refused", tokenForged},
		{"a nonce that was used is refused", tokenUsed},
		{"a payer with code is judged by that code alone", tokenWallets},
		{"a wallet that is not deployed is judged as if it were, if its factory is listed", tokenFactories},
		{"what cannot be asked is unavailable, never a refusal", tokenOutage},
		{"a payment signed by key is settled, and its receipt proves it", tokenSettleKey},
		{"a payment by a wallet is settled, and its receipt proves it", tokenSettleWallet},
		{"a payment by a wallet not deployed yet is settled, and its receipt proves it", tokenSettleFactory},
		{"an unknown transaction is not found", tokenUnknown},
		{"a block becomes final, and the fate of an authorization with it", tokenFinal},
		{"who else used an authorization is found", tokenSubmitted},
		{"what was sent may be sent again", tokenAgain},
		{"a nonce somebody used is told", tokenSpent},
		{"an account has its next nonce and its balance", tokenStanding},
		{"a payment by permit is settled, and its receipt and fate prove it", permitSettled},
		{"of a permit of at most a value, what was used is settled", permitPartly},
		{"a payer who has let Permit2 move nothing is told so", permitForbidden},
		{"a permit that was used is refused", permitUsedBefore},
		{"a permit for another facilitator, contract or value is not signed", permitForeign},
		{"another payment between the same two of the same value proves no permit", permitAlike},
		{"signing is deterministic", relayDeterministic},
		{"only listed tokens, own accounts and what is due are signed", relayForeign},
		{"fees beyond the caps are not signed", relayFees},
		{"a gap is filled", relayFill},
		{"a quote is positive, and refuses what the token would", relayQuote},
		{"raised fees are enough to replace, and end at a cap", relayRaise},
	} {
		t.Run(p.name, func(t *testing.T) { p.keep(t, tokenScene{open(t), t}) })
	}
}

// tokenScene is a world in which questions must be answered.
type tokenScene struct {
	TokenWorld
	t *testing.T
}

// pay signs a price and takes the payload as a server does.
func (s tokenScene) pay(p TokenPayer, price TokenPrice) x402.Verified {
	s.t.Helper()
	return VerifyPayment(s.t, price, p.Sign(price, s.Now()), s.Now())
}

// check asks for a route, which must be the wanted one.
func (s tokenScene) check(v x402.Verified, want x402.Route) {
	s.t.Helper()
	got, err := s.Chain.Check(s.t.Context(), v)
	ok(s.t, err)
	same(s.t, got, want)
}

// refuses asks for a route, which must be refused for one of the reasons.
func (s tokenScene) refuses(v x402.Verified, want ...x402.Reason) {
	s.t.Helper()
	route, err := s.Chain.Check(s.t.Context(), v)
	isRefusal(s.t, err, want...)
	same(s.t, route, x402.Route(0))
}

func isRefusal(t *testing.T, err error, want ...x402.Reason) {
	t.Helper()
	var refusal *x402.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("got error %v, want a refusal for %v", err, want)
	}
	for _, w := range want {
		if refusal.Reason == w {
			return
		}
	}
	t.Fatalf("refused for %s (%s), want %v", refusal.Reason, refusal.Detail, want)
}

// unavailable stops the test unless an error says that nobody could be asked.
func unavailable(t *testing.T, err error) {
	t.Helper()
	var refusal *x402.Refusal
	if err == nil || errors.As(err, &refusal) || fault.From(err).Kind != fault.Unavailable {
		t.Fatalf("got error %v, want one of kind Unavailable", err)
	}
}

// sign makes the transaction that settles a payment, with the next nonce of the first account.
func (s tokenScene) sign(v x402.Verified, route x402.Route) ports.RelayTransaction {
	s.t.Helper()
	ctx, account, order := s.t.Context(), s.Relay.Accounts()[0], ports.OrderOf(v, route)
	nonce, _, err := s.Relay.Standing(ctx, account)
	ok(s.t, err)
	fees, err := s.Relay.Quote(ctx, account, v.Due(), order)
	ok(s.t, err)
	tx, err := s.Relay.Sign(account, nonce, v.Due(), order, fees)
	ok(s.t, err)
	return tx
}

func (s tokenScene) send(tx ports.RelayTransaction) {
	s.t.Helper()
	ok(s.t, s.Relay.Send(s.t.Context(), tx))
}

// settled sends a transaction and answers its receipt, which must prove the payment.
func (s tokenScene) settled(tx ports.RelayTransaction, v x402.Verified) ports.TokenReceipt {
	s.t.Helper()
	s.send(tx)
	s.Grow(1)
	return s.proven(tx.TxID, v)
}

func (s tokenScene) proven(id x402.Hash, v x402.Verified) ports.TokenReceipt {
	s.t.Helper()
	r, err := s.Chain.Receipt(s.t.Context(), id)
	ok(s.t, err)
	p, err := x402.Prove(v.Due(), r.Receipt, 1)
	ok(s.t, err)
	same(s.t, p.TxID(), id)
	same(s.t, r.Receipt.Network, s.Chain.Network())
	if r.Cost == nil || r.Cost.Sign() <= 0 || r.BlockID == "" || r.BlockTime.IsZero() {
		s.t.Fatalf("receipt %+v", r)
	}
	return r
}

func (s tokenScene) fate(v x402.Verified) ports.AuthorizationFate {
	s.t.Helper()
	f, err := s.Chain.Fate(s.t.Context(), v.Due(), s.Now().Add(-time.Hour))
	ok(s.t, err)
	return f
}

func tokenNames(t *testing.T, s tokenScene) {
	tokens, err := s.Chain.Tokens(t.Context())
	ok(t, err)
	if len(tokens) == 0 || s.Chain.Network() == 0 || s.Relay.Network() != s.Chain.Network() {
		t.Fatalf("tokens %v of %s, relay of %s", tokens, s.Chain.Network(), s.Relay.Network())
	}
	for _, token := range tokens {
		same(t, token.Network(), s.Chain.Network())
	}
	same(t, s.Price().Token.Domain(), tokens[0].Domain())
}

func tokenCheck(_ *testing.T, s tokenScene) {
	s.check(s.pay(s.Rich(), s.Price()), x402.RouteKey)
}

func tokenPoor(_ *testing.T, s tokenScene) {
	s.refuses(s.pay(s.Poor()), x402.ReasonFunds)
}

func tokenForged(_ *testing.T, s tokenScene) {
	p, price := s.Rich(), s.Price()
	forged := NewTokenPayer()
	forged.Account = p.Account
	s.refuses(s.pay(forged, price), x402.ReasonSignature)
	p.Wrap = func(signature []byte) []byte { return append(signature, 0) }
	s.refuses(s.pay(p, price), x402.ReasonSignature)
}

func tokenUsed(_ *testing.T, s tokenScene) {
	v := s.pay(s.Rich(), s.Price())
	s.settled(s.sign(v, x402.RouteKey), v)
	s.refuses(v, x402.ReasonUsed)
}

func tokenWallets(_ *testing.T, s tokenScene) {
	for kind, want := range map[WalletKind]x402.Reason{
		Deployed: 0, DeployedForged: x402.ReasonSignature, KeyWithCode: x402.ReasonSignature,
	} {
		p, exists := s.Wallet(kind)
		switch {
		case !exists: // a key's signature for an account that has no code
			p = NewTokenPayer()
			p.Account = s.Rich().Account
			s.refuses(s.pay(p, s.Price()), x402.ReasonSignature)
		case want == 0:
			s.check(s.pay(p, s.Price()), x402.RouteWallet)
		default:
			s.refuses(s.pay(p, s.Price()), want)
		}
	}
}

func tokenFactories(_ *testing.T, s tokenScene) {
	for kind, want := range map[WalletKind]x402.Reason{
		Undeployed: 0, UndeployedFalse: x402.ReasonSignature, UndeployedByKey: x402.ReasonUndeployed,
		Unlisted: x402.ReasonFactory,
	} {
		p, exists := s.Wallet(kind)
		switch {
		case !exists:
			p = s.Rich()
			p.Wrap = func(signature []byte) []byte { return WrapFactory(x402.Address{7}, []byte{1}, signature) }
			s.refuses(s.pay(p, s.Price()), x402.ReasonUndeployed)
		case want == 0:
			s.check(s.pay(p, s.Price()), x402.RouteFactory)
		default:
			s.refuses(s.pay(p, s.Price()), want)
		}
	}
}

func tokenOutage(t *testing.T, s tokenScene) {
	v, ctx, account := s.pay(s.Rich(), s.Price()), t.Context(), s.Relay.Accounts()[0]
	tx := s.sign(v, x402.RouteKey)
	s.Cut(true)
	for question, ask := range map[string]func() error{
		"check":   func() error { _, err := s.Chain.Check(ctx, v); return err },
		"receipt": func() error { _, err := s.Chain.Receipt(ctx, tx.TxID); return err },
		"fate": func() error {
			_, err := s.Chain.Fate(ctx, v.Due(), s.Now().Add(-time.Minute))
			return err
		},
		"send":     func() error { return s.Relay.Send(ctx, tx) },
		"standing": func() error { _, _, err := s.Relay.Standing(ctx, account); return err },
		"quote": func() error {
			_, err := s.Relay.Quote(ctx, account, v.Due(), ports.OrderOf(v, x402.RouteKey))
			return err
		},
		"raise": func() error { _, err := s.Relay.Raise(ctx, tx.Fees); return err },
	} {
		t.Run(question, func(t *testing.T) { unavailable(t, ask()) })
	}
	s.Cut(false)
	s.check(v, x402.RouteKey)
	s.settled(tx, v)
}
