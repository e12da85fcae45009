package crash

import (
	"sync"

	"github.com/101pay/101pay/e2e/rig"
)

// deed is something a client asked for once, or under one key, and what he was told.
type deed struct {
	request
	shop   *shop
	tag    string // unique; the description of whatever comes of it
	amount string // in major units
	single bool   // asked so that repeating it cannot do it twice
	keyed  bool   // by an Idempotency-Key
	fate   fate
	answer rig.Answer
}

// sale is a deed that opens a session, and what was made to happen to it since.
type sale struct {
	deed
	id        string
	status    string // the one it must end in; "" if nothing is promised
	payments  int    // bookings
	reversals int
	late      int // transfers the merchant must be told of
}

// pair is a key pair that was made under a key of idempotency.
type pair struct {
	deed
	id, public, private string
	revoked             bool
}

// journal is what clients were told, noted before they asked for anything else.
type journal struct {
	mu      sync.Mutex
	charges []*deed
	sales   []*sale
	pairs   []*pair
	others  []*deed // answered requests to be repeated at the end
}

func (j *journal) charge(d *deed) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.charges = append(j.charges, d)
}

func (j *journal) sale(v *sale) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sales = append(j.sales, v)
}

func (j *journal) pair(p *pair) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pairs = append(j.pairs, p)
}

func (j *journal) other(d *deed) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.others = append(j.others, d)
}

// keyed lists the answered deeds that can be repeated byte by byte.
func (j *journal) keyed() []*deed {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []*deed
	add := func(d *deed) {
		if d.keyed && d.fate == acked {
			out = append(out, d)
		}
	}
	for _, d := range j.charges {
		add(d)
	}
	for _, v := range j.sales {
		add(&v.deed)
	}
	for _, p := range j.pairs {
		add(&p.deed)
	}
	for _, d := range j.others {
		add(d)
	}
	return out
}
