package app

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/101pay/101pay/domain/fault"
	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// What the chain says of a payment is told, and it may be presented again; what is ours is not told of the
// payment.
func TestTheChainsWordAndOurFaults(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		f := m.facilitator()
		for units, want := range map[uint64]x402.Reason{10_402: x402.ReasonFunds, 10_409: x402.ReasonUsed} {
			p := m.server(units).presented()
			m.refuses(f.Verify(t.Context(), p), want)
			for range 2 { // again, and refused again
				_, err := f.Settle(t.Context(), p)
				m.refuses(err, want)
			}
		}
		p := m.server(10_503).presented()
		for range 2 {
			if err := f.Verify(t.Context(), p); !isOurs(err) || fault.From(err).Kind != fault.Unavailable {
				t.Errorf("verify: %v", err)
			}
		}
		if _, err := f.Settle(t.Context(), p); !isOurs(err) || fault.From(err).Kind != fault.Unavailable {
			t.Errorf("settle: %v", err)
		}
		p = m.server(10_500).presented()
		_, err := f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonReverted)
		_, err = f.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonReverted)
		m.books(0, 0)
	})
}

// remoteFacilitator is somebody else's, whose word is not believed.
type remoteFacilitator struct {
	ports.Delegate
	verify, settle error
	supports       bool
	sent           x402.Hash
}

func (r remoteFacilitator) Supports(context.Context, x402.Network) (bool, error) {
	return r.supports, r.verify
}

func (r remoteFacilitator) Verify(context.Context, x402.Verified) error { return r.verify }

func (r remoteFacilitator) Settle(context.Context, x402.Verified) (x402.Hash, error) {
	return r.sent, r.settle
}

func TestAnotherFacilitatorsWordMovesNothing(t *testing.T) {
	inMarket(t, func(m *market) {
		t := m.T
		rail := m.gateway.Relayer.Rails[0]
		rail.Relay = nil
		with := func(d remoteFacilitator) *Facilitator {
			rail.Delegate = d
			m.gateway = m.start(m.store)
			m.gateway.Relayer.Rails = TokenRails{rail}
			return m.facilitator(rail)
		}
		s := m.server(10_000)
		refusing := with(remoteFacilitator{verify: x402.ReasonSignature.Refuse("no")})
		p := s.presented()
		m.refuses(refusing.Verify(t.Context(), p), x402.ReasonSignature)
		_, err := refusing.Settle(t.Context(), p)
		m.refuses(err, x402.ReasonSignature)

		lying := with(remoteFacilitator{sent: x402.Hash{1}})
		got, err := lying.Settle(t.Context(), s.presented())
		m.refuses(err, x402.ReasonPending)
		if got.TxID != (x402.Hash{1}) {
			t.Errorf("told %+v", got)
		}
		silent := with(remoteFacilitator{settle: ports.ErrChainUnavailable})
		_, err = silent.Settle(t.Context(), s.presented())
		m.refuses(err, x402.ReasonPending)
		m.books(0, 0)

		if got, err := with(remoteFacilitator{}).Supported(t.Context()); err != nil || len(got.Networks) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		if got, err := with(remoteFacilitator{supports: true}).Supported(t.Context()); err != nil || len(got.Networks) != 1 || len(got.Signers) != 0 {
			t.Errorf("%+v, %v", got, err)
		}
		if _, err := refusing.Supported(t.Context()); err == nil {
			t.Error("it supports what nobody could tell of")
		}
	})
}

// lossy is a store whose answer to one commit is lost: what was done is done.
type lossy struct {
	ports.UnitOfWork
	mu   sync.Mutex
	left int // commits until then
}

func (l *lossy) Do(ctx context.Context, fn func(context.Context, ports.Repos) error) error {
	err := l.UnitOfWork.Do(ctx, fn)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left--; l.left == 0 && err == nil {
		return ports.ErrOutcomeUnknown
	}
	return err
}

// Whichever answer of the store is lost, a server is told of success once in the end, and never that its
// payment failed.
func TestLostCommitsLoseNoPayment(t *testing.T) {
	for lost := range 12 {
		inMarket(t, func(m *market) {
			t := m.T
			m.gateway = m.start(&lossy{UnitOfWork: m.store, left: lost + 1})
			s, f, told := m.server(10_000), m.facilitator(), 0
			p := s.presented()
			for range 4 {
				_, err := f.Settle(t.Context(), p)
				var refusal *x402.Refusal
				switch {
				case err == nil:
					told++
				case errors.As(err, &refusal) && told > 0 && refusal.Reason == x402.ReasonDuplicate:
				case errors.As(err, &refusal):
					m.refuses(err, x402.ReasonPending)
				default: // the request failed, and must have signed nothing
					if sent, err := m.store.Lanes().OfSettlement(t.Context(), keyOf(p)); err != nil || len(sent) > 0 {
						t.Errorf("commit %d: an error of ours is told of what was sent (%v)", lost+1, err)
					}
				}
				m.pass(time.Minute)
			}
			if told != 1 {
				t.Errorf("commit %d: told %d times", lost+1, told)
			}
			m.books(1, 0)
		})
	}
}
