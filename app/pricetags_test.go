package app

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/money"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/ports"
)

// counted counts how often a resource is read.
type counted struct {
	ports.ResourceReads
	reads int
}

func (c *counted) BySKU(ctx context.Context, id merchant.ID, sku string) (ports.ResourceRow, error) {
	c.reads++
	return c.ResourceReads.BySKU(ctx, id, sku)
}

// reprices changes what weather costs, by a gateway.
func (m *market) reprices(by process, usdc string) {
	m.Helper()
	price, err := money.FromMinor(money.USDC, units(m, usdc))
	m.ok(err)
	who := merchant.Principal{Merchant: m.shop.ID(), Project: m.shop.Project.ID, Mode: merchant.Test}
	_, _, err = by.Catalog.Update(m.Context(), who, ResourceChange{SKU: "weather", Terms: TermsChange{Price: &price}}, Once[ResourceView]{})
	m.ok(err)
}

// tells wants a gateway to name a price to whoever asks.
func (m *market) tells(by process, usdc string) {
	m.Helper()
	was := m.gateway
	m.gateway = by
	if got := m.asks("weather").Units.String(); got != usdc {
		m.Errorf("the price is %s, want %s", got, usdc)
	}
	m.gateway = was
}

// Who only asks is answered from memory, each a question of his own.
func TestPricesAreReadSeldom(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		reads := &counted{ResourceReads: m.gateway.Catalog.Reads}
		m.gateway.Catalog.Reads = reads
		told := map[string]bool{}
		const asked = 10
		for range asked {
			sale, err := m.gateway.Buy(m.Context(), m.wants("weather"))
			m.ok(err)
			told[sale.Challenge.Required] = true
			time.Sleep(tagLife/asked - time.Millisecond)
		}
		if reads.reads != 1 || len(told) != asked {
			t.Errorf("%d reads, %d different questions; want 1 and %d", reads.reads, len(told), asked)
		}
		time.Sleep(tagLife)
		m.tells(m.gateway, "10000")
		if reads.reads != 2 {
			t.Errorf("%d reads after a while, want 2", reads.reads)
		}
	})
}

// A merchant sees his own change at once. Another process tells the price before it for a moment, and takes
// nothing by it.
func TestAChangedPriceIsTold(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		other := m.start(m.store)
		m.tells(m.gateway, "10000")
		m.tells(other, "10000")
		old := m.presents(m.asks("weather"))

		m.reprices(m.gateway, "20000")
		m.tells(m.gateway, "20000")
		m.tells(other, "10000")
		sale, err := other.Buy(m.Context(), old)
		m.ok(err)
		if sale.Status() != http.StatusPaymentRequired || sale.Fault == nil {
			t.Errorf("a payment of the old price: %d, %v", sale.Status(), sale.Fault)
		}
		time.Sleep(tagLife)
		m.tells(other, "20000")
		m.books(0, 0)
	})
}

// What this process took off sale has no price for the next who asks.
func TestArchivingIsToldAtOnce(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		m.tells(m.gateway, "10000")
		who := merchant.Principal{Merchant: m.shop.ID(), Project: m.shop.Project.ID, Mode: merchant.Test}
		_, err := m.gateway.Catalog.Archive(m.Context(), who, "weather", Once[struct{}]{})
		m.ok(err)
		if _, err := m.gateway.Buy(m.Context(), m.wants("weather")); err == nil {
			t.Error("an archived resource has a price")
		}
	})
}

// The time in which something is sold is kept to the moment, whatever is remembered.
func TestARememberedPriceEndsWithItsSale(t *testing.T) {
	inMarket(t, func(m *market) {
		until := time.Now().Add(tagLife / 2)
		m.sells("weather", "10000", func(s *resource.Snapshot) { s.Terms.ValidUntil = until })
		m.tells(m.gateway, "10000")
		time.Sleep(tagLife / 2)
		if _, err := m.gateway.Buy(m.Context(), m.wants("weather")); err == nil {
			t.Error("it is still offered when its time is over")
		}
	})
}

// What was read before a change is not kept after it.
func TestTagsOfBeforeAChangeAreNotKept(t *testing.T) {
	tags, now, at := new(PriceTags), time.Now(), shelfMark{"shop", "weather"}
	tag := priceTag{&stall{made: now}, now}
	before := tags.count()
	tags.changed(at.merchant, at.sku)
	tags.put(at, tag, before)
	if _, kept := tags.get(at, now); kept {
		t.Error("what was read before a change is told after it")
	}
	tags.put(at, tag, tags.count())
	if _, kept := tags.get(at, now.Add(tagLife-1)); !kept {
		t.Error("nothing is kept")
	}
	if _, kept := tags.get(at, now.Add(tagLife)); kept {
		t.Error("it is kept for too long")
	}
}

// Memory has an end, and no price is told for another resource.
func TestTagsAreBounded(t *testing.T) {
	tags, now := new(PriceTags), time.Now()
	for n := range 3 * maxTags / 2 {
		sku := fmt.Sprintf("%d", n)
		one := &stall{made: now}
		one.resource.SKU = sku
		tags.put(shelfMark{"shop", sku}, priceTag{one, now}, 0)
		if s, kept := tags.get(shelfMark{"shop", sku}, now); !kept || s.resource.SKU != sku {
			t.Fatalf("%s: %+v, %t", sku, s, kept)
		}
		if len(tags.of) > maxTags {
			t.Fatalf("%d are kept", len(tags.of))
		}
	}
	if _, kept := tags.get(shelfMark{"another shop", "1"}, now); kept {
		t.Error("another merchant's price")
	}
}
