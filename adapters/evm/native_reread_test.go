package evm_test

import (
	"errors"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/domain/chain"
	"github.com/101pay/101pay/ports"
	"github.com/101pay/101pay/ports/portstest"
)

// Which endpoint is another one is told apart for tokens and for the own coin: the first of three cannot
// trace, so that the second is watched for the own coin, and only the third is a second source of it.
func TestTheOwnCoinIsReadAgainElsewhereThanWatched(t *testing.T) {
	w := openNative(t, chain.Base, anviltest.NoTraces("debug", "trace"))
	w.addTracer(nil)
	w.addTracer(nil)
	to := w.Receiver()
	w.Pay(portstest.Units(to, 5))
	found, err := w.found(to)
	if err != nil || len(found) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	traced := func(p *anviltest.Proxy) (n int) {
		for _, method := range p.Asked() {
			if method == "debug_traceBlockByNumber" {
				n++
			}
		}
		return n
	}
	again := func() (ports.Reread, error) {
		height := found[0].Height
		return w.chain.Reread(t.Context(), ports.Rereading{
			From: height, To: height, Watch: w.watch(to), ByReceipts: true,
		})
	}
	watched, third := w.others[0], w.others[1]
	traced(watched)
	traced(third)
	got, err := again()
	if err != nil || len(got.Transfers) != 1 || len(got.Unread) != 0 || !got.Second || got.Calls < 4 {
		t.Fatalf("%+v, %v", got, err)
	}
	if a, b := traced(watched), traced(third); a != 0 || b != 1 {
		t.Errorf("the one that is watched traced %d blocks, the other %d", a, b)
	}

	// One that is down is waited for; one that says it cannot any more is no source.
	third.Play(anviltest.Body(503, "no"))
	if got, err := again(); !errors.Is(err, ports.ErrChainUnavailable) {
		t.Errorf("while it is down: %+v, %v", got, err)
	}
	third.Play(anviltest.NoTraces("debug", "trace"))
	w.hand.move(time.Minute)
	if got, err := again(); !errors.Is(err, ports.ErrChainUnavailable) {
		t.Errorf("when it first says so: %+v, %v", got, err)
	}
	if got, err := again(); err != nil || len(got.Transfers) != 0 || len(got.Unread) != 1 {
		t.Errorf("when it cannot trace: %+v, %v", got, err)
	}
}

// So many blocks are too wide for traces, before anybody is asked, and not for tokens alone.
func TestTheOwnCoinIsReadAgainInSmallRanges(t *testing.T) {
	w := openNative(t, chain.Base, nil)
	w.addTracer(nil)
	w.Grow(40)
	ask := func(watch ports.Watch) error {
		_, err := w.chain.Reread(t.Context(), ports.Rereading{From: 1, To: 17, Watch: watch, ByReceipts: true})
		return err
	}
	to := w.Receiver()
	if err := ask(w.watch(to)); !errors.Is(err, ports.ErrSpanTooWide) {
		t.Errorf("17 blocks: %v", err)
	}
	if err := ask(ports.Watch{Assets: chain.Base.Tokens()[:1], Receivers: []chain.Address{to}}); err != nil {
		t.Errorf("17 blocks for a token: %v", err)
	}
}
