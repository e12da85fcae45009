package app

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// deskVault seals visibly and tags by hashing.
type deskVault struct{ markedVault }

func (deskVault) Tag(purpose, text string) []byte {
	sum := sha256.Sum256([]byte(purpose + "\x00" + text))
	return sum[:16]
}

// plainPasswords are quick. They count what was verified: an unknown account must cost as much.
type plainPasswords struct{ verified *int }

func (p plainPasswords) Hash(_ context.Context, password string) (string, error) {
	return "hash of " + password, nil
}

func (p plainPasswords) Verify(_ context.Context, password, hash string) (bool, error) {
	*p.verified++
	return hash == "hash of "+password, nil
}

func (p plainPasswords) Weak(password string) bool { return password == "password1234" }

// plainPasskeys are named by what a browser answers: the text of the question and the passkey's id.
type plainPasskeys struct{}

func (plainPasskeys) Offer(u ports.PasskeyUser) (options, state []byte, err error) {
	return []byte("{}"), []byte("offered to " + u.ID), nil
}

func (plainPasskeys) Register(u ports.PasskeyUser, state, answer []byte) (member.Passkey, error) {
	if string(state) != "offered to "+string(u.ID) {
		return member.Passkey{}, member.ErrPasskey
	}
	return member.Passkey{ID: answer, Credential: []byte("new")}, nil
}

func (plainPasskeys) Ask() (options, state []byte, err error) {
	return []byte("{}"), []byte("asked"), nil
}

func (plainPasskeys) Check(state, answer []byte, find func([]byte) (ports.PasskeyUser, error)) (
	ports.PasskeyUser, member.Passkey, error,
) {
	u, err := find(answer)
	if err != nil || string(state) != "asked" {
		return u, member.Passkey{}, member.ErrPasskey
	}
	return u, member.Passkey{ID: answer, Credential: []byte("used")}, nil
}

// plainTokens say what they mean.
type plainTokens struct{}

func (plainTokens) Sign(c ports.AccessClaims, _ time.Time) (string, error) {
	return string(c.Merchant) + " " + c.LoginID + " " + c.Expires.Format(time.RFC3339Nano), nil
}

func (plainTokens) Read(token string, now time.Time) (ports.AccessClaims, error) {
	parts := strings.Split(token, " ")
	if len(parts) != 3 {
		return ports.AccessClaims{}, keys.ErrUnauthorized
	}
	expires, err := time.Parse(time.RFC3339Nano, parts[2])
	if err != nil || !now.Before(expires) {
		return ports.AccessClaims{}, keys.ErrUnauthorized
	}
	return ports.AccessClaims{Merchant: merchant.ID(parts[0]), LoginID: parts[1], Expires: expires}, nil
}

// digitIDs draws the numbers it is told to draw, then others.
type digitIDs struct {
	postIDs
	draws *[]int
}

func (d digitIDs) Bytes(n int) []byte {
	b := portstest.Unique()
	return b[:n]
}

func (d digitIDs) Intn(n int) int {
	if len(*d.draws) == 0 {
		b := portstest.Unique()
		return int(b[0])<<8 + int(b[1])
	}
	next := (*d.draws)[0]
	*d.draws = (*d.draws)[1:]
	return next % n
}

// tronLike stands for a live rail: only its network and assets are asked for.
type tronLike struct{ ports.Chain }

var tronUSDT = chain.Asset{
	Network: chain.Tron, Symbol: "USDT", Decimals: 6, Contract: "TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH",
}

func (tronLike) Assets() []chain.Asset { return []chain.Asset{tronUSDT} }

// desk is where merchants are served.
type desk struct {
	*testing.T
	store    *memory.Store
	clock    *postClock
	draws    []int
	verified int
	creds    Credentials
	signin   SignIn
	members  Members
	accounts Accounts
	keys     Keys
	accepts  Receiving
	kyc      KYC
}

func openDesk(t *testing.T, live bool) *desk {
	t.Helper()
	d := &desk{T: t, store: memory.New(memory.Restless()), clock: &postClock{}}
	d.clock.set(portstest.Epoch)
	core := Core{Work: d.store, Clock: d.clock, IDs: digitIDs{draws: &d.draws}, Vault: deskVault{}}
	rails := Rails{Chains: map[chain.Network]ports.Chain{chain.Sandbox: sandbox.New(d.store, d.clock)}}
	if live {
		rails.Chains[chain.Tron] = tronLike{}
	}
	d.creds = Credentials{Ring: d.store, Vault: deskVault{}, Tokens: plainTokens{}, Clock: d.clock}
	d.signin = SignIn{
		Core: core, Passwords: plainPasswords{&d.verified}, Passkeys: plainPasskeys{}, Ring: d.store,
		Throttle: NewThrottle(), Issuer: "pay.example",
	}
	d.members = Members{Core: core, SignIn: d.signin}
	d.accounts = Accounts{Core: core, SignIn: d.signin, Tokens: plainTokens{}, Rails: rails}
	d.keys = Keys{Core: core, Rails: rails}
	d.accepts = Receiving{
		Core: core, Rails: rails, SignIn: d.signin, Log: slog.New(slog.DiscardHandler),
		Events: Announcer{IDs: core.IDs, Clock: d.clock, Addresses: plainWords{}},
	}
	d.kyc = KYC{Core: core}
	return d
}

func (d *desk) ok(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

// fails wants a fault, and nothing done.
func (d *desk) fails(err, want error) {
	d.Helper()
	if !errors.Is(err, want) {
		d.Errorf("got %v, want %v", err, want)
	}
}

func (d *desk) register(email string) NewMerchant {
	d.Helper()
	m, _, err := d.accounts.Register(d.Context(), RegisterInput{
		Email: email, Password: "correct horse", Name: "Café",
	}, Once[NewMerchant]{})
	d.ok(err)
	return m
}

func who(m NewMerchant) merchant.Principal {
	return merchant.Principal{Merchant: m.Merchant.ID, Project: m.Project.ID, Mode: m.Project.Mode}
}
