package app

import (
	"context"
	"sync"

	"github.com/101pay/101pay/domain/resource"
	"github.com/101pay/101pay/domain/x402"
)

// What is kept of stored contents and of receipts.
const (
	// keptContent is the longest content that is kept, and keptContents how much of all of them is, in bytes.
	keptContent  = 256 << 10
	keptContents = 16 << 20
	// keptReceipts bounds how many receipts are kept.
	keptReceipts = 4096
)

// contentMark names bytes: those of a hash are always the same.
type contentMark struct {
	of   resource.ID
	hash resource.Hash
}

// contents keeps stored bytes by their hash, so that they cannot be old: which hash is sold, its resource
// says. The zero value is ready.
type contents struct {
	mu   sync.Mutex
	of   map[contentMark][]byte // nobody changes what is in it; guarded by mu
	size int                    // of all of them; guarded by mu
}

func (c *contents) get(of contentMark) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	body, kept := c.of[of]
	return body, kept
}

func (c *contents) put(of contentMark, body []byte) {
	if len(body) > keptContent {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of == nil || c.size+len(body) > keptContents {
		c.of, c.size = make(map[contentMark][]byte), 0 // they are soon read again
	}
	if _, kept := c.of[of]; !kept {
		c.of[of] = body
		c.size += len(body)
	}
}

// content is the stored bytes that a resource describes, as Reads.Content answers them.
func (s *Paywall) content(ctx context.Context, r resource.Snapshot) ([]byte, error) {
	mark := contentMark{r.ID, r.Content.Hash}
	if body, kept := s.contents.get(mark); kept {
		return body, nil
	}
	body, err := s.Catalog.Reads.Content(ctx, r.ID, r.Content.Hash)
	if err == nil {
		s.contents.put(mark, body)
	}
	return body, err
}

// receipts keeps signed responses: the same settlement has the same receipt every time, and a payment is
// presented again by whoever lost the answer. The zero value is ready.
type receipts struct {
	mu sync.Mutex
	of map[receiptMark]x402.Response // guarded by mu
}

// receiptMark is everything that a receipt says.
type receiptMark struct {
	response x402.Response
	url      string
}

// sign answers what was signed before for the same response and address, or signs it.
func (k *receipts) sign(by x402.Issuer, r x402.Response, url string) x402.Response {
	mark := receiptMark{r, url}
	k.mu.Lock()
	signed, kept := k.of[mark]
	k.mu.Unlock()
	if kept {
		return signed
	}
	signed = r.Receipted(by, url)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.of == nil || len(k.of) >= keptReceipts {
		k.of = make(map[receiptMark]x402.Response) // they are soon signed again
	}
	k.of[mark] = signed
	return signed
}
