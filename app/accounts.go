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

// newAccount is an account with what none is without.
type newAccount struct {
	account ports.Account
	project merchant.Project
	owner   member.Member
}

// Register opens an account with its default project, in test mode, makes its API key and signs it in to the
// API: everything a program needs to go on.
func (s Accounts) Register(
	ctx context.Context, in RegisterInput, once Once[NewMerchant],
) (NewMerchant, *ports.Answer, error) {
	return openAccount(ctx, s, in, once,
		func(ctx context.Context, r ports.Repos, n newAccount) (NewMerchant, error) {
			signedIn, login, err := s.signIn(n.owner)
			if err != nil {
				return NewMerchant{}, err
			}
			who := merchant.Principal{Merchant: n.account.Merchant.ID, Project: n.project.ID, Mode: merchant.Test}
			secret, apiKey := drawAPIKey(s.Core, who)
			if err := r.Keys.PutAPIKey(ctx, apiKey); err != nil {
				return NewMerchant{}, err
			}
			return NewMerchant{
				Merchant: n.account.Merchant, Project: n.project, APIKey: secret, SignedIn: signedIn,
			}, r.Logins.Add(ctx, login)
		})
}

// Open opens an account with its default project, in test mode, and makes no credential: whoever opened it
// at the dashboard makes there what his programs need, and is shown it.
func (s Accounts) Open(ctx context.Context, in RegisterInput) (merchant.Merchant, error) {
	opened, _, err := openAccount(ctx, s, in, Once[merchant.Merchant]{},
		func(_ context.Context, _ ports.Repos, n newAccount) (merchant.Merchant, error) {
			return n.account.Merchant, nil
		})
	return opened, err
}

// openAccount records an account, and with it in one unit of work whatever else it begins with.
func openAccount[T any](ctx context.Context, s Accounts, in RegisterInput, once Once[T],
	begin func(ctx context.Context, r ports.Repos, n newAccount) (T, error),
) (T, *ports.Answer, error) {
	var none T
	email, err := merchant.NormalizeEmail(in.Email)
	if err != nil {
		return none, nil, err
	}
	if in.Name != "" {
		if err := merchant.CheckName(in.Name); err != nil {
			return none, nil, err
		}
	}
	if err := strongPassword(s.SignIn.Passwords, in.Password, email); err != nil {
		return none, nil, err
	}
	hash, err := s.SignIn.Passwords.Hash(ctx, in.Password)
	if err != nil {
		return none, nil, err
	}
	for range clientIDTries {
		fresh := s.draw(email, in.Name, hash)
		out, stored, err := run(ctx, s.Core, accountScope(email), once,
			func(ctx context.Context, r ports.Repos) (T, error) {
				if err := fresh.record(ctx, r); err != nil {
					return none, err
				}
				return begin(ctx, r, fresh)
			})
		if !errors.Is(err, ports.ErrTaken) {
			return out, stored, err
		}
		if fault.From(err).Param == "email" {
			return none, nil, merchant.ErrEmailTaken
		}
	}
	return none, nil, errors.New("register: every client id drawn is in use")
}

// strongPassword refuses with ErrWeakPassword what does not keep an account.
func strongPassword(p ports.Passwords, password, email string) error {
	if utf8.RuneCountInString(password) < passwordMinRunes || len(password) > passwordMaxBytes ||
		strings.EqualFold(password, email) || p.Weak(password) {
		return ErrWeakPassword
	}
	return nil
}

// draw makes up an account: its identifiers, its owner and its default project.
func (s Accounts) draw(email, name, passwordHash string) newAccount {
	ids, now := s.Core.IDs, ledger.Instant(s.Core.Clock.Now())
	m := merchant.Merchant{
		ID: merchant.ID(ids.UUID()), ClientID: drawClientID(ids), Email: email, Name: name, CreatedAt: now,
	}
	if m.Name == "" {
		m.Name = "Merchant " + string(m.ClientID)
	}
	account := ports.Account{Merchant: m, PasswordHash: passwordHash}
	return newAccount{
		account: account, owner: founder(ids, account),
		project: merchant.Project{
			ID: merchant.ProjectID(ids.UUID()), MerchantID: m.ID, Name: "Default", Mode: merchant.Test,
			Policy: merchant.DefaultPolicy(), CreatedAt: now,
		},
	}
}

// drawClientID draws twelve digits, in two halves so that they fit an int of any size.
func drawClientID(ids ports.IDs) merchant.ClientID {
	const half = 1_000_000
	//nolint:gosec // Intn is never negative
	return merchant.MakeClientID(uint64(ids.Intn(half))*half + uint64(ids.Intn(half)))
}

func (n newAccount) record(ctx context.Context, r ports.Repos) error {
	if err := r.Merchants.Add(ctx, n.account, n.project); err != nil {
		return err
	}
	return r.Members.Add(ctx, n.owner)
}

// Principal is who a merchant's login acts as: his default project, in the mode it is set to.
func (s Accounts) Principal(ctx context.Context, id merchant.ID) (merchant.Principal, error) {
	project, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (merchant.Project, error) {
		return defaultProject(ctx, r, id)
	})
	if err != nil {
		return merchant.Principal{}, err
	}
	return merchant.Principal{Merchant: id, Project: project.ID, Mode: project.Mode}, nil
}

func defaultProject(ctx context.Context, r ports.Repos, id merchant.ID) (merchant.Project, error) {
	projects, err := r.Projects.Of(ctx, id)
	if err != nil {
		return merchant.Project{}, err
	}
	if len(projects) == 0 {
		return merchant.Project{}, keys.ErrUnauthorized // a token outlived its account
	}
	return projects[0], nil
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
