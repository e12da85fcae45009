package app

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/keys"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// Bounds of a password. Length is what keeps it; the upper bound is a matter of cost alone.
const (
	passwordMinRunes = 12
	passwordMaxBytes = 128
)

// clientIDTries is how many client ids are drawn before giving up. One clash in 10^12 numbers is
// rare; as many in a row mean that something else is wrong.
const clientIDTries = 8

// Faults of accounts.
var (
	ErrWeakPassword = fault.New(fault.Invalid, "weak_password",
		"password must have at least 12 characters and at most 128 bytes, must not be a well-known one, "+
			"and must not be the e-mail address").About("password")
	// ErrInvalidCredentials is the one answer to an unknown address and to a wrong password.
	ErrInvalidCredentials = fault.New(fault.Unauthenticated, "invalid_credentials",
		"the e-mail address or the password is wrong")
)

// Accounts lets merchants sign up, sign in, and say who they are.
type Accounts struct {
	Core   Core
	SignIn SignIn
	Tokens ports.Tokens
	Rails  Rails
}

// RegisterInput is what a new merchant says. An empty name gets one that says nothing.
type RegisterInput struct {
	Email, Password, Name string
}

// NewMerchant is an account just opened. APIKey and the tokens are shown this once.
type NewMerchant struct {
	Merchant merchant.Merchant
	Project  merchant.Project
	APIKey   keys.Secret
	SignedIn SignedIn
}

// newAccount is everything a registration records.
type newAccount struct {
	NewMerchant
	account ports.Account
	owner   member.Member
	apiKey  keys.APIKey
	login   keys.Login
}

// Register opens an account with its default project, in test mode, and signs it in.
func (s Accounts) Register(
	ctx context.Context, in RegisterInput, once Once[NewMerchant],
) (NewMerchant, *ports.Answer, error) {
	email, err := merchant.NormalizeEmail(in.Email)
	if err != nil {
		return NewMerchant{}, nil, err
	}
	if in.Name != "" {
		if err := merchant.CheckName(in.Name); err != nil {
			return NewMerchant{}, nil, err
		}
	}
	if err := strongPassword(s.SignIn.Passwords, in.Password, email); err != nil {
		return NewMerchant{}, nil, err
	}
	hash, err := s.SignIn.Passwords.Hash(ctx, in.Password)
	if err != nil {
		return NewMerchant{}, nil, err
	}
	for range clientIDTries {
		fresh, err := s.draw(email, in.Name, hash)
		if err != nil {
			return NewMerchant{}, nil, err
		}
		out, stored, err := run(ctx, s.Core, accountScope(email), once,
			func(ctx context.Context, r ports.Repos) (NewMerchant, error) {
				return fresh.NewMerchant, fresh.record(ctx, r)
			})
		if !errors.Is(err, ports.ErrTaken) {
			return out, stored, err
		}
		if fault.From(err).Param == "email" {
			return NewMerchant{}, nil, merchant.ErrEmailTaken
		}
	}
	return NewMerchant{}, nil, errors.New("register: every client id drawn is in use")
}

// strongPassword refuses with ErrWeakPassword what does not keep an account.
func strongPassword(p ports.Passwords, password, email string) error {
	if utf8.RuneCountInString(password) < passwordMinRunes || len(password) > passwordMaxBytes ||
		strings.EqualFold(password, email) || p.Weak(password) {
		return ErrWeakPassword
	}
	return nil
}

// draw makes up an account: its identifiers, its credentials and its default project.
func (s Accounts) draw(email, name, passwordHash string) (newAccount, error) {
	ids, now := s.Core.IDs, ledger.Instant(s.Core.Clock.Now())
	m := merchant.Merchant{
		ID: merchant.ID(ids.UUID()), ClientID: drawClientID(ids), Email: email, Name: name, CreatedAt: now,
	}
	if m.Name == "" {
		m.Name = "Merchant " + string(m.ClientID)
	}
	project := merchant.Project{
		ID: merchant.ProjectID(ids.UUID()), MerchantID: m.ID, Name: "Default", Mode: merchant.Test,
		Policy: merchant.DefaultPolicy(), CreatedAt: now,
	}
	account := ports.Account{Merchant: m, PasswordHash: passwordHash}
	owner := founder(ids, account)
	signedIn, login, err := s.signIn(owner)
	if err != nil {
		return newAccount{}, err
	}
	who := merchant.Principal{Merchant: m.ID, Project: project.ID, Mode: merchant.Test}
	secret, apiKey := drawAPIKey(s.Core, who)
	return newAccount{
		NewMerchant: NewMerchant{Merchant: m, Project: project, APIKey: secret, SignedIn: signedIn},
		account:     account, owner: owner, apiKey: apiKey, login: login,
	}, nil
}

// drawClientID draws twelve digits, in two halves so that they fit an int of any size.
func drawClientID(ids ports.IDs) merchant.ClientID {
	const half = 1_000_000
	//nolint:gosec // Intn is never negative
	return merchant.MakeClientID(uint64(ids.Intn(half))*half + uint64(ids.Intn(half)))
}

func (n newAccount) record(ctx context.Context, r ports.Repos) error {
	if err := r.Merchants.Add(ctx, n.account, n.Project); err != nil {
		return err
	}
	if err := r.Members.Add(ctx, n.owner); err != nil {
		return err
	}
	if err := r.Keys.PutAPIKey(ctx, n.apiKey); err != nil {
		return err
	}
	return r.Logins.Add(ctx, n.login)
}

// Me is the merchant a principal acts for, and the project.
func (s Accounts) Me(ctx context.Context, who merchant.Principal) (merchant.Merchant, merchant.Project, error) {
	var m merchant.Merchant
	p, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (_ merchant.Project, err error) {
		if m, err = r.Merchants.ByID(ctx, who.Merchant); err != nil {
			return merchant.Project{}, err
		}
		return r.Projects.ByID(ctx, who.Project)
	})
	return m, p, err
}

// Rename changes the name payers see.
func (s Accounts) Rename(
	ctx context.Context, who merchant.Principal, name string, once Once[merchant.Merchant],
) (merchant.Merchant, *ports.Answer, error) {
	if err := merchant.CheckName(name); err != nil {
		return merchant.Merchant{}, nil, err
	}
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(m merchant.Merchant) deed {
		return deed{"merchant.renamed", string(m.ID), "", "name=" + m.Name}
	},
		func(ctx context.Context, r ports.Repos) (merchant.Merchant, error) {
			if err := r.Merchants.Rename(ctx, who.Merchant, name); err != nil {
				return merchant.Merchant{}, err
			}
			return r.Merchants.ByID(ctx, who.Merchant)
		}))
}

// ownScope keeps the idempotency keys of a merchant and mode apart from everybody else's. Every
// route he signs in for shares it, so that a key used on one path is refused on another.
func ownScope(who merchant.Principal) string {
	return "merchant " + string(who.Merchant) + " " + who.Mode.String()
}

// accountScope is for requests that come before anybody is signed in.
func accountScope(email string) string { return "account " + email }

// fetch reads in a unit of work.
func fetch[T any](
	ctx context.Context, c Core, read func(ctx context.Context, r ports.Repos) (T, error),
) (out T, err error) {
	err = c.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		out, err = read(ctx, r)
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return out, nil
}
