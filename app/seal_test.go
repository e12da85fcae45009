package app

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/domain/checkout"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// Whoever writes to the database redirects nobody: an account that is not as we recorded it is not used
// and not shown.
func TestATamperedAccountIsRefused(t *testing.T) {
	for name, tamper := range map[string]func(a *merchant.ReceivingAccount){
		"another address":   func(a *merchant.ReceivingAccount) { a.Address = otherAddress },
		"current too early": func(a *merchant.ReceivingAccount) { a.ActiveFrom = a.ActiveFrom.Add(-time.Hour) },
		"no seal":           func(a *merchant.ReceivingAccount) { a.Seal = "" },
	} {
		t.Run(name, func(t *testing.T) {
			c := openCounter(t, chain.Tron)
			var log strings.Builder
			c.checkout.Log = slog.New(slog.NewTextHandler(&log, nil))
			c.ok(c.receive("TRC20", "USDT", shopAddress))
			sealed := c.listed()[0].ReceivingAccount
			id, err := c.opened(c.live(), "")
			c.ok(err)
			c.ok(c.remove(sealed.ID, byPassword))
			forged := sealed
			forged.ID = merchant.ReceivingID(portstest.UUID())
			forged.Seal = sealOf(deskVault{}, forged)
			tamper(&forged)
			c.ok(c.checkout.Core.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
				return r.Receiving.Add(ctx, forged)
			}))
			_, err = c.checkout.Intent(t.Context(), id, Choice{Method: checkout.USDT})
			c.refuses(err, merchant.ErrReceivingTampered, "")
			if !strings.Contains(log.String(), string(forged.ID)) || strings.Contains(log.String(), string(forged.Address)) {
				t.Errorf("log %s", log.String())
			}
			if list := c.listed(); len(list) != 1 || !list[0].Tampered || list[0].Address != "" {
				t.Errorf("listed %+v", list)
			}
			methods, err := c.accepts.Methods(t.Context(), c.live())
			c.ok(err)
			for _, m := range methods {
				for _, n := range m.Networks {
					if n.Address != "" {
						t.Errorf("methods show %s", n.Address)
					}
				}
			}
			seen, tampered, err := c.accepts.Inspect(t.Context())
			if err != nil || seen != 1 || len(tampered) != 1 {
				t.Errorf("inspected %d: %v, %v", seen, tampered, err)
			}
		})
	}
}

// Accounts of before there were seals are sealed once; as soon as one carries a seal, never again.
func TestFormerAccountsAreSealedOnce(t *testing.T) {
	c := openCounter(t, chain.Tron, chain.Base)
	record := func(network chain.Network, asset string, at chain.Address) {
		a := c.shop.Receive(at, c.clock.Now())
		a.Network, a.Asset, a.Seal = network, asset, ""
		c.ok(c.checkout.Core.Work.Do(t.Context(), func(ctx context.Context, r ports.Repos) error {
			return r.Receiving.Add(ctx, a)
		}))
	}
	record(chain.Tron, "USDT", shopAddress)
	if n, err := c.accepts.SealFirst(t.Context()); err != nil || n != 1 {
		t.Fatalf("sealed %d, %v", n, err)
	}
	if c.payTo() != shopAddress {
		t.Error("a sealed account is not used")
	}
	record(chain.Base, "USDC", otherEVM)
	if n, err := c.accepts.SealFirst(t.Context()); err != nil || n != 0 {
		t.Errorf("sealed %d more, %v", n, err)
	}
	if seen, tampered, err := c.accepts.Inspect(t.Context()); err != nil || seen != 2 || len(tampered) != 1 {
		t.Errorf("inspected %d: %v, %v", seen, tampered, err)
	}
}
