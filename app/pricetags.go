package app

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/101pay/101pay/domain/merchant"
	"github.com/101pay/101pay/domain/x402"
)

// What is kept of prices.
const (
	// tagLife is how long a price is told from memory before its resource is read again. A change made in
	// this process is told from then on; one made in another is told this much later at most. Whoever pays
	// is held to the resource as it is then, so that an old price buys nothing.
	tagLife = time.Second
	// maxTags bounds how many are kept.
	maxTags = 4096
)

// PriceTags remembers what resources are sold for, for those who only ask. nil remembers nothing; the zero
// value is ready.
type PriceTags struct {
	mu      sync.RWMutex
	of      map[shelfMark]priceTag // guarded by mu
	changes uint64                 // how many there were; guarded by mu
}

// priceTag is a stall as it was when its resource was read.
type priceTag struct {
	stall *stall
	read  time.Time // before the resource was
}

// get finds what may be told of a resource now.
func (p *PriceTags) get(at shelfMark, now time.Time) (*stall, bool) {
	if p == nil {
		return nil, false
	}
	p.mu.RLock()
	tag, kept := p.of[at]
	p.mu.RUnlock()
	if !kept || now.Sub(tag.read) >= tagLife || now.Sub(tag.stall.made) >= offerLife {
		return nil, false
	}
	return tag.stall, true
}

// count is how many changes there were, for put.
func (p *PriceTags) count() uint64 {
	if p == nil {
		return 0
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.changes
}

// put keeps what was read of a resource, unless one has changed since so many changes were counted: then
// it may have been read before.
func (p *PriceTags) put(at shelfMark, tag priceTag, changes uint64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.changes != changes {
		return
	}
	if p.of == nil || len(p.of) >= maxTags {
		p.of = make(map[shelfMark]priceTag) // they are soon made again
	}
	p.of[at] = tag
}

// changed forgets a resource that was changed, or may have been, before its merchant is told so.
func (p *PriceTags) changed(m merchant.ID, sku string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changes++
	delete(p.of, shelfMark{m, sku})
}

// onlyAsks reports whether a request is answered the price of a resource and nothing else. What an order costs
// is not told from memory: one that was paid a moment ago asks nobody.
func (p Purchase) onlyAsks() bool {
	return p.Session == "" && (p.Method == http.MethodGet || p.Method == http.MethodHead) &&
		len(p.V1) == 0 && len(p.V2) == 0 && len(p.SignIn) == 0
}

// price answers a request that only asks. What it costs may be told from memory.
func (s *Paywall) price(ctx context.Context, p Purchase) (Sale, error) {
	at, now := shelfMark{p.Merchant, p.SKU}, s.Core.Clock.Now()
	found, kept := s.Catalog.Tags.get(at, now)
	if !kept {
		changes := s.Catalog.Tags.count()
		made, err := s.stall(ctx, p)
		if err != nil {
			return Sale{}, err
		}
		found = &made
		s.Catalog.Tags.put(at, priceTag{found, now}, changes)
	}
	if err := found.resource.Sold(now); err != nil {
		return Sale{}, err
	}
	challenge := s.quoted(found)
	return Sale{Challenge: &challenge, Shown: found.shown}, nil
}

// quoted is the challenge to somebody who has not paid.
func (s *Paywall) quoted(at *stall) x402.Challenge {
	if !readmits(at.resource) {
		return at.printed.Challenge()
	}
	nonce := s.Core.IDs.Bytes(x402.SignInNonceBytes)
	return at.printed.Asking(x402.SignInAsk{Nonce: [x402.SignInNonceBytes]byte(nonce), At: s.Core.Clock.Now()})
}
