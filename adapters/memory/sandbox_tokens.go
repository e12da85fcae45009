package memory

import (
	"context"
	"time"

	"github.com/101pay/101pay/domain/x402"
	"github.com/101pay/101pay/ports"
)

// callSlot is where a call is: each nonce of an account is used once.
type callSlot struct {
	account x402.Address
	nonce   uint64
}

// Mine implements ports.SandboxTokens.
func (s *Store) Mine(ctx context.Context, c ports.SandboxCall) error {
	return s.Do(ctx, func(ctx context.Context, r ports.Repos) error {
		u := r.Sandbox.(sandbox).unit //nolint:errcheck // Do made it
		now, err := u.state(ctx)
		if err != nil {
			return err
		}
		if c.MinedAt.Before(now.sealed) {
			c.MinedAt = now.sealed
		}
		slot := callSlot{c.Account, c.Nonce}
		there, taken := now.calls.get(slot)
		switch {
		case taken && there.TxID == c.TxID:
			return nil
		case taken && !c.MinedAt.Before(there.MinedAt):
			return ports.ErrNonceSpent
		}
		_, used := now.calls.find(func(o ports.SandboxCall) bool {
			return o.Succeeded && o.Due.Key() == c.Due.Key() && (callSlot{o.Account, o.Nonce}) != slot
		})
		fills := c.Due == x402.Due{}
		c.Succeeded = fills || !c.Fails && !used && inTime(c)
		now.calls.put(u, slot, c)
		return nil
	})
}

// inTime reports whether a call is mined while its authorization holds.
func inTime(c ports.SandboxCall) bool {
	until, small := c.Due.ValidBefore.Uint64()
	return !small || uint64(max(0, c.MinedAt.Unix())) < until
}

// Call implements ports.SandboxTokens.
func (s *Store) Call(_ context.Context, id x402.Hash) (ports.SandboxCall, error) {
	return must(s.committed.Load().calls.find(func(c ports.SandboxCall) bool { return c.TxID == id }))
}

// Used implements ports.SandboxTokens.
func (s *Store) Used(_ context.Context, k x402.ClaimKey) (ports.SandboxCall, error) {
	return must(s.committed.Load().calls.find(func(c ports.SandboxCall) bool {
		return c.Succeeded && c.Due != x402.Due{} && c.Due.Key() == k
	}))
}

// NextNonce implements ports.SandboxTokens.
func (s *Store) NextNonce(_ context.Context, account x402.Address, now time.Time) (uint64, error) {
	calls := s.committed.Load().calls
	for next := uint64(0); ; next++ {
		if c, there := calls.get(callSlot{account, next}); !there || c.MinedAt.After(now) {
			return next, nil
		}
	}
}
