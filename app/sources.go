package app

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/hdkey"
	"github.com/101pay/101pay/domain/ledger"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// AddressSources keeps where the addresses come from that single payments have for themselves.
type AddressSources struct {
	Core      Core
	Rails     Rails
	Receiving Receiving // guards what redirects money
}

// SourceInput is an address source as a merchant writes it: an extended public key, or addresses.
type SourceInput struct {
	Family    string
	Xpub      string
	Addresses []string
	Label     string
}

// SourceState is a source and how its addresses stand.
type SourceState struct {
	merchant.AddressSource
	State merchant.SourceState
	Tally ports.SourceTally
}

// Low reports whether the source will soon have no address for a payment.
func (s SourceState) Low() bool {
	return s.Kind == merchant.SourcePool && s.Tally.Free < merchant.LowPool
}

// Register records a source. It serves nobody before Confirm.
func (s AddressSources) Register(
	ctx context.Context, who merchant.Principal, in SourceInput, once Once[SourceState],
) (SourceState, *ports.Answer, error) {
	source, pool, err := s.check(in)
	if err != nil {
		return SourceState{}, nil, err
	}
	now := s.now()
	source.ID = merchant.SourceID(s.Core.IDs.UUID())
	source.MerchantID, source.ProjectID = who.Merchant, who.Project
	source.Label, source.CreatedAt = in.Label, now
	if source.Kind == merchant.SourceXpub {
		if source.Sealed, err = s.Core.Vault.Seal(xpubPurpose(source), []byte(in.Xpub)); err != nil {
			return SourceState{}, nil, err
		}
	}
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(v SourceState) deed {
		return deed{"address_source.registered", string(v.ID), "", "family=" + string(v.Family)}
	},
		func(ctx context.Context, r ports.Repos) (SourceState, error) {
			if err := r.Sources.AddSource(ctx, source); err != nil {
				return SourceState{}, err
			}
			if err := addPool(ctx, r, source, pool, now); err != nil {
				return SourceState{}, err
			}
			return s.state(ctx, r, source, now)
		}))
}

// check reads a source without recording it. What was pasted is never repeated in an error.
func (s AddressSources) check(in SourceInput) (merchant.AddressSource, []chain.Address, error) {
	none := merchant.AddressSource{}
	f := chain.Family(in.Family)
	if !slices.Contains(chain.Families(), f) {
		return none, nil, merchant.ErrUnknownFamily
	}
	if (in.Xpub == "") == (len(in.Addresses) == 0) {
		return none, nil, merchant.ErrSourceKind
	}
	if in.Xpub == "" {
		pool, err := s.readPool(f, in.Addresses)
		first := pool[:min(len(pool), merchant.ShownAddresses)]
		return merchant.AddressSource{Family: f, Kind: merchant.SourcePool, First: first}, pool, err
	}
	key, err := hdkey.Parse(in.Xpub)
	if err != nil {
		return none, nil, err
	}
	source := merchant.AddressSource{Family: f, Kind: merchant.SourceXpub, Fingerprint: key.Fingerprint()}
	for i := range int64(merchant.ShownAddresses) {
		at, err := key.Address(f, i)
		if err != nil {
			return none, nil, hdkey.ErrInvalidKey
		}
		source.First = append(source.First, at)
	}
	return source, nil, nil
}

// readPool reads addresses that a merchant wrote down, each once and none a token.
func (s AddressSources) readPool(f chain.Family, texts []string) ([]chain.Address, error) {
	if len(texts) == 0 || len(texts) > merchant.MaxPoolRequest {
		return nil, merchant.ErrSourceKind.About("addresses")
	}
	seen := make(map[chain.Address]bool, len(texts))
	pool := make([]chain.Address, len(texts))
	for i, text := range texts {
		at, err := f.ParseAddress(text)
		switch {
		case err != nil:
			return nil, err
		case seen[at]:
			return nil, merchant.ErrAddressRepeated.Saying(text + " is in the list twice")
		case s.Rails.isContract(at):
			return nil, chain.ErrInvalidAddress.Saying(text + " is a token contract, not an account; money sent there is lost")
		}
		seen[at], pool[i] = true, at
	}
	return pool, nil
}

// isContract reports whether an address is a token this gateway reads.
func (r Rails) isContract(at chain.Address) bool {
	for _, c := range r.Chains {
		if slices.ContainsFunc(c.Assets(), func(a chain.Asset) bool { return a.Contract == string(at) }) {
			return true
		}
	}
	return false
}

// addPool writes addresses down for a source that has room for them.
func addPool(
	ctx context.Context, r ports.Repos, source merchant.AddressSource, pool []chain.Address, now time.Time,
) error {
	if len(pool) == 0 {
		return nil
	}
	if source.NextIndex+int64(len(pool)) > merchant.MaxPool {
		return merchant.ErrPoolFull
	}
	err := r.Sources.AddPool(ctx, source, pool, now)
	if errors.Is(err, ports.ErrTaken) {
		err = merchant.ErrAddressTaken
	}
	return err
}

// Append adds addresses to a pool.
func (s AddressSources) Append(
	ctx context.Context, who merchant.Principal, id merchant.SourceID, addresses []string, once Once[SourceState],
) (SourceState, *ports.Answer, error) {
	now := s.now()
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(v SourceState) deed {
		return deed{"address_source.extended", string(v.ID), "", "addresses=" + strconv.Itoa(len(addresses))}
	},
		func(ctx context.Context, r ports.Repos) (SourceState, error) {
			source, err := r.Sources.LoadSource(ctx, who.Project, id)
			switch {
			case err != nil:
				return SourceState{}, err
			case source.Kind != merchant.SourcePool:
				return SourceState{}, merchant.ErrPoolOnly
			}
			pool, err := s.readPool(source.Family, addresses)
			if err != nil {
				return SourceState{}, err
			}
			if err := addPool(ctx, r, source, pool, now); err != nil {
				return SourceState{}, err
			}
			return s.reload(ctx, r, who, id, now)
		}))
}

// SourceConfirmation is what a merchant shows to have a source serve his payments.
type SourceConfirmation struct {
	ID    merchant.SourceID
	First string // the source's first address, out of his wallet
	By    Confirmation
}

// Confirm makes payments get a source's addresses, once the merchant has shown that he knows the first
// one from his own wallet, and his password. In place of other addresses of the project it waits as long
// as any change of them.
func (s AddressSources) Confirm(
	ctx context.Context, who merchant.Principal, in SourceConfirmation, once Once[SourceState],
) (SourceState, *ports.Answer, error) {
	confirmed, err := s.Receiving.confirm(ctx, who, in.By)
	if err == nil && !confirmed {
		err = merchant.ErrPasswordRequired
	}
	if err != nil {
		return SourceState{}, nil, err
	}
	now := s.now()
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(v SourceState) deed {
		return deed{"address_source.confirmed", string(v.ID), "", "family=" + string(v.Family)}
	},
		func(ctx context.Context, r ports.Repos) (SourceState, error) {
			source, err := r.Sources.LoadSource(ctx, who.Project, in.ID)
			if err != nil {
				return SourceState{}, err
			}
			from, err := serves(ctx, r, source, now)
			if err != nil {
				return SourceState{}, err
			}
			if source, err = source.Confirm(in.First, from); err != nil {
				return SourceState{}, err
			}
			if source.Kind == merchant.SourceXpub {
				// Addresses that another source of this key gave out are not given out again.
				reached, err := r.Sources.Reached(ctx, source.Family, source.Fingerprint)
				if err != nil {
					return SourceState{}, err
				}
				source.NextIndex = max(source.NextIndex, reached)
			}
			err = r.Sources.SaveSource(ctx, source)
			if errors.Is(err, ports.ErrTaken) {
				err = merchant.ErrSourceActive
			}
			if err != nil {
				return SourceState{}, err
			}
			return s.reload(ctx, r, who, in.ID, now)
		}))
}

// serves is from when on a source may serve: at once where nothing else received for the project on its
// networks lately, else after the waiting time of address changes.
func serves(
	ctx context.Context, r ports.Repos, source merchant.AddressSource, now time.Time,
) (time.Time, error) {
	since := merchant.ChangeMemory(now)
	accounts, err := r.Receiving.Load(ctx, source.ProjectID, since)
	if err != nil {
		return now, err
	}
	replaces, err := r.Sources.Served(ctx, source, since)
	if err != nil {
		return now, err
	}
	for _, a := range accounts {
		replaces = replaces || a.Network.KeyFamily() == source.Family && a.State(now) != merchant.ReceivingPending
	}
	if !replaces {
		return now, nil
	}
	wait, err := r.Addresses.Wait(ctx, source.ProjectID)
	return now.Add(time.Duration(wait.At(now).Hours) * time.Hour), err
}

// List lists the project's sources, newest first.
func (s AddressSources) List(ctx context.Context, who merchant.Principal) ([]SourceState, error) {
	now := s.now()
	return fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]SourceState, error) {
		sources, err := r.Sources.List(ctx, who.Project)
		if err != nil {
			return nil, err
		}
		out := make([]SourceState, len(sources))
		for i, source := range sources {
			if out[i], err = s.state(ctx, r, source, now); err != nil {
				return nil, err
			}
		}
		return out, nil
	})
}

// Remove retires a source: no payment gets its addresses from now on. Those that were given out stay
// watched for as long as somebody may pay to them.
func (s AddressSources) Remove(
	ctx context.Context, who merchant.Principal, id merchant.SourceID, once Once[struct{}],
) (struct{}, *ports.Answer, error) {
	now := s.now()
	return run(ctx, s.Core, ownScope(who), once, noted(s.Core, who, func(struct{}) deed {
		return deed{action: "address_source.removed", subject: string(id)}
	},
		func(ctx context.Context, r ports.Repos) (struct{}, error) {
			source, err := r.Sources.LoadSource(ctx, who.Project, id)
			if err != nil {
				return struct{}{}, err
			}
			source.RemovedAt = now
			return struct{}{}, r.Sources.SaveSource(ctx, source)
		}))
}

func (s AddressSources) reload(
	ctx context.Context, r ports.Repos, who merchant.Principal, id merchant.SourceID, now time.Time,
) (SourceState, error) {
	source, err := r.Sources.LoadSource(ctx, who.Project, id)
	if err != nil {
		return SourceState{}, err
	}
	return s.state(ctx, r, source, now)
}

func (s AddressSources) state(
	ctx context.Context, r ports.Repos, source merchant.AddressSource, now time.Time,
) (SourceState, error) {
	tally, err := r.Sources.Tally(ctx, source.ID, now)
	return SourceState{AddressSource: source, State: source.State(now), Tally: tally}, err
}

func (s AddressSources) now() time.Time { return ledger.Instant(s.Core.Clock.Now()) }
