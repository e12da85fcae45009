package app

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/101pay/101pay/adapters/memory"
	"github.com/101pay/101pay/domain/x402"
)

// Nothing goes on asking the store when nobody waits any more: the bubble does not end while something does.
func TestNobodyWatchesForNobody(t *testing.T) {
	for name, leave := range map[string]func(ctx context.Context, r *Relayer, k x402.ClaimKey){
		"who waited went away": func(ctx context.Context, r *Relayer, k x402.ClaimKey) {
			ctx, hangUp := context.WithTimeout(ctx, vigilPoll/2)
			defer hangUp()
			r.Wait(ctx, k)
		},
		"the request at work ended": func(ctx context.Context, r *Relayer, k x402.ClaimKey) {
			woken := make(chan struct{})
			go func() {
				r.Wait(ctx, k)
				close(woken)
			}()
			synctest.Wait() // it is the first, and has a watch of its own
			r.Attend(k)()
			<-woken
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				store := memory.New()
				r := &Relayer{Core: Core{Work: store, Clock: bubbleClock{}}, Reads: store.Authorizations()}
				began := time.Now()
				leave(t.Context(), r, x402.ClaimKey{Network: 1})
				if time.Since(began) >= vigilPoll {
					t.Error("it waited for a poll of the store")
				}
			})
		})
	}
}
