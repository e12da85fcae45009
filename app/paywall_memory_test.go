package app

import (
	"context"
	"net/http"
	"testing"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/ports"
)

// contentReads counts how often stored bytes are read.
type contentReads struct {
	ports.ResourceReads
	reads int
}

func (c *contentReads) Content(ctx context.Context, id resource.ID, h resource.Hash) ([]byte, error) {
	c.reads++
	return c.ResourceReads.Content(ctx, id, h)
}

// countingPen counts what is signed.
type countingPen struct {
	ports.Signer
	signed int
}

func (p *countingPen) Sign(message []byte) []byte {
	p.signed++
	return p.Signer.Sign(message)
}

// A payment that is presented again is answered without reading or signing anything again, until something
// else is sold.
func TestPresentedAgainIsAnsweredFromMemory(t *testing.T) {
	inMarket(t, func(m *market) {
		m.sells("weather", "10000")
		reads := &contentReads{ResourceReads: m.gateway.Catalog.Reads}
		pen := &countingPen{Signer: m.gateway.Attestations.Signer}
		m.gateway.Catalog.Reads, m.gateway.Attestations.Signer = reads, pen
		p := m.pays("weather")
		m.gets(m.buy(p, http.StatusOK), forecast)
		first := m.buy(p, http.StatusOK)
		signed := pen.signed
		again := m.buy(p, http.StatusOK)
		if *again.Response != *first.Response || pen.signed != signed || reads.reads != 1 {
			t.Errorf("%d signed and %d read, want %d and 1; receipts %+v and %+v", pen.signed, reads.reads, signed,
				again.Response, first.Response)
		}
		m.gets(again, forecast)

		who := merchant.Principal{Merchant: m.shop.ID(), Project: m.shop.Project.ID, Mode: merchant.Test}
		_, _, err := m.start(m.store).Catalog.Update(m.Context(), who, ResourceChange{
			SKU: "weather", Content: &ContentInput{Body: []byte(`{"temperature":22}`), Type: "application/json"},
		}, Once[ResourceView]{})
		m.ok(err)
		m.gets(m.buy(p, http.StatusOK), `{"temperature":22}`)
	})
}

// Memory has an end, and long contents are not kept in it.
func TestContentsAreBounded(t *testing.T) {
	var kept contents
	mark := func(n int) contentMark { return contentMark{"one", resource.Hash{byte(n), byte(n >> 8)}} }
	kept.put(mark(0), make([]byte, keptContent+1))
	if _, there := kept.get(mark(0)); there {
		t.Error("a long content is kept")
	}
	for n := range 2 * keptContents / keptContent {
		body := make([]byte, keptContent)
		body[0] = byte(n)
		kept.put(mark(n), body)
		kept.put(mark(n), body)
		if got, there := kept.get(mark(n)); !there || got[0] != byte(n) {
			t.Fatalf("content %d: %t", n, there)
		}
		if sum := len(kept.of) * keptContent; kept.size > keptContents || kept.size != sum {
			t.Fatalf("%d bytes are kept, %d are counted", sum, kept.size)
		}
	}
	if _, there := kept.get(contentMark{"another", mark(1).hash}); there {
		t.Error("another resource's content")
	}
}
