package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/member"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/webhook"
	"github.com/101pay/101pay/ports"
)

// Confirmation is how sure we are that the merchant himself asks, and not who has his keys.
type Confirmation struct {
	Login    bool   // somebody signed in, not an API key
	Password string // his, again; "" if it was not given
	Client   string // whose budget a wrong one takes from, as in Shown
	Proven   bool   // he proved himself lately in the dashboard (Actor.Fresh)
}

// confirm verifies the password of who signed in. A wrong one is ErrInvalidCredentials and counts as a
// try to sign in; none confirms nothing.
func (s Receiving) confirm(ctx context.Context, who merchant.Principal, by Confirmation) (bool, error) {
	if !by.Login || by.Password == "" {
		return by.Login && by.Proven, nil
	}
	m, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (member.Member, error) {
		if who.By.Member != "" {
			return r.Members.Load(ctx, member.ID(who.By.Member))
		}
		account, err := r.Merchants.ByID(ctx, who.Merchant) // a login older than members
		if err != nil {
			return member.Member{}, err
		}
		return findMember(ctx, r, s.Core.IDs, account.Email)
	})
	if err != nil {
		return false, err
	}
	tries := s.SignIn.tries(Shown{Email: m.Email, Client: by.Client})
	if err := s.SignIn.Throttle.take(s.now(), tries); err != nil {
		return false, err
	}
	matches, err := s.SignIn.Passwords.Verify(ctx, by.Password, m.PasswordHash)
	if err == nil && !matches {
		err = ErrInvalidCredentials
	}
	s.SignIn.after(tries, err)
	return matches, err
}

// addition is an account about to be added.
type addition struct {
	account   merchant.ReceivingAccount
	confirmed bool
	now       time.Time
}

// admit adds an account, current or pending, and tells the merchant.
func (s Receiving) admit(ctx context.Context, r ports.Repos, a addition) (merchant.ReceivingAccount, error) {
	var none merchant.ReceivingAccount
	accounts, err := r.Receiving.Load(ctx, a.account.ProjectID, merchant.ChangeMemory(a.now))
	if err != nil {
		return none, err
	}
	wait, err := r.Addresses.Wait(ctx, a.account.ProjectID)
	if err != nil {
		return none, err
	}
	change, err := merchant.Admit(accounts, a.account, wait, a.now)
	if err != nil {
		return none, err
	}
	if change.Guarded && !a.confirmed {
		return none, merchant.ErrPasswordRequired
	}
	if err := s.claim(ctx, r, &change.Account, a.now); err != nil {
		return none, err
	}
	news := webhook.AddressRequested
	if change.Account.State(a.now) == merchant.ReceivingCurrent {
		news, change.Account.ToldAt = webhook.AddressChanged, a.now
	}
	change.Account.Seal = sealOf(s.Core.Vault, change.Account)
	if change.Replaced.ID != "" {
		if err := r.Receiving.Save(ctx, change.Replaced); err != nil {
			return none, err
		}
	}
	if err := r.Receiving.Add(ctx, change.Account); err != nil {
		return none, err
	}
	return change.Account, s.Events.address(ctx, r, news, ports.AddressChange{
		Account: change.Account, Replaced: change.Replaced.Address,
	})
}

// claim refuses an address that is somebody else's. Whoever proves that it is his ends what others,
// who did not, have there: each of their payments would take an exact amount from his.
func (s Receiving) claim(
	ctx context.Context, r ports.Repos, a *merchant.ReceivingAccount, now time.Time,
) error {
	at, err := r.Addresses.At(ctx, a.Address, merchant.ChangeMemory(now))
	if err != nil {
		return err
	}
	if !a.Proven {
		if !merchant.MayUse(at, a.MerchantID) {
			return merchant.ErrAddressInUse
		}
		a.Proven = slices.ContainsFunc(at, func(o merchant.ReceivingAccount) bool {
			return o.Proven && o.MerchantID == a.MerchantID
		})
		return nil
	}
	for _, o := range at {
		if o.MerchantID == a.MerchantID || o.Proven {
			continue
		}
		accounts, err := r.Receiving.Load(ctx, o.ProjectID, now)
		if err != nil {
			return err
		}
		if err := s.end(ctx, r, accounts, o.ID, now); err != nil && !errors.Is(err, ports.ErrNotFound) {
			return fmt.Errorf("end %s, which another merchant proved to be his: %w", o.ID, err)
		}
	}
	return nil
}

// Remove retires an account. One that is current needs login and password: no new payment is sent
// there, and the address stays watched for as long as somebody may still pay to it. A change that
// waits is taken back by whoever can see it: stopping is always safe.
func (s Receiving) Remove(
	ctx context.Context, who merchant.Principal, removal Removal, once Once[struct{}],
) (struct{}, *ports.Answer, error) {
	confirmed, err := s.confirm(ctx, who, removal.By)
	if err != nil {
		return struct{}{}, nil, err
	}
	now := s.now()
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(struct{}) deed {
		return deed{action: "receiving_account.removed", subject: string(removal.ID)}
	},
		func(ctx context.Context, r ports.Repos) (struct{}, error) {
			var none struct{}
			accounts, err := r.Receiving.Load(ctx, who.Project, now)
			if err != nil {
				return none, err
			}
			serves := slices.ContainsFunc(accounts, func(a merchant.ReceivingAccount) bool {
				return a.ID == removal.ID && a.State(now) == merchant.ReceivingCurrent
			})
			switch {
			case serves && !removal.By.Login:
				return none, merchant.ErrLoginRequired
			case serves && !confirmed:
				return none, merchant.ErrPasswordRequired
			}
			return none, s.end(ctx, r, accounts, removal.ID, now)
		}))
}

// Removal names the account that shall end.
type Removal struct {
	ID merchant.ReceivingID
	By Confirmation
}

// end ends one of a project's accounts, and tells the merchant. ErrNotFound if it has ended.
func (s Receiving) end(
	ctx context.Context, r ports.Repos, accounts []merchant.ReceivingAccount, id merchant.ReceivingID,
	now time.Time,
) error {
	ended, restored, found := merchant.End(accounts, id, now)
	if !found {
		return ports.ErrNotFound
	}
	if err := r.Receiving.Save(ctx, ended); err != nil {
		return err
	}
	news, told := webhook.AddressChanged, ports.AddressChange{Account: ended, Removed: true}
	if ended.ActiveFrom.After(now) {
		news, told.Removed, told.Replaced = webhook.AddressCancelled, false, restored.Address
	}
	if restored.ID != "" {
		if err := r.Receiving.Save(ctx, restored); err != nil {
			return err
		}
	}
	return s.Events.address(ctx, r, news, told)
}

// tellBatch is how many changes one pass tells of.
const tellBatch = 200

// Tell tells merchants of changes whose time has come, each once. Payments go to the new address from
// that time on whether or not this runs.
func (s Receiving) Tell(ctx context.Context) error {
	now := s.now()
	due, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]merchant.ReceivingAccount, error) {
		return r.Addresses.Due(ctx, now, tellBatch)
	})
	if err != nil {
		return err
	}
	for _, a := range due {
		err := s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
			return s.tell(ctx, r, a, now)
		})
		if err != nil {
			return fmt.Errorf("tell of receiving account %s: %w", a.ID, err)
		}
	}
	return nil
}

// tell looks again, with the project locked: another process may have told meanwhile.
func (s Receiving) tell(
	ctx context.Context, r ports.Repos, due merchant.ReceivingAccount, now time.Time,
) error {
	accounts, err := r.Receiving.Load(ctx, due.ProjectID, due.ActiveFrom)
	if err != nil {
		return err
	}
	find := func(id merchant.ReceivingID) (merchant.ReceivingAccount, bool) {
		at := slices.IndexFunc(accounts, func(a merchant.ReceivingAccount) bool { return a.ID == id })
		if at < 0 {
			return merchant.ReceivingAccount{}, false
		}
		return accounts[at], true
	}
	a, found := find(due.ID)
	if !found || !a.ToldAt.IsZero() || a.State(now) != merchant.ReceivingCurrent {
		return nil
	}
	a.ToldAt = now
	if err := r.Receiving.Save(ctx, a); err != nil {
		return err
	}
	replaced, _ := find(a.Replaces)
	return s.Events.address(ctx, r, webhook.AddressChanged, ports.AddressChange{
		Account: a, Replaced: replaced.Address,
	})
}

// Wait is how long the project's address changes wait.
func (s Receiving) Wait(ctx context.Context, who merchant.Principal) (merchant.ChangeWait, error) {
	now := s.now()
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) (merchant.ChangeWait, error) {
		w, err := r.Addresses.Wait(ctx, who.Project)
		return w.At(now), err
	})
}

// SetWait changes how long address changes wait: longer at once, shorter after the present time.
func (s Receiving) SetWait(
	ctx context.Context, who merchant.Principal, hours int, once Once[merchant.ChangeWait],
) (merchant.ChangeWait, *ports.Answer, error) {
	now := s.now()
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(w merchant.ChangeWait) deed {
		return deed{"address_wait.set", string(who.Project), "", "hours=" + strconv.Itoa(hours)}
	},
		func(ctx context.Context, r ports.Repos) (merchant.ChangeWait, error) {
			if _, err := r.Projects.Load(ctx, who.Project); err != nil { // one at a time
				return merchant.ChangeWait{}, err
			}
			w, err := r.Addresses.Wait(ctx, who.Project)
			if err != nil {
				return merchant.ChangeWait{}, err
			}
			if w, err = w.Set(hours, now); err != nil {
				return merchant.ChangeWait{}, err
			}
			return w, r.Addresses.SetWait(ctx, who.Project, w)
		}))
}
