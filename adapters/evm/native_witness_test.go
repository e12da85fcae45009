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

// An endpoint whose trace tells otherwise contradicts, one that cannot trace any more is silent; neither
// agrees, and a third that does suffices.
func TestTracesOfTheOwnCoinAreBelievedOneByOne(t *testing.T) {
	const trace = "debug_traceTransaction"
	for name, c := range map[string]struct {
		trick anviltest.Trick
		want  error
	}{
		"another amount":   {anviltest.Replace(trace, `"value":"0x5"`, `"value":"0x6"`), ports.ErrSourcesDisagree},
		"it failed inside": {anviltest.Replace(trace, `"type":"CALL"`, `"error":"x","type":"CALL"`), ports.ErrSourcesDisagree},
		"it failed":        {anviltest.Replace("eth_getTransactionReceipt", `"status":"0x1"`, `"status":"0x0"`), ports.ErrSourcesDisagree},
		"no transaction":   {anviltest.Instead("eth_getTransactionReceipt", "null"), ports.ErrSourcesDisagree},
		"no trace":         {anviltest.Instead(trace, "null"), ports.ErrChainUnavailable},
		"forgotten state":  {anviltest.Instead(trace, `error {"code":-32000,"message":"required historical state unavailable"}`), ports.ErrChainUnavailable},
		"no tracing":       {anviltest.NoTraces("debug", "trace"), ports.ErrChainUnavailable},
		"it is down":       {anviltest.Body(503, "no"), ports.ErrChainUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			w := openNative(t, chain.Base, nil)
			w.addTracer(nil)
			own, _ := w.chain.Native()
			w.Pay(portstest.Units(w.Receiver(), 4))
			to := w.Receiver()
			w.Pay(portstest.Units(to, 5))
			found, err := w.found(to)
			if err != nil || len(found) != 1 {
				t.Fatalf("%+v, %v", found, err)
			}
			w.others[0].Play(c.trick)
			agreeing, err := w.chain.Witnesses(t.Context(), found[0], 2)
			if agreeing != 1 || !errors.Is(err, c.want) {
				t.Fatalf("%d agree, %v; want 1, %v", agreeing, err, c.want)
			}
			if n, want := w.chain.Sources(own), map[bool]int{true: 1, false: 2}[name == "no tracing"]; n != want {
				t.Errorf("%d sources, want %d", n, want)
			}
			w.addTracer(nil)
			w.hand.move(time.Hour)
			if agreeing, err = w.chain.Witnesses(t.Context(), found[0], 2); agreeing != 2 || err != nil {
				t.Fatalf("with a third one %d agree, %v", agreeing, err)
			}
		})
	}
}

// Where one of two endpoints traces, a token can be proven by two and the own coin by one.
func TestOnlyTracersAreSourcesOfTheOwnCoin(t *testing.T) {
	w := openNative(t, chain.Base, nil)
	w.addTracer(anviltest.NoTraces("debug", "trace"))
	own, _ := w.chain.Native()
	if tokens, coins := w.chain.Sources(chain.Base.Tokens()[0]), w.chain.Sources(own); tokens != 2 || coins != 1 {
		t.Errorf("%d sources of a token, %d of the own coin", tokens, coins)
	}
	to := w.Receiver()
	w.Pay(portstest.Units(to, 5))
	found, err := w.found(to)
	if err != nil || len(found) != 1 {
		t.Fatalf("%+v, %v", found, err)
	}
	if agreeing, err := w.chain.Witnesses(t.Context(), found[0], 2); agreeing != 1 ||
		!errors.Is(err, ports.ErrChainUnavailable) {
		t.Errorf("%d agree, %v", agreeing, err)
	}
}
