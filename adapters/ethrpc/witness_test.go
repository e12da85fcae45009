package ethrpc_test

import (
	"errors"
	"math/big"
	"testing"
	"time"

	"github.com/101pay/101pay/adapters/ethrpc"
	"github.com/101pay/101pay/adapters/ethrpc/anviltest"
	"github.com/101pay/101pay/ports"
)

// claim is the payment every scene begins with.
func (s *scene) claim() ethrpc.Claim {
	s.Helper()
	found, err := s.client.TransfersOf(s.Context(), hash(s.T, s.paid.ID), s.filter())
	s.amounts(found, err, units)
	return ethrpc.Claim{
		Contract: usdt.Contract, To: s.merchant, Units: big.NewInt(units), TxID: found[0].TxID,
		Position: found[0].Position, Height: found[0].Block.Number, BlockID: found[0].Block.ID,
	}
}

// An endpoint that can tell and tells otherwise contradicts; one that cannot tell is silent. Neither is
// ever counted as agreeing, and what was wrong is over when the endpoint is honest again.
func TestWitnessesAreBelievedOneByOne(t *testing.T) {
	for name, c := range map[string]struct {
		trick anviltest.Trick
		want  error
		class ethrpc.Class
	}{
		"it knows no such transaction": {
			anviltest.Instead("eth_getTransactionReceipt", "null"), ports.ErrSourcesDisagree, ethrpc.Contradicting,
		},
		"it knows another amount": {
			anviltest.Replace("eth_getTransactionReceipt", word(units), word(units+1)),
			ports.ErrSourcesDisagree, ethrpc.Contradicting,
		},
		"the transaction failed there": {
			anviltest.Replace("eth_getTransactionReceipt", `"status":"0x1"`, `"status":"0x0"`),
			ports.ErrSourcesDisagree, ethrpc.Contradicting,
		},
		"it has no block":  {anviltest.Behind(1), ports.ErrChainUnavailable, ethrpc.Lagging},
		"it is down":       {anviltest.Body(503, "no"), ports.ErrChainUnavailable, ethrpc.Broken},
		"it is asked less": {anviltest.Body(429, "no"), ports.ErrChainUnavailable, ethrpc.Limited},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, 2)
			claim := s.claim()
			s.proxies[1].Play(c.trick)
			agreeing, err := s.client.Witnesses(t.Context(), claim, 2)
			if agreeing != 1 || !errors.Is(err, c.want) {
				t.Fatalf("%d agree, %v; want 1, %v", agreeing, err, c.want)
			}
			s.blames(1, c.class)
			s.proxies[1].Play(nil)
			s.hand.move(time.Hour)
			if agreeing, err = s.client.Witnesses(t.Context(), claim, 2); agreeing != 2 || err != nil {
				t.Fatalf("with both honest %d agree, %v", agreeing, err)
			}
		})
	}
}

// word is how a receipt writes an amount.
func word(units int64) string {
	text := big.NewInt(units).Text(16)
	return "0000000000000000000000000000000000000000000000000000000000000000"[len(text):] + text
}

// One liar among three cannot hold up what two others prove, and is known for what it is.
func TestALiarAmongWitnessesIsOutvotedAndNamed(t *testing.T) {
	s := open(t, 3)
	claim := s.claim()
	s.proxies[0].Play(anviltest.Replace("eth_getTransactionReceipt", word(units), word(units+1)))
	if agreeing, err := s.client.Witnesses(t.Context(), claim, 2); agreeing != 2 || err != nil {
		t.Fatalf("%d agree, %v", agreeing, err)
	}
	s.blames(0, ethrpc.Contradicting)
}

// Two addresses of one host are one company's word.
func TestOneHostIsOneWitness(t *testing.T) {
	s := open(t, 1)
	claim := s.claim()
	twice := s.connect(func(cfg *ethrpc.Config) {
		cfg.Endpoints = []ethrpc.Endpoint{
			{URL: s.proxies[0].URL + "/first-key"}, {URL: s.proxies[0].URL + "/second-key"},
		}
	})
	if n := twice.Sources(false); n != 1 {
		t.Errorf("%d sources", n)
	}
	if agreeing, err := twice.Witnesses(t.Context(), claim, 2); agreeing != 1 ||
		!errors.Is(err, ports.ErrChainUnavailable) {
		t.Errorf("%d agree, %v", agreeing, err)
	}
}

// again reads all final blocks again.
func (s *scene) again(byReceipts bool) (ethrpc.Reading, error) {
	return s.client.Reread(s.Context(), ethrpc.Again{From: 1, To: s.final, Filter: s.filter(), ByReceipts: byReceipts})
}

// A hole in the answers of the endpoint that is watched shows at another one, which is the only one
// asked.
func TestRereadingAsksAnotherEndpoint(t *testing.T) {
	s := open(t, 2)
	s.proxies[0].Play(anviltest.Instead("eth_getLogs", "[]"))
	found, err := s.scan()
	s.amounts(found, err)
	for _, byReceipts := range []bool{true, false} {
		s.proxies[0].Asked()
		r, err := s.again(byReceipts)
		s.amounts(r.Transfers, err, units)
		if asked := s.proxies[0].Asked(); len(asked) > 0 || !r.Second {
			t.Errorf("the endpoint that is watched was asked %v; second: %v", asked, r.Second)
		}
	}
}

// Which endpoint is the other one follows from which was read last, not from the order of preference.
func TestRereadingKnowsWhoWasWatched(t *testing.T) {
	s := open(t, 2)
	s.proxies[0].Play(anviltest.Body(503, "no"))
	s.sound()
	s.proxies[0].Play(nil)
	s.hand.move(time.Minute)
	s.proxies[1].Asked()
	r, err := s.again(true)
	s.amounts(r.Transfers, err, units)
	if asked := s.proxies[1].Asked(); len(asked) > 0 {
		t.Errorf("the endpoint that was watched was asked %v", asked)
	}
	s.proxies[0].Play(anviltest.Body(503, "no"))
	if _, err := s.again(true); !errors.Is(err, ports.ErrChainUnavailable) {
		t.Errorf("without any other endpoint: %v", err)
	}
}

// A node without eth_getBlockReceipts is searched instead; any other failure of it is a failure.
func TestRereadingWithoutReceipts(t *testing.T) {
	s := open(t, 2)
	refuse := func(code, message string) anviltest.Trick {
		return anviltest.Instead("eth_getBlockReceipts", `error {"code":`+code+`,"message":"`+message+`"}`)
	}
	s.proxies[1].Play(refuse("-32601", "the method eth_getBlockReceipts does not exist"))
	s.proxies[1].Asked()
	r, err := s.again(true)
	s.amounts(r.Transfers, err, units)
	s.proxies[1].Play(refuse("-32000", "internal error"))
	if _, err := s.again(true); !errors.Is(err, ports.ErrChainUnavailable) {
		t.Errorf("a node that fails: %v", err)
	}
}
