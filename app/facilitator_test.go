package app

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/sandbox"
	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
)

// A server of either version has a payment verified and settled, and finds it in the books.
func TestOtherServersAreSettledFor(t *testing.T) {
	for _, v := range []x402.Version{x402.V1, x402.V2} {
		inMarket(t, func(m *market) {
			t := m.T
			s, f := m.server(10_000), m.facilitator()
			s.version = v
			p := s.presented()
			m.ok(f.Verify(t.Context(), p))
			m.ok(f.Verify(t.Context(), p)) // without effect
			m.books(0, 0)
			got, err := f.Settle(t.Context(), p)
			m.ok(err)
			row := m.row(p)
			if s := row.Settlement.Snapshot(); got.ID != row.ID || got.TxID != s.TxID || s.Status != x402.Settled {
				t.Errorf("told %+v of %s", got, s.Status)
			}
			if row.Version != v || row.ResourceID != "" || row.Title != s.page || row.Price.String() != "0.01" {
				t.Errorf("recorded %+v", row)
			}
			m.books(1, 0)
			found, err := f.Status(t.Context(), s.who, got.ID)
			if err != nil || SettlementProgressOf(found.Settlement.Snapshot().Status) != SettlementCompleted {
				t.Errorf("%+v, %v", found, err)
			}
		})
	}
}

// One payment opens one page. Whoever presents copies of it to a server gets no more, however he times them;
// the server itself may repeat its request under its key.
func TestSuccessIsToldOnce(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_000), m.facilitator()
		p := s.presented()
		p.Repeat = "request 7"
		first, err := f.Settle(t.Context(), p)
		m.ok(err)
		copied := p
		copied.Repeat = ""
		m.refuses(f.Verify(t.Context(), copied), x402.ReasonUsed)
		for _, key := range []string{"", "request 8"} {
			copied.Repeat = key
			again, err := f.Settle(t.Context(), copied)
			m.refuses(err, x402.ReasonDuplicate)
			if again != first {
				t.Errorf("told %+v, want %+v", again, first)
			}
		}
		m.gateway = m.start(m.store) // whatever was remembered
		again, err := m.facilitator().Settle(t.Context(), p)
		if m.ok(err); again != first {
			t.Errorf("told %+v, want %+v", again, first)
		}
		time.Sleep(x402.ReplayFor + time.Second)
		_, err = f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonUsed)
		m.books(1, 0)
	})
}

func TestOfManyWhoSettleAtOnceOneIsTold(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_000), m.facilitator()
		p := s.presented()
		other := m.start(m.store)
		elsewhere := &Facilitator{
			Core: other.Core, Rails: other.Relayer.Rails, Relayer: other.Relayer, Reads: other.Reads, Log: f.Log,
		}
		var mu sync.Mutex
		told := 0
		var wg sync.WaitGroup
		for i := range 32 {
			wg.Go(func() {
				f := f
				if i%2 == 1 {
					f = elsewhere
				}
				_, err := f.Settle(t.Context(), p)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					told++
					return
				}
				m.refuses(err, x402.ReasonDuplicate)
			})
		}
		wg.Wait()
		sent, err := m.store.Lanes().OfSettlement(t.Context(), m.row(p).Settlement.Snapshot().Due.Key())
		if m.ok(err); told != 1 || len(sent) != 1 {
			t.Errorf("%d were told of success, %d transactions were signed", told, len(sent))
		}
		m.books(1, 0)
	})
}

// A server that went away before it was told, or a gateway that did, is told when it asks again.
func TestWhoWasNotToldIsTold(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_000), m.facilitator()
		p := s.presented()
		gone, hangUp := context.WithCancel(t.Context())
		hangUp()
		_, err := f.Settle(gone, p)
		m.refuses(err, x402.ReasonPending)
		if got := m.row(p).Settlement.Snapshot().Status; got != x402.Settled {
			t.Fatalf("what was begun ended %s", got)
		}
		m.gateway = m.start(m.store)
		f = m.facilitator()
		m.ok(f.Verify(t.Context(), p)) // its payer presents it again
		_, err = f.Settle(t.Context(), p)
		m.ok(err)
		_, err = f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonDuplicate)
		m.books(1, 0)
	})
}

// A payment that takes long is pending, is never told as anything else, and is told when it is settled.
func TestPendingIsToldAsPending(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_202), m.facilitator() // mined after half a minute
		p := s.presented()
		began := time.Now()
		got, err := f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonPending)
		if got.ID == "" || got.TxID == (x402.Hash{}) {
			t.Errorf("told %+v", got)
		}
		if took := time.Since(began); took > 29*time.Second {
			t.Errorf("it took %s, longer than clients wait", took)
		}
		m.ok(f.Verify(t.Context(), p))
		var wg sync.WaitGroup
		wg.Go(func() { m.pass(30 * time.Second) })
		_, err = f.Settle(t.Context(), p) // as official servers do at once
		wg.Wait()
		m.ok(err)
		m.books(1, 0)
		m.refuses(f.Verify(t.Context(), p), x402.ReasonUsed)
	})
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_408), m.facilitator() // never mined
		p := s.presented()
		_, err := f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonPending)
		m.pass(10 * time.Minute)
		_, err = f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonExpired)
		m.books(0, 0)
	})
	inMarket(t, func(m *market) {
		t := m.T
		s, f := m.server(10_208), m.facilitator() // somebody else submits it first
		_, err := f.Settle(t.Context(), s.presented())
		m.ok(err)
		m.books(1, 0)
	})
}

func listed(s *resource.Snapshot) { s.Terms.Discoverable = true }

func TestTheCatalogIsPublic(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		f := m.facilitator()
		got, err := f.Supported(t.Context())
		if m.ok(err); len(got.Networks) != 1 || got.Networks[0] != sandbox.TokenNetwork || len(got.Signers) == 0 {
			t.Errorf("%+v", got)
		}
		m.sells("hidden", "10000")
		m.sells("report", "20000", listed)
		time.Sleep(time.Second)
		m.sells("weather", "30000", listed)
		for _, offset := range []int{0, 1, 2} {
			items, total, err := f.Discover(t.Context(), merchant.Test, offset, 1)
			if err != nil || total != 2 || len(items) != min(1, 2-offset) {
				t.Fatalf("%d of %d, %v", len(items), total, err)
			}
			if offset == 1 {
				var item struct {
					Resource string
					Accepts  []struct{ Amount string }
				}
				m.ok(json.Unmarshal(items[0], &item))
				if item.Resource != "https://pay.example/v1/resource/weather?merchant="+string(m.shop.ID()) ||
					item.Accepts[0].Amount != "30000" {
					t.Errorf("%s", items[0])
				}
			}
		}
		if _, total, err := f.Discover(t.Context(), merchant.Live, 0, 20); err != nil || total != 0 {
			t.Errorf("%d live, %v", total, err)
		}
	})
}
