package vault

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/101pay/101pay/ports"
)

// maxRemembered bounds how many tokens are remembered, of some 300 bytes each.
const maxRemembered = 4096

// remembered are tokens whose signature was found good: it stays so, and to verify one costs more than all
// else that a request does. What may change is not remembered: a token's end is looked at each time, and
// whether its login has ended is the caller's to ask. They are known by their hash, so that nobody can read
// tokens out of it. The zero value is ready.
type remembered struct {
	mu   sync.Mutex
	good map[[sha256.Size]byte]ports.AccessClaims // guarded by mu
}

// find answers the claims of a token that was good before and has not ended.
func (r *remembered) find(token string, now time.Time) (ports.AccessClaims, bool) {
	key := sha256.Sum256([]byte(token))
	r.mu.Lock()
	defer r.mu.Unlock()
	c, found := r.good[key]
	return c, found && now.Before(c.Expires)
}

// keep remembers a good token. Where there is no room another one is forgotten, whichever.
func (r *remembered) keep(token string, c ports.AccessClaims) {
	key := sha256.Sum256([]byte(token))
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.good == nil {
		r.good = make(map[[sha256.Size]byte]ports.AccessClaims)
	}
	for other := range r.good {
		if len(r.good) < maxRemembered {
			break
		}
		delete(r.good, other)
	}
	r.good[key] = c
}
