package app

import (
	"context"
	"crypto/subtle"
	"encoding/hex"
	"log/slog"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
)

// sealPurpose keeps seals of receiving accounts apart from other tags.
const sealPurpose = "receiving account"

// sealOf is the seal of an account: whoever can write to the database, but has no key, cannot make it.
func sealOf(v ports.Vault, a merchant.ReceivingAccount) string {
	return hex.EncodeToString(v.Tag(sealPurpose, a.SealText()))
}

// isSealed reports whether an account is as we recorded it. One without a seal is not.
func isSealed(v ports.Vault, a merchant.ReceivingAccount) bool {
	return a.Seal != "" && subtle.ConstantTimeCompare([]byte(a.Seal), []byte(sealOf(v, a))) == 1
}

// alarm tells the operator of an account that is not as we recorded it. The address is left out: it may
// be a thief's, and logs are copied from.
func alarm(ctx context.Context, log *slog.Logger, a merchant.ReceivingAccount) {
	log.LogAttrs(ctx, slog.LevelError, "a receiving account is not as it was recorded: nobody is sent there",
		slog.String("account", string(a.ID)), slog.String("project", string(a.ProjectID)),
		slog.String("network", string(a.Network)), slog.String("asset", a.Asset))
}

func (s Receiving) intact(ctx context.Context, a merchant.ReceivingAccount) bool {
	if isSealed(s.Core.Vault, a) {
		return true
	}
	alarm(ctx, s.Log, a)
	return false
}

// sealBatch is how many accounts are looked at in one unit of work.
const sealBatch = 500

// SealFirst seals the accounts of before there were seals. It trusts the database at that one moment,
// so it does nothing as soon as any account carries a seal. sealed is how many it sealed.
func (s Receiving) SealFirst(ctx context.Context) (sealed int, err error) {
	carries := false
	err = s.each(ctx, func(a merchant.ReceivingAccount) error {
		carries = carries || a.Seal != ""
		return nil
	})
	if err != nil || carries {
		return 0, err
	}
	err = s.each(ctx, func(a merchant.ReceivingAccount) error {
		sealed++
		return s.Core.Work.Do(ctx, func(ctx context.Context, r ports.Repos) error {
			return s.sealOne(ctx, r, a)
		})
	})
	return sealed, err
}

// sealOne seals an account as it is now: what else changed meanwhile stays.
func (s Receiving) sealOne(ctx context.Context, r ports.Repos, seen merchant.ReceivingAccount) error {
	accounts, err := r.Receiving.Load(ctx, seen.ProjectID, s.now())
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if a.ID == seen.ID && a.Seal == "" {
			a.Seal = sealOf(s.Core.Vault, a)
			return r.Receiving.Save(ctx, a)
		}
	}
	return nil
}

// Inspect answers how many accounts there are, and those that are not as we recorded them.
func (s Receiving) Inspect(ctx context.Context) (seen int, tampered []merchant.ReceivingAccount, err error) {
	err = s.each(ctx, func(a merchant.ReceivingAccount) error {
		seen++
		if !isSealed(s.Core.Vault, a) {
			tampered = append(tampered, a)
		}
		return nil
	})
	return seen, tampered, err
}

// each shows every account that has not ended.
func (s Receiving) each(ctx context.Context, act func(merchant.ReceivingAccount) error) error {
	var after merchant.ReceivingID
	for {
		page, err := fetch(ctx, s.Core, func(ctx context.Context, r ports.Repos) ([]merchant.ReceivingAccount, error) {
			return r.Addresses.All(ctx, after, s.now(), sealBatch)
		})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, a := range page {
			if err := act(a); err != nil {
				return err
			}
		}
		after = page[len(page)-1].ID
	}
}
